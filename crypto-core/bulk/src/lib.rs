//! The bulk of a message: block ciphers many blocks at a time, and the modes OpenPGP runs them in.
//!
//! Keys, packets and signatures stay with rPGP; the bytes of content go through here, because on wasm32 the
//! ciphers of RustCrypto do one to four blocks at a time without SIMD, and its OCB aborts on chunks of a
//! mebibyte and more.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`aead`] | the chunks of SEIPDv2 (RFC 9580 section 5.13.2) and of GnuPG's packet 20 |
//! | [`cfb`] | SEIPDv1: OpenPGP's CFB mode with the modification detection code |
//! | [`armor`] | ASCII armor, written and read in pieces |
//! | [`hash`] | hashes of content, by this program or its host |
//! | [`montgomery`] | powers modulo a prime, for RSA in the browser |
//! | [`aes`] | AES, constant-time everywhere: AES-NI natively, bitsliced on 128-bit SIMD in the browser |
//!
//! A crate of its own, because the web build compiles it for speed and what lies around it for size.
//!
//! Everything is a push machine: no input or output of its own, no clock, no randomness. Memory is bounded by
//! one chunk. Keys are wiped when a machine is dropped.

#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod aead;
pub mod aes;
pub mod armor;
pub mod cfb;
mod cipher;
mod eax;
mod gcm;
mod ghash;
pub mod hash;
pub mod limits;
mod mode;
pub mod montgomery;
mod ocb;

#[cfg(test)]
mod tests;

/// A block of every cipher here: 128 bits.
pub type Block = [u8; 16];

/// The bytes were changed, cut, or sealed with another key. What came out before this error must be thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message was changed or cut on its way, or the key is another's; ask for it to be sent again")]
pub struct Tampered;

/// What is not opened or sealed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// No cipher with 128-bit blocks that we know.
    #[error("this cipher is not supported; ask for AES")]
    Cipher,
    /// Neither OCB, EAX nor GCM.
    #[error("this AEAD mode is not supported; ask for OCB")]
    Mode,
    /// Chunks larger than 4 MiB, which RFC 9580 forbids.
    #[error("the chunks of this message are too large; ask for chunks of 4 MiB or less")]
    ChunkSize,
    /// The key is not as long as the cipher wants it.
    #[error("the session key does not fit the cipher")]
    KeyLength,
    /// The starting vector is not as long as the mode wants it.
    #[error("the starting vector does not fit the mode")]
    StartingVector,
    /// More than 2^32 blocks of 128 bits under one nonce, or more chunks than can be counted.
    #[error("the message is too large for one key; send it in parts")]
    TooLarge,
}
