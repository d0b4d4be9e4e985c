//! Signing in, and unlocking after a reload.

use super::entry::{
    AddressField, Attempt, Entry, EntryForm, is_wrong_passphrase, read_address, submit_passphrase,
};
use super::{Me, Presence};
use crate::i18n::{t, tr};
use crate::shell::PublicPage;
use crate::ui::{Banner, PassphraseField};
use crate::vault::Vault;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::error::CoreErrorCode;
use model::worker::Confidential;
use wire::error::ErrorCode;

/// `/login`
#[component]
pub(crate) fn Login() -> impl IntoView {
    let me = Me::get();
    Vault::get().start();
    let navigate = use_navigate();
    if me.is_open() {
        navigate("/mail", NavigateOptions { replace: true, ..Default::default() });
    }
    let known = match me.presence.get_untracked() {
        Presence::Locked { address } => address.to_string(),
        _ => String::new(),
    };
    let typed: Entry = Entry::new(known);
    let passphrase: Entry = Entry::new(String::new());
    let attempt = Attempt::new();
    // For the hint; without it a full address does as well.
    leptos::task::spawn_local(async move {
        let _ = me.server().await;
    });

    let submit = Callback::new(move |()| {
        if attempt.is_busy() {
            return;
        }
        attempt.fault.set(None);
        typed.forgive();
        passphrase.forgive();
        if typed.missing("accounts.address_missing") || passphrase.missing("accounts.passphrase_missing") {
            return;
        }
        attempt.begin();
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            let result = async {
                let address = read_address(me, typed).await?;
                let secret = Confidential(passphrase.text.get_untracked());
                me.sign_in(address, secret, move |now| attempt.reach(now)).await
            }
            .await;
            attempt.end();
            match result {
                Ok(()) => {
                    passphrase.wipe();
                    navigate("/mail", NavigateOptions { replace: true, ..Default::default() });
                }
                Err(refused) if refused.core() == Some(CoreErrorCode::MalformedAddress) => {
                    typed.complain("accounts.address_malformed");
                }
                Err(refused) if is_wrong_passphrase(&refused) => {
                    passphrase.complain("accounts.wrong_credentials");
                }
                // Trying again does not help; the recovery phrase may.
                Err(refused) if refused.code() == Some(ErrorCode::Damaged) => {
                    passphrase.remark("accounts.sign_in_damaged");
                }
                Err(refused) => attempt.fail(refused),
            }
        });
    });
    let first = crate::shell::is_first();
    view! {
        <PublicPage title=move || tr("accounts.sign_in") keep_focus=first>
            <EntryForm submit=submit attempt=attempt button="accounts.sign_in">
                <AddressField entry=typed autofocus=first/>
                <PassphraseField
                    label=move || tr("accounts.passphrase")
                    value=passphrase.text
                    error=passphrase.error()
                    node=passphrase.node
                />
            </EntryForm>
            <div class="links">
                <a href="/recover">{move || tr("accounts.forgot")}</a>
                <a href="/signup">{move || tr("accounts.to_sign_up")}</a>
            </div>
        </PublicPage>
    }
    .into_any()
}

/// Asks for the passphrase of the session's account; the address of the page stays as it is.
#[component]
pub(crate) fn Unlock() -> impl IntoView {
    let me = Me::get();
    Vault::get().start();
    let passphrase: Entry = Entry::new(String::new());
    let attempt = Attempt::new();
    let address = Memo::new(move |before: Option<&Option<_>>| match me.presence() {
        Presence::Locked { address } => Some(address),
        _ => before.cloned().flatten(),
    });
    let name = move || address.get().map(|address| address.to_string()).unwrap_or_default();
    let submit = submit_passphrase(passphrase, attempt, move |secret| {
        let address = address.get_untracked();
        async move {
            let Some(address) = address else { return Ok(()) };
            me.sign_in(address, secret, move |now| attempt.reach(now)).await
        }
    });
    view! {
        <PublicPage
            title=move || tr("accounts.unlock_title")
            lead=move || t!("accounts.unlock_lead", address = name())
            keep_focus=true
        >
            <EntryForm submit=submit attempt=attempt button="accounts.unlock">
                // For password managers, which look for the account beside the passphrase.
                <input type="text" class="visually-hidden" autocomplete="username" tabindex="-1" aria-hidden="true" readonly prop:value=name/>
                <PassphraseField
                    label=move || tr("accounts.passphrase")
                    value=passphrase.text
                    error=passphrase.error()
                    autofocus=true
                    node=passphrase.node
                />
            </EntryForm>
            <Banner>
                <p>{move || tr("accounts.unlock_why")}</p>
            </Banner>
            <div class="links">
                <a href="/recover">{move || tr("accounts.forgot")}</a>
                <button
                    type="button"
                    class="link"
                    on:click=move |_| leptos::task::spawn_local(async move { me.sign_out().await })
                >
                    {move || tr("accounts.other_account")}
                </button>
            </div>
        </PublicPage>
    }
    .into_any()
}
