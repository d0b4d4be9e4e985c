//! What a new mail begins with: recipients from typed text, subjects and quotes of answers.

use model::mail::{OpenedMessage, Person};
use std::collections::HashSet;
use wire::plaintext::{Address, MalformedAddress};

/// A recipient as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Name and address.
    Person(String, Address),
    /// Not an address: the text, and why.
    Bad(String, MalformedAddress),
}

/// Split what was typed or pasted into recipients: `ana@x.test, Ben <ben@x.test>; "C, D" <c@x.test>`.
/// Commas, semicolons and line ends separate, outside quotes and angle brackets.
pub(crate) fn recipients(text: &str) -> Vec<Typed> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut angled) = (false, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => angled = true,
            '>' if !quoted => angled = false,
            ',' | ';' | '\n' if !quoted && !angled => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).flat_map(one).collect()
}

/// One part; several plain addresses with only spaces between them are several recipients.
fn one(part: &str) -> Vec<Typed> {
    if let Some((name, rest)) = part.rsplit_once('<') {
        let address = rest.trim_end().trim_end_matches('>');
        let name = name.trim().trim_matches('"').trim();
        return vec![typed(part, name, address)];
    }
    let words: Vec<&str> = part.split_whitespace().collect();
    if words.len() > 1 && words.iter().all(|word| word.contains('@')) {
        return words.into_iter().map(|word| typed(word, "", word)).collect();
    }
    vec![typed(part, "", part.strip_prefix("mailto:").unwrap_or(part))]
}

fn typed(whole: &str, name: &str, address: &str) -> Typed {
    match address.parse::<Address>() {
        Ok(address) => Typed::Person(name.to_owned(), address),
        Err(why) => Typed::Bad(whole.to_owned(), why),
    }
}

/// `Re: ` or `Fwd: ` before a subject, once.
pub(crate) fn prefixed(prefix: &str, subject: &str) -> String {
    let subject = subject.trim();
    let has = subject.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        && subject.get(prefix.len()..).is_some_and(|rest| rest.starts_with(':'));
    if has { subject.to_owned() } else { format!("{prefix}: {subject}") }
}

/// The text of a message with `> ` before each line, below `head` ("On 3 May, Ana wrote:"). Room to write
/// is above it.
pub(crate) fn quote(head: &str, text: &str) -> String {
    let mut out = format!("\n\n{head}\n");
    for line in text.trim_end().lines() {
        out.push_str(if line.is_empty() || line.starts_with('>') { ">" } else { "> " });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Who gets an answer: To and Cc. `all` adds everyone else who got the message.
pub(crate) fn answer_to(message: &OpenedMessage, me: &str, all: bool) -> (Vec<Person>, Vec<Person>) {
    let is_me = |person: &Person| person.address.eq_ignore_ascii_case(me);
    let mut seen = HashSet::new();
    let mut fresh = |person: &Person| seen.insert(person.address.to_lowercase());
    // An answer to one's own mail goes to those it went to.
    let mut to: Vec<Person> =
        if is_me(&message.from) { message.to.clone() } else { vec![message.from.clone()] };
    to.retain(|person| fresh(person));
    let mut cc = Vec::new();
    if all {
        cc = message.to.iter().chain(&message.cc).filter(|person| !is_me(person)).cloned().collect();
        cc.retain(|person| fresh(person));
    }
    (to, cc)
}

/// Whether an answer to all would reach more people than a plain answer.
pub(crate) fn has_others(message: &OpenedMessage, me: &str) -> bool {
    !answer_to(message, me, true).1.is_empty()
}

/// The Message-IDs an answer refers to: those of the message, then itself; at most 20, the first kept.
pub(crate) fn thread(message: &OpenedMessage) -> Vec<String> {
    let mut ids = message.references.clone();
    if !message.message_id.is_empty() && !ids.contains(&message.message_id) {
        ids.push(message.message_id.clone());
    }
    while ids.len() > 20 {
        ids.remove(1);
    }
    ids
}

/// A name to show: the display name, or the address where there is none.
pub(crate) fn shown_name(person: &Person) -> &str {
    if person.name.trim().is_empty() { &person.address } else { person.name.trim() }
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod tests;
