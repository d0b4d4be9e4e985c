//! ASCII armor (RFC 9580 section 6): writing it, and reading what people have made of it on the way.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`Armorer`] | bytes to armor, in pieces |
//! | [`Dearmorer`] | armor (or plain binary, which it notices) to bytes, in pieces |

mod base64;
mod crc;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{Block, Dearmorer, dearmored, dearmored_all};
pub use write::{Armorer, armored, armored_for_all};

/// What the BEGIN line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `PGP MESSAGE`.
    Message,
    /// `PGP PUBLIC KEY BLOCK`.
    Certificate,
    /// `PGP PRIVATE KEY BLOCK`.
    SecretKey,
    /// `PGP SIGNATURE`.
    Signature,
    /// Another label, or none because the input was binary. Written, it is `PGP ARMORED FILE`.
    Other,
}

impl Kind {
    /// The words between `BEGIN` and the dashes.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Message => "PGP MESSAGE",
            Kind::Certificate => "PGP PUBLIC KEY BLOCK",
            Kind::SecretKey => "PGP PRIVATE KEY BLOCK",
            Kind::Signature => "PGP SIGNATURE",
            Kind::Other => "PGP ARMORED FILE",
        }
    }

    fn of_label(label: &[u8]) -> Kind {
        let known = [Kind::Message, Kind::Certificate, Kind::SecretKey, Kind::Signature];
        known.into_iter().find(|kind| kind.label().as_bytes() == label).unwrap_or(Kind::Other)
    }
}

/// Why armor could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// Neither armor nor the beginning of a packet.
    #[error("this is not OpenPGP data; paste all of it, from the BEGIN line to the END line")]
    NotArmor,
    /// A cleartext signed message, which is read by its own framework.
    #[error("this is a cleartext signed message; verify it as text")]
    Cleartext,
    /// Something that is neither base64 nor the end.
    #[error("the armored text was damaged; ask for it as an attachment")]
    Damaged,
    /// A header line longer, or more of them, than any honest ones.
    #[error("the headers of the armored text are too long; remove them and try again")]
    TooLong,
    /// The input ended before the END line.
    #[error("the armored text was cut; paste all of it, up to the END line")]
    Cut,
}
