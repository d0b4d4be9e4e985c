//! The signatures around the content: one-pass signatures before it, signatures after it, and signatures in
//! the old style before it (RFC 9580 section 10.3). All of them are digested in one pass over the content.

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::SignatureType;

use super::error::ReadError;
use crate::hashing::ContentHashers;
use crate::profile;
use crate::signature::SignaturePacket;
use crate::verify::SignatureClaim;

/// What a one-pass signature packet announces (RFC 9580 section 5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
struct OnePass {
    version: u8,
    kind: SignatureType,
    hash: HashAlgorithm,
    public_algorithm: u8,
    salt: Vec<u8>,
}

impl OnePass {
    /// None if its version is not known: the signature that belongs to it is passed over.
    fn parse(body: &[u8]) -> Result<Option<Self>, ReadError> {
        const BROKEN: ReadError = ReadError::Malformed("a one-pass signature packet is broken");
        let [version, kind, hash, public_algorithm, rest @ ..] = body else { return Err(BROKEN) };
        let salt = match version {
            3 => {
                if rest.len() != 9 {
                    return Err(BROKEN);
                }
                Vec::new()
            }
            6 => {
                let (length, rest) = rest.split_first().ok_or(BROKEN)?;
                let (salt, rest) = rest.split_at_checked(usize::from(*length)).ok_or(BROKEN)?;
                if rest.len() != 33 {
                    return Err(BROKEN);
                }
                salt.to_vec()
            }
            _ => return Ok(None),
        };
        Ok(Some(Self {
            version: *version,
            kind: SignatureType::from(*kind),
            hash: HashAlgorithm::from(*hash),
            public_algorithm: *public_algorithm,
            salt,
        }))
    }

    fn announces(&self, packet: &SignaturePacket) -> bool {
        (self.version == 6) == (packet.version() == 6)
            && self.kind == packet.kind()
            && self.hash == packet.hash_algorithm()
            && self.public_algorithm == u8::from(packet.public_algorithm())
            && self.salt == packet.salt()
    }
}

/// All signatures of a message.
#[derive(Debug)]
pub(super) struct Signatures {
    most: usize,
    seen: usize,
    hashers: ContentHashers,
    /// One-pass signatures without their signature yet, the innermost last.
    open: Vec<Option<(OnePass, Option<usize>)>>,
    found: Vec<(SignaturePacket, Option<usize>)>,
    /// Octets of signature packets.
    octets: usize,
    unsupported: usize,
}

impl Signatures {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            seen: 0,
            hashers: ContentHashers::default(),
            open: Vec::new(),
            found: Vec::new(),
            octets: 0,
            unsupported: 0,
        }
    }

    /// Takes a one-pass signature packet.
    pub(super) fn announce(&mut self, body: &[u8]) -> Result<(), ReadError> {
        self.count(body)?;
        let slot = OnePass::parse(body)?.map(|one_pass| {
            let text = one_pass.kind == SignatureType::Text;
            let covers = text || one_pass.kind == SignatureType::Binary;
            let hasher = covers.then(|| self.hashers.slot(one_pass.hash, text, &one_pass.salt)).flatten();
            (one_pass, hasher)
        });
        self.open.push(slot);
        Ok(())
    }

    /// Takes a signature packet in the old style, before the content.
    pub(super) fn prefixed(&mut self, body: &[u8]) -> Result<(), ReadError> {
        self.count(body)?;
        let Ok(packet) = SignaturePacket::parse(body) else {
            self.unsupported += 1;
            return Ok(());
        };
        let hasher = if packet.covers_content() { self.hashers.slot_of(&packet) } else { None };
        self.found.push((packet, hasher));
        Ok(())
    }

    /// Takes the signature packet of the innermost open one-pass signature.
    pub(super) fn close(&mut self, body: &[u8]) -> Result<(), ReadError> {
        self.add_octets(body)?;
        let slot = self.open.pop().ok_or(ReadError::Malformed("a signature that nothing announced"))?;
        let (Some((one_pass, hasher)), Ok(packet)) = (slot, SignaturePacket::parse(body)) else {
            self.unsupported += 1;
            return Ok(());
        };
        let hasher = hasher.filter(|_| one_pass.announces(&packet));
        self.found.push((packet, hasher));
        Ok(())
    }

    /// Takes the next piece of content.
    pub(super) fn update(&mut self, content: &[u8]) {
        self.hashers.update(content);
    }

    /// The claims, in the order of the signature packets, and how many signatures are not read here.
    pub(super) fn claims(self) -> (Vec<SignatureClaim>, usize) {
        let hashers = self.hashers;
        let claims = self.found.into_iter().map(|(packet, hasher)| hashers.claim(packet, hasher));
        (claims.collect(), self.unsupported)
    }

    fn count(&mut self, body: &[u8]) -> Result<(), ReadError> {
        self.seen += 1;
        if self.seen > self.most {
            return Err(ReadError::TooLarge("it has too many signatures"));
        }
        self.add_octets(body)
    }

    fn add_octets(&mut self, body: &[u8]) -> Result<(), ReadError> {
        self.octets = self.octets.saturating_add(body.len());
        if self.octets > profile::MAX_SIGNATURES_BYTES {
            return Err(ReadError::TooLarge("its signatures are too large"));
        }
        Ok(())
    }
}
