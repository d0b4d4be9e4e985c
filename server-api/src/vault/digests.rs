//! Digests beside stored values that nothing else protects.
//!
//! Sealed bytes authenticate themselves when a client opens them. A login verifier does not: with one bit
//! flipped it refuses the right passphrase, and looks like a wrong one. So a SHA-256 of it is stored beside
//! it. It is there against failing disks; whoever writes to the database can write the digest too.

use crate::errors::{ApiError, ApiResult};
use sha2::{Digest as _, Sha256};

/// The digest of `value`, stored under the name `place` (`table.column`) for the row `row`.
pub fn digest(place: &str, row: &[u8], value: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [b"hedgerow/v1/stored".as_slice(), place.as_bytes(), row] {
        // Lengths first, so that no byte moves from one part into the next.
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.update(value);
    hash.finalize().into()
}

/// Compares a stored value with the digest beside it.
///
/// # Errors
/// `damaged`, with `what` it is, if they do not agree or there is no digest.
pub fn check(
    place: &str,
    row: &[u8],
    value: &[u8],
    stored: Option<&[u8]>,
    what: &'static str,
) -> ApiResult<()> {
    if stored.is_some_and(|stored| stored == digest(place, row, value)) {
        Ok(())
    } else {
        Err(ApiError::damaged(what))
    }
}
