//! The forgotten passphrase.

use super::entry::{
    AddressField, Attempt, Entry, EntryForm, NewPassphrase, NewPassphraseFields, read_address,
};
use super::{Me, Presence};
use crate::i18n::tr;
use crate::shell::PublicPage;
use crate::ui::TextArea;
use crate::vault::Vault;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::error::CoreErrorCode;
use model::worker::Confidential;

/// `/recover`
#[component]
pub(crate) fn Recover() -> impl IntoView {
    let me = Me::get();
    Vault::get().start();
    let navigate = use_navigate();
    let typed: Entry = Entry::new(match me.presence.get_untracked() {
        Presence::Locked { address } => address.to_string(),
        _ => String::new(),
    });
    let phrase = Entry::<html::Textarea>::new(String::new());
    let new = NewPassphrase::new();
    let attempt = Attempt::new();
    leptos::task::spawn_local(async move {
        let _ = me.server().await;
    });

    let submit = Callback::new(move |()| {
        if attempt.is_busy() {
            return;
        }
        attempt.fault.set(None);
        typed.forgive();
        phrase.forgive();
        new.forgive();
        // All of them complain; the focus goes to the first.
        let mut whole = new.is_fit();
        if phrase.text.get_untracked().split_whitespace().count() != 24 {
            phrase.complain("errors.core.malformed_phrase");
            whole = false;
        }
        if typed.missing("accounts.address_missing") || !whole {
            return;
        }
        attempt.begin();
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            let result = async {
                let address = read_address(me, typed).await?;
                let words = Confidential(phrase.text.get_untracked());
                let secret = Confidential(new.first.text.get_untracked());
                me.recover(address, words, secret, move |now| attempt.reach(now)).await
            }
            .await;
            attempt.end();
            match result {
                Ok(()) => {
                    phrase.wipe();
                    new.wipe();
                    navigate("/mail", NavigateOptions { replace: true, ..Default::default() });
                }
                Err(refused) => match refused.core() {
                    Some(CoreErrorCode::MalformedPhrase | CoreErrorCode::WrongPhrase) => {
                        phrase.complain(refused);
                    }
                    Some(CoreErrorCode::MalformedAddress) => typed.complain("accounts.address_malformed"),
                    _ => attempt.fail(refused),
                },
            }
        });
    });
    view! {
        <PublicPage title=move || tr("accounts.recover_title") lead=move || tr("accounts.recover_lead")>
            <EntryForm submit=submit attempt=attempt button="accounts.recover">
                <AddressField entry=typed/>
                <TextArea
                    label=move || tr("accounts.recovery_phrase")
                    value=phrase.text
                    rows=3
                    hint=move || tr("accounts.phrase_hint")
                    error=phrase.error()
                    node=phrase.node
                />
                <NewPassphraseFields entry=new label="accounts.new_passphrase"/>
            </EntryForm>
            <div class="links"><a href="/login">{move || tr("accounts.to_sign_in")}</a></div>
        </PublicPage>
    }
    .into_any()
}
