//! The frame of the rooms: rail, outlet, account menu, banners. Shows the rooms only while the account
//! is unlocked; locked, it asks for the passphrase in place, and the address of the page stays.

use super::page::SkipLink;
use crate::accounts::{Me, Presence, Unlock};
use crate::api;
use crate::i18n::tr;
use crate::ui::{Banner, Button, Icon, Menu, MenuItem, Tone};
use crate::vault::{Vault, VaultState};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_navigate};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Rooms,
    Locked,
    Nothing,
}

/// The frame.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    let me = Me::get();
    // A change of the account must not build the rooms anew.
    let shown = Memo::new(move |_| match me.presence() {
        Presence::Open(_) => Shown::Rooms,
        Presence::Locked { .. } => Shown::Locked,
        Presence::SignedOut => Shown::Nothing,
    });
    let navigate = use_navigate();
    Effect::new(move || {
        if shown.get() == Shown::Nothing {
            navigate("/login", NavigateOptions { replace: true, ..Default::default() });
        }
    });
    move || match shown.get() {
        Shown::Rooms => view! { <Rooms/> }.into_any(),
        Shown::Locked => view! { <Unlock/> }.into_any(),
        Shown::Nothing => ().into_any(),
    }
}

#[component]
fn Rooms() -> impl IntoView {
    // Outlives its pages: lists and mails being written stay when the person looks at the settings.
    provide_context(crate::mail::Room::open());
    view! {
        <div class="frame">
            <SkipLink/>
            <Rail/>
            <div class="frame-body">
                <Banners/>
                <main id="content" class="room" tabindex="-1">
                    <Outlet/>
                </main>
            </div>
        </div>
    }
    .into_any()
}

/// The rooms, and the account at its foot (at its end on a phone).
#[component]
fn Rail() -> impl IntoView {
    let me = Me::get();
    let navigate = use_navigate();
    let path = use_location().pathname;
    let in_mail = move || path.read().starts_with("/mail").then_some("page");
    let items = vec![
        MenuItem::new(
            "settings",
            move || tr("shell.settings"),
            move || {
                navigate("/settings", NavigateOptions::default());
            },
        ),
        MenuItem::new(
            "lock",
            move || tr("shell.lock"),
            move || {
                leptos::task::spawn_local(async move { me.lock().await });
            },
        ),
        MenuItem::new(
            "sign-out",
            move || tr("shell.sign_out"),
            move || {
                leptos::task::spawn_local(async move { me.sign_out().await });
            },
        ),
    ];
    view! {
        <header class="rail">
            <Icon name="hedgerow"/>
            <nav class="rail-rooms" aria-label=move || tr("shell.rooms")>
                <a class="rail-room" href="/mail" aria-current=in_mail>
                    <Icon name="mail"/>
                    <span>{move || tr("shell.mail")}</span>
                </a>
            </nav>
            <div class="rail-account">
                <Menu label=move || tr("shell.account") icon="account" items=items compact=true/>
            </div>
        </header>
    }
    .into_any()
}

/// What concerns every room: no connection, a session that ended, a worker that broke.
#[component]
fn Banners() -> impl IntoView {
    let me = Me::get();
    let vault = Vault::get();
    let reachable = api::reachable();
    let offline = {
        let reachable = reachable.clone();
        Memo::new(move |_| !reachable.get())
    };
    let asking = RwSignal::new(false);
    let probe = move || {
        asking.set(true);
        leptos::task::spawn_local(async move {
            api::probe().await;
            asking.set(false);
        });
    };
    // While it is away, ask now and then.
    Effect::new(move || {
        if offline.get() {
            leptos::task::spawn_local(async move {
                let mut wait = 3_000;
                while offline.try_get_untracked() == Some(true) {
                    api::pause(wait).await;
                    if offline.try_get_untracked() != Some(true) || api::probe().await {
                        break;
                    }
                    wait = (wait * 2).min(30_000);
                }
            });
        }
    });
    view! {
        <div class="banners">
            <div role="status">
                <Show when=move || offline.get()>
                    <Banner tone=Tone::Warn>
                        <p>{move || tr("shell.offline")}</p>
                        <Button busy=asking on_click=probe>{move || tr("ui.retry")}</Button>
                    </Banner>
                </Show>
            </div>
            <div role="alert">
                <Show when=move || me.session_over()>
                    <Banner tone=Tone::Warn>
                        <p>{move || tr("shell.session_over")}</p>
                        <Button on_click=move || leptos::task::spawn_local(async move { me.lock().await })>
                            {move || tr("accounts.sign_in_again")}
                        </Button>
                    </Banner>
                </Show>
                <Show when=move || vault.state() == VaultState::Broken>
                    <Banner tone=Tone::Danger>
                        <p>{move || tr("errors.worker")}</p>
                        <Button on_click=super::reload>{move || tr("ui.reload")}</Button>
                    </Banner>
                </Show>
            </div>
        </div>
    }
    .into_any()
}
