//! Changing the passphrase.

use super::Section;
use crate::accounts::Me;
use crate::accounts::entry::{
    Attempt, Entry, EntryForm, NewPassphrase, NewPassphraseFields, is_wrong_passphrase,
};
use crate::i18n::tr;
use crate::ui::{Checkbox, PassphraseField, Toasts};
use leptos::prelude::*;
use model::worker::Confidential;

/// Only a small record and one slot change; no mail is sealed anew.
#[component]
pub(super) fn ChangePassphrase() -> impl IntoView {
    let me = Me::get();
    let toasts = Toasts::get();
    let current: Entry = Entry::new(String::new());
    let new = NewPassphrase::new();
    let end_others = RwSignal::new(true);
    let attempt = Attempt::new();
    let submit = Callback::new(move |()| {
        if attempt.is_busy() {
            return;
        }
        attempt.fault.set(None);
        current.forgive();
        new.forgive();
        let fit = new.is_fit();
        if current.missing("accounts.passphrase_missing") || !fit {
            return;
        }
        attempt.begin();
        leptos::task::spawn_local(async move {
            let old = Confidential(current.text.get_untracked());
            let secret = Confidential(new.first.text.get_untracked());
            let end_others = end_others.get_untracked();
            let done = me.change_passphrase(old, secret, end_others, move |now| attempt.reach(now)).await;
            attempt.end();
            match done {
                Ok(()) => {
                    current.wipe();
                    new.wipe();
                    toasts.say(tr("accounts.passphrase_changed"));
                }
                Err(refused) if is_wrong_passphrase(&refused) => {
                    current.complain("accounts.wrong_passphrase");
                }
                Err(refused) => attempt.fail(refused),
            }
        });
    });
    view! {
        <Section id="passphrase" title="accounts.change_passphrase" lead="accounts.change_passphrase_lead">
            <EntryForm submit=submit attempt=attempt button="accounts.save">
                <PassphraseField
                    label=move || tr("accounts.current_passphrase")
                    value=current.text
                    error=current.error()
                    node=current.node
                />
                <NewPassphraseFields entry=new label="accounts.new_passphrase"/>
                <Checkbox label=move || tr("accounts.end_others_too") value=end_others/>
            </EntryForm>
        </Section>
    }
    .into_any()
}
