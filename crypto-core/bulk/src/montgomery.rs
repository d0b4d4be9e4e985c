//! Powers modulo an odd number in constant time: the private operation of RSA, for WebAssembly.
//!
//! Numbers are in limbs of 28 bits, so that the products of two columns add up in 64 bits without a carry, and
//! 128-bit SIMD does four columns at a time (Montgomery's method with two limbs of the multiplier in one pass; no
//! final subtraction, for the radix is above four times the modulus: C. D. Walter, Montgomery exponentiation
//! needs no final subtractions, 1999). Neither branches nor addresses follow from the numbers; the length of the
//! exponent is public.

use zeroize::Zeroizing;

/// Bits of a limb.
const BITS: usize = 28;
const MASK: u32 = (1 << BITS) - 1;
/// Bits of the exponent taken at once.
const WINDOW: usize = 5;

/// Two columns.
type Two = [u64; 2];

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use core::arch::wasm32::{
        u32x4, u32x4_splat, u64x2, u64x2_add, u64x2_extmul_high_u32x4, u64x2_extmul_low_u32x4,
        u64x2_extract_lane, v128, v128_and, v128_xor,
    };

    use super::Two;

    /// Zero, which the compiler does not see. What it knows it would widen once before the loop, and multiply by full
    /// multiplications of 64 bits, which take three times as long as those that widen.
    #[derive(Clone, Copy)]
    pub(super) struct Veil(v128);

    impl Veil {
        pub(super) fn new() -> Self {
            Self(core::hint::black_box(u32x4(0, 0, 0, 0)))
        }
    }

    /// Adds the products of four limbs with one to four columns.
    #[inline(always)]
    pub(super) fn add(columns: [Two; 2], limbs: &[u32; 4], by: u32, veil: &mut Veil) -> [Two; 2] {
        let [[a, b], [c, d]] = columns;
        let [e, f, g, h] = *limbs;
        let limbs = v128_xor(u32x4(e, f, g, h), veil.0);
        let by = v128_xor(u32x4_splat(by), veil.0);
        veil.0 = v128_and(veil.0, limbs);
        let pair = |sum: v128| [u64x2_extract_lane::<0>(sum), u64x2_extract_lane::<1>(sum)];
        [
            pair(u64x2_add(u64x2(a, b), u64x2_extmul_low_u32x4(limbs, by))),
            pair(u64x2_add(u64x2(c, d), u64x2_extmul_high_u32x4(limbs, by))),
        ]
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::Two;

    pub(super) struct Veil;

    impl Veil {
        pub(super) fn new() -> Self {
            Self
        }
    }

    #[inline(always)]
    pub(super) fn add(columns: [Two; 2], limbs: &[u32; 4], by: u32, _: &mut Veil) -> [Two; 2] {
        let [[a, b], [c, d]] = columns;
        let [e, f, g, h] = limbs.map(|limb| u64::from(limb).wrapping_mul(u64::from(by)));
        [[a.wrapping_add(e), b.wrapping_add(f)], [c.wrapping_add(g), d.wrapping_add(h)]]
    }
}

use lanes::{Veil, add};

/// A number in limbs, the lowest first, with room for one more group of four at its end.
type Limbs = Zeroizing<Vec<u32>>;

/// An odd modulus, made ready.
pub struct Modulus {
    /// Limbs of the modulus: a multiple of four.
    limbs: usize,
    /// Octets of numbers that come out.
    octets: usize,
    n: Limbs,
    /// The modulus moved up by a limb.
    moved: Limbs,
    lowest: [u32; 2],
    /// Less the inverse of the lowest limb, modulo 2^28.
    inverse: u32,
    /// The square of the radix.
    square: Limbs,
}

/// Says nothing: a modulus may be a secret prime.
impl core::fmt::Debug for Modulus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Modulus")
    }
}

