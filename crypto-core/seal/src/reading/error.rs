//! Why a message is not read.

use crate::packets::FrameError;
use bulk::armor::ArmorError;
use bulk::{Tampered, Unsupported};

/// Why a message is not read. The texts name forms and limits, never content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It breaks the rules of OpenPGP messages.
    #[error("not an OpenPGP message: {0}")]
    Malformed(&'static str),
    /// Nothing shows that nobody changed it.
    #[error("the message has no sound protection against changes ({0}); ask the sender to seal it anew")]
    NoIntegrity(&'static str),
    /// Somebody changed it, or it was cut off.
    #[error("the message was changed or cut off on its way; ask for it to be sent again")]
    Tampered,
    /// No key or password at hand opens it.
    #[error("no key or password at hand opens this message")]
    NoKey,
    /// It is larger, deeper or costlier than the limits allow.
    #[error("the message exceeds a limit: {0}")]
    TooLarge(&'static str),
    /// It uses what is not read here.
    #[error("the message uses a form that is not supported: {0}")]
    Unsupported(&'static str),
}

impl From<FrameError> for ReadError {
    fn from(error: FrameError) -> Self {
        Self::Malformed(match error {
            FrameError::CutOff => "it was cut off",
            FrameError::NoHeader => "there is no packet where one should begin",
            FrameError::TypeZero => "a packet has the type 0",
            FrameError::Length => "a packet has a length that is not allowed",
        })
    }
}

impl From<ArmorError> for ReadError {
    fn from(_: ArmorError) -> Self {
        Self::Malformed("its armor is broken")
    }
}

impl From<Tampered> for ReadError {
    fn from(_: Tampered) -> Self {
        Self::Tampered
    }
}

impl From<Unsupported> for ReadError {
    fn from(error: Unsupported) -> Self {
        match error {
            Unsupported::TooLarge => Self::TooLarge("more than one key may seal"),
            Unsupported::Cipher => Self::Unsupported("the cipher"),
            Unsupported::Mode => Self::Unsupported("the AEAD mode"),
            Unsupported::ChunkSize => Self::Unsupported("the size of its chunks"),
            Unsupported::KeyLength | Unsupported::StartingVector => Self::NoKey,
        }
    }
}
