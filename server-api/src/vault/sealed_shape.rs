//! What ciphertext looks like from outside. The server cannot open it, but it can refuse what is plainly
//! something else, so that a client's mistake does not become a stored secret.

use crate::errors::{ApiError, ApiResult};
use wire::error::ErrorCode;

/// How much of the ciphertext is counted.
const SAMPLE: usize = 64 << 10;

/// Bytes of a ZKE1 head, and of the tag behind the ciphertext.
const HEAD: usize = 144;
const TAG: usize = 16;

fn not_sealed() -> ApiError {
    ApiError::new(ErrorCode::NotSealed, "the bytes do not look like ciphertext; nothing was stored")
}

/// Checks a complete ZKE1 envelope: magic, suite, kind, flags, length.
///
/// # Errors
/// `not_sealed`.
pub fn check_envelope(bytes: &[u8]) -> ApiResult<()> {
    if envelope_start(bytes).is_some_and(|length| length == bytes.len()) && looks_random(bytes.get(80..)) {
        Ok(())
    } else {
        Err(not_sealed())
    }
}

/// Checks a complete OpenPGP message: public-key session key packets, then one encrypted data packet.
///
/// # Errors
/// `not_sealed`.
pub fn check_message(bytes: &[u8]) -> ApiResult<()> {
    match message_start(bytes) {
        Some(body) if looks_random(bytes.get(body..)) => Ok(()),
        _ => Err(not_sealed()),
    }
}

/// Checks the start of a blob, which is the whole of it if `whole`.
///
/// # Errors
/// `not_sealed`.
pub fn check_blob_start(start: &[u8], whole: bool) -> ApiResult<()> {
    if start.starts_with(b"ZKE1") {
        return match envelope_start(start) {
            Some(length) if (!whole || length == start.len()) && looks_random(start.get(80..)) => Ok(()),
            _ => Err(not_sealed()),
        };
    }
    check_message(start)
}

/// The length a ZKE1 envelope must have by its head.
fn envelope_start(bytes: &[u8]) -> Option<usize> {
    if bytes.get(..4)? != b"ZKE1" || bytes.get(4) != Some(&1) || bytes.get(6..8)? != [0, 0] {
        return None;
    }
    if !(1..=11).contains(bytes.get(5)?) || bytes.len() < HEAD + TAG {
        return None;
    }
    let plaintext = u32::from_be_bytes(bytes.get(76..80)?.try_into().ok()?);
    (HEAD + TAG).checked_add(usize::try_from(plaintext).ok()?)
}

/// Where the ciphertext of an OpenPGP message begins (RFC 9580, sections 4.2, 5.1, 5.13).
fn message_start(bytes: &[u8]) -> Option<usize> {
    const PKESK: u8 = 1;
    const SEIPD: u8 = 18;
    let mut at = 0;
    loop {
        let (tag, body, length) = packet(bytes, at)?;
        let version = *bytes.get(body)?;
        match (tag, version, length) {
            (PKESK, 3 | 6, Some(length)) => at = body.checked_add(length)?,
            (SEIPD, 1 | 2, _) => return Some(body + 1),
            _ => return None,
        }
    }
}

/// Tag, start of the body, and its length unless partial.
fn packet(bytes: &[u8], at: usize) -> Option<(u8, usize, Option<usize>)> {
    let first = *bytes.get(at)?;
    if first & 0xc0 == 0xc0 {
        let tag = first & 0x3f;
        return Some(match *bytes.get(at + 1)? {
            short @ 0..192 => (tag, at + 2, Some(usize::from(short))),
            high @ 192..224 => {
                let low = *bytes.get(at + 2)?;
                (tag, at + 3, Some((usize::from(high) - 192) * 256 + usize::from(low) + 192))
            }
            255 => {
                let length = u32::from_be_bytes(bytes.get(at + 2..at + 6)?.try_into().ok()?);
                (tag, at + 6, Some(usize::try_from(length).ok()?))
            }
            _ => (tag, at + 2, None),
        });
    }
    if first & 0x80 == 0 {
        return None;
    }
    let (size, tag) = (first & 3, first >> 2 & 0xf);
    let width = match size {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => return Some((tag, at + 1, None)),
    };
    let length =
        bytes.get(at + 1..at + 1 + width)?.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    Some((tag, at + 1 + width, Some(length)))
}

/// Whether the bytes have the byte statistics of ciphertext. Text, base64 and most formats fall short by
/// far; compressed data passes. Short samples say nothing and pass.
fn looks_random(bytes: Option<&[u8]>) -> bool {
    let Some(bytes) = bytes else { return false };
    let bytes = bytes.get(..SAMPLE).unwrap_or(bytes);
    if bytes.len() < 48 {
        return true;
    }
    let mut counts = [0u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = bytes.len() as f64;
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum();
    entropy >= 0.85 * total.log2().min(8.0)
}

#[cfg(test)]
#[path = "sealed_shape_tests.rs"]
mod tests;
