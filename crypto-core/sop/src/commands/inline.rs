//! `inline-verify` and `inline-detach`.

use std::io::{Read, Write};

use seal::armor::{Kind, armored_for_all};
use seal::reading::{Reader, cleartext, is_cleartext};
use seal::verify::SignatureClaim;

use crate::arguments::{InlineDetach, InlineVerify};
use crate::certs::{self, Window};
use crate::failure::{Code, Failure};
use crate::outputs::Output;
use crate::reading::{self, failure};
use crate::{dates, inputs, outputs, verifications};

/// How much of a message is looked at to see whether it is a signed text.
const LOOKED_AT: u64 = 64 << 10;
/// A signed text is read whole.
const TEXT_AT_MOST: u64 = 64 << 20;
/// Content up to this size is written only when its signatures were verified. Larger content is written as it
/// comes, and the exit code says what it was worth.
const HELD_AT_MOST: usize = 64 << 20;

/// Content on its way out.
struct Held<W: Write> {
    out: W,
    held: Vec<u8>,
    holding: bool,
}

impl<W: Write> Held<W> {
    fn push(&mut self, content: &[u8]) -> Result<(), Failure> {
        if self.holding {
            self.held.extend_from_slice(content);
            if self.held.len() <= HELD_AT_MOST {
                return Ok(());
            }
            self.holding = false;
            return Ok(self.out.write_all(&std::mem::take(&mut self.held))?);
        }
        Ok(self.out.write_all(content)?)
    }

    fn release(mut self) -> Result<(), Failure> {
        self.out.write_all(&self.held)?;
        Ok(self.out.flush()?)
    }
}

/// Reads a signed message of either kind from standard input.
fn read(content: &mut Held<impl Write>) -> Result<Vec<SignatureClaim>, Failure> {
    let mut input = std::io::stdin().lock();
    let mut head = Vec::new();
    input.by_ref().take(LOOKED_AT).read_to_end(&mut head)?;
    if is_cleartext(&head) {
        input.by_ref().take(TEXT_AT_MOST).read_to_end(&mut head)?;
        let read = cleartext(&head).map_err(|error| failure(error, Code::BadData))?;
        content.push(&read.text)?;
        return Ok(read.claims);
    }
    let mut reader = Reader::new(reading::limits());
    let mut take = |reader: &mut Reader| loop {
        if reader.locked().is_some() {
            return Err(Failure::new(Code::BadData, "the message is encrypted; use decrypt"));
        }
        let piece = reader.take_content().map_err(|error| failure(error, Code::BadData))?;
        if piece.is_empty() {
            return Ok(());
        }
        content.push(&piece)?;
    };
    let mut feed = |piece: &[u8]| {
        reader.push(piece).map_err(|error| failure(error, Code::BadData))?;
        take(&mut reader)
    };
    feed(&head)?;
    inputs::pieces(input, &mut feed)?;
    reader.end().map_err(|error| failure(error, Code::BadData))?;
    take(&mut reader)?;
    let finished = reader.finish().map_err(|error| failure(error, Code::BadData))?;
    content.push(&finished.rest)?;
    Ok(finished.claims)
}

/// `sop inline-verify`
pub(crate) fn verify(asked: &InlineVerify) -> Result<(), Failure> {
    let output = asked.verifications_out.as_deref().map(Output::checked).transpose()?;
    let window = Window::parse(&asked.between.not_before, &asked.between.not_after)?;
    let by = certs::load(&asked.certs)?;
    let mut content = Held { out: outputs::stdout()?, held: Vec::new(), holding: true };
    let claims = read(&mut content)?;
    let now = dates::now_millis();
    let found = certs::verified(&claims, &by, window, None, now);
    if found.is_empty() {
        return Err(certs::no_signature(&claims, &by, now));
    }
    content.release()?;
    output.map_or(Ok(()), |output| output.write(verifications::lines(&found).as_bytes()))
}

/// `sop inline-detach`
pub(crate) fn detach(asked: &InlineDetach) -> Result<(), Failure> {
    let output = Output::checked(&asked.signatures_out)?;
    let mut content = Held { out: outputs::stdout()?, held: Vec::new(), holding: true };
    let claims = read(&mut content)?;
    if claims.is_empty() {
        return Err(Failure::new(Code::BadData, "the message is not signed"));
    }
    let packets: Vec<u8> = claims.iter().flat_map(|claim| claim.packet().to_packet()).collect();
    content.release()?;
    if asked.form.no_armor {
        output.write(&packets)
    } else {
        output.write(armored_for_all(Kind::Signature, &packets).as_bytes())
    }
}
