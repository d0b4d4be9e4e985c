//! OCB3 (RFC 7253) with 16-byte tags and nonces up to 15 bytes, as OpenPGP uses it.
//!
//! OCB takes block i with the offset of block i-1 changed by `L[ntz(i)]`. In groups of eight blocks that
//! begin after a multiple of eight, the first seven changes are always the same seven; only the last depends
//! on where the group lies.

use zeroize::Zeroize as _;

use super::Block;
use super::cipher::Keyed;
use super::mode::{BATCH, doubled, mix, mix_part, mixed, padded};

/// Entries of the table of `L`: enough for 2^40 blocks, far more than a chunk of 4 MiB (2^18).
const ENTRIES: usize = 40;

/// A keyed OCB.
#[derive(Debug)]
pub(super) struct Ocb {
    keyed: Keyed,
    star: Block,
    dollar: Block,
    table: [Block; ENTRIES],
}

impl Ocb {
    pub(super) fn new(keyed: Keyed) -> Ocb {
        let star = keyed.encrypt_one([0; 16]);
        let dollar = doubled(&star);
        let mut entry = dollar;
        let table = core::array::from_fn(|_| {
            entry = doubled(&entry);
            entry
        });
        Ocb { keyed, star, dollar, table }
    }

    /// Seals in place; gives the tag.
    pub(super) fn seal(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        let mut offset = self.first_offset(nonce);
        let mut sum = [0; 16];
        let (blocks, tail) = content.as_chunks_mut::<16>();
        let mut number = 0;
        for batch in blocks.chunks_mut(BATCH) {
            let mut offsets = [[0; 16]; BATCH];
            self.next_offsets(&mut offset, &mut number, offsets.iter_mut().take(batch.len()));
            for (block, offset) in batch.iter_mut().zip(&offsets) {
                mix(&mut sum, block);
                mix(block, offset);
            }
            self.keyed.encrypt(batch);
            batch.iter_mut().zip(&offsets).for_each(|(block, offset)| mix(block, offset));
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
            let mut offsets = [[0; 16]; BATCH];
            self.next_offsets(&mut offset, &mut number, offsets.iter_mut().take(batch.len()));
            batch.iter_mut().zip(&offsets).for_each(|(block, offset)| mix(block, offset));
            self.keyed.decrypt(batch);
            for (block, offset) in batch.iter_mut().zip(&offsets) {
                mix(block, offset);
                mix(&mut sum, block);
            }
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

    /// The offsets of the next blocks; `number` counts the blocks of the chunk.
    #[inline]
    fn next_offsets<'a>(
        &self,
        offset: &mut Block,
        number: &mut u64,
        offsets: impl Iterator<Item = &'a mut Block>,
    ) {
        for to in offsets {
            *number += 1;
            // Which entry is public: it depends on the place only. The table outlasts any chunk.
            let entry = self.table.get(number.trailing_zeros() as usize).unwrap_or(&self.star);
            mix(offset, entry);
            *to = *offset;
        }
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
        for block in blocks {
            let mut here = [0; 16];
            self.next_offsets(&mut offset, &mut number, core::iter::once(&mut here));
            mix(&mut sum, &self.keyed.encrypt_one(mixed(block, &here)));
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
