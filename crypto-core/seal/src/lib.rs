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
#![warn(missing_docs)]

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
