//! Armor as it should be, as it comes, and as it must not.

use super::base64::{character, encode_rest, six_bits};
use super::{ArmorError, Armorer, Dearmorer, Kind, armored, armored_for_all, dearmored, dearmored_all};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes that look random and are always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 12345_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    // The first byte is that of a packet.
    core::iter::once(0xC1).chain((1..length).map(|_| next())).take(length).collect()
}

/// Armor with lines of this many characters.
fn lines(bytes: &[u8], width: usize, end: &str) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
    let lines = lines.join(end);
    format!("-----BEGIN PGP MESSAGE-----{end}{end}{lines}{end}-----END PGP MESSAGE-----{end}")
}

fn in_pieces(text: &[u8], size: usize) -> Result<Vec<u8>, ArmorError> {
    let mut out = Vec::new();
    let mut dearmorer = Dearmorer::new();
    for piece in text.chunks(size) {
        dearmorer.push(piece, &mut out)?;
    }
    dearmorer.finish(&mut out)?;
    Ok(out)
}

#[test]
fn base64_is_that_of_the_standard() {
    for six in 0..64 {
        let character = character(six);
        assert_eq!(STANDARD.encode([six << 2]).as_bytes()[0], character);
        assert_eq!(six_bits(character), i32::from(six));
    }
    let valid = (0..=255).filter(|byte| six_bits(*byte) >= 0).count();
    assert_eq!(valid, 64);
    for length in 0..60 {
        let mut out = Vec::new();
        encode_rest(&noise(length), &mut out);
        assert_eq!(out, STANDARD.encode(noise(length)).into_bytes());
    }
}

#[test]
fn armor_is_written_in_lines_of_64_however_it_is_pushed() {
    for length in (0..100).chain([1000, 48 * 30]) {
        let bytes = noise(length);
        let whole = armored(Kind::Message, &bytes);
        let mut wanted = lines(&bytes, 64, "\n");
        if length == 0 {
            wanted = "-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n".into();
        }
        assert_eq!(whole, wanted);
        for size in [1, 7, 47, 48, 49, 200] {
            let mut out = Vec::new();
            let mut armorer = Armorer::new(Kind::Message, false);
            bytes.chunks(size).for_each(|piece| armorer.push(piece, &mut out));
            armorer.finish(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), whole);
        }
    }
}

#[test]
fn every_kind_has_its_label_and_comes_back() {
    for kind in [Kind::Message, Kind::Certificate, Kind::SecretKey, Kind::Signature, Kind::Other] {
        let bytes = noise(100);
        assert_eq!(dearmored(armored(kind, &bytes).as_bytes()), Ok((kind, bytes)));
    }
}

/// The bit by bit definition of RFC 9580 section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0xB7_04CE_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x100_0000 != 0 {
                crc ^= 0x186_4CFB;
            }
        }
    }
    crc & 0xFF_FFFF
}

#[test]
fn the_checksum_is_that_of_the_standard() {
    for length in (0..40).chain([1000]) {
        let bytes = noise(length);
        let mut out = Vec::new();
        let mut armorer = Armorer::new(Kind::Message, true);
        bytes.chunks(11).for_each(|piece| armorer.push(piece, &mut out));
        armorer.finish(&mut out);
        let text = String::from_utf8(out).unwrap();
        let crc = STANDARD.encode(&crc24(&bytes).to_be_bytes()[1..]);
        assert!(text.contains(&format!("\n={crc}\n-----END")), "{text}");
        assert_eq!(dearmored(text.as_bytes()), Ok((Kind::Message, bytes)));
    }
}

