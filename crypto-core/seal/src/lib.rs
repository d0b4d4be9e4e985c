//! What anyone may do with an OpenPGP certificate: parse it, judge it, seal to it, verify with it.
//! No secret keys live here; a server may link this crate.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`profile`] | the one place for algorithms, limits and rejections |
//! | [`armor`] | ASCII armor, written and read in pieces |
//! | [`cert`] | certificates: parsed, judged with reasons, merged; `FetchedCert → TrustedCert`; fingerprints |
//! | [`signature`] | a signature packet, kept byte for byte |
//! | [`packets`] | packet framing |
//! | [`reading`] | messages read: sealed, signed, compressed, cleartext |
//! | [`hashing`] | digests of content, as signatures cover it |
//! | [`sealing`] | sealing bytes to certificates |
//! | [`writing`] | messages and signatures, in pieces and in one pass |
//! | [`verify`] | checking signatures and their signers |
//!
//! There is no clock and no input or output in here: bytes go in and come out, times are arguments, in milliseconds
//! since 1970. Sections of RFC 9580 (OpenPGP) are named where its rules are carried out.
//!
//! ```
//! use seal::cert::{FetchedCert, Trust};
//! use seal::reading::{Limits, ReadError, read_message};
//! use seal::sealing::{Naming, seal};
//! use seal::verify::detached;
//! # const CERTIFICATE: &str = include_str!("../../fuzz/seeds/certificate/armored-v4");
//! # const SIGNATURE: &str = include_str!("../../fuzz/seeds/signatures/armored-v4");
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let now = 1_795_500_000_000; // 2026-11-24
//!
//! // A certificate from anywhere: parsed, judged, and trusted for a reason.
//! let cert = FetchedCert::parse(CERTIFICATE.as_bytes())?;
//! cert.judge(now, Some("alice@hedgerow.test"))?;
//!
//! // A signature apart from its content.
//! let claims = detached(SIGNATURE.as_bytes())?;
//! assert!(cert.cert().check(&claims[0].over(b"Hedgerow\r\n"), now).is_good());
//! assert!(!cert.cert().check(&claims[0].over(b"Hedgehog\r\n"), now).is_good());
//!
//! // A message that only she can open, in the newest form that her certificate announces.
//! let alice = cert.trust(Trust::FirstSeen);
//! let sealed = seal(&mut rand::rngs::OsRng, b"Hello".to_vec(), &[&alice], None, Naming::Blank, now)?;
//!
//! // Reading asks for the session key; whoever holds secret keys (`crypto-core`) finds it.
//! let read = read_message(&sealed.bytes, Limits::default(), |locked| {
//!     assert_eq!(locked.pkesks.len(), 1);
//!     Err(ReadError::NoKey)
//! });
//! assert_eq!(read.unwrap_err(), ReadError::NoKey);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs, clippy::missing_errors_doc)]

#[cfg(not(target_arch = "wasm32"))]
pub mod brainpool;
pub mod cert;
pub mod hashing;
pub mod packets;
pub mod profile;
pub mod reading;
pub mod sealing;
mod session_key;
pub mod signature;
pub mod verify;
pub mod writing;

pub use bulk::armor;
pub use session_key::SessionKey;

#[cfg(test)]
mod tests;

/// Why an OpenPGP operation failed. Names forms and limits, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are not an OpenPGP certificate.
    #[error("not an OpenPGP certificate: {0}")]
    MalformedCertificate(&'static str),
    /// The certificate is larger than any honest one (R41).
    #[error("the certificate is too large: {0}")]
    CertificateTooLarge(&'static str),
    /// The certificate may not be used.
    #[error(transparent)]
    Refused(#[from] cert::Refusal),
    /// Nobody to seal to.
    #[error("there is nobody to seal to")]
    NoRecipients,
    /// More recipients or more bytes than the profile allows.
    #[error("the message is too large")]
    TooLarge,
    /// The bytes are not OpenPGP signatures.
    #[error("not an OpenPGP signature")]
    MalformedSignature,
    /// The caller asked for something that does not fit together.
    #[error("{0}")]
    Misused(&'static str),
    /// The library refused, which a judged certificate should make impossible.
    #[error("OpenPGP operation failed")]
    Failed,
}
