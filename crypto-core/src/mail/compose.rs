//! A draft as an exact MIME message. Every header travels inside the seal, marked as RFC 9788 asks; the
//! only thing shown outside, where a transport needs headers, is the subject `...`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{AttachmentData, Draft, Person};
use rand::{CryptoRng, RngCore};
use seal::profile;
use serde::{Deserialize, Serialize};
use wire::plaintext::Address;

use super::{encode, names, padding};
use crate::keys::UnlockedKey;

/// Most References written; the first and the newest are kept.
const MAX_REFERENCES: usize = 50;
/// Header that keeps the recipients of a draft as they were typed: they need not be addresses yet.
pub(super) const DRAFT_RECIPIENTS: &str = "Hedgerow-Draft-Recipients";

/// The recipients of a draft as typed.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TypedRecipients {
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
}

/// What a MIME message is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Recipients must be addresses.
    Sending,
    /// Recipients may be anything typed so far.
    Keeping,
}

/// A composed message, not yet padded.
pub(super) struct Composed {
    /// The top headers that a program without header protection shows, for `multipart/signed`.
    headers: String,
    /// The whole entity: headers and a `multipart/mixed` body.
    pub(super) entity: Vec<u8>,
}

/// Builds the message.
///
/// # Errors
/// `MalformedMail` if a field holds a line break or NUL, `MalformedAddress`, `TooLarge`.
pub(super) fn compose<R: RngCore + CryptoRng>(
    rng: &mut R,
    draft: &Draft,
    from: &Address,
    purpose: Purpose,
    now: Millis,
) -> Result<Composed, CoreError> {
    let size: usize = draft.attachments.iter().map(|part| part.bytes.len()).sum::<usize>() + draft.text.len();
    // Base64 adds a third; what cannot be opened again must not be made.
    if size > profile::MAX_CONTENT_BYTES / 3 * 2 {
        return Err(CoreErrorCode::TooLarge.into());
    }
    if draft.text.contains('\0') {
        return Err(CoreError::with(CoreErrorCode::MalformedMail, "a NUL in the text"));
    }
    let sender = Person { name: draft.from_name.clone(), address: from.as_str().to_owned() };
    let mut headers = String::new();
    push(&mut headers, "From", &people(core::slice::from_ref(&sender))?);
    let as_typed = purpose == Purpose::Keeping;
    for (name, list) in [("To", &draft.to), ("Cc", &draft.cc)] {
        let list: Vec<Person> = if as_typed {
            list.iter().filter(|person| person.address.parse::<Address>().is_ok()).cloned().collect()
        } else {
            list.clone()
        };
        if !list.is_empty() {
            push(&mut headers, name, &people(&list)?);
        }
    }
    if as_typed {
        let typed = TypedRecipients { to: draft.to.clone(), cc: draft.cc.clone() };
        let json = serde_json::to_vec(&typed).map_err(|_| CoreErrorCode::Internal)?;
        let lines: Vec<String> = json.chunks(54).map(|chunk| STANDARD.encode(chunk)).collect();
        push(&mut headers, DRAFT_RECIPIENTS, &lines.join("\r\n "));
    }
    push(&mut headers, "Subject", &encode::text(encode::refuse_breaks(&draft.subject)?));
    push(&mut headers, "Date", &letter::dates::header_date(now));
    push(&mut headers, "Message-ID", &format!("<{}@{}>", random_hex(rng, 16), from.domain()));
    if let Some(answered) = &draft.in_reply_to
        && is_message_id(encode::refuse_breaks(answered)?)
    {
        push(&mut headers, "In-Reply-To", answered);
    }
    let references = references(&draft.references)?;
    if !references.is_empty() {
        push(&mut headers, "References", &references.join("\r\n "));
    }

    let boundary = random_hex(rng, 16);
    let mut entity = headers.clone().into_bytes();
    entity.extend_from_slice(b"HP-Outer: Subject: ...\r\nMIME-Version: 1.0\r\n");
    entity.extend_from_slice(
        format!("Content-Type: multipart/mixed; hp=\"cipher\";\r\n boundary=\"{boundary}\"\r\n\r\n")
            .as_bytes(),
    );
    text_part(&mut entity, &boundary, &draft.text);
    for attachment in &draft.attachments {
        attachment_part(&mut entity, &boundary, attachment)?;
    }
    entity.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(Composed { headers, entity })
}

