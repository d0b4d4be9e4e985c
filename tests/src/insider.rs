//! The formats of `www/docs/formats.md`, written a second time from that page.
//!
//! For attacks by someone who holds the account key and could therefore seal anything (the strongest
//! form of R4), and as a check that the page says what the core does.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::{Context as _, Result, anyhow, ensure};
use crypto_core::accounts::opaque::{Stretch, SuiteOne};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac as _};
use opaque_ke::{ClientLogin, ClientLoginFinishParameters, CredentialResponse, Identifiers};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256, Sha512};
use wire::accounts::{
    AccountView, LoginFinishRequest, LoginStartRequest, LoginStartResponse, ObjectKind, SealedObject,
};
use wire::ids::{AccountId, ObjectId};
use wire::plaintext::Address;
use wire::sealed::{OpaqueMessage, SealedEnvelope};

/// A 32-byte key.
pub type Key = [u8; 32];

/// HKDF-SHA-512 without salt (formats, section 2).
///
/// # Errors
/// Never, for 32 bytes.
pub fn derive(material: &[u8], label: &str) -> Result<Key> {
    let mut key = [0; 32];
    Hkdf::<Sha512>::new(None, material).expand(label.as_bytes(), &mut key).map_err(|_| anyhow!("hkdf"))?;
    Ok(key)
}

/// Bytes 0..80 of a ZKE1 head (formats, section 1).
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Kind octet.
    pub kind: u8,
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub object: ObjectId,
    /// Version.
    pub version: u64,
    /// Collection.
    pub parent: ObjectId,
    /// Schema.
    pub schema: u16,
}

impl Head {
    fn bytes(&self, length: usize) -> Result<Vec<u8>> {
        let mut head = b"ZKE1\x01".to_vec();
        head.push(self.kind);
        head.extend([0, 0]);
        head.extend(self.account.0);
        head.extend(self.object.0);
        head.extend(1u32.to_be_bytes());
        head.extend(self.version.to_be_bytes());
        head.extend(self.parent.0);
        head.extend(self.schema.to_be_bytes());
        head.extend(1u16.to_be_bytes());
        head.extend(0u32.to_be_bytes());
        head.extend(u32::try_from(length)?.to_be_bytes());
        ensure!(head.len() == 80);
        Ok(head)
    }

    /// What an object's head must be.
    pub fn of(account: AccountId, object: &SealedObject) -> Self {
        Self {
            kind: object.kind.octet(),
            account,
            object: object.object_id,
            version: object.version,
            parent: ObjectId::default(),
            schema: 1,
        }
    }
}

fn single_use(key: &Key, salt: &[u8], head: &[u8]) -> Result<([u8; 32], [u8; 32])> {
    let mut okm = [0; 64];
    let info = [b"hedgerow/v1/seal", head].concat();
    Hkdf::<Sha512>::new(Some(salt), key).expand(&info, &mut okm).map_err(|_| anyhow!("hkdf"))?;
    let (key, commitment) = okm.split_at(32);
    Ok((key.try_into()?, commitment.try_into()?))
}

fn framed(kind: u8) -> bool {
    ![1, 2, 7].contains(&kind)
}

fn padded(length: usize) -> usize {
    if length >= 1 << 20 {
        return length;
    }
    if length <= 256 {
        return 256;
    }
    let exponent = length.ilog2();
    let low = exponent - (exponent.ilog2() + 1);
    length.div_ceil(1 << low) << low
}

/// Seals an envelope.
///
/// # Errors
/// Too long.
pub fn seal(key: &Key, head: &Head, plaintext: &[u8]) -> Result<Vec<u8>> {
    let mut inner = Vec::new();
    if framed(head.kind) {
        inner.extend(u32::try_from(plaintext.len())?.to_be_bytes());
    }
    inner.extend(plaintext);
    if framed(head.kind) {
        inner.resize(padded(inner.len()), 0);
    }
    let mut salt = [0; 32];
    rand::thread_rng().fill_bytes(&mut salt);
    let mut envelope = head.bytes(inner.len())?;
    let (once, commitment) = single_use(key, &salt, &envelope)?;
    envelope.extend(salt);
    envelope.extend(commitment);
    let sealed = Aes256Gcm::new(&once.into())
        .encrypt(&Nonce::default(), Payload { msg: &inner, aad: &envelope })
        .map_err(|_| anyhow!("seal"))?;
    envelope.extend(sealed);
    Ok(envelope)
}

/// Opens an envelope.
///
/// # Errors
/// It was not sealed for this place with this key.
pub fn open(key: &Key, head: &Head, envelope: &[u8]) -> Result<Vec<u8>> {
    let (front, sealed) = envelope.split_at_checked(144).context("short")?;
    let (claimed, rest) = front.split_at(80);
    let (salt, commitment) = rest.split_at(32);
    let expected = head.bytes(sealed.len().checked_sub(16).context("short")?)?;
    ensure!(claimed == expected, "another place");
    let (once, committed) = single_use(key, salt, claimed)?;
    ensure!(commitment == committed, "another key");
    let inner = Aes256Gcm::new(&once.into())
        .decrypt(&Nonce::default(), Payload { msg: sealed, aad: front })
        .map_err(|_| anyhow!("tampered"))?;
    if !framed(head.kind) {
        return Ok(inner);
    }
    let (length, rest) = inner.split_first_chunk::<4>().context("no frame")?;
    Ok(rest.get(..u32::from_be_bytes(*length) as usize).context("frame")?.to_vec())
}

