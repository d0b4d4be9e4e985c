//! What is a message, and what is not.

use super::*;
use flate2::Compression;
use std::io::Write as _;

fn zip(inner: &[u8]) -> Vec<u8> {
    let mut machine = flate2::write::DeflateEncoder::new(vec![1], Compression::default());
    machine.write_all(inner).unwrap();
    machine.finish().unwrap()
}

#[test]
fn literal_data_and_what_is_passed_over_is_a_message() {
    let message = literal(b"hello");
    assert_eq!(content(&message).unwrap(), b"hello");
    let around =
        [packet(10, b"PGP"), packet(21, &[7; 900]), packet(60, b"?"), message.clone(), packet(21, b"x")];
    assert_eq!(content(&around.concat()).unwrap(), b"hello");
    let armored = bulk::armor::armored(bulk::armor::Kind::Message, &message);
    assert_eq!(content(armored.as_bytes()).unwrap(), b"hello");
}

#[test]
fn a_message_is_one_message_and_nothing_else() {
    let one = literal(b"hello");
    let zipped = packet(8, &zip(&one));
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a marker alone", packet(10, b"PGP")),
        ("two contents", [one.clone(), one.clone()].concat()),
        ("content and compressed data", [one.clone(), zipped.clone()].concat()),
        ("two contents in compressed data", packet(8, &zip(&one.repeat(2)))),
        ("a compressed marker, then content", [packet(8, &zip(&packet(10, b"PGP"))), one.clone()].concat()),
        ("empty compressed data", packet(8, &zip(b""))),
        ("no octet of compressed data", packet(8, &[1])),
        ("a critical packet", [packet(39, b"?"), one.clone()].concat()),
        ("a key", [one.clone(), packet(6, b"?")].concat()),
        ("a trust packet", [packet(12, b"?"), one.clone()].concat()),
        ("junk", [one.clone(), b"junk".to_vec()].concat()),
        ("a modification detection code", [one.clone(), packet(19, &[0; 20])].concat()),
        ("a signature nothing announced", [one.clone(), packet(2, &[4; 30])].concat()),
        ("session keys without sealed data", packet(1, &[3; 20])),
        ("session keys before content", [packet(1, &[3; 20]), one.clone()].concat()),
        (
            "a one-pass signature alone",
            [packet(4, &[3, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]), one.clone()].concat(),
        ),
    ] {
        let error = content(&bytes).unwrap_err();
        assert!(matches!(error, ReadError::Malformed(_)), "{what}: {error}");
    }
    let sed = packet(9, &[1; 40]);
    assert!(matches!(content(&sed).unwrap_err(), ReadError::NoIntegrity(_)));
}

#[test]
fn parts_and_old_headers_are_read() {
    // Old format: two octets of length, then without any.
    let body = b"b\x00\x00\x00\x00\x00old";
    assert_eq!(content(&[&[0xAC, 9][..], body].concat()).unwrap(), b"old");
    assert_eq!(content(&[&[0xAD, 0, 9][..], body].concat()).unwrap(), b"old");
    assert_eq!(content(&[&[0xAF][..], body].concat()).unwrap(), b"old");
    // 512 octets, two octets, a last part of one octet.
    let mut parts = vec![0xCB, 0xE9];
    parts.extend_from_slice(b"b\x00\x00\x00\x00\x00");
    parts.extend_from_slice(&[b'x'; 506]);
    parts.extend_from_slice(&[0xE1, b'y', b'y', 1, b'z']);
    let read = content(&parts).unwrap();
    assert_eq!((read.len(), read.ends_with(b"xyyz")), (509, true));
    // A first part of 256 octets, parts of a marker, a last part that is missing.
    let short = [&[0xCB, 0xE8][..], &[b'b'; 256], &[0]].concat();
    assert!(matches!(content(&short), Err(ReadError::Malformed(_))));
    assert!(matches!(content(&[&[0xCA, 0xE9][..], &[0; 512], &[0]].concat()), Err(ReadError::Malformed(_))));
    assert!(matches!(content(&parts[..parts.len() - 2]), Err(ReadError::Malformed(_))));
    assert!(content(&[0xC0, 0]).is_err() && content(&[0x80, 0]).is_err());
}

#[test]
fn every_compression_is_unpacked_and_what_follows_its_end_is_passed_over() {
    let one = literal(&b"again ".repeat(1000));
    let zlib = {
        let mut machine = flate2::write::ZlibEncoder::new(vec![2], Compression::default());
        machine.write_all(&one).unwrap();
        machine.finish().unwrap()
    };
    let bzip2 = {
        let mut machine = bzip2::write::BzEncoder::new(vec![3], bzip2::Compression::default());
        machine.write_all(&one).unwrap();
        machine.finish().unwrap()
    };
    for body in [zip(&one), zlib, bzip2, [&[0][..], &one].concat()] {
        let (read, finished) = read(&packet(8, &body)).unwrap();
        assert_eq!(read, b"again ".repeat(1000));
        assert!(finished.compressed);
        if body[0] != 0 {
            let longer = [body.clone(), vec![9; 100_000]].concat();
            assert_eq!(content(&packet(8, &longer)).unwrap(), read);
            // Cut off anywhere, it is no message.
            for cut in [1, 2, body.len() / 2, body.len() - 6] {
                assert!(content(&packet(8, &body[..cut])).is_err(), "{} {cut}", body[0]);
            }
        }
    }
    assert!(matches!(content(&packet(8, &[4, 1, 2])), Err(ReadError::Unsupported(_))));
}

#[test]
fn signatures_of_unknown_versions_are_passed_over() {
    let one_pass = |version| packet(4, &[version, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    let message = [one_pass(23), literal(b"x"), packet(2, &[23, 1, 2])].concat();
    let (read, finished) = read(&message).unwrap();
    assert_eq!((read.as_slice(), finished.claims.len(), finished.unsupported_signatures), (&b"x"[..], 0, 1));
}