/// Moved up by a limb.
fn moved(limbs: &[u32]) -> Limbs {
    let mut up = Zeroizing::new(Vec::with_capacity(limbs.len()));
    up.push(0);
    up.extend(limbs.iter().copied().take(limbs.len().saturating_sub(1)));
    up
}

/// Big-endian octets in limbs, `count` of them.
fn from_octets(octets: &[u8], count: usize) -> Limbs {
    let mut limbs = Zeroizing::new(Vec::with_capacity(count));
    let (mut held, mut bits) = (0u64, 0);
    for octet in octets.iter().rev() {
        held |= u64::from(*octet) << bits;
        bits += 8;
        if bits >= BITS {
            limbs.push(held as u32 & MASK);
            held >>= BITS;
            bits -= BITS;
        }
    }
    limbs.push(held as u32 & MASK);
    limbs.resize(count, 0);
    limbs
}

impl Modulus {
    /// Of big-endian octets without leading zeros. `square` is 2 to the power of [`radix_bits`] times two, modulo
    /// the modulus. `None` if it is even, or shorter than 64 bits.
    pub fn new(octets: &[u8], square: &[u8]) -> Option<Self> {
        if octets.len() < 8 || octets.last()? & 1 == 0 {
            return None;
        }
        let limbs = limbs_of(octets.len());
        let n = from_octets(octets, limbs + 4);
        let lowest = *n.first_chunk::<2>()?;
        let [unit, _] = lowest;
        // Newton's iteration: each step doubles the bits that are right.
        let mut inverse = unit;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2u32.wrapping_sub(unit.wrapping_mul(inverse)));
        }
        Some(Self {
            limbs,
            octets: octets.len(),
            moved: moved(&n),
            n,
            lowest,
            inverse: inverse.wrapping_neg() & MASK,
            square: from_octets(square, limbs + 4),
        })
    }

    /// The product of two numbers below twice the modulus, divided by the radix; below twice the modulus, too.
    fn product(&self, a: &[u32], b: &[u32], columns: &mut Zeroizing<Vec<Two>>) -> Limbs {
        let b_moved = moved(b);
        let [n0, n1] = self.lowest.map(u64::from);
        let [b0, b1] = b.first_chunk::<2>().map_or([0; 2], |lowest| lowest.map(u64::from));
        let quotient = |column: u64| (column as u32).wrapping_mul(self.inverse) & MASK;
        let width = self.n.len() / 2;
        let mut veil = Veil::new();
        columns.clear();
        columns.resize(self.limbs / 2 + width, [0; 2]);
        for (step, pair) in a.as_chunks::<2>().0.iter().take(self.limbs / 2).enumerate() {
            let Some(here) = columns.get_mut(step..step + width) else { break };
            let Some([c0, c1]) = here.first().copied() else { break };
            let [a0, a1] = *pair;
            let (wide0, wide1) = (u64::from(a0), u64::from(a1));
            let c0 = c0.wrapping_add(wide0.wrapping_mul(b0));
            let q0 = quotient(c0);
            let carry = c0.wrapping_add(u64::from(q0).wrapping_mul(n0)) >> BITS;
            let c1 = c1
                .wrapping_add(wide0.wrapping_mul(b1))
                .wrapping_add(wide1.wrapping_mul(b0))
                .wrapping_add(u64::from(q0).wrapping_mul(n1))
                .wrapping_add(carry);
            let q1 = quotient(c1);
            let groups = here.as_chunks_mut::<2>().0.iter_mut();
            let by_b = b.as_chunks::<4>().0.iter().zip(b_moved.as_chunks::<4>().0);
            let by_n = self.n.as_chunks::<4>().0.iter().zip(self.moved.as_chunks::<4>().0);
            for ((group, (b, b_up)), (n, n_up)) in groups.zip(by_b).zip(by_n) {
                let sum = add(*group, b, a0, &mut veil);
                let sum = add(sum, b_up, a1, &mut veil);
                let sum = add(sum, n, q0, &mut veil);
                *group = add(sum, n_up, q1, &mut veil);
            }
            // The two lowest columns are zero but for what they carry.
            if let [[c0, c1], [c2, _], ..] = here {
                *c2 = c2.wrapping_add(c1.wrapping_add(*c0 >> BITS) >> BITS);
            }
        }
        let mut limbs = Zeroizing::new(Vec::with_capacity(self.limbs + 4));
        let mut carry = 0u64;
        for column in columns.iter().skip(self.limbs / 2).flatten() {
            let sum = column.wrapping_add(carry);
            limbs.push(sum as u32 & MASK);
            carry = sum >> BITS;
        }
        limbs
    }

    /// `base` to the power of `exponent`, both big-endian, the base below the modulus. As many octets as the modulus
    /// has; below the modulus unless it is the modulus itself, which stands for zero.
    pub fn power(&self, base: &[u8], exponent: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut room = Zeroizing::new(Vec::new());
        let width = self.limbs + 4;
        let mut one = Zeroizing::new(vec![0; width]);
        if let Some(lowest) = one.first_mut() {
            *lowest = 1;
        }
        let base = self.product(&from_octets(base, width), &self.square, &mut room);
        let mut table: Vec<Limbs> = vec![self.product(&one, &self.square, &mut room), base.clone()];
        for _ in 2..1 << WINDOW {
            let next = table.last().map(|last| self.product(last, &base, &mut room));
            table.extend(next);
        }

        let bits = exponent.len() * 8;
        let windows = bits.div_ceil(WINDOW);
        let mut result = Zeroizing::new(vec![0; width]);
        for window in (0..windows).rev() {
            if window + 1 < windows {
                for _ in 0..WINDOW {
                    result = self.product(&result, &result, &mut room);
                }
            }
            let index =
                (0..WINDOW).rev().fold(0, |index, bit| index << 1 | bit_of(exponent, window * WINDOW + bit));
            let factor = selected(&table, index);
            result = if window + 1 < windows { self.product(&result, &factor, &mut room) } else { factor };
        }
        let result = self.product(&result, &one, &mut room);
        self.to_octets(&result)
    }

    fn to_octets(&self, limbs: &[u32]) -> Zeroizing<Vec<u8>> {
        let mut octets = Zeroizing::new(Vec::with_capacity(limbs.len() * 4));
        let (mut held, mut bits) = (0u64, 0);
        for limb in limbs {
            held |= u64::from(*limb) << bits;
            bits += BITS;
            while bits >= 8 {
                octets.push(held as u8);
                held >>= 8;
                bits -= 8;
            }
        }
        octets.resize(self.octets, 0);
        octets.reverse();
        octets
    }
}

/// Limbs of a modulus of so many octets: two bits more than it has, in groups of four.
const fn limbs_of(octets: usize) -> usize {
    (octets * 8 + 2).div_ceil(BITS).next_multiple_of(4)
}

/// Bits of the radix for a modulus of so many octets.
pub const fn radix_bits(octets: usize) -> usize {
    limbs_of(octets) * BITS
}

/// The bit of this place, the lowest is 0; 0 beyond the end.
fn bit_of(octets: &[u8], place: usize) -> u32 {
    let octet = octets.len().checked_sub(place / 8 + 1).and_then(|at| octets.get(at));
    octet.map_or(0, |octet| u32::from(octet >> (place % 8) & 1))
}

/// The entry of this index; all are read.
fn selected(table: &[Limbs], index: u32) -> Limbs {
    let mut found = Zeroizing::new(vec![0u32; table.first().map_or(0, |first| first.len())]);
    for (at, entry) in (0u32..).zip(table) {
        let differs = at ^ index;
        // All ones if it is this one.
        let mask = ((differs | differs.wrapping_neg()) >> 31).wrapping_sub(1);
        found.iter_mut().zip(entry.iter()).for_each(|(to, from)| *to |= *from & mask);
    }
    found
}

#[cfg(test)]
mod tests;
