//! How fast whole messages are sealed and signed on this machine, in one pass over 25 MiB:
//! `cargo run --release -p seal --example seal_speed`.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use pgp::composed::{EncryptionCaps, KeyType, SecretKeyParamsBuilder, SubkeyParamsBuilder};
use pgp::types::KeyVersion;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seal::writing::{
    ContentKind, Hash, KeyPacket, Naming, Options, Plan, Recipient, SignerKey, sign_detached, write,
};

const MIB: usize = 25;
const NOW: i64 = 1_795_500_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = StdRng::seed_from_u64(1);
    let subkey = SubkeyParamsBuilder::default()
        .version(KeyVersion::V6)
        .key_type(KeyType::X25519)
        .can_encrypt(EncryptionCaps::All)
        .build()?;
    let mut params = SecretKeyParamsBuilder::default();
    params.version(KeyVersion::V6).key_type(KeyType::Ed25519).can_sign(true).subkey(subkey);
    let key = params.build()?.generate(&mut rng)?;
    let subkey = key.secret_subkeys.first().ok_or("no subkey was made")?;
    let recipients =
        vec![Recipient { key: KeyPacket::Subkey(subkey.key.public_key()), naming: Naming::Named }];
    let large: Vec<u8> = (0..MIB << 20).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect();
    let small = large.get(..2048).unwrap_or_default();
    for (name, plan) in
        [("SEIPDv1", Plan::default()), ("OCB", Plan::modern()), ("GCM", Plan::modern().with_mode(3))]
    {
        for hash in [Hash::Sha512, Hash::Sha256] {
            for (content, armor) in [(&*large, false), (&*large, true), (small, false)] {
                let options = Options {
                    recipients: recipients.clone(),
                    signers: vec![SignerKey::of(&key.primary_key)?.with_hash(hash)],
                    plan,
                    length: Some(content.len() as u64),
                    armor,
                    ..Options::default()
                };
                let armored = if armor { ", armored" } else { "" };
                timed(
                    &format!("{name}, {hash}, {} KiB{armored}", content.len() / 1024),
                    content.len(),
                    || write(content, &options, &[&key.primary_key], &mut rng, NOW).is_ok(),
                );
            }
        }
    }
    timed("detached, SHA512", large.len(), || {
        sign_detached(&large, ContentKind::Binary, &[&key.primary_key], &mut rng, NOW).is_ok()
    });
    Ok(())
}

/// The best of several runs.
fn timed(name: &str, octets: usize, mut run: impl FnMut() -> bool) {
    let runs = if octets < 1 << 20 { 50 } else { 5 };
    let mut one = || {
        let start = Instant::now();
        assert!(black_box(run()), "{name} failed");
        start.elapsed()
    };
    let best = (0..runs).map(|_| one()).min().unwrap_or(Duration::MAX);
    let speed = octets as f64 / best.as_secs_f64() / (1 << 20) as f64;
    println!("{name:36} {:8.2} ms {speed:6.0} MiB/s", best.as_secs_f64() * 1e3);
}
