//! An unlocked secret, checked against its public part (R4), and what it can do.

use core::fmt;

use model::error::{CoreError, CoreErrorCode};
use pgp::crypto::Signer as _;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::errors::Error as PgpError;
use pgp::ser::Serialize as _;
use pgp::types::{
    EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, Fingerprint, KeyDetails, KeyId, KeyVersion,
    Mpi, Password, PlainSecretParams, PublicParams, RsaPublicParams, SignatureBytes, SigningKey, Timestamp,
};

#[cfg(not(target_arch = "wasm32"))]
use seal::brainpool;
use seal::profile;
use zeroize::Zeroizing;

#[cfg(not(target_arch = "wasm32"))]
use super::elgamal::ElgamalKey;
use super::octets::Octets;
use super::packet::{KeyPacket, Public};
use super::rsa::PrivateKey;

/// A secret that its public part was proven to belong to.
pub(super) enum Secret {
    Rsa(Box<PrivateKey>),
    /// ElGamal, which opens and never signs.
    #[cfg(not(target_arch = "wasm32"))]
    Elgamal(Box<ElgamalKey>),
    /// The scalar of an ECDH key on a brainpool curve.
    #[cfg(not(target_arch = "wasm32"))]
    Brainpool(Zeroizing<Vec<u8>>),
    /// The other algorithms, by rPGP, which wipes them when they are dropped.
    Other(Box<PlainSecretParams>),
}

fn substituted() -> CoreError {
    CoreError::with(CoreErrorCode::KeySubstituted, "public and secret parts do not belong together")
}

/// The octets of n and e.
pub(super) fn rsa_public(params: &RsaPublicParams) -> Option<(Vec<u8>, Vec<u8>)> {
    let octets = params.to_bytes().ok()?;
    let mut rest = Octets(&octets);
    Some((rest.mpi()?.to_vec(), rest.mpi()?.to_vec()))
}

/// The other way round.
pub(super) fn rsa_params(n: &[u8], e: &[u8]) -> Result<RsaPublicParams, CoreError> {
    let mut octets = Vec::with_capacity(n.len() + e.len() + 4);
    for number in [n, e] {
        octets.extend_from_slice(&Mpi::from_slice(number).to_bytes().map_err(super::internal)?);
    }
    RsaPublicParams::try_from_reader(&mut &octets[..]).map_err(|_| substituted())
}

impl Secret {
    /// Reads the secret octets of a key. `None` if this program cannot use keys of this kind.
    ///
    /// # Errors
    /// `KeySubstituted` unless the public part follows from the secret one (R4): rPGP does not look, and a key
    /// whose public numbers were overwritten gives its secret away with its first signature.
    pub(super) fn read(public: &dyn KeyDetails, octets: &[u8]) -> Result<Option<Self>, CoreError> {
        let params = public.public_params();
        #[cfg(not(target_arch = "wasm32"))]
        if let PublicParams::ECDH(ecdh) = params
            && let Some((curve, point)) = brainpool::of_ecdh(ecdh)
        {
            let mut rest = Octets(octets);
            let scalar = Zeroizing::new(rest.mpi().ok_or_else(substituted)?.to_vec());
            if !rest.0.is_empty() || curve.public(&scalar).as_deref() != Some(point) {
                return Err(substituted());
            }
            return Ok(Some(Self::Brainpool(scalar)));
        }
        match params {
            PublicParams::RSA(rsa) => {
                let (n, e) = rsa_public(rsa).ok_or_else(substituted)?;
                // More than this would only keep the processor busy.
                if n.len() > profile::MAX_RSA_BITS.div_ceil(8) {
                    return Ok(None);
                }
                return Ok(Some(Self::Rsa(Box::new(PrivateKey::read(&n, &e, octets)?))));
            }
            #[cfg(not(target_arch = "wasm32"))]
            PublicParams::Elgamal(params) => {
                return Ok(ElgamalKey::read(params, octets)?.map(|key| Self::Elgamal(Box::new(key))));
            }
            #[cfg(target_arch = "wasm32")]
            PublicParams::Elgamal(_) => return Ok(None),
            PublicParams::Unknown { .. }
            | PublicParams::ECDSA(EcdsaPublicParams::Unsupported { .. })
            | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Unsupported { .. })
            | PublicParams::ECDH(
                EcdhPublicParams::Unsupported { .. }
                | EcdhPublicParams::Brainpool256 { .. }
                | EcdhPublicParams::Brainpool384 { .. }
                | EcdhPublicParams::Brainpool512 { .. },
            ) => return Ok(None),
            _ => (),
        }
        let secret = PlainSecretParams::try_from_reader_no_checksum(
            octets,
            public.version(),
            public.algorithm(),
            params,
        )
        .map_err(|_| substituted())?;
        let secret = Self::Other(Box::new(secret));
        if secret.follows(params) { Ok(Some(secret)) } else { Err(substituted()) }
    }

    /// A fresh secret; `octets` are it in the form of a packet. Its public part is computed once more: a fault of the
    /// processor is noticed here.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) fn made(
        public: &dyn KeyDetails,
        secret: PlainSecretParams,
        octets: &[u8],
    ) -> Result<Self, CoreError> {
        if matches!(public.public_params(), PublicParams::RSA(_)) {
            // RSA is computed here, not by rPGP.
            return Self::read(public, octets)?.ok_or_else(substituted);
        }
        let secret = Self::Other(Box::new(secret));
        if secret.follows(public.public_params()) { Ok(secret) } else { Err(substituted()) }
    }

    /// Whether the public numbers are those of the secret ones.
    fn follows(&self, public: &PublicParams) -> bool {
        let Self::Other(secret) = self else { return true };
        if matches!(**secret, PlainSecretParams::DSA(_)) {
            // rPGP keeps the public numbers beside the secret one, so they prove nothing: a signature does.
            let digest = [0x5a; 32];
            let Ok(SignatureBytes::Mpis(parts)) = self.sign(profile::COMMON_HASH, &digest) else {
                return false;
            };
            let (PublicParams::DSA(params), [r, s]) = (public, parts.as_slice()) else { return false };
            return pgp::crypto::dsa::verify(params, &digest, r.clone().into(), s.clone().into()).is_ok();
        }
        let Ok(derived) = PublicParams::try_from(&**secret) else { return false };
        match (&derived, public) {
            // The parameters of the key derivation beside the point are free; the binding signature covers
            // them.
            (PublicParams::ECDH(derived), PublicParams::ECDH(public)) => same_point(derived, public),
            (derived, public) => derived == public,
        }
    }

    /// Signs a digest.
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Result<SignatureBytes, PgpError> {
        use PlainSecretParams as P;
        let secret = match self {
            Self::Rsa(key) => {
                let signature = key.sign(hash, digest).ok_or(PgpError::InvalidKeyLength)?;
                return Ok(SignatureBytes::Mpis(vec![Mpi::from_slice(&signature)]));
            }
            Self::Other(secret) => &**secret,
            #[cfg(not(target_arch = "wasm32"))]
            Self::Elgamal(_) | Self::Brainpool(_) => return Err(PgpError::InvalidKeyLength),
        };
        match secret {
            P::DSA(key) => key.sign(hash, digest),
            P::ECDSA(key) => key.sign(hash, digest),
            P::EdDSALegacy(pgp::crypto::eddsa_legacy::SecretKey::Ed25519(key)) => key.sign(hash, digest),
            P::Ed25519(key) => key.sign(hash, digest),
            P::Ed448(key) => key.sign(hash, digest),
            #[cfg(not(target_arch = "wasm32"))]
            P::MlDsa65Ed25519(key) => key.sign(hash, digest),
            #[cfg(not(target_arch = "wasm32"))]
            P::MlDsa87Ed448(key) => key.sign(hash, digest),
            #[cfg(not(target_arch = "wasm32"))]
            P::SlhDsaShake128s(key) => key.sign(hash, digest),
            #[cfg(not(target_arch = "wasm32"))]
            P::SlhDsaShake128f(key) => key.sign(hash, digest),
            #[cfg(not(target_arch = "wasm32"))]
            P::SlhDsaShake256s(key) => key.sign(hash, digest),
            _ => Err(PgpError::InvalidKeyLength),
        }
    }
}

