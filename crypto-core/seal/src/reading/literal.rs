//! The header of literal data (RFC 9580 section 5.9).

/// What a literal data packet says of its content. No signature covers it: show it as a hint at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiteralHeader {
    /// `b` binary, `t` text, `u` UTF-8 text; others were in use once.
    pub format: u8,
    /// A file name, as the sender wrote it.
    pub filename: Vec<u8>,
    /// A time in seconds since 1970, 0 for none.
    pub date: u32,
}

impl LiteralHeader {
    /// Whether it says that the content is text.
    pub fn is_text(&self) -> bool {
        matches!(self.format, b't' | b'u')
    }

    /// Reads it from the first octets of the body; none if some are missing.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let [format, length, rest @ ..] = octets else { return None };
        let (filename, rest) = rest.split_at_checked(usize::from(*length))?;
        let date = rest.first_chunk::<4>()?;
        Some(Self { format: *format, filename: filename.to_vec(), date: u32::from_be_bytes(*date) })
    }

    /// How many octets it has in all, as far as its first ones say.
    pub(super) fn wanted(octets: &[u8]) -> usize {
        octets.get(1).map_or(2, |length| 2 + usize::from(*length) + 4)
    }
}
