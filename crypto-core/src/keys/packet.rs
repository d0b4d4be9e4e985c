//! One key packet: its public octets, its stored secret, and the secret unlocked and checked.

use core::fmt;

use model::error::{CoreError, CoreErrorCode};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PacketHeader, PublicKey, PublicSubkey};
use pgp::ser::Serialize as _;
use pgp::types::{PacketLength, Tag};
use seal::cert::Fingerprint;
use zeroize::Zeroizing;

use super::locking::{Place, Stored};
use super::octets::Octets;
use super::secret::Secret;

/// The tags of key packets.
pub(super) const SECRET_KEY: u8 = 5;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const SECRET_SUBKEY: u8 = 7;
pub(super) const PUBLIC_SUBKEY: u8 = 14;

/// The public half as rPGP reads it.
#[derive(Clone)]
pub(super) enum Public {
    Primary(PublicKey),
    Subkey(PublicSubkey),
}

impl Public {
    fn read(primary: bool, octets: &[u8]) -> Option<Self> {
        let tag = if primary { Tag::PublicKey } else { Tag::PublicSubkey };
        let length = PacketLength::Fixed(u32::try_from(octets.len()).ok()?);
        let header = PacketHeader::from_parts(pgp::types::PacketHeaderVersion::New, tag, length).ok()?;
        let (public, again) = if primary {
            let key = PublicKey::try_from_reader(header, &mut &*octets).ok()?;
            let again = key.to_bytes().ok()?;
            (Self::Primary(key), again)
        } else {
            let key = PublicSubkey::try_from_reader(header, &mut &*octets).ok()?;
            let again = key.to_bytes().ok()?;
            (Self::Subkey(key), again)
        };
        // A key that reads back otherwise (numbers with leading zeros) would have another fingerprint.
        (again == octets).then_some(public)
    }

    pub(super) fn details(&self) -> &dyn pgp::types::KeyDetails {
        match self {
            Self::Primary(key) => key,
            Self::Subkey(key) => key,
        }
    }
}

/// What is known of the secret of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretState {
    /// In memory, ready for use.
    Unlocked,
    /// Locked with a passphrase.
    Locked,
    /// Not here: it was stripped (an offline primary key), or only the public key is present.
    Absent,
    /// On a smart card.
    OnCard,
    /// Of an algorithm, curve or form that this program cannot use. It is kept as it came.
    Unusable,
}

/// A key of a [`SecretCert`](super::SecretCert).
pub(super) struct KeyPacket {
    pub(super) primary: bool,
    pub(super) version: u8,
    /// The body of the public key packet.
    pub(super) octets: Vec<u8>,
    /// `None` if rPGP cannot read it.
    pub(super) public: Option<Public>,
    pub(super) stored: Stored,
    /// The secret octets, once unlocked, checked against the public part (R4).
    pub(super) unlocked: Option<Unlocked>,
}

/// The octets of a secret, and what can be done with it.
pub(super) struct Unlocked {
    pub(super) octets: Zeroizing<Vec<u8>>,
    /// `None` if the algorithm or curve is not supported: the octets are only carried along.
    pub(super) secret: Option<Secret>,
}

impl fmt::Debug for KeyPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPacket({:?})", self.state())
    }
}

impl KeyPacket {
    /// Reads the body of a secret or public key packet. A plain secret is checked at once.
    ///
    /// # Errors
    /// `Malformed` if the public part has no end, `KeySubstituted` (R4).
    pub(super) fn read(tag: u8, body: &[u8]) -> Result<Self, CoreError> {
        let malformed = || CoreError::with(CoreErrorCode::Malformed, "a key packet cannot be read");
        let primary = matches!(tag, SECRET_KEY | PUBLIC_KEY);
        let version = *body.first().ok_or_else(malformed)?;
        let is_secret = matches!(tag, SECRET_KEY | SECRET_SUBKEY);
        let length = if is_secret { public_length(body).ok_or_else(malformed)? } else { body.len() };
        let (octets, rest) = body.split_at_checked(length).ok_or_else(malformed)?;
        let (stored, plain) = if is_secret { Stored::read(version, rest) } else { (Stored::Public, None) };
        let mut packet = Self {
            primary,
            version,
            octets: octets.to_vec(),
            public: Public::read(primary, octets),
            stored,
            unlocked: None,
        };
        if let Some(plain) = plain {
            packet.accept(plain)?;
        }
        Ok(packet)
    }

