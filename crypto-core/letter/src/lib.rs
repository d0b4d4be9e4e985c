//! What a mail says, for whoever seals it and whoever opens it: a client seals what it wrote, the server
//! seals what came in clear from outside, and both must come to the same summary and the same sizes.
//! No cryptography and no keys: a server may link this crate.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`summary`] | the row of a message in a list |
//! | [`arrival`] | the row of a mail that came in clear |
//! | [`html`] | HTML as text |
//! | [`padding`] | sizes that tell little (R26) |
//! | [`names`] | foreign names made harmless (R47) |
//! | [`senders`] | what the receiving server says of the sender's domain |
//! | [`dates`] | the date of a header |
#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod arrival;
pub mod dates;
pub mod html;
pub mod names;
pub mod padding;
pub mod senders;
pub mod summary;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Display name; may be empty. Bidirectional controls are stripped (R47).
    #[serde(default)]
    pub name: String,
    /// The address as text; foreign mail may hold odd ones.
    pub address: String,
}

/// The content of a sealed summary. What is shown before the message itself is opened; not yet proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The From address of the message.
    pub from: Person,
    /// To and Cc.
    pub to: Vec<Person>,
    /// Subject.
    pub subject: String,
    /// The first words, at most 120 characters.
    pub snippet: String,
    /// The Date of the message.
    pub date: Millis,
    /// Number of attachments.
    pub attachments: u32,
    /// SHA-256 of the sealed message, so that the server cannot put another behind this row. 32 bytes,
    /// hexadecimal.
    pub blob_digest: String,
}

/// The bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a summary")]
pub struct Malformed;
