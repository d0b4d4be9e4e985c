//! One chunk in each mode.

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U12, U15, U16};
use aes_gcm::aead::{AeadInPlace, KeyInit};
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;

use super::super::Block;
use super::super::ghash::{self, soft};
use super::super::mode::Mode;
use super::noise;

fn theirs<C: AeadInPlace + KeyInit>(key: &[u8], nonce: &[u8], data: &[u8], content: &mut [u8]) -> Block {
    let cipher = C::new_from_slice(key).unwrap();
    let tag = cipher.encrypt_in_place_detached(nonce.into(), data, content);
    tag.unwrap().as_slice().try_into().unwrap()
}

/// Seals with the crates that rPGP uses.
fn reference(mode: AeadAlgorithm, key: &[u8], nonce: &[u8], data: &[u8], content: &mut [u8]) -> Block {
    match (mode, key.len()) {
        (AeadAlgorithm::Ocb, 16) => theirs::<ocb3::Ocb3<Aes128, U15>>(key, nonce, data, content),
        (AeadAlgorithm::Ocb, 24) => theirs::<ocb3::Ocb3<Aes192, U15>>(key, nonce, data, content),
        (AeadAlgorithm::Ocb, _) => theirs::<ocb3::Ocb3<Aes256, U15>>(key, nonce, data, content),
        (AeadAlgorithm::Eax, 16) => theirs::<eax::Eax<Aes128>>(key, nonce, data, content),
        (AeadAlgorithm::Eax, 24) => theirs::<eax::Eax<Aes192>>(key, nonce, data, content),
        (AeadAlgorithm::Eax, _) => theirs::<eax::Eax<Aes256>>(key, nonce, data, content),
        (_, 16) => theirs::<AesGcm<Aes128, U12, U16>>(key, nonce, data, content),
        (_, 24) => theirs::<AesGcm<Aes192, U12, U16>>(key, nonce, data, content),
        (_, _) => theirs::<AesGcm<Aes256, U12, U16>>(key, nonce, data, content),
    }
}

fn cipher(key: &[u8]) -> SymmetricKeyAlgorithm {
    match key.len() {
        16 => SymmetricKeyAlgorithm::AES128,
        24 => SymmetricKeyAlgorithm::AES192,
        _ => SymmetricKeyAlgorithm::AES256,
    }
}

#[test]
fn every_mode_is_what_rustcrypto_makes_of_it() {
    for (mode, nonce) in [(AeadAlgorithm::Eax, 16), (AeadAlgorithm::Ocb, 15), (AeadAlgorithm::Gcm, 12)] {
        for key in [16, 24, 32] {
            let key = noise(key, 5);
            let ours = Mode::new(cipher(&key), mode, &key).unwrap();
            for length in (0..70).chain([127, 128, 129, 511, 512, 513, 1024, 4096, 65536 + 5]) {
                let nonce = noise(nonce, length as u32 + 9);
                let data = noise(length % 40, 3);
                let content = noise(length, 1);
                let (mut one, mut other) = (content.clone(), content.clone());
                let tag = ours.seal(&nonce, &data, &mut one);
                assert_eq!(tag, reference(mode, &key, &nonce, &data, &mut other), "{mode:?} {length}");
                assert_eq!(one, other, "{mode:?} {length}");
                ours.open(&nonce, &data, &mut one, &tag).unwrap();
                assert_eq!(one, content);
            }
        }
    }
}

#[test]
fn ocb_gives_the_samples_of_rfc_7253() {
    let key: Vec<u8> = (0..16).collect();
    let ocb = Mode::new(SymmetricKeyAlgorithm::AES128, AeadAlgorithm::Ocb, &key).unwrap();
    for (last, data, content, sealed) in [
        (0x00, 0, 0, "785407BFFFC8AD9EDCC5520AC9111EE6"),
        (0x01, 8, 8, "6820B3657B6F615A5725BDA0D3B4EB3A257C9AF1F8F03009"),
        (
            0x0F,
            0,
            40,
            "4412923493C57D5DE0D700F753CCE0D1D2D95060122E9F15A5DDBFC5787E50B5CC55EE507BCB084E479AD363AC366B95\
             A98CA5F3000B1479",
        ),
    ] {
        let mut nonce = hex::decode("BBAA99887766554433221100").unwrap();
        nonce[11] = last;
        let data: Vec<u8> = (0..data).collect();
        let mut bytes: Vec<u8> = (0..content).collect();
        let tag = ocb.seal(&nonce, &data, &mut bytes);
        bytes.extend(tag);
        assert_eq!(hex::encode_upper(bytes), sealed);
    }
}

