//! Header protection: RFC 9788, and the practice before it (draft-autocrypt-lamps-protected-headers-02,
//! "memory hole"), which is read and never written.

use mail_parser::{ContentType, Header, HeaderName, Message, MessageParser, MimeHeaders as _};

/// The class of what RFC 9788 section 4.10.2 puts into HTML for programs that know nothing of it.
const LEGACY_CLASS: &str = "class=\"header-protection-legacy-display\"";

/// What an entity inside a cryptographic layer says of the header fields it has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// They are the header of the mail; what stands outside counts for nothing (RFC 9788 section 4.2).
    Whole,
    /// They go before those outside, field by field: the older form.
    Older,
    /// Nothing.
    Nothing,
}

/// Reads the mark of an entity.
pub(super) fn own(entity: &[u8]) -> Own {
    MessageParser::default().parse_headers(entity).map_or(Own::Nothing, |message| {
        let kind = message.content_type();
        if names_author(&message) || kind.is_some_and(|kind| mark(kind).is_some()) {
            Own::Whole
        } else if kind.is_some_and(|kind| kind.has_attribute("protected-headers")) {
            Own::Older
        } else {
            Own::Nothing
        }
    })
}

/// Whether the entity says of itself who wrote it and what it is about: a signature over it is one over the
/// header.
pub(super) fn has_own_header(entity: &[u8]) -> bool {
    MessageParser::default().parse_headers(entity).is_some_and(|message| names_author(&message))
}

fn names_author(message: &Message<'_>) -> bool {
    let has = |wanted: HeaderName<'_>| message.headers().iter().any(|header| header.name == wanted);
    has(HeaderName::From) && has(HeaderName::Subject)
}

/// Whether it was made to be sealed (`cipher`), if it is marked at all.
fn mark(kind: &ContentType<'_>) -> Option<bool> {
    match kind.attribute("hp") {
        Some(hp) if hp.eq_ignore_ascii_case("cipher") => Some(true),
        Some(hp) if hp.eq_ignore_ascii_case("clear") => Some(false),
        _ => None,
    }
}

/// Whether the parts of this message may hold copies of its header for older programs.
pub(super) fn has_copies(message: &Message<'_>) -> bool {
    message.content_type().and_then(mark) == Some(true)
}

/// Whether a part is nothing but such a copy, in the older form.
pub(super) fn is_copy(root: &Message<'_>, kind: Option<&ContentType<'_>>) -> bool {
    let marked = |kind: &ContentType<'_>| kind.has_attribute("protected-headers");
    root.content_type().is_some_and(marked)
        && kind.is_some_and(|kind| kind.c_type.eq_ignore_ascii_case("text") && marked(kind))
}

/// Whether a text of a message that [`has_copies`] begins with a copy of its header.
pub(super) fn begins_with_copy(kind: Option<&ContentType<'_>>) -> bool {
    kind.and_then(|kind| kind.attribute("hp-legacy-display")) == Some("1")
}

/// A plain text without the copy (RFC 9788 section 4.5.3.2): everything up to the first empty line.
pub(super) fn without_copy(text: &str) -> &str {
    text.split_once("\n\n").map_or("", |(_, after)| after)
}

/// A page without the copy (section 4.5.3.3).
pub(super) fn page_without_copy(page: &str) -> String {
    let cut = page.find(LEGACY_CLASS).and_then(|at| {
        let begin = page.get(..at)?.rfind("<div")?;
        let end = at + page.get(at..)?.find("</div>")? + "</div>".len();
        Some(format!("{}{}", page.get(..begin)?, page.get(end..)?))
    });
    cut.unwrap_or_else(|| page.to_owned())
}

/// The fields of a mail that was made to be sealed which did not stand outside in the same words (RFC 9788
/// section 4.3): an answer must not send them in clear. Names as they are written, each once.
pub(super) fn confidential(entity: &[u8]) -> Vec<String> {
    let Some(message) = MessageParser::default().parse_headers(entity).filter(has_copies) else {
        return Vec::new();
    };
    let raw = |header: &Header<'_>| {
        let range = usize::try_from(header.offset_start).ok()?..usize::try_from(header.offset_end).ok()?;
        entity.get(range).map(unfolded)
    };
    let outer: Vec<(String, String)> = message
        .headers()
        .iter()
        .filter(|header| header.name.as_str().eq_ignore_ascii_case("HP-Outer"))
        .filter_map(raw)
        .filter_map(|field| {
            let (name, value) = field.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let mut found: Vec<String> = Vec::new();
    for header in message.headers() {
        let name = header.name.as_str();
        let structural = header.name.is_mime_header()
            || header.name == HeaderName::MimeVersion
            || name.eq_ignore_ascii_case("HP-Outer");
        let shown = raw(header).is_some_and(|value| outer.contains(&(name.to_ascii_lowercase(), value)));
        if !structural && !shown && !found.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            found.push(name.to_owned());
        }
    }
    found
}

/// A field body on one line.
fn unfolded(raw: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(raw).chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    text.trim().to_owned()
}

/// The fields that stand outside, as the sealed entity repeats them (RFC 9788 section 2.2).
pub(super) fn outer_fields(outer: &str) -> String {
    let mut out = String::with_capacity(outer.len() + 256);
    for line in outer.split_inclusive("\r\n") {
        if !line.starts_with([' ', '\t']) {
            out.push_str("HP-Outer: ");
        }
        out.push_str(line);
    }
    out
}
