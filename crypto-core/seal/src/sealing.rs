//! Sealing bytes to certificates.
//!
//! [`seal`] needs no secret key: a server that seals inbound mail uses it as a client does. A client that
//! also signs passes a [`Signer`] and gets signed-then-sealed bytes in one pass. Streams, passwords and
//! everything else: [`crate::writing`].

use pgp::types::SigningKey;
use rand::{CryptoRng, RngCore};
use wire::Millis;

pub use crate::writing::{Format, Naming, Plan};

use crate::cert::{KeyPacket, Refusal, TrustedCert};
use crate::writing::{Announced, Options, Recipient, SignerKey};
use crate::{SealError, profile, writing};

/// Who signs inside the seal.
#[derive(Debug)]
pub struct Signer<'a> {
    /// The unprotected secret key.
    pub key: &'a dyn SigningKey,
}

/// A sealed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The OpenPGP message, binary.
    pub bytes: Vec<u8>,
    /// Its form, and why.
    pub plan: Plan,
}

/// The newest form that every recipient announces.
///
/// # Errors
/// `NoRecipients`, or the reason why a certificate may not be used.
pub fn plan(certs: &[&TrustedCert], now: Millis) -> Result<Plan, SealError> {
    if certs.is_empty() {
        return Err(SealError::NoRecipients);
    }
    let announced: Vec<Announced> =
        certs.iter().map(|cert| announced(cert, now)).collect::<Result<_, _>>()?;
    Ok(writing::plan(&announced))
}

fn announced(cert: &TrustedCert, now: Millis) -> Result<Announced, SealError> {
    cert.judge(now, None)?;
    Ok(cert.cert().cert().announced(now))
}

/// Seals `plain` to every certificate, signed inside if there is a signer. Never compresses: the size of
/// compressed text tells of the text.
///
/// # Errors
/// `NoRecipients`, `TooLarge`, or the reason why a certificate may not be used at `now`.
pub fn seal<R: RngCore + CryptoRng>(
    rng: &mut R,
    plain: Vec<u8>,
    certs: &[&TrustedCert],
    signer: Option<Signer<'_>>,
    naming: Naming,
    now: Millis,
) -> Result<Sealed, SealError> {
    if plain.len() > profile::MAX_CONTENT_BYTES || certs.len() > profile::MAX_RECIPIENTS {
        return Err(SealError::TooLarge);
    }
    let plan = plan(certs, now)?;
    let keys: Vec<&dyn SigningKey> = signer.iter().map(|signer| signer.key).collect();
    let options = Options {
        recipients: certs
            .iter()
            .map(|cert| Ok(Recipient { key: key_to_seal_to(cert, now)?, naming }))
            .collect::<Result<_, SealError>>()?,
        signers: keys
            .iter()
            .map(|key| Ok(SignerKey::of(*key)?.with_hash(plan.hash)))
            .collect::<Result<_, SealError>>()?,
        intended: certs.iter().map(|cert| cert.fingerprint().clone()).collect(),
        plan,
        length: Some(plain.len() as u64),
        ..Options::default()
    };
    let bytes = writing::write(&plain, &options, &keys, rng, now)?;
    Ok(Sealed { bytes, plan })
}

/// The newest of its keys that may be sealed to.
fn key_to_seal_to(cert: &TrustedCert, now: Millis) -> Result<KeyPacket<'_>, SealError> {
    let keys = cert.cert().cert().encryption_keys(now)?;
    Ok(keys.first().ok_or(Refusal::NoEncryptionKey)?.packet())
}
