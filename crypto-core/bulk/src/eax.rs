//! EAX (Bellare, Rogaway, Wagner 2004) with 16-byte tags: counter mode and three CMACs.

use zeroize::Zeroize as _;

use super::Block;
use super::cipher::Keyed;
use super::mode::{counter_mode, doubled, mix, mixed, padded};

/// A keyed EAX.
#[derive(Debug)]
pub(super) struct Eax {
    keyed: Keyed,
    /// What CMAC mixes into a whole last block, and into a padded one.
    whole: Block,
    part: Block,
}

impl Eax {
    pub(super) fn new(keyed: Keyed) -> Eax {
        let mut start = keyed.encrypt_one([0; 16]);
        let whole = doubled(&start);
        let part = doubled(&whole);
        start.zeroize();
        Eax { keyed, whole, part }
    }

    /// Seals in place; gives the tag.
    pub(super) fn seal(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let start = self.omac(0, nonce);
        counter_mode(&self.keyed, u128::from_be_bytes(start), false, content);
        mixed(&mixed(&start, &self.omac(1, associated)), &self.omac(2, content))
    }

    /// Opens in place; gives the tag it should have.
    pub(super) fn open(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let start = self.omac(0, nonce);
        let tag = mixed(&mixed(&start, &self.omac(1, associated)), &self.omac(2, content));
        counter_mode(&self.keyed, u128::from_be_bytes(start), false, content);
        tag
    }

    /// CMAC of a block with the number of the use, then the data. One block after the other by its nature.
    fn omac(&self, number: u8, data: &[u8]) -> Block {
        let mut state = [0; 16];
        state[15] = number;
        if data.is_empty() {
            return self.keyed.encrypt_one(mixed(&state, &self.whole));
        }
        state = self.keyed.encrypt_one(state);
        let (blocks, tail) = data.as_chunks::<16>();
        let (blocks, last, end) = match (tail.is_empty(), blocks.split_last()) {
            (true, Some((last, blocks))) => (blocks, *last, &self.whole),
            _ => {
                let mut last = padded(tail);
                if let Some(end) = last.get_mut(tail.len()) {
                    *end = 0x80;
                }
                (blocks, last, &self.part)
            }
        };
        for block in blocks {
            mix(&mut state, block);
            state = self.keyed.encrypt_one(state);
        }
        self.keyed.encrypt_one(mixed(&mixed(&state, &last), end))
    }
}

impl Drop for Eax {
    fn drop(&mut self) {
        self.whole.zeroize();
        self.part.zeroize();
    }
}
