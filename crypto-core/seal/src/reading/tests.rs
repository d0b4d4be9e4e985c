//! The reader against rPGP's writer, the grammar, and those who attack it. rPGP writes what is read here, so
//! that one mistake cannot hide in both.

mod attacks;
mod grammar;
mod published;
mod written;

use pgp::composed::MessageBuilder;
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{Password, StringToKey};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;

const PASSWORD: &[u8] = b"correct horse";

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn quick() -> StringToKey {
    StringToKey::new_iterated(rng(), HashAlgorithm::Sha256, 0)
}

/// A packet with a length of five octets.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xC0 | tag, 255];
    out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn literal(content: &[u8]) -> Vec<u8> {
    packet(11, &[b"b\x00\x00\x00\x00\x00", content].concat())
}

/// What is read from a message that is not sealed.
fn read(bytes: &[u8]) -> Result<(Vec<u8>, Finished), ReadError> {
    read_message(bytes, Limits::default(), |_| Err(ReadError::NoKey))
}

fn content(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    read(bytes).map(|(content, _)| content)
}

fn open_with(bytes: &[u8], password: &[u8]) -> Result<(Vec<u8>, Finished), ReadError> {
    read_message(bytes, Limits::default(), |locked| Ok((locked.with_passwords(&[password])?, true)))
}

fn open(bytes: &[u8]) -> Result<(Vec<u8>, Finished), ReadError> {
    open_with(bytes, PASSWORD)
}

/// rPGP's SEIPDv1 message.
fn seipd1(plain: &[u8]) -> Vec<u8> {
    let mut builder =
        MessageBuilder::from_bytes("", plain.to_vec()).seipd_v1(rng(), SymmetricKeyAlgorithm::AES256);
    builder.encrypt_with_password(quick(), &Password::from(PASSWORD)).unwrap();
    builder.to_vec(rng()).unwrap()
}

/// rPGP's SEIPDv2 message with chunks of 64 octets.
fn seipd2(plain: &[u8], mode: AeadAlgorithm) -> Vec<u8> {
    let mut builder = MessageBuilder::from_bytes("", plain.to_vec()).seipd_v2(
        rng(),
        SymmetricKeyAlgorithm::AES256,
        mode,
        ChunkSize::C64B,
    );
    builder.encrypt_with_password(rng(), quick(), &Password::from(PASSWORD)).unwrap();
    builder.to_vec(rng()).unwrap()
}
