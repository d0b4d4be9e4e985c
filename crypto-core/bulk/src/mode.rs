//! The three AEAD modes behind one face, and what they share: work on blocks.

use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use subtle::ConstantTimeEq as _;

use super::cipher::Keyed;
use super::eax::Eax;
use super::gcm::Gcm;
use super::ocb::Ocb;
use super::{Block, Tampered, Unsupported};

/// Blocks worked on at a time: they stay in the first-level cache.
pub(super) const BATCH: usize = 32;

/// A keyed mode.
#[derive(Debug)]
pub(super) enum Mode {
    Ocb(Box<Ocb>),
    Eax(Box<Eax>),
    Gcm(Box<Gcm>),
}

impl Mode {
    /// Octets of the nonce of a mode that is carried out here (RFC 9580 section 9.6).
    pub(super) fn nonce_octets(mode: AeadAlgorithm) -> Option<usize> {
        matches!(mode, AeadAlgorithm::Eax | AeadAlgorithm::Ocb | AeadAlgorithm::Gcm)
            .then(|| mode.nonce_size())
    }

    pub(super) fn new(
        cipher: SymmetricKeyAlgorithm,
        mode: AeadAlgorithm,
        key: &[u8],
    ) -> Result<Mode, Unsupported> {
        let keyed = Keyed::new(cipher, key)?;
        match mode {
            AeadAlgorithm::Ocb => Ok(Mode::Ocb(Box::new(Ocb::new(keyed)))),
            AeadAlgorithm::Eax => Ok(Mode::Eax(Box::new(Eax::new(keyed)))),
            AeadAlgorithm::Gcm => Ok(Mode::Gcm(Box::new(Gcm::new(keyed)))),
            _ => Err(Unsupported::Mode),
        }
    }

    /// Seals in place; gives the tag.
    pub(super) fn seal(&self, nonce: &[u8], associated: &[u8], content: &mut [u8]) -> Block {
        match self {
            Mode::Ocb(ocb) => ocb.seal(nonce, associated, content),
            Mode::Eax(eax) => eax.seal(nonce, associated, content),
            Mode::Gcm(gcm) => gcm.seal(nonce, associated, content),
        }
    }

    /// Opens in place. After an error the bytes are meaningless and the caller must wipe them.
    pub(super) fn open(
        &self,
        nonce: &[u8],
        associated: &[u8],
        sealed: &mut [u8],
        tag: &Block,
    ) -> Result<(), Tampered> {
        let computed = match self {
            Mode::Ocb(ocb) => ocb.open(nonce, associated, sealed),
            Mode::Eax(eax) => eax.open(nonce, associated, sealed),
            Mode::Gcm(gcm) => gcm.open(nonce, associated, sealed),
        };
        if bool::from(computed.ct_eq(tag)) { Ok(()) } else { Err(Tampered) }
    }
}

/// Mixes one block into another.
#[inline]
pub(super) fn mix(into: &mut Block, with: &Block) {
    *into = mixed(into, with);
}

/// Two blocks mixed.
#[inline]
pub(super) fn mixed(a: &Block, b: &Block) -> Block {
    (u128::from_ne_bytes(*a) ^ u128::from_ne_bytes(*b)).to_ne_bytes()
}

/// Mixes the beginning of a block into fewer than 16 bytes.
#[inline]
pub(super) fn mix_part(into: &mut [u8], with: &[u8]) {
    into.iter_mut().zip(with).for_each(|(into, with)| *into ^= with);
}

/// A block that begins with `part`, filled up with zeros.
#[inline]
pub(super) fn padded(part: &[u8]) -> Block {
    let mut block = [0; 16];
    block.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
    block
}

/// Doubling in GF(2^128) as OCB and CMAC do it: most significant bit first, x^128 = x^7 + x^2 + x + 1.
pub(super) fn doubled(block: &Block) -> Block {
    let value = u128::from_be_bytes(*block);
    let carry = (value >> 127) * 0x87;
    ((value << 1) ^ carry).to_be_bytes()
}

/// Mixes the keystream of counter blocks into `content`; gives the next counter. `step` is 2^32-wide for GCM
/// (`wrap32`), 2^128-wide for EAX.
pub(super) fn counter_mode(keyed: &Keyed, counter: u128, wrap32: bool, content: &mut [u8]) {
    let mut counter = counter;
    for part in content.chunks_mut(16 * BATCH) {
        let mut stream = [[0; 16]; BATCH];
        let count = part.len().div_ceil(16);
        let (used, _) = stream.split_at_mut_checked(count).unwrap_or_default();
        for block in used.iter_mut() {
            *block = counter.to_be_bytes();
            counter = if wrap32 {
                let low = (counter as u32).wrapping_add(1);
                (counter >> 32 << 32) | u128::from(low)
            } else {
                counter.wrapping_add(1)
            };
        }
        keyed.encrypt(used);
        let (blocks, tail) = part.as_chunks_mut::<16>();
        let last = used.get(blocks.len()).copied();
        blocks.iter_mut().zip(used).for_each(|(block, stream)| mix(block, stream));
        if let Some(last) = last {
            mix_part(tail, &last);
        }
    }
}
