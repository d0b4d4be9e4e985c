//! The parts that need no connection. The protocol as a whole is tested from outside, in `tests/edges` and
//! `tests/attacks`.

use super::body::{Body, Spilled, UNIT};
use super::input::{Dots, Input, Line, MAX_COMMAND, has_bare_line_ends};
use crate::edges::fields::fields;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What comes out of DATA, with the input cut at every place, and what was left.
fn unstuff(input: &[u8]) -> (Vec<u8>, bool, usize) {
    let mut results = Vec::new();
    for cut in 0..=input.len() {
        let (front, back) = input.split_at(cut);
        let (mut dots, mut out) = (Dots::default(), Vec::new());
        let (mut used, mut ended) = dots.take(front, |bytes| out.extend_from_slice(bytes));
        if !ended {
            assert_eq!(used, front.len());
            let (more, over) = dots.take(back, |bytes| out.extend_from_slice(bytes));
            (used, ended) = (used + more, over);
        }
        results.push((out, ended, used));
    }
    let first = results.remove(0);
    for other in results {
        assert_eq!(other, first, "the cut changes what is read");
    }
    first
}

#[test]
fn only_crlf_dot_crlf_ends_a_message() {
    let whole = |input: &str| {
        let (out, ended, used) = unstuff(input.as_bytes());
        (String::from_utf8(out).unwrap(), ended, used)
    };
    assert_eq!(whole(".\r\nQUIT\r\n"), (String::new(), true, 3), "an empty message");
    assert_eq!(whole("a\r\n.\r\nQUIT"), ("a\r\n".into(), true, 6));
    assert_eq!(whole("a\r\n..\r\n.b\r\n...\r\n.\r\n"), ("a\r\n.\r\nb\r\n..\r\n".into(), true, 19));
    for open in
        ["a\n.\n", "a\n.\r\n", "a\r\n.\n", "a\r.\r", "a\r\n.\r", "a\r.\r\n", "a\r\n.\rb", "a\r\n.\0\r\n"]
    {
        let (out, ended, _) = whole(open);
        assert!(!ended, "{open:?} ended");
        let bare = has_bare_line_ends(out.as_bytes()) || out.contains('\0') || open == "a\r\n.\r";
        assert!(bare, "{open:?} gave {out:?}, which is not refused");
    }
}

#[test]
fn bare_line_ends_are_seen() {
    for good in ["", "a", "a\r\n", "\r\n\r\n"] {
        assert!(!has_bare_line_ends(good.as_bytes()), "{good:?}");
    }
    for bad in ["\n", "\r", "a\nb", "a\rb", "\r\r\n", "\r\n\n", "\n\r", "a\r\n\r"] {
        assert!(has_bare_line_ends(bad.as_bytes()), "{bad:?}");
    }
}

/// The lines of an input that comes in pieces.
async fn lines(pieces: &[&[u8]]) -> Vec<Result<Vec<u8>, Line>> {
    let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
    let (mut input, mut lines) = (Input::default(), Vec::new());
    for piece in pieces {
        tokio::io::AsyncWriteExt::write_all(&mut theirs, piece).await.unwrap();
        input.more(&mut ours, std::time::Duration::from_secs(5)).await.unwrap();
        while let Some(line) = input.line() {
            lines.push(match line {
                Line::Whole(length) => {
                    let bytes = input.ready()[..length].to_vec();
                    input.consume(length);
                    Ok(bytes)
                }
                broken => Err(broken),
            });
        }
    }
    lines
}

#[tokio::test]
async fn command_lines_end_with_crlf_and_have_a_length() {
    assert_eq!(
        lines(&[b"NOOP\r\nQU", b"IT\r\n"]).await,
        [Ok(b"NOOP\r\n".to_vec()), Ok(b"QUIT\r\n".to_vec())]
    );
    assert_eq!(lines(&[b"a\nb\r\n"]).await, [Err(Line::Broken), Ok(b"b\r\n".to_vec())]);
    let long = vec![b'x'; MAX_COMMAND];
    assert_eq!(
        lines(&[&long, b"x", b"\r\nQUIT\r\n"]).await,
        [Err(Line::TooLong), Ok(b"QUIT\r\n".to_vec())],
        "the tail of a long line is no command"
    );
}

#[test]
fn bodies_are_bounded_alone_and_together() {
    let memory = Arc::new(Semaphore::new(16));
    let mut body = Body::new(3 * UNIT, memory.clone());
    body.push(&vec![b'x'; 3 * UNIT]);
    assert_eq!((body.bytes().len(), body.spilled()), (3 * UNIT, None));
    let mut other = Body::new(3 * UNIT, memory.clone());
    other.push(&vec![b'x'; 3 * UNIT]);
    assert_eq!(other.spilled(), Some(Spilled::NoMemory));
    body.push(b"x");
    assert_eq!((body.bytes().len(), body.spilled()), (0, Some(Spilled::TooLarge)));
    assert_eq!(memory.available_permits(), 16, "what is not kept takes no room");
}

#[test]
fn header_fields_are_found_with_their_folds() {
    let message = b"A: b\r\nC:\r\n d\r\n\te\r\nF : g:h\r\n\r\nbody: x\r\n";
    let found = fields(message).unwrap();
    let bytes: Vec<&[u8]> = found.iter().map(|field| field.bytes).collect();
    assert_eq!(bytes, [&b"A: b\r\n"[..], b"C:\r\n d\r\n\te\r\n", b"F : g:h\r\n"]);
    assert!(found[2].is("f") && found[2].value() == b" g:h\r\n");
    for bad in
        [&b"\r\nbody"[..], b" A: b\r\n\r\n", b"no colon\r\n\r\n", b": x\r\n\r\n", b"A b: x\r\n\r\n", b""]
    {
        assert!(fields(bad).is_none(), "{bad:?}");
    }
}
