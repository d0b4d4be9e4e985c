//! Signatures that are asked of secret keys: of those in this module, or of a host that is faster with some.

use std::rc::Rc;

use crypto_core::keys::SecretCert;
use model::error::CoreErrorCode;
use seal::writing::{Signed, ToSign};
use wasm_bindgen::prelude::*;

use crate::convert::{fault, refused, thrown};

/// What is to be signed, one for each signer. What the host leaves out is signed here.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Asked {
    from: Vec<Rc<SecretCert>>,
    now: model::Millis,
    tasks: Vec<ToSign>,
    made: Vec<Option<Signed>>,
}

impl Asked {
    pub(crate) fn new(from: Vec<Rc<SecretCert>>, now: model::Millis, tasks: Vec<ToSign>) -> Self {
        let made = tasks.iter().map(|_| None).collect();
        Self { from, now, tasks, made }
    }

    /// All signatures, in the order of the signers.
    pub(crate) fn all(self) -> Result<Vec<Signed>, JsValue> {
        let signers = self.tasks.iter().zip(self.made).zip(&self.from);
        signers
            .map(|((task, made), cert)| match made {
                Some(made) => Ok(made),
                None => {
                    let keys = cert.signing_keys(self.now).map_err(thrown)?;
                    let key = keys.first().ok_or_else(|| fault(CoreErrorCode::Locked, ""))?;
                    task.sign(key).map_err(refused)
                }
            })
            .collect()
    }

    fn task(&self, at: usize) -> Result<&ToSign, JsValue> {
        self.tasks.get(at).ok_or_else(|| fault(CoreErrorCode::OutOfOrder, "there is no such signer"))
    }
}

#[wasm_bindgen]
impl Asked {
    /// The fingerprint of the key that is to sign.
    pub fn key(&self, at: usize) -> Result<String, JsValue> {
        Ok(self.task(at)?.key().fingerprint().to_string())
    }

    /// The hash, as WebCrypto calls it.
    pub fn hash(&self, at: usize) -> Result<String, JsValue> {
        Ok(self.task(at)?.hash_name().to_owned())
    }

    /// Hashed before the content.
    pub fn salt(&self, at: usize) -> Result<Vec<u8>, JsValue> {
        Ok(self.task(at)?.salt().to_vec())
    }

    /// Hashed after the content.
    pub fn trailer(&self, at: usize) -> Result<Vec<u8>, JsValue> {
        Ok(self.task(at)?.trailer().to_vec())
    }

    /// The digest of all of it.
    pub fn digest(&self, at: usize) -> Result<Option<Vec<u8>>, JsValue> {
        Ok(self.task(at)?.digest().map(<[u8]>::to_vec))
    }

    /// Takes the signature that the host made.
    pub fn signed(&mut self, at: usize, signature: &[u8]) -> Result<(), JsValue> {
        let made = self.task(at)?.signed_outside(signature).map_err(refused)?;
        if let Some(place) = self.made.get_mut(at) {
            *place = Some(made);
        }
        Ok(())
    }
}
