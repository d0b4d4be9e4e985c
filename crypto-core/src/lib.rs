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
//! | [`autocrypt`] | certificates that travel with mail |
//! | [`lookup`] | certificates found outside: what to fetch, and what came, judged |
//! | [`mail`] | messages and their summaries |
//! | [`session`] | the unlocked account, and every command on it |
//!
//! ```
//! use crypto_core::keys::{KeyProfile, UnlockedKey};
//! use rand::rngs::OsRng;
//!
//! # fn main() -> Result<(), model::error::CoreError> {
//! let now = 1_795_500_000_000; // milliseconds since 1970
//! let alice = UnlockedKey::make(&mut OsRng, KeyProfile::CompatibleV4, "alice@example.org", now)?;
//! let bob = UnlockedKey::make(&mut OsRng, KeyProfile::ModernV6, "bob@example.org", now)?;
//!
//! let sealed = alice.sign_and_seal(&mut OsRng, b"Hello".to_vec(), &[bob.certificate()], now)?;
//! let opened = bob.open(&sealed.bytes, 1024)?;
//! assert_eq!(opened.bytes(), b"Hello");
//!
//! // Who wrote it, said of exactly these bytes.
//! let signatures = opened.check(alice.certificate().cert(), now);
//! assert!(signatures[0].verdict.is_good());
//!
//! // Anything changed on the way is refused, and nothing of it is released.
//! let mut changed = sealed.bytes;
//! *changed.last_mut().unwrap() ^= 1;
//! assert!(bob.open(&changed, 1024).is_err());
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod accounts;
pub mod autocrypt;
pub mod envelope;
pub mod keys;
pub mod lookup;
pub mod mail;
pub mod secret;
pub mod session;
