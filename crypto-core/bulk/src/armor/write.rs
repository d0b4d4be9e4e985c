//! Writing armor.

use zeroize::Zeroize as _;

use super::Kind;
use super::base64::{encode_lines, encode_rest};
use super::crc::Crc24;

/// Bytes of content in a line of 64 characters.
pub(super) const LINE_BYTES: usize = 48;

/// Armors bytes in pieces.
#[derive(Debug)]
pub struct Armorer {
    kind: Kind,
    crc: Option<Crc24>,
    /// Whether the first octets are to say if there is a checksum.
    undecided: bool,
    /// Less than a line of content.
    kept: Vec<u8>,
    begun: bool,
}

impl Armorer {
    /// Begins a block. `crc` asks for the checksum that RFC 9580 has retired; some old readers want it, and it must
    /// not follow v6 material.
    pub fn new(kind: Kind, crc: bool) -> Armorer {
        let crc = crc.then(Crc24::new);
        Armorer { kind, crc, undecided: false, kept: Vec::with_capacity(LINE_BYTES), begun: false }
    }

    /// Begins a block with the checksum that fits what is pushed first: GnuPG 2.2 does not read a block without
    /// one if its last line happens to need no filling; readers of version 6 and of SEIPDv2 must not be given
    /// one (RFC 9580 section 6.1).
    pub fn fitting(kind: Kind) -> Armorer {
        let mut armorer = Self::new(kind, true);
        armorer.undecided = true;
        armorer
    }

    /// Takes bytes and appends whole lines to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        self.begin(out);
        if self.undecided && !bytes.is_empty() {
            self.undecided = false;
            if is_of_rfc_9580(bytes) {
                self.crc = None;
            }
        }
        if let Some(crc) = &mut self.crc {
            crc.update(bytes);
        }
        if !self.kept.is_empty() {
            let missing = LINE_BYTES - self.kept.len();
            let (now, later) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.kept.extend_from_slice(now);
            bytes = later;
            if self.kept.len() < LINE_BYTES {
                return;
            }
            encode_lines(&self.kept, out);
            self.kept.clear();
        }
        let rest = encode_lines(bytes, out);
        self.kept.extend_from_slice(rest);
    }

    /// Ends the block: the last line, the checksum if asked for, the END line.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.begin(out);
        if !self.kept.is_empty() {
            encode_rest(&self.kept, out);
            out.push(b'\n');
        }
        if let Some(crc) = &self.crc {
            out.push(b'=');
            encode_rest(&crc.value(), out);
            out.push(b'\n');
        }
        out.extend_from_slice(b"-----END ");
        out.extend_from_slice(self.kind.label().as_bytes());
        out.extend_from_slice(b"-----\n");
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !core::mem::replace(&mut self.begun, true) {
            out.extend_from_slice(b"-----BEGIN ");
            out.extend_from_slice(self.kind.label().as_bytes());
            out.extend_from_slice(b"-----\n\n");
        }
    }
}

impl Drop for Armorer {
    fn drop(&mut self) {
        self.kept.zeroize();
    }
}

/// Whether the first packet has a version that only readers of RFC 9580 know.
fn is_of_rfc_9580(bytes: &[u8]) -> bool {
    let [first, length, ..] = *bytes else { return false };
    let (tag, lengths) = match (first >> 6, length) {
        (0b11, 192..=223) => (first & 0x3f, 2),
        (0b11, 255) => (first & 0x3f, 5),
        (0b11, _) => (first & 0x3f, 1),
        (0b10, _) if first & 3 == 3 => (first >> 2 & 0x0f, 0),
        (0b10, _) => (first >> 2 & 0x0f, 1 << (first & 3)),
        _ => return false,
    };
    // Types of RFC 9580 section 5: the encrypted packet; session keys and signatures, keys.
    match (tag, bytes.get(1 + lengths)) {
        (18, Some(version)) => *version > 1,
        (1..=6 | 14, Some(version)) => *version > 4,
        _ => false,
    }
}

/// A whole block, with the checksum that fits it ([`Armorer::fitting`]).
pub fn armored(kind: Kind, bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() / LINE_BYTES * 65 + 160);
    let mut armorer = Armorer::fitting(kind);
    armorer.push(bytes, &mut out);
    armorer.finish(&mut out);
    // Armor is ASCII.
    String::from_utf8(out).unwrap_or_default()
}
