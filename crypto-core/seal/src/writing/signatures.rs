//! Signatures over content: who signs, what is hashed, and the packets.

use core::fmt;

use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::types::{EcdsaPublicParams, KeyDetails, Mpi, Password, PublicParams, SignatureBytes, SigningKey};
use rand::{CryptoRng, RngCore};
use wire::Millis;

use super::framing;
use crate::cert::Fingerprint;
use crate::cert::seconds;
use crate::hashing::ContentHasher;
use crate::{SealError, profile};

/// What has to be known of a signing key before it signs: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerKey {
    version: u8,
    algorithm: PublicKeyAlgorithm,
    fingerprint: Fingerprint,
    key_id: [u8; 8],
    hash: HashAlgorithm,
    /// Digests shorter than this would be the weakest part of the signature.
    strength: usize,
}

impl SignerKey {
    /// Describes `key`. It will sign with the hash of the profile.
    ///
    /// # Errors
    /// `Misused` if the key is neither version 4 nor 6: no other writes signatures over content.
    pub fn of(key: &(impl KeyDetails + ?Sized)) -> Result<Self, SealError> {
        let version = u8::from(key.version());
        if version != 4 && version != 6 {
            return Err(SealError::Misused("only keys of version 4 and 6 sign"));
        }
        let mut key_id = [0; 8];
        key_id.copy_from_slice(key.legacy_key_id().as_ref());
        Ok(Self {
            version,
            algorithm: key.algorithm(),
            fingerprint: Fingerprint::from_pgp(&key.fingerprint()),
            key_id,
            hash: profile::HASH,
            strength: digest_octets_for(key.public_params()),
        })
    }

    /// The fingerprint of the key (not of its certificate).
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Its OpenPGP version, 4 or 6.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The hash it will sign with.
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        self.algorithm
    }

    /// Whether it is an RSA key, for a host that has faster RSA than this program.
    pub fn is_rsa(&self) -> bool {
        profile::is_rsa_signature(self.algorithm)
    }

    /// The same key, signing with `hash`, or with a stronger one if the key is worth more.
    #[must_use]
    pub fn with_hash(mut self, hash: HashAlgorithm) -> Self {
        let fits = |hash: HashAlgorithm| {
            profile::hash_counts(hash)
                && hash.salt_len().is_some()
                && hash.digest_size().is_some_and(|size| size >= self.strength)
        };
        self.hash = if fits(hash) { hash } else { profile::HASH };
        self
    }
}

/// The shortest digest this key may sign (RFC 9580 sections 5.2.3.1 to 5.2.3.5, RFC 9980 section 5).
fn digest_octets_for(params: &PublicParams) -> usize {
    match params {
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => 48,
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) | PublicParams::Ed448(_) => 64,
        PublicParams::ECDSA(_)
        | PublicParams::RSA(_)
        | PublicParams::DSA(_)
        | PublicParams::EdDSALegacy(_)
        | PublicParams::Ed25519(_) => 32,
        // Post-quantum and unknown: the longest is never too short.
        _ => 64,
    }
}

/// Whether line ends count: the two types of signature over content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentKind {
    /// Exactly these octets.
    #[default]
    Binary,
    /// Text: line ends are hashed as CR LF, whatever they are.
    Text,
}

/// A signature that is not made yet: everything but the digest and the secret key's part.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    key: SignerKey,
    salt: Vec<u8>,
    /// Version, type, algorithms and hashed subpackets, as they stand in the packet and are hashed.
    hashed: Vec<u8>,
    unhashed: Vec<u8>,
    kind: ContentKind,
}

fn subpacket(kind: u8, critical: bool, body: &[&[u8]], out: &mut Vec<u8>) -> Result<(), SealError> {
    framing::length(1 + body.iter().map(|part| part.len()).sum::<usize>(), out)?;
    out.push(kind | if critical { 0x80 } else { 0 });
    body.iter().for_each(|part| out.extend_from_slice(part));
    Ok(())
}

fn version_of(fingerprint: &Fingerprint) -> u8 {
    if fingerprint.as_bytes().len() == 20 { 4 } else { 6 }
}

