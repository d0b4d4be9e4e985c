//! Session key packets (RFC 9580 sections 5.1 and 5.3), and session keys from passwords.

use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{PacketHeader, PublicKeyEncryptedSessionKey, SymKeyEncryptedSessionKey};
use pgp::types::{KeyId, PkeskVersion, SkeskVersion, StringToKey, Tag};
use zeroize::Zeroizing;

use super::error::ReadError;
use super::sealed::Format;
use crate::{SessionKey, profile};

/// A session key, sealed to a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkesk {
    packet: PublicKeyEncryptedSessionKey,
}

/// Whom a session key packet says it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// It does not say.
    Hidden,
    /// The key with this key id (version 3 packets).
    KeyId([u8; 8]),
    /// The key with this fingerprint (version 6 packets).
    Fingerprint(Vec<u8>),
}

impl Pkesk {
    /// Reads the body of a packet; none if its version or algorithm is not known here.
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > profile::MAX_SESSION_KEY_PACKET_BYTES || !matches!(body.first(), Some(3 | 6)) {
            return None;
        }
        let length = u32::try_from(body.len()).ok()?;
        let header = PacketHeader::new_fixed(Tag::PublicKeyEncryptedSessionKey, length);
        let packet = PublicKeyEncryptedSessionKey::try_from_reader(header, body).ok()?;
        Some(Self { packet })
    }

    /// Whom it is for.
    pub fn recipient(&self) -> Recipient {
        match &self.packet {
            PublicKeyEncryptedSessionKey::V3 { id, .. } if *id == KeyId::WILDCARD => Recipient::Hidden,
            PublicKeyEncryptedSessionKey::V3 { id, .. } => {
                id.as_ref().try_into().map_or(Recipient::Hidden, Recipient::KeyId)
            }
            PublicKeyEncryptedSessionKey::V6 { fingerprint: Some(fingerprint), .. } => {
                Recipient::Fingerprint(fingerprint.as_bytes().to_vec())
            }
            _ => Recipient::Hidden,
        }
    }

    /// The library's packet, for those who hold secret keys.
    pub fn packet(&self) -> &PublicKeyEncryptedSessionKey {
        &self.packet
    }

    /// Whether it goes with content in this format: version 6 with SEIPDv2, version 3 with the others. Any
    /// other pair would let an attacker choose a weaker format for a session key.
    pub(super) fn fits(&self, format: Format) -> bool {
        match self.packet.version() {
            PkeskVersion::V3 => format != Format::SeipdV2,
            PkeskVersion::V6 => format == Format::SeipdV2,
            PkeskVersion::Other(_) => false,
        }
    }
}

/// What the passwords of one message may cost in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effort {
    /// Octets that may still be hashed.
    hashed: u64,
    /// Kibibytes that Argon2 may still fill.
    filled: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { hashed: profile::MAX_S2K_HASHED_BYTES, filled: profile::MAX_ARGON2_WORK_KIB }
    }
}

impl Effort {
    /// At most so many octets hashed (iterated S2K, RFC 9580 section 3.7.1.3) and so many KiB filled, all passes
    /// counted (Argon2, section 3.7.1.4): less than the default, which is for a person who waits.
    pub fn within(hashed: u64, filled: u64) -> Self {
        let most = Self::default();
        Self { hashed: hashed.min(most.hashed), filled: filled.min(most.filled) }
    }
}

/// A session key, sealed with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skesk {
    packet: SymKeyEncryptedSessionKey,
}

