//! Reading messages: sealed, signed, compressed, in every order the grammar allows (RFC 9580 section 10.3).
//!
//! [`Reader`] is a machine without input or output of its own. Push it bytes, armored or binary; when it asks
//! for a session key, look at the session key packets and unlock it; take content as it is released. Nothing is
//! released before its integrity is known, no nesting makes it recurse, and every size has a limit.
//!
//! ```text
//! reader.push(bytes)?  →  reader.locked() → reader.unlock(key)?  →  reader.take_content()?
//! reader.end()?  →  reader.take_content()? …  →  reader.finish()? → Finished { claims, literal, sealed … }
//! ```
//!
//! [`read_message`] does all of that for a message that is whole in memory.

mod cleartext;
mod compressed;
mod error;
mod host;
mod layers;
mod limits;
mod literal;
#[cfg(not(target_arch = "wasm32"))]
mod old;
mod sealed;
mod session;
mod signed;

#[cfg(test)]
mod tests;

pub use cleartext::{Cleartext, cleartext, is_cleartext};
pub use error::ReadError;
pub use host::{Cipher, Job};
pub use limits::Limits;
pub use literal::LiteralHeader;
pub use sealed::{Format, SealedAs};
pub use session::{Effort, Pkesk, Recipient, Skesk};

use host::Host;
use layers::Layers;

use crate::SessionKey;
use crate::verify::SignatureClaim;
use bulk::armor::Dearmorer;

/// What is known of a message when all of it was read and found sound.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The signatures, with digests over exactly the content that was released.
    pub claims: Vec<SignatureClaim>,
    /// How many signatures have a version that is not read here.
    pub unsupported_signatures: usize,
    /// The header of the literal data.
    pub literal: LiteralHeader,
    /// How it was sealed, if it was.
    pub sealed: Option<SealedAs>,
    /// The key that opened it, if it was sealed, with its cipher.
    pub session_key: Option<SessionKey>,
    /// Whether some of it was compressed.
    pub compressed: bool,
    /// Content that had not been taken.
    pub rest: Vec<u8>,
}

/// A message that waits for its session key.
#[derive(Debug, Clone, Copy)]
pub struct Locked<'a> {
    /// How it is sealed.
    pub sealed: SealedAs,
    /// The session key packets for public keys that go with this format.
    pub pkesks: &'a [Pkesk],
    /// The session key packets for passwords that go with this format.
    pub skesks: &'a [Skesk],
}

impl Locked<'_> {
    /// The session keys to try ([`Reader::try_keys`]) that these passwords give, within one [`Effort`].
    ///
    /// # Errors
    /// `NoKey` if there is none, `TooLarge` if the derivations cost too much.
    pub fn with_passwords(&self, passwords: &[&[u8]]) -> Result<Vec<SessionKey>, ReadError> {
        let mut effort = Effort::default();
        let mut keys: Vec<SessionKey> = Vec::new();
        let mut why = ReadError::NoKey;
        for password in passwords {
            for skesk in self.skesks {
                match skesk.session_key(password, &mut effort) {
                    Ok(key) if !keys.contains(&key) => keys.push(key),
                    Ok(_) | Err(ReadError::NoKey) => {}
                    Err(error) => why = error,
                }
            }
        }
        if keys.is_empty() { Err(why) } else { Ok(keys) }
    }
}

/// Reads one message.
#[derive(Debug)]
pub struct Reader {
    armor: Option<Dearmorer>,
    layers: Layers,
    failed: Option<ReadError>,
}

impl Reader {
    /// A reader before the first byte.
    pub fn new(limits: Limits) -> Self {
        Self { armor: Some(Dearmorer::new()), layers: Layers::new(limits), failed: None }
    }

    /// Lets the host open the chunks of AES-GCM: they come out of [`take_job`](Self::take_job). Other modes
    /// are opened here all the same.
    #[must_use]
    pub fn with_host_chunks(mut self) -> Self {
        self.layers.host.gcm = true;
        self
    }

    /// Lets the host decipher SEIPDv1 with AES, too.
    #[must_use]
    pub fn with_host_feedback(mut self) -> Self {
        self.layers.host.cfb = true;
        self
    }

