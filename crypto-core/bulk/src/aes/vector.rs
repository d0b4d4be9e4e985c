//! 128 bits as WebAssembly has them.

use core::arch::wasm32::{
    i8x16, i8x16_shuffle, i8x16_swizzle, i32x4_shuffle, i64x2_shuffle, u8x16_splat, u64x2,
    u64x2_extract_lane, u64x2_shl, u64x2_shr, v128, v128_and, v128_xor,
};

use super::Block;
use super::sbox::Bits;
use super::sliced::Wide;

/// A register.
#[derive(Clone, Copy)]
pub(crate) struct Vector(pub(crate) v128);

impl Bits for Vector {
    #[inline(always)]
    fn xor(self, other: Vector) -> Vector {
        Vector(v128_xor(self.0, other.0))
    }
    #[inline(always)]
    fn and(self, other: Vector) -> Vector {
        Vector(v128_and(self.0, other.0))
    }
}

const SHIFT: v128 = i8x16(0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14);
const UNSHIFT: v128 = i8x16(0, 1, 2, 3, 7, 4, 5, 6, 10, 11, 8, 9, 13, 14, 15, 12);

/// A block in a register.
#[inline(always)]
pub(crate) fn loaded(block: &Block) -> v128 {
    let value = u128::from_le_bytes(*block);
    u64x2(value as u64, (value >> 64) as u64)
}

/// The block out of it.
#[inline(always)]
pub(crate) fn stored(register: v128) -> Block {
    let low = u128::from(u64x2_extract_lane::<0>(register));
    (low | u128::from(u64x2_extract_lane::<1>(register)) << 64).to_le_bytes()
}

impl Wide for Vector {
    const ZERO: Vector = Vector(u64x2(0, 0));

    #[inline(always)]
    fn load(block: &Block) -> Vector {
        Vector(loaded(block))
    }

    #[inline(always)]
    fn store(self) -> Block {
        stored(self.0)
    }

    #[inline(always)]
    fn to_rows(self) -> Vector {
        Vector(i8x16_shuffle::<0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15>(self.0, self.0))
    }

    #[inline(always)]
    fn swapped<const N: u32>(self, other: Vector, mask: u8) -> (Vector, Vector) {
        let moved = v128_and(v128_xor(u64x2_shr(self.0, N), other.0), u8x16_splat(mask));
        (Vector(v128_xor(self.0, u64x2_shl(moved, N))), Vector(v128_xor(other.0, moved)))
    }

    // The compiler would make a `shuffle` of a `swizzle` by a constant, and V8 builds the constant of a shuffle
    // anew each time, by way of two general registers. Behind the black box it stays a swizzle: 8 % of all AES.

    #[inline(always)]
    fn shifted(planes: [Vector; 8]) -> [Vector; 8] {
        let order = core::hint::black_box(SHIFT);
        planes.map(|plane| Vector(i8x16_swizzle(plane.0, order)))
    }

    #[inline(always)]
    fn unshifted(planes: [Vector; 8]) -> [Vector; 8] {
        let order = core::hint::black_box(UNSHIFT);
        planes.map(|plane| Vector(i8x16_swizzle(plane.0, order)))
    }

    #[inline(always)]
    fn up1(self) -> Vector {
        Vector(i32x4_shuffle::<1, 2, 3, 0>(self.0, self.0))
    }

    #[inline(always)]
    fn up2(self) -> Vector {
        Vector(i64x2_shuffle::<1, 0>(self.0, self.0))
    }
}
