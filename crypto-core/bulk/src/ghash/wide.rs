//! GHASH on 128-bit SIMD: sixteen blocks at a time, by look-ups that a register does in constant time.
//!
//! The sixteen lanes of a batch are sixteen interleaved hashes with H^16 as their common factor; at the end lane `i`
//! is multiplied by H^(16-i) and all are added. Turned about (register `k` has byte `k` of all lanes), a product
//! with the common factor takes a nibble of sixteen lanes at once: `swizzle` finds each byte of the nibble's
//! multiple in a register of sixteen entries. No address and no branch depends on a secret.

use core::arch::wasm32::{
    i8x16_shuffle, i8x16_swizzle, u8x16_shl, u8x16_shr, u8x16_splat, u64x2, v128, v128_and, v128_xor,
};

use super::super::aes::{loaded, stored};
use super::soft::{self, Factor};
use super::{Block, lengths};

/// Fewer blocks than this are quicker one by one.
const WORTH_IT: usize = 64;
/// Lanes of a batch.
const LANES: usize = 16;
/// The zero register.
const ZERO: v128 = u64x2(0, 0);

/// The key of GHASH.
pub(crate) struct GhashKey {
    soft: soft::GhashKey,
    /// H, H^2 ... H^16.
    powers: [Factor; LANES],
    /// Register `j`: byte `j` of the multiples of H^16 by each upper nibble of a byte, and by each lower one.
    tables: [(v128, v128); 17],
}

impl GhashKey {
    pub(crate) fn new(key: Block) -> GhashKey {
        let soft = soft::GhashKey::new(key);
        let mut power = u128::from_be_bytes(key);
        let powers: [u128; LANES] = core::array::from_fn(|at| {
            if at > 0 {
                power = soft.factor.times(power);
            }
            power
        });
        let [.., common] = powers;
        // Bit 3 of a nibble is its lowest power in the standard's reflected order.
        let nibble = |bits: u32| {
            (0..4).fold((0_u128, 0_u8), |(sum, rest), bit| {
                // The multiple by x^bit moves `bit` places down; what falls out is byte 16.
                let set = u128::from(bits >> (3 - bit) & 1).wrapping_neg();
                let out = ((common << 8 >> bit) as u8) & set as u8;
                (sum ^ (common >> bit & set), rest ^ out)
            })
        };
        let multiples: [(u128, u8); 16] = core::array::from_fn(|bits| nibble(bits as u32));
        // The multiples by lower nibbles are those by upper ones, four places further down.
        let tables = core::array::from_fn(|at| {
            let bytes = multiples.map(|(sum, out)| {
                let bytes = sum.to_be_bytes();
                let here = bytes.get(at).copied().unwrap_or(out);
                let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or_default();
                (here, before << 4 | here >> 4)
            });
            (loaded(&bytes.map(|(upper, _)| upper)), loaded(&bytes.map(|(_, lower)| lower)))
        });
        GhashKey { soft, powers: powers.map(Factor::new), tables }
    }

    /// GHASH of both, each filled up to whole blocks, and of their lengths.
    pub(crate) fn digest(&self, associated: &[u8], sealed: &[u8]) -> Block {
        let mut state = self.soft.absorbed(0, associated);
        let mut rest = sealed;
        if sealed.len() >= 16 * WORTH_IT {
            let (blocks, _) = sealed.as_chunks::<16>();
            let (batches, _) = blocks.as_chunks::<LANES>();
            state = self.absorbed(state, batches);
            rest = sealed.get(16 * LANES * batches.len()..).unwrap_or_default();
        }
        state = self.soft.absorbed(state, rest);
        self.soft.factor.times(state ^ u128::from_be_bytes(lengths(associated, sealed))).to_be_bytes()
    }

    fn absorbed(&self, state: u128, batches: &[[Block; LANES]]) -> u128 {
        let mut batches = batches.iter();
        let Some(first) = batches.next() else { return state };
        let mut first = *first;
        let [block, ..] = &mut first;
        *block = (u128::from_be_bytes(*block) ^ state).to_be_bytes();
        let mut lanes = turned(first.each_ref().map(loaded));
        for batch in batches {
            let more = turned(batch.each_ref().map(loaded));
            lanes = self.multiplied(&lanes);
            lanes.iter_mut().zip(more).for_each(|(lane, more)| *lane = v128_xor(*lane, more));
        }
        let lanes = turned(lanes).map(stored);
        lanes
            .iter()
            .zip(self.powers.iter().rev())
            .fold(0, |sum, (lane, power)| sum ^ power.times(u128::from_be_bytes(*lane)))
    }

    /// All lanes by H^16.
    #[inline]
    fn multiplied(&self, lanes: &[v128; LANES]) -> [v128; LANES] {
        let mut product = [ZERO; 2 * LANES];
        for (at, lane) in lanes.iter().enumerate() {
            let upper = u8x16_shr(*lane, 4);
            let lower = v128_and(*lane, u8x16_splat(15));
            let here = product.get_mut(at..at + 17).unwrap_or_default();
            for (to, (by_upper, by_lower)) in here.iter_mut().zip(&self.tables) {
                let both = v128_xor(i8x16_swizzle(*by_upper, upper), i8x16_swizzle(*by_lower, lower));
                *to = v128_xor(*to, both);
            }
        }
        reduced(&product)
    }
}

/// What lies beyond x^127 folded down: x^128 = x^7 + x^2 + x + 1, byte by byte in all lanes.
#[inline(always)]
fn reduced(product: &[v128; 2 * LANES]) -> [v128; LANES] {
    let mut low = [ZERO; LANES];
    let mut high = [ZERO; LANES];
    let (first, second) = product.split_at_checked(LANES).unwrap_or_default();
    low.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
    high.iter_mut().zip(second).for_each(|(to, from)| *to = *from);
    // What the folding moves out below goes round once more.
    let carried = |byte: v128| v128_xor(v128_xor(u8x16_shl(byte, 7), u8x16_shl(byte, 6)), u8x16_shl(byte, 1));
    let [top, .., bottom] = &mut high;
    *top = v128_xor(*top, carried(*bottom));
    let mut before = ZERO;
    for (to, byte) in low.iter_mut().zip(high) {
        let moved = v128_xor(v128_xor(u8x16_shr(byte, 1), u8x16_shr(byte, 2)), u8x16_shr(byte, 7));
        *to = v128_xor(v128_xor(*to, byte), v128_xor(moved, before));
        before = carried(byte);
    }
    low
}

/// Sixteen by sixteen bytes turned about their diagonal: four times the same perfect shuffle of neighbours.
#[inline(always)]
fn turned(rows: [v128; 16]) -> [v128; 16] {
    let mut rows = rows;
    for _ in 0..4 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = rows;
        let low = i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>;
        let high = i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>;
        rows = [
            low(a, i),
            high(a, i),
            low(b, j),
            high(b, j),
            low(c, k),
            high(c, k),
            low(d, l),
            high(d, l),
            low(e, m),
            high(e, m),
            low(f, n),
            high(f, n),
            low(g, o),
            high(g, o),
            low(h, p),
            high(h, p),
        ];
    }
    rows
}

impl Drop for GhashKey {
    fn drop(&mut self) {
        self.tables = [(ZERO, ZERO); 17];
        self.powers = [Factor::new(0); LANES];
        core::hint::black_box(self);
    }
}

impl core::fmt::Debug for GhashKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("GhashKey")
    }
}
