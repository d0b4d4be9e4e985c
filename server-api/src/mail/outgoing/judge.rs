//! What a message must be to leave this server: from the account's own address, whole, and with nothing in it that
//! tells more than a mail must (no client, no address of a machine, no blind copies).

use crate::edges::fields::{Field, fields};
use crate::errors::{ApiError, ApiResult};
use mail_parser::MessageParser;
use wire::plaintext::Address;

/// The fields that may leave.
const FIELDS: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
];
/// The fields without which nothing leaves.
const NEEDED: &[&str] = &["from", "date", "message-id"];
/// The longest line without its end (RFC 5322 section 2.1.1).
const LINE: usize = 998;

fn refused(why: &'static str) -> ApiError {
    ApiError::malformed(why)
}

/// Judges a message of the person with this address.
pub(super) fn message(message: &[u8], from: &Address) -> ApiResult<()> {
    if message.contains(&0) {
        return Err(refused("the message holds a NUL"));
    }
    if !message.ends_with(b"\r\n") {
        return Err(refused("the message does not end with a line end"));
    }
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(refused("a line of the message does not end with CRLF"));
        };
        if line.contains(&b'\r') {
            return Err(refused("a CR stands alone in the message"));
        }
        if line.len() > LINE {
            return Err(refused("a line of the message is longer than 998 bytes"));
        }
    }
    let Some(header) = fields(message) else {
        return Err(refused("the message does not begin with a header"));
    };
    let length: usize = header.iter().map(|field| field.bytes.len()).sum();
    let body = message.get(length..).unwrap_or_default();
    if !body.is_ascii() {
        return Err(refused("the body of the message must be encoded as 7 bits"));
    }
    if std::str::from_utf8(message.get(..length).unwrap_or_default()).is_err() {
        return Err(refused("the header of the message is not UTF-8"));
    }
    if header.iter().any(|field| !FIELDS.iter().any(|name| field.is(name))) {
        return Err(refused("the message has a field that must not leave this server"));
    }
    for name in FIELDS {
        let count = header.iter().filter(|field| field.is(name)).count();
        if count > 1 || count == 0 && NEEDED.contains(name) {
            return Err(refused("the message lacks From, Date or Message-ID, or has a field twice"));
        }
    }
    if !header.iter().any(|field| field.is("from") && is_from(field, from)) || !says_from(message, from) {
        return Err(refused("the message is not from the account's own address"));
    }
    let id = header.iter().find(|field| field.is("message-id")).map(Field::value).unwrap_or_default();
    let own = format!("@{}>", from.domain());
    if !id.trim_ascii().to_ascii_lowercase().ends_with(own.as_bytes()) {
        return Err(refused("the Message-ID is not of the account's own domain"));
    }
    Ok(())
}

/// Whether a From field ends with the address in angle brackets, and has no other pair of them.
fn is_from(field: &Field<'_>, from: &Address) -> bool {
    let value = field.value().trim_ascii().to_ascii_lowercase();
    let own = format!("<{}>", from.as_str());
    let Some(name) = value.strip_suffix(own.as_bytes()) else { return false };
    !name.iter().any(|byte| matches!(byte, b'<' | b'>'))
}

/// Whether a reader of mail finds this one author and no other.
fn says_from(message: &[u8], from: &Address) -> bool {
    let parsed = MessageParser::default().parse_headers(message);
    let Some(list) = parsed.as_ref().and_then(|parsed| parsed.from()).cloned() else { return false };
    let people = list.into_list();
    matches!(people.as_slice(), [one] if one.address().is_some_and(|it| it.eq_ignore_ascii_case(from.as_str())))
}
