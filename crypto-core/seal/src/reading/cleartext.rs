//! The cleartext signature framework (RFC 9580 section 7). What is returned is the signed text and nothing
//! else: no header, nothing before and nothing after it.

use super::error::ReadError;
use crate::hashing::ContentHasher;
use crate::profile;
use crate::verify::{SignatureClaim, detached};

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
/// What a Hash header may name. It decides nothing, and anything else in it could pass for signed text.
const HASHES: [&str; 9] =
    ["MD5", "SHA1", "RIPEMD160", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512"];

/// A text and the signatures over exactly it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleartext {
    /// The text as it was signed: without dash escapes, without white space at line ends and without the line
    /// end before the signature. Line ends are as they came.
    pub text: Vec<u8>,
    /// The claims.
    pub claims: Vec<SignatureClaim>,
}

/// Whether there is a text in the cleartext signature framework.
pub fn is_cleartext(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| trimmed(line) == BEGIN)
}

/// Reads a text with signatures.
///
/// # Errors
/// Why it is not read.
pub fn cleartext(bytes: &[u8]) -> Result<Cleartext, ReadError> {
    const NO_SIGNATURE: ReadError = ReadError::Malformed("a signed text without signature");
    if bytes.len() > profile::MAX_MESSAGE_BYTES {
        return Err(ReadError::TooLarge("the signed text is too long"));
    }
    let mut rest = bytes;
    loop {
        let line = next(&mut rest).ok_or(ReadError::Malformed("it is no signed text"))?;
        if trimmed(line) == BEGIN {
            break;
        }
    }
    loop {
        let line = trimmed(next(&mut rest).ok_or(NO_SIGNATURE)?);
        if line.is_empty() {
            break;
        }
        header(line)?;
    }
    let mut text = Vec::with_capacity(rest.len());
    let mut canonical = Vec::with_capacity(rest.len());
    // The line end before a line belongs to the text only if another line of it follows.
    let mut before: Option<&[u8]> = None;
    let block =
        loop {
            let here = rest;
            let line = next(&mut rest).ok_or(NO_SIGNATURE)?;
            let content = trimmed(line);
            if content == SIGNATURE {
                break here;
            }
            if content.starts_with(b"-----") {
                return Err(ReadError::Malformed("a line of a signed text is not escaped"));
            }
            if let Some(ending) = before {
                text.extend_from_slice(ending);
                canonical.extend_from_slice(b"\r\n");
            }
            // `- ` alone on a line stands for an empty line whose space was lost or is white space.
            let content = content
                .strip_prefix(b"- ")
                .unwrap_or(if content == b"-" && line.starts_with(b"- ") { &[] } else { content });
            text.extend_from_slice(content);
            canonical.extend_from_slice(content);
            before = Some(ending(line));
        };
    let signatures = detached(block).map_err(|_| NO_SIGNATURE)?;
    let claims = signatures.into_iter().map(|signature| {
        let packet = signature.packet().clone();
        // Whatever its type, it covers the text with CR LF.
        let hasher = if packet.covers_content() { ContentHasher::for_signature(&packet).ok() } else { None };
        match hasher {
            Some(mut hasher) => {
                hasher.update(&canonical);
                let digest = hasher.finish(&packet);
                SignatureClaim::new(packet, digest)
            }
            None => SignatureClaim::undigested(packet),
        }
    });
    Ok(Cleartext { claims: claims.collect(), text })
}

/// Checks that a header line names hashes and nothing else.
fn header(line: &[u8]) -> Result<(), ReadError> {
    let bad = ReadError::Malformed("a signed text has a header other than Hash");
    let names = line.strip_prefix(b"Hash:").ok_or(bad)?;
    let names = core::str::from_utf8(names).map_err(|_| bad)?;
    let known =
        |name: &str| HASHES.iter().any(|hash| hash.eq_ignore_ascii_case(name.trim_matches([' ', '\t'])));
    if names.split(',').all(known) { Ok(()) } else { Err(bad) }
}

/// The next line, with its line end.
fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
    let (line, after) = rest.split_at_checked(end)?;
    *rest = after;
    Some(line)
}

/// A line without its end and the white space before that.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut line = line.strip_suffix(b"\r").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b" ").or_else(|| line.strip_suffix(b"\t")) {
        line = shorter;
    }
    line
}

fn ending(line: &[u8]) -> &'static [u8] {
    if line.ends_with(b"\r\n") {
        b"\r\n"
    } else if line.ends_with(b"\n") {
        b"\n"
    } else {
        b""
    }
}
