//! Signatures apart from the content, signed text, and armor.

use std::rc::Rc;

use crypto_core::keys::SecretCert;
use model::error::CoreErrorCode;
use rand::rngs::OsRng;
use seal::armor::{self, Kind};
use seal::writing::{ContentKind, Detached, SignerKey, SigningKey, cleartext_sign};
use wasm_bindgen::prelude::*;

use crate::asked::Asked;
use crate::convert::{fault, millis, refused, thrown};
use crate::secret::SecretKey;

/// Detached signatures that are being made.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Signing {
    from: Vec<Rc<SecretCert>>,
    detached: Option<Detached>,
    now: model::Millis,
}

#[wasm_bindgen]
impl Signing {
    /// Signatures of nobody yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a signer.
    pub fn from(&mut self, key: &SecretKey) {
        self.from.push(Rc::clone(&key.cert));
    }

    /// Begins to hash content, as text or as octets.
    pub fn begin(&mut self, text: bool, now: f64) -> Result<(), JsValue> {
        self.now = millis(now);
        let kind = if text { ContentKind::Text } else { ContentKind::Binary };
        let mut signers = Vec::new();
        for cert in &self.from {
            for key in cert.signing_keys(self.now).map_err(thrown)?.iter().take(1) {
                signers.push(SignerKey::of(key).map_err(refused)?);
            }
        }
        self.detached = Some(Detached::new(&signers, kind, false, &mut OsRng, self.now).map_err(refused)?);
        Ok(())
    }

    /// Takes a piece of the content.
    pub fn push(&mut self, content: &[u8]) {
        if let Some(detached) = &mut self.detached {
            detached.push(content);
        }
    }

    fn detached(&mut self) -> Result<&mut Detached, JsValue> {
        self.detached.as_mut().ok_or_else(|| fault(CoreErrorCode::OutOfOrder, "nothing was begun"))
    }

    /// The content has ended: what is to be signed.
    pub fn asks(&mut self) -> Result<Asked, JsValue> {
        let tasks = self.detached()?.to_sign().map_err(refused)?;
        Ok(Asked::new(self.from.clone(), self.now, tasks))
    }

    /// Takes the signatures; gives their packets.
    pub fn conclude(&mut self, asked: Asked) -> Result<Vec<u8>, JsValue> {
        let signed = asked.all()?;
        self.detached()?.conclude(&signed).map_err(refused)
    }

    /// Text signed in the open, in one call.
    pub fn cleartext(&self, text: &str, now: f64) -> Result<String, JsValue> {
        let now = millis(now);
        let mut keys = Vec::new();
        for cert in &self.from {
            keys.extend(cert.signing_keys(now).map_err(thrown)?.into_iter().next());
        }
        let keys: Vec<&dyn SigningKey> = keys.iter().map(|key| key as &dyn SigningKey).collect();
        let bytes = cleartext_sign(text.as_bytes(), &keys, &mut OsRng, now).map_err(refused)?;
        String::from_utf8(bytes).map_err(|_| fault(CoreErrorCode::Internal, ""))
    }
}

/// Binary to armored.
#[wasm_bindgen(js_name = armor)]
pub fn armored(bytes: &[u8], kind: &str) -> String {
    let kind = match kind {
        "certificate" => Kind::Certificate,
        "secret-key" => Kind::SecretKey,
        "signature" => Kind::Signature,
        _ => Kind::Message,
    };
    armor::armored(kind, bytes)
}
