//! Locking a key with a passphrase that a host stretches: WebCrypto and node:crypto hash faster than this module.

use crypto_core::keys::{Derivation, LockForm, SecretCert};
use js_sys::{Array, Object, Reflect, Uint8Array};
use rand::rngs::OsRng;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::convert::thrown;
use crate::secret::{LockedKey, SecretKey};

/// A copy of a key that waits for what the host derives from the passphrase.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Locking {
    cert: SecretCert,
    derivation: Derivation,
}

#[wasm_bindgen]
impl Locking {
    /// Begins, in the form that GnuPG reads.
    #[wasm_bindgen(constructor)]
    pub fn new(key: &SecretKey) -> Result<Locking, JsValue> {
        let derivation = SecretCert::new_derivation(&mut OsRng, LockForm::Iterated);
        Ok(Self { cert: key.copied()?, derivation })
    }

    /// The hashes to compute, one after the other: objects of `hash` (its number in RFC 9580 section 9.5), `salt`,
    /// `zeros` (octets of zero before) and `octets` (how much of salt and passphrase, repeated).
    pub fn hashes(&self) -> Result<Array, JsValue> {
        let all = Array::new();
        for hash in self.derivation.hashes() {
            let object = Object::new();
            let set = |name: &str, value: JsValue| Reflect::set(&object, &JsValue::from_str(name), &value);
            set("hash", hash.hash.into())?;
            set("salt", Uint8Array::from(&hash.salt[..]).into())?;
            set("zeros", (hash.zeros as f64).into())?;
            set("octets", (hash.octets as f64).into())?;
            all.push(&object);
        }
        Ok(all)
    }

    /// The locked key, of the hashes one after the other.
    pub fn locked(self, derived: Vec<u8>) -> Result<LockedKey, JsValue> {
        let derived = Zeroizing::new(derived);
        let mut cert = self.cert;
        let key = derived.get(..self.derivation.key_len()).unwrap_or_default();
        cert.set_derived(&mut OsRng, &self.derivation, key).map_err(thrown)?;
        LockedKey::of(cert)
    }
}
