//! Mail: from a draft to sealed bytes and back.
//!
//! ```text
//! seal_message(key, draft, protection, from, certs: &[(Address, TrustedCert)], now, rng) -> Result<SealedMail, CoreError>
//! seal_draft(key, draft, from, now, rng) -> Result<SealedMail, CoreError>       // no deliveries
//! open_summary(key, view) -> Result<Summary, CoreError>
//! open_message(key, view, blob, lookup: &dyn Fn(&Address) -> Option<KnownSigner>, now) -> Result<OpenedMail, CoreError>
//! ClaimedMail::read(mail, reader, open) -> Result<ClaimedMail, CoreError>       // PGP/MIME, inline PGP, or neither
//! claimed.verify(signer, now) -> VerifiedMail                                  // the only way to text with an author
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `compose` | a draft as an exact MIME message with protected headers (RFC 9788) |
//! | `encode` | the encodings of headers and parts |
//! | `mime` | reading foreign MIME within limits |
//! | `html` | what is shown of HTML where only text is shown |
//! | `pgpmime` | `multipart/signed` and `multipart/encrypted`, byte for byte (RFC 3156) |
//! | `inline` | OpenPGP blocks in texts |
//! | `protected` | header protection (RFC 9788, and the form before it) |
//! | `covered` | bytes with the signatures over exactly them |
//! | `layers` | a mail taken apart from its root |
//! | `verified` | what was proven: text, attachments and header, each with its author (R37, R38, R44) |
//! | `sealing`, `opening` | the two ways through the seal |
//! | `setup_mail` | the mail around an Autocrypt Setup Message |
//! | `transport` | PGP/MIME for programs that are not ours |
//!
//! Summaries, padding and harmless names are in `letter`: a server that seals mail on arrival needs them too.

mod compose;
mod covered;
mod encode;
mod inline;
mod layers;
mod mime;
mod opening;
mod pgpmime;
mod protected;
mod sealing;
pub(crate) mod setup_mail;
mod transport;
mod verified;

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod gnupg_tests;
#[cfg(test)]
mod protected_tests;
#[cfg(test)]
mod tests;

use letter::{html, names, padding};

pub use layers::Opener;
pub use mime::Head;
pub use opening::{OpenedMail, UnjudgedMessage, open_message, open_summary};
pub use sealing::{Recipients, SealedMail, seal_draft, seal_for, seal_message};
pub use transport::for_transport;
pub use verified::{ClaimedMail, KnownSigner, SignerKind, VerifiedMail, VerifiedSection};
