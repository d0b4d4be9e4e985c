//! The mail room: folders, list, open message, composers.

mod actions;
mod attach;
mod compose;
pub(crate) mod composer;
pub(crate) mod dialogs;
mod drafts;
mod envelope;
mod folders;
mod keys;
mod list;
mod live;
pub(crate) mod reader;
mod reading;
mod recipients;
mod room;
mod row;
mod sending;
mod state;
mod text;
mod trust;
mod window;
mod writing;

pub(crate) use room::Room;

use crate::chunk::{Composers, Reader};
use crate::i18n::tr;
use crate::ui::{Button, EmptyState, Kind};
use leptos::prelude::*;
use leptos_router::components::{Route, RouteProps};
use leptos_router::hooks::use_location;
use leptos_router::{MatchNestedRoutes, NavigateOptions, path};
use room::Place;

/// The pages of this room, inside the frame. The folder and the open message stand in the path.
pub(crate) fn routes() -> impl MatchNestedRoutes + Clone + Send + 'static {
    Route(RouteProps::builder().path(path!("/mail/*place")).view(crate::chunk::Mail).build())
}

/// 128 random bits from the browser's generator.
fn random_id() -> [u8; 16] {
    let mut id = [0u8; 16];
    // A browser without `crypto` runs no WebAssembly and no worker either.
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut id);
    }
    id
}

/// The pane of the open message.
#[component]
fn ReaderPane() -> impl IntoView {
    let room = Room::get();
    let open = move || room.place.with(|place| place.message.is_some());
    view! {
        <div class="reader-pane">
            <Show when=open fallback=move || view! {
                <div class="reader-rest">
                    <EmptyState icon="envelope-sealed" title=move || tr("mail.reader.none")
                        text=move || tr("mail.reader.none_text")/>
                </div>
            }>
                <Reader/>
            </Show>
        </div>
    }
    .into_any()
}

/// Folders, list and reader.
#[component]
pub(crate) fn MailPage() -> impl IntoView {
    let room = use_context::<Room>().unwrap_or_else(|| {
        let room = Room::open();
        provide_context(room);
        room
    });
    let path = use_location().pathname;
    let navigate = leptos_router::hooks::use_navigate();
    Effect::new(move || match Place::of_path(&path.get()) {
        Some(place) => {
            // `/mail` alone is the inbox; the path says so, too.
            if path.with_untracked(|path| path.trim_matches('/') == "mail") {
                navigate(
                    &place.path(),
                    NavigateOptions { replace: true, scroll: false, ..Default::default() },
                );
            }
            untrack(|| room.arrive(place));
        }
        None if path.with_untracked(|path| path.starts_with("/mail")) => {
            navigate("/mail/inbox", NavigateOptions { replace: true, ..Default::default() });
        }
        // The person is leaving for another room.
        None => {}
    });
    keys::listen(room);
    crate::chunk::prepare_mail();
    let writing = Signal::derive(move || {
        room.composers.open.with(|open| !open.is_empty()) || room.asking.with(Option::is_some)
    });
    let reading = move || room.place.with(|place| place.message.is_some());
    view! {
        <div class="mail" class:is-reading=reading class:is-through=move || room.through.get()>
            <div class="mail-side">
                <Button kind=Kind::Primary icon="pen" on_click=move || room.compose_new()>
                    {move || tr("mail.new")}
                </Button>
                <folders::Folders/>
            </div>
            <list::ListPane/>
            <ReaderPane/>
        </div>
        <Composers wanted=writing/>
    }
    .into_any()
}
