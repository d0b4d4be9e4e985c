//! How fast the bulk of messages and armor are on this machine: `cargo run --release -p seal --example bulk_speed`.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bulk::armor::{Armorer, Kind, armored, dearmored};
use bulk::{Unsupported, aead, cfb};
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;

const MIB: usize = 25;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let content: Vec<u8> = (0..MIB << 20).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect();
    for mode in [AeadAlgorithm::Ocb, AeadAlgorithm::Gcm, AeadAlgorithm::Eax] {
        let sealed = seal(mode, &content)?;
        timed(&format!("{mode:?} seal"), || seal(mode, &content).is_ok());
        timed(&format!("{mode:?} open"), || open(mode, &sealed).is_ok());
    }
    let sealed = seal_cfb(&content)?;
    timed("SEIPDv1 seal", || seal_cfb(&content).is_ok());
    timed("SEIPDv1 open", || open_cfb(&sealed).is_ok());
    let text = armored(Kind::Message, &content);
    timed("armor", || armored(Kind::Message, &content).len() == text.len());
    timed("armor with CRC-24", || {
        let mut out = Vec::with_capacity(text.len() + 8);
        let mut armorer = Armorer::new(Kind::Message, true);
        armorer.push(&content, &mut out);
        armorer.finish(&mut out);
        out.len() > text.len()
    });
    timed("dearmor", || dearmored(text.as_bytes()).is_ok());
    Ok(())
}

/// The best of five runs.
fn timed(name: &str, run: impl Fn() -> bool) {
    let one = || {
        let start = Instant::now();
        assert!(black_box(run()), "{name} failed");
        start.elapsed()
    };
    let best = (0..5).map(|_| one()).min().unwrap_or(Duration::MAX);
    let speed = MIB as f64 / best.as_secs_f64();
    println!("{name:20} {:7.1} ms {speed:6.0} MiB/s", best.as_secs_f64() * 1e3);
}

fn params(mode: AeadAlgorithm) -> Result<aead::Params, Unsupported> {
    aead::Params::derive(SymmetricKeyAlgorithm::AES256, mode, 12, &[7; 32], &[9; 32])
}

fn seal(mode: AeadAlgorithm, content: &[u8]) -> Result<Vec<u8>, Unsupported> {
    let mut out = Vec::new();
    let mut sealer = aead::Sealer::new(params(mode)?)?;
    sealer.push(content, &mut out);
    sealer.finish(&mut out);
    Ok(out)
}

fn open(mode: AeadAlgorithm, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut out = Vec::new();
    let mut opener = aead::Opener::new(params(mode)?)?;
    opener.push(sealed, &mut out)?;
    opener.finish(&mut out)?;
    Ok(out)
}

fn seal_cfb(content: &[u8]) -> Result<Vec<u8>, Unsupported> {
    let mut out = Vec::new();
    let mut sealer = cfb::Sealer::new(SymmetricKeyAlgorithm::AES256, &[7; 32], &[3; 16])?;
    sealer.push(content, &mut out);
    sealer.finish(&mut out);
    Ok(out)
}

fn open_cfb(sealed: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut out = Vec::new();
    let mut opener = cfb::Opener::new(SymmetricKeyAlgorithm::AES256, &[7; 32])?;
    opener.push(sealed, &mut out);
    opener.finish(&mut out)?;
    Ok(out)
}
