//! A signature packet, read leniently and kept byte for byte.
//!
//! What is hashed is what came, never a re-serialisation. Nothing here says whether a signature counts: that is
//! for [`crate::cert`] and [`crate::verify`].

mod parts;
#[cfg(test)]
mod tests;

use core::ops::Range;

use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::SignatureType;
#[cfg(not(target_arch = "wasm32"))]
use pgp::types::PublicParams;
use pgp::types::{Mpi, SignatureBytes, VerifyingKey};

pub(crate) use parts::Part;
pub use parts::{Flags, Issuer, RawPart, RevocationReason};

use crate::{SealError, profile};

/// The most octets of a signature packet: the largest post-quantum signature (49,856 octets), with its parts.
pub const MAX_SIGNATURE_BYTES: usize = 96 * 1024;

/// A signature of version 3, 4 or 6.
#[derive(Clone, PartialEq, Eq)]
pub struct SignaturePacket {
    body: Vec<u8>,
    version: u8,
    kind: SignatureType,
    public_algorithm: PublicKeyAlgorithm,
    hash_algorithm: HashAlgorithm,
    hashed: Vec<Part>,
    unhashed: Vec<Part>,
    well_formed: bool,
    covered: Range<usize>,
    left: [u8; 2],
    salt: Range<usize>,
    numbers: usize,
    v3: Option<(u32, [u8; 8])>,
}

impl core::fmt::Debug for SignaturePacket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "SignaturePacket(v{}, {:?}, {:?}, {:?})",
            self.version,
            self.kind,
            self.hash_algorithm,
            self.issuers()
        )
    }
}

/// Takes octets off the front of a body and knows how far it is.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], SealError> {
        let end = self.at.checked_add(count).ok_or(SealError::MalformedSignature)?;
        let taken = self.bytes.get(self.at..end).ok_or(SealError::MalformedSignature)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SealError> {
        self.take(N)?.try_into().map_err(|_| SealError::MalformedSignature)
    }

    fn octet(&mut self) -> Result<u8, SealError> {
        self.array::<1>().map(|[octet]| octet)
    }

    fn range(&mut self, count: usize) -> Result<Range<usize>, SealError> {
        let start = self.at;
        self.take(count)?;
        Ok(start..self.at)
    }
}

impl SignaturePacket {
    /// Reads the body of a signature packet (packet type 2, without its header).
    ///
    /// # Errors
    /// `MalformedSignature`, also for versions other than 3, 4 and 6.
    pub fn parse(body: &[u8]) -> Result<Self, SealError> {
        if body.len() > MAX_SIGNATURE_BYTES {
            return Err(SealError::MalformedSignature);
        }
        let mut cursor = Cursor { bytes: body, at: 0 };
        match cursor.octet()? {
            3 => Self::parse_v3(body, cursor),
            version @ (4 | 6) => Self::parse_v4_v6(body, cursor, version),
            _ => Err(SealError::MalformedSignature),
        }
    }

    fn parse_v3(body: &[u8], mut cursor: Cursor<'_>) -> Result<Self, SealError> {
        if cursor.octet()? != 5 {
            return Err(SealError::MalformedSignature);
        }
        let covered = cursor.at..cursor.at.saturating_add(5);
        let kind = SignatureType::from(cursor.octet()?);
        let made = u32::from_be_bytes(cursor.array()?);
        let issuer = cursor.array()?;
        let public_algorithm = PublicKeyAlgorithm::from(cursor.octet()?);
        let hash_algorithm = HashAlgorithm::from(cursor.octet()?);
        let left = cursor.array()?;
        Ok(Self {
            body: body.to_vec(),
            version: 3,
            kind,
            public_algorithm,
            hash_algorithm,
            hashed: Vec::new(),
            unhashed: Vec::new(),
            well_formed: true,
            covered,
            left,
            salt: 0..0,
            numbers: cursor.at,
            v3: Some((made, issuer)),
        })
    }

