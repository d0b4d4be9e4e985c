//! How the secret part of a key packet is stored: plain, locked with a passphrase, stripped, on a card
//! (RFC 9580 section 5.5.3, and what GnuPG adds).

use hkdf::Hkdf;
use model::error::{CoreError, CoreErrorCode};
use pgp::bytes::BytesMut;
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::checksum::calculate_sha1;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use rand::{CryptoRng, RngCore};
use seal::profile;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::derivation::{Derivation, DerivationKind};
use super::internal;
use super::octets::Octets;

const PLAIN: u8 = 0;
const AEAD: u8 = 253;
const CFB: u8 = 254;
const CHECKSUM: u8 = 255;
/// The S2K form of GnuPG's extensions.
const GNU: u8 = 101;

/// How secret keys are locked with a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockForm {
    /// Iterated SHA-256 and AES-256-CFB: every OpenPGP program reads it, GnuPG 2.2 too.
    Iterated,
    /// Argon2id (64 MiB) and AES-256-OCB (RFC 9580): guesses cost memory, tampering is noticed.
    Argon2Aead,
}

/// The secret part of a key packet as it is stored.
pub(super) enum Stored {
    /// Not stored at all: the packet is a public one.
    Public,
    /// Without protection: the secret octets are written as they are.
    Plain,
    /// Locked with a passphrase.
    Locked(Locked),
    /// GnuPG's mark that the secret is kept elsewhere (`gpg --export-secret-subkeys`).
    Stripped(Vec<u8>),
    /// GnuPG's mark that the secret is on a smart card.
    OnCard(Vec<u8>),
    /// Of a form unknown here.
    Unknown(Zeroizing<Vec<u8>>),
}

/// A secret locked with a passphrase.
pub(super) struct Locked {
    usage: u8,
    cipher: SymmetricKeyAlgorithm,
    mode: AeadAlgorithm,
    pub(super) derivation: Derivation,
    /// Initialisation vector or nonce.
    iv: Vec<u8>,
    sealed: Vec<u8>,
}

/// What the octets of the packet say of the key around the secret.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// Type of the secret packet: 5 or 7.
    pub(super) tag: u8,
    /// Version of the key.
    pub(super) version: u8,
    /// The public part, which an AEAD form authenticates.
    pub(super) public: &'a [u8],
}

impl Stored {
    /// Reads what follows the public part. Plain secrets are returned beside.
    pub(super) fn read(version: u8, octets: &[u8]) -> (Self, Option<Zeroizing<Vec<u8>>>) {
        let unknown = || (Self::Unknown(Zeroizing::new(octets.to_vec())), None);
        let mut rest = Octets(octets);
        let Some(usage) = rest.u8() else { return unknown() };
        if usage != PLAIN {
            return match Self::read_locked(version, usage, rest, octets) {
                Some(stored) => (stored, None),
                None => unknown(),
            };
        }
        let secret = if version == 6 {
            rest.0
        } else {
            let Some((secret, sum)) = rest.0.split_last_chunk::<2>() else { return unknown() };
            if *sum != checksum(secret) {
                return unknown();
            }
            secret
        };
        (Self::Plain, Some(Zeroizing::new(secret.to_vec())))
    }

    fn read_locked(version: u8, usage: u8, mut rest: Octets<'_>, octets: &[u8]) -> Option<Self> {
        if version == 6 {
            let length = usize::from(rest.u8()?);
            let mut parameters = Octets(rest.take(length)?);
            let mut stored = Self::parameters(version, usage, &mut parameters, octets)?;
            if !parameters.0.is_empty() {
                return None;
            }
            if let Self::Locked(locked) = &mut stored {
                // No form of before RFC 9580, and no weak hash (sections 3.7.2.1 and 9.5).
                if !matches!(usage, AEAD | CFB) || locked.derivation.is_weak() {
                    return None;
                }
                locked.sealed = rest.0.to_vec();
            }
            return Some(stored);
        }
        let mut stored = Self::parameters(version, usage, &mut rest, octets)?;
        if let Self::Locked(locked) = &mut stored {
            locked.sealed = rest.0.to_vec();
        }
        Some(stored)
    }

