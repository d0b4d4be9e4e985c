//! Reading foreign MIME within limits. Parsing must neither panic nor swell.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{
    Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _, PartType,
};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{Attachment, Person};

use super::compose::{DRAFT_RECIPIENTS, TypedRecipients};
use super::names;

/// Largest header block, in bytes.
const MAX_HEADER_BYTES: usize = 256 * 1024;
/// Most lines in the header blocks of a message, all parts together.
const MAX_HEADER_LINES: usize = 20_000;
/// Most parts.
const MAX_PARTS: usize = 1000;
/// Deepest nesting of parts.
const MAX_DEPTH: usize = 32;
/// Most lines that look like a boundary. Diffs and tables have some, honest mail has not so many.
const MAX_BOUNDARY_LINES: usize = 50_000;
/// Largest mail in which a message encoded against the rules is parsed, in bytes.
const MAX_ENCODED_MESSAGE: usize = 1024 * 1024;
/// Most people read from a header.
const MAX_PEOPLE: usize = 1000;

/// A message as read. Names and file names are harmless to show.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) from: Person,
    /// Whether there is exactly one From field with exactly one mailbox.
    pub(super) one_author: bool,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) subject: String,
    pub(super) date: Option<Millis>,
    pub(super) message_id: String,
    pub(super) references: Vec<String>,
    pub(super) text: String,
    pub(super) attachments: Vec<(Attachment, Vec<u8>)>,
    /// Recipients of a draft as typed; believed only in a message of one's own.
    pub(super) typed: Option<TypedRecipients>,
}

/// The author of a mail without one.
fn nobody() -> Person {
    Person { name: String::new(), address: String::new() }
}

/// `multipart/signed` taken apart: the exact bytes signed, and the signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignedParts<'a> {
    pub(super) content: &'a [u8],
    pub(super) signature: Vec<u8>,
}

fn too_large(what: &str) -> CoreError {
    CoreError::with(CoreErrorCode::TooLarge, what)
}

/// Counts, before any parsing, what would make the parser's tables swell.
fn guard(bytes: &[u8]) -> Result<(), CoreError> {
    let (mut boundaries, mut header_lines, mut block) = (0usize, 0usize, 0usize);
    // Whether a header block is being read, and what it said of the body that follows.
    let (mut in_header, mut nested, mut encoded) = (true, false, false);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"--") {
            boundaries += 1;
            (in_header, nested, encoded, block) = (true, false, false, 0);
        } else if in_header {
            if line.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                // RFC 2046 section 5.2.1 forbids encoded messages; a small one does no harm.
                if nested && encoded && bytes.len() > MAX_ENCODED_MESSAGE {
                    return Err(too_large("an encoded message inside the mail"));
                }
                (in_header, nested, encoded, block) = (nested, false, false, 0);
            } else {
                nested |= holds(line, b"message/");
                encoded |= holds(line, b"base64") || holds(line, b"quoted-printable");
            }
            block += line.len();
            header_lines += 1;
        }
        if boundaries > MAX_BOUNDARY_LINES || header_lines > MAX_HEADER_LINES || block > MAX_HEADER_BYTES {
            return Err(too_large("the header or the parts of the mail are too many"));
        }
    }
    Ok(())
}

/// Whether a line holds a word, in any case.
fn holds(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

fn parse(bytes: &[u8]) -> Result<Message<'_>, CoreError> {
    guard(bytes)?;
    let message = MessageParser::default().parse(bytes).ok_or(CoreErrorCode::MalformedMail)?;
    let mut count = 0;
    measure(&message, 0, &mut count)?;
    Ok(message)
}

/// Enforces the limits on parts and depth, without recursion: foreign nesting must not use up the stack.
fn measure(message: &Message<'_>, depth: usize, count: &mut usize) -> Result<(), CoreError> {
    let mut open: Vec<(&Message<'_>, u32, usize)> = vec![(message, 0, depth)];
    while let Some((message, id, depth)) = open.pop() {
        *count += 1;
        if depth > MAX_DEPTH || *count > MAX_PARTS {
            return Err(too_large("the mail is nested too deeply"));
        }
        match message.part(id).map(|part| &part.body) {
            Some(PartType::Multipart(children)) => {
                open.extend(children.iter().map(|child| (message, *child, depth + 1)));
            }
            Some(PartType::Message(inner)) => open.push((inner, 0, depth + 1)),
            _ => {}
        }
    }
    Ok(())
}

/// Takes `multipart/signed` apart if the whole message is one with exactly two parts, the second an
/// OpenPGP signature. Anything else is nothing signed: a signature must cover all that is shown (R37).
///
/// # Errors
/// `MalformedMail`, `TooLarge`.
pub(super) fn signed_parts(bytes: &[u8]) -> Result<Option<SignedParts<'_>>, CoreError> {
    guard(bytes)?;
    let Some(root) = MessageParser::default().parse_headers(bytes) else {
        return Err(CoreErrorCode::MalformedMail.into());
    };
    let Some(kind) = root.content_type() else { return Ok(None) };
    if !kind.c_type.eq_ignore_ascii_case("multipart")
        || !kind.c_subtype.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case("signed"))
    {
        return Ok(None);
    }
    let Some(boundary) = kind.attribute("boundary").filter(|text| !text.is_empty()) else { return Ok(None) };
    let Some(body) = after_header(bytes) else { return Ok(None) };
    let Some(parts) = split(body, boundary.as_bytes()) else { return Ok(None) };
    let [content, signature] = parts.as_slice() else { return Ok(None) };
    let Some(part) = MessageParser::default().parse(*signature) else { return Ok(None) };
    let is_signature = part.content_type().is_some_and(|kind| {
        kind.c_type.eq_ignore_ascii_case("application")
            && kind.c_subtype.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case("pgp-signature"))
    });
    if !is_signature {
        return Ok(None);
    }
    let signature = body_bytes(&part, part.root_part());
    Ok(Some(SignedParts { content, signature }))
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
        if parts.len() > 2 {
            return Some(parts);
        }
    }
    None
}

