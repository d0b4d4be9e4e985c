//! Compressed data (RFC 9580 section 5.6), unpacked in small steps within a limit.

use super::error::ReadError;
use super::limits::Limits;

/// Octets unpacked in one step.
const STEP: usize = 32 * 1024;

/// Unpacks one compressed data packet.
pub(super) struct Unpacker {
    form: Form,
    taken: u64,
    /// Octets taken by the outermost compressed packet around it: nesting earns no further growth.
    outer: Option<u64>,
    given: u64,
    over: bool,
    most: (u64, u64),
}

enum Form {
    /// The octet that names the algorithm has not come yet.
    Unknown,
    Plain,
    Deflate(Box<flate2::Decompress>),
    Bzip2(Box<bzip2::Decompress>),
}

impl core::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Unpacker({} to {})", self.taken, self.given)
    }
}

impl Unpacker {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            form: Form::Unknown,
            taken: 0,
            outer: None,
            given: 0,
            over: false,
            most: (limits.expansion, limits.expansion_free),
        }
    }

    /// How many octets it has taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Says how many octets the outermost compressed packet around it has taken, if there is one.
    pub(super) fn inside(&mut self, outer: Option<u64>) {
        self.outer = outer;
    }

    /// Unpacks a little of `input`: how many octets of it were used, and what came out. One of the two is
    /// not empty.
    pub(super) fn step(&mut self, input: &[u8]) -> Result<(usize, Vec<u8>), ReadError> {
        if let Form::Unknown = self.form {
            let Some(algorithm) = input.first() else { return Ok((0, Vec::new())) };
            self.form = match algorithm {
                0 => Form::Plain,
                1 => Form::Deflate(Box::new(flate2::Decompress::new(false))),
                2 => Form::Deflate(Box::new(flate2::Decompress::new(true))),
                3 => Form::Bzip2(Box::new(bzip2::Decompress::new(false))),
                _ => return Err(ReadError::Unsupported("the compression algorithm")),
            };
            return Ok((1, Vec::new()));
        }
        if self.over {
            // What follows the end of the stream is not part of it and is passed over.
            return Ok((input.len(), Vec::new()));
        }
        let (used, out) = self.unpack(input, false)?;
        self.count(used, out.len())?;
        if used == 0 && out.is_empty() && !self.over && !input.is_empty() {
            return Err(BROKEN);
        }
        Ok((used, out))
    }

    /// Unpacks what is left inside after the last octet; empty when nothing is left.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, ReadError> {
        if self.over || matches!(self.form, Form::Plain) {
            return Ok(Vec::new());
        }
        let (_, out) = self.unpack(&[], true)?;
        self.count(0, out.len())?;
        if out.is_empty() && !self.over {
            return Err(ReadError::Malformed("compressed data is cut off"));
        }
        Ok(out)
    }

    fn unpack(&mut self, input: &[u8], last: bool) -> Result<(usize, Vec<u8>), ReadError> {
        match &mut self.form {
            Form::Unknown => Err(ReadError::Malformed("an empty compressed data packet")),
            Form::Plain => Ok((input.len(), input.to_vec())),
            Form::Deflate(machine) => {
                let before = machine.total_in();
                let mut out = Vec::with_capacity(STEP);
                let flush =
                    if last { flate2::FlushDecompress::Finish } else { flate2::FlushDecompress::None };
                let status = match machine.decompress_vec(input, &mut out, flush) {
                    Ok(status) => status,
                    Err(_) => return Err(BROKEN),
                };
                self.over = status == flate2::Status::StreamEnd;
                Ok((used(before, machine.total_in()), out))
            }
            Form::Bzip2(machine) => {
                let before = machine.total_in();
                let mut out = Vec::with_capacity(STEP);
                let status = machine.decompress_vec(input, &mut out).map_err(|_| BROKEN)?;
                self.over = status == bzip2::Status::StreamEnd;
                Ok((used(before, machine.total_in()), out))
            }
        }
    }

    fn count(&mut self, taken: usize, given: usize) -> Result<(), ReadError> {
        self.taken = self.taken.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
        self.given = self.given.saturating_add(u64::try_from(given).unwrap_or(u64::MAX));
        let (factor, free) = self.most;
        if self.given > free.saturating_add(self.outer.unwrap_or(self.taken).saturating_mul(factor)) {
            return Err(ReadError::TooLarge("compressed data grows too much"));
        }
        Ok(())
    }
}

const BROKEN: ReadError = ReadError::Malformed("compressed data is broken");

fn used(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}
