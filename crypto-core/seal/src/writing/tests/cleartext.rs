//! Text signed in the open.

use pgp::composed::CleartextSignedMessage;
use pgp::ser::Serialize as _;

use super::*;

const TEXTS: [&str; 9] = [
    "",
    "one line",
    "one line\n",
    "two\nlines\n\n",
    "- dash\n-- two\n-----BEGIN PGP MESSAGE-----\n",
    "white \t\nspace  \n   \n end \t",
    "DOS\r\nlines\r\n",
    "\n\nFrom here\n",
    "\u{1f994} hedgehog\n",
];

#[test]
fn open_texts_are_read_as_they_were() {
    let (ann, bob) = (v4(1), v6(2));
    for text in TEXTS {
        let signed =
            cleartext_sign(text.as_bytes(), &[secret(&ann), secret(&bob)], &mut rng(1), NOW).unwrap();
        let signed = String::from_utf8(signed).unwrap();
        assert!(signed.starts_with("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"));
        let (message, _) = CleartextSignedMessage::from_string(&signed)
            .unwrap_or_else(|error| panic!("{text:?}: {error}\n{signed}"));
        for key in [&ann, &bob] {
            message
                .verify(key.primary_key.public_key())
                .unwrap_or_else(|error| panic!("{text:?}: {error}\n{signed}"));
        }
        let mut by_octets = Vec::new();
        let signers = [signer(&ann), signer(&bob)];
        let mut writer = Cleartext::new(&signers, &mut rng(1), NOW).unwrap();
        text.as_bytes().chunks(1).for_each(|octet| writer.push(octet, &mut by_octets));
        writer.finish(&[secret(&ann), secret(&bob)], &mut by_octets).unwrap();
        assert_eq!(String::from_utf8(by_octets).unwrap(), signed);
    }
}

#[test]
fn a_cr_that_ends_no_line_is_signed_as_it_is_read() {
    let ann = v4(1);
    let cert = crate::cert::Cert::parse(&ann.to_public_key().to_bytes().unwrap()).unwrap();
    for text in ["a \r\r\n", "a\r \r \r\nb", "a \t\r\r", "\r\n\r", "a\rb\n \r\r\r\n"] {
        for step in [1, 3, 100] {
            let mut signed = Vec::new();
            let mut writer = Cleartext::new(&[signer(&ann)], &mut rng(1), NOW).unwrap();
            text.as_bytes().chunks(step).for_each(|piece| writer.push(piece, &mut signed));
            writer.finish(&[secret(&ann)], &mut signed).unwrap();
            let read = crate::reading::cleartext(&signed).unwrap();
            assert!(read.claims.iter().all(|claim| cert.check(claim, NOW).is_good()), "{text:?}, {step}");
        }
    }
}

#[test]
fn version_6_needs_no_hash_line() {
    let bob = v6(2);
    let signed = cleartext_sign(b"x", &[secret(&bob)], &mut rng(1), NOW).unwrap();
    assert!(signed.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----\n"));
}

#[test]
fn another_text_is_not_signed() {
    let ann = v4(1);
    let signed = cleartext_sign(b"pay 10\nto me", &[secret(&ann)], &mut rng(1), NOW).unwrap();
    let changed = String::from_utf8(signed).unwrap().replace("10", "99");
    let (message, _) = CleartextSignedMessage::from_string(&changed).unwrap();
    message.verify(ann.primary_key.public_key()).unwrap_err();
}