fn same_point(derived: &EcdhPublicParams, public: &EcdhPublicParams) -> bool {
    use EcdhPublicParams as E;
    match (derived, public) {
        (E::Curve25519Legacy { p: derived, .. }, E::Curve25519Legacy { p, .. }) => derived == p,
        (E::P256 { p: derived, .. }, E::P256 { p, .. }) => derived == p,
        (E::P384 { p: derived, .. }, E::P384 { p, .. }) => derived == p,
        (E::P521 { p: derived, .. }, E::P521 { p, .. }) => derived == p,
        _ => false,
    }
}

/// An unlocked key that may be used. What writes signatures takes it as rPGP's `SigningKey`.
#[derive(Clone, Copy)]
pub struct OwnKey<'a> {
    pub(super) public: &'a Public,
    pub(super) secret: &'a Secret,
}

/// Shows the fingerprint only.
impl fmt::Debug for OwnKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnKey({})", self.fingerprint())
    }
}

impl<'a> OwnKey<'a> {
    pub(super) fn of(packet: &'a KeyPacket) -> Option<Self> {
        Some(Self { public: packet.public.as_ref()?, secret: packet.secret()? })
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> seal::cert::Fingerprint {
        seal::cert::Fingerprint::from_pgp(&self.public.details().fingerprint())
    }

    /// Its algorithm's number in RFC 9580 section 9.1.
    pub fn algorithm_number(&self) -> u8 {
        u8::from(self.public.details().algorithm())
    }

    /// Whether it is an RSA key.
    pub fn is_rsa(&self) -> bool {
        matches!(self.secret, Secret::Rsa(_))
    }

    /// In PKCS #8 (RFC 5958) if it is an RSA key, for a host that is faster with it than this program.
    pub fn rsa_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self.secret {
            Secret::Rsa(key) => key.to_pkcs8(),
            _ => None,
        }
    }
}

impl KeyDetails for OwnKey<'_> {
    fn version(&self) -> KeyVersion {
        self.public.details().version()
    }

    fn legacy_key_id(&self) -> KeyId {
        self.public.details().legacy_key_id()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.public.details().fingerprint()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.public.details().algorithm()
    }

    fn created_at(&self) -> Timestamp {
        self.public.details().created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.public.details().legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &PublicParams {
        self.public.details().public_params()
    }
}

impl SigningKey for OwnKey<'_> {
    fn sign(&self, _: &Password, hash: HashAlgorithm, data: &[u8]) -> Result<SignatureBytes, PgpError> {
        self.secret.sign(hash, data)
    }

    fn hash_alg(&self) -> HashAlgorithm {
        self.public_params().hash_alg()
    }
}