/// The hashed subpackets of a signature over content, made at `now`.
///
/// Named recipients stop one of them from sealing the signed text again to somebody else.
fn hashed_subpackets(key: &Fingerprint, intended: &[Fingerprint], now: Millis) -> Result<Vec<u8>, SealError> {
    let made = u32::try_from(seconds(now)).map_err(|_| SealError::Failed)?;
    let mut area = Vec::new();
    subpacket(2, true, &[&made.to_be_bytes()], &mut area)?;
    subpacket(33, false, &[&[version_of(key)], key.as_bytes()], &mut area)?;
    for fingerprint in intended {
        subpacket(35, false, &[&[version_of(fingerprint)], fingerprint.as_bytes()], &mut area)?;
    }
    Ok(area)
}

impl Draft {
    /// One for each signer; at least one.
    pub(crate) fn of_all<R: RngCore + CryptoRng>(
        signers: &[SignerKey],
        kind: ContentKind,
        rng: &mut R,
        now: Millis,
    ) -> Result<Vec<Self>, SealError> {
        if signers.is_empty() {
            return Err(SealError::Misused("there is nobody to sign"));
        }
        if signers.len() > profile::MAX_SIGNATURES {
            return Err(SealError::TooLarge);
        }
        signers.iter().map(|key| Self::new(key, kind, &[], rng, now)).collect()
    }

    pub(crate) fn new<R: RngCore + CryptoRng>(
        key: &SignerKey,
        kind: ContentKind,
        intended: &[Fingerprint],
        rng: &mut R,
        now: Millis,
    ) -> Result<Self, SealError> {
        let area = hashed_subpackets(&key.fingerprint, intended, now)?;
        let type_number = match kind {
            ContentKind::Binary => 0,
            ContentKind::Text => 1,
        };
        let mut hashed = vec![key.version, type_number, u8::from(key.algorithm), u8::from(key.hash)];
        let mut salt = Vec::new();
        let mut unhashed = Vec::new();
        if key.version == 6 {
            let octets = key.hash.salt_len().ok_or(SealError::Misused("this hash has no salt size"))?;
            salt = vec![0; octets];
            rng.fill_bytes(&mut salt);
            hashed.extend(u32::try_from(area.len()).map_err(|_| SealError::TooLarge)?.to_be_bytes());
        } else {
            hashed.extend(u16::try_from(area.len()).map_err(|_| SealError::TooLarge)?.to_be_bytes());
            // Programs of RFC 4880 look for the key id alone.
            subpacket(16, false, &[&key.key_id], &mut unhashed)?;
        }
        hashed.extend_from_slice(&area);
        Ok(Self { key: key.clone(), salt, hashed, unhashed, kind })
    }

    /// Begins to hash the content.
    pub(crate) fn hasher(&self) -> Result<ContentHasher, SealError> {
        ContentHasher::new(self.key.hash, self.kind == ContentKind::Text, &self.salt)
    }

    /// The same for text whose line ends the caller has made CR LF already.
    pub(crate) fn exact_hasher(&self) -> Result<ContentHasher, SealError> {
        ContentHasher::new(self.key.hash, false, &self.salt)
    }

    /// What is hashed after the content (RFC 9580 section 5.2.4).
    fn trailer(&self) -> Result<Vec<u8>, SealError> {
        let octets = u32::try_from(self.hashed.len()).map_err(|_| SealError::TooLarge)?;
        let mut trailer = self.hashed.clone();
        trailer.extend([self.key.version, 0xff]);
        trailer.extend(octets.to_be_bytes());
        Ok(trailer)
    }

    /// The one-pass signature packet before the content. `last` stands directly before the content.
    pub(crate) fn one_pass(&self, last: bool, out: &mut Vec<u8>) -> Result<(), SealError> {
        let (version, type_number) = (if self.key.version == 6 { 6 } else { 3 }, self.hashed.get(1));
        let mut body = vec![version];
        body.extend(type_number);
        body.extend([u8::from(self.key.hash), u8::from(self.key.algorithm)]);
        if version == 6 {
            body.extend(u8::try_from(self.salt.len()));
            body.extend_from_slice(&self.salt);
            body.extend_from_slice(self.key.fingerprint.as_bytes());
        } else {
            body.extend_from_slice(&self.key.key_id);
        }
        body.push(u8::from(last));
        framing::packet(framing::ONE_PASS, &body, out)
    }

