//! [`SecretCert`]: a transferable secret key, read as it came, unlocked, locked and written.

use core::fmt;

use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use seal::armor;
use seal::cert::{Cert, Fingerprint};
use seal::profile;
use zeroize::Zeroizing;

use super::derivation::Derivation;
use super::locking::{LockForm, Locked, Stored};
use super::octets::{Packet, header, packet_length, split};
use super::packet::{KeyPacket, PUBLIC_KEY, PUBLIC_SUBKEY, SECRET_KEY, SECRET_SUBKEY, SecretState};
use super::refused;
use super::secret::OwnKey;
use super::signing::User;

const SIGNATURE: u8 = 2;
const USER_ID: u8 = 13;
const USER_ATTRIBUTE: u8 = 17;
/// Packets that mean nothing in a key: markers, trust, padding.
const IGNORED: [u8; 3] = [10, 12, 21];

/// What signatures hold to a key.
pub(super) enum Head {
    Key(Box<KeyPacket>),
    UserId(Vec<u8>),
    Attribute(Vec<u8>),
    /// Kept as it came.
    Unknown(Packet),
}

impl Head {
    pub(super) fn user(&self) -> Option<User> {
        match self {
            Self::UserId(octets) => User::id(octets),
            Self::Attribute(octets) => User::attribute(octets),
            _ => None,
        }
    }

    fn order(&self) -> u8 {
        match self {
            Self::Key(key) if key.primary => 0,
            Self::UserId(_) => 1,
            Self::Attribute(_) => 2,
            Self::Key(_) => 3,
            Self::Unknown(_) => 4,
        }
    }
}

/// A packet with the bodies of the signatures after it.
pub(super) struct Component {
    pub(super) head: Head,
    pub(super) signatures: Vec<Vec<u8>>,
}

/// A person's own OpenPGP key with everything that belongs to it: primary key, user ids, subkeys.
///
/// Read leniently: what is not understood is kept. Each secret is in one of the states of [`SecretState`]. What
/// is unlocked was proven to belong to its public part (R4). What is written is what was read, or set by
/// [`set_passphrase`](Self::set_passphrase) and [`clear_passphrase`](Self::clear_passphrase): unlocking alone
/// never leads to an unprotected file.
pub struct SecretCert {
    pub(super) components: Vec<Component>,
    cert: Cert,
}

/// Shows the fingerprint only.
impl fmt::Debug for SecretCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretCert({})", self.fingerprint())
    }
}

/// One key of a [`SecretCert`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKeyState {
    /// The key; `None` if it is of a version or algorithm not known here.
    pub fingerprint: Option<Fingerprint>,
    /// Whether it is the primary key.
    pub is_primary: bool,
    /// What is known of its secret.
    pub state: SecretState,
}

