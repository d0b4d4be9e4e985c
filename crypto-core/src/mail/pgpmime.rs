//! PGP/MIME (RFC 3156), byte for byte: what is signed is cut out of the mail as it came, and what is built
//! is what was signed.

use std::borrow::Cow;

use mail_parser::{ContentType, MessageParser, MimeHeaders as _};
use model::error::{CoreError, CoreErrorCode};
use seal::profile;

use super::mime::{body_bytes, guard};

/// Most parts of one multipart that are told apart.
const MAX_CHILDREN: usize = 64;

/// What the root of an entity is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    /// `multipart/encrypted`: the OpenPGP message.
    Encrypted(Vec<u8>),
    /// `multipart/signed`.
    Signed(SignedParts<'a>),
    /// Another multipart, with its parts.
    Multipart(Vec<&'a [u8]>),
    /// Anything else.
    Other,
}

/// `multipart/signed` taken apart: the exact bytes signed, and the signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignedParts<'a> {
    pub(super) content: &'a [u8],
    pub(super) signature: Vec<u8>,
}

impl SignedParts<'_> {
    /// The signed bytes with the line ends that they had under way (RFC 3156 section 5): a mail that was
    /// stored with bare line feeds verifies too.
    pub(super) fn canonical(&self) -> Vec<u8> {
        with_crlf(self.content)
    }
}

/// Every line end as CR LF.
pub(super) fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// Looks at the root of an entity, and at nothing below it: what lies deeper is neither opened nor believed
/// (R34, R37). `multipart/signed` and `multipart/encrypted` have exactly two parts.
///
/// # Errors
/// `MalformedMail`, `TooLarge`.
pub(super) fn shape(bytes: &[u8]) -> Result<Shape<'_>, CoreError> {
    guard(bytes)?;
    let Some(root) = MessageParser::default().parse_headers(bytes) else {
        return Err(CoreErrorCode::MalformedMail.into());
    };
    let Some(kind) = root.content_type().filter(|kind| kind.c_type.eq_ignore_ascii_case("multipart")) else {
        return Ok(Shape::Other);
    };
    let parts = kind
        .attribute("boundary")
        .filter(|text| !text.is_empty())
        .and_then(|boundary| split(after_header(bytes)?, boundary.as_bytes()));
    let Some(parts) = parts else { return Ok(Shape::Other) };
    let found = match (kind.c_subtype.as_deref(), parts.as_slice()) {
        (Some(sub), [content, signature]) if sub.eq_ignore_ascii_case("signed") => {
            let signature = decoded(signature, Some("pgp-signature"));
            signature.map(|signature| Shape::Signed(SignedParts { content, signature }))
        }
        (Some(sub), [version, message]) if sub.eq_ignore_ascii_case("encrypted") => {
            encrypted(version, message)
        }
        // Exchange takes `multipart/encrypted` apart and puts an empty text in front.
        (Some(sub), [empty, version, message])
            if sub.eq_ignore_ascii_case("mixed")
                && after_header(empty).is_some_and(|text| text.trim_ascii().is_empty()) =>
        {
            encrypted(version, message)
        }
        _ => None,
    };
    Ok(found.unwrap_or(Shape::Multipart(parts)))
}

fn encrypted(version: &[u8], message: &[u8]) -> Option<Shape<'static>> {
    decoded(version, Some("pgp-encrypted"))?;
    decoded(message, None).map(Shape::Encrypted)
}

/// The content of a part, if it is `application/` the given type.
fn decoded(part: &[u8], subtype: Option<&str>) -> Option<Vec<u8>> {
    let part = MessageParser::default().parse(part)?;
    let is = |kind: &ContentType<'_>, sub: &str| {
        kind.c_type.eq_ignore_ascii_case("application")
            && kind.c_subtype.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(sub))
    };
    if subtype.is_some_and(|sub| !part.content_type().is_some_and(|kind| is(kind, sub))) {
        return None;
    }
    Some(body_bytes(&part, part.root_part()))
}

/// The header of an entity, with the empty line.
pub(super) fn header(bytes: &[u8]) -> &[u8] {
    let body = after_header(bytes).map_or(0, <[u8]>::len);
    bytes.get(..bytes.len().saturating_sub(body)).unwrap_or(bytes)
}

/// What follows the first empty line.
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0usize;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return bytes.get(at..);
        }
    }
    None
}

/// The parts between boundary lines, without the line ends that belong to the boundaries. None if the
/// closing boundary is missing.
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> Option<Vec<&'a [u8]>> {
    let mut parts = Vec::new();
    let mut begun: Option<usize> = None;
    let mut at = 0usize;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) else {
            continue;
        };
        let closing = rest.starts_with(b"--");
        let tail = rest.strip_prefix(b"--").unwrap_or(rest);
        if !tail.iter().all(|byte| byte.is_ascii_whitespace()) {
            continue;
        }
        if let Some(from) = begun {
            let part = body.get(from..start)?;
            let part = part.strip_suffix(b"\n").unwrap_or(part);
            parts.push(part.strip_suffix(b"\r").unwrap_or(part));
        }
        if closing {
            return Some(parts);
        }
        begun = Some(at);
        if parts.len() > MAX_CHILDREN {
            return None;
        }
    }
    None
}

/// `multipart/signed` around `content`, which ends without the line end that belongs to the boundary. Begins
/// with its Content-Type field; the header of the mail goes in front.
pub(super) fn build_signed(boundary: &str, content: &[u8], signature: &str) -> Vec<u8> {
    let mut out = format!(
        "Content-Type: multipart/signed; micalg={};\r\n protocol=\"application/pgp-signature\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n",
        profile::MICALG
    )
    .into_bytes();
    out.extend_from_slice(content);
    out.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
             Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
            lines(signature).trim_end()
        )
        .as_bytes(),
    );
    out
}

/// `multipart/encrypted` around an armored message. Begins as [`build_signed`].
pub(super) fn build_encrypted(boundary: &str, armored: &str) -> Vec<u8> {
    format!(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\nContent-Type: application/pgp-encrypted\r\n\r\n\
         Version: 1\r\n\r\n--{boundary}\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
        lines(armored).trim_end()
    )
    .into_bytes()
}

fn lines(armored: &str) -> Cow<'_, str> {
    if armored.contains("\r\n") { armored.into() } else { armored.replace('\n', "\r\n").into() }
}