    /// Takes a piece of the message, armored or binary.
    ///
    /// # Errors
    /// Why it is not read. The reader says the same ever after.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        self.guarded(|reader| {
            let Some(armor) = &mut reader.armor else {
                return Err(ReadError::Malformed("there is data after its end"));
            };
            let mut out = Vec::with_capacity(bytes.len());
            armor.push(bytes, &mut out)?;
            reader.layers.feed(out);
            reader.layers.run(false)
        })
    }

    /// Says that the message is complete.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn end(&mut self) -> Result<(), ReadError> {
        self.guarded(|reader| {
            if let Some(armor) = reader.armor.take() {
                let mut out = Vec::new();
                armor.finish(&mut out)?;
                reader.layers.feed(out);
                reader.layers.end_input();
            }
            reader.layers.run(false)
        })
    }

    /// What to unlock it with, if it waits for a session key.
    pub fn locked(&self) -> Option<Locked<'_>> {
        self.layers.locked()
    }

    /// Unlocks it with a session key that is known to be right: from a public-key packet, or given.
    ///
    /// # Errors
    /// `NoKey` if the key does not fit the packet, `NoIntegrity` if its cipher is too weak.
    pub fn unlock(&mut self, key: SessionKey) -> Result<(), ReadError> {
        self.guarded(|reader| {
            reader.layers.unlock(vec![key], false)?;
            reader.layers.run(false)
        })
    }

    /// Unlocks it with session keys of which one may be right, as passwords give them.
    ///
    /// # Errors
    /// As [`unlock`](Self::unlock); later, `NoKey` as soon as all are seen to be wrong.
    pub fn try_keys(&mut self, keys: Vec<SessionKey>) -> Result<(), ReadError> {
        self.guarded(|reader| {
            reader.layers.unlock(keys, true)?;
            reader.layers.run(false)
        })
    }

    /// Takes content that is released, about a mebibyte at most. Empty when there is none before more of the
    /// message is pushed: call it until then.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn take_content(&mut self) -> Result<Vec<u8>, ReadError> {
        self.guarded(|reader| {
            reader.layers.run(false)?;
            Ok(core::mem::take(&mut reader.layers.content))
        })
    }

    /// The header of the literal data, once it was seen.
    pub fn literal(&self) -> Option<&LiteralHeader> {
        self.layers.literal.as_ref()
    }

    /// The next piece for the host to open. Several may be under way.
    pub fn take_job(&mut self) -> Option<Job> {
        self.layers.host()?.take_job()
    }

    /// What the host runs on all [`Job`]s.
    pub fn host_cipher(&mut self) -> Option<Cipher> {
        self.layers.host().map(|host| host.cipher())
    }

    /// The AES key of all [`Job`]s, while the host opens them.
    pub fn message_key(&mut self) -> Option<&[u8]> {
        self.layers.host().map(Host::key)
    }

    /// Takes a piece that the host opened, with GCM in any order. If the host finds it changed, call
    /// [`give_tampered`](Self::give_tampered).
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn give(&mut self, index: u64, opened: Vec<u8>) -> Result<(), ReadError> {
        self.guarded(|reader| {
            let host = reader.layers.host().ok_or(ReadError::Malformed("a piece that was not asked for"))?;
            host.give(index, opened)?;
            reader.layers.run(false)
        })
    }

    /// Takes the host's word that a chunk was changed.
    pub fn give_tampered(&mut self) {
        self.failed.get_or_insert(ReadError::Tampered);
    }

    /// Checks that all is read and sound.
    ///
    /// # Errors
    /// Why it is not: `NoKey` if it still waits for a session key, otherwise as [`push`](Self::push).
    pub fn finish(mut self) -> Result<Finished, ReadError> {
        self.end()?;
        self.guarded(|reader| reader.layers.run(true))?;
        self.layers.finish()
    }

    fn guarded<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, ReadError>) -> Result<T, ReadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        act(self).inspect_err(|error| self.failed = Some(*error))
    }
}

/// Reads a message that is whole in memory. `unlock` is asked for the session keys of each sealed layer, and says
/// whether they are guesses (from passwords).
///
/// # Errors
/// Why it is not read.
pub fn read_message(
    bytes: &[u8],
    limits: Limits,
    mut unlock: impl FnMut(Locked<'_>) -> Result<(Vec<SessionKey>, bool), ReadError>,
) -> Result<(Vec<u8>, Finished), ReadError> {
    let mut reader = Reader::new(limits);
    let mut content = Vec::new();
    // In pieces, so that the sealed message is not in memory twice.
    for piece in bytes.chunks(256 * 1024) {
        reader.push(piece)?;
        while let Some(locked) = reader.locked() {
            let (mut keys, guessed) = unlock(locked)?;
            match keys.pop() {
                Some(key) if keys.is_empty() && !guessed => reader.unlock(key)?,
                Some(key) => {
                    keys.push(key);
                    reader.try_keys(keys)?;
                }
                None => return Err(ReadError::NoKey),
            }
        }
        drain(&mut reader, &mut content)?;
    }
    reader.end()?;
    drain(&mut reader, &mut content)?;
    let finished = reader.finish()?;
    content.extend_from_slice(&finished.rest);
    Ok((content, Finished { rest: Vec::new(), ..finished }))
}

fn drain(reader: &mut Reader, content: &mut Vec<u8>) -> Result<(), ReadError> {
    loop {
        let piece = reader.take_content()?;
        if piece.is_empty() {
            return Ok(());
        }
        content.extend_from_slice(&piece);
    }
}
