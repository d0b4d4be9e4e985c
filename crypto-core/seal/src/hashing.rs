//! [`ContentHasher`]: the digest of content, as a signature covers it, in one pass over pieces of any size.

use core::fmt;

use pgp::crypto::hash::HashAlgorithm;

use crate::signature::SignaturePacket;
use crate::verify::SignatureClaim;
use crate::{SealError, profile};

/// Hashes content for a signature. Begin with the salt, feed the content, end with the signature's trailer.
pub struct ContentHasher {
    hash: bulk::hash::Hasher,
    text: bool,
    /// The piece before ended in a carriage return, whose line feed may follow.
    after_return: bool,
}

impl fmt::Debug for ContentHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHasher(text: {})", self.text)
    }
}

impl ContentHasher {
    /// A hasher that begins with `salt` (empty before version 6). With `text`, every line ends in CR LF
    /// (RFC 9580 section 5.2.1.2), whatever it ends in.
    ///
    /// # Errors
    /// `Failed` if the hash is not known.
    pub fn new(hash: HashAlgorithm, text: bool, salt: &[u8]) -> Result<Self, SealError> {
        let mut hash = bulk::hash::hasher(hash).ok_or(SealError::Failed)?;
        hash.update(salt);
        Ok(Self { hash, text, after_return: false })
    }

    /// A hasher for content under this signature.
    ///
    /// # Errors
    /// `Failed` if the hash is not known.
    pub fn for_signature(packet: &SignaturePacket) -> Result<Self, SealError> {
        Self::new(packet.hash_algorithm(), packet.is_text(), packet.salt())
    }

    /// Takes the next piece of content.
    pub fn update(&mut self, bytes: &[u8]) {
        if !self.text {
            self.hash.update(bytes);
            return;
        }
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            let returned = line.last().map_or(self.after_return, |last| *last == b'\r');
            self.hash.update(line);
            self.hash.update(if returned { b"\n" } else { b"\r\n" });
            self.after_return = false;
            rest = after.split_first().map_or(&[][..], |(_, after)| after);
        }
        self.hash.update(rest);
        if let Some(last) = rest.last() {
            self.after_return = *last == b'\r';
        }
    }

    /// The digest with this trailer ([`SignaturePacket::trailer`]). Several signatures may end one hasher.
    pub fn digest(&self, trailer: &[u8]) -> Vec<u8> {
        let mut hash = self.hash.box_clone();
        hash.update(trailer);
        hash.finalize().into_vec()
    }

    /// The digest with this trailer, for the one signature that covers it.
    pub fn finish_with(mut self, trailer: &[u8]) -> Vec<u8> {
        self.hash.update(trailer);
        self.hash.finalize().into_vec()
    }

    /// The digest that `packet` signs.
    pub fn finish(self, packet: &SignaturePacket) -> Vec<u8> {
        self.finish_with(&packet.trailer())
    }
}

/// What signatures that share a hasher have in common: hash, text or binary, salt.
type Way = (HashAlgorithm, bool, Vec<u8>);

/// Every way in which one content is hashed: signatures of the same hash, kind and salt share a hasher.
#[derive(Debug, Default)]
pub struct ContentHashers(Vec<(Way, ContentHasher)>);

impl ContentHashers {
    /// Where content is hashed this way; `None` if the hash is not known, or there are too many ways already.
    pub fn slot(&mut self, hash: HashAlgorithm, text: bool, salt: &[u8]) -> Option<usize> {
        let known = self.0.iter().position(|((h, t, s), _)| *h == hash && *t == text && s == salt);
        known.or_else(|| {
            if self.0.len() >= profile::MAX_CONTENT_HASHERS {
                return None;
            }
            let hasher = ContentHasher::new(hash, text, salt).ok()?;
            self.0.push(((hash, text, salt.to_vec()), hasher));
            Some(self.0.len() - 1)
        })
    }

    /// Where content is hashed for this signature.
    pub fn slot_of(&mut self, packet: &SignaturePacket) -> Option<usize> {
        self.slot(packet.hash_algorithm(), packet.is_text(), packet.salt())
    }

    /// Takes the next piece of content.
    pub fn update(&mut self, content: &[u8]) {
        self.0.iter_mut().for_each(|(_, hasher)| hasher.update(content));
    }

    /// What this signature claims of the content.
    pub fn claim(&self, packet: SignaturePacket, slot: Option<usize>) -> SignatureClaim {
        match slot.and_then(|index| self.0.get(index)) {
            Some((_, hasher)) => {
                let digest = hasher.digest(&packet.trailer());
                SignatureClaim::new(packet, digest)
            }
            None => SignatureClaim::undigested(packet),
        }
    }
}
