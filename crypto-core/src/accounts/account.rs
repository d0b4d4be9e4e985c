//! The unlocked account, and its changes: made here, durable once the server has taken them.

use super::books::{Book, Page, PinBook};
use super::slots::{AccountKey, Slot};
use super::state::{Digest, KeyPrint, State};
use super::{opaque, phrase::Phrase};
use crate::envelope::{self, Context, Kind};
use crate::keys::{KeyProfile, UnlockedKey};
use crate::secret::SealingKey;
use core::fmt;
use model::Millis;
use model::accounts::{Account, SeenState, Settings};
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use seal::cert::{FetchedCert, Fingerprint};
use wire::accounts::{AccountView, ObjectKind, SealedObject, StateChange};
use wire::ids::{AccountId, ObjectId, SessionId};
use wire::plaintext::Address;
use wire::sealed::SealedEnvelope;

/// A change on its way to the server.
#[derive(Debug)]
struct Pending {
    state: State,
    digest: Digest,
    pins: PinBook,
    settings: Settings,
}

/// What a change replaces; what is absent stays.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) slot: Option<SealedObject>,
    pub(crate) pins: Option<PinBook>,
    pub(crate) settings: Option<Settings>,
}

/// An account with its keys. Dropping it locks it.
pub struct UnlockedAccount {
    id: AccountId,
    address: Address,
    ak: AccountKey,
    key: UnlockedKey,
    book: Book,
    state: State,
    digest: Digest,
    pins: PinBook,
    settings: Settings,
    pending: Option<Pending>,
}

impl fmt::Debug for UnlockedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnlockedAccount({})", self.id)
    }
}

fn find(objects: &[SealedObject], kind: ObjectKind, id: ObjectId) -> Result<&SealedObject, CoreError> {
    objects
        .iter()
        .find(|object| object.kind == kind && object.object_id == id)
        .ok_or_else(|| CoreErrorCode::Tampered.into())
}

fn state_object(view: &AccountView) -> Result<&SealedObject, CoreError> {
    let mut states = view.objects.iter().filter(|object| object.kind == ObjectKind::State);
    match (states.next(), states.next()) {
        (Some(state), None) if state.object_id == ObjectId::default() => Ok(state),
        _ => Err(CoreErrorCode::Tampered.into()),
    }
}

fn fingerprint(print: &KeyPrint) -> Result<Fingerprint, CoreError> {
    hex::encode(print.as_bytes()).parse().map_err(|_| CoreErrorCode::Malformed.into())
}

/// The slot of an account as the server gives it out.
pub(crate) fn slot(view: &AccountView, slot: Slot) -> Result<&SealedObject, CoreError> {
    find(&view.objects, slot.kind(), ObjectId::default())
}

/// A new account: what goes to the server, and the phrase to show.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) objects: Vec<SealedObject>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) phrase: Phrase,
    pub(crate) seen: SeenState,
}

