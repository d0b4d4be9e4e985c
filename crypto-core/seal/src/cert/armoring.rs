//! Armor around certificates.

use std::io::Read as _;

use pgp::armor::Dearmor;

use crate::{SealError, profile};

const BEGIN: &[u8] = b"-----BEGIN PGP ";

/// The content of every armored block, one after the other.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut out = Vec::new();
    let mut starts: Vec<usize> = bytes
        .windows(BEGIN.len())
        .enumerate()
        .filter(|(_, window)| *window == BEGIN)
        .map(|(at, _)| at)
        .take(profile::MAX_KEYRING_CERTS)
        .collect();
    if starts.is_empty() {
        return Err(SealError::MalformedCertificate("it is neither packets nor armor"));
    }
    starts.push(bytes.len());
    for pair in starts.windows(2) {
        let [start, end] = pair else { continue };
        let block = bytes.get(*start..*end).unwrap_or_default();
        Dearmor::new(block)
            .read_to_end(&mut out)
            .map_err(|_| SealError::MalformedCertificate("its armor cannot be read"))?;
    }
    Ok(out)
}

/// Armored, with the checksum that programs older than RFC 9580 look for unless the key is newer than they.
pub(super) fn armored(bytes: &[u8], version: u8) -> String {
    struct Raw<'a>(&'a [u8]);
    impl pgp::ser::Serialize for Raw<'_> {
        fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
            writer.write_all(self.0)?;
            Ok(())
        }
        fn write_len(&self) -> usize {
            self.0.len()
        }
    }
    let mut out = Vec::new();
    let kind = pgp::armor::BlockType::PublicKey;
    // Writing to memory does not fail.
    let _ = pgp::armor::write(&Raw(bytes), kind, &mut out, None, version < 6);
    String::from_utf8_lossy(&out).into_owned()
}
