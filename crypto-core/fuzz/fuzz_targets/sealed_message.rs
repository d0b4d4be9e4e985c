//! Sealed bytes as a server may hand them out.
#![no_main]

use std::sync::LazyLock;

use crypto_core::keys::{KeyProfile, UnlockedKey};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

static KEY: LazyLock<UnlockedKey> = LazyLock::new(|| {
    let mut rng = StdRng::seed_from_u64(1);
    UnlockedKey::make(&mut rng, KeyProfile::CompatibleV4, "a@hedgerow.test", 1_795_500_000_000)
        .expect("a key")
});

fuzz_target!(|bytes: &[u8]| {
    let _ = KEY.open(bytes, 1 << 20);
    let _ = UnlockedKey::from_secret_bytes(bytes, KEY.fingerprint(), 1_795_500_000_000);
});
