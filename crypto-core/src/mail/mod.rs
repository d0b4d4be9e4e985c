//! Mail: from a draft to sealed bytes and back.
//!
//! ```text
//! seal_message(key, draft, protection, from, certs: &[(Address, TrustedCert)], now, rng) -> Result<SealedMail, CoreError>
//! seal_draft(key, draft, from, now, rng) -> Result<SealedMail, CoreError>       // no deliveries
//! open_summary(key, view) -> Result<Summary, CoreError>
//! open_message(key, view, blob, lookup: &dyn Fn(&Address) -> Option<KnownSigner>, now) -> Result<OpenedMail, CoreError>
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `compose` | a draft as an exact MIME message with protected headers (RFC 9788) |
//! | `encode` | the encodings of headers and parts |
//! | `mime` | reading foreign MIME within limits |
//! | `sealing`, `opening` | the two ways through the seal |
//!
//! Summaries, padding and harmless names are in `letter`: a server that seals mail on arrival needs them too.

mod compose;
mod encode;
mod mime;
mod opening;
mod sealing;

#[cfg(test)]
mod tests;

use letter::{names, padding};

pub use opening::{KnownSigner, OpenedMail, SignerKind, open_message, open_summary};
pub use sealing::{SealedMail, seal_draft, seal_message};
