//! Making messages: the face of `seal::writing`.

use std::rc::Rc;

use crypto_core::keys::SecretCert;
use model::error::{CoreError, CoreErrorCode};
use rand::rngs::OsRng;
use seal::cert::Cert;
use seal::writing::{
    Announced, Engine, Format, Job, Mode, Naming, Options, Part, Password, PasswordForm, Plan, Recipient,
    SignerKey, Writer, plan,
};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::asked::Asked;
use crate::certificate::Certificate;
use crate::convert::{fault, millis, refused};
use crate::secret::SecretKey;

/// One message that is being made.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Encryption {
    to: Vec<(Rc<Cert>, bool)>,
    passwords: Vec<Zeroizing<String>>,
    from: Vec<Rc<SecretCert>>,
    format: String,
    armor: bool,
    filename: String,
    now: model::Millis,
    engine: Engine,
    outside: bool,
    writer: Option<Writer>,
    /// What came out when the content had ended.
    ready: Vec<u8>,
}

/// A piece for the host's cipher: its plaintext is in parts, one after the other.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SealingJob {
    job: Job,
}

#[wasm_bindgen]
impl SealingJob {
    /// Which piece.
    #[wasm_bindgen(getter)]
    pub fn index(&self) -> f64 {
        self.job.index as f64
    }

    /// The nonce or starting vector.
    #[wasm_bindgen(getter)]
    pub fn nonce(&self) -> Vec<u8> {
        self.job.nonce.clone()
    }

    /// The associated data.
    #[wasm_bindgen(getter)]
    pub fn associated(&self) -> Vec<u8> {
        self.job.associated.clone()
    }

    /// How many parts.
    #[wasm_bindgen(getter)]
    pub fn parts(&self) -> usize {
        self.job.parts.len()
    }

    /// Whether a part is a stretch of the content, which the caller holds.
    #[wasm_bindgen(js_name = isContent)]
    pub fn is_content(&self, part: usize) -> bool {
        matches!(self.job.parts.get(part), Some(Part::Content(_)))
    }

    /// Where a part begins: in the content, or in memory, where it lies until this is freed or anything else is
    /// called.
    pub fn at(&self, part: usize) -> f64 {
        match self.job.parts.get(part) {
            Some(Part::Content(range)) => range.start as f64,
            Some(Part::Octets(octets)) => octets.as_ptr().addr() as f64,
            None => 0.0,
        }
    }

    /// How many octets a part has.
    pub fn length(&self, part: usize) -> f64 {
        match self.job.parts.get(part) {
            Some(Part::Content(range)) => range.end.saturating_sub(range.start) as f64,
            Some(Part::Octets(octets)) => octets.len() as f64,
            None => 0.0,
        }
    }
}

fn out_of_order() -> JsValue {
    fault(CoreErrorCode::OutOfOrder, "the message was not begun, or has ended")
}

#[wasm_bindgen]
impl Encryption {
    /// A message for nobody yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a reader.
    pub fn to(&mut self, certificate: &Certificate, hidden: bool) {
        self.to.push((Rc::clone(&certificate.cert), hidden));
    }

    /// Adds a password.
    pub fn password(&mut self, password: String) {
        self.passwords.push(Zeroizing::new(password));
    }

    /// Adds a signer.
    pub fn from(&mut self, key: &SecretKey) {
        self.from.push(Rc::clone(&key.cert));
    }

    /// Says what it looks like.
    pub fn form(&mut self, format: String, armor: bool, filename: String) {
        (self.format, self.armor, self.filename) = (format, armor, filename);
    }

    /// Begins it. `engine` is `web`, `node`, or empty for this module's own ciphers. With `outside` the caller holds
    /// the content, where the form allows it ([`Encryption::content_outside`]).
    pub fn begin(
        &mut self,
        length: Option<f64>,
        engine: &str,
        outside: bool,
        now: f64,
    ) -> Result<(), JsValue> {
        self.now = millis(now);
        let now = self.now;
        let mut options = Options { length: length.map(|length| length as u64), ..Options::default() };
        let mut announced: Vec<Announced> = Vec::new();
        for (cert, hidden) in &self.to {
            let naming = if *hidden { Naming::Blank } else { Naming::Named };
            for key in cert.encryption_keys(now).map_err(|reason| refused(reason.into()))? {
                options.recipients.push(Recipient { key: key.packet(), naming });
            }
            announced.push(cert.announced(now));
            if !hidden {
                options.intended.push(cert.fingerprint().clone());
            }
        }
        options.plan = self.planned(&announced)?;
        let argon2 = matches!(options.plan.format, Format::SeipdV2);
        for password in &self.passwords {
            let form = if argon2 { PasswordForm::Argon2 } else { PasswordForm::Iterated };
            options.passwords.push(Password { bytes: password.as_bytes(), form });
        }
        for key in &self.from {
            let keys = key.signing_keys(now).map_err(crate::convert::thrown)?;
            let key =
                keys.first().ok_or_else(|| fault(CoreErrorCode::Locked, "nothing in the key may sign"))?;
            options.signers.push(SignerKey::of(key).map_err(refused)?.with_hash(options.plan.hash));
        }
        options.armor = self.armor;
        options.filename = self.filename.clone().into_bytes();
        options.engine = match engine {
            "web" => Engine::HostCbc,
            "node" => Engine::HostCfb,
            _ => Engine::Portable,
        };
        self.engine = options.engine;
        let sealed = !options.recipients.is_empty() || !options.passwords.is_empty();
        options.content_outside = outside
            && sealed
            && options.engine != Engine::Portable
            && options.plan.suits_host()
            && matches!(options.plan.format, Format::SeipdV2)
            && options.length.is_some()
            && !options.armor;
        self.outside = options.content_outside;
        self.writer = Some(Writer::new(&options, &mut OsRng, now).map_err(refused)?);
        Ok(())
    }

