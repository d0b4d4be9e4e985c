//! Reading armor.
//!
//! Tolerated, because mail programs, web pages and people do it: text before the block, line ends of either kind,
//! blanks around and inside lines, lines of any length, unknown headers, a missing empty line, a missing or wrong
//! checksum (RFC 9580 section 6.1 forbids to reject those). Not tolerated: foreign characters inside, a block that
//! ends under another label or not at all.

use zeroize::Zeroize as _;

use super::base64::{SLACK, decode_line, decoded, six_bits};
use super::{ArmorError, Kind};
use crate::limits::{
    MAX_ARMOR_BODY_LINE_BYTES, MAX_ARMOR_HEADER_BYTES, MAX_ARMOR_LINE_BYTES, MAX_ARMOR_PREAMBLE_BYTES,
};

const DASHES: &[u8] = b"-----";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing seen yet.
    Start,
    /// Before the BEGIN line.
    Preamble,
    /// Between the BEGIN line and the empty line.
    Headers,
    /// Base64.
    Body,
    /// After padding: a checksum or the END line.
    Padded,
    /// In the checksum's line.
    Checksum,
    /// In a line of dashes.
    Tail,
    /// After the END line.
    Done,
    /// No armor: bytes as they are.
    Binary,
}

/// Turns armor into bytes, in pieces; passes binary input through.
#[derive(Debug)]
pub struct Dearmorer {
    state: State,
    kind: Kind,
    label: Vec<u8>,
    /// A line that has not ended yet, outside the base64.
    line: Vec<u8>,
    /// Bytes of preamble or headers so far.
    spent: usize,
    /// Less than four characters of base64.
    quad: Vec<u8>,
    /// Padding characters so far.
    padding: usize,
    /// Characters of the last line of the body, and of its end: what the next line is expected to be like.
    expected: (usize, usize),
    taken: u64,
}

impl Dearmorer {
    /// Before the first byte.
    pub fn new() -> Dearmorer {
        Dearmorer {
            state: State::Start,
            kind: Kind::Other,
            label: Vec::new(),
            line: Vec::new(),
            spent: 0,
            quad: Vec::with_capacity(4),
            padding: 0,
            expected: (64, 1),
            taken: 0,
        }
    }

    /// What the BEGIN line said; `None` before it was seen, or when the input is binary.
    pub fn kind(&self) -> Option<Kind> {
        let seen = !matches!(self.state, State::Start | State::Preamble | State::Binary);
        seen.then_some(self.kind)
    }

    /// Whether the input is no armor but binary.
    pub fn is_binary(&self) -> bool {
        self.state == State::Binary
    }

