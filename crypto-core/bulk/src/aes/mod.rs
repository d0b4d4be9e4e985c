//! AES (FIPS 197), many blocks at a time, in constant time.
//!
//! Natively this is RustCrypto's `aes`, which has AES-NI and ARMv8. On wasm32 no instruction does AES and no crate
//! uses its 128-bit SIMD for it, so there it is `sliced`: eight blocks at a time, no table, no branch on data.

use super::{Block, Unsupported};

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(all(target_arch = "wasm32", not(target_feature = "simd128")), test))]
mod pair;
#[cfg(any(target_arch = "wasm32", test))]
mod sbox;
#[cfg(any(target_arch = "wasm32", test))]
pub(super) mod sliced;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vector::{loaded, stored};

#[cfg(test)]
mod tests;

#[cfg(not(target_arch = "wasm32"))]
type Implementation = native::Native;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
type Implementation = sliced::Sliced<vector::Vector>;
#[cfg(all(target_arch = "wasm32", not(target_feature = "simd128")))]
type Implementation = sliced::Sliced<pair::Pair>;

/// AES with a key of 128, 192 or 256 bits.
pub struct Aes(Implementation);

impl Aes {
    /// Expands the key.
    ///
    /// # Errors
    /// When it has neither 16, 24 nor 32 octets.
    pub fn new(key: &[u8]) -> Result<Aes, Unsupported> {
        Implementation::new(key).map(Aes)
    }

    /// Encrypts each block on its own. Fast for eight and more; a single one costs nearly as much as eight.
    #[inline]
    pub fn encrypt(&self, blocks: &mut [Block]) {
        self.0.encrypt(blocks);
    }

    /// Decrypts each block on its own.
    #[inline]
    pub fn decrypt(&self, blocks: &mut [Block]) {
        self.0.decrypt(blocks);
    }
}

impl core::fmt::Debug for Aes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Aes")
    }
}