    fn planned(&self, announced: &[Announced]) -> Result<Plan, JsValue> {
        let plan = plan(announced);
        let mode = match self.format.as_str() {
            "" | "auto" => return Ok(plan),
            "seipd1" => return Ok(Plan::default()),
            "seipd2-eax" => Mode::Eax,
            "seipd2-ocb" => Mode::Ocb,
            "seipd2-gcm" => Mode::Gcm,
            _ => return Err(fault(CoreErrorCode::Malformed, "no such format")),
        };
        if announced.iter().any(|announced| !announced.seipd_v2) {
            let text = "a recipient does not announce this format";
            return Err(crate::convert::thrown(CoreError::with(CoreErrorCode::UnusableCertificate, text)));
        }
        Ok(Plan::modern().with_mode(u8::from(mode)))
    }

    fn writer(&mut self) -> Result<&mut Writer, JsValue> {
        self.writer.as_mut().ok_or_else(out_of_order)
    }

    /// Takes a piece of content; gives what is ready of the message.
    pub fn push(&mut self, content: &[u8]) -> Result<Vec<u8>, JsValue> {
        let mut out = Vec::new();
        self.writer()?.push(content, &mut out).map_err(refused)?;
        Ok(out)
    }

    /// The content has ended: signs it.
    pub fn end(&mut self) -> Result<Vec<u8>, JsValue> {
        let asked = self.asks()?;
        self.conclude(asked)
    }

    /// The content has ended: what is to be signed.
    pub fn asks(&mut self) -> Result<Asked, JsValue> {
        let mut out = Vec::new();
        let tasks = self.writer()?.to_sign(&mut out).map_err(refused)?;
        self.ready = out;
        Ok(Asked::new(self.from.clone(), self.now, tasks))
    }

    /// Takes the signatures; gives the rest of the message.
    pub fn conclude(&mut self, asked: Asked) -> Result<Vec<u8>, JsValue> {
        let mut out = core::mem::take(&mut self.ready);
        let signed = asked.all()?;
        self.writer()?.conclude(&signed, &mut out).map_err(refused)?;
        Ok(out)
    }

    /// All of it in one call.
    pub fn whole(&mut self, content: &[u8]) -> Result<Vec<u8>, JsValue> {
        let mut out = self.push(content)?;
        out.append(&mut self.end()?);
        Ok(out)
    }

    /// Which cipher the host runs: `gcm`, `cbc`, `cfb`; none if it does not.
    #[wasm_bindgen(getter, js_name = hostCipher)]
    pub fn host_cipher(&self) -> Option<String> {
        let writer = self.writer.as_ref()?;
        writer.host_key()?;
        let name = match (writer.plan().format, self.engine) {
            (Format::SeipdV2, _) => "gcm",
            (_, Engine::HostCfb) => "cfb",
            _ => "cbc",
        };
        Some(name.to_owned())
    }

    /// Whether the caller holds the content: pieces name stretches of it, and what is made of them is kept.
    #[wasm_bindgen(getter, js_name = contentOutside)]
    pub fn content_outside(&self) -> bool {
        self.outside
    }

    /// The key that the host enciphers with: of this message only.
    #[wasm_bindgen(js_name = hostKey)]
    pub fn host_key(&self) -> Option<Vec<u8>> {
        Some(self.writer.as_ref()?.host_key()?.to_vec())
    }

    /// The next piece for the host.
    #[wasm_bindgen(js_name = takeJob)]
    pub fn take_job(&mut self) -> Option<SealingJob> {
        Some(SealingJob { job: self.writer.as_mut()?.take_job()? })
    }

    /// Takes what the host made of a piece.
    pub fn give(&mut self, index: f64, sealed: Vec<u8>) -> Result<Vec<u8>, JsValue> {
        let mut out = Vec::new();
        self.writer()?.give(index as u64, sealed, &mut out).map_err(refused)?;
        Ok(out)
    }

    /// The host keeps what it made of a piece, and puts it behind what comes out, in the order of the pieces.
    pub fn kept(&mut self, index: f64) -> Result<Vec<u8>, JsValue> {
        let mut out = Vec::new();
        self.writer()?.kept(index as u64, &mut out).map_err(refused)?;
        Ok(out)
    }

    /// Whether all of the message is out.
    #[wasm_bindgen(getter, js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.writer.as_ref().is_some_and(Writer::is_done)
    }

    /// Why it has its format.
    #[wasm_bindgen(getter)]
    pub fn why(&self) -> String {
        self.writer.as_ref().map(|writer| writer.plan().why.to_owned()).unwrap_or_default()
    }

    /// Its format.
    #[wasm_bindgen(getter)]
    pub fn format(&self) -> Option<String> {
        let plan = self.writer.as_ref()?.plan();
        let name = match (plan.format, plan.mode) {
            (Format::SeipdV1, _) => "seipd1",
            (_, Mode::Gcm) => "seipd2-gcm",
            (_, Mode::Eax) => "seipd2-eax",
            _ => "seipd2-ocb",
        };
        Some(name.to_owned())
    }

    /// The key of this message, as `9:A1B2…`.
    #[wasm_bindgen(js_name = sessionKey)]
    pub fn session_key(&self) -> Option<String> {
        let writer = self.writer.as_ref()?;
        Some(writer.session_key()?.to_text(writer.plan().cipher).to_string())
    }
}
