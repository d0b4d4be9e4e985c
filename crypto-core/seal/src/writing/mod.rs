//! Writing messages: sealed, signed, or both; detached signatures; text signed in the open.
//!
//! Everything is a push machine without input or output of its own; the clock and the random numbers are
//! arguments, so that the same arguments give the same octets. Nothing is ever compressed: the size of
//! compressed text tells of the text.
//!
//! | Item | What it does |
//! |---|---|
//! | [`plan()`] | the newest form that every recipient can read, and why |
//! | [`Writer`], [`write()`] | messages: sealed to keys and passwords, signed, or signed only |
//! | [`Detached`], [`sign_detached`] | signatures apart from the content |
//! | [`Cleartext`], [`cleartext_sign`] | text signed in the open |
//! | [`Job`], [`ToSign`] | what a host with faster ciphers, hashes or RSA does itself |

mod cleartext;
mod detached;
mod framing;
mod host;
mod output;
mod plan;
mod recipients;
mod signatures;
mod writer;

#[cfg(test)]
mod tests;

pub use pgp::crypto::aead::AeadAlgorithm as Mode;
pub use pgp::crypto::hash::HashAlgorithm as Hash;
pub use pgp::crypto::sym::SymmetricKeyAlgorithm as BlockCipher;
pub use pgp::types::SigningKey;

pub use cleartext::{Cleartext, cleartext_sign};
pub use detached::{Detached, sign_detached};
pub use host::{Cipher, Engine, Job, Part};
pub use plan::{Announced, Format, Plan, plan};
pub use recipients::{KeyPacket, Naming, Password, PasswordForm, Recipient};
pub use signatures::{ContentKind, Signed, SignerKey, ToSign};
pub use writer::{Options, Writer, write};