impl NewAccount {
    /// Makes the keys of a new account and seals them.
    pub(crate) fn make(
        account_id: AccountId,
        address: &Address,
        kek_pass: &SealingKey,
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Self, CoreError> {
        let ak = AccountKey::make(rng);
        let phrase = Phrase::make(rng).map_err(|_| CoreErrorCode::Internal)?;
        let key = UnlockedKey::make(rng, KeyProfile::CompatibleV4, address.as_str(), now)?;
        let print = KeyPrint::from_bytes(key.fingerprint().as_bytes()).ok_or(CoreErrorCode::Internal)?;
        let book = Book::make(rng);

        let mut key_id = ObjectId::default();
        rng.fill_bytes(&mut key_id.0);
        let context = Context::new(account_id, Kind::SecretKey, key_id, 1);
        let tsk = envelope::seal(&ak.wrap_tsk(), &context, &key.to_secret_bytes()?, rng)?;
        let mut objects = vec![
            ak.seal(Slot::Passphrase, kek_pass, account_id, 1, rng)?,
            ak.seal(Slot::Recovery, &phrase.kek(), account_id, 1, rng)?,
            SealedObject {
                kind: ObjectKind::SecretKey,
                object_id: key_id,
                version: 1,
                envelope: SealedEnvelope(tsk),
            },
            book.seal_key(&ak.wrap_coll(), account_id, rng)?,
            book.seal_page(account_id, Page::Pins, 1, &PinBook::default(), rng)?,
            book.seal_page(account_id, Page::Settings, 1, &Settings::default(), rng)?,
        ];
        let mut state = State {
            account_id,
            epoch: 1,
            previous: [0; 32],
            generation: 1,
            suite_floor: opaque::SUITE,
            factors: 0,
            objects: Default::default(),
            keys: [(key_id, print)].into(),
        };
        for object in &objects {
            state.record(object);
        }
        let (sealed_state, digest) = state.seal(&ak, rng)?;
        objects.push(sealed_state);
        let seen = SeenState { epoch: 1, digest: hex::encode(digest) };
        Ok(Self { objects, certificate: key.certificate_bytes().to_vec(), phrase, seen })
    }
}

impl UnlockedAccount {
    /// Opens an account and checks every object of it against the state before any key is used.
    pub(crate) fn open(
        ak: AccountKey,
        account_id: AccountId,
        address: &Address,
        view: &AccountView,
        seen: Option<&SeenState>,
        now: Millis,
    ) -> Result<Self, CoreError> {
        if view.account_id != account_id || view.address != *address {
            return Err(CoreErrorCode::Tampered.into());
        }
        let (state, digest) = State::open(&ak, account_id, state_object(view)?)?;
        if let Some(seen) = seen {
            state.check_not_rolled_back(digest, seen)?;
        }
        if state.suite_floor > opaque::SUITE {
            return Err(CoreError::with(CoreErrorCode::UnknownSuite, "this account needs a newer client"));
        }
        state.check_objects(&view.objects)?;
        let version = |kind, id| {
            let entry = state.objects.get(&(kind, id)).ok_or(CoreErrorCode::Tampered)?;
            Ok::<u64, CoreError>(entry.version)
        };

        let (&key_id, print) = state.keys.first_key_value().ok_or(CoreErrorCode::Tampered)?;
        let sealed = find(&view.objects, ObjectKind::SecretKey, key_id)?;
        let context =
            Context::new(account_id, Kind::SecretKey, key_id, version(ObjectKind::SecretKey, key_id)?);
        let tsk = envelope::open(&ak.wrap_tsk(), &context, sealed.envelope.as_bytes())?;
        let key = UnlockedKey::from_secret_bytes(&tsk, &fingerprint(print)?, now)?;
        let published = FetchedCert::parse(view.certificate.as_bytes()).map_err(|_| {
            CoreError::with(CoreErrorCode::KeySubstituted, "the published certificate cannot be read")
        })?;
        if published.fingerprint() != key.fingerprint() {
            let detail = format!("the server publishes {} for this address", published.fingerprint());
            return Err(CoreError::with(CoreErrorCode::KeySubstituted, detail));
        }

        let book_id = state.objects.keys().find(|(kind, _)| *kind == ObjectKind::CollectionKey);
        let (kind, book_id) = *book_id.ok_or(CoreErrorCode::Tampered)?;
        let sealed = find(&view.objects, kind, book_id)?;
        let book = Book::open_key(
            &ak.wrap_coll(),
            account_id,
            book_id,
            version(kind, book_id)?,
            sealed.envelope.as_bytes(),
        )?;
        let page = |page: Page| {
            let id = book.page_id(page);
            let sealed = find(&view.objects, ObjectKind::Object, id)?;
            Ok::<_, CoreError>((version(ObjectKind::Object, id)?, &sealed.envelope))
        };
        let (pins_version, pins) = page(Page::Pins)?;
        let pins = book.open_page(account_id, Page::Pins, pins_version, pins)?;
        let (settings_version, settings) = page(Page::Settings)?;
        let settings = book.open_page(account_id, Page::Settings, settings_version, settings)?;

        Ok(Self {
            id: account_id,
            address: address.clone(),
            ak,
            key,
            book,
            state,
            digest,
            pins,
            settings,
            pending: None,
        })
    }

    /// Opens what another device changed. A change of this device under way is forgotten: it was made on
    /// the state before, or it is already in the one given.
    pub(crate) fn refresh(&mut self, view: &AccountView, now: Millis) -> Result<(), CoreError> {
        let seen = self.seen();
        *self = Self::open(self.ak.clone(), self.id, &self.address, view, Some(&seen), now)?;
        Ok(())
    }