    fn parameters(version: u8, usage: u8, rest: &mut Octets<'_>, octets: &[u8]) -> Option<Self> {
        if !matches!(usage, AEAD | CFB | CHECKSUM) {
            let cipher = SymmetricKeyAlgorithm::from(usage);
            return Some(Self::Locked(Locked {
                usage,
                cipher,
                mode: profile::NO_MODE,
                derivation: Derivation::new(DerivationKind::Oldest, known(cipher)?),
                iv: rest.take(cipher.block_size())?.to_vec(),
                sealed: Vec::new(),
            }));
        }
        let cipher = SymmetricKeyAlgorithm::from(rest.u8()?);
        let mode = if usage == AEAD { AeadAlgorithm::from(rest.u8()?) } else { profile::NO_MODE };
        if version == 6 && usage != CHECKSUM {
            rest.u8()?;
        }
        if rest.0.first() == Some(&GNU) {
            let mut gnu = Octets(rest.0);
            let (_, _, mark) = (gnu.u8()?, gnu.u8()?, gnu.array::<3>()?);
            rest.0 = &[];
            return match (&mark, gnu.u8()?) {
                (b"GNU", 1) => Some(Self::Stripped(octets.to_vec())),
                (b"GNU", 2) => Some(Self::OnCard(octets.to_vec())),
                _ => None,
            };
        }
        let derivation = Derivation::read(rest, known(cipher)?)?;
        // Argon2 only with AEAD, and no cheap form with it (RFC 9580 section 3.7.2.1).
        let argon2 = matches!(derivation.kind(), DerivationKind::Argon2 { .. });
        if argon2 != (usage == AEAD)
            && !(usage == AEAD && matches!(derivation.kind(), DerivationKind::Iterated { .. }))
        {
            return None;
        }
        let iv_len = if usage == AEAD {
            profile::mode_counts(mode).then(|| mode.nonce_size())?
        } else {
            cipher.block_size()
        };
        let iv = rest.take(iv_len)?.to_vec();
        Some(Self::Locked(Locked { usage, cipher, mode, derivation, iv, sealed: Vec::new() }))
    }

    /// What follows the public part. `secret` is written if the form is plain.
    pub(super) fn write(&self, version: u8, secret: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        Ok(match self {
            Self::Public => Zeroizing::new(Vec::new()),
            Self::Plain => {
                let secret = secret.ok_or(CoreErrorCode::Internal)?;
                let mut octets = Zeroizing::new(Vec::with_capacity(secret.len() + 3));
                octets.push(PLAIN);
                octets.extend_from_slice(secret);
                if version != 6 {
                    octets.extend_from_slice(&checksum(secret));
                }
                octets
            }
            Self::Locked(locked) => Zeroizing::new(locked.write(version)),
            Self::Stripped(octets) | Self::OnCard(octets) => Zeroizing::new(octets.clone()),
            Self::Unknown(octets) => octets.clone(),
        })
    }

    /// The mark of a stripped secret, as GnuPG writes it.
    pub(super) fn stripped(version: u8) -> Self {
        let mark = [u8::from(profile::CIPHER), GNU, 0, b'G', b'N', b'U', 1];
        let mut octets = vec![CFB];
        if version == 6 {
            // The counts of a version 6 packet: of the parameters, and of the specifier in them.
            octets.extend_from_slice(&[8, mark[0], 6]);
            octets.extend_from_slice(&mark[1..]);
        } else {
            octets.extend_from_slice(&mark);
        }
        Self::Stripped(octets)
    }
}

impl Locked {
    /// Opens it with the derived key. `None` if the key is wrong or the octets were changed.
    pub(super) fn open(&self, key: &[u8], place: Place<'_>) -> Option<Zeroizing<Vec<u8>>> {
        if key.len() != self.derivation.key_len() {
            return None;
        }
        if self.usage == AEAD {
            let (key, associated) = aead_inputs(key, place, self.cipher, self.mode);
            let mut secret = BytesMut::with_capacity(self.sealed.len());
            secret.extend_from_slice(&self.sealed);
            let opened = self.mode.decrypt_in_place(&self.cipher, &*key, &self.iv, &associated, &mut secret);
            let result = opened.is_ok().then(|| Zeroizing::new(secret.to_vec()));
            secret.zeroize();
            return result;
        }
        let mut secret = Zeroizing::new(self.sealed.clone());
        self.cipher.decrypt_with_iv_regular(key, &self.iv, &mut secret).ok()?;
        let right = if self.usage == CFB {
            let (content, hash) = secret.split_last_chunk::<20>()?;
            bool::from(calculate_sha1([content]).ok()?.ct_eq(hash))
        } else {
            let (content, sum) = secret.split_last_chunk::<2>()?;
            bool::from(checksum(content).ct_eq(sum))
        };
        let content = secret.len() - if self.usage == CFB { 20 } else { 2 };
        right.then(|| Zeroizing::new(secret.get(..content).unwrap_or_default().to_vec()))
    }

