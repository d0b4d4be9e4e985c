//! From a passphrase to the key that locks secret keys (RFC 9580 section 3.7), with the caps of the profile.

use argon2::{Algorithm, Argon2, Params, Version};
use model::error::{CoreError, CoreErrorCode};
use pgp::crypto::hash::HashAlgorithm;
use seal::profile;
use zeroize::Zeroizing;

use super::internal;
use super::octets::Octets;

/// How a key follows from a passphrase. Packets with equal derivations share one.
///
/// A host that hashes faster than this program (WebCrypto's `digest`, node's `crypto`) can do
/// [`DerivationKind::Iterated`] itself: see [`Derivation::hashes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    kind: DerivationKind,
    key_len: usize,
}

/// The forms of RFC 9580 section 3.7.1, and the one of the time before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DerivationKind {
    /// MD5 of the passphrase, of keys from before 1998.
    Oldest,
    /// One hash of the passphrase.
    Simple {
        /// The number of the hash algorithm (RFC 9580 section 9.5).
        hash: u8,
    },
    /// One hash of salt and passphrase.
    Salted {
        /// The number of the hash algorithm.
        hash: u8,
        /// The salt.
        salt: [u8; 8],
    },
    /// A hash of salt and passphrase, repeated.
    Iterated {
        /// The number of the hash algorithm.
        hash: u8,
        /// The salt.
        salt: [u8; 8],
        /// The coded count; [`Derivation::hashes`] has it in octets.
        count: u8,
    },
    /// Argon2id.
    Argon2 {
        /// The salt.
        salt: [u8; 16],
        /// Passes over the memory.
        passes: u8,
        /// Lanes.
        lanes: u8,
        /// The memory, as a power of two of KiB.
        memory: u8,
    },
}

/// One hash of an iterated derivation: of `zeros` zero octets, then salt and passphrase over and over, `octets`
/// of them in all (but at least once in full). The results, joined and cut to the key's length, are the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IteratedHash {
    /// The number of the hash algorithm.
    pub hash: u8,
    /// The salt.
    pub salt: [u8; 8],
    /// Zero octets before.
    pub zeros: usize,
    /// Octets of salt and passphrase, repeated and cut.
    pub octets: usize,
}

impl Derivation {
    pub(super) fn new(kind: DerivationKind, key_len: usize) -> Self {
        Self { kind, key_len }
    }

    /// The form and its parameters.
    pub fn kind(&self) -> &DerivationKind {
        &self.kind
    }

    /// How many octets the key has.
    pub fn key_len(&self) -> usize {
        self.key_len
    }

    /// Whether a host may do it by [`hashes`](Self::hashes).
    pub fn is_iterated(&self) -> bool {
        matches!(self.kind, DerivationKind::Iterated { .. })
    }

    /// Reads the specifier. `None` if it ends early or is of no form known here.
    pub(super) fn read(octets: &mut Octets<'_>, key_len: usize) -> Option<Self> {
        let kind = match octets.u8()? {
            0 => DerivationKind::Simple { hash: octets.u8()? },
            1 => DerivationKind::Salted { hash: octets.u8()?, salt: octets.array()? },
            3 => DerivationKind::Iterated { hash: octets.u8()?, salt: octets.array()?, count: octets.u8()? },
            4 => DerivationKind::Argon2 {
                salt: octets.array()?,
                passes: octets.u8()?,
                lanes: octets.u8()?,
                memory: octets.u8()?,
            },
            _ => return None,
        };
        Some(Self { kind, key_len })
    }

