//! Signing in, and unlocking after a reload.

use super::{Me, Presence, address};
use crate::api::Fault;
use crate::i18n::{t, tr};
use crate::shell::PublicPage;
use crate::ui::{Banner, Button, FaultNote, Field, Kind, PassphraseField, ProgressLine};
use crate::vault::Vault;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::error::CoreErrorCode;
use model::worker::{Confidential, Progress};

/// What a long command is doing, in words.
pub(crate) fn progress_words(progress: Progress) -> String {
    tr(match progress {
        Progress::Stretching => "accounts.progress.stretching",
        Progress::MakingKeys => "accounts.progress.making_keys",
        Progress::Sealing => "accounts.progress.sealing",
    })
}

/// The words for each stage of work under way; absent while there is none.
#[component]
pub(crate) fn Working(
    /// Whether something is under way.
    busy: RwSignal<bool>,
    /// Where it is; absent while the server is asked.
    step: RwSignal<Option<Progress>>,
) -> impl IntoView {
    view! {
        <Show when=move || busy.get()>
            <ProgressLine label=move || match step.get() {
                Some(step) => progress_words(step),
                None => tr("accounts.progress.asking"),
            }/>
        </Show>
    }
}

/// Whether it is the passphrase that was wrong: the one fault that belongs to the field.
fn is_wrong_passphrase(fault: &Fault) -> bool {
    fault.core() == Some(CoreErrorCode::WrongPassphrase)
        || fault.code() == Some(wire::error::ErrorCode::WrongCredentials)
}

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
    let typed = RwSignal::new(known);
    let passphrase = RwSignal::new(String::new());
    let address_error = RwSignal::new(None::<String>);
    let passphrase_error = RwSignal::new(None::<String>);
    let fault = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let step = RwSignal::new(None::<Progress>);
    let address_node = NodeRef::<html::Input>::new();
    let passphrase_node = NodeRef::<html::Input>::new();
    // For the hint; without it a full address does as well.
    leptos::task::spawn_local(async move {
        let _ = me.server().await;
    });

    let submit = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        fault.set(None);
        address_error.set(None);
        passphrase_error.set(None);
        if typed.get_untracked().trim().is_empty() {
            address_error.set(Some(tr("accounts.address_missing")));
            focus(address_node);
            return;
        }
        if passphrase.get_untracked().is_empty() {
            passphrase_error.set(Some(tr("accounts.passphrase_missing")));
            focus(passphrase_node);
            return;
        }
        busy.set(true);
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            step.set(None);
            let text = typed.get_untracked();
            let domain = if text.contains('@') {
                Ok(String::new())
            } else {
                me.server().await.map(|server| server.domain)
            };
            let result = match domain {
                Err(fault) => Err(fault),
                Ok(domain) => match address::read(&text, &domain) {
                    Ok(address) => {
                        let secret = Confidential(passphrase.get_untracked());
                        me.sign_in(address, secret, move |now| {
                            step.try_set(Some(now));
                        })
                        .await
                    }
                    Err(_) => {
                        address_error.try_set(Some(tr("accounts.address_malformed")));
                        busy.try_set(false);
                        focus(address_node);
                        return;
                    }
                },
            };
            busy.try_set(false);
            match result {
                Ok(()) => {
                    passphrase.try_set(String::new());
                    navigate("/mail", NavigateOptions { replace: true, ..Default::default() });
                }
                Err(refused) if is_wrong_passphrase(&refused) => {
                    passphrase_error.try_set(Some(tr("accounts.wrong_credentials")));
                    focus(passphrase_node);
                }
                // Trying again does not help; the recovery phrase may.
                Err(refused) if refused.code() == Some(wire::error::ErrorCode::Damaged) => {
                    passphrase_error.try_set(Some(tr("accounts.sign_in_damaged")));
                }
                Err(refused) => {
                    fault.try_set(Some(refused));
                }
            }
        });
    });
    let first = crate::shell::is_first();
    view! {
        <PublicPage title=move || tr("accounts.sign_in") keep_focus=first>
            <form
                class="form"
                novalidate
                on:submit=move |event| {
                    event.prevent_default();
                    submit.run(());
                }
            >
                <Field
                    label=move || tr("accounts.address")
                    value=typed
                    error=address_error
                    kind="text"
                    inputmode="email"
                    autocomplete="username"
                    autofocus=first
                    node=address_node
                    suffix=Signal::derive(move || {
                        let text = typed.read();
                        (!text.contains('@')).then(|| me.server_info().map(|server| format!("@{}", server.domain))).flatten()
                    })
                />
                <PassphraseField
                    label=move || tr("accounts.passphrase")
                    value=passphrase
                    error=passphrase_error
                    node=passphrase_node
                />
                <FaultNote fault=fault retry=submit/>
                <Button kind=Kind::Primary submit=true busy=busy>{move || tr("accounts.sign_in")}</Button>
                <Working busy=busy step=step/>
            </form>
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
    let passphrase = RwSignal::new(String::new());
    let error = RwSignal::new(None::<String>);
    let fault = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let step = RwSignal::new(None::<Progress>);
    let node = NodeRef::<html::Input>::new();
    let address = Memo::new(move |before: Option<&Option<_>>| match me.presence() {
        Presence::Locked { address } => Some(address),
        _ => before.cloned().flatten(),
    });
    let name = move || address.get().map(|address| address.to_string()).unwrap_or_default();
    let submit = Callback::new(move |()| {
        let Some(address) = address.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        fault.set(None);
        error.set(None);
        if passphrase.get_untracked().is_empty() {
            error.set(Some(tr("accounts.passphrase_missing")));
            focus(node);
            return;
        }
        busy.set(true);
        step.set(None);
        leptos::task::spawn_local(async move {
            let secret = Confidential(passphrase.get_untracked());
            let result = me
                .sign_in(address, secret, move |now| {
                    step.try_set(Some(now));
                })
                .await;
            busy.try_set(false);
            match result {
                Ok(()) => {}
                Err(refused) if is_wrong_passphrase(&refused) => {
                    error.try_set(Some(tr("accounts.wrong_passphrase")));
                    focus(node);
                }
                Err(refused) => {
                    fault.try_set(Some(refused));
                }
            }
        });
    });
    view! {
        <PublicPage
            title=move || tr("accounts.unlock_title")
            lead=move || t!("accounts.unlock_lead", address = name())
            keep_focus=true
        >
            <form
                class="form"
                novalidate
                on:submit=move |event| {
                    event.prevent_default();
                    submit.run(());
                }
            >
                // For password managers, which look for the account beside the passphrase.
                <input type="text" class="visually-hidden" autocomplete="username" tabindex="-1" aria-hidden="true" readonly prop:value=name/>
                <PassphraseField
                    label=move || tr("accounts.passphrase")
                    value=passphrase
                    error=error
                    autofocus=true
                    node=node
                />
                <FaultNote fault=fault retry=submit/>
                <Button kind=Kind::Primary submit=true busy=busy>{move || tr("accounts.unlock")}</Button>
                <Working busy=busy step=step/>
            </form>
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

/// Moves the focus into a field.
pub(crate) fn focus(node: NodeRef<html::Input>) {
    if let Some(Some(input)) = node.try_get_untracked() {
        let _ = input.focus();
    }
}
