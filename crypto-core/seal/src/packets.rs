//! Packet framing (RFC 9580 section 4.2) as a machine that is pushed bytes: headers in the old and the new
//! format, definite, partial and indeterminate lengths. It holds a header at most and never a body.

use std::collections::VecDeque;

/// The packet types that the reader of messages tells apart (RFC 9580 section 5).
pub mod tag {
    /// Public-key encrypted session key.
    pub const PKESK: u8 = 1;
    /// Signature.
    pub const SIGNATURE: u8 = 2;
    /// Symmetric-key encrypted session key.
    pub const SKESK: u8 = 3;
    /// One-pass signature.
    pub const ONE_PASS: u8 = 4;
    /// Compressed data.
    pub const COMPRESSED: u8 = 8;
    /// Symmetrically encrypted data without integrity protection.
    pub const SED: u8 = 9;
    /// Marker.
    pub const MARKER: u8 = 10;
    /// Literal data.
    pub const LITERAL: u8 = 11;
    /// Symmetrically encrypted and integrity protected data.
    pub const SEIPD: u8 = 18;
    /// GnuPG's OCB encrypted data.
    pub const GNUPG_AEAD: u8 = 20;
    /// Padding.
    pub const PADDING: u8 = 21;
}

/// The first part of a body in parts has at least this many octets (RFC 9580 section 4.2.1.4).
pub const MIN_FIRST_PART: u32 = 512;

/// Why bytes are no packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// They end inside a packet.
    #[error("the data ends inside a packet; it was cut off on its way")]
    CutOff,
    /// There is something else where a packet header should be.
    #[error("there is no packet where one should begin")]
    NoHeader,
    /// Packet type 0.
    #[error("a packet has the type 0, which is not allowed")]
    TypeZero,
    /// A length that this kind of packet may not have.
    #[error("a packet has a length that is not allowed for its type")]
    Length,
}

/// Bytes on their way from one machine to the next, in pieces.
#[derive(Debug, Default)]
pub struct Feed {
    pieces: VecDeque<Vec<u8>>,
    /// Octets of the first piece that are used up.
    at: usize,
    length: usize,
    ended: bool,
}