    /// The task for whoever holds the secret key. The digest is unknown if the content was hashed elsewhere.
    pub(crate) fn to_sign(&self, hasher: Option<ContentHasher>) -> Result<ToSign, SealError> {
        let trailer = self.trailer()?;
        let digest = hasher.map(|hasher| hasher.finish_with(&trailer));
        Ok(ToSign { key: self.key.clone(), salt: self.salt.clone(), trailer, digest })
    }

    /// The signature packet.
    pub(crate) fn packet(&self, signed: &Signed, out: &mut Vec<u8>) -> Result<(), SealError> {
        if signed.fingerprint != self.key.fingerprint || signed.trailer != self.trailer()? {
            return Err(SealError::Misused("the signatures are not in the order of the signers"));
        }
        let mut body = self.hashed.clone();
        if self.key.version == 6 {
            body.extend(u32::try_from(self.unhashed.len()).map_err(|_| SealError::TooLarge)?.to_be_bytes());
        } else {
            body.extend(u16::try_from(self.unhashed.len()).map_err(|_| SealError::TooLarge)?.to_be_bytes());
        }
        body.extend_from_slice(&self.unhashed);
        body.extend(signed.left);
        if self.key.version == 6 {
            body.extend(u8::try_from(self.salt.len()));
            body.extend_from_slice(&self.salt);
        }
        body.extend_from_slice(&signed.value);
        framing::packet(framing::SIGNATURE, &body, out)
    }
}

/// A task for whoever holds a secret key: sign the hash of `salt`, the content and `trailer`.
///
/// With the secret key in this program, [`ToSign::sign`] does it. A host with a faster way gets the parts:
/// node:crypto may hash (give the digest to [`with_digest`](Self::with_digest)), WebCrypto may hash and sign
/// with RSA (give the result to [`signed_outside`](Self::signed_outside)).
#[derive(Clone, PartialEq, Eq)]
pub struct ToSign {
    key: SignerKey,
    salt: Vec<u8>,
    trailer: Vec<u8>,
    digest: Option<Vec<u8>>,
}

/// Shows the key and the hash only: the digest tells of the content.
impl fmt::Debug for ToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToSign({}, {:?})", self.key.fingerprint, self.key.hash)
    }
}

impl ToSign {
    /// Whose signature is wanted.
    pub fn key(&self) -> &SignerKey {
        &self.key
    }

    /// The hash, by its number in RFC 9580 section 9.5.
    pub fn hash_number(&self) -> u8 {
        u8::from(self.key.hash)
    }

