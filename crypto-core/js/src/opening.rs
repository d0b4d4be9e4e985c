//! Reading messages: the face of `seal::reading`.

use std::rc::Rc;

use crypto_core::keys::{RsaBlock, SecretCert, rsa_block, session_keys};
use model::error::CoreErrorCode;
use seal::SessionKey;
use seal::cert::Cert;
use seal::reading::{self, Finished, Job, Limits, ReadError, Reader, SealedAs};
use seal::verify::{SignatureClaim, Verdict};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::convert::{fault, millis, refused, thrown, to_js, unread};
use crate::looking::format_name;
use crate::secret::SecretKey;

/// One message that is being read.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Opening {
    reader: Option<Reader>,
    keys: Vec<Rc<SecretCert>>,
    passwords: Vec<Zeroizing<String>>,
    session_keys: Vec<SessionKey>,
    signers: Vec<Rc<Cert>>,
    must_be_sealed: bool,
    /// Whether the host decrypts with RSA keys.
    leaves_rsa: bool,
    block: Option<RsaBlock>,
    sealed: Option<SealedAs>,
    finished: Option<Finished>,
    claims: Vec<SignatureClaim>,
    max: u64,
    /// Content that is released and was not taken.
    out: Vec<u8>,
}

/// A piece for the host to open.
#[wasm_bindgen]
#[derive(Debug)]
pub struct OpeningJob {
    job: Job,
}

#[wasm_bindgen]
impl OpeningJob {
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

    /// Where the sealed octets lie in memory, until this is freed or anything else is called.
    #[wasm_bindgen(getter)]
    pub fn at(&self) -> usize {
        self.job.sealed.as_ptr().addr()
    }

    /// How many they are.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.job.sealed.len()
    }
}

/// What a signature is worth.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignatureView {
    verdict: &'static str,
    signer: Option<usize>,
    claimed_signer: String,
    made: Option<f64>,
    detail: &'static str,
}

/// The verdicts of `certs` on `claims`.
pub(crate) fn verdicts(
    claims: &[SignatureClaim],
    certs: &[Rc<Cert>],
    readers: &[Rc<SecretCert>],
    now: f64,
) -> Result<JsValue, JsValue> {
    let reader = readers.first().map(|cert| cert.fingerprint());
    let views: Vec<SignatureView> = claims
        .iter()
        .map(|claim| {
            let mut best = (Verdict::NotByThis, None);
            for (at, cert) in certs.iter().enumerate() {
                let verdict = claim.check_with([cert.as_ref()], reader, millis(now));
                let better = match (&best.0, &verdict) {
                    (Verdict::Good { .. }, _) | (_, Verdict::NotByThis) => false,
                    (Verdict::NotByThis | Verdict::Broken, _) | (_, Verdict::Good { .. }) => true,
                    _ => false,
                };
                if better {
                    best = (verdict, Some(at));
                }
            }
            let (verdict, signer) = best;
            let (word, made, detail) = match verdict {
                Verdict::Good { made, .. } => ("good", Some(made as f64), ""),
                Verdict::Broken => ("broken", None, ""),
                Verdict::NotByThis => ("unknown", None, ""),
                Verdict::DoesNotCount(reason) => ("does_not_count", None, reason),
            };
            SignatureView { verdict: word, signer, claimed_signer: claim.claimed_signer(), made, detail }
        })
        .collect();
    to_js(&views).map_err(thrown)
}

#[wasm_bindgen]
impl Opening {
    /// A message before its first byte. `engine` is `web`, `node`, or empty for this module's own ciphers.
    #[wasm_bindgen(constructor)]
    pub fn new(max: f64, held: f64, engine: &str, must_be_sealed: bool) -> Self {
        let max = max as u64;
        let limits = Limits::default().with_content(max).with_held(held as u64);
        let reader = Reader::new(limits);
        let reader = match engine {
            "web" => reader.with_host_chunks(),
            "node" => reader.with_host_chunks().with_host_feedback(),
            _ => reader,
        };
        Self {
            reader: Some(reader),
            keys: Vec::new(),
            passwords: Vec::new(),
            session_keys: Vec::new(),
            signers: Vec::new(),
            must_be_sealed,
            leaves_rsa: false,
            block: None,
            sealed: None,
            finished: None,
            claims: Vec::new(),
            max,
            out: Vec::new(),
        }
    }