impl Composed {
    /// The message, padded.
    pub(super) fn padded(self) -> Vec<u8> {
        let mut entity = self.entity;
        padding::pad_multipart(&mut entity);
        entity
    }

    /// The message as `multipart/signed` (RFC 3156 section 5) around it, padded.
    pub(super) fn signed<R: RngCore + CryptoRng>(
        self,
        rng: &mut R,
        key: &UnlockedKey,
        now: Millis,
    ) -> Result<Vec<u8>, CoreError> {
        // The line end before the boundary belongs to the boundary: it is not signed.
        let content = self.entity.strip_suffix(b"\r\n").unwrap_or(&self.entity);
        let signature = key.sign_detached(rng, content, now)?.replace("\r\n", "\n").replace('\n', "\r\n");
        let boundary = random_hex(rng, 16);
        let mut out = self.headers.into_bytes();
        out.extend_from_slice(
            format!(
                "MIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg={};\r\n \
                 protocol=\"application/pgp-signature\";\r\n boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n",
                profile::MICALG
            )
            .as_bytes(),
        );
        out.extend_from_slice(content);
        out.extend_from_slice(
            format!(
                "\r\n--{boundary}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
                 Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
                signature.trim_end()
            )
            .as_bytes(),
        );
        padding::pad_multipart(&mut out);
        Ok(out)
    }
}

fn push(headers: &mut String, name: &str, value: &str) {
    headers.push_str(name);
    headers.push_str(": ");
    headers.push_str(value);
    headers.push_str("\r\n");
}

fn people(list: &[Person]) -> Result<String, CoreError> {
    let mut out = Vec::with_capacity(list.len());
    for person in list {
        encode::refuse_breaks(&person.name)?;
        encode::refuse_breaks(&person.address)?;
        let address: Address = person.address.parse().map_err(|_| CoreErrorCode::MalformedAddress)?;
        out.push(encode::mailbox(&Person {
            name: names::line(&person.name),
            address: address.as_str().to_owned(),
        }));
    }
    Ok(out.join(",\r\n "))
}

/// `<` printable characters `>`, as short as a line allows.
fn is_message_id(text: &str) -> bool {
    text.len() <= 900
        && text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(|id| {
            !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
        })
}

/// The usable references; foreign mail may hold odd ones, which are left out.
fn references(list: &[String]) -> Result<Vec<String>, CoreError> {
    let mut out = Vec::new();
    for reference in list {
        if is_message_id(encode::refuse_breaks(reference)?) {
            out.push(reference.clone());
        }
    }
    if out.len() > MAX_REFERENCES {
        out.drain(1..out.len() - (MAX_REFERENCES - 1));
    }
    Ok(out)
}

fn text_part(out: &mut Vec<u8>, boundary: &str, text: &str) {
    let text = text.replace("\r\n", "\n");
    let base64 = encode::prefers_base64(&text);
    let encoding = if base64 { "base64" } else { "quoted-printable" };
    out.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n"
        )
        .as_bytes(),
    );
    if base64 {
        encode::base64_lines(text.replace('\n', "\r\n").as_bytes(), out);
    } else {
        encode::quoted_printable(&text, out);
        out.extend_from_slice(b"\r\n");
    }
}

fn attachment_part(out: &mut Vec<u8>, boundary: &str, attachment: &AttachmentData) -> Result<(), CoreError> {
    encode::refuse_breaks(&attachment.name)?;
    encode::refuse_breaks(&attachment.media_type)?;
    let name = names::file(&attachment.name);
    let mut media_type = names::media_type(&attachment.media_type);
    // Composite types may not be base64 (RFC 2046 section 5), and must not be opened as parts.
    if media_type.starts_with("multipart/") || media_type.starts_with("message/") {
        media_type = "application/octet-stream".to_owned();
    }
    out.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment{}\r\n\r\n",
            encode::parameter("filename", &name)
        )
        .as_bytes(),
    );
    encode::base64_lines(&attachment.bytes, out);
    Ok(())
}

fn random_hex<R: RngCore + CryptoRng>(rng: &mut R, len: usize) -> String {
    let mut bytes = vec![0u8; len];
    rng.fill_bytes(&mut bytes);
    hex::encode(bytes)
}
