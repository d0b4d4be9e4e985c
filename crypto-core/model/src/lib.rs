//! What a person sees, and the commands and replies of the crypto worker.
//!
//! No cryptography: the page links this crate and never `crypto-core`. A [`Command`](worker::Command)
//! goes to the worker, a [`Reply`](worker::Reply) comes back; secrets live in the worker only.
#![warn(missing_docs)]

pub mod accounts;
pub mod error;
pub mod mail;
pub mod worker;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;
