//! [`UnlockedKey`]: what a person's secret key may do.

use core::fmt;

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::composed::{ArmorOptions, Deserializable as _, DetachedSignature, SignedSecretKey};
use pgp::ser::Serialize as _;
use pgp::types::{
    EcdhPublicParams, KeyDetails as _, Password, PlainSecretParams, PublicParams, SecretParams,
};
use rand::{CryptoRng, RngCore};
use seal::cert::{FetchedCert, Fingerprint, Trust, TrustedCert};
use seal::profile;
use seal::sealing::{self, Naming, Sealed, Signer};
use zeroize::Zeroizing;

use super::{internal, make, refused};

/// Which kind of key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProfile {
    /// Version 4, read by GnuPG 2.2 and Thunderbird. The default.
    CompatibleV4,
    /// Version 6 (RFC 9580).
    ModernV6,
}

/// An unprotected secret key in memory. Its secret numbers are wiped when it is dropped (rPGP wipes them);
/// it never prints them.
pub struct UnlockedKey {
    pub(super) key: SignedSecretKey,
    certificate: TrustedCert,
}

/// Shows the fingerprint only.
impl fmt::Debug for UnlockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnlockedKey({})", self.fingerprint())
    }
}

impl UnlockedKey {
    /// Makes a key for `address` (its user id is `<address>`), valid for two years.
    ///
    /// # Errors
    /// `MalformedAddress` if the address would break out of the user id; `Internal` if the clock is beyond
    /// what OpenPGP can write.
    pub fn make<R: RngCore + CryptoRng>(
        rng: &mut R,
        profile: KeyProfile,
        address: &str,
        now: Millis,
    ) -> Result<Self, CoreError> {
        if address.is_empty() || address.contains(|c: char| c.is_control() || c == '<' || c == '>') {
            return Err(CoreErrorCode::MalformedAddress.into());
        }
        let created = u32::try_from(now.div_euclid(1000)).map_err(internal)?;
        let key = make::make(rng, profile, &format!("<{address}>"), created)?;
        Self::around(key)
    }

    /// Opens what [`to_secret_bytes`](Self::to_secret_bytes) wrote, and checks it as if a thief had held it
    /// (R4): every public part must follow from its secret part, every binding must verify, and the
    /// fingerprint must be the one the account state names.
    ///
    /// # Errors
    /// `Malformed` if it is no secret key, `UnusableCertificate` if it is locked or of a kind this program
    /// does not make, `KeySubstituted` if any check fails.
    pub fn from_secret_bytes(bytes: &[u8], expected: &Fingerprint, now: Millis) -> Result<Self, CoreError> {
        let malformed = |_| CoreError::new(CoreErrorCode::Malformed);
        let mut keys = SignedSecretKey::from_bytes_many(bytes).map_err(malformed)?;
        let key = keys.next().ok_or(CoreErrorCode::Malformed)?.map_err(malformed)?;
        if keys.next().is_some() {
            return Err(CoreErrorCode::Malformed.into());
        }
        drop(keys);

        let substituted = |_| CoreError::new(CoreErrorCode::KeySubstituted);
        if !key.public_subkeys.is_empty() {
            return Err(CoreError::with(CoreErrorCode::KeySubstituted, "a subkey without its secret"));
        }
        follows(key.primary_key.secret_params(), key.primary_key.public_params())?;
        for subkey in &key.secret_subkeys {
            follows(subkey.key.secret_params(), subkey.key.public_params())?;
        }
        key.verify_bindings().map_err(substituted)?;
        let unlocked = Self::around(key).map_err(|_| CoreErrorCode::KeySubstituted)?;
        if unlocked.fingerprint() != expected {
            return Err(CoreError::with(CoreErrorCode::KeySubstituted, "another fingerprint"));
        }
        // An expired key still opens old mail. Any other refusal means that the parts do not hold together.
        match unlocked.certificate.judge(now, None) {
            Ok(_)
            | Err(
                seal::cert::Refusal::Expired(_)
                | seal::cert::Refusal::EncryptionKeyExpired(_)
                | seal::cert::Refusal::NotYetValid(_)
                | seal::cert::Refusal::Revoked
                | seal::cert::Refusal::EncryptionKeyRevoked,
            ) => Ok(unlocked),
            Err(refusal) => Err(CoreError::with(CoreErrorCode::KeySubstituted, refusal.to_string())),
        }
    }

