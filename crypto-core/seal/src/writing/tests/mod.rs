//! What is written is read by others: rPGP's own reader here, GnuPG and Sequoia in `programs`.

mod cleartext;
mod host;
mod programs;
mod shapes;
mod streams;

use aes::cipher::generic_array::GenericArray;
use pgp::composed::{
    EncryptionCaps, KeyType, Message, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder, TheRing,
};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::types::{KeyVersion, Password as PgpPassword, SigningKey, Timestamp};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

use super::*;

/// 2026-11-24.
pub(super) const NOW: i64 = 1_795_500_000_000;

pub(super) fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

pub(super) fn make(version: KeyVersion, primary: KeyType, subkey: KeyType, seed: u64) -> SignedSecretKey {
    let made = Timestamp::from_secs(1_750_000_000);
    let subkey = SubkeyParamsBuilder::default()
        .version(version)
        .key_type(subkey)
        .can_encrypt(EncryptionCaps::All)
        .created_at(made)
        .build()
        .unwrap();
    let mut params = SecretKeyParamsBuilder::default();
    params
        .version(version)
        .key_type(primary)
        .can_certify(true)
        .can_sign(true)
        .created_at(made)
        .primary_user_id(format!("Key {seed} <{seed}@hedgerow.test>"))
        .subkey(subkey);
    params.build().unwrap().generate(rng(seed)).unwrap()
}

/// What GnuPG reads.
pub(super) fn v4(seed: u64) -> SignedSecretKey {
    make(KeyVersion::V4, KeyType::Ed25519Legacy, KeyType::ECDH(ECCCurve::Curve25519Legacy), seed)
}

pub(super) fn v6(seed: u64) -> SignedSecretKey {
    make(KeyVersion::V6, KeyType::Ed25519, KeyType::X25519, seed)
}

pub(super) fn to(key: &SignedSecretKey, naming: Naming) -> Recipient<'_> {
    Recipient { key: KeyPacket::Subkey(key.secret_subkeys.first().unwrap().key.public_key()), naming }
}

pub(super) fn signer(key: &SignedSecretKey) -> SignerKey {
    SignerKey::of(&key.primary_key).unwrap()
}

pub(super) fn secret(key: &SignedSecretKey) -> &dyn SigningKey {
    &key.primary_key
}

pub(super) fn text(octets: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; octets];
    rng(seed).fill_bytes(&mut bytes);
    bytes
}

/// Every form that is written, with a name.
pub(super) fn plans() -> Vec<(&'static str, Plan)> {
    vec![
        ("v1", Plan::default()),
        ("eax", Plan::modern().with_mode(1)),
        ("ocb", Plan::modern().with_mode(2)),
        ("gcm", Plan::modern().with_mode(3)),
    ]
}

/// Opened by rPGP with a key or a password; checked against each signer, in the order of the signatures.
pub(super) fn open(
    message: &[u8],
    keys: &[&SignedSecretKey],
    password: Option<&str>,
    signers: &[&SignedSecretKey],
) -> Result<Vec<u8>, String> {
    let wrong = |error: pgp::errors::Error| error.to_string();
    let empty = PgpPassword::empty();
    let password = password.map(PgpPassword::from);
    let mut message = if message.starts_with(b"-----") {
        Message::from_armor(message).map_err(wrong)?.0
    } else {
        Message::from_bytes(message).map_err(wrong)?
    };
    if message.is_encrypted() {
        let ring = TheRing {
            secret_keys: keys.to_vec(),
            key_passwords: vec![&empty],
            message_password: password.iter().collect(),
            ..TheRing::default()
        };
        message = message.decrypt_the_ring(ring, true).map_err(wrong)?.0;
    }
    let content = message.as_data_vec().map_err(|error| error.to_string())?;
    for (index, key) in signers.iter().enumerate() {
        message.verify_nested_explicit(index, key.primary_key.public_key()).map_err(wrong)?;
    }
    assert_eq!(message.is_signed(), !signers.is_empty());
    Ok(content)
}

/// Runs the jobs as WebCrypto or node:crypto would, `backwards` where the order is free.
pub(super) fn run_jobs(writer: &mut Writer, backwards: bool, out: &mut Vec<u8>) {
    loop {
        let mut jobs: Vec<Job> = std::iter::from_fn(|| writer.take_job()).collect();
        if jobs.is_empty() {
            return;
        }
        if backwards {
            jobs.reverse();
        }
        let key = writer.host_key().unwrap().to_vec();
        for job in jobs {
            let index = job.index;
            writer.give(index, run(&key, job), out).unwrap();
        }
    }
}

/// AES as a host has it, from other crates than the one under test.
pub(super) fn run(key: &[u8], job: Job) -> Vec<u8> {
    use aes::Aes256;
    use aes::cipher::{AsyncStreamCipher as _, BlockEncrypt as _, KeyInit as _, KeyIvInit as _};
    let (cipher, nonce, associated) = (job.cipher, job.nonce.clone(), job.associated.clone());
    let mut octets = job.into_octets();
    match cipher {
        Cipher::Gcm => {
            use aes_gcm::aead::{Aead as _, Payload};
            let sealer = aes_gcm::Aes256Gcm::new_from_slice(key).unwrap();
            let payload = Payload { msg: &octets, aad: &associated };
            sealer.encrypt(GenericArray::from_slice(&nonce), payload).unwrap()
        }
        Cipher::Cfb => {
            let sealer = cfb_mode::Encryptor::<Aes256>::new_from_slices(key, &nonce).unwrap();
            sealer.encrypt(&mut octets);
            octets
        }
        Cipher::Cbc => {
            // PKCS #7, as WebCrypto always does.
            let padding = 16 - octets.len() % 16;
            octets.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
            let block_cipher = Aes256::new_from_slice(key).unwrap();
            let mut chain = nonce;
            for block in octets.chunks_exact_mut(16) {
                block.iter_mut().zip(&chain).for_each(|(octet, before)| *octet ^= before);
                block_cipher.encrypt_block(GenericArray::from_mut_slice(block));
                chain = block.to_vec();
            }
            octets
        }
    }
}
