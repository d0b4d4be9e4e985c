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
    /// The checksum goes if the material turns out to be version 6.
    old_only: bool,
    /// Less than a line of content.
    kept: Vec<u8>,
    begun: bool,
}

impl Armorer {
    /// Begins a block. `crc` asks for the checksum that RFC 9580 has retired; some old readers want it, and it must
    /// not follow v6 material.
    pub fn new(kind: Kind, crc: bool) -> Armorer {
        let crc = crc.then(Crc24::new);
        Armorer { kind, crc, old_only: false, kept: Vec::with_capacity(LINE_BYTES), begun: false }
    }

    /// Begins a block that every program reads: with the checksum, unless the first packet is of version 6.
    /// GnuPG 2.2 does not find the END line without it where the base64 ends without padding.
    pub fn for_all(kind: Kind) -> Armorer {
        let mut armorer = Armorer::new(kind, true);
        armorer.old_only = true;
        armorer
    }

    /// Takes bytes and appends whole lines to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        if self.old_only && !self.begun && begins_with_version_6(bytes) {
            self.crc = None;
        }
        self.begin(out);
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

/// Whether the body of the first packet begins with the version number 6, as all do that came with RFC 9580.
fn begins_with_version_6(bytes: &[u8]) -> bool {
    let lengths = match bytes {
        [0xc0..=0xff, 192..=223, ..] => 2,
        [0xc0..=0xff, 255, ..] => 5,
        [0xc0..=0xff, ..] => 1,
        [tag, ..] => 1 << (tag & 3),
        [] => return false,
    };
    bytes.get(1 + lengths) == Some(&6)
}

/// A whole block, without a checksum.
pub fn armored(kind: Kind, bytes: &[u8]) -> String {
    whole(Armorer::new(kind, false), bytes)
}

/// A whole block that every program reads ([`Armorer::for_all`]).
pub fn armored_for_all(kind: Kind, bytes: &[u8]) -> String {
    whole(Armorer::for_all(kind), bytes)
}

fn whole(mut armorer: Armorer, bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() / LINE_BYTES * 65 + 160);
    armorer.push(bytes, &mut out);
    armorer.finish(&mut out);
    // Armor is ASCII.
    String::from_utf8(out).unwrap_or_default()
}
