//! Why something a person wanted did not happen.

use model::error::{CoreError, CoreErrorCode};
use std::fmt;
use wire::error::{ErrorBody, ErrorCode};

/// Refused by the core, by the server, or broken in between.
#[derive(Debug)]
pub enum Refusal {
    /// The crypto core refused.
    Core(CoreError),
    /// The server refused.
    Server(ErrorBody),
    /// No answer, or one that makes no sense.
    Broken(anyhow::Error),
}

impl Refusal {
    /// The core's code, if the core refused.
    pub fn core(&self) -> Option<CoreErrorCode> {
        if let Self::Core(error) = self { Some(error.code) } else { None }
    }

    /// The server's code, if the server refused.
    pub fn server(&self) -> Option<ErrorCode> {
        if let Self::Server(error) = self { Some(error.code) } else { None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => write!(f, "the core refused: {error}"),
            Self::Server(error) => {
                write!(f, "the server refused: {}: {}", error.code.as_str(), error.message)
            }
            Self::Broken(error) => write!(f, "broken: {error:#}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<CoreError> for Refusal {
    fn from(error: CoreError) -> Self {
        Self::Core(error)
    }
}

impl From<reqwest::Error> for Refusal {
    fn from(error: reqwest::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// What a person gets.
pub type Outcome<T> = Result<T, Refusal>;

/// Asserts that the core refused with one of these codes.
///
/// # Errors
/// Says what happened instead.
pub fn refused<T>(outcome: Outcome<T>, codes: &[CoreErrorCode]) -> anyhow::Result<CoreError> {
    match outcome {
        Err(Refusal::Core(error)) if codes.contains(&error.code) => Ok(error),
        Err(other) => anyhow::bail!("refused otherwise than by {codes:?}: {other}"),
        Ok(_) => anyhow::bail!("not refused (expected {codes:?})"),
    }
}
