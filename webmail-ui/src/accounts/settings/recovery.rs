//! The recovery phrase: what it is for, and a new one in its place.

use super::Section;
use crate::accounts::Me;
use crate::accounts::entry::{Attempt, Entry, EntryForm, submit_passphrase};
use crate::accounts::words::WordSheet;
use crate::i18n::tr;
use crate::ui::{Banner, Button, Kind, PassphraseField, Toasts, Tone};
use leptos::prelude::*;

/// The old phrase holds until the passphrase confirms that the new one is kept.
#[component]
pub(super) fn Recovery() -> impl IntoView {
    let me = Me::get();
    let toasts = Toasts::get();
    let made = RwSignal::new(None::<Vec<String>>);
    let make = move || {
        leptos::task::spawn_local(async move {
            match me.make_phrase().await {
                Ok(words) => {
                    made.try_set(Some(words));
                }
                Err(fault) => toasts.fault(&fault, None),
            }
        });
    };
    view! {
        <Section id="recovery" title="accounts.recovery" lead="accounts.recovery_lead">
            <Banner>
                <p>{move || tr("accounts.recovery_text")}</p>
                <p><a href="/recover">{move || tr("accounts.recovery_use")}</a></p>
            </Banner>
            {move || match made.get() {
                Some(words) => view! { <NewPhrase made=made words=words/> }.into_any(),
                None => view! {
                    <p>{move || tr("accounts.new_phrase_why")}</p>
                    <div><Button on_click=make>{move || tr("accounts.new_phrase")}</Button></div>
                }
                .into_any(),
            }}
        </Section>
    }
    .into_any()
}

/// The new words, and the passphrase that puts them in place of the old ones.
#[component]
fn NewPhrase(
    /// Emptied when it is over.
    made: RwSignal<Option<Vec<String>>>,
    /// The words.
    words: Vec<String>,
) -> impl IntoView {
    let me = Me::get();
    let toasts = Toasts::get();
    let passphrase: Entry = Entry::new(String::new());
    let attempt = Attempt::new();
    let submit = submit_passphrase(passphrase, attempt, move |secret| async move {
        me.change_phrase(secret, move |now| attempt.reach(now)).await?;
        passphrase.wipe();
        made.try_set(None);
        toasts.say(tr("accounts.new_phrase_done"));
        Ok(())
    });
    let address = me.account().map(|account| account.address.to_string()).unwrap_or_default();
    view! {
        <WordSheet address=address words=words/>
        <Banner tone=Tone::Warn>
            <p>{move || tr("accounts.new_phrase_once")}</p>
        </Banner>
        <EntryForm submit=submit attempt=attempt button="accounts.new_phrase_use">
            <PassphraseField
                label=move || tr("accounts.passphrase")
                value=passphrase.text
                error=passphrase.error()
                node=passphrase.node
            />
        </EntryForm>
        <div>
            <Button kind=Kind::Quiet on_click=move || made.set(None)>{move || tr("accounts.new_phrase_keep")}</Button>
        </div>
    }
    .into_any()
}
