//! GCM (NIST SP 800-38D) with 12-byte nonces and 16-byte tags.

use super::Block;
use super::cipher::Keyed;
use super::ghash::GhashKey;
use super::mode::{counter_mode, mixed, padded};

/// A keyed GCM.
#[derive(Debug)]
pub(super) struct Gcm {
    keyed: Keyed,
    hash: GhashKey,
}

impl Gcm {
    pub(super) fn new(keyed: Keyed) -> Gcm {
        let hash = GhashKey::new(keyed.encrypt_one([0; 16]));
        Gcm { keyed, hash }
    }

    /// Seals in place; gives the tag.
    pub(super) fn seal(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let first = first_counter(nonce);
        counter_mode(&self.keyed, first + 1, true, content);
        self.tag(first, associated, content)
    }

    /// Opens in place; gives the tag it should have.
    pub(super) fn open(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let first = first_counter(nonce);
        let tag = self.tag(first, associated, content);
        counter_mode(&self.keyed, first + 1, true, content);
        tag
    }

    fn tag(&self, first: u128, associated: &[u8], sealed: &[u8]) -> Block {
        mixed(&self.hash.digest(associated, sealed), &self.keyed.encrypt_one(first.to_be_bytes()))
    }
}

/// The counter block that masks the tag: nonce, then the number one. Content starts with the next.
fn first_counter(nonce: &[u8]) -> u128 {
    let nonce: Block = padded(nonce.get(..12).unwrap_or(nonce));
    (u128::from_be_bytes(nonce) >> 32 << 32) | 1
}
