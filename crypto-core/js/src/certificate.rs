//! Certificates: parsed once, judged when asked.

use std::rc::Rc;

use seal::cert::{Cert, Fingerprint, Judged, Refusal};
use seal::profile;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{millis, refused, thrown, to_js};

/// A certificate.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Certificate {
    pub(crate) cert: Rc<Cert>,
}

/// The certificates of a keyring.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Keyring {
    certs: Vec<Cert>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    fingerprint: String,
    key_id: String,
    version: u8,
    created: f64,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    qr_text: String,
}

/// What only a look at its signatures tells.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StandingView {
    user_ids: Vec<String>,
    usable: bool,
    reason: Option<String>,
    expires: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JudgedView {
    usable: bool,
    reason: Option<String>,
    signs: bool,
    revoked: bool,
    expires: Option<f64>,
    keys: Vec<KeyView>,
    user_ids: Vec<UserIdView>,
    reads_seipd2: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyView {
    fingerprint: String,
    key_id: String,
    algorithm: String,
    primary: bool,
    created: f64,
    expires: Option<f64>,
    may: Vec<&'static str>,
    valid: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdView {
    text: String,
    address: Option<String>,
    primary: bool,
    valid: bool,
    reason: Option<String>,
}

fn key_id(fingerprint: &Fingerprint) -> String {
    fingerprint.key_id().iter().map(|octet| format!("{octet:02X}")).collect()
}

fn reason(state: &Result<(), Refusal>) -> Option<String> {
    state.as_ref().err().map(ToString::to_string)
}

/// Whether it may be sealed to at `now`, also for `address` if one is given.
fn usable(cert: &Cert, now: model::Millis, address: Option<&str>) -> Result<(), Refusal> {
    cert.encryption_keys(now)?;
    match address {
        Some(address) if !cert.names(address, now) => Err(Refusal::AddressMismatch),
        _ => Ok(()),
    }
}

fn abilities(key: &seal::cert::JudgedKey) -> Vec<&'static str> {
    let flags = key.flags;
    let all = [("certify", flags.certifies()), ("sign", flags.signs()), ("encrypt", flags.encrypts())];
    let valid = key.state.is_ok();
    all.into_iter().filter(|(_, may)| *may && valid).map(|(word, _)| word).collect()
}

impl From<Cert> for Certificate {
    fn from(cert: Cert) -> Self {
        Self { cert: Rc::new(cert) }
    }
}

#[wasm_bindgen]
impl Certificate {
    /// Reads exactly one certificate, binary or armored.
    pub fn parse(bytes: &[u8]) -> Result<Certificate, JsValue> {
        Cert::parse(bytes).map(Self::from).map_err(refused)
    }

    /// Reads a keyring.
    #[wasm_bindgen(js_name = parseMany)]
    pub fn parse_many(bytes: &[u8]) -> Result<Keyring, JsValue> {
        Cert::parse_many(bytes).map(|certs| Keyring { certs }).map_err(refused)
    }

    /// What it is, whatever it may be used for.
    pub fn view(&self) -> Result<JsValue, JsValue> {
        let cert = &self.cert;
        let view = View {
            fingerprint: cert.fingerprint().to_string(),
            key_id: key_id(cert.fingerprint()),
            version: cert.version(),
            created: cert.created() as f64,
            bytes: cert.to_bytes(),
            qr_text: cert.fingerprint().qr_text(),
        };
        to_js(&view).map_err(thrown)
    }

    /// What it is worth at `now`; usable for `address`, if one is given.
    pub fn standing(&self, now: f64, address: Option<String>) -> Result<JsValue, JsValue> {
        let now = millis(now);
        let cert = &self.cert;
        let state = usable(cert, now, address.as_deref());
        let view = StandingView {
            user_ids: cert
                .valid_user_ids(now)
                .into_iter()
                .map(|user_id| String::from_utf8_lossy(user_id).into_owned())
                .collect(),
            usable: state.is_ok(),
            reason: reason(&state),
            expires: cert.expires(now).map(|end| end as f64),
        };
        to_js(&view).map_err(thrown)
    }

    /// Every part of it with its state at `now`, and why.
    pub fn judged(&self, now: f64, address: Option<String>) -> Result<JsValue, JsValue> {
        let now = millis(now);
        let state = usable(&self.cert, now, address.as_deref());
        let judged: Judged = self.cert.judged(now);
        let view = JudgedView {
            usable: state.is_ok(),
            reason: reason(&state),
            signs: self.cert.signing_keys(now).is_ok(),
            revoked: matches!(judged.state, Err(Refusal::Revoked)),
            expires: judged.expires.map(|end| end as f64),
            reads_seipd2: judged.reads_seipd_v2,
            keys: judged
                .keys
                .iter()
                .map(|key| KeyView {
                    fingerprint: key.fingerprint.to_string(),
                    key_id: key_id(&key.fingerprint),
                    algorithm: profile::algorithm_name(key.algorithm).to_owned(),
                    primary: key.is_primary,
                    created: key.created as f64,
                    expires: key.expires.map(|end| end as f64),
                    may: abilities(key),
                    valid: key.state.is_ok(),
                    reason: reason(&key.state),
                })
                .collect(),
            user_ids: judged
                .user_ids
                .into_iter()
                .map(|user_id| UserIdView {
                    valid: user_id.state.is_ok(),
                    reason: reason(&user_id.state),
                    text: user_id.text,
                    address: user_id.address,
                    primary: user_id.is_primary,
                })
                .collect(),
        };
        to_js(&view).map_err(thrown)
    }

    /// This one with what the other adds.
    pub fn merged(&self, other: &Certificate) -> Result<Certificate, JsValue> {
        let mut cert = Cert::clone(&self.cert);
        cert.merge(&other.cert).map_err(refused)?;
        Ok(cert.into())
    }

    /// Only what is needed to use it at `now`.
    pub fn minimised(&self, now: f64) -> Certificate {
        self.cert.minimised(millis(now)).into()
    }

    /// Armored.
    pub fn armored(&self) -> String {
        self.cert.to_armor()
    }
}

#[wasm_bindgen]
impl Keyring {
    /// The certificates, once.
    pub fn certificates(&mut self) -> Vec<Certificate> {
        core::mem::take(&mut self.certs).into_iter().map(Certificate::from).collect()
    }
}
