//! Base64 on 128-bit SIMD.

use core::arch::wasm32::{
    i8x16, i8x16_eq, i8x16_swizzle, i16x8, i16x8_mul, i32x4_dot_i16x8, u8x16_add, u8x16_lt, u8x16_shr,
    u8x16_splat, u8x16_sub_sat, u16x8_shl, u16x8_shr, u16x8_splat, u32x4_shr, u32x4_splat, u64x2,
    u64x2_extract_lane, v128, v128_and, v128_any_true, v128_or,
};

use super::{LINE, LINE_BYTES, decode_quads};

#[inline(always)]
fn loaded(bytes: &[u8; 16]) -> v128 {
    let value = u128::from_le_bytes(*bytes);
    u64x2(value as u64, (value >> 64) as u64)
}

#[inline(always)]
fn stored(register: v128) -> [u8; 16] {
    let low = u128::from(u64x2_extract_lane::<0>(register));
    (low | u128::from(u64x2_extract_lane::<1>(register)) << 64).to_le_bytes()
}

/// Encodes a whole line; its end stays as it is.
#[inline]
pub(super) fn encode_line(line: &[u8; LINE_BYTES], to: &mut [u8; LINE]) {
    // In each word bytes 1, 0, 2, 1 of its three, so that every six bits lie within one half of it.
    const FIRST: v128 = i8x16(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    const LAST: v128 = i8x16(5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14);
    let (quads, _) = to.as_chunks_mut::<16>();
    for (quad, (from, order)) in quads.iter_mut().zip([(0, FIRST), (12, FIRST), (24, FIRST), (32, LAST)]) {
        let Some(part) = line.get(from..).and_then(|rest| rest.first_chunk::<16>()) else { return };
        *quad = stored(characters(i8x16_swizzle(loaded(part), order)));
    }
}

/// Sixteen characters of four times three bytes.
#[inline(always)]
fn characters(spread: v128) -> v128 {
    let first = u32x4_shr(v128_and(spread, u32x4_splat(0x0000_FC00)), 10);
    let third = u32x4_shr(v128_and(spread, u32x4_splat(0x0FC0_0000)), 6);
    let others =
        i16x8_mul(v128_and(spread, u32x4_splat(0x003F_03F0)), i16x8(16, 256, 16, 256, 16, 256, 16, 256));
    let six = v128_or(v128_or(first, third), others);
    // Which range: 0 is `a` to `z`, 1 to 10 the digits, 11 and 12 the signs, 13 `A` to `Z`.
    const STEPS: v128 = i8x16(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0);
    let upper = v128_and(u8x16_lt(six, u8x16_splat(26)), u8x16_splat(13));
    let range = v128_or(u8x16_sub_sat(six, u8x16_splat(51)), upper);
    u8x16_add(six, i8x16_swizzle(STEPS, range))
}

/// Decodes quads without padding into the beginning of `to`, which is at least [`super::SLACK`] longer than
/// needed. Gives `false` when a character is none.
#[inline]
pub(in crate::armor) fn decode_line(text: &[u8], to: &mut [u8]) -> bool {
    let Some(last) = text.last_chunk::<16>() else { return decode_quads(text, to) };
    let mut wrong = u64x2(0, 0);
    let (parts, rest) = text.as_chunks::<16>();
    for (at, part) in parts.iter().enumerate() {
        let (bytes, bad) = decoded(loaded(part));
        wrong = v128_or(wrong, bad);
        let Some(to) = to.get_mut(12 * at..).and_then(|to| to.first_chunk_mut::<16>()) else { return false };
        *to = stored(bytes);
    }
    if !rest.is_empty() {
        // The last sixteen once more as a whole, over what is there already.
        let (bytes, bad) = decoded(loaded(last));
        wrong = v128_or(wrong, bad);
        let at = (text.len() - 16) / 4 * 3;
        let Some(to) = to.get_mut(at..).and_then(|to| to.first_chunk_mut::<16>()) else { return false };
        *to = stored(bytes);
    }
    !v128_any_true(wrong)
}

/// Twelve bytes and four zeros, and something other than zero where a character is none.
#[inline(always)]
fn decoded(text: v128) -> (v128, v128) {
    // Each kind of wrong character has a bit that is set for both of its halves.
    const BY_LOWER: v128 =
        i8x16(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
    const BY_UPPER: v128 =
        i8x16(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    // What makes six bits of a character, by its upper half; `/` has an entry of its own, one before.
    const STEPS: v128 = i8x16(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const ORDER: v128 = i8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    let upper = u8x16_shr(text, 4);
    let lower = v128_and(text, u8x16_splat(15));
    let wrong = v128_and(i8x16_swizzle(BY_LOWER, lower), i8x16_swizzle(BY_UPPER, upper));
    let step = u8x16_add(i8x16_eq(text, u8x16_splat(b'/')), upper);
    let six = u8x16_add(text, i8x16_swizzle(STEPS, step));
    // Two characters to twelve bits, then two of those to 24.
    let twelve = v128_or(u16x8_shl(v128_and(six, u16x8_splat(0xFF)), 6), u16x8_shr(six, 8));
    let all = i32x4_dot_i16x8(twelve, i16x8(4096, 1, 4096, 1, 4096, 1, 4096, 1));
    (i8x16_swizzle(all, ORDER), wrong)
}
