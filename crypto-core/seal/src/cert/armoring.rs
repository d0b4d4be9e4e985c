//! Armor around certificates.

use crate::SealError;
use bulk::armor::{self, Armorer, Kind};

/// The content of every armored block, one after the other.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    let blocks = armor::dearmored_all(bytes).map_err(|error| {
        SealError::MalformedCertificate(match error {
            armor::ArmorError::NotArmor => "it is neither packets nor armor",
            _ => "its armor cannot be read",
        })
    })?;
    Ok(blocks.into_iter().flat_map(|block| block.bytes).collect())
}

/// Armored, with the checksum that programs older than RFC 9580 look for unless the key is newer than they.
pub(super) fn armored(bytes: &[u8], version: u8) -> String {
    let mut armorer = Armorer::new(Kind::Certificate, version < 6);
    let mut out = Vec::with_capacity(bytes.len() / 2 * 3);
    armorer.push(bytes, &mut out);
    armorer.finish(&mut out);
    String::from_utf8(out).unwrap_or_default()
}