    fn parse_v4_v6(body: &[u8], mut cursor: Cursor<'_>, version: u8) -> Result<Self, SealError> {
        let kind = SignatureType::from(cursor.octet()?);
        let public_algorithm = PublicKeyAlgorithm::from(cursor.octet()?);
        let hash_algorithm = HashAlgorithm::from(cursor.octet()?);
        let mut area = || -> Result<Range<usize>, SealError> {
            let length = match version {
                4 => usize::from(u16::from_be_bytes(cursor.array()?)),
                _ => usize::try_from(u32::from_be_bytes(cursor.array()?))
                    .map_err(|_| SealError::MalformedSignature)?,
            };
            cursor.range(length)
        };
        let hashed = area()?;
        let unhashed = area()?;
        let covered = 0..hashed.end;
        let left = cursor.array()?;
        let salt = match version {
            6 => {
                let length = usize::from(cursor.octet()?);
                cursor.range(length)?
            }
            _ => 0..0,
        };
        let (hashed, well_formed) = parts::split(body, hashed);
        // Malformed as a whole if either area is (RFC 9580 section 5.2.5), as sq, rsop and OpenPGP.js have it.
        let (unhashed, whole) = parts::split(body, unhashed);
        Ok(Self {
            body: body.to_vec(),
            version,
            kind,
            public_algorithm,
            hash_algorithm,
            hashed,
            unhashed,
            well_formed: well_formed && whole,
            covered,
            left,
            salt,
            numbers: cursor.at,
            v3: None,
        })
    }

    /// Takes a signature that rPGP read or made.
    ///
    /// # Errors
    /// `MalformedSignature` for versions that are not read here.
    pub fn from_pgp(signature: &pgp::packet::Signature) -> Result<Self, SealError> {
        use pgp::ser::Serialize as _;
        if !matches!(u8::from(signature.version()), 3 | 4 | 6) {
            return Err(SealError::MalformedSignature);
        }
        let body = signature.to_bytes().map_err(|_| SealError::MalformedSignature)?;
        Self::parse(&body)
    }

