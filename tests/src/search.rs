//! Looking for bytes where they must not be, in every form they might take.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The forms of some bytes: raw, hexadecimal, base64 and base64url at the three alignments, percent
/// encoding, and UTF-16 for text.
pub fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms =
        vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
    for skipped in 0..3usize {
        // The first characters depend on what stands before, the last ones on what follows.
        let front = [vec![0; skipped], bytes.to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&front).into_bytes();
            let from = (skipped * 8).div_ceil(6);
            let to = front.len() * 8 / 6;
            forms.extend(text.get(from..to).map(<[u8]>::to_vec));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        let percent: String = text
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        forms.push(percent.into_bytes());
        forms.push(text.replace(' ', "+").into_bytes());
    }
    forms.retain(|form| form.len() >= 8);
    forms
}

/// Whether `needle` is in `hay`.
pub fn contains(hay: &[u8], needle: &[u8]) -> bool {
    let Some(&first) = needle.first() else { return false };
    let mut rest = hay;
    while let Some(at) = rest.iter().position(|&byte| byte == first) {
        let Some(here) = rest.get(at..) else { return false };
        if here.starts_with(needle) {
            return true;
        }
        rest = here.get(1..).unwrap_or_default();
    }
    false
}

/// Every secret (name, bytes) that occurs in a place (name, bytes), as `secret in place`.
pub fn find(secrets: &[(String, Vec<u8>)], places: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (secret, bytes) in secrets {
        let forms = forms(bytes);
        for (place, hay) in places {
            if forms.iter().any(|form| contains(hay, form)) {
                found.push(format!("{secret} in {place}"));
            }
        }
    }
    found
}
