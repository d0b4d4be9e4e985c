//! Messages in chunks.

use std::io::Read as _;

use pgp::crypto::aead::{AeadAlgorithm, ChunkSize, StreamDecryptor};
use pgp::crypto::sym::SymmetricKeyAlgorithm;

use super::super::aead::{Opener, Params, Sealer, TAG};
use super::super::{Tampered, Unsupported};
use super::{CIPHERS, MODES, key, noise};

/// Both forms of a message: SEIPDv2's and GnuPG's.
fn params(gnupg: bool, cipher: SymmetricKeyAlgorithm, mode: AeadAlgorithm, octet: u8) -> Params {
    if gnupg {
        let iv = match mode {
            AeadAlgorithm::Eax => 16,
            AeadAlgorithm::Ocb => 15,
            _ => 12,
        };
        Params::gnupg(cipher, mode, octet, &key(cipher), &noise(iv, 6)).unwrap()
    } else {
        Params::derive(cipher, mode, octet, &key(cipher), &[9; 32]).unwrap()
    }
}

fn sealed(params: Params, pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sealer = Sealer::new(params).unwrap();
    for piece in pieces {
        sealer.push(piece, &mut out);
    }
    sealer.finish(&mut out);
    out
}

fn opened<'a>(params: Params, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Tampered> {
    let mut out = Vec::new();
    let mut opener = Opener::new(params).unwrap();
    for piece in pieces {
        opener.push(piece, &mut out)?;
    }
    opener.finish(&mut out)?;
    Ok(out)
}

const HELLO: &str = "cb1362000000000048656c6c6f2c20776f726c6421d50e";

#[test]
fn the_samples_of_rfc_9580_appendix_a_open() {
    for (mode, session_key, salt, body) in [
        (
            AeadAlgorithm::Eax,
            "3881bafe985412459b86c36f98cb9a5e",
            "9ff90e3b321964f3a42913c8dcc6619325015227efb7eaeaa49f04c2e674175d",
            "4a3d226ed6afcb9ca9ac122c1470e11c63d4c0ab241c6a938ad48bf99a5a99b90bba8325de61047540258ab7959a95ad\
             051dda96eb15431dfef5f5e2255ca78261546e339a",
        ),
        (
            AeadAlgorithm::Ocb,
            "28e79ab82397d3c63de24ac217d7b791",
            "20a661f731fc9a3032b5623326027e3a5d8db5748ebeff0b0c5910d09ecdd641",
            "ff9fd38562758035bc49754ce1bf3fffa7dad0a3b8104f5133cf42a4100a83eef4ca1b4801a8846bf42bcda7c8ce9d65\
             e212f301cbcd98fdcade694a877ad4247323f6e857",
        ),
        (
            AeadAlgorithm::Gcm,
            "1936fc8568980274bb900d8319360c77",
            "fcb94490bcb98bbdc9d106c6090266940f72e89edc21b5596b1576b101ed0f9f",
            "fc6fc6d65bbfd24dcd0790966e6d1e85a30053784cb1d8b6a0699ef12155a7b2ad6258531b57651fd7777912fa95e35d\
             9b40216f69a4c248db28ff4331f1632907399e6ff9",
        ),
    ] {
        let session_key = hex::decode(session_key).unwrap();
        let salt: [u8; 32] = hex::decode(salt).unwrap().try_into().unwrap();
        let params = Params::derive(SymmetricKeyAlgorithm::AES128, mode, 6, &session_key, &salt).unwrap();
        let content = opened(params, [hex::decode(body).unwrap().as_slice()]).unwrap();
        assert!(hex::encode(content).starts_with(HELLO), "{mode:?}");
    }
}

#[test]
fn any_cipher_mode_size_and_cut_opens_to_what_was_sealed() {
    for gnupg in [false, true] {
        for cipher in CIPHERS {
            for mode in MODES {
                for length in [0, 1, 63, 64, 65, 128, 200, 1000] {
                    let content = noise(length, 2);
                    let whole = sealed(params(gnupg, cipher, mode, 0), &[&content]);
                    assert_eq!(
                        whole.len() as u64,
                        params(gnupg, cipher, mode, 0).sealed_length(length as u64)
                    );
                    for size in [1, 7, 64, 80, 96, 97, 5000] {
                        let pieces: Vec<&[u8]> = content.chunks(size).collect();
                        assert!(sealed(params(gnupg, cipher, mode, 0), &pieces) == whole);
                        let back = opened(params(gnupg, cipher, mode, 0), whole.chunks(size)).unwrap();
                        assert!(back == content, "{gnupg} {cipher:?} {mode:?} {length} {size}");
                    }
                }
            }
        }
    }
}

#[test]
fn rpgp_opens_what_we_seal() {
    use SymmetricKeyAlgorithm::{AES128, AES192, AES256};
    for cipher in [AES128, AES192, AES256] {
        for mode in MODES {
            for length in [1, 63, 64, 65, 4096, 5000] {
                let content = noise(length, 2);
                let ours = sealed(params(false, cipher, mode, 0), &[&content]);
                let size = ChunkSize::C64B;
                let mut theirs =
                    StreamDecryptor::new_rfc9580(cipher, mode, size, &[9; 32], &key(cipher), &ours[..])
                        .unwrap();
                let mut back = Vec::new();
                theirs.read_to_end(&mut back).unwrap();
                assert!(back == content, "{cipher:?} {mode:?} {length}");
            }
        }
    }
}

