//! SEIPDv1 under the ciphers of old mail, whose blocks have 64 bits (RFC 9580 section 9.3 lets them be read, and
//! never written). Native programs only, and only where [`Limits::old_ciphers`](crate::reading::Limits) says so.

use blowfish::Blowfish;
use cast5::Cast5;
use cipher::consts::U8;
use cipher::generic_array::GenericArray;
use cipher::{BlockCipher, BlockEncrypt, BlockSizeUser, KeyInit};
use des::TdesEde3;
use idea::Idea;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::profile::{self, OldCipher};
use bulk::cfb::{MDC, MDC_HEADER};
use bulk::{Tampered, Unsupported};

type Block = [u8; 8];
/// Octets before the content: a block, and its last two octets again.
const PREFIX: usize = 10;

enum Keyed {
    Tripled(Box<TdesEde3>),
    Cast5(Box<Cast5>),
    Blowfish(Box<Blowfish>),
    Idea(Box<Idea>),
}

impl Keyed {
    fn new(cipher: SymmetricKeyAlgorithm, key: &[u8]) -> Result<Self, Unsupported> {
        if cipher.key_size() != key.len() {
            return Err(Unsupported::KeyLength);
        }
        Ok(match profile::old_cipher(cipher).ok_or(Unsupported::Cipher)? {
            OldCipher::Tripled => Self::Tripled(Box::new(keyed(key)?)),
            OldCipher::Cast5 => Self::Cast5(Box::new(keyed(key)?)),
            OldCipher::Blowfish => Self::Blowfish(Box::new(keyed(key)?)),
            OldCipher::Idea => Self::Idea(Box::new(keyed(key)?)),
        })
    }

    fn encrypted(&self, block: Block) -> Block {
        match self {
            Self::Tripled(cipher) => encrypted(&**cipher, block),
            Self::Cast5(cipher) => encrypted(&**cipher, block),
            Self::Blowfish(cipher) => encrypted(&**cipher, block),
            Self::Idea(cipher) => encrypted(&**cipher, block),
        }
    }
}

fn keyed<C: KeyInit>(key: &[u8]) -> Result<C, Unsupported> {
    C::new_from_slice(key).map_err(|_| Unsupported::KeyLength)
}

fn encrypted<C>(cipher: &C, mut block: Block) -> Block
where
    C: BlockEncrypt + BlockCipher + BlockSizeUser<BlockSize = U8>,
{
    cipher.encrypt_block(GenericArray::from_mut_slice(&mut block));
    block
}

/// As [`bulk::cfb::Opener`].
pub(super) struct Opener {
    keyed: Keyed,
    hash: Sha1,
    /// The keystream of the current block, and how much of it is used.
    stream: Block,
    used: usize,
    /// The ciphertext of the current block so far.
    before: Block,
    tail: Zeroizing<Vec<u8>>,
    prefix: Zeroizing<Vec<u8>>,
}

impl Opener {
    /// Begins a message.
    ///
    /// # Errors
    /// When it is none of the old ciphers, or the key does not fit it.
    pub(super) fn new(cipher: SymmetricKeyAlgorithm, session_key: &[u8]) -> Result<Self, Unsupported> {
        let keyed = Keyed::new(cipher, session_key)?;
        let stream = keyed.encrypted([0; 8]);
        Ok(Self {
            keyed,
            hash: Sha1::new(),
            stream,
            used: 0,
            before: [0; 8],
            tail: Zeroizing::default(),
            prefix: Zeroizing::default(),
        })
    }

    /// Takes sealed bytes and appends opened, **not yet proven** content to `out`, but for the last 22 octets.
    pub(super) fn push(&mut self, sealed: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.append(&mut self.tail);
        out.reserve(sealed.len());
        for octet in sealed {
            if self.used == self.stream.len() {
                self.stream = self.keyed.encrypted(self.before);
                self.used = 0;
            }
            if let (Some(stream), Some(before)) = (self.stream.get(self.used), self.before.get_mut(self.used))
            {
                out.push(octet ^ stream);
                *before = *octet;
            }
            self.used += 1;
        }
        let end = out.len().saturating_sub(MDC).max(start);
        self.tail.extend(out.drain(end..));
        self.hash.update(out.get(start..).unwrap_or_default());
        let missing = (PREFIX - self.prefix.len()).min(out.len() - start);
        self.prefix.extend(out.drain(start..start + missing));
    }

    /// As [`bulk::cfb::Opener::plausible`].
    pub(super) fn plausible(&self) -> Option<bool> {
        let prefix: &[u8; PREFIX] = self.prefix.first_chunk()?;
        let [.., a, b, c, d] = prefix;
        Some(bool::from([*a, *b].ct_eq(&[*c, *d])))
    }

    /// Ends the message and checks the modification detection code.
    ///
    /// # Errors
    /// When the message is not what was sealed: all that came out must be thrown away.
    pub(super) fn finish(mut self) -> Result<(), Tampered> {
        let mdc: &[u8; MDC] = self.tail.first_chunk().ok_or(Tampered)?;
        let (header, digest) = mdc.split_at_checked(MDC_HEADER.len()).ok_or(Tampered)?;
        self.hash.update(header);
        let computed = self.hash.finalize();
        let whole = self.tail.len() == MDC && self.prefix.len() == PREFIX;
        if whole && bool::from(header.ct_eq(&MDC_HEADER) & computed.ct_eq(digest)) {
            Ok(())
        } else {
            Err(Tampered)
        }
    }
}

impl core::fmt::Debug for Opener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opener")
    }
}