    /// The body, as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The whole packet, header included.
    pub fn to_packet(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len().saturating_add(6));
        crate::cert::framing::write(&mut out, 2, &self.body);
        out
    }

    /// 3, 4 or 6.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// What it is a signature over.
    pub fn kind(&self) -> SignatureType {
        self.kind
    }

    /// Whether it covers content (a message), binary or text.
    pub fn covers_content(&self) -> bool {
        matches!(self.kind, SignatureType::Binary | SignatureType::Text)
    }

    /// Whether the content is hashed as text, with its line ends made CRLF.
    pub fn is_text(&self) -> bool {
        self.kind == SignatureType::Text
    }

    /// The algorithm of the key.
    pub fn public_algorithm(&self) -> PublicKeyAlgorithm {
        self.public_algorithm
    }

    /// The hash.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        self.hash_algorithm
    }

    /// What is hashed before the content: nothing, unless it is of version 6.
    pub fn salt(&self) -> &[u8] {
        self.body.get(self.salt.clone()).unwrap_or_default()
    }

    /// What is hashed after the content.
    pub fn trailer(&self) -> Vec<u8> {
        let covered = self.body.get(self.covered.clone()).unwrap_or_default();
        let mut out = Vec::with_capacity(covered.len().saturating_add(6));
        out.extend_from_slice(covered);
        if self.version != 3 {
            out.extend_from_slice(&[self.version, 0xff]);
            // A packet is capped far below 4 GiB.
            out.extend_from_slice(&u32::try_from(covered.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        out
    }

    /// The first two octets of the digest, as the signer says.
    pub fn left16(&self) -> [u8; 2] {
        self.left
    }

    /// When it was made, in seconds, as the signer says.
    pub fn created(&self) -> Option<i64> {
        match self.v3 {
            Some((made, _)) => Some(i64::from(made)),
            None => self.number(parts::CREATED),
        }
    }

    /// When it stops counting, in seconds, if ever.
    pub fn expires(&self) -> Option<i64> {
        let life = self.number(parts::EXPIRES).filter(|life| *life != 0)?;
        Some(self.created()?.saturating_add(life))
    }

    /// How long after its making the key lives, in seconds, if it ever ends.
    pub(crate) fn key_life(&self) -> Option<i64> {
        self.number(parts::KEY_EXPIRES)
    }

    /// Whether the hash is one this program computes; without it nothing can be checked.
    pub fn hash_is_known(&self) -> bool {
        self.hash_algorithm.new_hasher().is_ok()
    }

    /// Its digest over `before` (key material or content, already in the form that is hashed).
    pub(crate) fn digest(&self, before: &[&[u8]]) -> Option<Vec<u8>> {
        // The salt of a version 6 signature has the one size its hash says.
        if self.version == 6 && self.hash_algorithm.salt_len() != Some(self.salt().len()) {
            return None;
        }
        let mut hasher = self.hash_algorithm.new_hasher().ok()?;
        hasher.update(self.salt());
        for piece in before {
            hasher.update(piece);
        }
        hasher.update(&self.trailer());
        // A SHA-1 digest in whose input an attack on it is seen comes out as another one (sha1-checked).
        Some(hasher.finalize().into_vec())
    }

    /// Whether `key` made it over what has this digest. Mathematics only, and the versions and algorithms that
    /// must fit each other.
    pub(crate) fn fits(&self, key: &impl VerifyingKey, digest: &[u8]) -> bool {
        let key_version = u8::from(key.version());
        if (key_version == 6) != (self.version == 6)
            || !same_algorithm(self.public_algorithm, key.algorithm())
            || digest.first_chunk::<2>() != Some(&self.left)
            || (self.version == 6 && self.hash_algorithm.salt_len() != Some(self.salt().len()))
            || self.hash_algorithm.digest_size() != Some(digest.len())
            || (key.algorithm().is_pqc() && digest.len() < 32)
        {
            return false;
        }
        let Some(numbers) = self.signature_bytes() else { return false };
        #[cfg(not(target_arch = "wasm32"))]
        if let PublicParams::ECDSA(params) = key.public_params()
            && let Some((curve, point)) = crate::brainpool::of_ecdsa(params)
        {
            return match &numbers {
                SignatureBytes::Mpis(numbers) => match numbers.as_slice() {
                    [r, s] => curve.verifies(&point, digest, r.as_ref(), s.as_ref()),
                    _ => false,
                },
                SignatureBytes::Native(_) => false,
            };
        }
        key.verify(self.hash_algorithm, digest, &numbers).is_ok()
    }

    /// Whether it is the same signature, whatever stands in the area that nobody signed.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let parts = |one: &Self| {
            let covered = one.body.get(one.covered.clone()).unwrap_or_default().to_vec();
            let numbers = one.body.get(one.numbers..).unwrap_or_default().to_vec();
            (one.version, covered, one.salt().to_vec(), numbers)
        };
        parts(self) == parts(other)
    }

    fn signature_bytes(&self) -> Option<SignatureBytes> {
        use PublicKeyAlgorithm as A;
        let mut rest = self.body.get(self.numbers..)?;
        let count = match self.public_algorithm {
            A::RSA | A::RSASign => 1,
            A::DSA | A::ECDSA | A::EdDSALegacy => 2,
            A::Ed25519 => return Some(SignatureBytes::Native(rest.get(..64)?.to_vec().into())),
            A::Ed448 => return Some(SignatureBytes::Native(rest.get(..114)?.to_vec().into())),
            _ => return Some(SignatureBytes::Native(rest.to_vec().into())),
        };
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(Mpi::try_from_reader(&mut rest).ok()?);
        }
        Some(SignatureBytes::Mpis(numbers))
    }
}

fn same_algorithm(one: PublicKeyAlgorithm, other: PublicKeyAlgorithm) -> bool {
    one == other || (profile::is_rsa_signature(one) && profile::is_rsa_signature(other))
}
