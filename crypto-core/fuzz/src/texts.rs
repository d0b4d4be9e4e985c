//! Text: armor, signed text, and what people read to each other.

use crypto_core::accounts::phrase::Phrase;
use crypto_core::accounts::strength;
use seal::SessionKey;
use seal::armor::{Armorer, Dearmorer, Kind, dearmored, dearmored_all};
use seal::cert::{Fingerprint, address_of};
use seal::reading::{Cleartext, cleartext as read_cleartext, is_cleartext};
use seal::writing::cleartext_sign;
use wire::plaintext::Address;

use crate::fixture::{KEYS, NOW, rng};

fn in_pieces(bytes: &[u8], step: usize) -> Option<(Option<Kind>, Vec<u8>)> {
    let mut dearmorer = Dearmorer::new();
    let mut out = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        dearmorer.push(piece, &mut out).ok()?;
    }
    let kind = dearmorer.kind();
    assert!(dearmorer.taken() <= bytes.len() as u64, "more was taken than came in");
    dearmorer.finish(&mut out).ok()?;
    Some((kind, out))
}

/// ASCII armor: pieces of any size give the same, and what is written is read again.
pub fn armor(bytes: &[u8]) {
    let step = 1 + usize::from(bytes.last().copied().unwrap_or(0) % 79);
    let whole = in_pieces(bytes, bytes.len());
    assert_eq!(whole, in_pieces(bytes, step), "pieces give other bytes");
    let once = dearmored(bytes).ok();
    assert_eq!(whole.map(|(_, out)| out), once.map(|(_, out)| out), "once and in pieces differ");
    if let Ok(blocks) = dearmored_all(bytes) {
        assert!(blocks.iter().map(|block| block.bytes.len()).sum::<usize>() <= bytes.len());
    }
    let mut text = Vec::new();
    let mut armorer = Armorer::new(Kind::Message, bytes.len().is_multiple_of(2));
    bytes.chunks(step).for_each(|piece| armorer.push(piece, &mut text));
    armorer.finish(&mut text);
    let (kind, again) = dearmored(&text).expect("armor that was written is read");
    assert_eq!((kind, &again[..]), (Kind::Message, bytes), "armor changed the bytes");
}

/// Signed text: what is read as signed is all that the signature covers, and what is signed is read again.
pub fn cleartext(bytes: &[u8]) {
    let found = read_cleartext(bytes);
    if let Ok(Cleartext { text, claims }) = &found {
        assert!(is_cleartext(bytes), "read without being there");
        assert!(text.len() <= bytes.len());
        for claim in claims {
            for key in KEYS.iter() {
                let _ = key.certificate().cert().cert().check(claim, NOW);
            }
        }
    }
    let owners = KEYS.each_ref().map(|key| key.as_cert().signing_keys(NOW).expect("a signing key"));
    let [key, ..] = &owners[bytes.len() % 2][..] else { unreachable!("a key signs") };
    let Ok(message) = cleartext_sign(bytes, &[key], &mut rng(3), NOW) else { return };
    let read = read_cleartext(&message).expect("signed text that was written is read");
    let cert = KEYS[bytes.len() % 2].certificate().cert().cert();
    assert!(read.claims.iter().all(|claim| cert.check(claim, NOW).is_good()), "not covered by its signature");
}

/// Words that people type or pass on: session keys, fingerprints, addresses, recovery phrases, passphrases.
pub(crate) fn words(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Some(key) = SessionKey::from_text(text) {
        let cipher = key.cipher().expect("the text names it");
        assert_eq!(SessionKey::from_text(&key.to_text(cipher)), Some(key), "a session key changed");
    }
    if let Ok(print) = Fingerprint::from_qr_text(text) {
        assert_eq!(Fingerprint::from_qr_text(&print.qr_text()).as_ref(), Ok(&print));
    }
    if let Ok(print) = text.parse::<Fingerprint>() {
        assert_eq!(print.to_string().parse::<Fingerprint>().as_ref(), Ok(&print));
        assert_eq!(print.grouped().parse::<Fingerprint>().as_ref(), Ok(&print));
    }
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.as_str().parse::<Address>().as_ref(), Ok(&address));
        assert_eq!(format!("{}@{}", address.local(), address.domain()), address.as_str());
    }
    if let Ok(phrase) = Phrase::parse(text) {
        let words = phrase.words().join(" ");
        assert_eq!(Phrase::parse(&words).expect("its own words").words().join(" "), words);
    }
    let _ = address_of(text);
    let _ = strength::rate(text);
}
