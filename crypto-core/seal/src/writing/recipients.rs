//! Whom a message is for: keys (PKESK packets) and passwords (SKESK packets).

use core::fmt;

use pgp::composed::RawSessionKey;
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{PublicKeyEncryptedSessionKey, SymKeyEncryptedSessionKey};
use pgp::ser::Serialize as _;
#[cfg(not(target_arch = "wasm32"))]
use pgp::types::PublicParams;
use pgp::types::{EncryptionKey, KeyDetails as _, KeyId, Password as PgpPassword, StringToKey};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::framing;
use super::plan::{Format, Plan};
use crate::{SealError, profile};

/// Whether the packets of the session key name whom they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// Key ids are written: readers with many keys find theirs at once.
    #[default]
    Named,
    /// Key ids are blank: a stored message does not say who its readers are.
    Blank,
}

pub use crate::cert::KeyPacket;

/// A reader with a key.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// The key.
    pub key: KeyPacket<'a>,
    /// Whether it is named.
    pub naming: Naming,
}

impl Recipient<'_> {
    /// Whether both are the same key.
    fn is(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }

    fn fingerprint(&self) -> pgp::types::Fingerprint {
        match self.key {
            KeyPacket::Primary(key) => key.fingerprint(),
            KeyPacket::Subkey(key) => key.fingerprint(),
        }
    }

    fn packet<R: RngCore + CryptoRng>(
        &self,
        plan: &Plan,
        session_key: &RawSessionKey,
        rng: &mut R,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        type Pkesk = PublicKeyEncryptedSessionKey;
        let mut made = match self.key {
            KeyPacket::Primary(key) => sealed_to(key, plan, session_key, rng),
            KeyPacket::Subkey(key) => sealed_to(key, plan, session_key, rng),
        }?;
        if self.naming == Naming::Blank {
            match &mut made {
                Pkesk::V3 { id, .. } => *id = KeyId::WILDCARD,
                Pkesk::V6 { fingerprint, .. } => *fingerprint = None,
                Pkesk::Other { .. } => return Err(SealError::Failed),
            }
        }
        framing::packet(framing::PKESK, &made.to_bytes().map_err(|_| SealError::Failed)?, out)
    }
}

/// The session key, sealed to a key of any algorithm.
fn sealed_to<K: EncryptionKey + fmt::Debug, R: RngCore + CryptoRng>(
    key: &K,
    plan: &Plan,
    session_key: &RawSessionKey,
    rng: &mut R,
) -> Result<PublicKeyEncryptedSessionKey, SealError> {
    #[cfg(not(target_arch = "wasm32"))]
    if let PublicParams::ECDH(params) = key.public_params()
        && crate::brainpool::of_ecdh(params).is_some()
    {
        return packet_for(&crate::brainpool::Recipient(key), plan, session_key, rng);
    }
    packet_for(key, plan, session_key, rng)
}

fn packet_for<K: EncryptionKey, R: RngCore + CryptoRng>(
    key: &K,
    plan: &Plan,
    session_key: &RawSessionKey,
    rng: &mut R,
) -> Result<PublicKeyEncryptedSessionKey, SealError> {
    type Pkesk = PublicKeyEncryptedSessionKey;
    match plan.format {
        Format::SeipdV1 => Pkesk::from_session_key_v3(rng, session_key, plan.cipher, key),
        Format::SeipdV2 => Pkesk::from_session_key_v6(rng, session_key, key),
    }
    .map_err(|_| SealError::Failed)
}

/// How a password becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordForm {
    /// Iterated and salted SHA-256: every program reads it.
    #[default]
    Iterated,
    /// Argon2id (RFC 9580): 64 MiB for each guess.
    Argon2,
}

/// A reader with a password.
#[derive(Clone, Copy)]
pub struct Password<'a> {
    /// The password, as octets.
    pub bytes: &'a [u8],
    /// How it becomes a key.
    pub form: PasswordForm,
}

/// Shows the form only.
impl fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({:?})", self.form)
    }
}

impl Password<'_> {
    fn packet<R: RngCore + CryptoRng>(
        &self,
        plan: &Plan,
        session_key: &RawSessionKey,
        rng: &mut R,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let s2k = match self.form {
            PasswordForm::Iterated => {
                let mut salt = [0; 8];
                rng.fill_bytes(&mut salt);
                StringToKey::IteratedAndSalted {
                    hash_alg: profile::LOCK_HASH,
                    salt,
                    count: profile::S2K_ITERATIONS,
                }
            }
            PasswordForm::Argon2 => {
                let mut salt = [0; 16];
                rng.fill_bytes(&mut salt);
                let (t, p, m_enc) = profile::ARGON2;
                StringToKey::Argon2 { salt, t, p, m_enc }
            }
        };
        let password = PgpPassword::from(self.bytes);
        let made = match plan.format {
            Format::SeipdV1 => {
                SymKeyEncryptedSessionKey::encrypt_v4(&password, session_key, s2k, plan.cipher)
            }
            Format::SeipdV2 => SymKeyEncryptedSessionKey::encrypt_v6(
                rng,
                &password,
                session_key,
                s2k,
                plan.cipher,
                skesk_mode(plan.mode),
            ),
        }
        .map_err(|_| SealError::Failed)?;
        framing::packet(framing::SKESK, &made.to_bytes().map_err(|_| SealError::Failed)?, out)
    }
}

/// The mode of the content, for one mode is enough to be read by.
fn skesk_mode(mode: AeadAlgorithm) -> AeadAlgorithm {
    if profile::mode_counts(mode) { mode } else { profile::AEAD }
}

/// A fresh session key.
pub(crate) fn make_session_key<R: RngCore + CryptoRng>(
    cipher: SymmetricKeyAlgorithm,
    rng: &mut R,
) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; cipher.key_size()]);
    rng.fill_bytes(&mut bytes);
    bytes
}

/// The session key packets, first of the keys, then of the passwords. Nobody gets two.
pub(crate) fn packets<R: RngCore + CryptoRng>(
    recipients: &[Recipient<'_>],
    passwords: &[Password<'_>],
    plan: &Plan,
    session_key: &[u8],
    rng: &mut R,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    if recipients.len().saturating_add(passwords.len()) > profile::MAX_RECIPIENTS {
        return Err(SealError::TooLarge);
    }
    let session_key = RawSessionKey::from(session_key);
    let mut once: Vec<&Recipient<'_>> = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        if !once.iter().any(|seen| seen.is(recipient)) {
            once.push(recipient);
        }
    }
    for recipient in once {
        recipient.packet(plan, &session_key, rng, out)?;
    }
    for password in passwords {
        password.packet(plan, &session_key, rng, out)?;
    }
    Ok(())
}
