//! Changing a key, and what others are told of it: user ids, its end, its subkeys, revocations.

use std::rc::Rc;

use crypto_core::keys::{KeyProfile, Reason, SecretCert, fingerprint_words};
use model::error::{CoreError, CoreErrorCode};
use rand::rngs::OsRng;
use seal::cert::{Cert, Refusal};
use seal::profile;
use wasm_bindgen::prelude::*;

use crate::certificate::Certificate;
use crate::convert::{fault, millis, refused, thrown};
use crate::secret::SecretKey;

fn reason(word: &str) -> Result<Reason, JsValue> {
    Ok(match word {
        "unspecified" => Reason::Unspecified,
        "superseded" => Reason::Superseded,
        "compromised" => Reason::Compromised,
        "retired" => Reason::Retired,
        _ => return Err(fault(CoreErrorCode::Malformed, "no such reason")),
    })
}

impl SecretKey {
    /// Changes a copy, which takes the key's place if all went well; messages under way keep the old one.
    fn changed(
        &mut self,
        change: &mut dyn FnMut(&mut SecretCert) -> Result<(), CoreError>,
    ) -> Result<(), JsValue> {
        let mut cert = self.copied()?;
        change(&mut cert).map_err(thrown)?;
        self.cert = Rc::new(cert);
        Ok(())
    }
}

#[wasm_bindgen]
impl SecretKey {
    /// Adds a user id.
    #[wasm_bindgen(js_name = addUserId)]
    pub fn add_user_id(&mut self, text: &str, now: f64) -> Result<(), JsValue> {
        self.changed(&mut |cert| cert.add_user_id(&mut OsRng, text, millis(now)))
    }

    /// Revokes a user id.
    #[wasm_bindgen(js_name = revokeUserId)]
    pub fn revoke_user_id(&mut self, text: &str, now: f64) -> Result<(), JsValue> {
        self.changed(&mut |cert| cert.revoke_user_id(&mut OsRng, text, millis(now)))
    }

    /// Sets when the key ends; never, if no end is given.
    #[wasm_bindgen(js_name = setExpiry)]
    pub fn set_expiry(&mut self, expires: Option<f64>, now: f64) -> Result<(), JsValue> {
        self.changed(&mut |cert| cert.set_expiry(&mut OsRng, expires.map(millis), millis(now)))
    }

    /// A new subkey to be sealed to; the old ones are retired. It ends `seconds` from now; at the profile's
    /// usual time if none are given.
    #[wasm_bindgen(js_name = rotateEncryption)]
    pub fn rotate_encryption(&mut self, seconds: Option<u32>, now: f64) -> Result<(), JsValue> {
        let kind =
            if self.cert.cert().version() == 6 { KeyProfile::ModernV6 } else { KeyProfile::CompatibleV4 };
        let lifetime = seconds.unwrap_or(profile::KEY_LIFETIME_SECONDS);
        self.changed(&mut |cert| cert.rotate_encryption(&mut OsRng, kind, Some(lifetime), millis(now)))
    }

    /// Revokes the whole key.
    pub fn revoke(&mut self, why: &str, text: &str, now: f64) -> Result<(), JsValue> {
        let why = reason(why)?;
        self.changed(&mut |cert| cert.revoke(&mut OsRng, why, text, millis(now)))
    }

    /// A revocation that is made and not applied, armored.
    #[wasm_bindgen(js_name = revocationCertificate)]
    pub fn revocation_certificate(&self, why: &str, text: &str, now: f64) -> Result<String, JsValue> {
        self.cert.revocation_certificate(&mut OsRng, reason(why)?, text, millis(now)).map_err(thrown)
    }

    /// Takes over what another copy of its certificate has more.
    pub fn merge(&mut self, certificate: &Certificate) -> Result<(), JsValue> {
        self.changed(&mut |cert| cert.merge(&certificate.cert))
    }
}

#[wasm_bindgen]
impl Certificate {
    /// This one, revoked by a prepared revocation of its owner.
    pub fn revoked(&self, revocation: &[u8], now: f64) -> Result<Certificate, JsValue> {
        let mut cert = Cert::clone(&self.cert);
        for signature in seal::verify::detached(revocation).map_err(refused)? {
            cert.add_signature(signature.packet()).map_err(refused)?;
        }
        match cert.usable(millis(now)) {
            Err(Refusal::Revoked) => Ok(cert.into()),
            _ => Err(fault(CoreErrorCode::Malformed, "it is no revocation of this key")),
        }
    }

    /// The fingerprint in words.
    pub fn words(&self) -> String {
        fingerprint_words(self.cert.fingerprint())
    }
}
