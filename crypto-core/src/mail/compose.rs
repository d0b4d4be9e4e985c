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

use super::{encode, names, padding, pgpmime, protected};
use crate::keys::UnlockedKey;

/// Most References written; the first and the newest are kept.
const MAX_REFERENCES: usize = 50;
/// Header that keeps the recipients of a draft as they were typed: they need not be addresses yet.
pub(super) const DRAFT_RECIPIENTS: &str = "Hedgerow-Draft-Recipients";

/// The recipients of a draft as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// What stands outside in place of a subject.
const NO_SUBJECT: &str = "...";

/// A composed message, not yet padded.
pub(super) struct Composed {
    /// The header, each field with its name and its folded value.
    fields: Vec<(&'static str, String)>,
    boundary: String,
    /// The parts of the `multipart/mixed`, with their boundaries.
    body: Vec<u8>,
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
    let mut fields: Vec<(&'static str, String)> = Vec::new();
    let mut push = |name, value| fields.push((name, value));
    push("From", people(core::slice::from_ref(&sender))?);
    let as_typed = purpose == Purpose::Keeping;
    for (name, list) in [("To", &draft.to), ("Cc", &draft.cc)] {
        let list: Vec<Person> = if as_typed {
            list.iter().filter(|person| person.address.parse::<Address>().is_ok()).cloned().collect()
        } else {
            list.clone()
        };
        if !list.is_empty() {
            push(name, people(&list)?);
        }
    }
    if as_typed {
        let typed = TypedRecipients { to: draft.to.clone(), cc: draft.cc.clone() };
        let json = serde_json::to_vec(&typed).map_err(|_| CoreErrorCode::Internal)?;
        let lines: Vec<String> = json.chunks(54).map(|chunk| STANDARD.encode(chunk)).collect();
        push(DRAFT_RECIPIENTS, lines.join("\r\n "));
    }
    push("Subject", encode::text(encode::refuse_breaks(&draft.subject)?));
    push("Date", letter::dates::header_date(now));
    push("Message-ID", format!("<{}@{}>", random_hex(rng, 16), from.domain()));
    if let Some(answered) = &draft.in_reply_to
        && is_message_id(encode::refuse_breaks(answered)?)
    {
        push("In-Reply-To", answered.clone());
    }
    let references = references(&draft.references)?;
    if !references.is_empty() {
        push("References", references.join("\r\n "));
    }

    let boundary = random_hex(rng, 16);
    let mut body = Vec::new();
    text_part(&mut body, &boundary, &draft.text);
    for attachment in &draft.attachments {
        attachment_part(&mut body, &boundary, attachment)?;
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(Composed { fields, boundary, body })
}

impl Composed {
    /// The header.
    pub(super) fn header(&self) -> String {
        self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
    }

    /// The header as it stands outside a seal: everybody sees who writes to whom, and nothing of what about.
    pub(super) fn outer(&self) -> String {
        let shown = self.fields.iter().filter(|(name, _)| *name != DRAFT_RECIPIENTS);
        shown
            .map(|(name, value)| {
                format!("{name}: {}\r\n", if *name == "Subject" { NO_SUBJECT } else { value.as_str() })
            })
            .collect()
    }

    /// The whole entity, header and all. `outer` is what stands outside the seal it is made for; without, it is
    /// made to be signed and not sealed (RFC 9788 section 2.1).
    pub(super) fn entity(&self, outer: Option<&str>) -> Vec<u8> {
        let hp = if outer.is_some() { "cipher" } else { "clear" };
        let mut entity = self.header().into_bytes();
        entity.extend_from_slice(protected::outer_fields(outer.unwrap_or("")).as_bytes());
        entity.extend_from_slice(
            format!(
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; hp=\"{hp}\";\r\n boundary=\"{}\"\r\n\r\n",
                self.boundary
            )
            .as_bytes(),
        );
        entity.extend_from_slice(&self.body);
        entity
    }

    /// The message as plain mail: nothing in it says what wrote it, or when it was to be sealed.
    pub(super) fn in_clear(&self) -> Vec<u8> {
        let mut message = self.header().into_bytes();
        message.extend_from_slice(
            format!(
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"{}\"\r\n\r\n",
                self.boundary
            )
            .as_bytes(),
        );
        message.extend_from_slice(&self.body);
        message
    }

    /// The message as it is sealed here, padded: where there is a header outside, all it has is a subject.
    pub(super) fn padded(self) -> Vec<u8> {
        let mut entity = self.entity(Some(&format!("Subject: {NO_SUBJECT}\r\n")));
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
        let entity = self.entity(Some(&format!("Subject: {NO_SUBJECT}\r\n")));
        let mut out = self.header().into_bytes();
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        out.extend_from_slice(&signed_entity(rng, key, &entity, now)?);
        padding::pad_multipart(&mut out);
        Ok(out)
    }
}

/// `multipart/signed` around an entity. The line end before a boundary belongs to the boundary, and is not signed.
pub(super) fn signed_entity<R: RngCore + CryptoRng>(
    rng: &mut R,
    key: &UnlockedKey,
    entity: &[u8],
    now: Millis,
) -> Result<Vec<u8>, CoreError> {
    let content = entity.strip_suffix(b"\r\n").unwrap_or(entity);
    let signature = key.sign_detached(rng, content, now)?;
    Ok(pgpmime::build_signed(&random_hex(rng, 16), content, &signature))
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

pub(super) fn text_part(out: &mut Vec<u8>, boundary: &str, text: &str) {
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

pub(super) fn random_hex<R: RngCore + CryptoRng>(rng: &mut R, len: usize) -> String {
    let mut bytes = vec![0u8; len];
    rng.fill_bytes(&mut bytes);
    hex::encode(bytes)
}
