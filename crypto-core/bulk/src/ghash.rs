//! GHASH (NIST SP 800-38D section 6.4).

use super::Block;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(target_arch = "wasm32", test))]
pub(super) mod soft;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wide;

/// The key of GHASH.
#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::GhashKey;
#[cfg(all(target_arch = "wasm32", not(target_feature = "simd128")))]
pub(super) use soft::GhashKey;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wide::GhashKey;

/// The last block GHASH takes: the lengths in bits.
fn lengths(associated: &[u8], sealed: &[u8]) -> Block {
    ((associated.len() as u128) << 67 | (sealed.len() as u128) << 3).to_be_bytes()
}
