//! Why the core refused, as a closed list of stable codes. The page owns the words and the remedies.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreErrorCode {
    /// The passphrase is wrong (or the server lied; both look the same by design).
    WrongPassphrase,
    /// The passphrase is shorter than 12 characters.
    PassphraseTooShort,
    /// The recovery phrase is not 24 known words with a right checksum.
    MalformedPhrase,
    /// The recovery phrase does not open this account.
    WrongPhrase,
    /// There are no unlocked keys.
    Locked,
    /// The commands came in an order that makes no sense.
    OutOfOrder,
    /// The server asks for a suite the account never used (R6, R7).
    UnknownSuite,
    /// Sealed bytes are not of the documented form.
    Malformed,
    /// Sealed bytes are damaged, or were sealed for another place (R1, R3).
    Tampered,
    /// The server offers an older state than this device has seen (R11).
    RolledBack,
    /// A stored key is not the one the account state names, or its public part was changed (R4).
    KeySubstituted,
    /// The certificate cannot be used; the detail says why.
    UnusableCertificate,
    /// The certificate of a known contact changed (R15).
    CertificateChanged,
    /// Nothing in the message is sealed for a key of this account.
    NoKeyForMessage,
    /// The message has no integrity protection (R33).
    NoIntegrity,
    /// The message is larger or more deeply nested than this client reads.
    TooLarge,
    /// The mail inside is not well formed.
    MalformedMail,
    /// An address is not an address.
    MalformedAddress,
    /// There is no such attachment in this message.
    NoSuchAttachment,
    /// A fault of the program.
    Internal,
}

/// A refusal of the core. `detail` names algorithms, dates or fingerprints; never content or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreError {
    /// The stable code.
    pub code: CoreErrorCode,
    /// An English phrase for the curious, or empty.
    #[serde(default)]
    pub detail: String,
}

impl CoreError {
    /// A refusal without a detail.
    pub fn new(code: CoreErrorCode) -> Self {
        Self { code, detail: String::new() }
    }

    /// A refusal with a detail.
    pub fn with(code: CoreErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<CoreErrorCode> for CoreError {
    fn from(code: CoreErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<letter::Malformed> for CoreError {
    fn from(_: letter::Malformed) -> Self {
        Self::new(CoreErrorCode::Malformed)
    }
}

impl fmt::Display for CoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.code)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for CoreError {}
