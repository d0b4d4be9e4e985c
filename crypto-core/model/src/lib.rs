//! What a person sees, and the commands and replies of the crypto worker.
//!
//! No cryptography: the page links this crate and never `crypto-core`. A [`Command`](worker::Command)
//! goes to the worker, a [`Reply`](worker::Reply) comes back; secrets live in the worker only.
//!
//! Both are keyed by name, and what is confidential does not print:
//!
//! ```
//! use model::worker::Command;
//!
//! # fn main() -> serde_json::Result<()> {
//! let command: Command =
//!     serde_json::from_str(r#"{"rate_passphrase":{"passphrase":"a hedge between two fields"}}"#)?;
//! assert!(matches!(&command, Command::RatePassphrase { passphrase } if passphrase.0.contains("hedge")));
//! assert!(!format!("{command:?}").contains("hedge"));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod accounts;
pub mod error;
pub mod mail;
pub mod worker;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;
