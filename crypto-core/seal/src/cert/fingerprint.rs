//! Fingerprints, and the forms in which people and machines compare them.

use core::fmt;
use core::str::FromStr;

/// A full fingerprint (R18: never a key id).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The bytes: 20 of a version 4, 32 of a version 6 certificate.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Of a key that rPGP holds.
    pub fn from_pgp(fingerprint: &pgp::types::Fingerprint) -> Self {
        Self(fingerprint.as_bytes().to_vec())
    }

    /// The key id that goes with it: the last eight octets of version 4, the first eight of version 6.
    pub fn key_id(&self) -> [u8; 8] {
        let eight = if self.0.len() == 20 { self.0.last_chunk::<8>() } else { self.0.first_chunk::<8>() };
        eight.copied().unwrap_or_default()
    }

    /// In groups of four digits, capital letters, as people read it out: `D6C3 8E0C …`.
    pub fn grouped(&self) -> String {
        let mut out = String::with_capacity(self.0.len() * 5 / 2);
        for (index, pair) in self.0.chunks(2).enumerate() {
            if index != 0 {
                out.push(' ');
            }
            out.extend(pair.iter().map(|byte| format!("{byte:02X}")));
        }
        out
    }

    /// The text of a QR code that other OpenPGP programs scan, too.
    pub fn qr_text(&self) -> String {
        let mut out = String::from("OPENPGP4FPR:");
        out.extend(self.0.iter().map(|byte| format!("{byte:02X}")));
        out
    }

    /// Reads what [`qr_text`](Self::qr_text) wrote, or another program's form of it (any case, and whatever
    /// follows a `#` passed over).
    ///
    /// # Errors
    /// `MalformedFingerprint`.
    pub fn from_qr_text(text: &str) -> Result<Self, MalformedFingerprint> {
        let (scheme, rest) = text.trim().split_once(':').ok_or(MalformedFingerprint)?;
        if !scheme.eq_ignore_ascii_case("openpgp4fpr") {
            return Err(MalformedFingerprint);
        }
        rest.split(['#', '?']).next().unwrap_or_default().parse()
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The text was not 40 or 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 40 or 64 hexadecimal digits")]
pub struct MalformedFingerprint;

impl FromStr for Fingerprint {
    type Err = MalformedFingerprint;

    /// Reads hexadecimal digits in any case; spaces between groups are passed over.
    fn from_str(text: &str) -> Result<Self, MalformedFingerprint> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(MalformedFingerprint))
            .collect::<Result<_, _>>()?;
        if digits.len() != 40 && digits.len() != 64 {
            return Err(MalformedFingerprint);
        }
        Ok(Self(
            digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
        ))
    }
}
