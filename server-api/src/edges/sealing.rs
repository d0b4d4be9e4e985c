//! Sealing on arrival: a message that came in clear becomes what a client of this server would have stored, sealed
//! to its recipient, with a sealed summary.

use letter::Person;
use letter::summary::{self, About};
use mail_parser::{Address, MessageParser};
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
    let row = row(message, hex::encode(Sha256::digest(&blob)), now);
    let summary = seal_to(rng, row, &[to], None, Naming::Blank, now)?.bytes;
    Ok(SealedOnArrival { blob, summary: SealedMessage(summary) })
}

/// The content of the summary.
fn row(message: &[u8], blob_digest: String, now: Millis) -> Vec<u8> {
    let parsed = MessageParser::default().parse(message).unwrap_or_default();
    let people = |list: Option<&Address<'_>>| -> Vec<Person> {
        list.into_iter()
            .flat_map(|list| list.clone().into_list())
            .map(|one| Person {
                name: one.name().unwrap_or_default().to_owned(),
                address: one.address().unwrap_or_default().to_owned(),
            })
            .collect()
    };
    let from = people(parsed.from()).into_iter().next();
    summary::write(&summary::summarise(About {
        from: &from.unwrap_or(Person { name: String::new(), address: String::new() }),
        to: &people(parsed.to()),
        cc: &people(parsed.cc()),
        subject: parsed.subject().unwrap_or_default(),
        text: &parsed.body_text(0).unwrap_or_default(),
        date: parsed.date().map_or(now, |date| date.to_timestamp().saturating_mul(1000)),
        attachments: parsed.attachment_count(),
        blob_digest,
    }))
}
