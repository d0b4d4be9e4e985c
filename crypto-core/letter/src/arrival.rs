//! The row of a mail that came in clear: made by the server that seals it, and made again by whoever opens it, of
//! the same bytes and by the same code. Both see the outside alone: what a sealed mail holds within is not in it.

use mail_parser::{Address, MessageParser, PartType};

use crate::summary::{About, summarise};
use crate::{Millis, Person, Summary, html};

/// The summary of a message (RFC 5322), whose sealed form has this digest (SHA-256, hexadecimal). `undated` is the
/// date of one that has none.
pub fn row(message: &[u8], blob_digest: String, undated: Millis) -> Summary {
    let parsed = MessageParser::default().parse(message).unwrap_or_default();
    let people = |list: Option<&Address<'_>>| -> Vec<Person> {
        list.into_iter()
            .flat_map(|list| list.clone().into_list())
            .map(|one| Person {
                name: one.name().unwrap_or_default().to_owned(),
                address: one.address().unwrap_or_default().to_owned(),
            })
            .collect()
    };
    // Not `body_text`: it would bring the parser's own conversion of HTML.
    let text = match parsed.text_part(0).map(|part| &part.body) {
        Some(PartType::Text(text)) => text.to_string(),
        Some(PartType::Html(page)) => html::to_text(page),
        _ => String::new(),
    };
    let from = people(parsed.from()).into_iter().next();
    summarise(About {
        from: &from.unwrap_or(Person { name: String::new(), address: String::new() }),
        to: &people(parsed.to()),
        cc: &people(parsed.cc()),
        subject: parsed.subject().unwrap_or_default(),
        text: &text,
        date: parsed.date().map_or(undated, |date| date.to_timestamp().saturating_mul(1000)),
        attachments: parsed.attachment_count(),
        blob_digest,
    })
}
