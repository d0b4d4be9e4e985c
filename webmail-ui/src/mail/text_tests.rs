use super::*;

fn text(s: &str) -> Piece {
    Piece::Text(s.into())
}

fn link(s: &str) -> Piece {
    Piece::Link(s.into())
}

#[test]
fn links_end_where_the_sentence_goes_on() {
    assert_eq!(
        pieces("See https://x.test/a?b=1. Or (http://y.test/w_(v)), é"),
        [
            text("See "),
            link("https://x.test/a?b=1"),
            text(". Or ("),
            link("http://y.test/w_(v)"),
            text("), é")
        ]
    );
    assert_eq!(pieces("<https://x.test>"), [text("<"), link("https://x.test"), text(">")]);
    assert_eq!(pieces("none"), [text("none")]);
    assert_eq!(pieces(""), []);
}

#[test]
fn only_web_addresses_become_links() {
    for odd in ["https://", "javascript:alert(1)", "data:text/html,x", "http:// x"] {
        assert_eq!(pieces(odd), [text(odd)], "{odd}");
    }
    // Direction controls end a link.
    assert_eq!(pieces("https://x.test/\u{202e}moc"), [link("https://x.test/"), text("\u{202e}moc")]);
}

#[test]
fn the_quote_at_the_end_is_found_with_its_head() {
    let whole = "Yes.\n\nOn Monday, Ana wrote:\n> one\n> two\n";
    assert_eq!(split_quote(whole), ("Yes.\n\n", "On Monday, Ana wrote:\n> one\n> two\n"));
    assert_eq!(split_quote("> one\nYes."), ("> one\nYes.", ""));
    assert_eq!(split_quote("> only\n> quote"), ("> only\n> quote", ""));
    assert_eq!(split_quote("Yes.\n> one"), ("Yes.\n", "> one"));
}

#[test]
fn fingerprints_are_read_in_groups() {
    assert_eq!(grouped("a1b2c3d4e5"), "A1B2 C3D4 E5");
}

#[test]
fn a_dump_shows_every_byte() {
    let bytes: Vec<u8> = (0..40).collect();
    let lines = hex_lines(&bytes, 1, 5);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("00000010  10 11 12"));
    assert!(lines[1].starts_with("00000020  20 21 22 23 24 25 26 27 "));
    assert!(lines[1].ends_with(" !\"#$%&'"));
    assert_eq!(hex(&[0, 255]), "00ff");
}
