//! The modes against their specifications' vectors and against RustCrypto's crates; the machines against
//! tampering, truncation and every way of cutting their input.

mod aead;
mod cfb;
mod modes;

use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;

const MODES: [AeadAlgorithm; 3] = [AeadAlgorithm::Eax, AeadAlgorithm::Ocb, AeadAlgorithm::Gcm];
const CIPHERS: [SymmetricKeyAlgorithm; 7] = [
    SymmetricKeyAlgorithm::AES128,
    SymmetricKeyAlgorithm::AES192,
    SymmetricKeyAlgorithm::AES256,
    SymmetricKeyAlgorithm::Twofish,
    SymmetricKeyAlgorithm::Camellia128,
    SymmetricKeyAlgorithm::Camellia192,
    SymmetricKeyAlgorithm::Camellia256,
];

/// Bytes that look random and are always the same.
fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn key(cipher: SymmetricKeyAlgorithm) -> Vec<u8> {
    noise(super::cipher::key_length(cipher).unwrap(), 77)
}