    /// Adds a key to open it with.
    pub fn key(&mut self, key: &SecretKey) {
        self.keys.push(Rc::clone(&key.cert));
    }

    /// Adds a password.
    pub fn password(&mut self, password: String) {
        self.passwords.push(Zeroizing::new(password));
    }

    /// Adds a session key, as `9:A1B2…`.
    #[wasm_bindgen(js_name = sessionKey)]
    pub fn add_session_key(&mut self, text: &str) -> Result<(), JsValue> {
        let key = SessionKey::from_text(text)
            .ok_or_else(|| fault(CoreErrorCode::Malformed, "this is not a session key"))?;
        self.session_keys.push(key);
        Ok(())
    }

    /// Adds a certificate to check signatures with.
    pub fn signer(&mut self, certificate: &Certificate) {
        self.signers.push(Rc::clone(&certificate.cert));
    }

    fn unlock(&mut self) -> Result<(), ReadError> {
        let Some(reader) = &mut self.reader else { return Err(ReadError::Malformed("it was read")) };
        while let Some(locked) = reader.locked() {
            self.sealed = Some(locked.sealed);
            let mut keys = self.session_keys.clone();
            let secrets: Vec<&SecretCert> = self.keys.iter().map(AsRef::as_ref).collect();
            let packets: Vec<_> = locked.pkesks.iter().map(reading::Pkesk::packet).collect();
            if self.leaves_rsa && keys.is_empty() {
                if self.block.is_none() {
                    self.block = rsa_block(&secrets, &packets);
                }
                if self.block.is_some() {
                    return Ok(());
                }
            }
            keys.extend(session_keys(&secrets, &packets).into_iter().map(|candidate| candidate.key));
            let mut guessed = keys.len() > 1;
            if keys.is_empty() && !self.passwords.is_empty() {
                let passwords: Vec<&[u8]> =
                    self.passwords.iter().map(|password| password.as_bytes()).collect();
                keys = locked.with_passwords(&passwords)?;
                guessed = true;
            }
            match keys.pop() {
                None => return Err(ReadError::NoKey),
                Some(key) if !guessed => reader.unlock(key)?,
                Some(key) => {
                    keys.push(key);
                    reader.try_keys(keys)?;
                }
            }
        }
        Ok(())
    }

    /// Takes the host's RSA; without an answer this module computes it.
    fn decrypted(&mut self, opened: Option<&[u8]>) -> Result<(), ReadError> {
        self.leaves_rsa = false;
        let block = self.block.take();
        if let (Some(reader), Some(block), Some(opened)) = (&mut self.reader, block, opened) {
            let key = reader.locked().and_then(|locked| {
                let packet = locked.pkesks.get(block.packet)?.packet();
                self.keys.get(block.cert)?.session_key_from_block(packet, &block.with, opened)
            });
            if let Some(key) = key {
                reader.unlock(key)?;
            }
        }
        self.unlock()
    }

