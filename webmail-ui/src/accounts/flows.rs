//! The conversations between page, worker and server. Nothing here is drawn.

use super::{Me, Presence, seen};
use crate::api::{self, Fault, now};
use crate::i18n::t;
use leptos::prelude::{GetUntracked, Set, Update};
use model::accounts::Settings;
use model::error::CoreErrorCode;
use model::worker::{Command, Confidential, Progress, Reply};
use wire::accounts::{AccountView, RegisterRequest, SessionLabel, StateAccepted, StateChange};
use wire::error::ErrorCode;
use wire::plaintext::{Address, Invitation};

/// How often a change is made anew when another device was faster.
const ATTEMPTS: u32 = 3;

/// What became of a change of the account's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is durable.
    Done,
    /// Another device was faster. The newer account is loaded: make the change again.
    Stale,
}

/// An account that was made in the worker and perhaps not yet on the server.
#[derive(Clone)]
pub(crate) struct NewAccount {
    address: Address,
    request: Box<RegisterRequest>,
    /// The 24 words.
    pub(crate) phrase: Vec<String>,
    /// Whether it was sent before without an answer.
    doubtful: bool,
}

impl core::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NewAccount(…)")
    }
}

/// The worker answered with something else than the protocol says.
fn odd() -> Fault {
    Fault::Core(CoreErrorCode::OutOfOrder.into())
}

