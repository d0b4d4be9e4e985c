//! Hedgerow's crypto core: what only the holder of the keys may do.
//!
//! Sans-I/O: clock and randomness are arguments, network and storage belong to the caller. The one face
//! the webmail's worker needs is [`session::Session`]: commands of `model::worker` in, replies out.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`envelope`] | ZKE1, the sealed form of everything that is not an OpenPGP message |
//! | [`secret`] | key material and passphrases: wiped, unprintable |
//! | [`accounts`] | OPAQUE, slots, recovery phrase, account state, pins, settings |
//! | [`keys`] | OpenPGP secret keys |
//! | [`mail`] | messages and their summaries |
//! | [`session`] | the unlocked account, and every command on it |
#![warn(missing_docs)]

pub mod accounts;
pub mod envelope;
pub mod keys;
pub mod mail;
pub mod secret;
pub mod session;
