//! The encodings of mail: RFC 2047 words, RFC 2231 parameters, quoted-printable, base64.
//! Written here because signed mail needs exact bytes, and because nothing may break out of a header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::error::{CoreError, CoreErrorCode};
use model::mail::Person;

/// Lines of base64, RFC 2045 section 6.8.
const BASE64_LINE: usize = 57;

/// Refuses what could break out of a header: CR, LF, NUL.
pub(super) fn refuse_breaks(text: &str) -> Result<&str, CoreError> {
    if text.contains(['\r', '\n', '\0']) {
        Err(CoreError::with(CoreErrorCode::MalformedMail, "a line break where none may stand"))
    } else {
        Ok(text)
    }
}

/// Whether the text survives in a header as it is: folding changes runs of spaces, and a reader would
/// decode what looks like an encoded word.
fn plain(text: &str) -> bool {
    text.len() <= 60
        && text.bytes().all(|b| (0x20..0x7f).contains(&b))
        && !text.contains("=?")
        && !text.contains("  ")
        && text.trim() == text
}

/// Free text of a header (Subject).
pub(super) fn text(text: &str) -> String {
    if plain(text) { text.to_owned() } else { words(text) }
}

/// RFC 2047 encoded words, each on a line of its own.
fn words(text: &str) -> String {
    let mut chunks: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > 45 {
            chunks.push(core::mem::take(&mut chunk));
        }
        chunk.push(c);
    }
    chunks.push(chunk);
    chunks
        .iter()
        .map(|chunk| format!("=?utf-8?B?{}?=", STANDARD.encode(chunk)))
        .collect::<Vec<_>>()
        .join("\r\n ")
}

/// A name and an address. The address must have been judged before.
pub(super) fn mailbox(person: &Person) -> String {
    let name = person.name.trim();
    if name.is_empty() {
        return format!("<{}>", person.address);
    }
    let name = if plain(name) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        words(name)
    };
    format!("{name} <{}>", person.address)
}

/// A parameter of a MIME header, RFC 2231 where it is not plain, with its leading `;`.
pub(super) fn parameter(key: &str, value: &str) -> String {
    let simple = value.len() <= 60
        && value.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\' && b != b'%');
    if simple && !value.contains("=?") {
        return format!(";\r\n {key}=\"{value}\"");
    }
    let mut escaped: Vec<String> = Vec::new();
    let mut line = String::new();
    for c in value.chars() {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                line.push(char::from(byte));
            } else {
                line.push_str(&format!("%{byte:02X}"));
            }
        }
        // Never inside a character: some readers decode each section by itself.
        if line.len() >= 48 {
            escaped.push(core::mem::take(&mut line));
        }
    }
    if !line.is_empty() || escaped.is_empty() {
        escaped.push(line);
    }
    if let [only] = escaped.as_slice() {
        return format!(";\r\n {key}*=utf-8''{only}");
    }
    escaped
        .iter()
        .enumerate()
        .map(|(i, part)| format!(";\r\n {key}*{i}*={}{part}", if i == 0 { "utf-8''" } else { "" }))
        .collect()
}

/// Base64 in lines, each ended by CRLF.
pub(super) fn base64_lines(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() / BASE64_LINE * 78 + 80);
    let mut line = String::with_capacity(80);
    for chunk in bytes.chunks(BASE64_LINE) {
        line.clear();
        STANDARD.encode_string(chunk, &mut line);
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Quoted-printable of text with `\n` line ends, exact in both directions.
pub(super) fn quoted_printable(text: &str, out: &mut Vec<u8>) {
    let mut column = 0usize;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\n' {
            out.extend_from_slice(b"\r\n");
            column = 0;
            continue;
        }
        let at_end = matches!(bytes.peek(), None | Some(b'\n'));
        // `From ` and a lone dot at the start of a line are changed by some programs on the way.
        let risky_start = column == 0 && (byte == b'.' || byte == b'F' || byte == b'-');
        let literal = match byte {
            b' ' | b'\t' => !at_end,
            b'=' => false,
            0x21..=0x7e => !risky_start,
            _ => false,
        };
        let width = if literal { 1 } else { 3 };
        if column + width > 75 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if literal {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
        }
        column += width;
    }
}

/// Whether base64 is the shorter of the two for this text.
pub(super) fn prefers_base64(text: &str) -> bool {
    let escaped = text.bytes().filter(|b| !(0x20..0x7f).contains(b) && *b != b'\n').count();
    escaped.saturating_mul(6) > text.len()
}
