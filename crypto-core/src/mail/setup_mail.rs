//! The mail around an Autocrypt Setup Message (Autocrypt Level 1, section 4.4).

use mail_parser::{MessageParser, MimeHeaders as _};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use wire::plaintext::Address;

use super::compose::{random_hex, text_part};
use super::{mime, pgpmime};

const MARK: &str = "Autocrypt-Setup-Message";

/// The mail from an address to itself, around an armored message.
pub(crate) fn write<R: RngCore + CryptoRng>(
    address: &Address,
    words: &str,
    armored: &str,
    now: Millis,
    rng: &mut R,
) -> Result<Vec<u8>, CoreError> {
    if words.contains('\0') {
        return Err(CoreError::with(CoreErrorCode::MalformedMail, "a NUL in the text"));
    }
    let (boundary, id) = (random_hex(rng, 16), random_hex(rng, 16));
    let mut out = format!(
        "From: <{address}>\r\nTo: <{address}>\r\nSubject: Autocrypt Setup Message\r\nDate: {}\r\n\
         Message-ID: <{id}@{}>\r\n{MARK}: v1\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n",
        letter::dates::header_date(now),
        address.domain(),
        address = address.as_str(),
    )
    .into_bytes();
    text_part(&mut out, &boundary, words);
    out.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Type: application/autocrypt-setup\r\n\
             Content-Disposition: attachment; filename=\"autocrypt-setup-message.html\"\r\n\r\n\
             <html><body><pre>\r\n"
        )
        .as_bytes(),
    );
    out.extend_from_slice(&pgpmime::with_crlf(armored.as_bytes()));
    out.extend_from_slice(format!("</pre></body></html>\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// The part with the message, if the mail is marked as such a one.
pub(crate) fn read(mail: &[u8]) -> Result<Option<Vec<u8>>, CoreError> {
    mime::guard(mail)?;
    let message = MessageParser::default().parse(mail).ok_or(CoreErrorCode::MalformedMail)?;
    if message.header_raw(MARK).is_none_or(|version| version.trim() != "v1") {
        return Ok(None);
    }
    let is_setup = |part: &&mail_parser::MessagePart<'_>| {
        part.content_type().is_some_and(|kind| {
            kind.c_type.eq_ignore_ascii_case("application")
                && kind.c_subtype.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case("autocrypt-setup"))
        })
    };
    Ok(message.parts.iter().find(is_setup).map(|part| mime::body_bytes(&message, part)))
}