/// A login from this side, that keeps the OPAQUE export key.
pub struct Login {
    state: ClientLogin<SuiteOne>,
    passphrase: String,
    address: Address,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(…)")
    }
}

impl Login {
    /// For `POST /sessions/start`.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn start(address: &Address, passphrase: &str) -> Result<(Self, LoginStartRequest)> {
        let started = ClientLogin::<SuiteOne>::start(&mut rand::thread_rng(), passphrase.as_bytes())
            .map_err(|error| anyhow!("{error:?}"))?;
        let ke1 = OpaqueMessage(started.message.serialize().to_vec());
        let login =
            Self { state: started.state, passphrase: passphrase.to_owned(), address: address.clone() };
        Ok((login, LoginStartRequest { address: address.clone(), suite: 1, ke1 }))
    }

    /// For `POST /sessions`, and the export key.
    ///
    /// # Errors
    /// A wrong passphrase.
    pub fn finish(self, response: &LoginStartResponse) -> Result<(LoginFinishRequest, Vec<u8>)> {
        let ke2 =
            CredentialResponse::deserialize(response.ke2.as_bytes()).map_err(|error| anyhow!("{error:?}"))?;
        let identifiers = Identifiers {
            client: Some(response.account_id.as_bytes()),
            server: Some(self.address.domain().as_bytes()),
        };
        let context = b"hedgerow/opaque/v1\x01";
        let parameters = ClientLoginFinishParameters::new(Some(context), identifiers, Some(&Stretch));
        let finished = self
            .state
            .finish(&mut rand::thread_rng(), self.passphrase.as_bytes(), ke2, parameters)
            .map_err(|error| anyhow!("{error:?}"))?;
        let ke3 = OpaqueMessage(finished.message.serialize().to_vec());
        Ok((LoginFinishRequest { login_id: response.login_id, ke3 }, finished.export_key.to_vec()))
    }
}

/// The object of a kind.
///
/// # Errors
/// There is none.
pub fn object(view: &AccountView, kind: ObjectKind) -> Result<&SealedObject> {
    view.objects.iter().find(|object| object.kind == kind).with_context(|| format!("no {kind:?}"))
}

/// An account in the hands of someone who knows its passphrase.
#[derive(Debug)]
pub struct Account {
    /// The account key.
    pub key: Key,
    /// Whose.
    pub id: AccountId,
}

impl Account {
    /// Opens the passphrase slot with an export key.
    ///
    /// # Errors
    /// It does not open.
    pub fn open(view: &AccountView, export_key: &[u8]) -> Result<Self> {
        let slot = object(view, ObjectKind::SlotPassphrase)?;
        let kek = derive(export_key, "hedgerow/v1/kek/pass")?;
        let key = open(&kek, &Head::of(view.account_id, slot), slot.envelope.as_bytes())?;
        Ok(Self { key: key.as_slice().try_into()?, id: view.account_id })
    }

    /// The secret OpenPGP key, binary.
    ///
    /// # Errors
    /// It does not open.
    pub fn secret_key(&self, view: &AccountView) -> Result<Vec<u8>> {
        let sealed = object(view, ObjectKind::SecretKey)?;
        open(
            &derive(&self.key, "hedgerow/v1/wrap/tsk")?,
            &Head::of(self.id, sealed),
            sealed.envelope.as_bytes(),
        )
    }

    /// The account state with its MAC.
    ///
    /// # Errors
    /// It does not open.
    pub fn state(&self, view: &AccountView) -> Result<Vec<u8>> {
        let sealed = object(view, ObjectKind::State)?;
        open(
            &derive(&self.key, "hedgerow/v1/state/seal")?,
            &Head::of(self.id, sealed),
            sealed.envelope.as_bytes(),
        )
    }

    /// Puts another secret key in the place of the real one and makes a state that agrees with it. The
    /// fingerprint that the state names stays.
    ///
    /// # Errors
    /// The view is incomplete.
    pub fn plant_secret_key(&self, view: &mut AccountView, secret: &[u8]) -> Result<()> {
        let mut state = self.state(view)?;
        let sealed = object(view, ObjectKind::SecretKey)?;
        let old: [u8; 32] = Sha256::digest(sealed.envelope.as_bytes()).into();
        let planted = seal(&derive(&self.key, "hedgerow/v1/wrap/tsk")?, &Head::of(self.id, sealed), secret)?;
        let new: [u8; 32] = Sha256::digest(&planted).into();
        let at =
            state.windows(32).position(|window| window == old).context("the state names no such digest")?;
        state.get_mut(at..at + 32).context("range")?.copy_from_slice(&new);
        state.truncate(state.len().saturating_sub(32));
        let mut mac =
            <Hmac<Sha256> as hkdf::hmac::Mac>::new_from_slice(&derive(&self.key, "hedgerow/v1/state/mac")?)?;
        mac.update(&state);
        state.extend(mac.finalize().into_bytes());
        let head = Head::of(self.id, object(view, ObjectKind::State)?);
        let state = seal(&derive(&self.key, "hedgerow/v1/state/seal")?, &head, &state)?;
        for object in &mut view.objects {
            match object.kind {
                ObjectKind::SecretKey => object.envelope = SealedEnvelope(planted.clone()),
                ObjectKind::State => object.envelope = SealedEnvelope(state.clone()),
                _ => {}
            }
        }
        Ok(())
    }
}
