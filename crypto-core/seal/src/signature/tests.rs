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
fn junk_that_nobody_signed_costs_nothing() {
    let packet = SignaturePacket::parse(&body(&[200, 1, 2])).unwrap();
    assert!(packet.is_understood());
    assert!(packet.issuers().is_empty());
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
