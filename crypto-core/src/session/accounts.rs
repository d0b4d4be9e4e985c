//! Registration, login, passphrase change, recovery, settings.

use super::{Flow, Session};
use crate::accounts::account::{Change, NewAccount, UnlockedAccount, slot};
use crate::accounts::opaque::{self, LoggingIn, Registering};
use crate::accounts::phrase::Phrase;
use crate::accounts::slots::{AccountKey, Slot};
use crate::envelope::EnvelopeError;
use crate::secret::Passphrase;
use core::mem;
use model::Millis;
use model::accounts::{SeenState, Settings};
use model::error::{CoreError, CoreErrorCode};
use model::worker::{Confidential, Progress, Reply};
use rand::{CryptoRng, RngCore};
use wire::accounts as acc;
use wire::ids::SessionId;
use wire::plaintext::{Address, Invitation};
use wire::sealed::{Certificate, SealedEnvelope};
use zeroize::Zeroizing;

/// What a person typed; wiped after use.
pub(super) struct Typed(Zeroizing<String>);

impl From<Confidential> for Typed {
    fn from(text: Confidential) -> Self {
        Self(Zeroizing::new(text.0))
    }
}

impl Typed {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn given(&self) -> Passphrase {
        Passphrase::given(&self.0)
    }

    fn chosen(&self) -> Result<Passphrase, CoreError> {
        Passphrase::chosen(&self.0).map_err(|_| CoreErrorCode::PassphraseTooShort.into())
    }
}

const SESSION_NAME_CHARS: usize = 120;
const CHALLENGE_BYTES: usize = 32;

impl Session {
    pub(super) fn start_registration(
        &mut self,
        address: Address,
        passphrase: Typed,
        invitation: Option<Invitation>,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let (registering, request) = Registering::start(passphrase.chosen()?, rng)?;
        self.flow = Flow::Registering { address: address.clone(), opaque: Box::new(registering) };
        let request = acc::RegisterStartRequest { address, invitation, suite: opaque::SUITE, request };
        Ok(Reply::RegisterStart { request })
    }

