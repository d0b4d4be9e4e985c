use super::*;

fn passes(pieces: &[&[u8]]) -> bool {
    let mut text = Utf8::only_if(true);
    pieces.iter().all(|piece| text.push(piece).is_ok()) && text.end().is_ok()
}

#[test]
fn characters_cut_anywhere_pass() {
    let text = "aä€😀z".as_bytes();
    for first in 0..=text.len() {
        for second in first..=text.len() {
            assert!(passes(&[&text[..first], &text[first..second], &text[second..]]), "{first} {second}");
        }
    }
}

#[test]
fn what_is_no_text_fails() {
    for pieces in [&[&b"\xff"[..]][..], &[b"a\xe2\x82", b"a"], &[b"a\xe2"], &[b"\xed\xa0\x80"]] {
        assert!(!passes(pieces), "{pieces:?}");
    }
    assert!(Utf8::only_if(false).push(b"\xff").is_ok());
}
