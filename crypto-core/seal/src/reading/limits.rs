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
    /// Whether SEIPDv1 under the ciphers of old mail is opened (native programs only): RFC 9580 section 9.3 lets
    /// a reader do so, and mail of the last decades cannot be read otherwise.
    pub old_ciphers: bool,
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
            old_ciphers: false,
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

    /// With the ciphers of old mail.
    pub fn with_old_ciphers(self) -> Self {
        Self { old_ciphers: true, ..self }
    }

    /// With at most this many signatures.
    pub fn with_signatures(self, signatures: usize) -> Self {
        Self { signatures, ..self }
    }

    /// With at most this many octets held back.
    pub fn with_held(self, held: u64) -> Self {
        Self { held, ..self }
    }
}
