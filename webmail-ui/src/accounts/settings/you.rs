//! How the person appears to others, what the account holds, and what opens it when all else is lost.

use super::Section;
use crate::accounts::Me;
use crate::api::{self, Fault};
use crate::i18n::{size, t, tr};
use crate::ui::{Button, FaultNote, Field, TextArea, Toasts};
use leptos::prelude::*;

/// Name and signature.
#[component]
pub(super) fn You() -> impl IntoView {
    let me = Me::get();
    let toasts = Toasts::get();
    let settings = me.presence.with_untracked(|presence| match presence {
        crate::accounts::Presence::Open(account) => account.settings.clone(),
        _ => Default::default(),
    });
    let name = RwSignal::new(settings.display_name);
    let signature = RwSignal::new(settings.signature);
    let busy = RwSignal::new(false);
    let fault = RwSignal::new(None::<Fault>);
    let keep = Callback::new(move |()| {
        busy.set(true);
        fault.set(None);
        leptos::task::spawn_local(async move {
            let kept = me
                .save_settings(|settings| {
                    settings.display_name = name.get_untracked().trim().to_owned();
                    settings.signature = signature.get_untracked();
                })
                .await;
            busy.try_set(false);
            match kept {
                Ok(()) => toasts.say(tr("accounts.kept")),
                Err(refused) => {
                    fault.try_set(Some(refused));
                }
            }
        });
    });
    let address = move || me.account().map(|account| account.address.to_string()).unwrap_or_default();
    view! {
        <Section id="you" title="accounts.you" lead="accounts.you_lead">
            <form
                class="form"
                novalidate
                on:submit=move |event| {
                    event.prevent_default();
                    if !busy.get_untracked() {
                        keep.run(());
                    }
                }
            >
                <p class="fact"><span>{move || tr("accounts.your_address")}</span><bdi>{address}</bdi></p>
                <Field
                    label=move || tr("accounts.display_name")
                    value=name
                    autocomplete="name"
                    hint=move || tr("accounts.display_name_hint")
                />
                <TextArea
                    label=move || tr("accounts.signature")
                    value=signature
                    rows=3
                    spellcheck=true
                    hint=move || tr("accounts.signature_hint")
                />
                <FaultNote fault=fault retry=keep/>
                <div><Button submit=true busy=busy>{move || tr("accounts.keep")}</Button></div>
            </form>
        </Section>
    }
    .into_any()
}

/// A fingerprint in groups of four, as people compare it.
fn grouped(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.to_uppercase().chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Certificate, storage.
#[component]
pub(super) fn Holdings() -> impl IntoView {
    let me = Me::get();
    let used = RwSignal::new(None::<(u64, u64)>);
    leptos::task::spawn_local(async move {
        // Missing figures are left out; the frame says when the server is away.
        if let Ok(view) = api::account().await {
            used.try_set(Some((view.used_bytes, view.quota_bytes)));
        }
    });
    let fingerprint = move || me.account().map(|account| grouped(&account.fingerprint)).unwrap_or_default();
    view! {
        <Section id="certificate" title="accounts.certificate" lead="accounts.certificate_lead">
            <p class="fingerprint" translate="no">{fingerprint}</p>
            {move || {
                used.get()
                    .map(|(used, quota)| {
                        view! {
                            <div class="storage">
                                <p id="storage-words">
                                    {move || t!("accounts.storage", used = size(used), quota = size(quota))}
                                </p>
                                <meter
                                    aria-labelledby="storage-words"
                                    min="0"
                                    max=quota.to_string()
                                    value=used.to_string()
                                ></meter>
                            </div>
                        }
                    })
            }}
        </Section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fingerprints_are_grouped() {
        assert_eq!(super::grouped("0123abcd45"), "0123 ABCD 45");
    }
}
