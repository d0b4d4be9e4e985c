//! Opening sealed messages. Nothing is released before its integrity is proven (R33); content and
//! signatures leave as one value (R37, R44).

use std::io::Read as _;

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::composed::{DecryptionOptions, Edata, Esk, Message, PlainSessionKey, RawSessionKey, TheRing};
use pgp::packet::{ProtectedDataConfig, SymEncryptedProtectedDataConfig};
use pgp::types::Seipdv1ReadMode;
use seal::cert::{FetchedCert, Fingerprint};
use seal::profile;
use seal::signature::SignaturePacket;
use seal::verify::{Detached, Verdict};

use super::{UnlockedKey, session_keys};

/// The content of a sealed message and the signatures over exactly these bytes.
pub struct Opened {
    bytes: Vec<u8>,
    signatures: Vec<Detached>,
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
        check_all(&self.signatures, &self.bytes, cert, Some(&self.reader), now)
    }
}

/// Checks every claim over exactly `bytes`.
pub(crate) fn check_all(
    claims: &[Detached],
    bytes: &[u8],
    cert: &FetchedCert,
    reader: Option<&Fingerprint>,
    now: Millis,
) -> Vec<OpenedSignature> {
    claims
        .iter()
        .map(|claim| OpenedSignature {
            claimed_signer: claim.claimed_signer(),
            verdict: claim.check(bytes, cert, reader, now),
        })
        .collect()
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
        let parsed = Message::from_bytes(message).map_err(|_| CoreErrorCode::Malformed)?;
        let Message::Encrypted { esk, edata, .. } = &parsed else {
            return Err(CoreError::with(CoreErrorCode::Malformed, "the message is not sealed"));
        };
        let session_key = self.session_key(esk, edata)?;

        let ring = TheRing {
            session_keys: vec![session_key],
            decrypt_options: DecryptionOptions::new().enable_gnupg_aead().set_seipdv1_read_mode(
                Seipdv1ReadMode::CheckFirst { max_message_size: profile::MAX_MESSAGE_BYTES + 1024 },
            ),
            ..TheRing::default()
        };
        let tampered = |_| CoreError::new(CoreErrorCode::Tampered);
        let (mut content, _) = parsed.decrypt_the_ring(ring, true).map_err(tampered)?;
        let mut compressed = false;
        for _ in 0..profile::MAX_COMPRESSION_LAYERS {
            if content.literal_data_header().is_some() {
                break;
            }
            compressed = true;
            content = content.decompress().map_err(tampered)?;
        }
        if content.literal_data_header().is_none() {
            return Err(CoreError::with(CoreErrorCode::Malformed, "nested too deeply"));
        }

        let mut limit = limit.min(profile::MAX_CONTENT_BYTES);
        if compressed {
            limit = limit.min(message.len().saturating_mul(profile::MAX_EXPANSION));
        }
        let mut bytes = Vec::with_capacity(message.len().min(limit));
        let cap = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        content.by_ref().take(cap).read_to_end(&mut bytes).map_err(|_| CoreErrorCode::Tampered)?;
        if bytes.len() > limit {
            return Err(CoreErrorCode::TooLarge.into());
        }

        let mut signatures = Vec::new();
        if let Message::Signed { reader, .. } = &content {
            if reader.num_signatures() > profile::MAX_SIGNATURES {
                return Err(CoreErrorCode::TooLarge.into());
            }
            for index in 0..reader.num_signatures() {
                let signature = reader.signature(index).ok_or(CoreErrorCode::Tampered)?;
                let packet = SignaturePacket::from_pgp(signature).map_err(|_| CoreErrorCode::Malformed)?;
                signatures.push(Detached::new(packet));
            }
        }
        Ok(Opened { bytes, signatures, reader: self.fingerprint().clone() })
    }

    fn session_key(&self, esk: &[Esk], edata: &Edata<'_>) -> Result<PlainSessionKey, CoreError> {
        let config = match edata {
            Edata::SymEncryptedData { .. } => return Err(CoreErrorCode::NoIntegrity.into()),
            Edata::SymEncryptedProtectedData { reader } | Edata::GnupgAeadData { reader } => reader.config(),
        };
        let weak = || CoreError::with(CoreErrorCode::NoIntegrity, "the cipher is too weak");
        match config {
            ProtectedDataConfig::Seipd(SymEncryptedProtectedDataConfig::V1) => {}
            ProtectedDataConfig::Seipd(SymEncryptedProtectedDataConfig::V2 { sym_alg, aead, .. })
            | ProtectedDataConfig::GnupgAead(pgp::packet::GnupgAeadDataConfig { sym_alg, aead, .. }) => {
                // rPGP 0.21 panics on a mode it does not know.
                if !profile::cipher_counts(*sym_alg) || !profile::mode_counts(*aead) {
                    return Err(weak());
                }
            }
        }
        if esk.len() > profile::MAX_RECIPIENTS {
            return Err(CoreErrorCode::TooLarge.into());
        }
        let packets: Vec<_> = esk
            .iter()
            .filter_map(|packet| match packet {
                Esk::PublicKeyEncryptedSessionKey(packet) => Some(packet),
                Esk::SymKeyEncryptedSessionKey(_) => None,
            })
            .collect();
        let found = session_keys(&[&self.key], &packets).into_iter().next();
        let found = found.ok_or(CoreErrorCode::NoKeyForMessage)?.key;
        let key = RawSessionKey::from(found.bytes());
        match found.cipher() {
            Some(cipher) if !profile::cipher_counts(cipher) => Err(weak()),
            Some(sym_alg) => Ok(PlainSessionKey::V3_4 { sym_alg, key }),
            None => Ok(PlainSessionKey::V6 { key }),
        }
    }
}
