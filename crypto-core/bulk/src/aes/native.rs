//! RustCrypto's AES behind our face.

use aes::cipher::consts::U16;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit as _};
use aes::{Aes128, Aes192, Aes256};

use super::{Block, Unsupported};

/// Blocks that go over in one call; AES-NI takes eight at a time.
const BATCH: usize = 16;

/// A keyed AES of the `aes` crate; it wipes its round keys.
pub(super) enum Native {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Native {
    pub(super) fn new(key: &[u8]) -> Result<Native, Unsupported> {
        match key.len() {
            16 => Aes128::new_from_slice(key).map(Native::Aes128),
            24 => Aes192::new_from_slice(key).map(Native::Aes192),
            _ => Aes256::new_from_slice(key).map(Native::Aes256),
        }
        .map_err(|_| Unsupported::KeyLength)
    }

    #[inline]
    pub(super) fn encrypt(&self, blocks: &mut [Block]) {
        match self {
            Native::Aes128(aes) => each(blocks, aes, |aes, batch| aes.encrypt_blocks(batch)),
            Native::Aes192(aes) => each(blocks, aes, |aes, batch| aes.encrypt_blocks(batch)),
            Native::Aes256(aes) => each(blocks, aes, |aes, batch| aes.encrypt_blocks(batch)),
        }
    }

    #[inline]
    pub(super) fn decrypt(&self, blocks: &mut [Block]) {
        match self {
            Native::Aes128(aes) => each(blocks, aes, |aes, batch| aes.decrypt_blocks(batch)),
            Native::Aes192(aes) => each(blocks, aes, |aes, batch| aes.decrypt_blocks(batch)),
            Native::Aes256(aes) => each(blocks, aes, |aes, batch| aes.decrypt_blocks(batch)),
        }
    }
}

/// Runs the crate's block arrays over ours: the two types can't be viewed as each other without `unsafe`, and
/// a copy of 256 bytes in the first-level cache costs next to nothing.
#[inline]
fn each<C>(blocks: &mut [Block], cipher: &C, run: impl Fn(&C, &mut [GenericArray<u8, U16>]))
where
    C: BlockEncrypt + BlockDecrypt + BlockSizeUser<BlockSize = U16>,
{
    if let [block] = blocks {
        run(cipher, core::slice::from_mut(GenericArray::from_mut_slice(block)));
        return;
    }
    for part in blocks.chunks_mut(BATCH) {
        let mut batch = [GenericArray::<u8, U16>::default(); BATCH];
        for (to, from) in batch.iter_mut().zip(part.iter()) {
            *to = (*from).into();
        }
        run(cipher, batch.get_mut(..part.len()).unwrap_or_default());
        for (to, from) in part.iter_mut().zip(&batch) {
            *to = (*from).into();
        }
    }
}