#[test]
fn any_line_length_line_end_and_cut_is_read() {
    for length in [0, 1, 2, 3, 48, 49, 500, 5000] {
        let bytes = noise(length);
        for width in [1, 3, 4, 16, 60, 63, 64, 72, 76, 1000, 100_000] {
            for end in ["\n", "\r\n"] {
                let text = lines(&bytes, width, end);
                for size in [1, 5, 64, 65, 1000, 1 << 20] {
                    assert_eq!(
                        in_pieces(text.as_bytes(), size).as_ref(),
                        Ok(&bytes),
                        "{length} {width} {size}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_mail_and_people_do_to_armor_is_read() {
    let bytes = noise(200);
    let good = armored(Kind::Message, &bytes);
    let (begin, rest) = good.split_at("-----BEGIN PGP MESSAGE-----\n".len());
    let body = &rest[1..];
    for text in [
        format!("Dear Bob,\n\nhere it is:\n{good}\nBye\n"),
        format!("\u{FEFF}{good}"),
        good.replace('\n', "\r\n"),
        good.replace('\n', " \t\n"),
        good.replace('\n', "\n\n"),
        good.replace('\n', "\n  "),
        format!("{begin}Version: GnuPG v2\nComment: a: b\nX-Unknown:\n\n{body}"),
        format!("{begin} \t\r\n{body}"),
        format!("{begin}{body}"),
        good.trim_end().to_owned(),
        good.replace("\n-----END", "\n=AAAA\n-----END"),
        good.replace("\n-----END", "\n=zz\n-----END"),
        good.replace("\n-----END", "=AAAA\n-----END"),
        good.replace("\n-----END", "\n\n=AAAA\n\n-----END"),
        format!("-----BEGIN nothing\n-----BEGIN-----\n{good}"),
    ] {
        assert_eq!(dearmored(text.as_bytes()), Ok((Kind::Message, bytes.clone())), "{text}");
        assert_eq!(in_pieces(text.as_bytes(), 1).as_ref(), Ok(&bytes), "{text}");
    }
}

#[test]
fn damaged_armor_is_refused() {
    let good = armored(Kind::Message, &noise(300));
    let at = good.len() / 2;
    for foreign in ["*", "\u{A0}", "ä", "\0", "-", "_"] {
        let text = format!("{}{foreign}{}", &good[..at], &good[at + 1..]);
        assert_eq!(dearmored(text.as_bytes()), Err(ArmorError::Damaged), "{foreign}");
        assert_eq!(in_pieces(text.as_bytes(), 3), Err(ArmorError::Damaged), "{foreign}");
    }
    let padded = armored(Kind::Message, &noise(301));
    for (text, error) in [
        (good.replace("END PGP MESSAGE", "END PGP SIGNATURE"), ArmorError::Damaged),
        (padded.replace("==\n-----END", "==\nAAAA\n-----END"), ArmorError::Damaged),
        (good[..at].to_owned(), ArmorError::Cut),
        (good.replace("-----END PGP MESSAGE-----\n", ""), ArmorError::Cut),
        ("-----BEGIN PGP MESSAGE-----\n".to_owned(), ArmorError::Cut),
        ("Dear Bob, there is nothing here.\n".to_owned(), ArmorError::NotArmor),
        (String::new(), ArmorError::NotArmor),
        ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhi\n".to_owned(), ArmorError::Cleartext),
    ] {
        assert_eq!(dearmored(text.as_bytes()), Err(error), "{text}");
    }
}

#[test]
fn binary_passes_through() {
    let bytes = noise(1000);
    assert_eq!(dearmored(&bytes), Ok((Kind::Other, bytes.clone())));
    assert_eq!(in_pieces(&bytes, 1).as_ref(), Ok(&bytes));
    let mut dearmorer = Dearmorer::new();
    dearmorer.push(&bytes, &mut Vec::new()).unwrap();
    assert!(dearmorer.is_binary());
    assert_eq!(dearmorer.kind(), None);
}

#[test]
fn several_blocks_are_read_one_after_the_other() {
    let (one, two) = (noise(100), noise(77));
    let text = format!(
        "first\n{}between\n\n{}after\n",
        armored(Kind::Certificate, &one),
        armored(Kind::SecretKey, &two)
    );
    let blocks = dearmored_all(text.as_bytes()).unwrap();
    let found: Vec<_> = blocks.into_iter().map(|block| (block.kind, block.bytes)).collect();
    assert_eq!(found, [(Kind::Certificate, one), (Kind::SecretKey, two)]);
    assert!(dearmored_all(b"nothing").is_err());
    let cut = &text[..text.len() - 40];
    assert_eq!(dearmored_all(cut.as_bytes()), Err(ArmorError::Cut));
}

#[test]
fn endless_lines_are_refused_before_they_fill_memory() {
    for (start, error) in [
        ("", ArmorError::NotArmor),
        ("-----BEGIN PGP MESSAGE-----\nComment: ", ArmorError::TooLong),
        ("-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END ", ArmorError::TooLong),
    ] {
        let mut dearmorer = Dearmorer::new();
        dearmorer.push(start.as_bytes(), &mut Vec::new()).unwrap();
        let garbage = [b'x'; 4096];
        let pushed = (0..6).try_for_each(|_| dearmorer.push(&garbage, &mut Vec::new()));
        assert_eq!(pushed, Err(error));
    }
    // Base64 may be one line, not one without end.
    let mut dearmorer = Dearmorer::new();
    dearmorer.push(b"-----BEGIN PGP MESSAGE-----\n\n", &mut Vec::new()).unwrap();
    let line = vec![b'A'; 1 << 20];
    let pushed = (0..17).try_for_each(|_| dearmorer.push(&line, &mut Vec::new()));
    assert_eq!(pushed, Err(ArmorError::TooLong));
    // Many short lines are no better.
    let text = "x\n".repeat(1 << 20);
    assert_eq!(dearmored(text.as_bytes()), Err(ArmorError::NotArmor));
    let text = format!("-----BEGIN PGP MESSAGE-----\n{}", "A: b\n".repeat(1 << 16));
    assert_eq!(dearmored(text.as_bytes()), Err(ArmorError::TooLong));
}

proptest::proptest! {
    #[test]
    fn nothing_panics_and_pieces_change_nothing(
        text in "(-----BEGIN PGP MESSAGE-----\n)?[A-Za-z0-9+/=\n\r: -]{0,200}(\n-----END PGP MESSAGE-----)?",
        size in 1..40_usize,
    ) {
        let whole = dearmored(text.as_bytes()).map(|(_, bytes)| bytes);
        proptest::prop_assert_eq!(in_pieces(text.as_bytes(), size), whole);
    }
}

/// GnuPG 2.2 wants it where no padding ends the base64; RFC 9580 section 6.1 forbids it for version 6.
#[test]
fn the_checksum_is_there_for_old_programs_and_not_for_new_packets() {
    let has = |bytes: &[u8]| armored_for_all(Kind::Message, bytes).contains("\n=");
    let body = [3u8; 300];
    for (header, version, expected) in [
        (&[0xc1, 0x5e][..], 3, true),
        (&[0xc1, 0x5e], 6, false),
        (&[0xd2, 0xc0, 0x40], 6, false),
        (&[0xd2, 0xff, 0, 0, 1, 0], 6, false),
        (&[0xd2, 0xe8], 6, false),
        (&[0x84, 0x5e], 3, true),
        (&[0x85, 0x01, 0x0c], 6, false),
        (&[0x85, 0x06, 0x06], 3, true),
    ] {
        let bytes = [header, &[version], &body].concat();
        assert_eq!(has(&bytes), expected, "{header:?}");
        assert_eq!(dearmored(armored_for_all(Kind::Message, &bytes).as_bytes()), Ok((Kind::Message, bytes)));
    }
    assert!(has(&[]) && has(&[0xc1]));
}
