//! 128 bits as two words: for browsers without SIMD, and natively for tests against the `aes` crate.

use super::Block;
use super::sbox::Bits;
use super::sliced::Wide;

/// The bytes 0 to 7 (rows 0 and 1), and 8 to 15 (rows 2 and 3), the first in the lowest bits.
#[derive(Clone, Copy)]
pub(crate) struct Pair(u64, u64);

impl Bits for Pair {
    #[inline(always)]
    fn xor(self, other: Pair) -> Pair {
        Pair(self.0 ^ other.0, self.1 ^ other.1)
    }
    #[inline(always)]
    fn and(self, other: Pair) -> Pair {
        Pair(self.0 & other.0, self.1 & other.1)
    }
}

impl Wide for Pair {
    const ZERO: Pair = Pair(0, 0);

    #[inline(always)]
    fn load(block: &Block) -> Pair {
        let value = u128::from_le_bytes(*block);
        Pair(value as u64, (value >> 64) as u64)
    }

    #[inline(always)]
    fn store(self) -> Block {
        (u128::from(self.0) | u128::from(self.1) << 64).to_le_bytes()
    }

    #[inline(always)]
    fn to_rows(self) -> Pair {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.store();
        Pair::load(&[a, e, i, m, b, f, j, n, c, g, k, o, d, h, l, p])
    }

    #[inline(always)]
    fn swapped<const N: u32>(self, other: Pair, mask: u8) -> (Pair, Pair) {
        let mask = u64::from_ne_bytes([mask; 8]);
        let low = (self.0 >> N ^ other.0) & mask;
        let high = (self.1 >> N ^ other.1) & mask;
        (Pair(self.0 ^ low << N, self.1 ^ high << N), Pair(other.0 ^ low, other.1 ^ high))
    }

    #[inline(always)]
    fn shifted(planes: [Pair; 8]) -> [Pair; 8] {
        planes.map(|Pair(low, high)| Pair(turned(low, 0, 8), turned(high, 16, 24)))
    }

    #[inline(always)]
    fn unshifted(planes: [Pair; 8]) -> [Pair; 8] {
        planes.map(|Pair(low, high)| Pair(turned(low, 0, 24), turned(high, 16, 8)))
    }

    #[inline(always)]
    fn up1(self) -> Pair {
        Pair(self.0 >> 32 | self.1 << 32, self.1 >> 32 | self.0 << 32)
    }

    #[inline(always)]
    fn up2(self) -> Pair {
        Pair(self.1, self.0)
    }
}

/// Two rows, each turned to the left by so many bits of its bytes.
#[inline(always)]
fn turned(rows: u64, first: u32, second: u32) -> u64 {
    let (low, high) = (rows as u32, (rows >> 32) as u32);
    u64::from(low.rotate_right(first)) | u64::from(high.rotate_right(second)) << 32
}
