//! The ciphers of content, beside crates that know nothing of OpenPGP.

use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::generic_array::typenum::{U15, U16};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use bulk::{aead, cfb};
use cfb_mode::cipher::{AsyncStreamCipher as _, KeyIvInit as _};
use seal::writing::{BlockCipher, Mode};

use crate::fixture::Choices;

/// A chunk of AES-GCM with a tag of 16 octets, opened by the crate.
pub(crate) fn gcm_opened(key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    type Aes192Gcm = aes_gcm::AesGcm<aes::Aes192, aes_gcm::aead::consts::U12>;
    let payload = Payload { msg, aad };
    let nonce = GenericArray::from_slice(nonce);
    match key.len() {
        16 => Aes128Gcm::new_from_slice(key).ok()?.decrypt(nonce, payload).ok(),
        24 => Aes192Gcm::new_from_slice(key).ok()?.decrypt(nonce, payload).ok(),
        _ => Aes256Gcm::new_from_slice(key).ok()?.decrypt(nonce, payload).ok(),
    }
}

/// AES-CFB with 128 bits of feedback, by the crate.
pub(crate) fn cfb_opened(key: &[u8], iv: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut out = sealed.to_vec();
    let fits = "a key and a block";
    match key.len() {
        16 => cfb_mode::Decryptor::<aes::Aes128>::new_from_slices(key, iv).expect(fits).decrypt(&mut out),
        24 => cfb_mode::Decryptor::<aes::Aes192>::new_from_slices(key, iv).expect(fits).decrypt(&mut out),
        _ => cfb_mode::Decryptor::<aes::Aes256>::new_from_slices(key, iv).expect(fits).decrypt(&mut out),
    }
    out
}

/// The chunks one after the other, each sealed by a crate.
fn by_crate(params: &aead::Params, content: &[u8]) -> Vec<u8> {
    let key = params.message_key();
    let seal = |msg: &[u8], aad: &[u8], nonce: &[u8]| {
        let payload = Payload { msg, aad };
        let made = match u8::from(params.mode()) {
            1 => {
                let cipher = eax::Eax::<aes::Aes256>::new_from_slice(key).expect("a key");
                cipher.encrypt(GenericArray::<u8, U16>::from_slice(nonce), payload)
            }
            2 => {
                let cipher = ocb3::Ocb3::<aes::Aes256, U15, U16>::new_from_slice(key).expect("a key");
                cipher.encrypt(GenericArray::from_slice(nonce), payload)
            }
            _ => Aes256Gcm::new_from_slice(key)
                .expect("a key")
                .encrypt(GenericArray::from_slice(nonce), payload),
        };
        made.expect("sealed by the crate")
    };
    let mut out = Vec::new();
    let mut index = 0;
    for chunk in content.chunks(params.chunk_bytes()) {
        out.extend(seal(chunk, &params.associated(index), &params.nonce(index)));
        index += 1;
    }
    out.extend(seal(&[], &params.final_associated(content.len() as u64), &params.nonce(index)));
    out
}

/// Sealing content in every mode: the octets are those of the crates, in pieces of any size; what was sealed
/// is opened, and what was changed is not.
pub fn ciphers(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let (mode, step, place) = (choices.octet(), 1 + choices.below(700), choices.below(1 << 16));
    let key: [u8; 32] = core::array::from_fn(|_| choices.octet());
    let content = choices.0;
    if mode.is_multiple_of(4) {
        return feedback(&key, content, step, place);
    }
    let salt = [mode; 32];
    let (octet, number) = (mode >> 2 & 3, Mode::from(mode % 4));
    let make = || aead::Params::derive(BlockCipher::AES256, number, octet, &key, &salt).expect("parameters");
    let mut sealed = Vec::new();
    let mut sealer = aead::Sealer::new(make()).expect("a mode");
    content.chunks(step).for_each(|piece| sealer.push(piece, &mut sealed));
    sealer.finish(&mut sealed);
    assert!(sealed == by_crate(&make(), content), "not what the crate seals");
    assert_eq!(sealed.len() as u64, make().sealed_length(content.len() as u64));
    let open = |sealed: &[u8], step: usize| {
        let mut out = Vec::new();
        let mut opener = aead::Opener::new(make()).expect("a mode");
        let pushed = sealed.chunks(step).try_for_each(|piece| opener.push(piece, &mut out));
        let ended = pushed.and_then(|()| opener.finish(&mut out));
        (out, ended.is_ok())
    };
    assert!(open(&sealed, step) == (content.to_vec(), true), "what was sealed is not opened");
    let at = place % sealed.len();
    sealed[at] ^= 1 << (mode >> 5);
    let (out, fine) = open(&sealed, step);
    assert!(!fine && content.starts_with(&out), "changed content was released");
}

fn feedback(key: &[u8; 32], content: &[u8], step: usize, place: usize) {
    let random = [3; 16];
    let mut sealed = Vec::new();
    let mut sealer = cfb::Sealer::new(BlockCipher::AES256, key, &random).expect("a cipher");
    content.chunks(step).for_each(|piece| sealer.push(piece, &mut sealed));
    sealer.finish(&mut sealed);
    let mut plain = sealed.clone();
    cfb_mode::Decryptor::<aes::Aes256>::new_from_slices(key, &[0; 16]).expect("a key").decrypt(&mut plain);
    let expected = [&random[..], &random[14..], content, &[0xD3, 0x14]].concat();
    assert!(plain.starts_with(&expected) && plain.len() == expected.len() + 20, "not what the crate opens");
    let open = |sealed: &[u8]| {
        let mut out = Vec::new();
        let mut opener = cfb::Opener::new(BlockCipher::AES256, key).expect("a cipher");
        sealed.chunks(step).for_each(|piece| opener.push(piece, &mut out));
        opener.finish(&mut out).map(|()| out).ok()
    };
    assert!(open(&sealed).is_some_and(|out| out == content), "what was sealed is not opened");
    let at = place % sealed.len();
    sealed[at] ^= 1;
    assert!(open(&sealed).is_none(), "a changed message was opened");
}
