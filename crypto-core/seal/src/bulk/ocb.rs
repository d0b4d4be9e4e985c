//! OCB3 (RFC 7253) with 16-byte tags and nonces up to 15 bytes, as OpenPGP uses it.
//!
//! OCB takes block i with the offset of block i-1 changed by `L[ntz(i)]`. In groups of eight blocks that
//! begin after a multiple of eight, the first seven changes are always the same seven; only the last depends
//! on where the group lies.

use zeroize::Zeroize as _;

use super::Block;
use super::cipher::Keyed;
use super::mode::{BATCH, doubled, mix, mix_all, mix_part, mixed, padded};

/// Entries of the table of `L`: enough for 2^40 blocks, far more than a chunk of 4 MiB (2^18).
const ENTRIES: usize = 40;

/// A keyed OCB.
#[derive(Debug)]
pub(super) struct Ocb {
    keyed: Keyed,
    star: Block,
    dollar: Block,
    table: [Block; ENTRIES],
    /// The offsets of the first seven blocks of a group of eight, as changes of the one before the group.
    steps: [Block; 7],
}

impl Ocb {
    pub(super) fn new(keyed: Keyed) -> Ocb {
        let star = keyed.encrypt_one([0; 16]);
        let dollar = doubled(&star);
        let mut entry = dollar;
        let table: [Block; ENTRIES] = core::array::from_fn(|_| {
            entry = doubled(&entry);
            entry
        });
        let mut step = [0; 16];
        let mut number = 0_u32;
        let steps = core::array::from_fn(|_| {
            number += 1;
            mix(&mut step, table.get(number.trailing_zeros() as usize).unwrap_or(&star));
            step
        });
        Ocb { keyed, star, dollar, table, steps }
    }

    /// Seals in place; gives the tag.
    pub(super) fn seal(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let mut offset = self.first_offset(nonce);
        let mut sum = [0; 16];
        let (blocks, tail) = content.as_chunks_mut::<16>();
        let mut number = 0;
        for batch in blocks.chunks_mut(BATCH) {
            let offsets = self.next_offsets(&mut offset, &mut number, batch.len());
            batch.iter().for_each(|block| mix(&mut sum, block));
            mix_all(batch, &offsets);
            self.keyed.encrypt(batch);
            mix_all(batch, &offsets);
        }
        if !tail.is_empty() {
            mix(&mut sum, &ended(tail));
            mix(&mut offset, &self.star);
            mix_part(tail, &self.keyed.encrypt_one(offset));
        }
        self.tag(&sum, &offset, associated)
    }

    /// Opens in place; gives the tag it should have.
    pub(super) fn open(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let mut offset = self.first_offset(nonce);
        let mut sum = [0; 16];
        let (blocks, tail) = content.as_chunks_mut::<16>();
        let mut number = 0;
        for batch in blocks.chunks_mut(BATCH) {
            let offsets = self.next_offsets(&mut offset, &mut number, batch.len());
            mix_all(batch, &offsets);
            self.keyed.decrypt(batch);
            mix_all(batch, &offsets);
            batch.iter().for_each(|block| mix(&mut sum, block));
        }
        if !tail.is_empty() {
            mix(&mut offset, &self.star);
            mix_part(tail, &self.keyed.encrypt_one(offset));
            mix(&mut sum, &ended(tail));
        }
        self.tag(&sum, &offset, associated)
    }

    /// The offset before the first block, from the nonce (RFC 7253 section 4.2).
    fn first_offset(&self, nonce: &[u8]) -> Block {
        // Tag length (128 mod 128 = 0), zeros, a one, the nonce at the end.
        let mut block = [0_u8; 16];
        let from = 16_usize.saturating_sub(nonce.len());
        block.iter_mut().skip(from).zip(nonce).for_each(|(to, octet)| *to = *octet);
        if let Some(one) = from.checked_sub(1).and_then(|at| block.get_mut(at)) {
            *one |= 1;
        }
        let bottom = u32::from(block[15] & 0x3F);
        block[15] &= 0xC0;
        let top = self.keyed.encrypt_one(block);
        let value = u128::from_be_bytes(top);
        let high = (value >> 64) as u64;
        // Stretch = Ktop || (Ktop[1..64] xor Ktop[9..72]); the offset is 128 of its bits from `bottom` on.
        let extra = high ^ ((value >> 56) as u64);
        let shifted = (value << bottom) | (u128::from(extra) >> (64 - bottom));
        shifted.to_be_bytes()
    }

    /// The offsets of the next `count` blocks; `number` counts the blocks of the chunk and is a multiple of
    /// eight, as only the last batch of a chunk is not whole.
    #[inline]
    fn next_offsets(&self, offset: &mut Block, number: &mut u64, count: usize) -> [Block; BATCH] {
        let mut offsets = [[0; 16]; BATCH];
        let (groups, _) = offsets.as_chunks_mut::<8>();
        for group in groups.iter_mut().take(count.div_ceil(8)) {
            let [first @ .., last] = group;
            for (to, step) in first.iter_mut().zip(&self.steps) {
                *to = mixed(offset, step);
            }
            let [.., before] = first;
            // Which entry is public: it depends on the place only. The table outlasts any chunk.
            let entry = self.table.get((*number + 8).trailing_zeros() as usize).unwrap_or(&self.star);
            *last = mixed(before, entry);
            *offset = *last;
            *number += 8;
        }
        if let Some(last) = count.checked_sub(1).and_then(|at| offsets.get(at)) {
            *offset = *last;
        }
        offsets
    }

    fn tag(&self, sum: &Block, offset: &Block, associated: &[u8]) -> Block {
        let last = mixed(&mixed(sum, offset), &self.dollar);
        mixed(&self.keyed.encrypt_one(last), &self.hash(associated))
    }

    /// HASH of the associated data (RFC 7253 section 4.1). It is a few bytes in OpenPGP.
    fn hash(&self, associated: &[u8]) -> Block {
        let mut sum = [0; 16];
        let mut offset = [0; 16];
        let mut number = 0;
        let (blocks, tail) = associated.as_chunks::<16>();
        for batch in blocks.chunks(BATCH) {
            let offsets = self.next_offsets(&mut offset, &mut number, batch.len());
            for (block, offset) in batch.iter().zip(&offsets) {
                mix(&mut sum, &self.keyed.encrypt_one(mixed(block, offset)));
            }
        }
        if !tail.is_empty() {
            mix(&mut offset, &self.star);
            mix(&mut sum, &self.keyed.encrypt_one(mixed(&ended(tail), &offset)));
        }
        sum
    }
}

impl Drop for Ocb {
    fn drop(&mut self) {
        self.star.zeroize();
        self.dollar.zeroize();
        self.table.zeroize();
        self.steps.zeroize();
    }
}

/// Fewer than 16 bytes, a one bit and zeros.
fn ended(tail: &[u8]) -> Block {
    let mut block = padded(tail);
    if let Some(end) = block.get_mut(tail.len()) {
        *end = 0x80;
    }
    block
}
