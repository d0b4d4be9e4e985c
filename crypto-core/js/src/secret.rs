//! Secret keys of integrators: handles. Their secret parts become JavaScript values only where the name says so.

use std::rc::Rc;

use crypto_core::accounts::local;
use crypto_core::keys::{Fingerprint, KeyOptions, KeyProfile, LockForm, RsaNumbers, SecretCert, UnlockedKey};
use crypto_core::secret::Passphrase;
use js_sys::{Reflect, Uint8Array};
use model::error::CoreErrorCode;
use rand::rngs::OsRng;
use seal::armor::{self, Kind};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::convert::{fault, millis, thrown};

/// An unlocked OpenPGP secret key; `free()` wipes it once no message under way uses it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SecretKey {
    pub(crate) cert: Rc<SecretCert>,
}

/// A secret key as it is stored.
#[wasm_bindgen]
#[derive(Debug)]
pub struct LockedKey {
    cert: SecretCert,
    bytes: Zeroizing<Vec<u8>>,
}

fn options<'a>(
    profile: KeyProfile,
    names: &'a [&'a str],
    expires: Option<f64>,
    endless: bool,
    now: f64,
) -> KeyOptions<'a> {
    let mut options = KeyOptions::new(profile, names);
    if endless {
        options.lifetime = None;
    } else if let Some(end) = expires {
        options.lifetime = Some(((end - now) / 1000.0) as u32);
    }
    options
}

fn named(profile: &str) -> Result<KeyProfile, JsValue> {
    Ok(match profile {
        "compatible" => KeyProfile::CompatibleV4,
        "modern" => KeyProfile::ModernV6,
        "rsa3072" => KeyProfile::Rsa3072,
        "rsa4096" => KeyProfile::Rsa4096,
        _ => return Err(fault(CoreErrorCode::Malformed, "no such profile")),
    })
}

fn numbers(value: &JsValue) -> Result<RsaNumbers, JsValue> {
    let number = |name: &str| -> Result<Vec<u8>, JsValue> {
        let value = Reflect::get(value, &JsValue::from_str(name))?;
        Ok(Uint8Array::new(&value).to_vec())
    };
    Ok(RsaNumbers {
        n: number("n")?,
        e: number("e")?,
        d: Zeroizing::new(number("d")?),
        p: Zeroizing::new(number("p")?),
        q: Zeroizing::new(number("q")?),
        u: Zeroizing::new(number("u")?),
    })
}

fn expected(cert: &SecretCert, fingerprint: Option<String>) -> Result<(), JsValue> {
    let Some(text) = fingerprint else { return Ok(()) };
    let fingerprint: Fingerprint =
        text.parse().map_err(|_| fault(CoreErrorCode::Malformed, "not a fingerprint"))?;
    if *cert.fingerprint() == fingerprint {
        Ok(())
    } else {
        Err(fault(CoreErrorCode::KeySubstituted, "another fingerprint"))
    }
}

impl From<SecretCert> for SecretKey {
    fn from(cert: SecretCert) -> Self {
        Self { cert: Rc::new(cert) }
    }
}

/// More than any call of this module leaves on its stack.
const STACK: usize = 128 * 1024;

/// Overwrites what earlier calls left on the stack. Freed heap is overwritten by the allocator.
#[inline(never)]
fn overwrite_stack() {
    core::hint::black_box(&mut [0u8; STACK]);
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        overwrite_stack();
    }
}

