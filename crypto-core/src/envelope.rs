//! ZKE1: the sealed form of every key and object that is not an OpenPGP message.
//!
//! ```text
//! off len field                         off len field
//!   0   4 "ZKE1"                         52  16 parent id (collection, else 0)
//!   4   1 suite, 1                       68   2 schema
//!   5   1 kind                           70   2 chunk flags (bit 0: last)
//!   6   2 flags, 0                       72   4 chunk index
//!   8  16 account id                     76   4 plaintext length n
//!  24  16 object id                      80  32 salt, random
//!  40   4 generation of the key         112  32 commitment
//!  44   8 version                       144 n+16 AES-256-GCM ciphertext and tag
//! ```
//! Numbers are big-endian. `K || commitment = HKDF-SHA-512(key, salt, "hedgerow/v1/seal" || bytes 0..80)`;
//! the nonce is zero, because K is used once (R8); the associated data are bytes 0..144. The commitment
//! makes the envelope key-committing (R9).
//!
//! [`open`] builds bytes 0..80 from what the caller *asked for* and compares: nothing in the head is
//! believed (R3). Sizes are hidden by [padding](padded_len) inside the plaintext (R26), except for bare
//! 32-byte keys, which all have one size.

use crate::secret::{Plaintext, SealingKey};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use sha2::Sha512;
use subtle::ConstantTimeEq;
use wire::ids::{AccountId, ObjectId};
use zeroize::Zeroizing;

mod chunks;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use chunks::{CHUNK_BYTES, ChunkOpener, ChunkSealer};

/// Length of the head in bytes.
pub const HEAD_BYTES: usize = 144;
/// Bytes an envelope is longer than its padded plaintext.
pub const OVERHEAD_BYTES: usize = HEAD_BYTES + TAG_BYTES;

const TAG_BYTES: usize = 16;
const CONTEXT_BYTES: usize = 80;
const LABEL: &[u8] = b"hedgerow/v1/seal";
const MAGIC: &[u8; 4] = b"ZKE1";
const SUITE: u8 = 1;
/// From here on a size tells little, and padding costs much.
const PAD_BELOW: usize = 1 << 20;
const PAD_FLOOR: usize = 256;

/// What an envelope holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The account key, sealed by the passphrase.
    SlotPassphrase = 1,
    /// The account key, sealed by the recovery phrase.
    SlotRecovery = 2,
    /// An OpenPGP secret key (binary TSK).
    SecretKey = 6,
    /// A collection key.
    CollectionKey = 7,
    /// The account state.
    State = 8,
    /// An object of a collection.
    Object = 9,
    /// A chunk of a large object.
    Chunk = 10,
}

impl Kind {
    /// Whether the plaintext is framed and padded. Bare 32-byte keys are not: their size says nothing.
    fn padded(self) -> bool {
        !matches!(self, Self::SlotPassphrase | Self::SlotRecovery | Self::CollectionKey)
    }
}

impl From<wire::accounts::ObjectKind> for Kind {
    fn from(kind: wire::accounts::ObjectKind) -> Self {
        use wire::accounts::ObjectKind;
        match kind {
            ObjectKind::SlotPassphrase => Self::SlotPassphrase,
            ObjectKind::SlotRecovery => Self::SlotRecovery,
            ObjectKind::SecretKey => Self::SecretKey,
            ObjectKind::CollectionKey => Self::CollectionKey,
            ObjectKind::State => Self::State,
            ObjectKind::Object => Self::Object,
        }
    }
}

/// Which part of an object an envelope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Counted from 0.
    pub index: u32,
    /// Whether no part follows.
    pub last: bool,
}

impl Part {
    /// All of it in one envelope.
    pub const WHOLE: Self = Self { index: 0, last: true };
}

/// The place an envelope was sealed for. Opened for any other place, it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Whose.
    pub account_id: AccountId,
    /// What.
    pub kind: Kind,
    /// Which one; zero for the slots and the state.
    pub object_id: ObjectId,
    /// The collection it belongs to; zero for none.
    pub parent_id: ObjectId,
    /// Generation of the sealing key.
    pub generation: u32,
    /// Rises by one at each change.
    pub version: u64,
    /// Meaning of the plaintext.
    pub schema: u16,
    /// Which part.
    pub chunk: Part,
}