impl Skesk {
    /// Reads the body of a packet; none if its version, cipher, mode or way from password to key is not known
    /// here.
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > profile::MAX_SESSION_KEY_PACKET_BYTES {
            return None;
        }
        // rPGP 0.21 panics on a mode it does not know, and on ciphers without a key size.
        let (cipher, mode) = match *body {
            [4, cipher, ..] => (cipher, None),
            [5, cipher, mode, ..] => (cipher, Some(mode)),
            [6, _, cipher, mode, ..] => (cipher, Some(mode)),
            _ => return None,
        };
        let cipher = SymmetricKeyAlgorithm::from(cipher);
        // Whether an old cipher is let in is decided where the content is opened.
        if !(profile::cipher_counts(cipher) || profile::old_cipher(cipher).is_some())
            || mode.is_some_and(|mode| !profile::mode_counts(AeadAlgorithm::from(mode)))
        {
            return None;
        }
        let length = u32::try_from(body.len()).ok()?;
        let header = PacketHeader::new_fixed(Tag::SymKeyEncryptedSessionKey, length);
        let packet = SymKeyEncryptedSessionKey::try_from_reader(header, body).ok()?;
        match packet.s2k()? {
            StringToKey::Simple { hash_alg } | StringToKey::Salted { hash_alg, .. } => {
                let modern = packet.version() == SkeskVersion::V6;
                (hash_alg.digest_size().is_some() && !modern).then_some(())?;
            }
            StringToKey::IteratedAndSalted { hash_alg, .. } => {
                let modern = packet.version() == SkeskVersion::V6;
                (hash_alg.digest_size().is_some() && (!modern || profile::hash_counts(*hash_alg)))
                    .then_some(())?;
            }
            StringToKey::Argon2 { .. } => {}
            _ => return None,
        }
        Some(Self { packet })
    }

    /// The library's packet.
    pub fn packet(&self) -> &SymKeyEncryptedSessionKey {
        &self.packet
    }

    /// Whether it goes with content in this format.
    pub(super) fn fits(&self, format: Format) -> bool {
        match self.packet.version() {
            SkeskVersion::V4 => format != Format::SeipdV2,
            SkeskVersion::V5 => format == Format::GnuPgAead,
            SkeskVersion::V6 => format == Format::SeipdV2,
            SkeskVersion::Other(_) => false,
        }
    }

    /// The session key that `password` opens. In version 4 packets a wrong password gives a wrong key, or
    /// none; only the message itself shows which ([`Reader::try_keys`](super::Reader::try_keys)).
    ///
    /// # Errors
    /// `TooLarge` if the derivation costs more than is left of `effort`, `NoKey` if the password is wrong.
    pub fn session_key(&self, password: &[u8], effort: &mut Effort) -> Result<SessionKey, ReadError> {
        let (Some(cipher), Some(s2k)) = (self.packet.sym_algorithm(), self.packet.s2k()) else {
            return Err(ReadError::Unsupported("a session key packet"));
        };
        effort.spend(s2k, password, cipher.key_size())?;
        let derived = s2k.derive_key(password, cipher.key_size()).map_err(|_| ReadError::NoKey)?;
        let direct = self.packet.version() == SkeskVersion::V4
            && self.packet.encrypted_key().is_none_or(|sealed| sealed.is_empty());
        if direct {
            return Ok(SessionKey::new(Some(cipher), Zeroizing::new(derived.as_ref().to_vec())));
        }
        // The key and its tag, at least.
        if self.packet.version() != SkeskVersion::V4
            && self.packet.encrypted_key().is_none_or(|sealed| sealed.len() < 16)
        {
            return Err(ReadError::NoKey);
        }
        let opened = self.packet.decrypt(derived.as_ref()).map_err(|_| ReadError::NoKey)?;
        Ok(from_library(&opened))
    }
}

/// Our form of the library's session key.
fn from_library(key: &pgp::composed::PlainSessionKey) -> SessionKey {
    use pgp::composed::PlainSessionKey as P;
    match key {
        P::V3_4 { sym_alg, key } => SessionKey::new(Some(*sym_alg), Zeroizing::new(key.as_ref().to_vec())),
        P::V5 { key } | P::V6 { key } => SessionKey::new(None, Zeroizing::new(key.as_ref().to_vec())),
    }
}

impl Effort {
    /// Takes the cost of one derivation from what is left.
    pub(super) fn spend(
        &mut self,
        s2k: &StringToKey,
        password: &[u8],
        key_bytes: usize,
    ) -> Result<(), ReadError> {
        const COSTLY: ReadError = ReadError::TooLarge("opening it by password costs too much");
        match s2k {
            StringToKey::Argon2 { t, p, m_enc, .. } => {
                if u32::from(*m_enc) > profile::MAX_ARGON2_MEMORY_EXPONENT || *t == 0 || *p == 0 || *p > 32 {
                    return Err(COSTLY);
                }
                let work = u64::from(*t) << m_enc;
                self.filled = self.filled.checked_sub(work).ok_or(COSTLY)?;
            }
            StringToKey::IteratedAndSalted { hash_alg, count, .. } => {
                let coded = u32::from(*count);
                let octets = u64::from((16 + (coded & 15)) << ((coded >> 4) + 6));
                let once = u64::try_from(password.len()).unwrap_or(u64::MAX).saturating_add(8);
                // A key longer than the digest is hashed again for its second half.
                let digest = hash_alg.digest_size().unwrap_or(1).max(1);
                let rounds = u64::try_from(key_bytes.div_ceil(digest)).unwrap_or(u64::MAX);
                let work = octets.max(once).saturating_mul(rounds);
                self.hashed = self.hashed.checked_sub(work).ok_or(COSTLY)?;
            }
            _ => {
                let once = u64::try_from(password.len()).unwrap_or(u64::MAX);
                self.hashed = self.hashed.checked_sub(once).ok_or(COSTLY)?;
            }
        }
        Ok(())
    }
}
