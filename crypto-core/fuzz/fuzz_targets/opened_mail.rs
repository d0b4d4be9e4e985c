//! MIME content as a stranger may seal it to us.
#![no_main]

use std::sync::LazyLock;

use crypto_core::keys::{KeyProfile, UnlockedKey};
use crypto_core::mail::open_message;
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wire::mail::{Arrival, MessageView};

const NOW: i64 = 1_795_500_000_000;

static KEY: LazyLock<UnlockedKey> = LazyLock::new(|| {
    let mut rng = StdRng::seed_from_u64(1);
    UnlockedKey::make(&mut rng, KeyProfile::CompatibleV4, "a@hedgerow.test", NOW).expect("a key")
});

fuzz_target!(|bytes: &[u8]| {
    let mut rng = StdRng::seed_from_u64(2);
    let sealed = KEY.seal_only(&mut rng, bytes.to_vec(), &[KEY.certificate()], NOW).expect("sealed");
    let view = MessageView {
        id: Default::default(),
        folder: Default::default(),
        uid: 1,
        blob: Default::default(),
        size: 0,
        received_at: NOW,
        flags: Vec::new(),
        seq: 1,
        arrival: Arrival::Sealed,
        summary: Vec::new().into(),
    };
    let _ = open_message(&KEY, &view, &sealed.bytes, &|_| None, NOW);
});