/// The long sample of RFC 7253 appendix A: 128 lengths, with and without associated data, hashed into one tag.
#[test]
fn ocb_gives_the_iterated_sample_of_rfc_7253() {
    for (length, wanted) in [
        (16, "67E944D23256C5E0B6C61FA22FDF1EA2"),
        (24, "F673F2C3E7174AAE7BAE986CA9F29E17"),
        (32, "D90EB8E9C977C88B79DD793D7FFA161C"),
    ] {
        let mut key = vec![0; length];
        key[length - 1] = 128;
        let ocb = Mode::new(cipher(&key), AeadAlgorithm::Ocb, &key).unwrap();
        let nonce = |number: u32| [[0; 8].as_slice(), &number.to_be_bytes()].concat();
        let mut all = Vec::new();
        for count in 0..128_u32 {
            let zeros = vec![0; count as usize];
            let mut seal = |number, data: &[u8], content: &[u8]| {
                let mut content = content.to_vec();
                let tag = ocb.seal(&nonce(number), data, &mut content);
                all.extend(content);
                all.extend(tag);
            };
            seal(3 * count + 1, &zeros, &zeros);
            seal(3 * count + 2, &[], &zeros);
            seal(3 * count + 3, &zeros, &[]);
        }
        assert_eq!(hex::encode_upper(ocb.seal(&nonce(385), &all, &mut [])), wanted);
    }
}

/// rPGP's OCB aborts here on wasm32: its table ends at 2^16 blocks there.
#[test]
fn ocb_goes_far_beyond_the_largest_chunk() {
    let key = noise(32, 2);
    let ocb = Mode::new(SymmetricKeyAlgorithm::AES256, AeadAlgorithm::Ocb, &key).unwrap();
    let content = noise(9 << 20, 8);
    let (mut one, mut other) = (content.clone(), content.clone());
    let nonce = noise(15, 4);
    let tag = ocb.seal(&nonce, &[], &mut one);
    assert_eq!(tag, reference(AeadAlgorithm::Ocb, &key, &nonce, &[], &mut other));
    assert!(one == other);
    ocb.open(&nonce, &[], &mut one, &tag).unwrap();
    assert!(one == content);
}

proptest::proptest! {
    #[test]
    fn portable_and_native_ghash_agree(
        key: [u8; 16],
        data in proptest::collection::vec(0_u8.., 0..40),
        sealed in proptest::collection::vec(0_u8.., 0..600),
    ) {
        let one = ghash::GhashKey::new(key).digest(&data, &sealed);
        let other = soft::GhashKey::new(key).digest(&data, &sealed);
        proptest::prop_assert_eq!(one, other);
    }

    #[test]
    fn a_changed_bit_is_noticed(
        mode in 0..3_usize,
        length in 0..300_usize,
        at: proptest::sample::Index,
        bit in 0..8_u32,
    ) {
        let (mode, nonce) = [(AeadAlgorithm::Eax, 16), (AeadAlgorithm::Ocb, 15), (AeadAlgorithm::Gcm, 12)][mode];
        let mode = Mode::new(SymmetricKeyAlgorithm::AES128, mode, &noise(16, 1)).unwrap();
        let (nonce, data) = (noise(nonce, 2), noise(5, 3));
        let mut content = noise(length, 4);
        let tag = mode.seal(&nonce, &data, &mut content);
        let mut all = [nonce.clone(), data, content, tag.to_vec()];
        let total: usize = all.iter().map(Vec::len).sum();
        let mut at = at.index(total);
        for part in &mut all {
            if at < part.len() {
                part[at] ^= 1 << bit;
                break;
            }
            at -= part.len();
        }
        let [nonce, data, mut content, tag] = all;
        let tag: Block = tag.try_into().unwrap();
        proptest::prop_assert!(mode.open(&nonce, &data, &mut content, &tag).is_err());
    }
}