    /// Of a key that was just made.
    pub(super) fn made(
        public: Public,
        secret: Secret,
        octets: Zeroizing<Vec<u8>>,
    ) -> Result<Self, CoreError> {
        let (primary, bytes) = match &public {
            Public::Primary(key) => (true, key.to_bytes()),
            Public::Subkey(key) => (false, key.to_bytes()),
        };
        Ok(Self {
            primary,
            version: u8::from(public.details().version()),
            octets: bytes.map_err(super::internal)?,
            public: Some(public),
            stored: Stored::Plain,
            unlocked: Some(Unlocked { octets, secret: Some(secret) }),
        })
    }

    /// Takes the opened secret octets, if they belong to the public part (R4).
    ///
    /// # Errors
    /// `KeySubstituted`.
    pub(super) fn accept(&mut self, octets: Zeroizing<Vec<u8>>) -> Result<(), CoreError> {
        let secret = match &self.public {
            Some(public) => Secret::read(public.details(), &octets)?,
            None => None,
        };
        self.unlocked = Some(Unlocked { octets, secret });
        Ok(())
    }

    /// Where the secret stands, for locking it.
    pub(super) fn place(&self) -> Place<'_> {
        Place { tag: self.secret_tag(), version: self.version, public: &self.octets }
    }

    fn secret_tag(&self) -> u8 {
        if self.primary { SECRET_KEY } else { SECRET_SUBKEY }
    }

    /// The tag and the body, as it is stored.
    pub(super) fn write(&self) -> Result<(u8, Zeroizing<Vec<u8>>), CoreError> {
        let tag = match self.stored {
            Stored::Public => self.public_tag(),
            _ => self.secret_tag(),
        };
        let secret = self.unlocked.as_ref().map(|unlocked| unlocked.octets.as_slice());
        let rest = self.stored.write(self.version, secret)?;
        let mut body = Zeroizing::new(Vec::with_capacity(self.octets.len() + rest.len()));
        body.extend_from_slice(&self.octets);
        body.extend_from_slice(&rest);
        Ok((tag, body))
    }

    pub(super) fn public_tag(&self) -> u8 {
        if self.primary { PUBLIC_KEY } else { PUBLIC_SUBKEY }
    }

    pub(super) fn state(&self) -> SecretState {
        match (&self.unlocked, &self.stored) {
            (Some(unlocked), _) if unlocked.secret.is_some() => SecretState::Unlocked,
            (Some(_), _) | (None, Stored::Unknown(_) | Stored::Plain) => SecretState::Unusable,
            (None, Stored::Locked(_)) => SecretState::Locked,
            (None, Stored::Public | Stored::Stripped(_)) => SecretState::Absent,
            (None, Stored::OnCard(_)) => SecretState::OnCard,
        }
    }

    /// Its fingerprint, if it can be read.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        self.public.as_ref().map(|public| Fingerprint::from_pgp(&public.details().fingerprint()))
    }

    /// The usable secret.
    pub(super) fn secret(&self) -> Option<&Secret> {
        self.unlocked.as_ref()?.secret.as_ref()
    }
}

/// Where the public part of a secret key packet ends (RFC 9580 section 5.5.2).
fn public_length(body: &[u8]) -> Option<usize> {
    let mut rest = Octets(body);
    let version = rest.u8()?;
    rest.take(4)?;
    if matches!(version, 2 | 3) {
        rest.take(2)?;
    }
    let algorithm = PublicKeyAlgorithm::from(rest.u8()?);
    match version {
        5 | 6 => {
            let length = rest.u32()?;
            rest.take(length)?;
        }
        2..=4 => material(algorithm, &mut rest)?,
        _ => return None,
    }
    Some(body.len() - rest.0.len())
}

fn material(algorithm: PublicKeyAlgorithm, rest: &mut Octets<'_>) -> Option<()> {
    use PublicKeyAlgorithm as A;
    let numbers = match algorithm {
        A::RSA | A::RSAEncrypt | A::RSASign => 2,
        A::Elgamal | A::ElgamalEncrypt => 3,
        A::DSA => 4,
        A::ECDSA | A::EdDSALegacy => {
            point(rest)?;
            0
        }
        A::ECDH => {
            point(rest)?;
            let length = usize::from(rest.u8()?);
            rest.take(length)?;
            0
        }
        A::X25519 | A::Ed25519 => {
            rest.take(32)?;
            0
        }
        A::X448 => {
            rest.take(56)?;
            0
        }
        A::Ed448 => {
            rest.take(57)?;
            0
        }
        #[cfg(not(target_arch = "wasm32"))]
        A::MlKem768X25519 => {
            rest.take(32 + 1184)?;
            0
        }
        _ => return None,
    };
    for _ in 0..numbers {
        rest.mpi()?;
    }
    Some(())
}

/// A curve's name and a point.
fn point(rest: &mut Octets<'_>) -> Option<()> {
    let length = usize::from(rest.u8()?);
    rest.take(length)?;
    rest.mpi().map(|_| ())
}
