//! [`Limits`]: how much a message may cost its reader.

use crate::profile;

/// How much a message may cost its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most octets of content.
    pub content: u64,
    /// Most octets of a SEIPDv1 message that are held back until its integrity is known.
    pub held: u64,
    /// Most octets that compressed data may become for each octet of it …
    pub expansion: u64,
    /// … beyond these.
    pub expansion_free: u64,
    /// Most layers of sealing and compression inside each other.
    pub layers: usize,
    /// Most signatures.
    pub signatures: usize,
    /// Most session key packets.
    pub recipients: usize,
}

impl Default for Limits {
    /// The limits for mail.
    fn default() -> Self {
        Self {
            content: u64::try_from(profile::MAX_CONTENT_BYTES).unwrap_or(u64::MAX),
            held: u64::try_from(profile::MAX_MESSAGE_BYTES).unwrap_or(u64::MAX),
            expansion: u64::try_from(profile::MAX_EXPANSION).unwrap_or(u64::MAX),
            expansion_free: profile::FREE_EXPANSION_BYTES,
            layers: profile::MAX_LAYERS,
            signatures: profile::MAX_SIGNATURES,
            recipients: profile::MAX_RECIPIENTS,
        }
    }
}

impl Limits {
    /// The limits for streams: content of any length, as long as it need not be held back.
    pub fn streaming() -> Self {
        Self { content: u64::MAX, ..Self::default() }
    }

    /// With at most this many octets of content.
    pub fn with_content(self, content: u64) -> Self {
        Self { content, ..self }
    }

    /// With at most this many octets held back.
    pub fn with_held(self, held: u64) -> Self {
        Self { held, ..self }
    }
}
