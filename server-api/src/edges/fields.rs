//! The fields of a message's header, byte for byte.

/// A field of a header, with its line ends.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) bytes: &'a [u8],
    name: &'a [u8],
}

impl Field<'_> {
    /// Whether it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// What stands behind the colon.
    pub(crate) fn value(&self) -> &[u8] {
        let colon = self.bytes.iter().position(|byte| *byte == b':');
        colon.and_then(|colon| self.bytes.get(colon + 1..)).unwrap_or_default()
    }
}

/// The fields of a message's header; none if it does not begin with one (RFC 5322 section 2.2).
pub(crate) fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut start = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\r\n" {
            break;
        }
        let end = start + line.len();
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            // Goes on.
            let last = fields.last_mut()?;
            last.bytes = message.get(start - last.bytes.len()..end)?;
        } else {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = line.get(..colon)?.trim_ascii_end();
            if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                return None;
            }
            fields.push(Field { bytes: line, name });
        }
        start = end;
    }
    (!fields.is_empty()).then_some(fields)
}
