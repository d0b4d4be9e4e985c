//! Messages of RFC 9580 appendix A, and texts in the cleartext signature framework.

use super::*;

/// Appendix A.6: signed in cleartext by the key of appendix A.3.
const CLEARTEXT: &str = "-----BEGIN PGP SIGNED MESSAGE-----

What we need from the grocery store:

- - tofu
- - vegetables
- - noodles

-----BEGIN PGP SIGNATURE-----

wpgGARsKAAAAKQWCY5ijYyIhBssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce6
2azJAAAAAGk2IHZJX1AhiJD39eLuPBgiUU9wUA9VHYblySHkBONKU/usJ9BvuAqo
/FvLFuGWMbKAdA+epq7V4HOtAPlBWmU8QOd6aud+aSunHQaaEJ+iTFjP2OMW0KBr
NK2ay45cX1IVAQ==
-----END PGP SIGNATURE-----
";

#[test]
fn the_signed_text_of_the_rfc_is_read() {
    let read = cleartext(CLEARTEXT.as_bytes()).unwrap();
    let text = "What we need from the grocery store:\n\n- tofu\n- vegetables\n- noodles\n";
    assert_eq!(String::from_utf8(read.text).unwrap(), text);
    let claim = &read.claims[0];
    assert_eq!(claim.digest().unwrap()[..2], claim.packet().left16());
    // White space at line ends and another kind of line ends change nothing.
    let other = CLEARTEXT.replace("tofu\n", "tofu \t\n").replace('\n', "\r\n");
    assert_eq!(cleartext(other.as_bytes()).unwrap().claims[0], *claim);
    let changed = CLEARTEXT.replace("tofu", "meat");
    let changed = cleartext(changed.as_bytes()).unwrap();
    assert_ne!(changed.claims[0].digest().unwrap()[..2], claim.packet().left16());
}

#[test]
fn nothing_but_the_signed_text_is_returned() {
    let around = format!("before\n{CLEARTEXT}after\n");
    assert_eq!(cleartext(around.as_bytes()).unwrap(), cleartext(CLEARTEXT.as_bytes()).unwrap());
    let headed = |header: &str| CLEARTEXT.replacen("-----\n\n", &format!("-----\n{header}\n\n"), 1);
    assert!(cleartext(headed("Hash: SHA512").as_bytes()).is_ok());
    assert!(cleartext(headed("Hash: SHA256, SHA3-512").as_bytes()).is_ok());
    for header in ["Comment: pay 100", "Hash: pay 100", "Hash: SHA512\u{b}pay", "pay 100", "hash: SHA512"] {
        assert!(matches!(cleartext(headed(header).as_bytes()), Err(ReadError::Malformed(_))), "{header}");
    }
    for bad in [
        CLEARTEXT.replace("- - tofu", "-----BEGIN PGP SIGNED MESSAGE-----"),
        CLEARTEXT.replace("- - tofu", "-----END PGP SIGNATURE-----"),
        CLEARTEXT.replace("BEGIN PGP SIGNATURE", "BEGIN PGP MESSAGE"),
        CLEARTEXT.split("-----BEGIN PGP SIGNATURE").next().unwrap().to_owned(),
        "text".to_owned(),
    ] {
        assert!(cleartext(bad.as_bytes()).is_err());
    }
    assert!(is_cleartext(CLEARTEXT.as_bytes()) && !is_cleartext(b"-----BEGIN PGP SIGNATURE-----\n"));
}

/// Appendix A.7: the same text, signed inline.
const INLINE: &str = "-----BEGIN PGP MESSAGE-----

xEYGAQobIHZJX1AhiJD39eLuPBgiUU9wUA9VHYblySHkBONKU/usyxhsTwYJppfk
1S36bHIrDB8eJ8GKVnCPZSXsJ7rZrMkBy0p1AAAAAABXaGF0IHdlIG5lZWQgZnJv
bSB0aGUgZ3JvY2VyeSBzdG9yZToKCi0gdG9mdQotIHZlZ2V0YWJsZXMKLSBub29k
bGVzCsKYBgEbCgAAACkFgmOYo2MiIQbLGGxPBgmml+TVLfpscisMHx4nwYpWcI9l
JewnutmsyQAAAABpNiB2SV9QIYiQ9/Xi7jwYIlFPcFAPVR2G5ckh5ATjSlP7rCfQ
b7gKqPxbyxbhljGygHQPnqau1eBzrQD5QVplPEDnemrnfmkrpx0GmhCfokxYz9jj
FtCgazStmsuOXF9SFQE=
-----END PGP MESSAGE-----
";

#[test]
fn the_inline_signed_message_of_the_rfc_is_read() {
    let (content, finished) = read(INLINE.as_bytes()).unwrap();
    assert!(content.starts_with(b"What we need from the grocery store:\n\n- tofu\n"));
    let claim = &finished.claims[0];
    assert_eq!(claim.digest().unwrap()[..2], claim.packet().left16());
    assert!(finished.literal.is_text() && finished.sealed.is_none());
    assert_eq!(claim, &cleartext(CLEARTEXT.as_bytes()).unwrap().claims[0]);
}
