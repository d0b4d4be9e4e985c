//! Sizes that tell little (R26).

/// The smallest padded message, in bytes.
const FLOOR: usize = 1024;
/// Summaries are padded to a multiple of this many bytes, and to twice it at least.
const SUMMARY_STEP: usize = 256;
/// A line of padding, long enough to be few and short enough to be a legal line.
const LINE: &[u8] = b"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\r\n";

/// Padmé (Nikitin et al. 2019): at most 12 % more, and the size tells only O(log log n) bits.
pub fn padme(len: usize) -> usize {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let low = exponent.saturating_sub(exponent.ilog2().saturating_add(1));
    let mask = (1usize << low) - 1;
    len.saturating_add(mask) & !mask
}

/// Appends an epilogue (RFC 2046 section 5.1.1: readers pass it over) so that the size becomes padded.
pub fn pad_multipart(message: &mut Vec<u8>) {
    let target = padme(message.len()).max(FLOOR);
    let start = message.len();
    message.extend(LINE.iter().copied().cycle().take(target.saturating_sub(start)));
    if message.len() > start
        && let Some(last) = message.last_mut()
        && *last == b'\r'
    {
        *last = b'~';
    }
}

/// How many octets of padding a summary of `len` octets gets.
pub fn summary_padding(len: usize) -> usize {
    len.next_multiple_of(SUMMARY_STEP).max(2 * SUMMARY_STEP).saturating_sub(len)
}