    /// The hash, as WebCrypto and node:crypto call it: `SHA-512`.
    pub fn hash_name(&self) -> &'static str {
        match self.key.hash {
            HashAlgorithm::Sha224 => "SHA-224",
            HashAlgorithm::Sha256 => "SHA-256",
            HashAlgorithm::Sha384 => "SHA-384",
            HashAlgorithm::Sha3_256 => "SHA3-256",
            HashAlgorithm::Sha3_512 => "SHA3-512",
            _ => "SHA-512",
        }
    }

    /// Hashed before the content; empty in version 4.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Hashed after the content.
    pub fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    /// The digest, unless the content is hashed outside.
    pub fn digest(&self) -> Option<&[u8]> {
        self.digest.as_deref()
    }

    /// Adds the digest that a host made over salt, content and trailer.
    ///
    /// # Errors
    /// `Misused` if its length is not that of the hash.
    pub fn with_digest(mut self, digest: &[u8]) -> Result<Self, SealError> {
        if self.key.hash.digest_size() != Some(digest.len()) {
            return Err(SealError::Misused("the digest is not of the hash that was asked for"));
        }
        self.digest = Some(digest.to_vec());
        Ok(self)
    }

    /// Signs with `key`.
    ///
    /// # Errors
    /// `Misused` if it is another key or there is no digest yet, `Failed` if the key refuses (it is locked).
    pub fn sign(&self, key: &dyn SigningKey) -> Result<Signed, SealError> {
        if Fingerprint::from_pgp(&key.fingerprint()) != self.key.fingerprint {
            return Err(SealError::Misused("the signing keys are not in the order of the signers"));
        }
        let digest = self.digest.as_deref().ok_or(SealError::Misused("there is no digest to sign"))?;
        let made = key.sign(&Password::empty(), self.key.hash, digest).map_err(|_| SealError::Failed)?;
        let mut value = Vec::new();
        match &made {
            SignatureBytes::Mpis(numbers) => {
                for number in numbers {
                    mpi(number.as_ref(), &mut value);
                }
            }
            SignatureBytes::Native(bytes) => value.extend_from_slice(bytes),
        }
        self.around(value)
    }

    /// Takes a signature made outside, in the form WebCrypto and node:crypto give it: RSA one number, ECDSA
    /// and Ed25519 two halves.
    ///
    /// # Errors
    /// `Misused` if there is no digest (its first octets stand in the packet) or the signature is empty.
    pub fn signed_outside(&self, signature: &[u8]) -> Result<Signed, SealError> {
        if signature.is_empty() {
            return Err(SealError::Misused("the signature is empty"));
        }
        let mut value = Vec::new();
        match self.key.algorithm {
            PublicKeyAlgorithm::RSA | PublicKeyAlgorithm::RSASign => mpi(signature, &mut value),
            PublicKeyAlgorithm::ECDSA | PublicKeyAlgorithm::EdDSALegacy => {
                let (r, s) = signature.split_at(signature.len() / 2);
                mpi(r, &mut value);
                mpi(s, &mut value);
            }
            _ => value.extend_from_slice(signature),
        }
        self.around(value)
    }

    fn around(&self, value: Vec<u8>) -> Result<Signed, SealError> {
        let digest = self.digest.as_deref().ok_or(SealError::Misused("there is no digest to sign"))?;
        let left = *digest.first_chunk::<2>().ok_or(SealError::Failed)?;
        Ok(Signed { fingerprint: self.key.fingerprint.clone(), trailer: self.trailer.clone(), left, value })
    }
}

/// A made signature, for the writer that asked for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    fingerprint: Fingerprint,
    trailer: Vec<u8>,
    left: [u8; 2],
    value: Vec<u8>,
}

/// Shows the key only.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({})", self.fingerprint)
    }
}

/// A multiprecision integer: its bits counted, leading zeros left out.
fn mpi(number: &[u8], out: &mut Vec<u8>) {
    let stripped = Mpi::from_slice(number);
    let stripped: &[u8] = stripped.as_ref();
    let zeros = stripped.first().map_or(0, |first| first.leading_zeros());
    let bits = stripped.len().saturating_mul(8).saturating_sub(usize::try_from(zeros).unwrap_or(0));
    out.extend(u16::try_from(bits).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(stripped);
}

pub(crate) fn to_sign(
    drafts: &[Draft],
    hashers: Option<Vec<ContentHasher>>,
) -> Result<Vec<ToSign>, SealError> {
    match hashers {
        Some(hashers) => {
            drafts.iter().zip(hashers).map(|(draft, hasher)| draft.to_sign(Some(hasher))).collect()
        }
        None => drafts.iter().map(|draft| draft.to_sign(None)).collect(),
    }
}

/// The signature packets, in the order of the signers.
pub(crate) fn packets(drafts: &[Draft], signed: &[Signed]) -> Result<Vec<u8>, SealError> {
    if signed.len() != drafts.len() {
        return Err(SealError::Misused("there must be one signature of each signer"));
    }
    let mut out = Vec::new();
    for (draft, signed) in drafts.iter().zip(signed) {
        draft.packet(signed, &mut out)?;
    }
    Ok(out)
}

pub(crate) fn sign_all(tasks: &[ToSign], keys: &[&dyn SigningKey]) -> Result<Vec<Signed>, SealError> {
    if tasks.len() != keys.len() {
        return Err(SealError::Misused("there must be one key for each signer"));
    }
    tasks.iter().zip(keys).map(|(task, key)| task.sign(*key)).collect()
}