    /// Whether the END line was seen.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of all that was pushed belong to the block and what stood before it; what follows the END
    /// line is ignored and not counted.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes a piece of the input and appends bytes to `out`.
    ///
    /// # Errors
    /// When it is not armor, or was damaged. The machine is then of no more use.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), ArmorError> {
        let mut rest = input;
        while !rest.is_empty() && self.state != State::Done {
            let before = rest.len();
            rest = match self.state {
                State::Start => self.start(rest)?,
                State::Preamble => self.preamble(rest)?,
                State::Headers => self.header(rest)?,
                State::Body => self.body(rest, out)?,
                State::Padded => self.padded(rest)?,
                State::Checksum => self.checksum(rest),
                State::Tail => self.tail(rest)?,
                State::Done => rest,
                State::Binary => {
                    out.extend_from_slice(rest);
                    &[]
                }
            };
            self.taken += (before - rest.len()) as u64;
        }
        Ok(())
    }

    /// Says that the input has ended.
    ///
    /// # Errors
    /// When the END line is missing, or there was no armor.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ArmorError> {
        if !matches!(self.state, State::Done | State::Binary) {
            // The END line needs no line end behind it; half of one is no damage, but a cut.
            let in_tail = self.state == State::Tail;
            self.push(b"\n", out).map_err(|error| if in_tail { ArmorError::Cut } else { error })?;
        }
        match self.state {
            State::Done | State::Binary => Ok(()),
            State::Start | State::Preamble => Err(ArmorError::NotArmor),
            _ => Err(ArmorError::Cut),
        }
    }

    fn start<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ArmorError> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        // A byte order mark looks like the beginning of a packet; its three bytes may come apart.
        let Some(missing) = MARK.strip_prefix(self.line.as_slice()) else { return Err(ArmorError::NotArmor) };
        match (input, missing) {
            ([byte, rest @ ..], [mark, left @ ..]) if byte == mark => {
                self.line.push(*byte);
                if left.is_empty() {
                    self.line.clear();
                    self.state = State::Preamble;
                }
                Ok(rest)
            }
            ([byte, ..], _) => {
                // Every packet begins with its highest bit set, and no ASCII text does.
                self.state =
                    if self.line.is_empty() && byte & 0x80 != 0 { State::Binary } else { State::Preamble };
                Ok(input)
            }
            _ => Ok(input),
        }
    }

    /// Collects a line up to its end, within a limit; `None` when the end is not there yet.
    fn line<'a>(&mut self, input: &'a [u8], most: usize) -> Result<(&'a [u8], bool), ArmorError> {
        let (now, rest, whole) = match input.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                let (now, rest) = input.split_at_checked(at).unwrap_or((input, &[]));
                (now, rest.get(1..).unwrap_or_default(), true)
            }
            None => (input, [].as_slice(), false),
        };
        self.spent += now.len() + 1;
        if self.line.len() + now.len() > MAX_ARMOR_LINE_BYTES || self.spent > most {
            return Err(ArmorError::TooLong);
        }
        self.line.extend_from_slice(now);
        Ok((rest, whole))
    }

    fn preamble<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ArmorError> {
        let (rest, whole) = self.line(input, MAX_ARMOR_PREAMBLE_BYTES).map_err(|_| ArmorError::NotArmor)?;
        if whole {
            let line = core::mem::take(&mut self.line);
            if let Some(label) = label_of(&line, b"BEGIN ") {
                if label == b"PGP SIGNED MESSAGE" {
                    return Err(ArmorError::Cleartext);
                }
                self.kind = Kind::of_label(label);
                self.label = label.to_vec();
                self.state = State::Headers;
                self.spent = 0;
            }
        }
        Ok(rest)
    }

    fn header<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ArmorError> {
        let (rest, whole) = self.line(input, MAX_ARMOR_HEADER_BYTES)?;
        if !whole {
            return Ok(rest);
        }
        let line = core::mem::take(&mut self.line);
        let text = trimmed(&line);
        if text.is_empty() {
            self.state = State::Body;
        } else if !text.contains(&b':') {
            // No header: the empty line got lost and this is the body already, or damage, which the body will notice.
            self.state = State::Body;
            self.line = line;
        }
        Ok(rest)
    }

    fn body<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], ArmorError> {
        if !self.line.is_empty() {
            // The first line of a body without an empty line before it.
            let line = core::mem::take(&mut self.line);
            self.characters(&line, out)?;
            return Ok(input);
        }
        let rest = self.whole_lines(input, out);
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, later) = rest.split_at_checked(line).unwrap_or((rest, &[]));
        // Some write all of it into one line; without an end to it, it is not armor.
        self.spent = self.spent.saturating_add(line.len());
        if self.spent > MAX_ARMOR_BODY_LINE_BYTES {
            return Err(ArmorError::TooLong);
        }
        if line.ends_with(b"\n") {
            self.spent = 0;
        }
        let left = self.characters(line, out)?;
        if self.state == State::Body {
            let end = if line.ends_with(b"\r\n") { 2 } else { 1 };
            self.expected = (line.len().saturating_sub(end), end);
            Ok(later)
        } else {
            // The body ended inside this line.
            let used = rest.len() - later.len() - left;
            Ok(rest.get(used..).unwrap_or_default())
        }
    }

    /// The fast way: lines like the one before, of nothing but base64. Gives what is not so.
    fn whole_lines<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let (text, end) = self.expected;
        let mut rest = input;
        if !self.quad.is_empty() || text == 0 || text % 4 != 0 {
            return rest;
        }
        let bytes = text / 4 * 3;
        let mut filled = out.len();
        // For every line there can be, and what is written beyond the last; cut off again below.
        out.resize(filled + input.len() / (text + end) * bytes + SLACK, 0);
        while let Some((line, later)) = rest.split_at_checked(text + end) {
            let (line, line_end) = line.split_at_checked(text).unwrap_or((line, &[]));
            let ended = if end == 2 { line_end == b"\r\n" } else { line_end == b"\n" };
            let to = out.get_mut(filled..).unwrap_or_default();
            if !ended || !decode_line(line, to) {
                break;
            }
            filled += bytes;
            rest = later;
        }
        out.truncate(filled);
        rest
    }

    /// The slow way: characters one by one. Gives how many are left when the body ends.
    fn characters(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<usize, ArmorError> {
        for (at, byte) in line.iter().enumerate() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0B | 0x0C => {}
                // Between quads it begins a checksum, inside one it is padding.
                b'=' if self.quad.is_empty() => {
                    self.state = State::Checksum;
                    return Ok(line.len() - at);
                }
                b'=' => {
                    self.pad(out)?;
                    return Ok(line.len() - at);
                }
                b'-' if self.quad.is_empty() => {
                    self.state = State::Tail;
                    return Ok(line.len() - at);
                }
                _ if six_bits(*byte) >= 0 => {
                    self.quad.push(*byte);
                    if let Some(quad) = self.quad.first_chunk::<4>() {
                        let (bytes, _) = decoded(*quad);
                        out.extend_from_slice(&bytes);
                        self.quad.clear();
                    }
                }
                _ => return Err(ArmorError::Damaged),
            }
        }
        Ok(0)
    }

    /// The last quad, which has fewer than four characters.
    fn pad(&mut self, out: &mut Vec<u8>) -> Result<(), ArmorError> {
        let given = self.quad.len();
        if given < 2 {
            return Err(ArmorError::Damaged);
        }
        self.quad.resize(4, b'A');
        if let Some(quad) = self.quad.first_chunk::<4>() {
            let (bytes, _) = decoded(*quad);
            out.extend_from_slice(bytes.get(..given - 1).unwrap_or_default());
        }
        self.quad.zeroize();
        self.padding = 4 - given;
        self.state = State::Padded;
        Ok(())
    }

    fn padded<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ArmorError> {
        for (at, byte) in input.iter().enumerate() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0B | 0x0C => {}
                b'=' if self.padding > 0 => self.padding -= 1,
                b'=' => {
                    self.state = State::Checksum;
                    return Ok(input.get(at..).unwrap_or_default());
                }
                b'-' => {
                    self.state = State::Tail;
                    return Ok(input.get(at..).unwrap_or_default());
                }
                _ => return Err(ArmorError::Damaged),
            }
        }
        Ok(&[])
    }

    /// Skips the checksum, whatever it says.
    fn checksum<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        match input.iter().position(|byte| *byte == b'-') {
            Some(at) => {
                self.state = State::Tail;
                input.get(at..).unwrap_or_default()
            }
            None => &[],
        }
    }

    fn tail<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ArmorError> {
        let (rest, whole) = self.line(input, usize::MAX)?;
        if !whole {
            return Ok(rest);
        }
        let line = core::mem::take(&mut self.line);
        if label_of(&line, b"END ") != Some(&self.label) {
            return Err(ArmorError::Damaged);
        }
        self.state = State::Done;
        Ok(rest)
    }
}

