//! Bytes from the wire. Only CRLF ends a line, and only CRLF `.` CRLF ends a message: whoever is lax here
//! lets a message carry another one in its belly (SMTP smuggling, CVE-2023-51764 to 51766).

use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest command line with its CRLF, in bytes. RFC 5321 section 4.5.3.1.4 asks for 512; the extensions
/// offered add at most 1,100 to MAIL and RCPT.
pub(super) const MAX_COMMAND: usize = 2048;
/// Bytes read at a time.
const CHUNK: usize = 32 * 1024;

/// What came in place of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// A line of this many bytes, CRLF included, at the front of [`Input::ready`].
    Whole(usize),
    /// A line longer than [`MAX_COMMAND`]; it has been passed over.
    TooLong,
    /// A line with a bare CR or LF, or a NUL; it has been passed over.
    Broken,
}

/// Why nothing more comes.
#[derive(Debug)]
pub(super) enum Silence {
    /// The client closed the connection, or it broke.
    Gone,
    /// The client was silent for too long.
    TimedOut,
}

impl From<io::Error> for Silence {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Bytes that came in and were not used yet.
#[derive(Debug, Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
    used: usize,
    /// Within a line that is too long already.
    passing_over: bool,
}

impl Input {
    /// What came in and was not used yet.
    pub(super) fn ready(&self) -> &[u8] {
        self.buffer.get(self.used..).unwrap_or_default()
    }

    /// Marks bytes at the front as used.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes).min(self.buffer.len());
        if self.used == self.buffer.len() {
            self.buffer.clear();
            self.used = 0;
        }
    }

    /// Reads what there is, at least a byte.
    pub(super) async fn more<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        patience: Duration,
    ) -> Result<(), Silence> {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        self.buffer.reserve(CHUNK);
        match tokio::time::timeout(patience, stream.read_buf(&mut self.buffer)).await {
            Err(_) => Err(Silence::TimedOut),
            Ok(Ok(0)) => Err(Silence::Gone),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
        }
    }

    /// The next line, if it is there whole. A line of [`Line::Whole`] is not consumed.
    pub(super) fn line(&mut self) -> Option<Line> {
        let ready = self.ready();
        let Some(end) = ready.iter().position(|byte| *byte == b'\n') else {
            if ready.len() > MAX_COMMAND {
                self.passing_over = true;
                self.consume(usize::MAX);
            }
            return None;
        };
        let (line, length) = (ready.get(..end).unwrap_or_default(), end + 1);
        let whole = line.strip_suffix(b"\r").is_some_and(|text| !text.iter().any(|b| matches!(b, b'\r' | 0)));
        if self.passing_over || length > MAX_COMMAND {
            self.passing_over = false;
            self.consume(length);
            Some(Line::TooLong)
        } else if whole {
            Some(Line::Whole(length))
        } else {
            self.consume(length);
            Some(Line::Broken)
        }
    }
}

/// Takes the content of DATA apart: dots unstuffed, the end found, everything else between.
#[derive(Debug, Default)]
pub(super) struct Dots {
    state: At,
}

/// Where in the content the next byte stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the start of a line; the CRLF of the DATA command counts (RFC 5321 section 4.1.1.4).
    #[default]
    Start,
    /// Behind a dot at the start of a line.
    Dot,
    /// Behind a dot at the start of a line, and a CR.
    DotCr,
    /// Within a line.
    Within,
    /// Behind a CR.
    Cr,
}

impl Dots {
    /// Reads on. Gives the number of bytes used, and whether the message has ended; what belongs to it goes
    /// to `keep`.
    pub(super) fn take(&mut self, bytes: &[u8], mut keep: impl FnMut(&[u8])) -> (usize, bool) {
        let mut rest = bytes;
        while let Some((byte, tail)) = rest.split_first() {
            match (self.state, *byte) {
                (At::Start, b'.') => self.state = At::Dot,
                (At::Dot, b'\r') => self.state = At::DotCr,
                (At::DotCr, b'\n') => return (bytes.len() - tail.len(), true),
                (At::DotCr, _) => {
                    // A dot and a CR that was bare after all.
                    keep(b"\r");
                    self.state = At::Within;
                    continue;
                }
                (At::Cr, b'\n') => {
                    keep(b"\n");
                    self.state = At::Start;
                }
                (At::Cr, _) => {
                    self.state = At::Within;
                    continue;
                }
                (At::Start | At::Dot | At::Within, _) => {
                    let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                    let (text, behind) = rest.split_at(end.unwrap_or(rest.len()));
                    keep(text);
                    rest = behind;
                    self.state = At::Within;
                    match behind.split_first() {
                        Some((b'\r', tail)) => {
                            keep(b"\r");
                            self.state = At::Cr;
                            rest = tail;
                        }
                        Some((_, tail)) => {
                            // Bare, which is refused once the message is whole.
                            keep(b"\n");
                            rest = tail;
                        }
                        None => {}
                    }
                    continue;
                }
            }
            rest = tail;
        }
        (bytes.len(), false)
    }
}

/// Whether a message holds a CR without LF or an LF without CR (RFC 5321 section 2.3.8).
pub(super) fn has_bare_line_ends(bytes: &[u8]) -> bool {
    let mut before = 0;
    for byte in bytes {
        if (*byte == b'\n') != (before == b'\r') {
            return true;
        }
        before = *byte;
    }
    before == b'\r'
}
