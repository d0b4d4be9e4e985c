//! Keys and certificates for integrators, without a server.

use crate::convert::{byte_arrays, refused, thrown, to_js};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_core::accounts::local;
use crypto_core::keys::{KeyProfile, UnlockedKey};
use crypto_core::secret::Passphrase;
use model::error::{CoreError, CoreErrorCode};
use rand::rngs::OsRng;
use seal::cert::{FetchedCert, Fingerprint, Trust, TrustedCert};
use seal::verify::Verdict;
use serde::Serialize;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// The most bytes an opened message may have.
const OPEN_LIMIT: usize = 64 << 20;
const ARMOR_LINE: usize = 64;

fn now() -> model::Millis {
    js_sys::Date::now() as model::Millis
}

fn fault(code: CoreErrorCode, detail: &str) -> JsValue {
    thrown(CoreError::with(code, detail))
}

/// An unlocked OpenPGP secret key. Its secret parts never become JavaScript values; `free()` wipes them.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SecretKey {
    key: UnlockedKey,
}

/// What a signature over an opened message is worth.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignatureView {
    claimed_signer: String,
    signer: Option<String>,
    verdict: &'static str,
    detail: &'static str,
    made: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenedView<'a> {
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
    signed: bool,
    signatures: Vec<SignatureView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateView<'a> {
    fingerprint: String,
    version: u8,
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
    usable: bool,
    reason: Option<String>,
    expires: Option<f64>,
    user_ids: Vec<String>,
}

fn judged(bytes: &[u8], now: model::Millis) -> Result<TrustedCert, JsValue> {
    let fetched = FetchedCert::parse(bytes).map_err(refused)?;
    fetched.judge(now, None).map_err(|reason| refused(reason.into()))?;
    // Whoever hands certificates to `seal` has judged whose they are: the page's pins are not here.
    Ok(fetched.trust(Trust::Verified))
}

#[wasm_bindgen]
impl SecretKey {
    /// Makes a key for an address. `profile` is `compatible` (version 4, read by GnuPG and Thunderbird) or
    /// `modern` (version 6, RFC 9580).
    pub fn make(address: &str, profile: &str) -> Result<SecretKey, JsValue> {
        let profile = match profile {
            "compatible" => KeyProfile::CompatibleV4,
            "modern" => KeyProfile::ModernV6,
            _ => return Err(fault(CoreErrorCode::Malformed, "the profile is compatible or modern")),
        };
        UnlockedKey::make(&mut OsRng, profile, address, now()).map(|key| Self { key }).map_err(thrown)
    }

    /// Unlocks what [`SecretKey::lock_with_passphrase`] gave. With `fingerprint` any other key is refused.
    pub fn unlock(
        locked: &[u8],
        passphrase: String,
        fingerprint: Option<String>,
    ) -> Result<SecretKey, JsValue> {
        let passphrase = Zeroizing::new(passphrase);
        let expected = match fingerprint {
            None => None,
            Some(text) => Some(
                text.parse::<Fingerprint>()
                    .map_err(|_| fault(CoreErrorCode::Malformed, "not a fingerprint"))?,
            ),
        };
        local::unlock(locked, &Passphrase::given(&passphrase), expected.as_ref(), now())
            .map(|key| Self { key })
            .map_err(thrown)
    }

    /// Locks the key with a passphrase of at least 12 characters (Argon2id, 64 MiB).
    #[wasm_bindgen(js_name = lockWithPassphrase)]
    pub fn lock_with_passphrase(&self, passphrase: String) -> Result<Vec<u8>, JsValue> {
        let passphrase = Zeroizing::new(passphrase);
        let passphrase =
            Passphrase::chosen(&passphrase).map_err(|_| thrown(CoreErrorCode::PassphraseTooShort.into()))?;
        local::lock(&self.key, &passphrase, &mut OsRng).map_err(thrown)
    }

