//! The row of a message in a list, computed alike by who seals and who opens.

use crate::{Malformed, Millis, Person, Summary, names, padding};
use serde::Serialize;
use wire::plaintext::Address;

/// Most people in a row.
const MAX_PEOPLE: usize = 30;
/// Longest name, address or subject in a row, in characters.
const MAX_LINE: usize = 250;
/// Longest snippet, in characters.
const MAX_SNIPPET: usize = 120;

/// A summary with padding.
#[derive(Serialize)]
struct Padded<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    pad: String,
}

fn short(text: &str, limit: usize) -> String {
    names::line(text).chars().take(limit).collect::<String>().trim_end().to_owned()
}

fn person(person: &Person) -> Person {
    let address = person
        .address
        .parse::<Address>()
        .map_or_else(|_| short(&person.address, MAX_LINE), |address| address.as_str().to_owned());
    Person { name: short(&person.name, MAX_LINE), address }
}

/// The first words of a text; quoted lines are passed over if there is anything else.
pub fn snippet(text: &str) -> String {
    let collect = |quoted: bool| {
        let mut out = String::new();
        for word in
            text.lines().filter(|line| quoted || !line.starts_with('>')).flat_map(str::split_whitespace)
        {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
            if out.chars().count() > MAX_SNIPPET {
                break;
            }
        }
        short(&out, MAX_SNIPPET)
    };
    let own = collect(false);
    if own.is_empty() { collect(true) } else { own }
}

/// The parts of a message a summary tells of.
#[derive(Debug)]
pub struct About<'a> {
    /// The author.
    pub from: &'a Person,
    /// To.
    pub to: &'a [Person],
    /// Cc.
    pub cc: &'a [Person],
    /// The subject.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// The date.
    pub date: Millis,
    /// How many attachments.
    pub attachments: usize,
    /// SHA-256 of the sealed message, hexadecimal.
    pub blob_digest: String,
}

/// Computes a summary.
pub fn summarise(about: About<'_>) -> Summary {
    Summary {
        from: person(about.from),
        to: about.to.iter().chain(about.cc).take(MAX_PEOPLE).map(person).collect(),
        subject: short(about.subject, MAX_LINE),
        snippet: snippet(about.text),
        date: about.date,
        attachments: u32::try_from(about.attachments).unwrap_or(u32::MAX),
        blob_digest: about.blob_digest,
    }
}

/// The bytes that are sealed: JSON, padded.
pub fn write(summary: &Summary) -> Vec<u8> {
    let json = |pad| serde_json::to_vec(&Padded { summary, pad });
    // Strings and numbers always have a JSON form; without one there would be nothing to seal.
    let bare = json(String::new()).unwrap_or_default();
    json(" ".repeat(padding::summary_padding(bare.len()))).unwrap_or_default()
}

/// Reads what [`write()`] wrote, and makes it harmless to show.
///
/// # Errors
/// [`Malformed`] if it is no summary.
pub fn read(bytes: &[u8]) -> Result<Summary, Malformed> {
    let mut summary: Summary = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
    summary.from = person(&summary.from);
    summary.to = summary.to.iter().take(MAX_PEOPLE).map(person).collect();
    summary.subject = short(&summary.subject, MAX_LINE);
    summary.snippet = short(&summary.snippet, MAX_SNIPPET);
    Ok(summary)
}
