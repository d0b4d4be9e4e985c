//! Round trips: rPGP seals and signs, we read.

use super::*;
use pgp::composed::{KeyType, SubpacketConfig};
use pgp::packet::{PubKeyInner, PublicKey, SecretKey, SignatureType};
use pgp::types::{CompressionAlgorithm, KeyVersion, Timestamp};
use proptest::prelude::*;

fn key(version: KeyVersion) -> SecretKey {
    let kind = KeyType::Ed25519;
    let (public, secret) = kind.generate(rng()).unwrap();
    let inner = PubKeyInner::new(version, kind.to_alg(), Timestamp::from_secs(1), None, public).unwrap();
    SecretKey::new(PublicKey::from_inner(inner).unwrap(), secret).unwrap()
}

#[test]
fn what_rpgp_seals_is_read_in_every_mode() {
    for length in [0, 1, 15, 16, 63, 64, 65, 1000, 300_000] {
        let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let (read, finished) = open(&seipd1(&plain)).unwrap();
        assert_eq!(read, plain);
        assert_eq!(finished.sealed.unwrap().format, Format::SeipdV1);
        assert_eq!(finished.session_key.unwrap().bytes().len(), 32);
        for mode in [AeadAlgorithm::Eax, AeadAlgorithm::Ocb, AeadAlgorithm::Gcm] {
            let (read, finished) = open(&seipd2(&plain, mode)).unwrap();
            assert_eq!(read, plain);
            assert_eq!(finished.sealed.unwrap().mode, Some(mode));
        }
    }
}

#[test]
fn signatures_are_digested_over_exactly_the_content() {
    let text = b"one\ntwo\r\n\nthree";
    for version in [KeyVersion::V4, KeyVersion::V6] {
        for typ in [SignatureType::Binary, SignatureType::Text] {
            let (one, two) = (key(version), key(version));
            let mut builder = MessageBuilder::from_bytes("f", text.to_vec());
            if typ == SignatureType::Text {
                builder.sign_text();
            } else {
                builder.sign_binary();
            }
            builder.compression(CompressionAlgorithm::ZIP);
            for key in [&one, &two] {
                builder.sign_with_subpackets(
                    key,
                    Password::empty(),
                    HashAlgorithm::Sha512,
                    SubpacketConfig::Default,
                );
            }
            let (read, finished) = read(&builder.to_vec(rng()).unwrap()).unwrap();
            assert_eq!(read, text);
            assert_eq!(finished.claims.len(), 2);
            for claim in finished.claims {
                // rPGP wrote the first two octets of the digest that it signed.
                assert_eq!(claim.digest().unwrap()[..2], claim.packet().left16(), "{version:?} {typ:?}");
                assert_eq!(claim.packet().is_text(), typ == SignatureType::Text);
            }
        }
    }
}

#[test]
fn a_wrong_password_is_told_from_a_changed_message() {
    let sealed = seipd1(b"text");
    assert_eq!(open_with(&sealed, b"wrong").unwrap_err(), ReadError::NoKey);
    assert_eq!(open_with(&seipd2(b"text", AeadAlgorithm::Ocb), b"wrong").unwrap_err(), ReadError::NoKey);
    // The right one is found among others, and the session key alone opens it as well.
    let (read, finished) = read_message(&sealed, Limits::default(), |locked| {
        Ok((locked.with_passwords(&[b"a", b"b", PASSWORD, b"c"])?, true))
    })
    .unwrap();
    assert_eq!(read, b"text");
    let key = finished.session_key.unwrap();
    let (again, _) = read_message(&sealed, Limits::default(), |_| Ok((vec![key.clone()], false))).unwrap();
    assert_eq!(again, b"text");
    assert_eq!(super::read(&sealed).unwrap_err(), ReadError::NoKey);
}

#[test]
fn a_host_may_open_the_chunks_in_any_order() {
    let plain = b"chunk ".repeat(100);
    let sealed = seipd2(&plain, AeadAlgorithm::Gcm);
    for tamper in [false, true] {
        let mut reader = Reader::new(Limits::default()).with_host_chunks();
        reader.push(&sealed).unwrap();
        let keys = reader.locked().unwrap().with_passwords(&[PASSWORD]).unwrap();
        reader.try_keys(keys).unwrap();
        reader.end().unwrap();
        let key = reader.message_key().unwrap().to_vec();
        let mut jobs: Vec<Job> = core::iter::from_fn(|| reader.take_job()).collect();
        assert!(jobs.len() > 5);
        jobs.reverse();
        for job in jobs {
            use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
            let cipher = aes_gcm::Aes256Gcm::new_from_slice(&key).unwrap();
            let mut sealed = job.sealed;
            sealed[0] ^= u8::from(tamper && job.index == 2);
            let nonce = aes_gcm::Nonce::from_slice(&job.nonce);
            match cipher.decrypt(nonce, Payload { msg: &sealed, aad: &job.associated }) {
                Ok(opened) => drop(reader.give(job.index, opened)),
                Err(_) => reader.give_tampered(),
            }
        }
        match reader.finish() {
            Ok(finished) => assert_eq!((finished.rest, tamper), (plain.clone(), false)),
            Err(error) => assert_eq!((error, tamper), (ReadError::Tampered, true)),
        }
    }
}

