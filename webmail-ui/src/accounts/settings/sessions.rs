//! Where the account is signed in.

use super::Section;
use crate::accounts::Me;
use crate::api::{self, Fault};
use crate::i18n::{long_date, short_date, t, tr};
use crate::ui::{Button, EmptyState, FaultNote, Icon, Kind, Spinner, Toasts};
use crate::vault::Vault;
use leptos::prelude::*;
use model::worker::{Command, Reply};
use wire::accounts::SessionView;

/// A session and its opened name.
type Row = (SessionView, Option<String>);

async fn load(vault: Vault) -> Result<Vec<Row>, Fault> {
    let sessions = api::sessions().await?;
    let sealed = sessions.iter().map(|session| (session.id, session.label.clone())).collect();
    let names = match vault.call(Command::OpenSessionLabels { labels: sealed }).await? {
        Reply::SessionLabels { labels } => labels,
        _ => Vec::new(),
    };
    let mut names = names.into_iter();
    Ok(sessions.into_iter().map(|session| (session, names.next().flatten())).collect())
}

/// The sessions, each of which can be ended.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    let me = Me::get();
    let vault = Vault::get();
    let toasts = Toasts::get();
    let rows = RwSignal::new(None::<Vec<Row>>);
    let fault = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let refresh = Callback::new(move |()| {
        fault.set(None);
        leptos::task::spawn_local(async move {
            match load(vault).await {
                Ok(loaded) => {
                    rows.try_set(Some(loaded));
                }
                Err(refused) => {
                    fault.try_set(Some(refused));
                }
            }
        });
    });
    Effect::new(move || {
        me.named.track();
        refresh.run(());
    });
    let end = move |session: SessionView| {
        if session.current {
            leptos::task::spawn_local(async move { me.sign_out().await });
            return;
        }
        leptos::task::spawn_local(async move {
            match api::end_session_of(session.id).await {
                Ok(()) => toasts.say(tr("accounts.session_ended")),
                Err(refused) => toasts.fault(&refused, None),
            }
            refresh.run(());
        });
    };
    let end_others = move || {
        busy.set(true);
        leptos::task::spawn_local(async move {
            match api::end_other_sessions().await {
                Ok(()) => toasts.say(tr("accounts.sessions_ended")),
                Err(refused) => toasts.fault(&refused, None),
            }
            busy.try_set(false);
            refresh.run(());
        });
    };
    let row = move |(session, name): Row| {
        let name = name.unwrap_or_else(|| tr("accounts.session_unnamed"));
        let (current, created, seen) = (session.current, session.created_at, session.seen_at);
        let named = name.clone();
        view! {
            <li class="session">
                <Icon name="device"/>
                <div class="session-words">
                    <p class="session-name">
                        <bdi>{name}</bdi>
                        {current.then(|| view! { <span class="badge">{move || tr("accounts.session_this")}</span> })}
                    </p>
                    <p class="session-times" title=move || long_date(created)>
                        {move || t!("accounts.session_times", created = short_date(created), seen = short_date(seen))}
                    </p>
                </div>
                <Button on_click=move || end(session.clone())>
                    {move || tr("accounts.end_session")}
                    <span class="visually-hidden">": " {named}</span>
                </Button>
            </li>
        }
    };
    view! {
        <Section id="sessions" title="accounts.sessions" lead="accounts.sessions_lead">
            <FaultNote fault=fault retry=refresh/>
            {move || match rows.get() {
                None if fault.read().is_some() => ().into_any(),
                None => view! { <Spinner label=move || tr("ui.loading")/> }.into_any(),
                Some(rows) if rows.is_empty() => {
                    view! { <EmptyState icon="device" title=move || tr("accounts.sessions_none")/> }.into_any()
                }
                Some(rows) => {
                    let others = rows.iter().any(|(session, _)| !session.current);
                    view! {
                        <ul class="sessions" role="list">{rows.into_iter().map(row).collect_view()}</ul>
                        {others.then(|| view! {
                            <div>
                                <Button kind=Kind::Danger busy=busy on_click=end_others>
                                    {move || tr("accounts.end_others")}
                                </Button>
                            </div>
                        })}
                    }
                    .into_any()
                }
            }}
        </Section>
    }
    .into_any()
}
