//! Opening sealed messages. Nothing is released before its integrity is proven (R33); content and
//! signatures leave as one value (R37, R44).

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use seal::cert::{FetchedCert, Fingerprint};
use seal::profile;
use seal::reading::{Limits, ReadError, read_message};
use seal::verify::{SignatureClaim, Verdict};

use super::{UnlockedKey, session_keys};

/// The content of a sealed message and the signatures over exactly these bytes.
pub struct Opened {
    bytes: Vec<u8>,
    signatures: Vec<SignatureClaim>,
    reader: Fingerprint,
}

impl core::fmt::Debug for Opened {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Opened({} bytes, {} signatures)", self.bytes.len(), self.signatures.len())
    }
}

/// A signature over the content, checked with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSignature {
    /// Who made it, as it says itself, in hexadecimal.
    pub claimed_signer: String,
    /// What the certificate says.
    pub verdict: Verdict,
}

impl Opened {
    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether anyone claims to have signed it.
    pub fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// Checks every signature over the content with `cert`.
    pub fn check(&self, cert: &FetchedCert, now: Millis) -> Vec<OpenedSignature> {
        let check = |claim: &SignatureClaim| OpenedSignature {
            claimed_signer: claim.claimed_signer(),
            verdict: cert.cert().check_for(claim, Some(&self.reader), now),
        };
        self.signatures.iter().map(check).collect()
    }

    /// The content, the signatures over exactly it, and who opened it.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<SignatureClaim>, Fingerprint) {
        (self.bytes, self.signatures, self.reader)
    }
}

impl UnlockedKey {
    /// Opens a sealed message whose content is at most `limit` bytes.
    ///
    /// # Errors
    /// `TooLarge`, `Malformed`, `NoIntegrity` (R33), `NoKeyForMessage`, `Tampered`.
    pub fn open(&self, message: &[u8], limit: usize) -> Result<Opened, CoreError> {
        if message.len() > profile::MAX_MESSAGE_BYTES {
            return Err(CoreErrorCode::TooLarge.into());
        }
        let limit = limit.min(profile::MAX_CONTENT_BYTES);
        let limits = Limits {
            content: u64::try_from(limit).unwrap_or(u64::MAX),
            // The message itself, what is sealed in it, and compression in that.
            layers: 2 + profile::MAX_COMPRESSION_LAYERS,
            ..Limits::default()
        };
        let mut asked = false;
        let (bytes, finished) = read_message(message, limits, |locked| {
            if core::mem::replace(&mut asked, true) {
                return Err(ReadError::Malformed("it is sealed twice"));
            }
            let packets: Vec<_> = locked.pkesks.iter().map(|pkesk| pkesk.packet()).collect();
            let found = session_keys(&[&self.key], &packets);
            Ok((found.into_iter().map(|candidate| candidate.key).collect(), false))
        })
        .map_err(unread)?;
        if finished.sealed.is_none() {
            return Err(CoreError::with(CoreErrorCode::Malformed, "the message is not sealed"));
        }
        if finished.compressed && bytes.len() > message.len().saturating_mul(profile::MAX_EXPANSION) {
            return Err(CoreErrorCode::TooLarge.into());
        }
        Ok(Opened { bytes, signatures: finished.claims, reader: self.fingerprint().clone() })
    }
}

/// What a refusal of the reader means to a person.
fn unread(error: ReadError) -> CoreError {
    match error {
        ReadError::Malformed(detail) => CoreError::with(CoreErrorCode::Malformed, detail),
        ReadError::NoIntegrity(detail) => CoreError::with(CoreErrorCode::NoIntegrity, detail),
        ReadError::Tampered => CoreErrorCode::Tampered.into(),
        ReadError::NoKey => CoreErrorCode::NoKeyForMessage.into(),
        ReadError::TooLarge(detail) => CoreError::with(CoreErrorCode::TooLarge, detail),
        ReadError::Unsupported(_) => CoreError::with(CoreErrorCode::Malformed, error.to_string()),
    }
}