    /// Takes over what is released.
    fn release(&mut self) -> Result<(), ReadError> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        loop {
            let mut more = reader.take_content()?;
            if more.is_empty() {
                return Ok(());
            }
            if self.out.is_empty() {
                self.out = more;
            } else {
                self.out.append(&mut more);
            }
        }
    }

    fn push_piece(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        if let Some(reader) = &mut self.reader {
            reader.push(bytes)?;
        }
        self.unlock()?;
        self.release()
    }

    fn end_pieces(&mut self) -> Result<(), ReadError> {
        if let Some(reader) = &mut self.reader {
            reader.end()?;
        }
        self.unlock()?;
        self.release()
    }

    /// Where the released content lies in memory, until anything else is called.
    #[wasm_bindgen(getter, js_name = outAt)]
    pub fn out_at(&self) -> usize {
        self.out.as_ptr().addr()
    }

    /// How much of it there is.
    #[wasm_bindgen(getter, js_name = outLength)]
    pub fn out_length(&self) -> usize {
        self.out.len()
    }

    /// The released content was taken.
    #[wasm_bindgen(js_name = dropOut)]
    pub fn drop_out(&mut self) {
        self.out = Vec::new();
    }

    /// Lets the host decrypt with RSA keys: see `rsaBlock`.
    #[wasm_bindgen(js_name = leaveRsa)]
    pub fn leave_rsa(&mut self) {
        self.leaves_rsa = true;
    }

    /// Whether the host may be asked to.
    #[wasm_bindgen(getter, js_name = leavesRsa)]
    pub fn leaves_rsa(&self) -> bool {
        self.leaves_rsa
    }

    /// Which of the keys the host is to decrypt [`Opening::rsa_octets`] with.
    #[wasm_bindgen(getter, js_name = rsaKey)]
    pub fn rsa_key(&self) -> Option<usize> {
        self.block.as_ref().map(|block| block.cert)
    }

    /// The fingerprint of that key or subkey.
    #[wasm_bindgen(getter, js_name = rsaFingerprint)]
    pub fn rsa_fingerprint(&self) -> Option<String> {
        self.block.as_ref().map(|block| block.with.to_string())
    }

    /// What the host is to decrypt, without padding.
    #[wasm_bindgen(getter, js_name = rsaOctets)]
    pub fn rsa_octets(&self) -> Option<Vec<u8>> {
        self.block.as_ref().map(|block| block.octets.clone())
    }

    /// Takes what the host decrypted, or nothing if it did not.
    #[wasm_bindgen(js_name = giveRsa)]
    pub fn give_rsa(&mut self, opened: Option<Vec<u8>>) -> Result<(), JsValue> {
        let opened = opened.map(Zeroizing::new);
        self.decrypted(opened.as_ref().map(|opened| opened.as_slice())).map_err(unread)?;
        self.release().map_err(unread)
    }

    /// Takes a piece of the message. Look for released content after this and all that follows.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        self.push_piece(bytes).map_err(unread)
    }

    /// The message has ended.
    pub fn end(&mut self) -> Result<(), JsValue> {
        self.end_pieces().map_err(unread)
    }

    /// Checks that all is read and sound; releases the last of the content.
    pub fn finish(&mut self) -> Result<(), JsValue> {
        let reader = self.reader.take().ok_or_else(|| fault(CoreErrorCode::OutOfOrder, "it was read"))?;
        let mut finished = reader.finish().map_err(unread)?;
        if self.must_be_sealed && finished.sealed.is_none() {
            return Err(fault(CoreErrorCode::NoIntegrity, "the message is not encrypted; verify reads it"));
        }
        self.claims = core::mem::take(&mut finished.claims);
        self.out.append(&mut finished.rest);
        self.finished = Some(finished);
        Ok(())
    }

    /// All of it in one call.
    pub fn whole(&mut self, bytes: &[u8]) -> Result<Vec<u8>, JsValue> {
        if !self.must_be_sealed && reading::is_cleartext(bytes) {
            let read = reading::cleartext(bytes).map_err(unread)?;
            if read.text.len() as u64 > self.max {
                return Err(fault(CoreErrorCode::TooLarge, "the content is larger than maxBytes"));
            }
            self.claims = read.claims;
            return Ok(read.text);
        }
        for piece in bytes.chunks(256 * 1024) {
            self.push(piece)?;
        }
        self.end()?;
        self.finish()?;
        let content = core::mem::take(&mut self.out);
        if content.len() as u64 > self.max {
            return Err(fault(CoreErrorCode::TooLarge, "the content is larger than maxBytes"));
        }
        Ok(content)
    }

    /// Which cipher the host runs: `gcm` or `cfb`; none if it does not.
    #[wasm_bindgen(getter, js_name = hostCipher)]
    pub fn host_cipher(&mut self) -> Option<String> {
        let name = match self.reader.as_mut()?.host_cipher()? {
            reading::Cipher::Gcm => "gcm",
            reading::Cipher::Cfb => "cfb",
        };
        Some(name.to_owned())
    }

    /// The key that the host opens chunks with: of this message only.
    #[wasm_bindgen(js_name = hostKey)]
    pub fn host_key(&mut self) -> Option<Vec<u8>> {
        Some(self.reader.as_mut()?.message_key()?.to_vec())
    }

    /// The next piece for the host.
    #[wasm_bindgen(js_name = takeJob)]
    pub fn take_job(&mut self) -> Option<OpeningJob> {
        Some(OpeningJob { job: self.reader.as_mut()?.take_job()? })
    }

    /// Takes an opened piece.
    pub fn give(&mut self, index: f64, opened: Vec<u8>) -> Result<(), JsValue> {
        if let Some(reader) = &mut self.reader {
            reader.give(index as u64, opened).map_err(unread)?;
        }
        self.unlock().map_err(unread)?;
        self.release().map_err(unread)
    }

    /// The host found a chunk changed.
    #[wasm_bindgen(js_name = giveTampered)]
    pub fn give_tampered(&mut self) -> JsValue {
        if let Some(reader) = &mut self.reader {
            reader.give_tampered();
        }
        unread(ReadError::Tampered)
    }

    /// The name that its maker gave it.
    #[wasm_bindgen(getter)]
    pub fn filename(&self) -> Option<String> {
        let literal = match (&self.finished, &self.reader) {
            (Some(finished), _) => Some(&finished.literal),
            (None, Some(reader)) => reader.literal(),
            (None, None) => None,
        };
        let name = String::from_utf8_lossy(&literal?.filename).into_owned();
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        (!last.is_empty()).then(|| last.chars().filter(|letter| !letter.is_control()).collect())
    }

    /// How it is encrypted, as far as that is known.
    #[wasm_bindgen(getter)]
    pub fn format(&self) -> Option<String> {
        Some(format_name(self.sealed.as_ref()?).to_owned())
    }

    /// The session key, once it was read, as `9:A1B2…`.
    #[wasm_bindgen(js_name = foundSessionKey)]
    pub fn found_session_key(&self) -> Option<String> {
        let key = self.finished.as_ref()?.session_key.as_ref()?;
        Some(key.to_text(key.cipher()?).to_string())
    }

    /// The verdicts on its signatures.
    pub fn signatures(&self, now: f64) -> Result<JsValue, JsValue> {
        verdicts(&self.claims, &self.signers, &self.keys, now)
    }
}