    /// The specifier.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(20);
        match &self.kind {
            DerivationKind::Oldest => (),
            DerivationKind::Simple { hash } => octets.extend_from_slice(&[0, *hash]),
            DerivationKind::Salted { hash, salt } => {
                octets.extend_from_slice(&[1, *hash]);
                octets.extend_from_slice(salt);
            }
            DerivationKind::Iterated { hash, salt, count } => {
                octets.extend_from_slice(&[3, *hash]);
                octets.extend_from_slice(salt);
                octets.push(*count);
            }
            DerivationKind::Argon2 { salt, passes, lanes, memory } => {
                octets.push(4);
                octets.extend_from_slice(salt);
                octets.extend_from_slice(&[*passes, *lanes, *memory]);
            }
        }
        octets
    }

    /// The hashes of an iterated derivation, for a host that does them itself; empty for other forms.
    pub fn hashes(&self) -> Vec<IteratedHash> {
        let DerivationKind::Iterated { hash, salt, count } = self.kind else { return Vec::new() };
        let Some(size) = HashAlgorithm::from(hash).digest_size() else { return Vec::new() };
        (0..self.key_len.div_ceil(size))
            .map(|zeros| IteratedHash { hash, salt, zeros, octets: decoded(count) })
            .collect()
    }

    /// Whether the key would be derived by a hash that is broken for this use (v6 keys may not: RFC 9580
    /// section 9.5).
    pub(super) fn is_weak(&self) -> bool {
        match self.kind {
            DerivationKind::Oldest | DerivationKind::Simple { .. } => true,
            DerivationKind::Salted { hash, .. } | DerivationKind::Iterated { hash, .. } => {
                profile::is_broken_for_derivations(HashAlgorithm::from(hash))
            }
            DerivationKind::Argon2 { .. } => false,
        }
    }

    /// Derives the key.
    ///
    /// # Errors
    /// `TooLarge` if Argon2 is asked for more memory or work than the profile allows, `Malformed` if its
    /// parameters make no sense or the hash is unknown.
    pub fn derive(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        match &self.kind {
            DerivationKind::Oldest => {
                self.hashed(u8::from(profile::OLDEST_DERIVATION_HASH), &[], passphrase, 0)
            }
            DerivationKind::Simple { hash } => self.hashed(*hash, &[], passphrase, 0),
            DerivationKind::Salted { hash, salt } => self.hashed(*hash, salt, passphrase, 0),
            DerivationKind::Iterated { hash, salt, count } => {
                self.hashed(*hash, salt, passphrase, decoded(*count))
            }
            DerivationKind::Argon2 { salt, passes, lanes, memory } => {
                if *memory > profile::MAX_ARGON2_MEMORY
                    || u64::from(*passes) << (*memory).min(31) > profile::MAX_ARGON2_WORK
                {
                    return Err(CoreError::with(
                        CoreErrorCode::TooLarge,
                        "the key is locked with more memory than this program gives",
                    ));
                }
                let malformed = |_| CoreError::with(CoreErrorCode::Malformed, "impossible Argon2 parameters");
                let params =
                    Params::new(1 << *memory, u32::from(*passes), u32::from(*lanes), Some(self.key_len))
                        .map_err(malformed)?;
                let mut key = Zeroizing::new(vec![0; self.key_len]);
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into(passphrase, salt, &mut key)
                    .map_err(malformed)?;
                Ok(key)
            }
        }
    }

    fn hashed(
        &self,
        hash: u8,
        salt: &[u8],
        passphrase: &[u8],
        octets: usize,
    ) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        let hash = HashAlgorithm::from(hash);
        let unknown = || CoreError::with(CoreErrorCode::Malformed, "the key is locked with an unknown hash");
        let size = hash.digest_size().ok_or_else(unknown)?;
        let unit_len = salt.len() + passphrase.len();
        let total = octets.max(unit_len);

        // A few thousand octets at once: the hash works in blocks, not in passphrases.
        let repeats =
            8192_usize.checked_div(unit_len).map_or(0, |fitting| fitting.clamp(1, total.div_ceil(unit_len)));
        let mut block = Zeroizing::new(Vec::with_capacity(repeats * unit_len));
        for _ in 0..repeats {
            block.extend_from_slice(salt);
            block.extend_from_slice(passphrase);
        }

        let mut key = Zeroizing::new(Vec::with_capacity(self.key_len + size));
        for zeros in 0..self.key_len.div_ceil(size) {
            let mut hasher = hash.new_hasher().map_err(internal)?;
            hasher.update(&vec![0; zeros]);
            let mut left = total;
            while left > 0 {
                let part = block.get(..left.min(block.len())).unwrap_or(&block);
                hasher.update(part);
                left -= part.len();
            }
            key.extend_from_slice(&Zeroizing::new(hasher.finalize().into_vec()));
        }
        key.truncate(self.key_len);
        Ok(key)
    }
}

/// The octets that a coded count stands for (RFC 9580 section 3.7.1.3).
fn decoded(count: u8) -> usize {
    (16 + usize::from(count & 15)) << (usize::from(count >> 4) + 6)
}
