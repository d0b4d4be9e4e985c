//! Text is UTF-8 (the draft's EXPECTED_TEXT), checked in pieces.

use crate::failure::{Code, Failure};

/// Checks a stream.
#[derive(Debug)]
pub(crate) struct Utf8 {
    checking: bool,
    /// The beginning of a character whose end is in the next piece.
    cut: Vec<u8>,
}

impl Utf8 {
    /// Checks if `text`, and lets everything pass otherwise.
    pub(crate) fn only_if(text: bool) -> Self {
        Self { checking: text, cut: Vec::new() }
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Result<(), Failure> {
        if !self.checking {
            return Ok(());
        }
        while !self.cut.is_empty() {
            let Some((first, rest)) = piece.split_first() else { return Ok(()) };
            self.cut.push(*first);
            piece = rest;
            match std::str::from_utf8(&self.cut) {
                Ok(_) => self.cut.clear(),
                Err(error) if error.error_len().is_some() => return Err(no_text()),
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(piece) {
            if error.error_len().is_some() {
                return Err(no_text());
            }
            self.cut.extend_from_slice(piece.get(error.valid_up_to()..).unwrap_or_default());
        }
        Ok(())
    }

    /// The stream has ended.
    pub(crate) fn end(&self) -> Result<(), Failure> {
        if self.cut.is_empty() { Ok(()) } else { Err(no_text()) }
    }
}

fn no_text() -> Failure {
    Failure::new(Code::ExpectedText, "the input is not UTF-8 text; use --as=binary")
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