impl Context {
    /// A whole object outside collections, sealed by a first-generation key, schema 1.
    pub fn new(account_id: AccountId, kind: Kind, object_id: ObjectId, version: u64) -> Self {
        Self {
            account_id,
            kind,
            object_id,
            parent_id: ObjectId::default(),
            generation: 1,
            version,
            schema: 1,
            chunk: Part::WHOLE,
        }
    }

    fn encode(&self, plaintext_len: u32) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(MAGIC);
        head.push(SUITE);
        head.push(self.kind as u8);
        head.extend_from_slice(&[0, 0]);
        head.extend_from_slice(self.account_id.as_bytes());
        head.extend_from_slice(self.object_id.as_bytes());
        head.extend_from_slice(&self.generation.to_be_bytes());
        head.extend_from_slice(&self.version.to_be_bytes());
        head.extend_from_slice(self.parent_id.as_bytes());
        head.extend_from_slice(&self.schema.to_be_bytes());
        head.extend_from_slice(&u16::from(self.chunk.last).to_be_bytes());
        head.extend_from_slice(&self.chunk.index.to_be_bytes());
        head.extend_from_slice(&plaintext_len.to_be_bytes());
        head
    }
}

/// Why an envelope was refused. The account code reports the last three as one (R1); tests and vectors
/// tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not of the documented form.
    #[error("not a sealed envelope")]
    Malformed,
    /// Sealed for another place than the one asked for.
    #[error("sealed for another place")]
    WrongContext,
    /// Sealed with another key.
    #[error("sealed with another key")]
    WrongKey,
    /// Changed after sealing.
    #[error("changed after sealing")]
    Tampered,
    /// More than 4 GiB.
    #[error("too large for one envelope")]
    TooLarge,
}

impl From<EnvelopeError> for CoreError {
    fn from(error: EnvelopeError) -> Self {
        Self::new(match error {
            EnvelopeError::Malformed => CoreErrorCode::Malformed,
            EnvelopeError::TooLarge => CoreErrorCode::TooLarge,
            EnvelopeError::WrongContext | EnvelopeError::WrongKey | EnvelopeError::Tampered => {
                CoreErrorCode::Tampered
            }
        })
    }
}

/// The size `len` bytes are padded to: Padmé (at most 12 % more) with a floor of 256 bytes below 1 MiB,
/// unchanged above.
pub fn padded_len(len: usize) -> usize {
    if len >= PAD_BELOW {
        return len;
    }
    if len <= PAD_FLOOR {
        return PAD_FLOOR;
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1usize << exponent.saturating_sub(kept)) - 1;
    (len + mask) & !mask
}

fn frame(plaintext: &[u8]) -> Result<Plaintext, EnvelopeError> {
    let len = u32::try_from(plaintext.len()).map_err(|_| EnvelopeError::TooLarge)?;
    let framed_len = plaintext.len().checked_add(4).ok_or(EnvelopeError::TooLarge)?;
    let mut framed = Zeroizing::new(Vec::with_capacity(padded_len(framed_len)));
    framed.extend_from_slice(&len.to_be_bytes());
    framed.extend_from_slice(plaintext);
    framed.resize(padded_len(framed_len), 0);
    Ok(framed)
}

fn unframe(mut framed: Plaintext) -> Result<Plaintext, EnvelopeError> {
    let (len, rest) = framed.split_first_chunk::<4>().ok_or(EnvelopeError::Malformed)?;
    let len = u32::from_be_bytes(*len) as usize;
    let padding = rest.get(len..).ok_or(EnvelopeError::Malformed)?;
    // One plaintext, one frame: anything but the exact padding is refused.
    if framed.len() != padded_len(len.saturating_add(4)) || padding.iter().any(|&byte| byte != 0) {
        return Err(EnvelopeError::Malformed);
    }
    framed.copy_within(4.., 0);
    framed.truncate(len);
    Ok(framed)
}

struct Derived {
    cipher: Aes256Gcm,
    commitment: [u8; 32],
}