    /// Locks `secret` with the derived key.
    pub(super) fn lock<R: RngCore + CryptoRng>(
        rng: &mut R,
        derivation: &Derivation,
        key: &[u8],
        secret: &[u8],
        place: Place<'_>,
    ) -> Result<Self, CoreError> {
        let (cipher, mode) = (profile::CIPHER, profile::AEAD);
        if key.len() != derivation.key_len() || key.len() != cipher.key_size() {
            return Err(CoreErrorCode::Internal.into());
        }
        if !matches!(derivation.kind(), DerivationKind::Argon2 { .. }) {
            let mut iv = vec![0; cipher.block_size()];
            rng.fill_bytes(&mut iv);
            // One allocation: a growing buffer would leave the secret behind.
            let mut sealed = Zeroizing::new(Vec::with_capacity(secret.len() + 20));
            sealed.extend_from_slice(secret);
            sealed.extend_from_slice(&calculate_sha1([secret]).map_err(internal)?);
            cipher.encrypt_with_iv_regular(key, &iv, &mut sealed).map_err(internal)?;
            return Ok(Self {
                usage: CFB,
                cipher,
                mode: profile::NO_MODE,
                derivation: derivation.clone(),
                iv,
                sealed: core::mem::take(&mut sealed),
            });
        }
        let mut iv = vec![0; mode.nonce_size()];
        rng.fill_bytes(&mut iv);
        let (key, associated) = aead_inputs(key, place, cipher, mode);
        let mut sealed = BytesMut::with_capacity(secret.len() + 16);
        sealed.extend_from_slice(secret);
        mode.encrypt_in_place(&cipher, &*key, &iv, &associated, &mut sealed).map_err(internal)?;
        Ok(Self { usage: AEAD, cipher, mode, derivation: derivation.clone(), iv, sealed: sealed.to_vec() })
    }

    fn write(&self, version: u8) -> Vec<u8> {
        let mut parameters = Vec::with_capacity(64);
        if matches!(self.usage, AEAD | CFB | CHECKSUM) {
            parameters.push(u8::from(self.cipher));
        }
        if self.usage == AEAD {
            parameters.push(u8::from(self.mode));
        }
        let specifier = self.derivation.write();
        if version == 6 {
            parameters.push(u8::try_from(specifier.len()).unwrap_or(u8::MAX));
        }
        parameters.extend_from_slice(&specifier);
        parameters.extend_from_slice(&self.iv);

        let mut octets = vec![self.usage];
        if version == 6 {
            octets.push(u8::try_from(parameters.len()).unwrap_or(u8::MAX));
        }
        octets.extend_from_slice(&parameters);
        octets.extend_from_slice(&self.sealed);
        octets
    }
}

impl LockForm {
    /// A fresh derivation of this form: one salt, for all packets of a key.
    pub(super) fn derivation<R: RngCore + CryptoRng>(self, rng: &mut R) -> Derivation {
        let kind = match self {
            Self::Iterated => {
                let mut salt = [0; 8];
                rng.fill_bytes(&mut salt);
                DerivationKind::Iterated {
                    hash: u8::from(profile::LOCK_HASH),
                    salt,
                    count: profile::LOCK_COUNT,
                }
            }
            Self::Argon2Aead => {
                let mut salt = [0; 16];
                rng.fill_bytes(&mut salt);
                let (passes, lanes, memory) = profile::LOCK_ARGON2;
                DerivationKind::Argon2 { salt, passes, lanes, memory }
            }
        };
        Derivation::new(kind, profile::CIPHER.key_size())
    }
}

/// The length of a key of this cipher, if it is known.
fn known(cipher: SymmetricKeyAlgorithm) -> Option<usize> {
    let length = cipher.key_size();
    (length > 0 && cipher.block_size() > 0).then_some(length)
}

/// The key and the associated data of the AEAD form (RFC 9580 section 5.5.3).
fn aead_inputs(
    derived: &[u8],
    place: Place<'_>,
    cipher: SymmetricKeyAlgorithm,
    mode: AeadAlgorithm,
) -> (Zeroizing<[u8; 32]>, Vec<u8>) {
    let type_octet = 0xc0 | place.tag;
    let info = [type_octet, place.version, u8::from(cipher), u8::from(mode)];
    let mut key = Zeroizing::new([0; 32]);
    // Cannot fail: SHA-256 gives up to 8160 octets.
    let _ = Hkdf::<Sha256>::new(None, derived).expand(&info, &mut *key);
    let mut associated = Vec::with_capacity(place.public.len() + 1);
    associated.push(type_octet);
    associated.extend_from_slice(place.public);
    (key, associated)
}

/// The sum of the octets, modulo 65536.
fn checksum(octets: &[u8]) -> [u8; 2] {
    octets.iter().fold(0u16, |sum, octet| sum.wrapping_add(u16::from(*octet))).to_be_bytes()
}
