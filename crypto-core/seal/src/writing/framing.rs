//! Packet headers and partial lengths (RFC 9580 section 4.2).

use crate::SealError;

/// Packet type: public-key encrypted session key.
pub(crate) const PKESK: u8 = 1;
/// Packet type: signature.
pub(crate) const SIGNATURE: u8 = 2;
/// Packet type: symmetric-key encrypted session key.
pub(crate) const SKESK: u8 = 3;
/// Packet type: one-pass signature.
pub(crate) const ONE_PASS: u8 = 4;
/// Packet type: literal data.
pub(crate) const LITERAL: u8 = 11;
/// Packet type: symmetrically encrypted and integrity protected data.
pub(crate) const SEIPD: u8 = 18;

/// Octets of a partial piece: two to this power. Fixed, so that the bytes do not tell how a stream arrived.
const PIECE_POWER: u8 = 16;
const PIECE: usize = 1 << PIECE_POWER;

/// Octets of the longest header: the type and a five-octet length.
pub(crate) const LONGEST_HEADER: usize = 6;

/// A new-format length.
pub(crate) fn length(octets: usize, out: &mut Vec<u8>) -> Result<(), SealError> {
    match u32::try_from(octets).map_err(|_| SealError::TooLarge)? {
        short @ 0..=191 => out.extend(u8::try_from(short)),
        middle @ 192..=8383 => {
            // Two octets: the first from 192 on.
            let [.., high, low] = (middle - 192).to_be_bytes();
            out.extend([high.wrapping_add(192), low]);
        }
        long => {
            out.push(0xff);
            out.extend(long.to_be_bytes());
        }
    }
    Ok(())
}

/// The header of a packet whose length is known.
pub(crate) fn header(kind: u8, octets: usize, out: &mut Vec<u8>) -> Result<(), SealError> {
    out.push(0xc0 | kind);
    length(octets, out)
}

/// A whole packet.
pub(crate) fn packet(kind: u8, body: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
    header(kind, body.len(), out)?;
    out.extend_from_slice(body);
    Ok(())
}

/// A packet whose length is not known when it begins: pieces of 64 KiB, then the rest with its length.
#[derive(Debug)]
pub(crate) struct Pieces {
    kind: u8,
    begun: bool,
    /// What is not written yet: less than a piece after [`drain`](Self::drain).
    pub(crate) pending: Vec<u8>,
}

impl Pieces {
    pub(crate) fn new(kind: u8) -> Self {
        Self { kind, begun: false, pending: Vec::new() }
    }

    fn piece_header(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            out.push(0xc0 | self.kind);
            self.begun = true;
        }
        out.push(0xe0 | PIECE_POWER);
    }

    /// Adds body octets and writes the whole pieces there are now.
    pub(crate) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE.saturating_sub(self.pending.len())));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() == PIECE && !bytes.is_empty() {
                self.piece_header(out);
                out.append(&mut self.pending);
            }
        }
        // A piece is only written when something follows it: the last one must be of known length.
        while bytes.len() > PIECE {
            let (piece, later) = bytes.split_at(PIECE);
            self.piece_header(out);
            out.extend_from_slice(piece);
            bytes = later;
        }
        self.pending.extend_from_slice(bytes);
    }

    /// Writes the whole pieces that lie in [`pending`](Self::pending), all but the last.
    pub(crate) fn drain(&mut self, out: &mut Vec<u8>) {
        if self.pending.len() <= PIECE {
            return;
        }
        let pending = core::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while rest.len() > PIECE {
            let (piece, later) = rest.split_at(PIECE);
            self.piece_header(out);
            out.extend_from_slice(piece);
            rest = later;
        }
        let keep = pending.len() - rest.len();
        self.pending = pending;
        self.pending.drain(..keep);
    }

    /// Writes the rest, with its length. A packet that never filled a piece gets an ordinary header.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), SealError> {
        self.drain(out);
        if !self.begun {
            out.push(0xc0 | self.kind);
            self.begun = true;
        }
        length(self.pending.len(), out)?;
        out.append(&mut self.pending);
        Ok(())
    }
}
