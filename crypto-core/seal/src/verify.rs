//! Signatures over content, and whether a certificate made them.

use pgp::composed::{Deserializable as _, DetachedSignature};
use pgp::packet::{Signature, SignatureType, SubpacketData};
use pgp::types::KeyDetails;
use wire::Millis;

use crate::cert::{FetchedCert, Fingerprint};
use crate::components::{Evaluated, seconds, understood};
use crate::{SealError, profile};

/// A signature found with some content: a claim until it is checked against a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureClaim(Signature);

/// What a certificate says of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A key of the certificate that may sign made it over exactly these bytes.
    Good {
        /// When, as the signer says.
        made: Millis,
    },
    /// It names a key of the certificate, and the mathematics fails: changed after signing.
    Broken,
    /// It was made by somebody else.
    NotByThis,
    /// It is right, and yet does not count (weak hash, expired or revoked key, meant for others …).
    DoesNotCount(&'static str),
}

impl SignatureClaim {
    /// Takes a signature from an opened message.
    pub fn new(signature: Signature) -> Self {
        Self(signature)
    }

    /// Who made it, as it says itself: a fingerprint, else a key id, in hexadecimal.
    pub fn claimed_signer(&self) -> String {
        if let Some(fingerprint) = self.0.issuer_fingerprint().first() {
            return Fingerprint::from_pgp(fingerprint).to_string();
        }
        self.0.issuer_key_id().first().map(|id| id.to_string()).unwrap_or_default()
    }

    /// Checks it over exactly `bytes` with `cert`. `reader` is the fingerprint of who reads: a signature
    /// that names its recipients counts for those only.
    pub fn check(
        &self,
        bytes: &[u8],
        cert: &FetchedCert,
        reader: Option<&Fingerprint>,
        now: Millis,
    ) -> Verdict {
        let sig = &self.0;
        let Some(made) = sig.created().map(|t| i64::from(t.as_secs())) else {
            return Verdict::DoesNotCount("the signature has no time");
        };
        let seen = Evaluated::of(&cert.key, made, seconds(now));
        let mut named = false;
        for (part, state) in seen.signers() {
            let subkey = part.index.and_then(|index| cert.key.public_subkeys.get(index));
            let (made_by, valid) = match (part.index, subkey) {
                (None, _) => {
                    let key = &cert.key.primary_key;
                    (self.names(key), sig.verify(key, bytes).is_ok())
                }
                (Some(_), Some(subkey)) => (self.names(&subkey.key), sig.verify(&subkey.key, bytes).is_ok()),
                (Some(_), None) => continue,
            };
            named |= made_by;
            if valid {
                return match (state, self.counts(reader, made, seconds(now)), &seen.primary) {
                    (_, Err(why), _) => Verdict::DoesNotCount(why),
                    (Ok(()), Ok(()), Ok(())) => Verdict::Good { made: made.saturating_mul(1000) },
                    _ => Verdict::DoesNotCount("the key was not valid when it signed"),
                };
            }
        }
        // A key of the certificate that may not sign is no signer: also broken, not somebody else's.
        named |= self.names(&cert.key.primary_key)
            || cert.key.public_subkeys.iter().any(|subkey| self.names(&subkey.key));
        if named { Verdict::Broken } else { Verdict::NotByThis }
    }

    fn names(&self, key: &impl KeyDetails) -> bool {
        let fingerprints = self.0.issuer_fingerprint();
        if fingerprints.is_empty() {
            self.0.issuer_key_id().iter().any(|id| **id == key.legacy_key_id())
        } else {
            fingerprints.iter().any(|fingerprint| **fingerprint == key.fingerprint())
        }
    }

    fn counts(&self, reader: Option<&Fingerprint>, made: i64, now: i64) -> Result<(), &'static str> {
        let sig = &self.0;
        if !matches!(sig.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
            return Err("it is not a signature over content");
        }
        if !sig.hash_alg().is_some_and(profile::hash_counts) {
            return Err("its hash is too weak");
        }
        if !understood(sig) {
            return Err("it has a critical part that is not understood");
        }
        if made > now.saturating_add(profile::CLOCK_SKEW_SECONDS) {
            return Err("it was made in the future");
        }
        let end = sig.signature_expiration_time().map_or(0, |d| i64::from(d.as_secs()));
        if end != 0 && made.saturating_add(end) <= now {
            return Err("it has expired");
        }
        let Some(reader) = reader else { return Ok(()) };
        let mut meant_for = sig
            .config()
            .into_iter()
            .flat_map(|config| config.hashed_subpackets())
            .filter_map(|part| match &part.data {
                SubpacketData::IntendedRecipientFingerprint(fingerprint) => Some(fingerprint),
                _ => None,
            })
            .peekable();
        if meant_for.peek().is_some() && !meant_for.any(|one| one.as_bytes() == reader.as_bytes()) {
            return Err("it was made for other readers");
        }
        Ok(())
    }
}

/// Reads detached signatures, armored or binary, as in `multipart/signed`.
///
/// # Errors
/// `MalformedSignature` if there is none, or there are too many.
pub fn detached(bytes: &[u8]) -> Result<Vec<SignatureClaim>, SealError> {
    let malformed = |_| SealError::MalformedSignature;
    if bytes.len() > profile::MAX_CERTIFICATE_BYTES {
        return Err(SealError::MalformedSignature);
    }
    let binary = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let found = if binary {
        DetachedSignature::from_bytes_many(bytes).map_err(malformed)?
    } else {
        DetachedSignature::from_armor_many_buf(bytes).map_err(malformed)?.0
    };
    let mut claims = Vec::new();
    for signature in found {
        if claims.len() >= profile::MAX_SIGNATURES {
            return Err(SealError::MalformedSignature);
        }
        claims.push(SignatureClaim(signature.map_err(malformed)?.signature));
    }
    if claims.is_empty() { Err(SealError::MalformedSignature) } else { Ok(claims) }
}