impl Feed {
    /// An empty feed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes.
    pub fn push(&mut self, piece: Vec<u8>) {
        if !piece.is_empty() {
            self.length += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// Says that nothing follows.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether nothing follows what is here.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Octets waiting.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether none wait.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first waiting bytes that lie together; empty only if none wait.
    pub fn front(&self) -> &[u8] {
        self.pieces.front().and_then(|piece| piece.get(self.at..)).unwrap_or_default()
    }

    /// Drops `count` of the waiting bytes.
    pub fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let here = self.front().len();
            if here == 0 {
                return;
            }
            let taken = here.min(count);
            self.at += taken;
            self.length -= taken;
            count -= taken;
            if taken == here {
                self.pieces.pop_front();
                self.at = 0;
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.front().first().copied()?;
        self.advance(1);
        Some(byte)
    }
}

/// What the framer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It needs more bytes.
    Starved,
    /// No packet follows: the feed has ended between two packets.
    Over,
    /// A packet begins.
    Begin {
        /// Its type.
        tag: u8,
        /// The length of its body, if its header says so.
        length: Option<u64>,
    },
    /// At least one and at most this many of the next bytes of the feed are body: use some, say how many with
    /// [`Framer::used`], and drop them from the feed.
    Body(usize),
    /// The packet is complete.
    End,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Between,
    /// The header octet of a packet was read; these are the octets of its length so far.
    Length {
        tag: u8,
        old: Option<u8>,
        first: bool,
        octets: [u8; 5],
        count: u8,
    },
    Body {
        tag: u8,
        left: u32,
        parts: bool,
    },
    /// To the end of the feed.
    Indeterminate,
}

/// Finds packets in a [`Feed`].
#[derive(Debug)]
pub struct Framer {
    state: State,
}

impl Default for Framer {
    fn default() -> Self {
        Self { state: State::Between }
    }
}

impl Framer {
    /// A framer that is between two packets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it is between two packets.
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Between)
    }

    /// The next thing in the feed.
    ///
    /// # Errors
    /// When the bytes are no packets.
    pub fn step(&mut self, feed: &mut Feed) -> Result<Step, FrameError> {
        loop {
            match self.state {
                State::Between => {
                    let Some(header) = feed.next() else {
                        return Ok(if feed.is_ended() { Step::Over } else { Step::Starved });
                    };
                    if header & 0x80 == 0 {
                        return Err(FrameError::NoHeader);
                    }
                    let (tag, old) = if header & 0x40 == 0 {
                        ((header >> 2) & 0x0F, Some(header & 3))
                    } else {
                        (header & 0x3F, None)
                    };
                    if tag == 0 {
                        return Err(FrameError::TypeZero);
                    }
                    if old == Some(3) {
                        // Like parts, this is for the data of messages only.
                        if !may_have_parts(tag) {
                            return Err(FrameError::Length);
                        }
                        self.state = State::Indeterminate;
                        return Ok(Step::Begin { tag, length: None });
                    }
                    self.state = State::Length { tag, old, first: true, octets: [0; 5], count: 0 };
                }
                State::Length { tag, old, first, mut octets, count } => {
                    let Some(byte) = feed.next() else { return starved(feed) };
                    if let Some(place) = octets.get_mut(usize::from(count)) {
                        *place = byte;
                    }
                    let count = count + 1;
                    match length(old, octets, count) {
                        None => self.state = State::Length { tag, old, first, octets, count },
                        Some((left, parts)) => {
                            if parts && (!may_have_parts(tag) || first && left < MIN_FIRST_PART) {
                                return Err(FrameError::Length);
                            }
                            self.state = State::Body { tag, left, parts };
                            if first {
                                let length = (!parts).then_some(u64::from(left));
                                return Ok(Step::Begin { tag, length });
                            }
                        }
                    }
                }
                State::Body { left: 0, parts: false, .. } => {
                    self.state = State::Between;
                    return Ok(Step::End);
                }
                State::Body { tag, left: 0, parts: true } => {
                    self.state = State::Length { tag, old: None, first: false, octets: [0; 5], count: 0 };
                }
                State::Body { left, .. } => {
                    let here = feed.front().len();
                    if here == 0 {
                        return starved(feed);
                    }
                    return Ok(Step::Body(here.min(usize::try_from(left).unwrap_or(usize::MAX))));
                }
                State::Indeterminate => {
                    let here = feed.front().len();
                    if here > 0 {
                        return Ok(Step::Body(here));
                    }
                    if !feed.is_ended() {
                        return Ok(Step::Starved);
                    }
                    self.state = State::Between;
                    return Ok(Step::End);
                }
            }
        }
    }

    /// Says that `count` octets of the body were used.
    pub fn used(&mut self, count: usize) {
        if let State::Body { left, .. } = &mut self.state {
            *left = left.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        }
    }
}

fn starved(feed: &Feed) -> Result<Step, FrameError> {
    if feed.is_ended() { Err(FrameError::CutOff) } else { Ok(Step::Starved) }
}

fn may_have_parts(packet: u8) -> bool {
    matches!(packet, tag::COMPRESSED | tag::SED | tag::LITERAL | tag::SEIPD | tag::GNUPG_AEAD)
}

/// The length that the octets so far say, and whether another part follows; none if octets are missing.
fn length(old: Option<u8>, octets: [u8; 5], count: u8) -> Option<(u32, bool)> {
    let [a, b, c, d, e] = octets;
    match (old, count) {
        (Some(0), 1) => Some((u32::from(a), false)),
        (Some(1), 2) => Some((u32::from_be_bytes([0, 0, a, b]), false)),
        (Some(2), 4) => Some((u32::from_be_bytes([a, b, c, d]), false)),
        (None, 1) if a < 192 => Some((u32::from(a), false)),
        (None, 1) if (224..255).contains(&a) => Some((1 << (a & 0x1F), true)),
        (None, 2) if a < 224 => Some((((u32::from(a) - 192) << 8) + u32::from(b) + 192, false)),
        (None, 5) => Some((u32::from_be_bytes([b, c, d, e]), false)),
        _ => None,
    }
}
