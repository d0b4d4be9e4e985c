//! One face for every cipher with 128-bit blocks.

use camellia::{Camellia128, Camellia192, Camellia256};
use cipher::consts::U16;
use cipher::generic_array::GenericArray;
use cipher::{BlockCipher, BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use twofish::Twofish;

use super::aes::Aes;
use super::{Block, Unsupported};

/// A keyed cipher. AES is constant-time and does many blocks at a time; Twofish and Camellia are RustCrypto's
/// table-driven ones, a block at a time.
pub(super) enum Keyed {
    Aes(Box<Aes>),
    Twofish(Box<Twofish>),
    Camellia128(Box<Camellia128>),
    Camellia192(Box<Camellia192>),
    Camellia256(Box<Camellia256>),
}

/// The length of this cipher's keys.
pub(super) fn key_length(cipher: SymmetricKeyAlgorithm) -> Result<usize, Unsupported> {
    match cipher {
        SymmetricKeyAlgorithm::AES128 | SymmetricKeyAlgorithm::Camellia128 => Ok(16),
        SymmetricKeyAlgorithm::AES192 | SymmetricKeyAlgorithm::Camellia192 => Ok(24),
        SymmetricKeyAlgorithm::AES256
        | SymmetricKeyAlgorithm::Camellia256
        | SymmetricKeyAlgorithm::Twofish => Ok(32),
        _ => Err(Unsupported::Cipher),
    }
}

impl Keyed {
    pub(super) fn new(cipher: SymmetricKeyAlgorithm, key: &[u8]) -> Result<Keyed, Unsupported> {
        if key_length(cipher)? != key.len() {
            return Err(Unsupported::KeyLength);
        }
        Ok(match cipher {
            SymmetricKeyAlgorithm::Twofish => Keyed::Twofish(Box::new(keyed(key)?)),
            SymmetricKeyAlgorithm::Camellia128 => Keyed::Camellia128(Box::new(keyed(key)?)),
            SymmetricKeyAlgorithm::Camellia192 => Keyed::Camellia192(Box::new(keyed(key)?)),
            SymmetricKeyAlgorithm::Camellia256 => Keyed::Camellia256(Box::new(keyed(key)?)),
            _ => Keyed::Aes(Box::new(Aes::new(key)?)),
        })
    }

    /// Encrypts every block on its own.
    #[inline]
    pub(super) fn encrypt(&self, blocks: &mut [Block]) {
        match self {
            Keyed::Aes(aes) => aes.encrypt(blocks),
            Keyed::Twofish(cipher) => encrypt_each(&**cipher, blocks),
            Keyed::Camellia128(cipher) => encrypt_each(&**cipher, blocks),
            Keyed::Camellia192(cipher) => encrypt_each(&**cipher, blocks),
            Keyed::Camellia256(cipher) => encrypt_each(&**cipher, blocks),
        }
    }

    /// Decrypts every block on its own.
    #[inline]
    pub(super) fn decrypt(&self, blocks: &mut [Block]) {
        match self {
            Keyed::Aes(aes) => aes.decrypt(blocks),
            Keyed::Twofish(cipher) => decrypt_each(&**cipher, blocks),
            Keyed::Camellia128(cipher) => decrypt_each(&**cipher, blocks),
            Keyed::Camellia192(cipher) => decrypt_each(&**cipher, blocks),
            Keyed::Camellia256(cipher) => decrypt_each(&**cipher, blocks),
        }
    }

    /// One block.
    #[inline]
    pub(super) fn encrypt_one(&self, mut block: Block) -> Block {
        self.encrypt(core::slice::from_mut(&mut block));
        block
    }
}

impl core::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keyed")
    }
}

fn keyed<C: KeyInit>(key: &[u8]) -> Result<C, Unsupported> {
    C::new_from_slice(key).map_err(|_| Unsupported::KeyLength)
}

fn encrypt_each<C>(cipher: &C, blocks: &mut [Block])
where
    C: BlockEncrypt + BlockCipher + BlockSizeUser<BlockSize = U16>,
{
    for block in blocks {
        cipher.encrypt_block(GenericArray::from_mut_slice(block));
    }
}

fn decrypt_each<C>(cipher: &C, blocks: &mut [Block])
where
    C: BlockDecrypt + BlockCipher + BlockSizeUser<BlockSize = U16>,
{
    for block in blocks {
        cipher.decrypt_block(GenericArray::from_mut_slice(block));
    }
}
