//! The text of a message as pieces to show: plain text and links. Nothing is ever read as HTML.

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it is.
    Text(String),
    /// A web address, shown as written.
    Link(String),
}

/// Split text at its links: `https://` and `http://` up to the next space or bracket, without the
/// punctuation of the sentence around it.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain_from = 0;
    let mut from = 0;
    while let Some(start) = next_scheme(text, from) {
        let rest = text.get(start..).unwrap_or_default();
        let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c) || is_hidden(c);
        let length = rest.find(ends).unwrap_or(rest.len());
        let link = trim_sentence(rest.get(..length).unwrap_or_default());
        from = start + length.max(1);
        // A link needs something behind the two slashes.
        if link.rsplit_once("://").is_none_or(|(_, host)| host.is_empty()) {
            continue;
        }
        if plain_from < start {
            out.push(Piece::Text(text.get(plain_from..start).unwrap_or_default().to_owned()));
        }
        out.push(Piece::Link(link.to_owned()));
        plain_from = start + link.len();
        from = plain_from;
    }
    if plain_from < text.len() {
        out.push(Piece::Text(text.get(plain_from..).unwrap_or_default().to_owned()));
    }
    out
}

fn next_scheme(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let found = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min()?;
    Some(from + found)
}

/// Direction controls could make a link look like another (R47).
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn trim_sentence(link: &str) -> &str {
    let mut link = link;
    loop {
        let shorter = match link.chars().last() {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_') => link.get(..link.len() - 1),
            Some(')') if link.matches('(').count() < link.matches(')').count() => link.get(..link.len() - 1),
            Some(']') if link.matches('[').count() < link.matches(']').count() => link.get(..link.len() - 1),
            _ => None,
        };
        match shorter {
            Some(shorter) => link = shorter,
            None => return link,
        }
    }
}

/// The text before a quote at its end, and the quote: so that it can be folded. The quote is the last run
/// of `>` lines, with the line above it that says who wrote.
pub(crate) fn split_quote(text: &str) -> (&str, &str) {
    let trimmed = text.trim_end();
    let mut start = trimmed.len();
    for line in trimmed.split_inclusive('\n').rev() {
        if line.starts_with('>') { start -= line.len() } else { break }
    }
    if start == trimmed.len() || start == 0 {
        return (text, "");
    }
    let above = trimmed.get(..start).unwrap_or_default();
    let head = above.trim_end().rfind('\n').map_or(0, |at| at + 1);
    let introduces = above.trim_end().ends_with(':');
    let cut = if introduces { head } else { start };
    if above.get(..cut).unwrap_or_default().trim().is_empty() {
        return (text, "");
    }
    text.split_at_checked(cut).unwrap_or((text, ""))
}

/// Digits of a fingerprint in groups of four.
pub(crate) fn grouped(fingerprint: &str) -> String {
    let mut out = String::new();
    for (index, c) in fingerprint.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(' ');
        }
        out.extend(c.to_uppercase());
    }
    out
}

/// Lines of a hex dump: offset, 16 bytes, and the printable ASCII among them.
pub(crate) fn hex_lines(bytes: &[u8], first_line: usize, lines: usize) -> Vec<String> {
    bytes
        .chunks(16)
        .enumerate()
        .skip(first_line)
        .take(lines)
        .map(|(line, chunk)| {
            let mut out = format!("{:08x}  ", line * 16);
            for at in 0..16 {
                match chunk.get(at) {
                    Some(byte) => out.push_str(&format!("{byte:02x} ")),
                    None => out.push_str("   "),
                }
            }
            out.push(' ');
            out.extend(chunk.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }));
            out
        })
        .collect()
}

/// Bytes as plain hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
