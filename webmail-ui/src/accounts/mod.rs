//! Accounts: sign-up, sign-in, recovery, the lock, settings.

mod address;
mod entry;
mod flows;
mod login;
pub(crate) mod recover;
pub(crate) mod settings;
pub(crate) mod signup;
mod strength;
mod words;

pub(crate) use flows::Committed;
pub(crate) use login::Unlock;

use crate::api::{self, Fault};
use crate::i18n;
use crate::shell::{self, Theme};
use crate::ui::Toasts;
use crate::vault::Vault;
use futures::lock::{Mutex, OwnedMutexGuard};
use leptos::prelude::*;
use leptos_router::components::{Route, RouteProps};
use leptos_router::{MatchNestedRoutes, path};
use model::accounts::{Account, SeenState};
use model::worker::Command;
use std::sync::Arc;
use wire::accounts::ServerInfo;
use wire::ids::AccountId;
use wire::plaintext::Address;

/// Where the address of the session on this device is kept, so that a reload asks for the passphrase only.
const ADDRESS: &str = "hedgerow.address";

/// Who is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presence {
    /// Nobody.
    SignedOut,
    /// There is a session, but the keys are not in memory.
    Locked {
        /// Whose.
        address: Address,
    },
    /// The keys are unlocked in the worker.
    Open(Account),
}

/// The person in front of the page; a handle in the context of the whole app.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Me {
    presence: RwSignal<Presence>,
    over: RwSignal<bool>,
    /// Rises when the current session got its name.
    named: RwSignal<u32>,
    server: RwSignal<Option<ServerInfo>>,
    turn: StoredValue<Arc<Mutex<()>>>,
    vault: Vault,
    toasts: Toasts,
}

impl Me {
    /// Nobody, or whoever has a session on this device. Needs [`Vault`] and [`Toasts`] in the context.
    pub(crate) fn new() -> Self {
        let presence = match shell::remembered(ADDRESS).and_then(|text| text.parse().ok()) {
            Some(address) => Presence::Locked { address },
            None => Presence::SignedOut,
        };
        let me = Self {
            presence: RwSignal::new(presence),
            over: RwSignal::new(false),
            named: RwSignal::new(0),
            server: RwSignal::new(None),
            turn: StoredValue::new(Arc::default()),
            vault: Vault::get(),
            toasts: Toasts::get(),
        };
        let ended = api::session_ended();
        Effect::new(move |before: Option<u32>| {
            let count = ended.get();
            if before.is_some_and(|before| before != count)
                && matches!(me.presence.get_untracked(), Presence::Open(_))
            {
                me.over.set(true);
            }
            count
        });
        // Signing out in one tab signs out the others.
        let handle = window_event_listener(leptos::ev::storage, move |event| {
            if event.key().as_deref() == Some(ADDRESS) && event.new_value().is_none() {
                shell::go("/login");
            }
        });
        on_cleanup(move || handle.remove());
        me
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Who is there. Reactive.
    pub(crate) fn presence(&self) -> Presence {
        self.presence.get()
    }

    /// The unlocked account. Reactive.
    pub(crate) fn account(&self) -> Option<Account> {
        match self.presence.get() {
            Presence::Open(account) => Some(account),
            _ => None,
        }
    }

    /// Whether the account is unlocked, without tracking.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.presence.get_untracked(), Presence::Open(_))
    }

    /// Whether the server said that the session has ended while the keys are still here. Reactive.
    pub(crate) fn session_over(&self) -> bool {
        self.over.get()
    }

