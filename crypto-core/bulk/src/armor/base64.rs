//! Base64 without table look-ups or branches on the data: secret keys go through here.
//!
//! With 128-bit SIMD 12 bytes become 16 characters at once and back (after Muła and Lemire, "Faster Base64
//! Encoding and Decoding Using AVX2 Instructions", 2018); without it, 3 bytes and 4 characters, by arithmetic.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wide;

use super::write::LINE_BYTES;

/// Characters of a whole line and its end.
const LINE: usize = LINE_BYTES / 3 * 4 + 1;

/// Appends all whole lines; gives what is left.
pub(super) fn encode_lines<'a>(bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (lines, rest) = bytes.as_chunks::<LINE_BYTES>();
    let start = out.len();
    out.resize(start + lines.len() * LINE, b'\n');
    let (fresh, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<LINE>();
    for (line, to) in lines.iter().zip(fresh) {
        encode_line(line, to);
    }
    rest
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use wide::encode_line;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline]
fn encode_line(line: &[u8; LINE_BYTES], to: &mut [u8; LINE]) {
    let (groups, _) = line.as_chunks::<3>();
    let (quads, _) = to.as_chunks_mut::<4>();
    groups.iter().zip(quads).for_each(|(group, quad)| *quad = encoded(*group));
}

/// Appends the characters of these bytes, with padding, on one line.
pub(super) fn encode_rest(bytes: &[u8], out: &mut Vec<u8>) {
    let (groups, tail) = bytes.as_chunks::<3>();
    for group in groups {
        out.extend_from_slice(&encoded(*group));
    }
    match tail {
        [a] => {
            let [w, x, ..] = encoded([*a, 0, 0]);
            out.extend_from_slice(&[w, x, b'=', b'=']);
        }
        [a, b] => {
            let [w, x, y, _] = encoded([*a, *b, 0]);
            out.extend_from_slice(&[w, x, y, b'=']);
        }
        _ => {}
    }
}

#[inline(always)]
fn encoded([a, b, c]: [u8; 3]) -> [u8; 4] {
    [a >> 2, (a << 4 | b >> 4) & 63, (b << 2 | c >> 6) & 63, c & 63].map(character)
}

/// The character of six bits. Each range differs from the one before by a step that a sign bit turns on.
#[inline(always)]
pub(super) fn character(six: u8) -> u8 {
    let value = i16::from(six);
    // All ones where `value` is above the end of a range.
    let above = |end: i16| (end - value) >> 15;
    let shifted = value + 65 + (above(25) & 6) - (above(51) & 75) - (above(61) & 15) + (above(62) & 3);
    shifted as u8
}

/// Bytes that [`decode_line`] may write beyond what it decodes.
pub(super) const SLACK: usize = 4;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wide::decode_line;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use decode_quads as decode_line;

/// Decodes quads without padding into the beginning of `to`. Gives `false` when a character is none.
pub(super) fn decode_quads(text: &[u8], to: &mut [u8]) -> bool {
    let (quads, _) = text.as_chunks::<4>();
    let (groups, _) = to.as_chunks_mut::<3>();
    let mut bad = false;
    for (quad, group) in quads.iter().zip(groups) {
        let (bytes, wrong) = decoded(*quad);
        bad |= wrong;
        *group = bytes;
    }
    !bad
}

/// Three bytes, and whether a character was none.
#[inline(always)]
pub(super) fn decoded(quad: [u8; 4]) -> ([u8; 3], bool) {
    let [w, x, y, z] = quad.map(six_bits);
    let bad = (w | x | y | z) < 0;
    let value = (w as u32 & 63) << 18 | (x as u32 & 63) << 12 | (y as u32 & 63) << 6 | (z as u32 & 63);
    let [_, a, b, c] = value.to_be_bytes();
    ([a, b, c], bad)
}

/// The six bits of a character; negative when it is none.
#[inline(always)]
pub(super) fn six_bits(character: u8) -> i32 {
    let value = i32::from(character);
    // All ones inside a range.
    let within = |from: i32, to: i32| ((from - 1 - value) & (value - to - 1)) >> 31;
    -1 + (within(65, 90) & (value - 64))
        + (within(97, 122) & (value - 70))
        + (within(48, 57) & (value + 5))
        + (within(43, 43) & 63)
        + (within(47, 47) & 64)
}
