//! Making an account.

use super::Me;
use super::entry::{
    AddressField, Attempt, Entry, EntryForm, NewPassphrase, NewPassphraseFields, read_address,
};
use super::flows::NewAccount;
use super::words::RecoveryWords;
use crate::api::Fault;
use crate::i18n::tr;
use crate::shell::PublicPage;
use crate::ui::{Banner, EmptyState, FaultNote, Field, Icon};
use crate::vault::Vault;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::error::CoreErrorCode;
use model::worker::{Confidential, Progress};
use wire::accounts::Registration;
use wire::error::ErrorCode;
use wire::plaintext::{Address, Invitation};

/// `/signup`
#[component]
pub(crate) fn SignUp() -> impl IntoView {
    let me = Me::get();
    Vault::get().start();
    if me.is_open() {
        use_navigate()("/mail", NavigateOptions { replace: true, ..Default::default() });
    }
    let made = RwSignal::new(None::<(Address, Vec<String>)>);
    let server_fault = RwSignal::new(None::<Fault>);
    let ask = Callback::new(move |()| {
        server_fault.set(None);
        leptos::task::spawn_local(async move {
            if let Err(fault) = me.server().await {
                server_fault.try_set(Some(fault));
            }
        });
    });
    ask.run(());
    let closed = Memo::new(move |_| {
        me.server_info().is_some_and(|server| server.registration == Registration::Closed)
    });
    move || {
        match made.get() {
        Some((address, words)) => view! { <RecoveryWords address=address words=words/> }.into_any(),
        None if closed.get() => view! {
            <PublicPage title=move || tr("accounts.sign_up_title")>
                <EmptyState
                    icon="lock"
                    title=move || tr("accounts.closed_title")
                    text=move || tr("accounts.closed_text")
                >
                    <a class="button button-primary" href="/login">{move || tr("accounts.sign_in")}</a>
                </EmptyState>
            </PublicPage>
        }
        .into_any(),
        None => view! {
            <PublicPage title=move || tr("accounts.sign_up_title") lead=move || tr("accounts.sign_up_lead") keep_focus=crate::shell::is_first()>
                <FaultNote fault=server_fault retry=ask/>
                <SignUpForm made=made/>
                <div class="links"><a href="/login">{move || tr("accounts.to_sign_in")}</a></div>
            </PublicPage>
        }
        .into_any(),
    }
    }
}

#[component]
fn SignUpForm(
    /// Filled when the account exists.
    made: RwSignal<Option<(Address, Vec<String>)>>,
) -> impl IntoView {
    let me = Me::get();
    let typed: Entry = Entry::new(String::new());
    let invitation: Entry = Entry::new(String::new());
    let new = NewPassphrase::new();
    let attempt = Attempt::new();
    // Made and sent, but no answer came: sent again as it is, for the same words.
    let unsure = StoredValue::new(None::<NewAccount>);
    let by_invitation = Memo::new(move |_| {
        me.server_info().is_some_and(|server| server.registration == Registration::Invite)
    });
    // What is being made no longer fits what was typed.
    Effect::new(move || {
        for entry in [typed, new.first, invitation] {
            entry.text.track();
        }
        unsure.set_value(None);
    });

    let refuse = move |refused: Fault| match (refused.code(), refused.core()) {
        (Some(ErrorCode::AddressTaken | ErrorCode::AddressNotAllowed), _)
        | (_, Some(CoreErrorCode::MalformedAddress)) => typed.complain(refused),
        (Some(ErrorCode::BadInvitation), _) if by_invitation.get_untracked() => invitation.complain(refused),
        (_, Some(CoreErrorCode::PassphraseTooShort)) => new.first.complain(refused),
        _ => attempt.fail(refused),
    };
    let submit = Callback::new(move |()| {
        if attempt.is_busy() {
            return;
        }
        attempt.fault.set(None);
        typed.forgive();
        invitation.forgive();
        new.forgive();
        // All of them complain; the focus goes to the first.
        let mut whole = new.is_fit();
        if by_invitation.get_untracked() {
            whole &= !invitation.missing("accounts.invitation_missing");
        }
        if typed.missing("accounts.address_missing") || !whole {
            return;
        }
        attempt.begin();
        leptos::task::spawn_local(async move {
            let secret = Confidential(new.first.text.get_untracked());
            let result = async {
                let address = read_address(me, typed).await?;
                let registration = me.server().await?.registration;
                let mut account = match unsure.get_value() {
                    Some(account) => account,
                    None => {
                        let invited = (registration == Registration::Invite)
                            .then(|| Invitation(invitation.text.get_untracked().trim().to_owned()));
                        let progress = move |now| attempt.reach(now);
                        me.make_account(address.clone(), secret.clone(), invited, progress).await?
                    }
                };
                attempt.reach(Progress::Sealing);
                let result = me.register(&mut account, secret).await;
                unsure.set_value(result.as_ref().is_err_and(Fault::is_passing).then(|| account.clone()));
                result.map(|()| (address, account.phrase))
            }
            .await;
            attempt.end();
            match result {
                Ok(account) => {
                    new.wipe();
                    made.try_set(Some(account));
                }
                Err(refused) => refuse(refused),
            }
        });
    });
    view! {
        <EntryForm submit=submit attempt=attempt button="accounts.create">
            <AddressField entry=typed new=true autofocus=crate::shell::is_first()/>
            <Show when=move || by_invitation.get()>
                <Field
                    label=move || tr("accounts.invitation")
                    value=invitation.text
                    error=invitation.error()
                    hint=move || tr("accounts.invitation_hint")
                    node=invitation.node
                />
            </Show>
            <NewPassphraseFields entry=new label="accounts.passphrase"/>
            <NeverSeen/>
        </EntryForm>
    }
    .into_any()
}

/// What the server can never see, and what it can: before the button, not in small print.
#[component]
fn NeverSeen() -> impl IntoView {
    let line = |key: &'static str| {
        view! { <li><Icon name="sealed"/><span>{move || tr(key)}</span></li> }
    };
    view! {
        <section class="never" aria-labelledby="never">
            <h2 id="never">{move || tr("accounts.never_title")}</h2>
            <ul>
                {line("accounts.never_passphrase")}
                {line("accounts.never_mail")}
                {line("accounts.never_keys")}
            </ul>
            <p>{move || tr("accounts.never_but")}</p>
            <Banner>
                <p>{move || tr("accounts.never_price")}</p>
            </Banner>
        </section>
    }
    .into_any()
}
