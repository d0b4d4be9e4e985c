//! The forgotten passphrase.

use super::login::{Working, focus};
use super::signup::LEAST;
use super::strength::StrengthMeter;
use super::{Me, Presence, address};
use crate::api::Fault;
use crate::i18n::tr;
use crate::shell::PublicPage;
use crate::ui::{Button, FaultNote, Field, Kind, PassphraseField, TextArea};
use crate::vault::Vault;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::error::CoreErrorCode;
use model::worker::{Confidential, Progress};

/// `/recover`
#[component]
pub(crate) fn Recover() -> impl IntoView {
    let me = Me::get();
    Vault::get().start();
    let navigate = use_navigate();
    let typed = RwSignal::new(match me.presence.get_untracked() {
        Presence::Locked { address } => address.to_string(),
        _ => String::new(),
    });
    let phrase = RwSignal::new(String::new());
    let passphrase = RwSignal::new(String::new());
    let repeat = RwSignal::new(String::new());
    let address_error = RwSignal::new(None::<String>);
    let phrase_error = RwSignal::new(None::<String>);
    let passphrase_error = RwSignal::new(None::<String>);
    let repeat_error = RwSignal::new(None::<String>);
    let fault = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let step = RwSignal::new(None::<Progress>);
    let (address_node, passphrase_node) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let repeat_node = NodeRef::<html::Input>::new();
    let phrase_node = NodeRef::<html::Textarea>::new();
    let focus_phrase = move || {
        if let Some(Some(area)) = phrase_node.try_get_untracked() {
            let _ = area.focus();
        }
    };
    leptos::task::spawn_local(async move {
        let _ = me.server().await;
    });

    let submit = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        fault.set(None);
        for error in [address_error, phrase_error, passphrase_error, repeat_error] {
            error.set(None);
        }
        let secret = passphrase.get_untracked();
        let mut whole = true;
        if secret != repeat.get_untracked() {
            repeat_error.set(Some(tr("accounts.repeat_differs")));
            focus(repeat_node);
            whole = false;
        }
        if secret.chars().count() < LEAST {
            passphrase_error.set(Some(tr("errors.core.passphrase_too_short")));
            focus(passphrase_node);
            whole = false;
        }
        if phrase.get_untracked().split_whitespace().count() != 24 {
            phrase_error.set(Some(tr("errors.core.malformed_phrase")));
            focus_phrase();
            whole = false;
        }
        if typed.get_untracked().trim().is_empty() {
            address_error.set(Some(tr("accounts.address_missing")));
            focus(address_node);
            whole = false;
        }
        if !whole {
            return;
        }
        busy.set(true);
        step.set(None);
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            let result = async {
                let text = typed.get_untracked();
                let domain = if text.contains('@') { String::new() } else { me.server().await?.domain };
                let address = address::read(&text, &domain)
                    .map_err(|_| Fault::Core(CoreErrorCode::MalformedAddress.into()))?;
                let words = Confidential(phrase.get_untracked());
                me.recover(address, words, Confidential(secret), move |now| {
                    step.try_set(Some(now));
                })
                .await
            }
            .await;
            busy.try_set(false);
            match result {
                Ok(()) => {
                    for secret in [phrase, passphrase, repeat] {
                        secret.try_set(String::new());
                    }
                    navigate("/mail", NavigateOptions { replace: true, ..Default::default() });
                }
                Err(refused) => match refused.core() {
                    Some(CoreErrorCode::MalformedPhrase | CoreErrorCode::WrongPhrase) => {
                        phrase_error.try_set(Some(crate::i18n::faults::words(&refused)));
                        focus_phrase();
                    }
                    Some(CoreErrorCode::MalformedAddress) => {
                        address_error.try_set(Some(tr("accounts.address_malformed")));
                        focus(address_node);
                    }
                    _ => {
                        fault.try_set(Some(refused));
                    }
                },
            }
        });
    });
    view! {
        <PublicPage title=move || tr("accounts.recover_title") lead=move || tr("accounts.recover_lead")>
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
                    inputmode="email"
                    autocomplete="username"
                    node=address_node
                    suffix=Signal::derive(move || {
                        (!typed.read().contains('@'))
                            .then(|| me.server_info().map(|server| format!("@{}", server.domain)))
                            .flatten()
                    })
                />
                <TextArea
                    label=move || tr("accounts.recovery_phrase")
                    value=phrase
                    rows=3
                    hint=move || tr("accounts.phrase_hint")
                    error=phrase_error
                    node=phrase_node
                />
                <PassphraseField
                    label=move || tr("accounts.new_passphrase")
                    value=passphrase
                    new=true
                    hint=move || tr("accounts.passphrase_hint")
                    error=passphrase_error
                    node=passphrase_node
                />
                <StrengthMeter passphrase=passphrase/>
                <PassphraseField
                    label=move || tr("accounts.repeat_passphrase")
                    value=repeat
                    new=true
                    error=repeat_error
                    node=repeat_node
                />
                <FaultNote fault=fault retry=submit/>
                <Button kind=Kind::Primary submit=true busy=busy>{move || tr("accounts.recover")}</Button>
                <Working busy=busy step=step/>
            </form>
            <div class="links"><a href="/login">{move || tr("accounts.to_sign_in")}</a></div>
        </PublicPage>
    }
    .into_any()
}
