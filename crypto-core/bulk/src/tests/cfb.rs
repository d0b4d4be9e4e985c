//! SEIPDv1.

use cfb_mode::cipher::{AsyncStreamCipher as _, KeyIvInit as _};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use sha1::{Digest as _, Sha1};

use super::super::cfb::{Opener, Sealer, sealed_length};
use super::super::{Block, Tampered};
use super::{CIPHERS, key, noise};

const RANDOM: Block = *b"random and not !";

fn sealed<'a>(cipher: SymmetricKeyAlgorithm, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sealer = Sealer::new(cipher, &key(cipher), &RANDOM).unwrap();
    for piece in pieces {
        sealer.push(piece, &mut out);
    }
    sealer.finish(&mut out);
    out
}

fn opened<'a>(
    cipher: SymmetricKeyAlgorithm,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, Tampered> {
    let mut out = Vec::new();
    let mut opener = Opener::new(cipher, &key(cipher)).unwrap();
    for piece in pieces {
        opener.push(piece, &mut out);
    }
    opener.finish(&mut out)?;
    Ok(out)
}

/// What is sealed, put together from the crates.
fn reference(content: &[u8]) -> Vec<u8> {
    let mut bytes = [&RANDOM[..], &RANDOM[14..], content, &[0xD3, 0x14]].concat();
    let digest = Sha1::digest(&bytes);
    bytes.extend(digest);
    let key = key(SymmetricKeyAlgorithm::AES256);
    cfb_mode::Encryptor::<aes::Aes256>::new_from_slices(&key, &[0; 16]).unwrap().encrypt(&mut bytes);
    bytes
}

#[test]
fn any_cipher_size_and_cut_opens_to_what_was_sealed() {
    for cipher in CIPHERS {
        for length in (0..40).chain([500, 511, 512, 513, 1024 + 7]) {
            let content = noise(length, 2);
            let whole = sealed(cipher, [content.as_slice()]);
            assert_eq!(whole.len() as u64, sealed_length(length as u64));
            if cipher == SymmetricKeyAlgorithm::AES256 {
                assert!(whole == reference(&content));
            }
            for size in [1, 3, 15, 16, 17, 22, 40, 600] {
                assert!(sealed(cipher, content.chunks(size)) == whole, "{cipher:?} {length} {size}");
                assert!(opened(cipher, whole.chunks(size)).unwrap() == content, "{cipher:?} {length} {size}");
            }
        }
    }
}

#[test]
fn cut_and_changed_messages_are_refused() {
    let cipher = SymmetricKeyAlgorithm::AES128;
    let whole = sealed(cipher, [noise(70, 4).as_slice()]);
    for length in 0..whole.len() {
        assert_eq!(opened(cipher, [&whole[..length]]), Err(Tampered), "{length}");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(opened(cipher, [changed.as_slice()]), Err(Tampered), "{at}");
        }
    }
    assert_eq!(opened(cipher, [whole.as_slice(), &[0]]), Err(Tampered));
}

#[test]
fn a_wrong_key_is_seen_at_the_beginning() {
    let cipher = SymmetricKeyAlgorithm::AES128;
    let whole = sealed(cipher, [noise(70, 4).as_slice()]);
    let mut right = Opener::new(cipher, &key(cipher)).unwrap();
    assert_eq!(right.plausible(), None);
    right.push(&whole, &mut Vec::new());
    assert_eq!(right.plausible(), Some(true));
    let mut wrong = Opener::new(cipher, &[3; 16]).unwrap();
    wrong.push(&whole, &mut Vec::new());
    assert_eq!(wrong.plausible(), Some(false));
}
