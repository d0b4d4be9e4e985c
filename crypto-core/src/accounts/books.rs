//! What an account keeps under its collection key `book`: the pins and the settings.

use crate::envelope::{self, Context, EnvelopeError, Kind};
use crate::lookup::Found;
use crate::secret::{Plaintext, SealingKey};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use seal::cert::Fingerprint;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wire::accounts::{ObjectKind, SealedObject};
use wire::ids::{AccountId, ObjectId, SessionId};
use wire::plaintext::Address;
use wire::sealed::{Certificate, SealedEnvelope};
use zeroize::{Zeroize, Zeroizing};

/// How a certificate came to be believed. Ordered; a level only rises (R20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The directory gave it out when the address was first written to.
    FirstSeen,
    /// The person compared fingerprints.
    Verified,
}

/// What is remembered of an address: whoever answers under it later must have this certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Fingerprint of the primary key, hexadecimal.
    pub fingerprint: String,
    /// The certificate as it was seen.
    pub certificate: Certificate,
    /// When.
    pub first_seen: Millis,
    /// How it is believed.
    pub level: Level,
}

/// The pin book: survives a new browser, and the server cannot write in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PinBook {
    pins: BTreeMap<Address, Pin>,
}

impl PinBook {
    /// The pin of an address.
    pub fn get(&self, address: &Address) -> Option<&Pin> {
        self.pins.get(address)
    }

    /// Remembers an address seen for the first time. A pin that is there stays as it is.
    pub fn remember(&mut self, address: Address, pin: Pin) {
        self.pins.entry(address).or_insert(pin);
    }

    /// Takes over what a search learnt of the certificate that is pinned: a revocation, a new subkey. Nothing
    /// else changes, wherever it came from (R19, R20).
    pub fn refresh(&mut self, address: &Address, found: &Found) {
        if let Some(pin) = self.pins.get_mut(address)
            && found.is_known()
            && pin.fingerprint.parse::<Fingerprint>().is_ok_and(|own| own == *found.cert().fingerprint())
        {
            pin.certificate = Certificate(found.cert().bytes().to_vec());
        }
    }

    /// Writes what the person verified, in place of what was there: the only way to replace a pin.
    pub fn verify(&mut self, address: Address, pin: Pin) {
        self.pins.insert(address, Pin { level: Level::Verified, ..pin });
    }
}

/// An object of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// [`PinBook`].
    Pins,
    /// [`model::accounts::Settings`].
    Settings,
}

impl Page {
    fn schema(self) -> u16 {
        match self {
            Self::Pins => 1,
            Self::Settings => 2,
        }
    }
}

/// The schema of session names.
const SESSION_NAME_SCHEMA: u16 = 3;
/// Version 1 was bound to the account only, and is no longer opened.
const SESSION_NAME_VERSION: u64 = 2;

/// The collection key `book` with its id.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    key: SealingKey,
    id: ObjectId,
}

