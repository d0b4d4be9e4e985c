//! Making an account.

use super::flows::NewAccount;
use super::login::{Working, focus};
use super::strength::StrengthMeter;
use super::words::RecoveryWords;
use super::{Me, address};
use crate::api::Fault;
use crate::i18n::{t, tr};
use crate::shell::PublicPage;
use crate::ui::{Banner, Button, EmptyState, FaultNote, Field, Icon, Kind, PassphraseField};
use crate::vault::Vault;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::error::CoreErrorCode;
use model::worker::{Confidential, Progress};
use wire::accounts::Registration;
use wire::error::ErrorCode;
use wire::plaintext::{Address, Invitation};

/// The least number of characters of a passphrase; the core refuses shorter ones.
pub(crate) const LEAST: usize = 12;

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
    let typed = RwSignal::new(String::new());
    let passphrase = RwSignal::new(String::new());
    let repeat = RwSignal::new(String::new());
    let invitation = RwSignal::new(String::new());
    let address_error = RwSignal::new(None::<String>);
    let passphrase_error = RwSignal::new(None::<String>);
    let repeat_error = RwSignal::new(None::<String>);
    let invitation_error = RwSignal::new(None::<String>);
    let fault = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let step = RwSignal::new(None::<Progress>);
    // Made and sent, but no answer came: sent again as it is, for the same words.
    let unsure = StoredValue::new(None::<NewAccount>);
    let (address_node, passphrase_node) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let (repeat_node, invitation_node) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let by_invitation = Memo::new(move |_| {
        me.server_info().is_some_and(|server| server.registration == Registration::Invite)
    });
    let domain = move || me.server_info().map(|server| server.domain);
    // What is being made no longer fits what was typed.
    Effect::new(move || {
        typed.track();
        passphrase.track();
        invitation.track();
        unsure.set_value(None);
    });

    let refuse = move |refused: Fault| {
        let field = match (refused.code(), refused.core()) {
            (Some(ErrorCode::AddressTaken | ErrorCode::AddressNotAllowed), _)
            | (_, Some(CoreErrorCode::MalformedAddress)) => Some((address_error, address_node)),
            (Some(ErrorCode::BadInvitation), _) => Some((invitation_error, invitation_node)),
            (_, Some(CoreErrorCode::PassphraseTooShort)) => Some((passphrase_error, passphrase_node)),
            _ => None,
        };
        match field {
            Some((error, node)) if by_invitation.get_untracked() || error != invitation_error => {
                error.set(Some(crate::i18n::faults::words(&refused)));
                focus(node);
            }
            _ => fault.set(Some(refused)),
        }
    };
    let submit = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        fault.set(None);
        for error in [address_error, passphrase_error, repeat_error, invitation_error] {
            error.set(None);
        }
        let secret = passphrase.get_untracked();
        let mut wrong = None;
        if secret != repeat.get_untracked() {
            repeat_error.set(Some(tr("accounts.repeat_differs")));
            wrong = Some(repeat_node);
        }
        if secret.chars().count() < LEAST {
            passphrase_error.set(Some(tr("errors.core.passphrase_too_short")));
            wrong = Some(passphrase_node);
        }
        if by_invitation.get_untracked() && invitation.get_untracked().trim().is_empty() {
            invitation_error.set(Some(tr("accounts.invitation_missing")));
            wrong = Some(invitation_node);
        }
        if typed.get_untracked().trim().is_empty() {
            address_error.set(Some(tr("accounts.address_missing")));
            wrong = Some(address_node);
        }
        if let Some(node) = wrong {
            focus(node);
            return;
        }
        busy.set(true);
        step.set(None);
        leptos::task::spawn_local(async move {
            let result = async {
                let server = me.server().await?;
                let address = address::read(&typed.get_untracked(), &server.domain)
                    .map_err(|_| Fault::Core(CoreErrorCode::MalformedAddress.into()))?;
                let mut new = match unsure.get_value() {
                    Some(new) => new,
                    None => {
                        let invited = (server.registration == Registration::Invite)
                            .then(|| Invitation(invitation.get_untracked().trim().to_owned()));
                        me.make_account(address.clone(), Confidential(secret.clone()), invited, move |now| {
                            step.try_set(Some(now));
                        })
                        .await?
                    }
                };
                step.try_set(Some(Progress::Sealing));
                let result = me.register(&mut new, Confidential(secret)).await;
                unsure.set_value(result.as_ref().is_err_and(Fault::is_passing).then(|| new.clone()));
                result.map(|()| (address, new.phrase))
            }
            .await;
            busy.try_set(false);
            match result {
                Ok(account) => {
                    passphrase.try_set(String::new());
                    repeat.try_set(String::new());
                    made.try_set(Some(account));
                }
                Err(refused) => refuse(refused),
            }
        });
    });
    view! {
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
                hint=move || match domain() {
                    Some(domain) => t!("accounts.address_hint", domain = domain),
                    None => String::new(),
                }
                inputmode="email"
                autocomplete="username"
                autofocus=crate::shell::is_first()
                node=address_node
                suffix=Signal::derive(move || {
                    (!typed.read().contains('@')).then(|| domain().map(|domain| format!("@{domain}"))).flatten()
                })
            />
            <Show when=move || by_invitation.get()>
                <Field
                    label=move || tr("accounts.invitation")
                    value=invitation
                    error=invitation_error
                    hint=move || tr("accounts.invitation_hint")
                    node=invitation_node
                />
            </Show>
            <PassphraseField
                label=move || tr("accounts.passphrase")
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
            <NeverSeen/>
            <FaultNote fault=fault retry=submit/>
            <Button kind=Kind::Primary submit=true busy=busy>{move || tr("accounts.create")}</Button>
            <Working busy=busy step=step/>
        </form>
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
