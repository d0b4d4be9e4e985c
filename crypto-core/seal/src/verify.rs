//! Signatures over content, and whether a certificate made them.

use wire::Millis;

use crate::cert::framing;
use crate::cert::{Cert, FetchedCert, Fingerprint};
use crate::signature::SignaturePacket;
use crate::{SealError, profile};

/// A signature found with some content, and the digest of exactly that content: a claim until it is checked
/// against a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureClaim {
    packet: SignaturePacket,
    digest: Option<Vec<u8>>,
}

/// What a certificate says of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A key of the certificate that may sign made it over exactly these bytes.
    Good {
        /// When, as the signer says.
        made: Millis,
        /// The key that made it.
        by: Fingerprint,
        /// The certificate it belongs to.
        cert: Fingerprint,
    },
    /// It names a key of the certificate, and the mathematics fails: changed after signing.
    Broken,
    /// It was made by somebody else.
    NotByThis,
    /// It is right, and yet does not count (weak hash, expired or revoked key, meant for others …).
    DoesNotCount(&'static str),
}

impl Verdict {
    /// Whether it is [`Good`](Self::Good).
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }
}

impl SignatureClaim {
    /// A signature and the digest of what it covers, salt and trailer included
    /// ([`SignaturePacket::salt`], [`SignaturePacket::trailer`]).
    pub fn new(packet: SignaturePacket, digest: Vec<u8>) -> Self {
        Self { packet, digest: Some(digest) }
    }

    /// A signature whose digest cannot be computed: its hash is not known.
    pub fn undigested(packet: SignaturePacket) -> Self {
        Self { packet, digest: None }
    }

    /// A signature over content that is whole in memory.
    pub fn over(packet: SignaturePacket, content: &[u8]) -> Self {
        let digest = if packet.is_text() {
            packet.digest(&[&canonical_lines(content)])
        } else {
            packet.digest(&[content])
        };
        Self { packet, digest }
    }

    /// The signature.
    pub fn packet(&self) -> &SignaturePacket {
        &self.packet
    }

    /// The digest of what it covers.
    pub fn digest(&self) -> Option<&[u8]> {
        self.digest.as_deref()
    }

    /// Who made it, as it says itself ([`SignaturePacket::claimed_signer`]).
    pub fn claimed_signer(&self) -> String {
        self.packet.claimed_signer()
    }

    /// The first verdict of a certificate that has to do with it, or `NotByThis`. A good one beats any other.
    pub fn check_with<'a>(
        &self,
        certs: impl IntoIterator<Item = &'a Cert>,
        reader: Option<&Fingerprint>,
        now: Millis,
    ) -> Verdict {
        let mut best = Verdict::NotByThis;
        for cert in certs {
            match cert.check_for(self, reader, now) {
                Verdict::NotByThis => {}
                good @ Verdict::Good { .. } => return good,
                verdict if best == Verdict::NotByThis || best == Verdict::Broken => best = verdict,
                _ => {}
            }
        }
        best
    }
}

/// Text as it is hashed: every line end CRLF.
fn canonical_lines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().saturating_add(text.len() / 32));
    let mut before = 0u8;
    for &octet in text {
        if octet == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(octet);
        before = octet;
    }
    out
}

/// A detached signature: a claim on whatever content it is checked over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached(SignaturePacket);

impl Detached {
    /// A signature that came apart from its content.
    pub fn new(packet: SignaturePacket) -> Self {
        Self(packet)
    }

    /// Who made it, as it says itself ([`SignaturePacket::claimed_signer`]).
    pub fn claimed_signer(&self) -> String {
        self.0.claimed_signer()
    }

    /// The signature.
    pub fn packet(&self) -> &SignaturePacket {
        &self.0
    }

    /// Claims that it covers `content`.
    pub fn over(&self, content: &[u8]) -> SignatureClaim {
        SignatureClaim::over(self.0.clone(), content)
    }

    /// Checks it over exactly `content` with `cert`. `reader` is the fingerprint of who reads: a signature
    /// that names its recipients counts for those only.
    pub fn check(
        &self,
        content: &[u8],
        cert: &FetchedCert,
        reader: Option<&Fingerprint>,
        now: Millis,
    ) -> Verdict {
        cert.cert().check_for(&self.over(content), reader, now)
    }
}

/// Reads detached signatures, armored or binary, as in `multipart/signed`. Versions that are not read here are
/// passed over.
///
/// # Errors
/// `MalformedSignature` if there is none, or there are too many.
pub fn detached(bytes: &[u8]) -> Result<Vec<Detached>, SealError> {
    detached_up_to(bytes, profile::MAX_SIGNATURES)
}

/// As [`detached`], for those who hash the content once for all of them ([`ContentHashers`]).
///
/// [`ContentHashers`]: crate::hashing::ContentHashers
///
/// # Errors
/// `MalformedSignature` if there is none, or there are more than `most`.
pub fn detached_up_to(bytes: &[u8], most: usize) -> Result<Vec<Detached>, SealError> {
    let malformed = |_| SealError::MalformedSignature;
    if bytes.len() > profile::MAX_DETACHED_BYTES {
        return Err(SealError::MalformedSignature);
    }
    let bytes = crate::cert::binary(bytes).map_err(malformed)?;
    let mut rest: &[u8] = &bytes;
    let mut found = Vec::new();
    let mut packets = 0usize;
    while let Some(packet) = framing::next(&mut rest).map_err(malformed)? {
        packets += 1;
        if packets > most {
            return Err(SealError::MalformedSignature);
        }
        match packet.tag {
            2 => found.extend(SignaturePacket::parse(packet.body).ok().map(Detached)),
            // Markers, padding, and what is not critical (RFC 9580 section 4.3).
            10 | 21 | 40..=63 => {}
            _ => return Err(SealError::MalformedSignature),
        }
    }
    if found.is_empty() { Err(SealError::MalformedSignature) } else { Ok(found) }
}
