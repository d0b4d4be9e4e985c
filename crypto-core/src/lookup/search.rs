//! A search in the Web Key Directory, step by step.

use model::error::CoreError;

use super::request::{Request, wkd_urls};

/// What came of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The status was 200; these are the first bytes of the body, one more than the limit at most.
    Body(Vec<u8>),
    /// The host is there, and has nothing under this name (any other status).
    Nothing,
    /// There is no host of this name, says the name server.
    NoHost,
    /// Nobody answered, or TLS failed: nothing is known.
    Unreachable,
}

/// A search for one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WkdSearch {
    /// Fetch this, then [`next`](WkdSearch::next).
    Fetch(Request, Option<Box<Request>>),
    /// A body to be judged, with where it came from.
    Came(Request, Vec<u8>),
    /// The directory has no certificate, or there is no directory.
    Absent,
    /// Try again later. Nothing else may be concluded: who can keep one answer away must not choose another.
    Unknown,
}

impl WkdSearch {
    /// Begins a search.
    ///
    /// # Errors
    /// `MalformedAddress`.
    pub fn begin(address: &str) -> Result<Self, CoreError> {
        let [advanced, direct] = wkd_urls(address)?;
        Ok(Self::Fetch(advanced, Some(Box::new(direct))))
    }

    /// Goes on with what came. The direct method is for domains without the host of the advanced one, and not for
    /// when that fails (section 3.1).
    #[must_use]
    pub fn next(self, answer: Answer) -> Self {
        match (self, answer) {
            (Self::Fetch(request, _), Answer::Body(body)) => Self::Came(request, body),
            (Self::Fetch(_, Some(direct)), Answer::NoHost) => Self::Fetch(*direct, None),
            (Self::Fetch(..), Answer::Nothing | Answer::NoHost) => Self::Absent,
            (Self::Fetch(..), Answer::Unreachable) => Self::Unknown,
            (ended, _) => ended,
        }
    }
}
