//! Sealing bytes to certificates.
//!
//! [`seal`] needs no secret key: a server that seals inbound mail uses it as a client does. A client that
//! also signs passes a [`Signer`] and gets signed-then-sealed bytes in one pass.

use pgp::composed::{MessageBuilder, SubpacketConfig};
use pgp::packet::{Subpacket, SubpacketData};
use pgp::types::{Password, SigningKey, Timestamp};
use rand::{CryptoRng, RngCore};
use wire::Millis;

use crate::cert::{KeyPacket, Refusal, TrustedCert, seconds};
use crate::{SealError, profile};

/// The form of a sealed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// AES-256 with a modification detection code: every OpenPGP program reads it.
    SeipdV1,
    /// AES-256-OCB (RFC 9580).
    SeipdV2,
}

/// Which form, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The form.
    pub format: Format,
    /// In English.
    pub why: &'static str,
}

/// Whether the packets of the session key name whom they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Key ids are written: readers with many keys find theirs at once.
    Named,
    /// Key ids are blank: a stored message does not say who its readers are.
    Blank,
}

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
    let mut all_modern = true;
    for cert in certs {
        all_modern &= cert.judge(now, None)?.reads_seipd_v2;
    }
    Ok(if all_modern {
        Plan { format: Format::SeipdV2, why: "every recipient announces SEIPDv2" }
    } else {
        Plan { format: Format::SeipdV1, why: "a recipient does not announce SEIPDv2" }
    })
}

/// The hashed and unhashed parts of a signature over content, made at `now`.
///
/// # Errors
/// `Failed` if the time does not fit OpenPGP.
pub fn content_subpackets(
    key: &dyn SigningKey,
    recipients: &[&TrustedCert],
    now: Millis,
) -> Result<SubpacketConfig, SealError> {
    let failed = |_| SealError::Failed;
    let made = u32::try_from(seconds(now)).map_err(|_| SealError::Failed)?;
    let mut hashed = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(Timestamp::from_secs(made)))
            .map_err(failed)?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint())).map_err(failed)?,
    ];
    // Named recipients stop one of them from sealing the signed text again to somebody else.
    for cert in recipients {
        let fingerprint = cert.cert().cert().primary_fingerprint();
        hashed.push(
            Subpacket::regular(SubpacketData::IntendedRecipientFingerprint(fingerprint)).map_err(failed)?,
        );
    }
    let unhashed = if u8::from(key.version()) == 4 {
        vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).map_err(failed)?]
    } else {
        Vec::new()
    };
    Ok(SubpacketConfig::UserDefined { hashed, unhashed })
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
    let failed = |_| SealError::Failed;
    if plain.len() > profile::MAX_CONTENT_BYTES || certs.len() > profile::MAX_RECIPIENTS {
        return Err(SealError::TooLarge);
    }
    let plan = plan(certs, now)?;
    let mut builder = MessageBuilder::from_bytes("", plain);
    if let Some(signer) = signer {
        let parts = content_subpackets(signer.key, certs, now)?;
        builder.sign_with_subpackets(signer.key, Password::empty(), profile::HASH, parts);
    }
    let mut once: Vec<&TrustedCert> = Vec::with_capacity(certs.len());
    for cert in certs {
        if !once.iter().any(|seen| seen.fingerprint() == cert.fingerprint()) {
            once.push(cert);
        }
    }
    macro_rules! to_each {
        ($builder:expr) => {{
            let mut builder = $builder;
            for cert in once {
                let keys = cert.cert().cert().encryption_keys(now)?;
                let key = keys.first().ok_or(Refusal::NoEncryptionKey)?;
                match (key.packet(), naming) {
                    (KeyPacket::Subkey(key), Naming::Named) => builder.encrypt_to_key(&mut *rng, key),
                    (KeyPacket::Subkey(key), Naming::Blank) => {
                        builder.encrypt_to_key_anonymous(&mut *rng, key)
                    }
                    (KeyPacket::Primary(key), Naming::Named) => builder.encrypt_to_key(&mut *rng, key),
                    (KeyPacket::Primary(key), Naming::Blank) => {
                        builder.encrypt_to_key_anonymous(&mut *rng, key)
                    }
                }
                .map_err(failed)?;
            }
            builder.to_vec(&mut *rng).map_err(failed)?
        }};
    }
    let bytes = match plan.format {
        Format::SeipdV1 => to_each!(builder.seipd_v1(&mut *rng, profile::CIPHER)),
        Format::SeipdV2 => {
            to_each!(builder.seipd_v2(&mut *rng, profile::CIPHER, profile::AEAD, profile::CHUNK))
        }
    };
    Ok(Sealed { bytes, plan })
}