    /// Which.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// Its address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its OpenPGP key.
    pub fn key(&self) -> &UnlockedKey {
        &self.key
    }

    /// Whom it knows.
    pub fn pins(&self) -> &PinBook {
        &self.pins
    }

    /// What the device must remember.
    pub fn seen(&self) -> SeenState {
        SeenState { epoch: self.state.epoch, digest: hex::encode(self.digest) }
    }

    /// The account as its owner sees it.
    pub fn view(&self) -> Account {
        Account {
            account_id: self.id,
            address: self.address.clone(),
            fingerprint: self.key.fingerprint().to_string(),
            seen: self.seen(),
            settings: self.settings.clone(),
        }
    }

    /// Whether a change is on its way.
    pub(crate) fn is_changing(&self) -> bool {
        self.pending.is_some()
    }

    /// Seals the account key into a new slot, in place of the old one.
    pub(crate) fn seal_slot(
        &self,
        slot: Slot,
        kek: &SealingKey,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedObject, CoreError> {
        let version = self.next_version(slot.kind(), ObjectId::default());
        Ok(self.ak.seal(slot, kek, self.id, version, rng)?)
    }

    fn next_version(&self, kind: ObjectKind, id: ObjectId) -> u64 {
        self.state.objects.get(&(kind, id)).map_or(1, |entry| entry.version.saturating_add(1))
    }

    /// Seals a change and the state that goes with it. One at a time: a second one on the same epoch
    /// could be confirmed by the answer to the first.
    pub(crate) fn change(
        &mut self,
        change: Change,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<StateChange, CoreError> {
        if self.is_changing() {
            return Err(CoreError::with(CoreErrorCode::OutOfOrder, "another change is on its way"));
        }
        let mut objects = Vec::new();
        objects.extend(change.slot);
        if let Some(pins) = &change.pins {
            let version = self.next_version(ObjectKind::Object, self.book.page_id(Page::Pins));
            objects.push(self.book.seal_page(self.id, Page::Pins, version, pins, rng)?);
        }
        if let Some(settings) = &change.settings {
            let version = self.next_version(ObjectKind::Object, self.book.page_id(Page::Settings));
            objects.push(self.book.seal_page(self.id, Page::Settings, version, settings, rng)?);
        }
        let mut state = self.state.next(self.digest);
        for object in &objects {
            state.record(object);
        }
        let (sealed, digest) = state.seal(&self.ak, rng)?;
        objects.push(sealed);
        let pins = change.pins.unwrap_or_else(|| self.pins.clone());
        let settings = change.settings.unwrap_or_else(|| self.settings.clone());
        self.pending = Some(Pending { state, digest, pins, settings });
        Ok(StateChange { expected_epoch: self.state.epoch, objects })
    }

    /// The state the change under way leads to.
    pub(crate) fn pending_seen(&self) -> Option<SeenState> {
        let pending = self.pending.as_ref()?;
        Some(SeenState { epoch: pending.state.epoch, digest: hex::encode(pending.digest) })
    }

    /// The server took the change.
    pub(crate) fn accepted(&mut self, epoch: u64) -> Result<(), CoreError> {
        let pending = self.pending.take_if(|pending| pending.state.epoch == epoch);
        let pending = pending.ok_or(CoreErrorCode::OutOfOrder)?;
        self.state = pending.state;
        self.digest = pending.digest;
        self.pins = pending.pins;
        self.settings = pending.settings;
        Ok(())
    }

    /// The server did not take the change.
    pub(crate) fn rejected(&mut self) {
        self.pending = None;
    }

    /// Seals a name for a session of this account.
    pub(crate) fn seal_session_name(
        &self,
        session: SessionId,
        name: &str,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedEnvelope, CoreError> {
        Ok(self.book.seal_session_name(self.id, session, name, rng)?)
    }

    /// Opens the name of a session; absent if it does not open.
    pub(crate) fn open_session_name(&self, session: SessionId, sealed: &SealedEnvelope) -> Option<String> {
        let bytes = self.book.open_session_name(self.id, session, sealed).ok()?;
        String::from_utf8(bytes.to_vec()).ok()
    }
}
