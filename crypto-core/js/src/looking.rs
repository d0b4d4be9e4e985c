//! What can be said of a message without opening it, and armor taken off.

use seal::armor::{self, Kind};
use seal::reading::{Format, Limits, ReadError, Reader, Recipient, SealedAs};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{thrown, to_js, unread};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecipientsView {
    /// Hexadecimal: key ids, or fingerprints where the message has them.
    keys: Vec<String>,
    hidden: usize,
    passwords: usize,
    format: &'static str,
}

#[derive(Serialize)]
struct Dearmored {
    kind: &'static str,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

/// The name of a format, as the package knows it.
pub(crate) fn format_name(sealed: &SealedAs) -> &'static str {
    // Numbers of RFC 9580 section 9.6.
    match (sealed.format, sealed.mode.map(u8::from)) {
        (Format::SeipdV1, _) => "seipd1",
        (Format::GnuPgAead, _) => "gnupg-aead",
        (Format::SeipdV2, Some(1)) => "seipd2-eax",
        (Format::SeipdV2, Some(3)) => "seipd2-gcm",
        (Format::SeipdV2, _) => "seipd2-ocb",
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Whom a message is for, by its beginning.
#[wasm_bindgen(js_name = recipientsOf)]
pub fn recipients(beginning: &[u8]) -> Result<JsValue, JsValue> {
    let mut reader = Reader::new(Limits::default());
    reader.push(beginning).map_err(unread)?;
    let Some(locked) = reader.locked() else {
        return Err(unread(ReadError::NoIntegrity("the message is not encrypted")));
    };
    let mut view = RecipientsView {
        keys: Vec::new(),
        hidden: 0,
        passwords: locked.skesks.len(),
        format: format_name(&locked.sealed),
    };
    for pkesk in locked.pkesks {
        match pkesk.recipient() {
            Recipient::Hidden => view.hidden += 1,
            Recipient::KeyId(id) => view.keys.push(hexadecimal(&id)),
            Recipient::Fingerprint(octets) => view.keys.push(hexadecimal(&octets)),
        }
    }
    to_js(&view).map_err(thrown)
}

/// Armored to binary.
#[wasm_bindgen]
pub fn dearmor(bytes: &[u8]) -> Result<JsValue, JsValue> {
    let (kind, bytes) =
        armor::dearmored(bytes).map_err(|_| unread(ReadError::Malformed("this is not armored")))?;
    let kind = match kind {
        Kind::Message => "message",
        Kind::Certificate => "certificate",
        Kind::SecretKey => "secret-key",
        Kind::Signature => "signature",
        Kind::Other => "other",
    };
    to_js(&Dearmored { kind, bytes }).map_err(thrown)
}
