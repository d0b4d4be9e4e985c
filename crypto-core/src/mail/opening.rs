//! From sealed bytes to what a person sees. Who wrote it is said only of exactly what is shown.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{Author, OpenedMessage, Readers, Summary};
use seal::profile;
use seal::verify::{Verdict, detached};
use sha2::{Digest as _, Sha256};
use wire::mail::{Arrival, MessageView};
use wire::plaintext::Address;

use super::mime::{self, Mail};
use crate::keys::{FetchedCert, OpenedSignature, UnlockedKey, check_all};
use letter::summary::{self, About};

/// Largest content of a summary, in bytes.
const MAX_SUMMARY_BYTES: usize = 64 * 1024;

/// The certificate to check a sender's signature with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSigner {
    /// The certificate known (for [`SignerKind::Changed`], the one offered now).
    pub cert: FetchedCert,
    /// Since when it is known.
    pub since: Millis,
    /// What the pin book says of it.
    pub kind: SignerKind,
}

/// What the pin book says of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerKind {
    /// The person's own.
    You,
    /// Pinned.
    Known,
    /// Given out by the server just now, never seen before.
    New,
    /// Another one is pinned: a hard stop (R15).
    Changed {
        /// The fingerprint known, hexadecimal.
        known: String,
        /// The fingerprint offered now.
        offered: String,
    },
}

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
    let digest = hex::encode(Sha256::digest(blob));
    let row = open_summary(key, view);
    if row.as_ref().is_ok_and(|row| row.blob_digest != digest) {
        return Err(CoreError::with(CoreErrorCode::Tampered, "not the message that this row stands for"));
    }
    let opened = key.open(blob, profile::MAX_CONTENT_BYTES)?;

    // Either the OpenPGP message is signed, and covers everything; or the content is multipart/signed, and
    // then only the signed part is shown.
    let parts = mime::signed_parts(opened.bytes())?;
    let covered = parts.as_ref().filter(|parts| mime::has_own_headers(parts.content));
    let mut mail = match (opened.is_signed(), covered) {
        (false, Some(parts)) => mime::read(parts.content)?,
        _ => mime::read(opened.bytes())?,
    };
    if opened.is_signed() && parts.is_some() {
        // Shown as one text, without the inner signature as an attachment.
        mail.attachments.retain(|(about, _)| about.media_type != "application/pgp-signature");
        renumber(&mut mail);
    }

    let address = mail.one_author.then(|| mail.from.address.parse::<Address>().ok()).flatten();
    let known = address.as_ref().and_then(lookup);
    let check = |known: &KnownSigner| -> Vec<OpenedSignature> {
        match (opened.is_signed(), covered) {
            (true, _) => opened.check(&known.cert, now),
            (false, Some(parts)) => match detached(&parts.signature) {
                Ok(claims) => check_all(&claims, parts.content, &known.cert, Some(key.fingerprint()), now),
                Err(_) => vec![OpenedSignature { claimed_signer: String::new(), verdict: Verdict::Broken }],
            },
            (false, None) => Vec::new(),
        }
    };
    let signed = opened.is_signed() || covered.is_some();
    let mut wants_certificate_of = None;
    let author = if !signed {
        Author::Unsigned
    } else {
        match (&address, &known) {
            (Some(address), Some(known)) => judge(check(known), known, address, now),
            (Some(address), None) => {
                wants_certificate_of = Some(address.clone());
                Author::Unchecked
            }
            (None, _) => Author::Unchecked,
        }
    };
    if author == Author::You {
        mail.take_typed();
    }

    // Only the server's own fields are believed, and only where the server says that it read the mail.
    let domain_word = (view.arrival == Arrival::SealedOnArrival && mail.one_author)
        .then(|| letter::senders::domain_word(opened.bytes(), &mail.from.address))
        .flatten();
    let date = mail.date.unwrap_or(view.received_at);
    let shown = summary::summarise(About {
        from: &mail.from,
        to: &mail.to,
        cc: &mail.cc,
        subject: &mail.subject,
        text: &mail.text,
        date,
        attachments: mail.attachments.len(),
        blob_digest: digest,
    });
    let summary_differs = row.ok().as_ref() != Some(&shown);
    let (about, attachments) = mail.attachments.into_iter().unzip();
    Ok(OpenedMail {
        message: OpenedMessage {
            id: view.id,
            from: mail.from,
            to: mail.to,
            cc: mail.cc,
            subject: mail.subject,
            date,
            message_id: mail.message_id,
            references: mail.references,
            text: mail.text,
            attachments: about,
            readers: match view.arrival {
                Arrival::Sealed => Readers::EndToEnd,
                Arrival::SealedOnArrival => Readers::SealedOnArrival,
            },
            author,
            wants_certificate_of,
            summary_differs,
            domain_word,
        },
        attachments,
    })
}

fn renumber(mail: &mut Mail) {
    for (index, (about, _)) in mail.attachments.iter_mut().enumerate() {
        about.index = u32::try_from(index).unwrap_or(u32::MAX);
    }
}

/// Who wrote it, from the verdicts on every signature (R38: the signer must be the certificate of the From
/// address, and that certificate must name the address).
fn judge(found: Vec<OpenedSignature>, known: &KnownSigner, address: &Address, now: Millis) -> Author {
    let good = found.iter().any(|signature| matches!(signature.verdict, Verdict::Good { .. }));
    if good {
        let fingerprint = known.cert.fingerprint().to_string();
        if !known.cert.names(address.as_str(), now) {
            return Author::SomeoneElse { signer: fingerprint };
        }
        return match &known.kind {
            SignerKind::You => Author::You,
            SignerKind::Known => Author::Known { since: known.since, fingerprint },
            SignerKind::New => Author::New { fingerprint },
            SignerKind::Changed { known, offered } => {
                Author::Changed { known: known.clone(), offered: offered.clone() }
            }
        };
    }
    let broken =
        found.iter().any(|signature| matches!(signature.verdict, Verdict::Broken | Verdict::DoesNotCount(_)));
    match found.into_iter().next() {
        _ if broken => Author::Broken,
        Some(signature) => Author::SomeoneElse { signer: signature.claimed_signer },
        None => Author::Unsigned,
    }
}
