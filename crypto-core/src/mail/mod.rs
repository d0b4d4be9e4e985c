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
//! | `padding` | sizes that tell little (R26) |
//! | `mime` | reading foreign MIME within limits |
//! | `names` | foreign names made harmless (R47) |
//! | `summary` | the row of a message in a list |
//! | `sealing`, `opening` | the two ways through the seal |

mod compose;
mod encode;
mod mime;
mod names;
mod opening;
mod padding;
mod sealing;
mod summary;

#[cfg(test)]
mod tests;

pub use opening::{KnownSigner, OpenedMail, SignerKind, open_message, open_summary};
pub use sealing::{SealedMail, seal_draft, seal_message};