/// Detached signatures that are being checked, by content that is pushed.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Verification {
    packets: Vec<(seal::signature::SignaturePacket, Option<seal::hashing::ContentHasher>)>,
    signers: Vec<Rc<Cert>>,
}

#[wasm_bindgen]
impl Verification {
    /// Reads signatures, binary or armored.
    #[wasm_bindgen(constructor)]
    pub fn new(signature: &[u8]) -> Result<Verification, JsValue> {
        let found = seal::verify::detached(signature).map_err(refused)?;
        let packets = found
            .iter()
            .map(|found| {
                let packet = found.packet().clone();
                let hasher = seal::hashing::ContentHasher::for_signature(&packet).ok();
                (packet, hasher)
            })
            .collect();
        Ok(Self { packets, signers: Vec::new() })
    }

    /// Adds a certificate to check with.
    pub fn signer(&mut self, certificate: &Certificate) {
        self.signers.push(Rc::clone(&certificate.cert));
    }

    /// Takes a piece of the content.
    pub fn push(&mut self, content: &[u8]) {
        for (_, hasher) in &mut self.packets {
            if let Some(hasher) = hasher {
                hasher.update(content);
            }
        }
    }

    /// The verdicts.
    pub fn signatures(&mut self, now: f64) -> Result<JsValue, JsValue> {
        let claims: Vec<SignatureClaim> = self
            .packets
            .drain(..)
            .map(|(packet, hasher)| match hasher {
                Some(hasher) => {
                    let digest = hasher.finish(&packet);
                    SignatureClaim::new(packet, digest)
                }
                None => SignatureClaim::undigested(packet),
            })
            .collect();
        verdicts(&claims, &self.signers, &[], now)
    }
}
