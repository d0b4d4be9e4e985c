//! Reading foreign MIME within limits. Parsing must neither panic nor swell.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _, PartType,
};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{Attachment, Person};

use super::compose::{DRAFT_RECIPIENTS, TypedRecipients};
use super::{html, names, protected};

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

/// The header of a mail, harmless to show.
#[derive(Debug, Clone)]
pub struct Head {
    /// The first mailbox of the first From field.
    pub from: Person,
    /// Whether there is a From field.
    pub(super) has_author: bool,
    /// Whether there is exactly one From field with exactly one mailbox.
    pub(super) one_author: bool,
    /// To.
    pub to: Vec<Person>,
    /// Cc.
    pub cc: Vec<Person>,
    /// Subject.
    pub subject: String,
    /// Date.
    pub date: Option<Millis>,
    /// Message-ID with its angle brackets, or empty.
    pub message_id: String,
    /// References with their angle brackets.
    pub references: Vec<String>,
    /// Recipients of a draft as typed; believed only in a message of one's own.
    pub(super) typed: Option<TypedRecipients>,
}

/// A message as read. Names and file names are harmless to show.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) head: Head,
    pub(super) text: String,
    pub(super) attachments: Vec<(Attachment, Vec<u8>)>,
}

/// The author of a mail without one.
fn nobody() -> Person {
    Person { name: String::new(), address: String::new() }
}

fn too_large(what: &str) -> CoreError {
    CoreError::with(CoreErrorCode::TooLarge, what)
}

/// Counts, before any parsing, what would make the parser's tables swell.
pub(super) fn guard(bytes: &[u8]) -> Result<(), CoreError> {
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

/// Reads a message.
///
/// # Errors
/// `MalformedMail`, `TooLarge`.
pub(super) fn read(bytes: &[u8]) -> Result<Mail, CoreError> {
    let message = parse(bytes)?;
    let mut mail = Mail { head: head(&message), text: text(&message), attachments: Vec::new() };
    for id in &message.attachments {
        let Some(part) = message.part(*id) else { continue };
        if protected::is_copy(&message, part.content_type()) {
            continue;
        }
        let index = u32::try_from(mail.attachments.len()).unwrap_or(u32::MAX);
        mail.attachments.push(attachment(&message, part, index));
    }
    Ok(mail)
}

/// Reads the header of a message, and nothing of its content.
///
/// # Errors
/// `MalformedMail`, `TooLarge`.
pub(super) fn read_head(bytes: &[u8]) -> Result<Head, CoreError> {
    guard(bytes)?;
    let message = MessageParser::default().parse_headers(bytes).ok_or(CoreErrorCode::MalformedMail)?;
    Ok(head(&message))
}

/// The bodies of the fields of a header that have this name, as they came.
pub(super) fn fields(header: &[u8], name: &str) -> Vec<String> {
    MessageParser::default().parse_headers(header).map_or_else(Vec::new, |message| {
        let named = message.headers_raw().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        named.take(MAX_PEOPLE).map(|(_, body)| body.to_owned()).collect()
    })
}

/// Whether it is a report of a program about another mail.
pub(super) fn is_report(header: &[u8]) -> bool {
    MessageParser::default().parse_headers(header).is_some_and(|message| {
        message.content_type().is_some_and(|kind| {
            kind.c_subtype.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case("report"))
        })
    })
}

fn head(message: &Message<'_>) -> Head {
    let froms = message.headers().iter().filter(|header| header.name == HeaderName::From).count();
    let authors = people(message.from());
    Head {
        has_author: froms > 0,
        one_author: froms == 1 && authors.len() == 1,
        from: authors.into_iter().next().unwrap_or_else(nobody),
        to: people(message.to()),
        cc: people(message.cc()),
        subject: names::line(message.subject().unwrap_or("")),
        date: message.date().map(|date| date.to_timestamp().saturating_mul(1000)),
        message_id: message.message_id().map(bracketed).unwrap_or_default(),
        references: ids(message.references()),
        typed: typed(message),
    }
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
    let copies = protected::has_copies(message);
    for position in 0..message.text_body_count() {
        // Not `body_text`: it would bring the parser's own conversion of HTML.
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let Some(part) = message.text_part(position) else { continue };
        let copy = copies && protected::begins_with_copy(part.content_type());
        let text = match &part.body {
            _ if protected::is_copy(message, part.content_type()) && !is_root(message, part) => continue,
            PartType::Text(text) => {
                let text = text.replace("\r\n", "\n");
                if copy { protected::without_copy(&text).to_owned() } else { text }
            }
            PartType::Html(page) if copy => html::to_text(&protected::page_without_copy(page)),
            PartType::Html(page) => html::to_text(page),
            _ => continue,
        };
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&text);
    }
    out.replace(['\r', '\0'], "")
}

fn is_root(message: &Message<'_>, part: &MessagePart<'_>) -> bool {
    message.root_part().offset_header == part.offset_header
}

/// The bytes of a message that is one plain text, with the transfer encoding taken off and no charset applied.
pub(super) fn plain_text(bytes: &[u8]) -> Result<Option<Vec<u8>>, CoreError> {
    let message = parse(bytes)?;
    let root = message.root_part();
    let is_plain = message.content_type().is_none_or(|kind| {
        kind.c_type.eq_ignore_ascii_case("text")
            && kind.c_subtype.as_deref().is_none_or(|sub| sub.eq_ignore_ascii_case("plain"))
    });
    Ok((is_plain && matches!(root.body, PartType::Text(_))).then(|| body_bytes(&message, root)))
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
pub(super) fn body_bytes(message: &Message<'_>, part: &MessagePart<'_>) -> Vec<u8> {
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
                (Some(raw), Encoding::QuotedPrintable) => {
                    quoted_printable_decode(raw).unwrap_or_else(|| text.as_bytes().to_vec())
                }
                (Some(raw), Encoding::None) => raw.to_vec(),
                _ => text.as_bytes().to_vec(),
            }
        }
        PartType::Multipart(_) => Vec::new(),
    }
}

impl Head {
    /// Takes those fields over from another message that this one does not have.
    pub(super) fn fill(&mut self, other: Self) {
        if !self.has_author {
            self.from = other.from;
            self.has_author = other.has_author;
            self.one_author = other.one_author;
        }
        for (own, other) in [(&mut self.to, other.to), (&mut self.cc, other.cc)] {
            if own.is_empty() {
                *own = other;
            }
        }
        for (own, other) in [(&mut self.subject, other.subject), (&mut self.message_id, other.message_id)] {
            if own.is_empty() {
                *own = other;
            }
        }
        self.date = self.date.or(other.date);
        if self.references.is_empty() {
            self.references = other.references;
        }
    }

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

impl Mail {
    /// Numbers the attachments by their places.
    pub(super) fn number_attachments(&mut self) {
        for (index, (about, _)) in self.attachments.iter_mut().enumerate() {
            about.index = u32::try_from(index).unwrap_or(u32::MAX);
        }
    }
}