impl Book {
    /// Makes a new collection key under a random id.
    pub(crate) fn make(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0u8; 32];
        rng.fill_bytes(&mut bytes);
        let key = SealingKey::from_bytes(bytes);
        bytes.zeroize();
        let mut id = ObjectId::default();
        rng.fill_bytes(&mut id.0);
        Self { key, id }
    }

    fn key_context(account_id: AccountId, id: ObjectId, version: u64) -> Context {
        Context::new(account_id, Kind::CollectionKey, id, version)
    }

    /// Seals the collection key itself.
    pub(crate) fn seal_key(
        &self,
        wrap: &SealingKey,
        account_id: AccountId,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedObject, EnvelopeError> {
        let context = Self::key_context(account_id, self.id, 1);
        let envelope = envelope::seal(wrap, &context, self.key.expose(), rng)?;
        Ok(SealedObject {
            kind: ObjectKind::CollectionKey,
            object_id: self.id,
            version: 1,
            envelope: SealedEnvelope(envelope),
        })
    }

    /// Opens the collection key the state names.
    pub(crate) fn open_key(
        wrap: &SealingKey,
        account_id: AccountId,
        id: ObjectId,
        version: u64,
        envelope: &[u8],
    ) -> Result<Self, EnvelopeError> {
        let key = envelope::open_key(wrap, &Self::key_context(account_id, id, version), envelope)?;
        Ok(Self { key, id })
    }

    /// The id of a page. It follows from the collection key, so that the client knows what to ask for,
    /// and says nothing to the server.
    pub(crate) fn page_id(&self, page: Page) -> ObjectId {
        let label = [b"hedgerow/v1/object-id".as_slice(), &page.schema().to_be_bytes()].concat();
        let derived = SealingKey::derive(self.key.expose(), &label);
        derived.expose().first_chunk::<16>().map_or_else(ObjectId::default, |id| ObjectId(*id))
    }

    fn page_context(&self, account_id: AccountId, page: Page, version: u64) -> Context {
        Context {
            parent_id: self.id,
            schema: page.schema(),
            ..Context::new(account_id, Kind::Object, self.page_id(page), version)
        }
    }

    /// A name belongs to its session: under another one it does not open.
    fn session_context(&self, account_id: AccountId, session: SessionId) -> Context {
        Context {
            parent_id: self.id,
            schema: SESSION_NAME_SCHEMA,
            ..Context::new(account_id, Kind::Object, ObjectId(session.0), SESSION_NAME_VERSION)
        }
    }

    /// Seals the name of a session.
    pub(crate) fn seal_session_name(
        &self,
        account_id: AccountId,
        session: SessionId,
        name: &str,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedEnvelope, EnvelopeError> {
        let context = self.session_context(account_id, session);
        envelope::seal(&self.key, &context, name.as_bytes(), rng).map(SealedEnvelope)
    }

    /// Opens the name of a session.
    pub(crate) fn open_session_name(
        &self,
        account_id: AccountId,
        session: SessionId,
        envelope: &SealedEnvelope,
    ) -> Result<Plaintext, EnvelopeError> {
        envelope::open(&self.key, &self.session_context(account_id, session), envelope.as_bytes())
    }

    /// Seals bytes as a page.
    pub(crate) fn seal_bytes(
        &self,
        account_id: AccountId,
        page: Page,
        version: u64,
        bytes: &[u8],
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedEnvelope, EnvelopeError> {
        let context = self.page_context(account_id, page, version);
        envelope::seal(&self.key, &context, bytes, rng).map(SealedEnvelope)
    }

    /// Opens the bytes of a page.
    pub(crate) fn open_bytes(
        &self,
        account_id: AccountId,
        page: Page,
        version: u64,
        envelope: &SealedEnvelope,
    ) -> Result<Plaintext, EnvelopeError> {
        envelope::open(&self.key, &self.page_context(account_id, page, version), envelope.as_bytes())
    }

    /// Seals a page as an object of the account.
    pub(crate) fn seal_page<T: Serialize>(
        &self,
        account_id: AccountId,
        page: Page,
        version: u64,
        content: &T,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedObject, CoreError> {
        let json = serde_json::to_vec(content).map_err(|_| CoreErrorCode::Internal)?;
        let json = Zeroizing::new(json);
        Ok(SealedObject {
            kind: ObjectKind::Object,
            object_id: self.page_id(page),
            version,
            envelope: self.seal_bytes(account_id, page, version, &json, rng)?,
        })
    }

    /// Opens a page.
    pub(crate) fn open_page<T: DeserializeOwned>(
        &self,
        account_id: AccountId,
        page: Page,
        version: u64,
        envelope: &SealedEnvelope,
    ) -> Result<T, CoreError> {
        let json = self.open_bytes(account_id, page, version, envelope)?;
        serde_json::from_slice(&json).map_err(|_| CoreErrorCode::Malformed.into())
    }
}