    fn around(key: SignedSecretKey) -> Result<Self, CoreError> {
        let public = key.to_public_key().to_bytes().map_err(internal)?;
        let certificate = FetchedCert::parse(&public).map_err(refused)?.trust(Trust::You);
        Ok(Self { key, certificate })
    }

    /// The secret key, binary and without protection: only ever sealed inside an envelope.
    ///
    /// # Errors
    /// `Internal`.
    pub fn to_secret_bytes(&self) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        // The whole length at once: a growing buffer would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.key.write_len()));
        self.key.to_writer(&mut *bytes).map_err(internal)?;
        Ok(bytes)
    }

    /// The certificate, binary.
    pub fn certificate_bytes(&self) -> &[u8] {
        self.certificate.cert().bytes()
    }

    /// The certificate, trusted as the person's own.
    pub fn certificate(&self) -> &TrustedCert {
        &self.certificate
    }

    /// The fingerprint of the certificate.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.certificate.fingerprint()
    }

    /// Signs `plain`, naming the readers inside the signature, and seals it to `certs`, in one OpenPGP
    /// message.
    ///
    /// # Errors
    /// `UnusableCertificate` with the reason, or `TooLarge`.
    pub fn sign_and_seal<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        plain: Vec<u8>,
        certs: &[&TrustedCert],
        now: Millis,
    ) -> Result<Sealed, CoreError> {
        let signer = Signer { key: &self.key.primary_key };
        sealing::seal(rng, plain, certs, Some(signer), Naming::Blank, now).map_err(refused)
    }

    /// Seals `plain` to `certs` without a signature.
    ///
    /// # Errors
    /// As [`sign_and_seal`](Self::sign_and_seal).
    pub fn seal_only<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        plain: Vec<u8>,
        certs: &[&TrustedCert],
        now: Millis,
    ) -> Result<Sealed, CoreError> {
        sealing::seal(rng, plain, certs, None, Naming::Blank, now).map_err(refused)
    }

    /// A detached signature over exactly `bytes`, armored, for `multipart/signed`.
    ///
    /// # Errors
    /// `Internal`.
    pub fn sign_detached<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        bytes: &[u8],
        now: Millis,
    ) -> Result<String, CoreError> {
        let key = &self.key.primary_key;
        let parts = sealing::content_subpackets(key, &[], now).map_err(refused)?;
        DetachedSignature::sign_binary_data_with_subpackets(
            &mut *rng,
            key,
            &Password::empty(),
            profile::HASH,
            bytes,
            parts,
        )
        .and_then(|signature| signature.to_armored_string(ArmorOptions::default()))
        .map_err(internal)
    }
}

/// R4: whether the public numbers are those of the secret ones. rPGP does not look: a version 4 key whose
/// public fields were overwritten still signs, and gives its secret away.
fn follows(secret: &SecretParams, public: &PublicParams) -> Result<(), CoreError> {
    let SecretParams::Plain(plain) = secret else {
        return Err(CoreError::with(CoreErrorCode::UnusableCertificate, "the secret key is locked"));
    };
    if !matches!(
        plain,
        PlainSecretParams::EdDSALegacy(_)
            | PlainSecretParams::ECDH(_)
            | PlainSecretParams::Ed25519(_)
            | PlainSecretParams::X25519(_)
    ) {
        // Others cannot be recomputed from rPGP's secret parts, which keep the public ones beside them.
        return Err(CoreError::with(
            CoreErrorCode::UnusableCertificate,
            "the key is of a kind this program does not make",
        ));
    }
    let derived = PublicParams::try_from(plain).map_err(|_| CoreErrorCode::KeySubstituted)?;
    let same = match (&derived, public) {
        // The parameters of the key derivation beside the point are free; the binding signature covers them.
        (
            PublicParams::ECDH(EcdhPublicParams::Curve25519Legacy { p: derived, .. }),
            PublicParams::ECDH(EcdhPublicParams::Curve25519Legacy { p, .. }),
        ) => derived == p,
        (derived, public) => derived == public,
    };
    if same {
        Ok(())
    } else {
        Err(CoreError::with(CoreErrorCode::KeySubstituted, "public and secret parts do not belong together"))
    }
}
