//! RustCrypto's GHASH, which has PCLMULQDQ and PMULL.

use ghash::GHash;
use ghash::universal_hash::{KeyInit as _, UniversalHash as _};

use super::{Block, lengths};

/// The key of GHASH.
pub(crate) struct GhashKey(GHash);

impl GhashKey {
    pub(crate) fn new(key: Block) -> GhashKey {
        GhashKey(GHash::new(&key.into()))
    }

    /// GHASH of both, each filled up to whole blocks, and of their lengths.
    pub(crate) fn digest(&self, associated: &[u8], sealed: &[u8]) -> Block {
        let mut hash = self.0.clone();
        hash.update_padded(associated);
        hash.update_padded(sealed);
        hash.update(&[lengths(associated, sealed).into()]);
        hash.finalize().into()
    }
}

impl core::fmt::Debug for GhashKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("GhashKey")
    }
}
