//! Sealing on arrival: a message that came in clear becomes what a client of this server would have stored, sealed
//! to its recipient, with a sealed summary.

use letter::{arrival, summary};
use seal::SealError;
use seal::cert::TrustedCert;
use seal::sealing::{Naming, seal as seal_to};
use sha2::{Digest as _, Sha256};
use wire::Millis;
use wire::sealed::SealedMessage;

/// A sealed message and its summary, for one person.
#[derive(Debug)]
pub struct SealedOnArrival {
    /// The OpenPGP message.
    pub blob: Vec<u8>,
    /// Its summary.
    pub summary: SealedMessage,
}

/// Seals a message to one person. It is not signed: this server vouches for nobody.
///
/// # Errors
/// Why the certificate cannot be sealed to at `now`; `TooLarge`.
pub fn seal(message: &[u8], to: &TrustedCert, now: Millis) -> Result<SealedOnArrival, SealError> {
    let rng = &mut rand::rngs::OsRng;
    let blob = seal_to(rng, message.to_vec(), &[to], None, Naming::Blank, now)?.bytes;
    let row = arrival::row(message, hex::encode(Sha256::digest(&blob)), now);
    let summary = seal_to(rng, summary::write(&row), &[to], None, Naming::Blank, now)?.bytes;
    Ok(SealedOnArrival { blob, summary: SealedMessage(summary) })
}