#[test]
fn chunks_as_large_as_the_standard_allows_open() {
    for octet in [14, 15, 16] {
        let content = noise((64 << octet) + 12345, 3);
        let make = || params(false, SymmetricKeyAlgorithm::AES128, AeadAlgorithm::Ocb, octet);
        let whole = sealed(make(), &[&content]);
        assert!(opened(make(), whole.chunks(70_001)).unwrap() == content);
    }
}

/// What a host needs to do chunks itself is what the machines use.
#[test]
fn a_host_can_seal_the_chunks_from_the_parameters() {
    use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
    for gnupg in [false, true] {
        let make = || params(gnupg, SymmetricKeyAlgorithm::AES256, AeadAlgorithm::Gcm, 0);
        for length in [0, 64, 100, 640] {
            let content = noise(length, 5);
            let params = make();
            let cipher = aes_gcm::Aes256Gcm::new_from_slice(params.message_key()).unwrap();
            let mut out = Vec::new();
            let mut index = 0;
            let mut chunk = |msg: &[u8], aad: &[u8], index: u64| {
                let nonce = params.nonce(index);
                out.extend(cipher.encrypt(nonce.as_slice().into(), Payload { msg, aad }).unwrap());
            };
            for part in content.chunks(params.chunk_bytes()) {
                chunk(part, &params.associated(index), index);
                index += 1;
            }
            chunk(&[], &params.final_associated(length as u64), index);
            assert!(out == sealed(make(), &[&content]), "{gnupg} {length}");
        }
    }
}

#[test]
fn cut_doubled_swapped_and_changed_messages_are_refused() {
    for gnupg in [false, true] {
        for mode in MODES {
            let make = || params(gnupg, SymmetricKeyAlgorithm::AES256, mode, 0);
            let content = noise(64 * 3 + 10, 7);
            let whole = sealed(make(), &[&content]);
            let refused = |bytes: &[u8]| {
                assert_eq!(opened(make(), [bytes]), Err(Tampered));
                assert_eq!(opened(make(), bytes.chunks(33)), Err(Tampered));
            };
            for length in 0..whole.len() {
                refused(&whole[..length]);
            }
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                refused(&changed);
            }
            let chunk = 64 + TAG;
            refused(&[&whole[..chunk], &whole[..]].concat());
            refused(&[&whole[chunk..2 * chunk], &whole[..chunk], &whole[2 * chunk..]].concat());
            refused(&whole[chunk..]);
            refused(&[&whole[..], &[0]].concat());
            refused(&[&whole[..2 * chunk], &whole[whole.len() - TAG..]].concat());
        }
    }
}

#[test]
fn nothing_of_a_changed_chunk_is_released() {
    let make = || params(false, SymmetricKeyAlgorithm::AES128, AeadAlgorithm::Ocb, 0);
    let content = noise(300, 7);
    let mut whole = sealed(make(), &[&content]);
    whole[85] ^= 4;
    let mut out = Vec::new();
    assert_eq!(Opener::new(make()).unwrap().push(&whole, &mut out), Err(Tampered));
    assert!(out == content[..64]);
    // A final tag that is wrong takes the last chunk with it.
    let mut whole = sealed(make(), &[&content]);
    *whole.last_mut().unwrap() ^= 1;
    let mut out = Vec::new();
    let mut opener = Opener::new(make()).unwrap();
    opener.push(&whole, &mut out).unwrap();
    assert_eq!(opener.finish(&mut out), Err(Tampered));
    assert!(out == content[..256]);
}

#[test]
fn what_does_not_fit_is_refused_before_any_work() {
    let aes = SymmetricKeyAlgorithm::AES256;
    let ocb = AeadAlgorithm::Ocb;
    let derive =
        |cipher, mode, octet, key: &[u8]| Params::derive(cipher, mode, octet, key, &[0; 32]).unwrap_err();
    assert_eq!(derive(aes, ocb, 17, &[0; 32]), Unsupported::ChunkSize);
    assert_eq!(derive(aes, ocb, 255, &[0; 32]), Unsupported::ChunkSize);
    assert_eq!(derive(aes, AeadAlgorithm::None, 6, &[0; 32]), Unsupported::Mode);
    assert_eq!(derive(aes, AeadAlgorithm::Other(200), 6, &[0; 32]), Unsupported::Mode);
    assert_eq!(derive(aes, ocb, 6, &[0; 16]), Unsupported::KeyLength);
    assert_eq!(derive(SymmetricKeyAlgorithm::IDEA, ocb, 6, &[0; 16]), Unsupported::Cipher);
    assert_eq!(derive(SymmetricKeyAlgorithm::Plaintext, ocb, 6, &[]), Unsupported::Cipher);
    let gnupg = Params::gnupg(aes, ocb, 6, &[0; 32], &[0; 16]).unwrap_err();
    assert_eq!(gnupg, Unsupported::StartingVector);
}