impl SecretCert {
    /// Reads exactly one secret key, binary or armored, locked or not.
    ///
    /// # Errors
    /// `Malformed` if it is none, `KeySubstituted` if an unprotected secret does not belong to its public part
    /// (R4), `TooLarge`, `UnusableCertificate` if its public part cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, CoreError> {
        let mut found = Self::read_all(bytes)?;
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => one,
            _ => Err(CoreError::with(CoreErrorCode::Malformed, "more than one key")),
        }
    }

    /// Reads a ring of secret keys, binary or armored. Keys in it that cannot be read are left out.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), of the first key, if there is none that can be read.
    pub fn parse_many(bytes: &[u8]) -> Result<Vec<Self>, CoreError> {
        let mut first_error = None;
        let mut keys = Vec::new();
        for found in Self::read_all(bytes)? {
            match found {
                Ok(key) => keys.push(key),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if keys.is_empty() => Err(error),
            _ => Ok(keys),
        }
    }

    fn read_all(bytes: &[u8]) -> Result<Vec<Result<Self, CoreError>>, CoreError> {
        if bytes.len() > profile::MAX_SECRET_RING_BYTES {
            return Err(CoreErrorCode::TooLarge.into());
        }
        let malformed = |_| CoreError::with(CoreErrorCode::Malformed, "not an OpenPGP key");
        let binary = if bytes.first().is_some_and(|octet| octet & 0x80 != 0) {
            Zeroizing::new(bytes.to_vec())
        } else {
            let mut all = Zeroizing::new(Vec::with_capacity(bytes.len()));
            for block in armor::dearmored_all(bytes).map_err(malformed)? {
                all.extend_from_slice(&Zeroizing::new(block.bytes));
            }
            all
        };
        let mut groups: Vec<Vec<Packet>> = Vec::new();
        for packet in split(&binary)? {
            if matches!(packet.tag, SECRET_KEY | PUBLIC_KEY) || groups.is_empty() {
                groups.push(Vec::new());
            }
            if let Some(group) = groups.last_mut() {
                group.push(packet);
            }
        }
        if groups.is_empty() || groups.len() > profile::MAX_SECRET_RING_KEYS {
            return Err(CoreError::with(CoreErrorCode::Malformed, "no secret key, or too many"));
        }
        Ok(groups.into_iter().map(Self::read_one).collect())
    }

    fn read_one(packets: Vec<Packet>) -> Result<Self, CoreError> {
        let mut components: Vec<Component> = Vec::new();
        let mut has_secrets = false;
        for packet in packets {
            let head = match packet.tag {
                SIGNATURE => {
                    let on = components.last_mut().ok_or(CoreErrorCode::Malformed)?;
                    on.signatures.push(packet.body.to_vec());
                    continue;
                }
                tag if IGNORED.contains(&tag) => continue,
                SECRET_KEY | SECRET_SUBKEY | PUBLIC_KEY | PUBLIC_SUBKEY => {
                    match KeyPacket::read(packet.tag, &packet.body) {
                        Ok(key) => {
                            has_secrets |= matches!(packet.tag, SECRET_KEY | SECRET_SUBKEY);
                            Head::Key(Box::new(key))
                        }
                        // A subkey of an unknown kind does no harm.
                        Err(error) if error.code == CoreErrorCode::Malformed && packet.tag != SECRET_KEY => {
                            Head::Unknown(packet)
                        }
                        Err(error) => return Err(error),
                    }
                }
                USER_ID => Head::UserId(packet.body.to_vec()),
                USER_ATTRIBUTE => Head::Attribute(packet.body.to_vec()),
                _ => Head::Unknown(packet),
            };
            components.push(Component { head, signatures: Vec::new() });
        }
        let starts =
            matches!(components.first(), Some(Component { head: Head::Key(key), .. }) if key.primary);
        if !starts || !has_secrets {
            return Err(CoreError::with(CoreErrorCode::Malformed, "not a secret key"));
        }
        Self::of(components)
    }

    /// Of its components, the primary key first.
    pub(super) fn of(mut components: Vec<Component>) -> Result<Self, CoreError> {
        components.sort_by_key(|component| component.head.order());
        let cert = Cert::parse(&public_octets(&components)).map_err(refused)?;
        Ok(Self { components, cert })
    }

    /// Computes the certificate again, after the components changed.
    pub(super) fn renewed(&mut self) -> Result<(), CoreError> {
        self.components.sort_by_key(|component| component.head.order());
        self.cert = Cert::parse(&public_octets(&self.components)).map_err(refused)?;
        Ok(())
    }

    /// Its certificate: the public part.
    pub fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The fingerprint of its primary key.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.cert.fingerprint()
    }

    pub(super) fn key_packets(&self) -> impl Iterator<Item = &KeyPacket> {
        self.components.iter().filter_map(|component| match &component.head {
            Head::Key(key) => Some(&**key),
            _ => None,
        })
    }

    pub(super) fn key_packets_mut(&mut self) -> impl Iterator<Item = &mut KeyPacket> {
        self.components.iter_mut().filter_map(|component| match &mut component.head {
            Head::Key(key) => Some(&mut **key),
            _ => None,
        })
    }

    /// Its keys and what is known of their secrets, the primary key first.
    pub fn keys(&self) -> Vec<OwnKeyState> {
        self.key_packets()
            .map(|key| OwnKeyState {
                fingerprint: key.fingerprint(),
                is_primary: key.primary,
                state: key.state(),
            })
            .collect()
    }

    /// Whether a secret in it still needs a passphrase.
    pub fn is_locked(&self) -> bool {
        self.key_packets().any(|key| key.state() == SecretState::Locked)
    }

    /// Every unlocked key, whether it may still be used or not (old mail must open).
    pub fn unlocked_keys(&self) -> impl Iterator<Item = OwnKey<'_>> {
        self.key_packets().filter_map(OwnKey::of)
    }

    /// The unlocked primary key.
    ///
    /// # Errors
    /// `Locked` if it needs a passphrase, is offline or on a card.
    pub(super) fn primary(&self) -> Result<OwnKey<'_>, CoreError> {
        let primary = self.key_packets().next().ok_or(CoreErrorCode::Internal)?;
        OwnKey::of(primary)
            .ok_or_else(|| CoreError::with(CoreErrorCode::Locked, "the primary key is not here"))
    }

    /// Unlocks every secret that the passphrase fits; returns how many. One derivation serves all packets with
    /// the same salt and parameters.
    ///
    /// # Errors
    /// `WrongPassphrase` if it fits none though some are locked, `KeySubstituted` if an opened secret does not
    /// belong to its public part (R4), `TooLarge` if the derivation asks for too much.
    pub fn unlock(&mut self, passphrase: &[u8]) -> Result<usize, CoreError> {
        let (mut opened, mut refusal) = (0, None);
        let derivations = self.derivations();
        let any = !derivations.is_empty();
        for derivation in derivations {
            match derivation.derive(passphrase) {
                Ok(key) => opened += self.unlock_with(&derivation, &key)?,
                Err(error) => refusal = Some(error),
            }
        }
        match refusal {
            Some(error) if opened == 0 => Err(error),
            None if opened == 0 && any => Err(CoreErrorCode::WrongPassphrase.into()),
            _ => Ok(opened),
        }
    }

    /// The derivations that unlocking needs, each once, for a host that does them itself.
    pub fn derivations(&self) -> Vec<Derivation> {
        let mut derivations: Vec<Derivation> = Vec::new();
        for key in self.key_packets().filter(|key| key.unlocked.is_none()) {
            if let Stored::Locked(locked) = &key.stored
                && !derivations.contains(&locked.derivation)
            {
                derivations.push(locked.derivation.clone());
            }
        }
        derivations
    }

    /// Unlocks every secret that the derived key fits; returns how many (perhaps none).
    ///
    /// # Errors
    /// `KeySubstituted` (R4).
    pub fn unlock_with(&mut self, derivation: &Derivation, derived: &[u8]) -> Result<usize, CoreError> {
        let mut opened = 0;
        for key in self.key_packets_mut() {
            let secret = match &key.stored {
                Stored::Locked(locked) if key.unlocked.is_none() && locked.derivation == *derivation => {
                    locked.open(derived, key.place())
                }
                _ => None,
            };
            if let Some(secret) = secret {
                key.accept(secret)?;
                opened += 1;
            }
        }
        Ok(opened)
    }

    /// Locks it again: forgets every secret that is stored with a passphrase. Others stay unlocked.
    pub fn lock(&mut self) {
        for key in self.key_packets_mut() {
            if matches!(key.stored, Stored::Locked(_)) {
                key.unlocked = None;
            }
        }
    }

    /// Sets the passphrase with which it is written from now on. It stays unlocked.
    ///
    /// # Errors
    /// `Locked` if a secret in it is still locked with another passphrase.
    pub fn set_passphrase<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        passphrase: &[u8],
        form: LockForm,
    ) -> Result<(), CoreError> {
        let derivation = Self::new_derivation(rng, form);
        let derived = derivation.derive(passphrase)?;
        self.set_derived(rng, &derivation, &derived)
    }

    /// A fresh derivation for [`set_derived`](Self::set_derived).
    pub fn new_derivation<R: RngCore + CryptoRng>(rng: &mut R, form: LockForm) -> Derivation {
        form.derivation(rng)
    }

    /// As [`set_passphrase`](Self::set_passphrase), with the key that a host derived. One derivation serves all
    /// packets; each has its own initialisation vector.
    ///
    /// # Errors
    /// `Locked`; `Internal` if the derived key has a wrong length.
    pub fn set_derived<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        derivation: &Derivation,
        derived: &[u8],
    ) -> Result<(), CoreError> {
        if self.is_locked() {
            return Err(CoreErrorCode::Locked.into());
        }
        for key in self.key_packets_mut() {
            let Some(unlocked) = &key.unlocked else { continue };
            let locked = Locked::lock(rng, derivation, derived, &unlocked.octets, key.place())?;
            key.stored = Stored::Locked(locked);
        }
        Ok(())
    }

    /// Takes the passphrase away: it is written without protection from now on.
    ///
    /// # Errors
    /// `Locked` if a secret in it is still locked.
    pub fn clear_passphrase(&mut self) -> Result<(), CoreError> {
        if self.is_locked() {
            return Err(CoreErrorCode::Locked.into());
        }
        for key in self.key_packets_mut().filter(|key| key.unlocked.is_some()) {
            key.stored = Stored::Plain;
        }
        Ok(())
    }

    /// Takes the secret of the primary key out, for a device that only reads and signs mail (an offline primary
    /// key, `gpg --export-secret-subkeys`). Keep a whole copy elsewhere.
    pub fn strip_primary(&mut self) {
        for key in self.key_packets_mut().filter(|key| key.primary) {
            key.unlocked = None;
            key.stored = Stored::stripped(key.version);
        }
    }

    /// The secret key, binary, protected as it was read or set.
    ///
    /// # Errors
    /// `Internal`.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        let mut packets: Vec<(u8, Zeroizing<Vec<u8>>)> = Vec::new();
        for component in &self.components {
            packets.push(match &component.head {
                Head::Key(key) => key.write()?,
                Head::UserId(octets) => (USER_ID, Zeroizing::new(octets.clone())),
                Head::Attribute(octets) => (USER_ATTRIBUTE, Zeroizing::new(octets.clone())),
                Head::Unknown(packet) => (packet.tag, packet.body.clone()),
            });
            packets.extend(component.signatures.iter().map(|body| (SIGNATURE, Zeroizing::new(body.clone()))));
        }
        // The whole length at once: a growing buffer would leave copies behind.
        let length = packets.iter().map(|(_, body)| packet_length(body.len())).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        for (tag, body) in packets {
            bytes.extend_from_slice(&header(tag, body.len()));
            bytes.extend_from_slice(&body);
        }
        Ok(bytes)
    }

    /// GnuPG 2.2 reads armor without a checksum only with complaints; version 6 is without (RFC 9580 section 6.1).
    pub(super) fn armored(&self, kind: armor::Kind, bytes: &[u8]) -> String {
        let mut armorer = armor::Armorer::new(kind, self.cert.version() == 4);
        // The whole length at once: a growing buffer would leave copies behind.
        let mut text = Vec::with_capacity(bytes.len() / 3 * 4 + bytes.len() / 32 + 256);
        armorer.push(bytes, &mut text);
        armorer.finish(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// The same, armored.
    ///
    /// # Errors
    /// `Internal`.
    pub fn to_armor(&self) -> Result<Zeroizing<String>, CoreError> {
        Ok(Zeroizing::new(self.armored(armor::Kind::SecretKey, &self.to_bytes()?)))
    }
}

/// The public part of the components.
fn public_octets(components: &[Component]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut write = |tag: u8, body: &[u8]| {
        bytes.extend_from_slice(&header(tag, body.len()));
        bytes.extend_from_slice(body);
    };
    for component in components {
        match &component.head {
            Head::Key(key) => write(key.public_tag(), &key.octets),
            Head::UserId(octets) => write(USER_ID, octets),
            Head::Attribute(octets) => write(USER_ATTRIBUTE, octets),
            // It may hold secrets of an unknown form.
            Head::Unknown(_) => continue,
        }
        for signature in &component.signatures {
            write(SIGNATURE, signature);
        }
    }
    bytes
}
