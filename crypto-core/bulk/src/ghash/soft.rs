//! GHASH with whole multiplications of 64-bit words, in constant time: no table and no branch.
//!
//! A carry-less product comes out of ordinary multiplications when each factor keeps only every fourth bit:
//! sums of at most 16 ones then stay below the next bit kept. Sixteen small products make a whole one. (The idea
//! is widely published; see Thomas Pornin's notes on BearSSL's GHASH.)

use zeroize::Zeroize as _;

use super::super::mode::padded;
use super::Block;
#[cfg(any(all(target_arch = "wasm32", not(target_feature = "simd128")), test))]
use super::lengths;

/// The key of GHASH: H, with bits in the order of a polynomial, not of the standard.
pub(crate) struct GhashKey {
    pub(super) factor: Factor,
}

/// A fixed factor with its halves prepared.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    low: [u64; 2],
    high: [u64; 2],
    middle: [u64; 2],
}

/// Reversing bits turns high halves of products into low ones.
impl Factor {
    pub(super) fn new(value: u128) -> Factor {
        let (low, high) = (value as u64, (value >> 64) as u64);
        let both = |half: u64| [half, half.reverse_bits()];
        Factor { low: both(low), high: both(high), middle: both(low ^ high) }
    }

    /// The product in GF(2^128), in the standard's reflected representation.
    pub(super) fn times(&self, value: u128) -> u128 {
        let (low, high) = (value as u64, (value >> 64) as u64);
        // Karatsuba: three products of halves instead of four.
        let small = product(low, &self.low);
        let large = product(high, &self.high);
        let middle = product(low ^ high, &self.middle) ^ small ^ large;
        reduced(small ^ middle << 64, large ^ middle >> 64)
    }
}

impl GhashKey {
    pub(crate) fn new(key: Block) -> GhashKey {
        GhashKey { factor: Factor::new(u128::from_be_bytes(key)) }
    }

    #[cfg(any(all(target_arch = "wasm32", not(target_feature = "simd128")), test))]
    /// GHASH of both, each filled up to whole blocks, and of their lengths.
    pub(crate) fn digest(&self, associated: &[u8], sealed: &[u8]) -> Block {
        let state = self.absorbed(self.absorbed(0, associated), sealed);
        self.factor.times(state ^ u128::from_be_bytes(lengths(associated, sealed))).to_be_bytes()
    }

    /// The state after these bytes, filled up to whole blocks.
    pub(super) fn absorbed(&self, mut state: u128, bytes: &[u8]) -> u128 {
        let (blocks, tail) = bytes.as_chunks::<16>();
        for block in blocks {
            state = self.factor.times(state ^ u128::from_be_bytes(*block));
        }
        if !tail.is_empty() {
            state = self.factor.times(state ^ u128::from_be_bytes(padded(tail)));
        }
        state
    }
}

impl Drop for GhashKey {
    fn drop(&mut self) {
        self.factor.low.zeroize();
        self.factor.high.zeroize();
        self.factor.middle.zeroize();
    }
}

impl core::fmt::Debug for GhashKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("GhashKey")
    }
}

/// The carry-less product of 64 by 64 bits.
#[inline(always)]
fn product(a: u64, b: &[u64; 2]) -> u128 {
    let [b, b_reversed] = *b;
    let low = low_product(a, b);
    let high = low_product(a.reverse_bits(), b_reversed).reverse_bits() >> 1;
    u128::from(low) | u128::from(high) << 64
}

/// The low half of the carry-less product.
#[inline(always)]
fn low_product(a: u64, b: u64) -> u64 {
    const EVERY_FOURTH: u64 = 0x1111_1111_1111_1111;
    let [a0, a1, a2, a3] = [0, 1, 2, 3].map(|at| a & EVERY_FOURTH << at);
    let [b0, b1, b2, b3] = [0, 1, 2, 3].map(|at| b & EVERY_FOURTH << at);
    let m = u64::wrapping_mul;
    let c0 = m(a0, b0) ^ m(a1, b3) ^ m(a2, b2) ^ m(a3, b1);
    let c1 = m(a0, b1) ^ m(a1, b0) ^ m(a2, b3) ^ m(a3, b2);
    let c2 = m(a0, b2) ^ m(a1, b1) ^ m(a2, b0) ^ m(a3, b3);
    let c3 = m(a0, b3) ^ m(a1, b2) ^ m(a2, b1) ^ m(a3, b0);
    c0 & EVERY_FOURTH | c1 & EVERY_FOURTH << 1 | c2 & EVERY_FOURTH << 2 | c3 & EVERY_FOURTH << 3
}

/// A product of 255 bits, reduced by x^128 + x^7 + x^2 + x + 1 in reflected bits.
#[inline(always)]
fn reduced(low: u128, high: u128) -> u128 {
    // A product of reflected values is one bit short: everything moves up by one.
    let high = high << 1 | low >> 127;
    let low = low << 1;
    // In reflected order the low half holds the powers from 128 on; they fold down in two steps.
    let carried = low << 127 ^ low << 126 ^ low << 121;
    let low = low ^ carried;
    high ^ low ^ low >> 1 ^ low >> 2 ^ low >> 7
}