/// Whether the entity has header fields of its own that say who wrote it (RFC 9788, and the practice
/// before it).
pub(super) fn has_own_headers(bytes: &[u8]) -> bool {
    MessageParser::default().parse_headers(bytes).is_some_and(|message| {
        let has = |wanted: HeaderName<'_>| message.headers().iter().any(|header| header.name == wanted);
        has(HeaderName::From) && has(HeaderName::Subject)
    })
}

/// Reads a message.
///
/// # Errors
/// `MalformedMail`, `TooLarge`.
pub(super) fn read(bytes: &[u8]) -> Result<Mail, CoreError> {
    let message = parse(bytes)?;
    let froms = message.headers().iter().filter(|header| header.name == HeaderName::From).count();
    let authors = people(message.from());
    let mut mail = Mail {
        one_author: froms == 1 && authors.len() == 1,
        from: authors.into_iter().next().unwrap_or_else(nobody),
        to: people(message.to()),
        cc: people(message.cc()),
        subject: names::line(message.subject().unwrap_or("")),
        date: message.date().map(|date| date.to_timestamp().saturating_mul(1000)),
        message_id: message.message_id().map(bracketed).unwrap_or_default(),
        references: ids(message.references()),
        text: text(&message),
        attachments: Vec::new(),
        typed: typed(&message),
    };
    for id in &message.attachments {
        let Some(part) = message.part(*id) else { continue };
        let index = u32::try_from(mail.attachments.len()).unwrap_or(u32::MAX);
        mail.attachments.push(attachment(&message, part, index));
    }
    Ok(mail)
}

fn people(list: Option<&mail_parser::Address<'_>>) -> Vec<Person> {
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter(|person| person.address.is_some() || person.name.is_some())
        .take(MAX_PEOPLE)
        .map(|person| Person {
            name: names::line(person.name().unwrap_or("")),
            address: names::line(person.address().unwrap_or("")),
        })
        .collect()
}

fn bracketed(id: &str) -> String {
    format!("<{}>", names::line(id.trim_start_matches('<').trim_end_matches('>')))
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![bracketed(id)],
        HeaderValue::TextList(list) => list.iter().map(|id| bracketed(id)).collect(),
        _ => Vec::new(),
    }
}

fn text(message: &Message<'_>) -> String {
    let mut out = String::new();
    for position in 0..message.text_body_count() {
        if let Some(part) = message.body_text(position) {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&part.replace("\r\n", "\n"));
        }
    }
    out.replace(['\r', '\0'], "")
}

fn typed(message: &Message<'_>) -> Option<TypedRecipients> {
    let value = message.header_raw(DRAFT_RECIPIENTS)?;
    // Each line is encoded on its own: whole groups of three octets, so that they join.
    let joined: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    serde_json::from_slice(&STANDARD.decode(joined).ok()?).ok()
}

fn attachment(message: &Message<'_>, part: &MessagePart<'_>, index: u32) -> (Attachment, Vec<u8>) {
    let bytes = body_bytes(message, part);
    let media_type = part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |kind| match kind.subtype() {
            Some(sub) => names::media_type(&format!("{}/{sub}", kind.ctype())),
            None => "application/octet-stream".to_owned(),
        },
    );
    let about = Attachment {
        index,
        name: names::file(part.attachment_name().unwrap_or(match &part.body {
            PartType::Message(_) => "message.eml",
            _ => "",
        })),
        media_type,
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
    };
    (about, bytes)
}

/// The exact bytes of a part. The parser's own text is converted to UTF-8: files must not be.
fn body_bytes(message: &Message<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.to_vec(),
        PartType::Message(inner) => inner.raw_message.to_vec(),
        PartType::Text(text) | PartType::Html(text) => {
            let raw = usize::try_from(part.offset_body)
                .ok()
                .zip(usize::try_from(part.offset_end).ok())
                .and_then(|(start, end)| message.raw_message.get(start..end));
            match (raw, part.encoding) {
                (Some(raw), Encoding::Base64) => {
                    let tight: Vec<u8> = raw.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
                    STANDARD.decode(tight).unwrap_or_else(|_| text.as_bytes().to_vec())
                }
                (Some(raw), Encoding::None) => raw.to_vec(),
                _ => text.as_bytes().to_vec(),
            }
        }
        PartType::Multipart(_) => Vec::new(),
    }
}

impl Mail {
    /// The recipients as typed take the place of those that were already addresses.
    pub(super) fn take_typed(&mut self) {
        let clean = |people: Vec<Person>| {
            people
                .into_iter()
                .take(MAX_PEOPLE)
                .map(|person| Person {
                    name: names::line(&person.name),
                    address: names::line(&person.address),
                })
                .collect()
        };
        if let Some(typed) = self.typed.take() {
            self.to = clean(typed.to);
            self.cc = clean(typed.cc);
        }
    }
}