impl Default for Dearmorer {
    fn default() -> Dearmorer {
        Dearmorer::new()
    }
}

/// The label of a line of dashes; `word` is `BEGIN ` or `END `.
fn label_of<'a>(line: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let line = trimmed(line).strip_prefix(DASHES)?.strip_prefix(word)?;
    let label = line.strip_suffix(DASHES)?;
    label.starts_with(b"PGP ").then_some(label)
}

/// A block of armor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What its BEGIN line said.
    pub kind: Kind,
    /// What was in it.
    pub bytes: Vec<u8>,
}

/// The first block, or the bytes as they are if they are binary.
///
/// # Errors
/// When it is neither, or damaged.
pub fn dearmored(bytes: &[u8]) -> Result<(Kind, Vec<u8>), ArmorError> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut dearmorer = Dearmorer::new();
    dearmorer.push(bytes, &mut out)?;
    let kind = dearmorer.kind().unwrap_or(Kind::Other);
    dearmorer.finish(&mut out)?;
    Ok((kind, out))
}

/// All blocks, one after the other, with any text between them; or the bytes as they are if they are binary.
///
/// # Errors
/// When there is none, or one is damaged.
pub fn dearmored_all(bytes: &[u8]) -> Result<Vec<Block>, ArmorError> {
    let mut blocks = Vec::new();
    let mut rest = bytes;
    loop {
        let mut out = Vec::new();
        let mut dearmorer = Dearmorer::new();
        if !blocks.is_empty() {
            // Only the first could be binary.
            dearmorer.state = State::Preamble;
        }
        let pushed = dearmorer.push(rest, &mut out);
        let between = matches!(dearmorer.state, State::Start | State::Preamble);
        if between && !blocks.is_empty() {
            return Ok(blocks);
        }
        pushed?;
        let kind = dearmorer.kind().unwrap_or(Kind::Other);
        let taken = usize::try_from(dearmorer.taken()).unwrap_or(rest.len());
        dearmorer.finish(&mut out)?;
        blocks.push(Block { kind, bytes: out });
        rest = rest.get(taken..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(blocks);
        }
    }
}

/// Without the white space around it: what ASCII calls so, and the vertical tab.
fn trimmed(mut line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0B;
    while let Some((byte, rest)) = line.split_first() {
        if !blank(byte) {
            break;
        }
        line = rest;
    }
    while let Some((byte, rest)) = line.split_last() {
        if !blank(byte) {
            break;
        }
        line = rest;
    }
    line
}
