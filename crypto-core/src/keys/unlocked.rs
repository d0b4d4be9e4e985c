//! [`UnlockedKey`]: what a person's secret key may do.

use core::fmt;

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use seal::armor::{Kind, armored_for_all};
use seal::cert::{FetchedCert, Fingerprint, Refusal, Trust, TrustedCert};
use seal::sealing::{self, Naming, Sealed, Signer};
use seal::writing::{ContentKind, sign_detached};
use zeroize::Zeroizing;

use super::make::{KeyOptions, KeyProfile};
use super::packet::SecretState;
use super::refused;
use super::secret::OwnKey;
use super::secret_cert::{Component, Head, SecretCert};
use super::using::CERTIFICATIONS;

/// An unprotected secret key in memory, as accounts hold it: whole, every part of it known and checked. Its
/// secret numbers are wiped when it is dropped; it never prints them. [`SecretCert`] can do more.
pub struct UnlockedKey {
    pub(super) key: SecretCert,
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
        let user_id = format!("<{address}>");
        Self::around(SecretCert::make(rng, &KeyOptions::new(profile, &[&user_id]), now)?)
    }

    /// Opens what [`to_secret_bytes`](Self::to_secret_bytes) wrote, and checks it as if a thief had held it
    /// (R4): every public part must follow from its secret part, every binding must verify, and the
    /// fingerprint must be the one the account state names.
    ///
    /// # Errors
    /// `Malformed` if it is no secret key, `UnusableCertificate` if it is locked or of a kind this program
    /// cannot use, `KeySubstituted` if any check fails.
    pub fn from_secret_bytes(bytes: &[u8], expected: &Fingerprint, now: Millis) -> Result<Self, CoreError> {
        Self::from_cert(SecretCert::parse(bytes)?, expected, now)
    }

    /// Takes an unlocked key of one's own, of any kind, into an account. Its passphrase is forgotten: the
    /// account protects it.
    ///
    /// # Errors
    /// As [`from_secret_bytes`](Self::from_secret_bytes).
    pub fn from_cert(mut key: SecretCert, expected: &Fingerprint, now: Millis) -> Result<Self, CoreError> {
        let substituted = |detail: &str| CoreError::with(CoreErrorCode::KeySubstituted, detail);
        if key.fingerprint() != expected {
            return Err(substituted("another fingerprint"));
        }
        for own in key.keys() {
            match own.state {
                SecretState::Unlocked => (),
                SecretState::Absent => return Err(substituted("a key without its secret")),
                SecretState::Locked | SecretState::OnCard | SecretState::Unusable => {
                    let detail = "the secret key is locked, or of a kind this program cannot use";
                    return Err(CoreError::with(CoreErrorCode::UnusableCertificate, detail));
                }
            }
        }
        if key.components.iter().any(|component| matches!(component.head, Head::Unknown(_))) {
            return Err(substituted("a part of it is not known"));
        }
        let judged = key.cert().judged(now);
        let states =
            judged.keys.iter().map(|key| &key.state).chain(judged.user_ids.iter().map(|id| &id.state));
        // What is bound by a signature that does not count is still the owner's.
        let unbound = |state: &Result<(), Refusal>| {
            matches!(state, Err(Refusal::NoValidBinding | Refusal::NoBackSignature))
        };
        // A picture is no user id, and is looked at apart.
        let loose = |component: &Component| {
            matches!(component.head, Head::Attribute(_))
                && key.own_signatures(component, &CERTIFICATIONS).is_empty()
        };
        if states.into_iter().any(unbound) || key.components.iter().any(loose) {
            return Err(substituted("a part of it is not bound"));
        }
        // An expired key still opens old mail. Any other refusal means that the parts do not hold together.
        let fetched = FetchedCert::around(key.cert().clone()).map_err(refused)?;
        match fetched.judge(now, None) {
            Ok(_)
            | Err(
                Refusal::Expired(_)
                | Refusal::EncryptionKeyExpired(_)
                | Refusal::NotYetValid(_)
                | Refusal::Revoked
                | Refusal::EncryptionKeyRevoked,
            ) => (),
            Err(refusal) => return Err(substituted(&refusal.to_string())),
        }
        key.clear_passphrase()?;
        Self::around(key)
    }

    fn around(key: SecretCert) -> Result<Self, CoreError> {
        let certificate = FetchedCert::around(key.cert().clone()).map_err(refused)?.trust(Trust::You);
        Ok(Self { key, certificate })
    }

    /// The key with all that can be done to it. Changes lead back through [`from_cert`](Self::from_cert).
    pub fn as_cert(&self) -> &SecretCert {
        &self.key
    }

    fn signer(&self) -> Result<OwnKey<'_>, CoreError> {
        self.key.primary()
    }

    /// The secret key, binary and without protection: only ever sealed inside an envelope.
    ///
    /// # Errors
    /// `Internal`.
    pub fn to_secret_bytes(&self) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        self.key.to_bytes()
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
        let key = self.signer()?;
        sealing::seal(rng, plain, certs, Some(Signer { key: &key }), Naming::Blank, now).map_err(refused)
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

    /// Seals `plain` to `certs` with their key ids in the open, as programs that know no hidden recipients
    /// need it; signed inside or not.
    ///
    /// # Errors
    /// As [`sign_and_seal`](Self::sign_and_seal).
    pub fn seal_named<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        plain: Vec<u8>,
        certs: &[&TrustedCert],
        signed: bool,
        now: Millis,
    ) -> Result<Sealed, CoreError> {
        let key = self.signer()?;
        let signer = signed.then_some(Signer { key: &key });
        sealing::seal(rng, plain, certs, signer, Naming::Named, now).map_err(refused)
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
        let packets =
            sign_detached(bytes, ContentKind::Binary, &[&self.signer()?], rng, now).map_err(refused)?;
        Ok(armored_for_all(Kind::Signature, &packets))
    }
}
