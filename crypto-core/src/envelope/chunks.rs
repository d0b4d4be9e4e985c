//! Large objects in parts. Each part is a ZKE1 envelope bound to the object, its version, its own index,
//! and whether it is the last: parts cannot be reordered, dropped, cut off or mixed between versions (R10).

use super::{Context, EnvelopeError, Kind, Part, open, seal};
use crate::secret::{Plaintext, SealingKey};
use rand::{CryptoRng, RngCore};

/// Bytes of plaintext in every part but the last.
pub const CHUNK_BYTES: usize = 1 << 20;

fn place(object: &Context, index: u32, last: bool) -> Context {
    Context { kind: Kind::Chunk, chunk: Part { index, last }, ..*object }
}

/// Seals a large object part by part.
#[derive(Debug)]
pub struct ChunkSealer {
    key: SealingKey,
    object: Context,
    next: u32,
}

impl ChunkSealer {
    /// Begins with the first part. `object` names the object and its version; its kind and part are not used.
    pub fn new(key: SealingKey, object: Context) -> Self {
        Self { key, object, next: 0 }
    }

    /// Seals a part in the middle: exactly [`CHUNK_BYTES`].
    ///
    /// # Errors
    /// `Malformed` if the part has another size; `TooLarge` after 2³² parts.
    pub fn seal(
        &mut self,
        part: &[u8],
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Vec<u8>, EnvelopeError> {
        if part.len() != CHUNK_BYTES {
            return Err(EnvelopeError::Malformed);
        }
        let envelope = seal(&self.key, &place(&self.object, self.next, false), part, rng)?;
        self.next = self.next.checked_add(1).ok_or(EnvelopeError::TooLarge)?;
        Ok(envelope)
    }

    /// Seals the last part: at most [`CHUNK_BYTES`], padded.
    ///
    /// # Errors
    /// `Malformed` if the part is larger.
    pub fn finish(self, part: &[u8], rng: &mut (impl CryptoRng + RngCore)) -> Result<Vec<u8>, EnvelopeError> {
        if part.len() > CHUNK_BYTES {
            return Err(EnvelopeError::Malformed);
        }
        seal(&self.key, &place(&self.object, self.next, true), part, rng)
    }
}

/// Opens a large object part by part, in order. Nothing is complete before [`ChunkOpener::finish`].
#[derive(Debug)]
pub struct ChunkOpener {
    key: SealingKey,
    object: Context,
    next: u32,
    read: u64,
    total: u64,
    finished: bool,
}

impl ChunkOpener {
    /// Begins with the first part. `total` is the plaintext's length as the sealed head of the object says.
    pub fn new(key: SealingKey, object: Context, total: u64) -> Self {
        Self { key, object, next: 0, read: 0, total, finished: false }
    }

    /// Opens the next part.
    ///
    /// # Errors
    /// As [`open`]; `WrongContext` if this is not the next part, or the last was there; `Tampered` if it has not
    /// the size that its place requires.
    pub fn open(&mut self, envelope: &[u8]) -> Result<Plaintext, EnvelopeError> {
        if self.finished {
            return Err(EnvelopeError::WrongContext);
        }
        // Whether a part is the last follows from the sealed length, not from what arrives.
        let last = self.total.saturating_sub(self.read) <= CHUNK_BYTES as u64;
        let part = open(&self.key, &place(&self.object, self.next, last), envelope)?;
        self.read = self.read.saturating_add(part.len() as u64);
        if last {
            if self.read != self.total {
                return Err(EnvelopeError::Tampered);
            }
            self.finished = true;
        } else if part.len() != CHUNK_BYTES {
            return Err(EnvelopeError::Tampered);
        }
        self.next = self.next.checked_add(1).ok_or(EnvelopeError::TooLarge)?;
        Ok(part)
    }

    /// Whether every part was there.
    ///
    /// # Errors
    /// `Tampered` if the end is missing.
    pub fn finish(self) -> Result<(), EnvelopeError> {
        if self.finished { Ok(()) } else { Err(EnvelopeError::Tampered) }
    }
}
