//! Signature packets, read from whatever comes.

use super::*;

/// Version 4, over text, by RSA with SHA-256: made on 2020-09-13, then one unknown part that is not critical.
fn body(unhashed: &[u8]) -> Vec<u8> {
    let mut out = vec![4, 1, 1, 8, 0, 9, 5, 2, 0x5f, 0x5e, 0x10, 0, 2, 0x7f, 1];
    out.extend(u16::try_from(unhashed.len()).unwrap().to_be_bytes());
    out.extend(unhashed);
    out.extend([0xab, 0xcd, 0, 1, 1]);
    out
}

#[test]
fn what_is_hashed_is_what_came() {
    let packet = SignaturePacket::parse(&body(&[])).unwrap();
    assert!(packet.is_text() && packet.covers_content());
    assert_eq!(packet.created(), Some(0x5f5e_1000));
    assert_eq!(packet.left16(), [0xab, 0xcd]);
    assert_eq!(packet.trailer(), [&body(&[])[..15], &[4, 0xff, 0, 0, 0, 15]].concat());
    assert!(packet.is_understood());
}

#[test]
fn an_area_that_cannot_be_told_apart_voids_the_signature() {
    let packet = SignaturePacket::parse(&body(&[200, 1, 2])).unwrap();
    assert!(!packet.is_understood());
    assert!(packet.issuers().is_empty());
    assert!(SignaturePacket::parse(&body(&[2, 0x7f, 1])).unwrap().is_understood());
}

#[test]
fn unknown_versions_and_cut_ones_are_refused() {
    let whole = body(&[]);
    for version in [0, 1, 2, 5, 7, 255] {
        let mut other = whole.clone();
        other[0] = version;
        assert!(SignaturePacket::parse(&other).is_err());
    }
    for length in 0..whole.len() - 3 {
        assert!(SignaturePacket::parse(&whole[..length]).is_err(), "{length}");
    }
}

/// An end that is not read must not become no end (RFC 9580 section 5.2.5: of another length than expected).
#[test]
fn parts_of_a_wrong_length_make_a_signature_void() {
    let with = |kind: u8, content: &[u8]| {
        let mut out = vec![4, 0, 1, 8];
        let length = u8::try_from(content.len() + 2).unwrap();
        out.extend([0, length, length - 1, kind]);
        out.extend(content);
        out.extend([0, 0, 0xab, 0xcd, 0, 1, 1]);
        SignaturePacket::parse(&out).unwrap().is_understood()
    };
    let notation = [&[0x80, 0, 0, 0, 0, 3, 0, 2][..], b"a@b", b"xy"].concat();
    for (kind, good) in [
        (2, vec![1; 4]),
        (3, vec![1; 4]),
        (4, vec![1]),
        (5, vec![1; 2]),
        (7, vec![1]),
        (9, vec![1; 4]),
        (12, vec![0x80; 22]),
        (16, vec![1; 8]),
        (20, notation),
        (25, vec![1]),
        (31, vec![1, 8, 1]),
        (33, vec![4; 21]),
        (35, vec![4; 21]),
        (39, vec![9, 2]),
    ] {
        assert!(with(kind, &good), "{kind}");
        assert!(!with(kind, &good[1..]), "{kind}, too short");
        if kind != 31 {
            assert!(!with(kind, &[&good[..], &[1]].concat()), "{kind}, too long");
        }
    }
    assert!(!with(29, &[]));
    // What is not known says nothing, in any length.
    assert!(with(99, &[1, 2, 3]));
}
