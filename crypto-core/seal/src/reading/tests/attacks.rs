//! Those who want more than to be read: each refused at once and with little memory.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::*;

fn quickly<T>(act: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let out = act();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    out
}

/// Two gibibytes of zeros, packed.
fn bomb(length: u64) -> Vec<u8> {
    let mut machine = flate2::write::DeflateEncoder::new(vec![1], flate2::Compression::fast());
    let header = u32::try_from(length + 6).unwrap().to_be_bytes();
    machine.write_all(&[&[0xCB, 255][..], &header, b"b\x00\x00\x00\x00\x00"].concat()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..length >> 20 {
        machine.write_all(&zeros).unwrap();
    }
    packet(8, &machine.finish().unwrap())
}

#[test]
fn compression_bombs_are_refused() {
    // 256 MiB of it are enough: what is refused is the ratio, within the first 32 MiB.
    let bomb = bomb(1 << 28);
    assert!(matches!(quickly(|| content(&bomb)).map(|read| read.len()).unwrap_err(), ReadError::TooLarge(_)));
    let mut nested = literal(&vec![0; 48 << 20]);
    for _ in 0..3 {
        let mut machine = flate2::write::DeflateEncoder::new(vec![1], flate2::Compression::fast());
        machine.write_all(&nested).unwrap();
        nested = packet(8, &machine.finish().unwrap());
    }
    assert!(matches!(
        quickly(|| content(&nested)).map(|read| read.len()).unwrap_err(),
        ReadError::TooLarge(_)
    ));
}

#[test]
fn nesting_is_refused_without_recursion() {
    let mut message = literal(b"x");
    let mut shallow = Vec::new();
    for depth in 0..10_000 {
        message = packet(8, &[&[0][..], &message].concat());
        if depth == 13 {
            shallow = message.clone();
        }
    }
    assert_eq!(quickly(|| content(&message)).unwrap_err(), ReadError::TooLarge("it is nested too deeply"));
    assert_eq!(content(&shallow).unwrap(), b"x");
    let one_pass = packet(4, &[3, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(matches!(quickly(|| content(&one_pass.repeat(10_000))).unwrap_err(), ReadError::TooLarge(_)));
    let session_keys = packet(1, &[3; 20]).repeat(10_000);
    assert!(matches!(quickly(|| content(&session_keys)).unwrap_err(), ReadError::TooLarge(_)));
}

#[test]
fn huge_lengths_reserve_nothing() {
    for tag in 1..64 {
        let header = [0xC0 | tag, 255, 255, 255, 255, 255];
        assert!(quickly(|| content(&header)).is_err(), "{tag}");
    }
}

#[test]
fn costly_passwords_are_refused() {
    let argon2 = |memory| {
        let body = [&[4, 9, 4][..], &[1; 16], &[1, 4, memory]].concat();
        [packet(3, &body), packet(18, &[&[1][..], &[9; 60]].concat())].concat()
    };
    assert!(matches!(quickly(|| open(&argon2(21))).unwrap_err(), ReadError::TooLarge(_)));
    assert!(matches!(quickly(|| open(&argon2(255))).unwrap_err(), ReadError::TooLarge(_)));
    assert_eq!(open(&argon2(6)).unwrap_err(), ReadError::NoKey);
    let mut effort = Effort::default();
    let slow = Skesk::parse(&[&[4, 9, 3, 8][..], &[1; 8], &[255]].concat()).unwrap();
    let slowest =
        StringToKey::IteratedAndSalted { hash_alg: HashAlgorithm::Sha256, salt: [1; 8], count: 255 };
    assert_eq!(slow.packet().s2k(), Some(&slowest));
    let begun = (0..100).take_while(|_| effort.spend(&slowest, b"x", 32).is_ok()).count();
    assert_eq!(begun, 16);
}

#[test]
fn unknown_modes_ciphers_and_versions_do_not_panic() {
    for mode in 0..=255 {
        for packet_tag in [18, 20] {
            let version = if packet_tag == 18 { 2 } else { 1 };
            let body = [&[version, 9, mode, 6][..], &[1; 100]].concat();
            assert!(content(&packet(packet_tag, &body)).is_err());
        }
        assert!(
            Skesk::parse(&[&[6, 29, 9, mode, 11, 3, 8][..], &[1; 60]].concat()).is_some()
                == (1..=3).contains(&mode)
        );
        let _ = content(&packet(18, &[mode, 1, 2, 3]));
        let _ = Skesk::parse(&[4, mode, 0, 8]).map(|packet| packet.session_key(b"x", &mut Effort::default()));
    }
}

#[test]
fn cut_reordered_and_repeated_chunks_are_refused() {
    let plain = b"0123456789abcdef".repeat(20);
    for mode in [AeadAlgorithm::Eax, AeadAlgorithm::Ocb, AeadAlgorithm::Gcm] {
        let sealed = seipd2(&plain, mode);
        let skesk = usize::from(sealed[1]) + 2;
        let (first, sealed) = sealed.split_at(skesk);
        // rPGP writes the lengths of parts into the packet: put its body together.
        let mut feed = crate::packets::Feed::new();
        feed.push(sealed.to_vec());
        feed.end();
        let mut framer = crate::packets::Framer::new();
        let mut body = Vec::new();
        loop {
            match framer.step(&mut feed).unwrap() {
                crate::packets::Step::Body(count) => {
                    body.extend_from_slice(&feed.front()[..count]);
                    feed.advance(count);
                    framer.used(count);
                }
                crate::packets::Step::Over => break,
                _ => {}
            }
        }
        let (header, chunks) = body.split_at(36);
        let read = |chunks: &[u8]| open(&[first, &packet(18, &[header, chunks].concat())].concat());
        assert_eq!(read(chunks).unwrap().0, plain);
        let (a, rest) = chunks.split_at(80);
        let (b, rest) = rest.split_at(80);
        for changed in [
            [b, a, rest].concat(),
            [a, a, b, rest].concat(),
            [a, rest].concat(),
            [a, b].concat(),
            a.to_vec(),
            chunks[..chunks.len() - 16].to_vec(),
            chunks[..chunks.len() - 1].to_vec(),
            chunks[..20].to_vec(),
            Vec::new(),
        ] {
            assert!(matches!(read(&changed).unwrap_err(), ReadError::Tampered | ReadError::NoKey));
        }
    }
}

#[test]
fn nothing_of_a_changed_seipd1_message_is_released() {
    let plain = b"secret ".repeat(200_000);
    let sealed = seipd1(&plain);
    for at in [sealed.len() - 1, sealed.len() / 2, sealed.len() - 30] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        let mut reader = Reader::new(Limits::default());
        let mut end = Ok(());
        for piece in changed.chunks(10_000) {
            end = reader.push(piece);
            if end.is_err() {
                break;
            }
            if let Some(locked) = reader.locked() {
                let keys = locked.with_passwords(&[PASSWORD]).unwrap();
                reader.try_keys(keys).unwrap();
            }
            assert!(reader.take_content().unwrap().is_empty());
        }
        assert_eq!(end.and_then(|()| reader.finish().map(drop)).unwrap_err(), ReadError::Tampered);
    }
    let little = Limits::default().with_held(1000);
    let refused = read_message(&sealed, little, |locked| Ok((locked.with_passwords(&[PASSWORD])?, true)));
    assert!(matches!(refused.unwrap_err(), ReadError::TooLarge(_)));
}
