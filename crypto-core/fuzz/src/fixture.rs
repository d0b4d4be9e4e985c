//! Keys and clocks that every run has in common, so that a seed means the same tomorrow.

use std::sync::LazyLock;

use crypto_core::keys::{KeyProfile, UnlockedKey};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seal::SessionKey;
use seal::writing::BlockCipher;
use zeroize::Zeroizing;

/// The present: 2026-11-24.
pub const NOW: i64 = 1_795_500_000_000;

/// Whose mail it is.
pub const ADDRESS: &str = "alice@hedgerow.test";

/// The password of seeds that have one.
pub const PASSWORD: &[u8] = b"hedge";

/// Random numbers that are the same each time.
#[must_use]
pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// What kinds of key they are.
pub(crate) const PROFILES: [KeyProfile; 2] = [KeyProfile::CompatibleV4, KeyProfile::ModernV6];

/// A version 4 and a version 6 key.
pub static KEYS: LazyLock<[UnlockedKey; 2]> = LazyLock::new(|| {
    PROFILES.map(|profile| UnlockedKey::make(&mut rng(1), profile, ADDRESS, NOW).expect("a key"))
});

/// A key for one message, of AES with 256 bits.
#[must_use]
pub fn session_key() -> SessionKey {
    SessionKey::new(Some(BlockCipher::AES256), Zeroizing::new(vec![7; 32]))
}

/// Takes choices from the front of the input; what is left is the input proper. Zeros when nothing is left.
#[derive(Debug, Clone, Copy)]
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    /// A number below 256.
    pub fn octet(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `bound`, which may not be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (usize::from(self.octet()) << 8 | usize::from(self.octet())) % bound
    }
}
