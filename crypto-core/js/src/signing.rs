//! Signatures apart from the content, signed text, and armor.

use std::rc::Rc;

use crypto_core::keys::SecretCert;
use model::error::CoreErrorCode;
use rand::rngs::OsRng;
use seal::armor::{self, Kind};
use seal::writing::{Cleartext, ContentKind, Detached, SignerKey};
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
    cleartext: Option<Cleartext>,
    /// What is left to write of it.
    rest: Vec<u8>,
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

    fn signers(&self) -> Result<Vec<SignerKey>, JsValue> {
        let mut signers = Vec::new();
        for cert in &self.from {
            for key in cert.signing_keys(self.now).map_err(thrown)?.iter().take(1) {
                signers.push(SignerKey::of(key).map_err(refused)?);
            }
        }
        Ok(signers)
    }

    /// Begins to hash content, as text or as octets.
    pub fn begin(&mut self, text: bool, now: f64) -> Result<(), JsValue> {
        self.now = millis(now);
        let kind = if text { ContentKind::Text } else { ContentKind::Binary };
        let detached = Detached::new(&self.signers()?, kind, false, &mut OsRng, self.now).map_err(refused)?;
        self.detached = Some(detached);
        Ok(())
    }

    /// Begins a text signed in the open.
    #[wasm_bindgen(js_name = beginCleartext)]
    pub fn begin_cleartext(&mut self, now: f64) -> Result<(), JsValue> {
        self.now = millis(now);
        let cleartext = Cleartext::new(&self.signers()?, &mut OsRng, self.now).map_err(refused)?;
        self.cleartext = Some(cleartext);
        Ok(())
    }

    /// Takes a piece of the content; gives what is written of a text in the open.
    pub fn push(&mut self, content: &[u8]) -> Vec<u8> {
        let mut written = Vec::new();
        if let Some(detached) = &mut self.detached {
            detached.push(content);
        }
        if let Some(cleartext) = &mut self.cleartext {
            cleartext.push(content, &mut written);
        }
        written
    }

    fn detached(&mut self) -> Result<&mut Detached, JsValue> {
        self.detached.as_mut().ok_or_else(|| fault(CoreErrorCode::OutOfOrder, "nothing was begun"))
    }

    /// The content has ended: what is to be signed.
    pub fn asks(&mut self) -> Result<Asked, JsValue> {
        let tasks = match &mut self.cleartext {
            Some(cleartext) => cleartext.to_sign(&mut self.rest),
            None => self.detached()?.to_sign(),
        };
        Ok(Asked::new(self.from.clone(), self.now, tasks.map_err(refused)?))
    }

    /// Takes the signatures; gives their packets, or the rest of a text in the open.
    pub fn conclude(&mut self, asked: Asked) -> Result<Vec<u8>, JsValue> {
        let signed = asked.all()?;
        let Some(cleartext) = &mut self.cleartext else {
            return self.detached()?.conclude(&signed).map_err(refused);
        };
        cleartext.conclude(&signed, &mut self.rest).map_err(refused)?;
        Ok(core::mem::take(&mut self.rest))
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
    armor::armored_for_all(kind, bytes)
}
