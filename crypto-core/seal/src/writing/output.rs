//! Where the bytes of a message go: beside or into the encrypted packet, then through armor.

use super::framing::{self, Pieces};
use crate::SealError;
use bulk::armor::{Armorer, Kind};

/// How the encrypted packet gets its length.
#[derive(Debug)]
enum Container {
    /// There is none: the message is signed only.
    None,
    /// Everything is held until the length is known, then the header is put in front.
    Whole { held: Vec<u8>, body_at: usize },
    /// Pieces of known length, written as they fill.
    Pieces(Pieces),
}

/// The way out.
#[derive(Debug)]
pub(crate) struct Output {
    container: Container,
    armor: Option<Armorer>,
    scratch: Vec<u8>,
}

impl Output {
    /// For a message that is signed only.
    pub(crate) fn bare(armor: bool) -> Self {
        Self::new(Container::None, armor)
    }

    /// For an encrypted message whose length is known at the end: `expected` octets, about.
    pub(crate) fn whole(armor: bool, expected: usize) -> Self {
        Self::new(Container::Whole { held: Vec::with_capacity(expected), body_at: 0 }, armor)
    }

    /// For an encrypted message of any length.
    pub(crate) fn pieces(armor: bool) -> Self {
        Self::new(Container::Pieces(Pieces::new(framing::SEIPD)), armor)
    }

    fn new(container: Container, armor: bool) -> Self {
        let armor = armor.then(|| Armorer::for_all(Kind::Message));
        Self { container, armor, scratch: Vec::new() }
    }

    fn emit(&mut self, out: &mut Vec<u8>) {
        if let Some(armor) = &mut self.armor {
            armor.push(&self.scratch, out);
            self.scratch.clear();
        }
    }

    /// Writes packets that stand beside the encrypted one.
    pub(crate) fn beside(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), SealError>,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        match &mut self.container {
            Container::Whole { held, body_at } => {
                write(held)?;
                *body_at = held.len();
                Ok(())
            }
            _ if self.armor.is_some() => {
                write(&mut self.scratch)?;
                self.emit(out);
                Ok(())
            }
            _ => write(out),
        }
    }

    /// Writes the body of the encrypted packet, or the packets themselves if there is none.
    pub(crate) fn body(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), SealError>,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        match &mut self.container {
            Container::Whole { held, body_at } => {
                if *body_at == held.len() {
                    // Room for the longest header; what is too much is taken out at the end.
                    held.extend([0; framing::LONGEST_HEADER]);
                }
                write(held)
            }
            Container::Pieces(pieces) => {
                write(&mut pieces.pending)?;
                if self.armor.is_some() {
                    pieces.drain(&mut self.scratch);
                    self.emit(out);
                } else {
                    pieces.drain(out);
                }
                Ok(())
            }
            Container::None => self.beside(write, out),
        }
    }

    /// Ends the message. `elsewhere` octets of the body are not here: a host puts them behind.
    pub(crate) fn finish(&mut self, elsewhere: usize, out: &mut Vec<u8>) -> Result<(), SealError> {
        match &mut self.container {
            Container::Whole { held, body_at } => {
                let octets = held
                    .len()
                    .saturating_sub(*body_at)
                    .saturating_sub(framing::LONGEST_HEADER)
                    .saturating_add(elsewhere);
                let mut header = Vec::with_capacity(framing::LONGEST_HEADER);
                framing::header(framing::SEIPD, octets, &mut header)?;
                let room = *body_at..body_at.saturating_add(framing::LONGEST_HEADER);
                if header.len() == framing::LONGEST_HEADER {
                    held.get_mut(room).ok_or(SealError::Failed)?.copy_from_slice(&header);
                } else {
                    // Fewer than 8 KiB are moved.
                    held.splice(room, header);
                }
                if let Some(armor) = &mut self.armor {
                    armor.push(held, out);
                    held.clear();
                } else if out.is_empty() {
                    core::mem::swap(out, held);
                } else {
                    out.append(held);
                }
            }
            Container::Pieces(pieces) if self.armor.is_some() => {
                pieces.finish(&mut self.scratch)?;
                self.emit(out);
            }
            Container::Pieces(pieces) => pieces.finish(out)?,
            Container::None => {}
        }
        if let Some(armor) = self.armor.take() {
            armor.finish(out);
        }
        Ok(())
    }
}
