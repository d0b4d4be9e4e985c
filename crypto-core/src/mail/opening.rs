//! From sealed bytes to what a person sees. Who wrote it is said only of exactly what is shown.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{Author, DomainWord, OpenedMessage, Readers, Summary};
use seal::profile;
use sha2::{Digest as _, Sha256};
use wire::mail::{Arrival, MessageView};
use wire::plaintext::Address;

use letter::summary::{self, About};

use super::verified::{ClaimedMail, KnownSigner};
use crate::keys::UnlockedKey;

/// Largest content of a summary, in bytes.
const MAX_SUMMARY_BYTES: usize = 64 * 1024;
/// How much of a mail is searched for the fields of the server that took it.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// An opened message, and the bytes of its attachments in their order.
#[derive(Debug)]
pub struct OpenedMail {
    /// What a person sees.
    pub message: OpenedMessage,
    /// The bytes of the attachments.
    pub attachments: Vec<Vec<u8>>,
}

/// Opens the summary of a message. Its signature is not checked: a list proves nothing, opening does.
///
/// # Errors
/// As [`UnlockedKey::open`]; `Malformed` if the content is no summary.
pub fn open_summary(key: &UnlockedKey, view: &MessageView) -> Result<Summary, CoreError> {
    Ok(summary::read(key.open(view.summary.as_bytes(), MAX_SUMMARY_BYTES)?.bytes())?)
}

/// A message whose seals are open, and whose author is still to be judged.
#[derive(Debug)]
pub struct UnjudgedMessage {
    mail: ClaimedMail,
    row: Option<Summary>,
    /// The row of the outside, of what came in clear and was sealed by the server.
    outside: Option<Summary>,
    digest: String,
    domain_word: Option<DomainWord>,
}

/// Opens a message and says who can read it and who wrote it.
///
/// `lookup` gives the certificate known for the From address, if any.
///
/// # Errors
/// As [`UnlockedKey::open`]; `Tampered` also if the summary names another sealed message than this one (R3);
/// `MalformedMail` or `TooLarge` for content that cannot be read.
pub fn open_message(
    key: &UnlockedKey,
    view: &MessageView,
    blob: &[u8],
    lookup: &dyn Fn(&Address) -> Option<KnownSigner>,
    now: Millis,
) -> Result<OpenedMail, CoreError> {
    let message = UnjudgedMessage::open(key, view, blob)?;
    let signer = message.mail().from_address().as_ref().and_then(lookup);
    Ok(message.verify(view, signer.as_ref(), now))
}

impl UnjudgedMessage {
    /// Opens a message; what was sealed on arrival may hold a sealed mail itself.
    ///
    /// # Errors
    /// As [`open_message`].
    pub fn open(key: &UnlockedKey, view: &MessageView, blob: &[u8]) -> Result<Self, CoreError> {
        let digest = hex::encode(Sha256::digest(blob));
        let row = open_summary(key, view).ok();
        if row.as_ref().is_some_and(|row| row.blob_digest != digest) {
            return Err(CoreError::with(CoreErrorCode::Tampered, "not the message that this row stands for"));
        }
        let open = |message: &[u8]| key.open(message, profile::MAX_CONTENT_BYTES);
        let end_to_end = view.arrival == Arrival::Sealed;
        let opened = open(blob)?;
        // Only the server's own fields are believed, and only where the server says that it read the mail.
        let head =
            (!end_to_end).then(|| opened.bytes().get(..MAX_HEAD_BYTES).unwrap_or(opened.bytes()).to_vec());
        // Nobody signed for it, and the server made its row of what it saw: the outside, computed here once more.
        let by_server = !end_to_end && !opened.is_signed();
        let outside = row
            .as_ref()
            .filter(|_| by_server)
            .map(|row| letter::arrival::row(opened.bytes(), digest.clone(), row.date));
        let mail = ClaimedMail::sealed(opened, end_to_end, Some(key.fingerprint()), &open)?;
        let domain_word = head
            .zip(mail.from_address())
            .and_then(|(head, from)| letter::senders::domain_word(&head, from.as_str()));
        Ok(Self { mail, row, outside, digest, domain_word })
    }

    /// The mail.
    pub fn mail(&self) -> &ClaimedMail {
        &self.mail
    }

    /// Says who wrote it, by the certificate known for its author.
    pub fn verify(self, view: &MessageView, signer: Option<&KnownSigner>, now: Millis) -> OpenedMail {
        let verified = self.mail.verify(signer, now);
        // What was sealed on arrival may have been sealed by its author before.
        let readers = if verified.is_sealed() { Readers::EndToEnd } else { Readers::SealedOnArrival };
        let (mut mail, author, wants_certificate_of) = verified.into_whole();
        if author == Author::You {
            mail.head.take_typed();
        }
        let head = mail.head;
        let date = head.date.unwrap_or(view.received_at);
        let shown = summary::summarise(About {
            from: &head.from,
            to: &head.to,
            cc: &head.cc,
            subject: &head.subject,
            text: &mail.text,
            date,
            attachments: mail.attachments.len(),
            blob_digest: self.digest,
        });
        // Whatever the server calls its arrival: a row that stands neither for the mail nor for the outside it came in
        // is said to differ.
        let summary_differs =
            self.row.is_none() || (self.row.as_ref() != Some(&shown) && self.row != self.outside);
        let (about, attachments) = mail.attachments.into_iter().unzip();
        OpenedMail {
            message: OpenedMessage {
                id: view.id,
                from: head.from,
                to: head.to,
                cc: head.cc,
                subject: head.subject,
                date,
                message_id: head.message_id,
                references: head.references,
                text: mail.text,
                attachments: about,
                readers,
                author,
                wants_certificate_of,
                summary_differs,
                domain_word: self.domain_word,
            },
            attachments,
        }
    }
}
