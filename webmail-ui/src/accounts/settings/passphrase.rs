//! Changing the passphrase.

use super::Section;
use crate::accounts::Me;
use crate::accounts::login::{Working, focus};
use crate::accounts::signup::LEAST;
use crate::accounts::strength::StrengthMeter;
use crate::api::Fault;
use crate::i18n::tr;
use crate::ui::{Button, Checkbox, FaultNote, Kind, PassphraseField, Toasts};
use leptos::html;
use leptos::prelude::*;
use model::error::CoreErrorCode;
use model::worker::{Confidential, Progress};
use wire::error::ErrorCode;

/// Only a small record and one slot change; no mail is sealed anew.
#[component]
pub(super) fn ChangePassphrase() -> impl IntoView {
    let me = Me::get();
    let toasts = Toasts::get();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let repeat = RwSignal::new(String::new());
    let end_others = RwSignal::new(true);
    let current_error = RwSignal::new(None::<String>);
    let new_error = RwSignal::new(None::<String>);
    let repeat_error = RwSignal::new(None::<String>);
    let fault = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let step = RwSignal::new(None::<Progress>);
    let (current_node, new_node) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let repeat_node = NodeRef::<html::Input>::new();
    let submit = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        fault.set(None);
        for error in [current_error, new_error, repeat_error] {
            error.set(None);
        }
        let (old, secret) = (current.get_untracked(), new.get_untracked());
        let mut wrong = None;
        if secret != repeat.get_untracked() {
            repeat_error.set(Some(tr("accounts.repeat_differs")));
            wrong = Some(repeat_node);
        }
        if secret.chars().count() < LEAST {
            new_error.set(Some(tr("errors.core.passphrase_too_short")));
            wrong = Some(new_node);
        }
        if old.is_empty() {
            current_error.set(Some(tr("accounts.passphrase_missing")));
            wrong = Some(current_node);
        }
        if let Some(node) = wrong {
            focus(node);
            return;
        }
        busy.set(true);
        step.set(None);
        leptos::task::spawn_local(async move {
            let done = me
                .change_passphrase(
                    Confidential(old),
                    Confidential(secret),
                    end_others.get_untracked(),
                    move |now| {
                        step.try_set(Some(now));
                    },
                )
                .await;
            busy.try_set(false);
            match done {
                Ok(()) => {
                    for secret in [current, new, repeat] {
                        secret.try_set(String::new());
                    }
                    toasts.say(tr("accounts.passphrase_changed"));
                }
                Err(refused)
                    if refused.core() == Some(CoreErrorCode::WrongPassphrase)
                        || refused.code() == Some(ErrorCode::WrongCredentials) =>
                {
                    current_error.try_set(Some(tr("accounts.wrong_passphrase")));
                    focus(current_node);
                }
                Err(refused) => {
                    fault.try_set(Some(refused));
                }
            }
        });
    });
    view! {
        <Section id="passphrase" title="accounts.change_passphrase" lead="accounts.change_passphrase_lead">
            <form
                class="form"
                novalidate
                on:submit=move |event| {
                    event.prevent_default();
                    submit.run(());
                }
            >
                <PassphraseField
                    label=move || tr("accounts.current_passphrase")
                    value=current
                    error=current_error
                    node=current_node
                />
                <PassphraseField
                    label=move || tr("accounts.new_passphrase")
                    value=new
                    new=true
                    hint=move || tr("accounts.passphrase_hint")
                    error=new_error
                    node=new_node
                />
                <StrengthMeter passphrase=new/>
                <PassphraseField
                    label=move || tr("accounts.repeat_passphrase")
                    value=repeat
                    new=true
                    error=repeat_error
                    node=repeat_node
                />
                <Checkbox label=move || tr("accounts.end_others_too") value=end_others/>
                <FaultNote fault=fault retry=submit/>
                <div><Button kind=Kind::Primary submit=true busy=busy>{move || tr("accounts.save")}</Button></div>
                <Working busy=busy step=step/>
            </form>
        </Section>
    }
    .into_any()
}