impl Me {
    /// Makes keys for a new account. [`Self::register`] sends it.
    pub(crate) async fn make_account(
        &self,
        address: Address,
        passphrase: Confidential,
        invitation: Option<Invitation>,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<NewAccount, Fault> {
        let start = Command::StartRegistration { address: address.clone(), passphrase, invitation };
        let Reply::RegisterStart { request } = self.vault.call(start).await? else { return Err(odd()) };
        let response = api::register_start(&request).await?;
        let finish = Command::FinishRegistration { response, now: now() };
        match self.vault.call_with_progress(finish, progress).await? {
            Reply::Registration { request, phrase } => {
                Ok(NewAccount { address, request, phrase, doubtful: false })
            }
            _ => Err(odd()),
        }
    }

    /// Sends a new account and unlocks it. May be repeated with the same account when no answer came.
    pub(crate) async fn register(&self, new: &mut NewAccount, passphrase: Confidential) -> Result<(), Fault> {
        match api::register(&new.request).await {
            Ok(view) => {
                let address = view.address.clone();
                // The account exists from here on: whatever fails now, its words must be shown.
                if self.open(view, true).await.is_err() {
                    self.presence.try_set(Presence::Locked { address });
                }
                Ok(())
            }
            Err(Fault::Api(body))
                if new.doubtful
                    && matches!(body.code, ErrorCode::AddressTaken | ErrorCode::HandshakeExpired) =>
            {
                // It may be ours, from the attempt without an answer.
                self.sign_in(new.address.clone(), passphrase, |_| ()).await.map_err(|_| Fault::Api(body))
            }
            Err(fault) => {
                new.doubtful |= fault.is_passing();
                Err(fault)
            }
        }
    }

    /// Signs in, or unlocks, which is the same: the server puts the new session in place of this browser's old.
    pub(crate) async fn sign_in(
        &self,
        address: Address,
        passphrase: Confidential,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<(), Fault> {
        let start = Command::StartLogin { address: address.clone(), passphrase };
        let Reply::LoginStart { request } = self.vault.call(start).await? else { return Err(odd()) };
        let response = api::login_start(&request).await?;
        let finish = Command::FinishLogin { response };
        let Reply::LoginFinish { request } = self.vault.call_with_progress(finish, progress).await? else {
            return Err(odd());
        };
        let view = api::login_finish(&request).await?;
        self.open(view, true).await
    }

    /// Recovers the account by the phrase, with a new passphrase.
    pub(crate) async fn recover(
        &self,
        address: Address,
        phrase: Confidential,
        passphrase: Confidential,
        progress: impl Fn(Progress) + Clone + 'static,
    ) -> Result<(), Fault> {
        let start = Command::StartRecovery { address, phrase, passphrase };
        let Reply::RecoveryStart { request } = self.vault.call(start).await? else { return Err(odd()) };
        let response = api::recovery_start(&request).await?;
        let prove = Command::ProveRecovery { response };
        let Reply::RecoveryOpen { request } = self.vault.call_with_progress(prove, progress.clone()).await?
        else {
            return Err(odd());
        };
        let response = api::recovery_open(&request).await.map_err(|fault| match fault.code() {
            // The server says it as it says it of a passphrase; here it was the phrase.
            Some(ErrorCode::WrongCredentials) => Fault::Core(CoreErrorCode::WrongPhrase.into()),
            _ => fault,
        })?;
        let seen = seen(response.account.account_id);
        let finish = Command::FinishRecovery { response, seen, now: now() };
        let Reply::RecoveryFinish { request } = self.vault.call_with_progress(finish, progress).await? else {
            return Err(odd());
        };
        let view = api::recovery_finish(&request).await?;
        self.open(view, true).await
    }

    /// Changes the passphrase.
    pub(crate) async fn change_passphrase(
        &self,
        current: Confidential,
        new: Confidential,
        end_other_sessions: bool,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<(), Fault> {
        let _turn = self.turn().await;
        let start = Command::StartPassphraseChange { current, new };
        let Reply::PassphraseStart { login, registration } = self.vault.call(start).await? else {
            return Err(odd());
        };
        let login = api::login_start(&login).await?;
        let registration = api::passphrase_start(&registration).await?;
        let finish = Command::FinishPassphraseChange { login, registration, end_other_sessions, now: now() };
        let Reply::PassphraseFinish { request } = self.vault.call_with_progress(finish, progress).await?
        else {
            return Err(odd());
        };
        self.proven_change(api::passphrase_finish(&request).await).await
    }

    /// Makes a new recovery phrase. The old one holds until [`Self::change_phrase`].
    pub(crate) async fn make_phrase(&self) -> Result<Vec<String>, Fault> {
        match self.vault.call(Command::MakePhrase).await? {
            Reply::Phrase { phrase } => Ok(phrase),
            _ => Err(odd()),
        }
    }

    /// Puts the phrase made last in place of the old one.
    pub(crate) async fn change_phrase(
        &self,
        passphrase: Confidential,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<(), Fault> {
        let _turn = self.turn().await;
        let Reply::LoginStart { request } =
            self.vault.call(Command::StartPhraseChange { passphrase }).await?
        else {
            return Err(odd());
        };
        let login = api::login_start(&request).await?;
        let finish = Command::FinishPhraseChange { login };
        let Reply::PhraseFinish { request } = self.vault.call_with_progress(finish, progress).await? else {
            return Err(odd());
        };
        self.proven_change(api::phrase_finish(&request).await).await
    }

    /// What the server said to a change that needed the passphrase; it is not made again without it.
    async fn proven_change(&self, answer: Result<StateAccepted, Fault>) -> Result<(), Fault> {
        match answer {
            Ok(accepted) => self.accepted(accepted).await,
            Err(fault) => {
                self.vault.call(Command::StateRejected).await?;
                if fault.code() == Some(ErrorCode::Stale) {
                    self.refresh().await?;
                }
                Err(fault)
            }
        }
    }

    /// Changes the settings that travel with the account.
    pub(crate) async fn save_settings(&self, change: impl Fn(&mut Settings)) -> Result<(), Fault> {
        let _turn = self.turn().await;
        for _ in 0..ATTEMPTS {
            let Presence::Open(account) = self.presence.get_untracked() else {
                return Err(Fault::Core(CoreErrorCode::Locked.into()));
            };
            let mut settings = account.settings.clone();
            change(&mut settings);
            if settings == account.settings {
                return Ok(());
            }
            let seal = Command::SealSettings { settings: settings.clone(), now: now() };
            let Reply::StateChange { change } = self.vault.call(seal).await? else { return Err(odd()) };
            if self.commit(&change).await? == Committed::Done {
                self.presence.update(|presence| {
                    if let Presence::Open(account) = presence {
                        account.settings = settings;
                    }
                });
                return Ok(());
            }
        }
        Err(too_often_stale())
    }

    /// Sends a change of the account's objects that the worker made. After [`Committed::Stale`] the worker
    /// has forgotten it and must make it again, on the newer account.
    pub(crate) async fn commit(&self, change: &StateChange) -> Result<Committed, Fault> {
        match api::change_state(change).await {
            Ok(accepted) => {
                self.accepted(accepted).await?;
                Ok(Committed::Done)
            }
            Err(fault) => {
                self.vault.call(Command::StateRejected).await?;
                if fault.code() != Some(ErrorCode::Stale) {
                    return Err(fault);
                }
                self.refresh().await?;
                Ok(Committed::Stale)
            }
        }
    }

    /// Makes a change and sends it, again when another device was faster, at most three times. `make`
    /// returns the worker's command; its reply must be [`Reply::StateChange`].
    pub(crate) async fn commit_with(&self, make: impl Fn() -> Command) -> Result<(), Fault> {
        for _ in 0..ATTEMPTS {
            let Reply::StateChange { change } = self.vault.call(make()).await? else { return Err(odd()) };
            if self.commit(&change).await? == Committed::Done {
                return Ok(());
            }
        }
        Err(too_often_stale())
    }

    /// Another device changed the account: loads it.
    pub(crate) async fn refresh(&self) -> Result<(), Fault> {
        let view = api::account().await?;
        match self.vault.call(Command::RefreshAccount { view, now: now() }).await? {
            Reply::Account { account } => {
                self.renew(*account);
                Ok(())
            }
            _ => Err(odd()),
        }
    }

    async fn accepted(&self, accepted: StateAccepted) -> Result<(), Fault> {
        let Reply::Seen { seen } = self.vault.call(Command::StateAccepted { accepted }).await? else {
            return Err(odd());
        };
        let Presence::Open(mut account) = self.presence.get_untracked() else { return Ok(()) };
        account.seen = seen;
        self.renew(account);
        Ok(())
    }

    async fn open(&self, view: AccountView, new_session: bool) -> Result<(), Fault> {
        let seen = seen(view.account_id);
        let opened = self.vault.call(Command::OpenAccount { view, seen, now: now() }).await;
        match opened {
            Ok(Reply::Account { account }) => {
                self.enter(*account);
                if new_session {
                    let me = *self;
                    // A session without a name is a blemish, not a failure.
                    leptos::task::spawn_local(async move {
                        let _ = me.label_session().await;
                    });
                }
                Ok(())
            }
            Ok(_) => Err(odd()),
            Err(fault) => {
                // The objects were refused: do not leave a session behind that nobody can use.
                let _ = api::end_session().await;
                let _ = self.vault.call(Command::Lock).await;
                Err(fault)
            }
        }
    }

    async fn label_session(&self) -> Result<(), Fault> {
        let (browser, system) =
            device(&leptos::prelude::window().navigator().user_agent().unwrap_or_default());
        let label = t!("accounts.session_on", browser = browser, system = system);
        let Some(current) = api::sessions().await?.into_iter().find(|session| session.current) else {
            return Ok(());
        };
        let seal = Command::SealSessionLabel { session: current.id, label };
        let Reply::SessionLabel { label } = self.vault.call(seal).await? else { return Err(odd()) };
        api::label_session(&SessionLabel { label }).await?;
        self.named.update(|count| *count += 1);
        Ok(())
    }
}

fn too_often_stale() -> Fault {
    Fault::Api(wire::error::ErrorBody {
        code: ErrorCode::Stale,
        message: String::new(),
        retry_after_s: None,
        address: None,
    })
}

/// Browser and system by their names, from the User-Agent text.
fn device(agent: &str) -> (&'static str, &'static str) {
    // In this order: each name also stands in the texts of those before it.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chromium"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map_or("?", |(_, name)| *name)
    };
    (find(&BROWSERS), find(&SYSTEMS))
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn devices_are_named() {
        let chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(device(chromium), ("Chromium", "Linux"));
        assert_eq!(device(&format!("{chromium} Edg/156.0")), ("Edge", "Linux"));
        let iphone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(device(iphone), ("Safari", "iPhone"));
        assert_eq!(device(""), ("?", "?"));
    }
}
