//! The session: commands of the page in, replies out. The one place that holds unlocked keys.
//!
//! No command panics, and no replies but [`Reply::Registration`] and [`Reply::Phrase`] (the recovery phrase,
//! once) hold a secret.

use crate::accounts::account::UnlockedAccount;
use crate::accounts::opaque::{LoggingIn, Registering};
use crate::accounts::phrase::Phrase;
use crate::accounts::strength;
use crate::secret::{Passphrase, SealingKey};
use model::accounts::SeenState;
use model::error::{CoreError, CoreErrorCode};
use model::worker::{Command, Progress, Reply};
use rand::{CryptoRng, RngCore};
use wire::ids::{AccountId, HandshakeId};
use wire::plaintext::Address;

mod accounts;
mod cache;
mod mail;
#[cfg(test)]
mod tests;

/// What the session waits for.
#[derive(Debug, Default)]
enum Flow {
    #[default]
    Idle,
    Registering {
        address: Address,
        opaque: Box<Registering>,
    },
    LoggingIn {
        address: Address,
        opaque: Box<LoggingIn>,
    },
    /// Signed in; the sealed account comes next.
    Opening {
        account_id: AccountId,
        address: Address,
        kek: SealingKey,
        /// The state this session made itself, at registration and recovery.
        made: Option<SeenState>,
    },
    ChangingPassphrase {
        login: Box<LoggingIn>,
        registration: Box<Registering>,
    },
    ChangingPhrase {
        login: Box<LoggingIn>,
    },
    Recovering {
        address: Address,
        phrase: Phrase,
        passphrase: Passphrase,
    },
    Recovered {
        account_id: AccountId,
        address: Address,
        phrase: Phrase,
        registration: Box<Registering>,
        recovery_id: HandshakeId,
    },
}

/// A session of one person: locked at first, unlocked by [`Command::OpenAccount`].
///
/// ```
/// use crypto_core::session::Session;
/// use model::worker::{Command, Confidential, Reply};
///
/// let mut session = Session::new();
/// let rate = Command::RatePassphrase { passphrase: Confidential("ocean velvet hammer noble".into()) };
/// let reply = session.handle(rate, &mut rand::rngs::OsRng, &mut |_| ());
/// assert!(matches!(reply, Reply::Strength { strength } if strength.score >= 2));
/// ```
#[derive(Debug, Default)]
pub struct Session {
    flow: Flow,
    account: Option<Box<UnlockedAccount>>,
    /// A recovery phrase that is shown and not valid yet.
    phrase: Option<Phrase>,
    opened: cache::Opened,
}

impl Session {
    /// A locked session.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether keys are unlocked.
    pub fn is_unlocked(&self) -> bool {
        self.account.is_some()
    }

    /// Does what the page asks. Long steps are announced through `progress`.
    pub fn handle(
        &mut self,
        command: Command,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Reply {
        self.dispatch(command, rng, progress).unwrap_or_else(|error| Reply::Error { error })
    }

    fn dispatch(
        &mut self,
        command: Command,
        rng: &mut (impl CryptoRng + RngCore),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Reply, CoreError> {
        match command {
            Command::RatePassphrase { passphrase } => {
                let passphrase = accounts::Typed::from(passphrase);
                Ok(Reply::Strength { strength: strength::rate(passphrase.as_str()) })
            }
            Command::StartRegistration { address, passphrase, invitation } => {
                self.start_registration(address, passphrase.into(), invitation, rng)
            }
            Command::FinishRegistration { response, now } => {
                self.finish_registration(response, now, rng, progress)
            }
            Command::StartLogin { address, passphrase } => self.start_login(address, passphrase.into(), rng),
            Command::FinishLogin { response } => self.finish_login(response, rng, progress),
            Command::OpenAccount { view, seen, now } => self.open_account(&view, seen, now),
            Command::RefreshAccount { view, now } => {
                let account = self.account_mut()?;
                account.refresh(&view, now)?;
                Ok(Reply::Account { account: Box::new(account.view()) })
            }
            Command::Lock => {
                *self = Self::default();
                Ok(Reply::Done)
            }
            Command::StartPassphraseChange { current, new } => {
                self.start_passphrase_change(current.into(), new.into(), rng)
            }
            Command::FinishPassphraseChange { login, registration, end_other_sessions, now: _ } => {
                self.finish_passphrase_change(login, registration, end_other_sessions, rng, progress)
            }
            Command::MakePhrase => self.make_phrase(rng),
            Command::StartPhraseChange { passphrase } => self.start_phrase_change(passphrase.into(), rng),
            Command::FinishPhraseChange { login } => self.finish_phrase_change(login, rng, progress),
            Command::StartRecovery { address, phrase, passphrase } => {
                self.start_recovery(address, phrase.into(), passphrase.into())
            }
            Command::ProveRecovery { response } => self.prove_recovery(response, rng),
            Command::FinishRecovery { response, seen, now } => {
                self.finish_recovery(response, seen, now, rng, progress)
            }
            Command::StateAccepted { accepted } => {
                let account = self.account_mut()?;
                account.accepted(accepted.epoch)?;
                Ok(Reply::Seen { seen: account.seen() })
            }
            Command::StateRejected => {
                self.account_mut()?.rejected();
                Ok(Reply::Done)
            }
            Command::SealSettings { settings, now: _ } => self.seal_settings(settings, rng),
            Command::SealSessionLabel { session, label } => self.seal_session_label(session, &label, rng),
            Command::OpenSessionLabels { labels } => self.open_session_labels(&labels),
            Command::JudgeRecipients { entries, now } => self.judge_recipients(&entries, now, rng),
            Command::AcceptCertificate { entry, now } => self.accept_certificate(&entry, now, rng),
            Command::SealMessage { draft, protection, entries, outside, now } => {
                progress(Progress::Sealing);
                self.seal_message(&draft, protection, (&entries, &outside), now, rng)
            }
            Command::SealDraft { draft, now } => self.seal_draft(&draft, now, rng),
            Command::OpenRows { views } => self.open_rows(views),
            Command::OpenMessage { view, blob, certificates, now } => {
                self.open_message(&view, &blob, &certificates, now)
            }
            Command::Attachment { id, index } => self.attachment(id, index),
        }
    }

    fn account(&self) -> Result<&UnlockedAccount, CoreError> {
        self.account.as_deref().ok_or_else(|| CoreErrorCode::Locked.into())
    }

    fn account_mut(&mut self) -> Result<&mut UnlockedAccount, CoreError> {
        self.account.as_deref_mut().ok_or_else(|| CoreErrorCode::Locked.into())
    }
}