fn derive(key: &SealingKey, salt: &[u8], context: &[u8]) -> Result<Derived, EnvelopeError> {
    let mut okm = Zeroizing::new([0u8; 64]);
    Hkdf::<Sha512>::new(Some(salt), key.expose())
        .expand_multi_info(&[LABEL, context], okm.as_mut())
        .map_err(|_| EnvelopeError::Malformed)?;
    let (single_use, commitment) = okm.split_at(32);
    Ok(Derived {
        cipher: Aes256Gcm::new_from_slice(single_use).map_err(|_| EnvelopeError::Malformed)?,
        commitment: commitment.try_into().map_err(|_| EnvelopeError::Malformed)?,
    })
}

/// Seals `plaintext` for one place.
///
/// # Errors
/// `TooLarge`, beyond 4 GiB.
pub fn seal(
    key: &SealingKey,
    context: &Context,
    plaintext: &[u8],
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<Vec<u8>, EnvelopeError> {
    let mut salt = [0u8; 32];
    rng.fill_bytes(&mut salt);
    seal_with_salt(key, context, plaintext, &salt)
}

fn seal_with_salt(
    key: &SealingKey,
    context: &Context,
    plaintext: &[u8],
    salt: &[u8; 32],
) -> Result<Vec<u8>, EnvelopeError> {
    let framed = if context.kind.padded() { frame(plaintext)? } else { Zeroizing::new(plaintext.to_vec()) };
    let len = u32::try_from(framed.len()).map_err(|_| EnvelopeError::TooLarge)?;
    let mut envelope = context.encode(len);
    let derived = derive(key, salt, &envelope)?;
    envelope.extend_from_slice(salt);
    envelope.extend_from_slice(&derived.commitment);
    let payload = Payload { msg: &framed, aad: &envelope };
    let sealed = derived.cipher.encrypt(&Nonce::default(), payload).map_err(|_| EnvelopeError::TooLarge)?;
    envelope.extend_from_slice(&sealed);
    Ok(envelope)
}

/// Opens an envelope that must have been sealed for `context` with `key`.
///
/// # Errors
/// `Malformed`, `WrongContext`, `WrongKey` or `Tampered`: see [`EnvelopeError`].
pub fn open(key: &SealingKey, context: &Context, envelope: &[u8]) -> Result<Plaintext, EnvelopeError> {
    let (head, sealed) = envelope.split_at_checked(HEAD_BYTES).ok_or(EnvelopeError::Malformed)?;
    let (claimed, rest) = head.split_at_checked(CONTEXT_BYTES).ok_or(EnvelopeError::Malformed)?;
    let (salt, commitment) = rest.split_at_checked(32).ok_or(EnvelopeError::Malformed)?;
    let len = sealed.len().checked_sub(TAG_BYTES).and_then(|len| u32::try_from(len).ok());
    let len = len.ok_or(EnvelopeError::Malformed)?;
    if !claimed.starts_with(MAGIC) || claimed.get(4) != Some(&SUITE) {
        return Err(EnvelopeError::Malformed);
    }
    let asked = context.encode(len);
    if asked != claimed {
        return Err(EnvelopeError::WrongContext);
    }
    let derived = derive(key, salt, &asked)?;
    if !bool::from(derived.commitment.ct_eq(commitment)) {
        return Err(EnvelopeError::WrongKey);
    }
    let payload = Payload { msg: sealed, aad: head };
    let opened = derived.cipher.decrypt(&Nonce::default(), payload).map_err(|_| EnvelopeError::Tampered)?;
    let opened = Zeroizing::new(opened);
    if context.kind.padded() { unframe(opened) } else { Ok(opened) }
}

/// Opens an envelope that holds a bare 32-byte key.
///
/// # Errors
/// As [`open`]; `Malformed` also if it holds something else.
pub fn open_key(key: &SealingKey, context: &Context, envelope: &[u8]) -> Result<SealingKey, EnvelopeError> {
    let opened = open(key, context, envelope)?;
    let bytes = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| EnvelopeError::Malformed)?;
    Ok(SealingKey::from_bytes(bytes))
}