    /// The worker keeps one change of the account's objects at a time: whoever makes one, or reads the
    /// account anew, waits here and holds the guard until it is done.
    pub(crate) async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        let turn = self.turn.try_get_value()?;
        Some(turn.lock_owned().await)
    }

    /// What the server is, asked once.
    pub(crate) async fn server(&self) -> Result<ServerInfo, Fault> {
        if let Some(known) = self.server.get_untracked() {
            return Ok(known);
        }
        let info = api::server().await?;
        self.server.set(Some(info.clone()));
        Ok(info)
    }

    /// What is known of the server so far. Reactive.
    pub(crate) fn server_info(&self) -> Option<ServerInfo> {
        self.server.get()
    }

    /// Drops the keys; the session stays.
    pub(crate) async fn lock(&self) {
        // A worker that broke has no keys either.
        let _ = self.vault.call(Command::Lock).await;
        let address = match self.presence.get_untracked() {
            Presence::Open(account) => account.address,
            _ => return,
        };
        self.toasts.clear();
        self.over.set(false);
        self.presence.set(Presence::Locked { address });
    }

    /// Ends the session and clears the memory. Without the server the keys are dropped, and the person is
    /// told that the session still stands.
    pub(crate) async fn sign_out(&self) {
        let ended = api::end_session().await;
        match ended {
            Err(fault) if fault.is_passing() => {
                self.lock().await;
                let me = *self;
                let again = Callback::new(move |()| {
                    leptos::task::spawn_local(async move { Box::pin(me.sign_out()).await });
                });
                self.toasts.fault(&fault, Some(again));
            }
            _ => {
                let _ = self.vault.call(Command::Lock).await;
                shell::forget(ADDRESS);
                shell::go("/login");
            }
        }
    }

    /// The account is unlocked: remembers what must be remembered and opens the rooms.
    pub(crate) fn enter(&self, account: Account) {
        shell::remember(ADDRESS, account.address.as_str());
        remember_seen(account.account_id, &account.seen);
        if !account.settings.theme.is_empty() {
            Theme::parse(&account.settings.theme).apply();
        }
        if let Some(tag) = i18n::supported(&account.settings.language)
            && i18n::loaded() != Some(tag)
        {
            leptos::task::spawn_local(i18n::choose(tag));
        }
        self.over.set(false);
        self.presence.set(Presence::Open(account));
    }

    /// The account changed (here or on another device).
    fn renew(&self, account: Account) {
        remember_seen(account.account_id, &account.seen);
        self.presence.set(Presence::Open(account));
    }
}

fn seen_key(id: AccountId) -> String {
    format!("hedgerow.seen.{id}")
}

/// The newest state of an account this device has seen.
pub(crate) fn seen(id: AccountId) -> Option<SeenState> {
    let text = shell::remembered(&seen_key(id))?;
    let (epoch, digest) = text.split_once(':')?;
    Some(SeenState { epoch: epoch.parse().ok()?, digest: digest.to_owned() })
}

/// Remembers the newest state of an account. Never an older one than before.
fn remember_seen(id: AccountId, state: &SeenState) {
    if seen(id).is_none_or(|known| known.epoch <= state.epoch) {
        shell::remember(&seen_key(id), &format!("{}:{}", state.epoch, state.digest));
    }
}

/// The pages before the rooms.
pub(crate) fn routes() -> impl MatchNestedRoutes + Clone + Send + 'static {
    (
        Route(RouteProps::builder().path(path!("/")).view(Home).build()),
        Route(RouteProps::builder().path(path!("/login")).view(login::Login).build()),
        Route(RouteProps::builder().path(path!("/signup")).view(crate::chunk::SignUp).build()),
        Route(RouteProps::builder().path(path!("/recover")).view(crate::chunk::Recover).build()),
    )
}

/// The settings, inside the frame.
pub(crate) fn settings_route() -> impl MatchNestedRoutes + Clone + Send + 'static {
    Route(RouteProps::builder().path(path!("/settings")).view(crate::chunk::Settings).build())
}

/// Nothing stands at `/` itself.
#[component]
fn Home() -> impl IntoView {
    let me = Me::get();
    let navigate = leptos_router::hooks::use_navigate();
    Effect::new(move || {
        let path = if me.presence.get_untracked() == Presence::SignedOut { "/login" } else { "/mail" };
        navigate(path, leptos_router::NavigateOptions { replace: true, ..Default::default() });
    });
}