    /// Hexadecimal.
    #[wasm_bindgen(getter)]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint().to_string()
    }

    /// The public certificate, binary.
    #[wasm_bindgen(getter)]
    pub fn certificate(&self) -> Vec<u8> {
        self.key.certificate_bytes().to_vec()
    }

    /// Seals `plaintext` to certificates (`Uint8Array`s), signed by this key unless `sign` is false.
    pub fn seal(
        &self,
        plaintext: Vec<u8>,
        certificates: Vec<JsValue>,
        sign: bool,
    ) -> Result<Vec<u8>, JsValue> {
        let now = now();
        let certs = byte_arrays(certificates)?;
        let certs = certs.iter().map(|bytes| judged(bytes, now)).collect::<Result<Vec<_>, _>>()?;
        let certs: Vec<&TrustedCert> = certs.iter().collect();
        let sealed = if sign {
            self.key.sign_and_seal(&mut OsRng, plaintext, &certs, now)
        } else {
            self.key.seal_only(&mut OsRng, plaintext, &certs, now)
        };
        sealed.map(|sealed| sealed.bytes).map_err(thrown)
    }

    /// Opens a sealed message and checks its signatures with certificates (`Uint8Array`s). Content and
    /// signatures come as one value.
    pub fn open(&self, message: &[u8], signers: Vec<JsValue>) -> Result<JsValue, JsValue> {
        let now = now();
        let opened = self.key.open(message, OPEN_LIMIT).map_err(thrown)?;
        let mut signatures: Vec<SignatureView> = Vec::new();
        for bytes in byte_arrays(signers)? {
            let cert = FetchedCert::parse(&bytes).map_err(refused)?;
            for (at, signature) in opened.check(&cert, now).into_iter().enumerate() {
                let (verdict, detail, made) = match signature.verdict {
                    Verdict::Good { made, .. } => ("good", "", Some(made as f64)),
                    Verdict::Broken => ("broken", "", None),
                    Verdict::NotByThis => ("unknown", "", None),
                    Verdict::DoesNotCount(reason) => ("does_not_count", reason, None),
                };
                let signer = (verdict != "unknown").then(|| cert.fingerprint().to_string());
                let view =
                    SignatureView { claimed_signer: signature.claimed_signer, signer, verdict, detail, made };
                // A later certificate speaks only for signatures that no earlier one knew.
                match signatures.get_mut(at) {
                    None => signatures.push(view),
                    Some(known) if known.signer.is_none() => *known = view,
                    Some(_) => (),
                }
            }
        }
        let view = OpenedView { bytes: opened.bytes(), signed: opened.is_signed(), signatures };
        to_js(&view).map_err(thrown)
    }
}

/// Reads one certificate, binary or armored: its fingerprint, and whether it may be sealed to now (for
/// `address`, if given).
#[wasm_bindgen(js_name = certificateRead)]
pub fn certificate_read(bytes: &[u8], address: Option<String>) -> Result<JsValue, JsValue> {
    let cert = FetchedCert::parse(bytes).map_err(refused)?;
    let mut view = CertificateView {
        fingerprint: cert.fingerprint().to_string(),
        version: cert.version(),
        bytes: cert.bytes(),
        usable: false,
        reason: None,
        expires: None,
        user_ids: Vec::new(),
    };
    match cert.judge(now(), address.as_deref()) {
        Ok(judgement) => {
            view.usable = true;
            view.expires = judgement.expires.map(|end| end as f64);
            view.user_ids = judgement.user_ids;
        }
        Err(reason) => view.reason = Some(reason.to_string()),
    }
    to_js(&view).map_err(thrown)
}

/// The armored form of a certificate (RFC 9580 section 6.2; the optional checksum is left out).
#[wasm_bindgen(js_name = certificateArmored)]
pub fn certificate_armored(bytes: &[u8]) -> Result<String, JsValue> {
    let cert = FetchedCert::parse(bytes).map_err(refused)?;
    let text = STANDARD.encode(cert.bytes());
    let mut armored = String::from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(ARMOR_LINE).unwrap_or((rest, ""));
        armored.push_str(line);
        armored.push('\n');
        rest = after;
    }
    armored.push_str("-----END PGP PUBLIC KEY BLOCK-----\n");
    Ok(armored)
}