#[wasm_bindgen]
impl SecretKey {
    /// Makes a key.
    pub fn make(
        names: Vec<String>,
        profile: &str,
        expires: Option<f64>,
        endless: bool,
        now: f64,
    ) -> Result<SecretKey, JsValue> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let options = options(named(profile)?, &names, expires, endless, now);
        SecretCert::make(&mut OsRng, &options, millis(now)).map(Self::from).map_err(thrown)
    }

    /// Makes a key of RSA numbers that the host made: two objects of `n`, `e`, `d`, `p`, `q`, `u`.
    #[wasm_bindgen(js_name = makeRsa)]
    pub fn make_rsa(
        names: Vec<String>,
        profile: &str,
        made: Vec<JsValue>,
        expires: Option<f64>,
        endless: bool,
        now: f64,
    ) -> Result<SecretKey, JsValue> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let [primary, subkey] = made.as_slice() else {
            return Err(fault(CoreErrorCode::Malformed, "two keys were expected"));
        };
        let (primary, subkey) = (numbers(primary)?, numbers(subkey)?);
        let options = options(named(profile)?, &names, expires, endless, now);
        SecretCert::make_rsa_from(&mut OsRng, &options, &primary, Some(&subkey), millis(now))
            .map(Self::from)
            .map_err(thrown)
    }

    /// Unlocks what [`SecretKey::lock_with_passphrase`] gave.
    #[wasm_bindgen(js_name = unlockLocal)]
    pub fn unlock_local(
        locked: &[u8],
        passphrase: String,
        fingerprint: Option<String>,
        now: f64,
    ) -> Result<SecretKey, JsValue> {
        let passphrase = Zeroizing::new(passphrase);
        let key =
            local::unlock(locked, &Passphrase::given(&passphrase), None, millis(now)).map_err(thrown)?;
        let bytes = key.to_secret_bytes().map_err(thrown)?;
        let cert = SecretCert::parse(&bytes).map_err(thrown)?;
        expected(&cert, fingerprint)?;
        Ok(cert.into())
    }

    /// The public part.
    pub fn certificate(&self) -> Certificate {
        // It lives longer than the key. Where a value leaves a part of its place unused, a copy takes along what
        // the stack held there, and that may be a secret that was just unlocked.
        overwrite_stack();
        self.cert.cert().clone().into()
    }

    /// Whether a part of it is an RSA key.
    #[wasm_bindgen(getter, js_name = hasRsa)]
    pub fn has_rsa(&self) -> bool {
        self.cert.unlocked_keys().any(|key| key.is_rsa())
    }

    /// The RSA key of this fingerprint in PKCS #8, for a host that is faster with it: its secret numbers.
    #[wasm_bindgen(js_name = exportRsa)]
    pub fn export_rsa(&self, fingerprint: &str) -> Option<Vec<u8>> {
        let key = self.cert.unlocked_keys().find(|key| key.fingerprint().to_string() == fingerprint)?;
        key.rsa_pkcs8().map(|octets| octets.to_vec())
    }

    pub(crate) fn copied(&self) -> Result<SecretCert, JsValue> {
        let bytes = self.cert.to_bytes().map_err(thrown)?;
        SecretCert::parse(&bytes).map_err(thrown)
    }

    /// In OpenPGP form, protected.
    pub fn lock(&self, passphrase: String, protection: &str) -> Result<Vec<u8>, JsValue> {
        let passphrase = Zeroizing::new(passphrase);
        let form = if protection == "gnupg" { LockForm::Iterated } else { LockForm::Argon2Aead };
        let mut cert = self.copied()?;
        cert.set_passphrase(&mut OsRng, passphrase.as_bytes(), form).map_err(thrown)?;
        cert.to_bytes().map(|bytes| bytes.to_vec()).map_err(thrown)
    }

    /// Locks the key with a passphrase of at least 12 characters (Argon2id, 64 MiB).
    #[wasm_bindgen(js_name = lockWithPassphrase)]
    pub fn lock_with_passphrase(&self, passphrase: String, now: f64) -> Result<Vec<u8>, JsValue> {
        let passphrase = Zeroizing::new(passphrase);
        let passphrase =
            Passphrase::chosen(&passphrase).map_err(|_| thrown(CoreErrorCode::PassphraseTooShort.into()))?;
        let bytes = self.cert.to_bytes().map_err(thrown)?;
        let key =
            UnlockedKey::from_secret_bytes(&bytes, self.cert.fingerprint(), millis(now)).map_err(thrown)?;
        local::lock(&key, &passphrase, &mut OsRng).map_err(thrown)
    }

    /// In OpenPGP form, without protection.
    #[wasm_bindgen(js_name = exportUnprotected)]
    pub fn export_unprotected(&self) -> Result<Vec<u8>, JsValue> {
        self.cert.to_bytes().map(|bytes| bytes.to_vec()).map_err(thrown)
    }

    /// Without the primary key's secret part.
    #[wasm_bindgen(js_name = withoutPrimary)]
    pub fn without_primary(&self) -> Result<SecretKey, JsValue> {
        let mut cert = self.copied()?;
        cert.strip_primary();
        Ok(cert.into())
    }
}

impl LockedKey {
    pub(crate) fn of(cert: SecretCert) -> Result<Self, JsValue> {
        let bytes = cert.to_bytes().map_err(thrown)?;
        Ok(Self { cert, bytes })
    }
}

#[wasm_bindgen]
impl LockedKey {
    /// Reads one secret key, binary or armored.
    pub fn read(bytes: &[u8]) -> Result<LockedKey, JsValue> {
        Self::of(SecretCert::parse(bytes).map_err(thrown)?)
    }

    /// Whether a passphrase is needed.
    #[wasm_bindgen(getter, js_name = isProtected)]
    pub fn is_protected(&self) -> bool {
        self.cert.is_locked()
    }

    /// Binary.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// Armored.
    pub fn armored(&self) -> String {
        armor::armored_for_all(Kind::SecretKey, &self.bytes)
    }

    /// The public part.
    pub fn certificate(&self) -> Certificate {
        self.cert.cert().clone().into()
    }

    /// Unlocks it.
    pub fn unlock(
        self,
        passphrase: Option<String>,
        fingerprint: Option<String>,
    ) -> Result<SecretKey, JsValue> {
        let mut cert = self.cert;
        expected(&cert, fingerprint)?;
        if cert.is_locked() {
            let Some(passphrase) = passphrase.map(Zeroizing::new) else {
                return Err(fault(CoreErrorCode::Locked, "the key is protected by a passphrase"));
            };
            cert.unlock(passphrase.as_bytes()).map_err(thrown)?;
        }
        // From here on it is kept without: what leaves the module is locked anew each time.
        cert.clear_passphrase().map_err(thrown)?;
        Ok(cert.into())
    }
}
