//! Foreign names made harmless before anyone sees them (R47).

/// Longest attachment name, in characters.
const MAX_NAME: usize = 180;

/// Whether a character changes the direction of text or cannot be seen: names carry neither.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A line for people: no controls, no bidirectional controls, no space at its ends.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' || c == '\n' {
            out.push(' ');
        } else if !deceives(c) {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// A file name that is safe to show and to save under: no path, no hidden file, no device, no deception.
pub fn file(name: &str) -> String {
    let cleaned: String = line(name)
        .chars()
        .map(|c| if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    let trimmed = cleaned.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    let count = trimmed.chars().count();
    let short = if count <= MAX_NAME {
        trimmed.to_owned()
    } else {
        // The ending says what it is: keep it.
        let ending = trimmed.rsplit_once('.').map_or("", |(_, end)| end);
        let ending = if ending.chars().count() <= 16 { ending } else { "" };
        let head: String = trimmed.chars().take(MAX_NAME.saturating_sub(17)).collect();
        if ending.is_empty() { head } else { format!("{head}.{ending}") }
    };
    let stem = short.split('.').next().unwrap_or("").to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || ((stem.starts_with("COM") || stem.starts_with("LPT")) && stem.len() == 4);
    if short.is_empty() {
        "attachment".to_owned()
    } else if device {
        format!("_{short}")
    } else {
        short
    }
}

/// A media type as `type/subtype` of plain tokens, or `application/octet-stream`.
pub fn media_type(text: &str) -> String {
    let token = |part: &str| {
        !part.is_empty()
            && part.len() <= 127
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    match text.trim().split_once('/') {
        Some((kind, sub)) if token(kind) && token(sub) => text.trim().to_ascii_lowercase(),
        _ => "application/octet-stream".to_owned(),
    }
}