/// Deciphers what the reader hands out, as a host does, and flips one octet of the content at `flipped`.
fn decipher(reader: &mut Reader, flipped: Option<usize>) -> Result<(), ReadError> {
    use aes::cipher::{AsyncStreamCipher as _, KeyIvInit as _};

    while let Some(job) = reader.take_job() {
        assert_eq!(reader.host_cipher(), Some(Cipher::Cfb));
        let key = reader.message_key().unwrap().to_vec();
        let mut octets = job.sealed;
        cfb_mode::Decryptor::<aes::Aes256>::new_from_slices(&key, &job.nonce).unwrap().decrypt(&mut octets);
        let start = usize::try_from(job.index).unwrap() << 20;
        if let Some(octet) = flipped.and_then(|at| octets.get_mut(at.checked_sub(start)?)) {
            *octet ^= 1;
        }
        let last = octets.len() < 1 << 20;
        reader.give(job.index, octets)?;
        assert!(last || reader.take_content()?.is_empty(), "something came out before the end of the packet");
    }
    Ok(())
}

#[test]
fn a_host_may_decipher_seipd1_and_nothing_comes_out_before_its_proof() {
    let plain = b"feedback ".repeat(300_000);
    let sealed = seipd1(&plain);
    let (_, finished) = open_with(&sealed, PASSWORD).unwrap();
    let session_key = finished.session_key.unwrap();
    // The prefix, the content in each job, the detection code.
    for flipped in [None, Some(0), Some(17), Some(1_500_000), Some(plain.len() + 39)] {
        let mut reader = Reader::new(Limits::default()).with_host_feedback();
        let read = sealed
            .chunks(300_000)
            .try_for_each(|piece| {
                reader.push(piece)?;
                if reader.locked().is_some() {
                    reader.unlock(session_key.clone())?;
                }
                decipher(&mut reader, flipped)
            })
            .and_then(|()| reader.end())
            .and_then(|()| decipher(&mut reader, flipped))
            .and_then(|()| read_all(reader));
        match read {
            Ok(read) => assert!(flipped.is_none() && read == plain),
            Err(error) => assert_eq!((error, flipped.is_some()), (ReadError::Tampered, true)),
        }
    }
}

#[test]
fn pieces_that_a_host_was_not_asked_for_are_refused() {
    let sealed = seipd1(&b"feedback ".repeat(300_000));
    let (_, finished) = open_with(&sealed, PASSWORD).unwrap();
    for (index, octets) in [(1, 1 << 20), (0, (1 << 20) - 1)] {
        let mut reader = Reader::new(Limits::default()).with_host_feedback();
        reader.push(&sealed).unwrap();
        reader.unlock(finished.session_key.clone().unwrap()).unwrap();
        reader.take_job().unwrap();
        assert!(matches!(reader.give(index, vec![0; octets]), Err(ReadError::Malformed(_))));
    }
}

fn read_all(mut reader: Reader) -> Result<Vec<u8>, ReadError> {
    let mut all = Vec::new();
    loop {
        let piece = reader.take_content()?;
        if piece.is_empty() {
            break;
        }
        all.extend(piece);
    }
    all.extend(reader.finish()?.rest);
    Ok(all)
}

#[test]
fn streams_are_read_with_little_held() {
    let plain = vec![b's'; 8 * 1024 * 1024];
    let sealed = {
        let mut builder = MessageBuilder::from_bytes("", plain.clone()).seipd_v2(
            rng(),
            SymmetricKeyAlgorithm::AES128,
            AeadAlgorithm::Ocb,
            ChunkSize::C64KiB,
        );
        builder.encrypt_with_password(rng(), quick(), &Password::from(PASSWORD)).unwrap();
        builder.to_vec(rng()).unwrap()
    };
    let mut reader = Reader::new(Limits::streaming());
    let (mut seen, mut most) = (0, 0);
    for piece in sealed.chunks(50_000) {
        reader.push(piece).unwrap();
        if let Some(locked) = reader.locked() {
            let keys = locked.with_passwords(&[PASSWORD]).unwrap();
            reader.try_keys(keys).unwrap();
        }
        let taken = reader.take_content().unwrap();
        assert!(taken.iter().all(|byte| *byte == b's'));
        most = most.max(taken.len());
        seen += taken.len();
    }
    let finished = reader.finish().unwrap();
    assert_eq!(seen + finished.rest.len(), plain.len());
    assert!(most < 256 * 1024, "{most}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_split_reads_the_same(plain: Vec<u8>, cuts in prop::collection::vec(1usize..90, 1..20), one: bool) {
        let sealed = if one { seipd1(&plain) } else { seipd2(&plain, AeadAlgorithm::Ocb) };
        let mut reader = Reader::new(Limits::default());
        let mut rest = sealed.as_slice();
        let mut read = Vec::new();
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*cut));
            reader.push(now).unwrap();
            if let Some(locked) = reader.locked() {
                let keys = locked.with_passwords(&[PASSWORD]).unwrap();
                reader.try_keys(keys).unwrap();
            }
            read.extend(reader.take_content().unwrap());
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        read.extend(reader.finish().unwrap().rest);
        prop_assert_eq!(read, plain);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, tag in 0u8..64) {
        let _ = open(&bytes);
        let _ = open(&packet(tag, &bytes));
        let _ = content(&[packet(tag, &bytes), literal(b"x")].concat());
        let _ = cleartext(&bytes);
    }

    #[test]
    fn no_changed_octet_reads_otherwise(at: prop::sample::Index, with in 1u8..=255, one: bool) {
        let sealed = if one { seipd1(b"some content") } else { seipd2(b"some content", AeadAlgorithm::Gcm) };
        let mut changed = sealed.clone();
        changed[at.index(sealed.len())] ^= with;
        if let Ok((read, finished)) = open(&changed) {
            // A changed header can turn the packets into a literal one. That never passes for a sealed message.
            if finished.sealed.is_some() {
                prop_assert_eq!(read, b"some content");
            } else {
                prop_assert!(finished.claims.is_empty() && finished.session_key.is_none());
            }
        }
    }
}