    pub(super) fn finish_registration(
        &mut self,
        response: acc::RegisterStartResponse,
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Reply, CoreError> {
        let Flow::Registering { address, opaque } = mem::take(&mut self.flow) else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        let account_id = response.account_id;
        progress(Progress::Stretching);
        let (kek, record) = opaque.finish(account_id, &address, &response.response, rng)?;
        progress(Progress::MakingKeys);
        let new = NewAccount::make(account_id, &address, &kek, now, rng)?;
        let request = acc::RegisterRequest {
            ticket: response.ticket,
            record,
            objects: new.objects,
            recovery_key: new.phrase.verifying_key(),
            certificate: Certificate(new.certificate),
        };
        self.flow = Flow::Opening { account_id, address, kek, made: Some(new.seen) };
        Ok(Reply::Registration { request: Box::new(request), phrase: new.phrase.words() })
    }

    pub(super) fn start_login(
        &mut self,
        address: Address,
        passphrase: Typed,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let (login, ke1) = LoggingIn::start(passphrase.given(), rng)?;
        self.flow = Flow::LoggingIn { address: address.clone(), opaque: Box::new(login) };
        Ok(Reply::LoginStart { request: acc::LoginStartRequest { address, suite: opaque::SUITE, ke1 } })
    }

    pub(super) fn finish_login(
        &mut self,
        response: acc::LoginStartResponse,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Reply, CoreError> {
        let Flow::LoggingIn { address, opaque } = mem::take(&mut self.flow) else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        check_suite(response.suite)?;
        progress(Progress::Stretching);
        let (kek, ke3) = opaque.finish(response.account_id, &address, &response.ke2, rng)?;
        self.flow = Flow::Opening { account_id: response.account_id, address, kek, made: None };
        Ok(Reply::LoginFinish { request: acc::LoginFinishRequest { login_id: response.login_id, ke3 } })
    }

    pub(super) fn open_account(
        &mut self,
        view: &acc::AccountView,
        seen: Option<SeenState>,
        now: Millis,
    ) -> Result<Reply, CoreError> {
        let Flow::Opening { account_id, address, kek, made } = &self.flow else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        let ak = AccountKey::open(Slot::Passphrase, kek, *account_id, slot(view, Slot::Passphrase)?)?;
        let newest = newest(seen, made.clone());
        let account = UnlockedAccount::open(ak, *account_id, address, view, newest.as_ref(), now)?;
        let reply = Reply::Account { account: Box::new(account.view()) };
        self.flow = Flow::Idle;
        self.opened = Default::default();
        self.phrase = None;
        self.account = Some(Box::new(account));
        Ok(reply)
    }

    pub(super) fn start_passphrase_change(
        &mut self,
        current: Typed,
        new: Typed,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let account = self.account()?;
        if account.is_changing() {
            return Err(CoreError::with(CoreErrorCode::OutOfOrder, "another change is on its way"));
        }
        let address = account.address().clone();
        let (login, ke1) = LoggingIn::start(current.given(), rng)?;
        let (registration, request) = Registering::start(new.chosen()?, rng)?;
        self.flow = Flow::ChangingPassphrase { login: Box::new(login), registration: Box::new(registration) };
        Ok(Reply::PassphraseStart {
            login: acc::LoginStartRequest { address, suite: opaque::SUITE, ke1 },
            registration: acc::PassphraseStartRequest { request },
        })
    }

    pub(super) fn finish_passphrase_change(
        &mut self,
        login_response: acc::LoginStartResponse,
        registration_response: acc::PassphraseStartResponse,
        end_other_sessions: bool,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Reply, CoreError> {
        let Flow::ChangingPassphrase { login, registration } = mem::take(&mut self.flow) else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        let account = self.account_mut()?;
        let (id, address) = (account.id(), account.address().clone());
        check_suite(login_response.suite)?;
        if login_response.account_id != id {
            return Err(CoreErrorCode::Tampered.into());
        }
        progress(Progress::Stretching);
        let (_, ke3) = login.finish(id, &address, &login_response.ke2, rng)?;
        let (kek, record) = registration.finish(id, &address, &registration_response.response, rng)?;
        let slot = account.seal_slot(Slot::Passphrase, &kek, rng)?;
        let change = account.change(Change { slot: Some(slot), ..Change::default() }, rng)?;
        let login_id = login_response.login_id;
        let request = acc::PassphraseFinishRequest { login_id, ke3, record, change, end_other_sessions };
        Ok(Reply::PassphraseFinish { request: Box::new(request) })
    }

    pub(super) fn make_phrase(&mut self, rng: &mut (impl CryptoRng + RngCore)) -> Result<Reply, CoreError> {
        self.account()?;
        let phrase = Phrase::make(rng).map_err(|_| CoreErrorCode::Internal)?;
        let words = phrase.words();
        self.phrase = Some(phrase);
        Ok(Reply::Phrase { phrase: words })
    }

    pub(super) fn start_phrase_change(
        &mut self,
        passphrase: Typed,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let account = self.account()?;
        if account.is_changing() || self.phrase.is_none() {
            return Err(CoreErrorCode::OutOfOrder.into());
        }
        let address = account.address().clone();
        let (login, ke1) = LoggingIn::start(passphrase.given(), rng)?;
        self.flow = Flow::ChangingPhrase { login: Box::new(login) };
        Ok(Reply::LoginStart { request: acc::LoginStartRequest { address, suite: opaque::SUITE, ke1 } })
    }

    /// The phrase is kept until the next one, a lock, or a sign-in: after a wrong passphrase the same words
    /// are still on the page.
    pub(super) fn finish_phrase_change(
        &mut self,
        response: acc::LoginStartResponse,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Reply, CoreError> {
        let Flow::ChangingPhrase { login } = mem::take(&mut self.flow) else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        let phrase = self.phrase.as_ref().ok_or(CoreErrorCode::OutOfOrder)?;
        let account = self.account.as_deref_mut().ok_or(CoreErrorCode::Locked)?;
        let (id, address) = (account.id(), account.address().clone());
        check_suite(response.suite)?;
        if response.account_id != id {
            return Err(CoreErrorCode::Tampered.into());
        }
        progress(Progress::Stretching);
        let (_, ke3) = login.finish(id, &address, &response.ke2, rng)?;
        let slot = account.seal_slot(Slot::Recovery, &phrase.kek(), rng)?;
        let change = account.change(Change { slot: Some(slot), ..Change::default() }, rng)?;
        let (login_id, recovery_key) = (response.login_id, phrase.verifying_key());
        let request = acc::PhraseFinishRequest { login_id, ke3, recovery_key, change };
        Ok(Reply::PhraseFinish { request: Box::new(request) })
    }

    pub(super) fn start_recovery(
        &mut self,
        address: Address,
        phrase: Typed,
        passphrase: Typed,
    ) -> Result<Reply, CoreError> {
        let phrase = Phrase::parse(phrase.as_str()).map_err(|_| CoreErrorCode::MalformedPhrase)?;
        let passphrase = passphrase.chosen()?;
        self.flow = Flow::Recovering { address: address.clone(), phrase, passphrase };
        Ok(Reply::RecoveryStart { request: acc::RecoveryStartRequest { address } })
    }

    pub(super) fn prove_recovery(
        &mut self,
        response: acc::RecoveryStartResponse,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let Flow::Recovering { address, phrase, passphrase } = mem::take(&mut self.flow) else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        if response.challenge.as_bytes().len() != CHALLENGE_BYTES {
            return Err(CoreErrorCode::Malformed.into());
        }
        let account_id = response.account_id;
        let signature = phrase.sign(account_id, &response.challenge);
        let (registration, request) = Registering::start(passphrase, rng)?;
        let recovery_id = response.recovery_id;
        let registration = Box::new(registration);
        self.flow = Flow::Recovered { account_id, address, phrase, registration, recovery_id };
        Ok(Reply::RecoveryOpen { request: acc::RecoveryOpenRequest { recovery_id, signature, request } })
    }

    pub(super) fn finish_recovery(
        &mut self,
        response: acc::RecoveryOpenResponse,
        seen: Option<SeenState>,
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Reply, CoreError> {
        let Flow::Recovered { account_id, address, phrase, registration, recovery_id } =
            mem::take(&mut self.flow)
        else {
            return Err(CoreErrorCode::OutOfOrder.into());
        };
        let view = &response.account;
        let sealed = slot(view, Slot::Recovery)?;
        let ak =
            AccountKey::open(Slot::Recovery, &phrase.kek(), account_id, sealed).map_err(
                |error| match error {
                    EnvelopeError::WrongKey => CoreError::new(CoreErrorCode::WrongPhrase),
                    other => other.into(),
                },
            )?;
        let mut account = UnlockedAccount::open(ak, account_id, &address, view, seen.as_ref(), now)?;
        progress(Progress::Stretching);
        let (kek, record) = registration.finish(account_id, &address, &response.response, rng)?;
        let slot = account.seal_slot(Slot::Passphrase, &kek, rng)?;
        let change = account.change(Change { slot: Some(slot), ..Change::default() }, rng)?;
        self.flow = Flow::Opening { account_id, address, kek, made: account.pending_seen() };
        let request = acc::RecoveryFinishRequest { recovery_id, record, change };
        Ok(Reply::RecoveryFinish { request: Box::new(request) })
    }

    pub(super) fn seal_settings(
        &mut self,
        settings: Settings,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let change = Change { settings: Some(settings), ..Change::default() };
        Ok(Reply::StateChange { change: self.account_mut()?.change(change, rng)? })
    }

    pub(super) fn seal_session_label(
        &self,
        session: SessionId,
        label: &str,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let label: String = label.chars().take(SESSION_NAME_CHARS).collect();
        Ok(Reply::SessionLabel { label: self.account()?.seal_session_name(session, &label, rng)? })
    }

    pub(super) fn open_session_labels(
        &self,
        labels: &[(SessionId, Option<SealedEnvelope>)],
    ) -> Result<Reply, CoreError> {
        let account = self.account()?;
        let open = |(session, label): &(SessionId, Option<SealedEnvelope>)| {
            account.open_session_name(*session, label.as_ref()?)
        };
        Ok(Reply::SessionLabels { labels: labels.iter().map(open).collect() })
    }
}

/// Only what was asked for is taken (R6).
fn check_suite(offered: u8) -> Result<(), CoreError> {
    if offered == opaque::SUITE {
        return Ok(());
    }
    Err(CoreError::with(CoreErrorCode::UnknownSuite, format!("suite {offered} offered")))
}

fn newest(a: Option<SeenState>, b: Option<SeenState>) -> Option<SeenState> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.epoch > b.epoch { a } else { b }),
        (a, b) => a.or(b),
    }
}
