//! What reading a message may cost here, and the exit code when it fails.

use seal::profile::MAX_CONTENT_SIGNATURES;
use seal::reading::{Limits, ReadError};

use crate::failure::{Code, Failure};

/// A message of the old format (SEIPDv1) is released whole or not at all, so that it is held until its end.
const HELD_AT_MOST: u64 = 256 << 20;

/// The limits: content of any length, in bounded memory; old mail is read.
pub(crate) fn limits() -> Limits {
    Limits::streaming().with_held(HELD_AT_MOST).with_signatures(MAX_CONTENT_SIGNATURES).with_old_ciphers()
}

/// A reading error with its exit code; `sealed` is the code for what could not be opened.
pub(crate) fn failure(error: ReadError, sealed: Code) -> Failure {
    let code = match error {
        ReadError::Malformed(_) => Code::BadData,
        ReadError::Tampered | ReadError::NoKey | ReadError::NoIntegrity(_) => sealed,
        ReadError::TooLarge(_) | ReadError::Unsupported(_) => sealed,
    };
    Failure::new(code, error.to_string())
}
