//! The rooms behind the sign-in page, in a second WebAssembly chunk: a person who has not signed in yet
//! does not wait for them. `cargo xtask web` splits the module at the functions below.

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;

/// Builds a page. A plain function, so that nothing of the page itself is named before its chunk is here.
type Page = fn() -> AnyView;

#[wasm_split(rooms, preload(#[doc = "Fetches the chunk, for whoever will need it soon."] fetch))]
fn frame() -> Page {
    || crate::shell::Frame().into_any()
}

#[wasm_split(rooms)]
fn mail() -> Page {
    || crate::mail::MailPage().into_any()
}

#[wasm_split(rooms)]
fn settings() -> Page {
    || crate::accounts::settings::Settings().into_any()
}

/// Begins to load the chunk.
pub(crate) fn prepare() {
    leptos::task::spawn_local(fetch());
}

/// Shows a page once its chunk is here.
fn show(page: impl Future<Output = Page> + 'static) -> impl IntoView {
    let loaded = RwSignal::new(None::<Page>);
    leptos::task::spawn_local(async move {
        let page = page.await;
        // The person may have gone elsewhere meanwhile.
        let _ = loaded.try_set(Some(page));
    });
    move || loaded.get().map(|page| page())
}

/// The frame around the rooms.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    show(frame())
}

/// The mail room.
#[component]
pub(crate) fn Mail() -> impl IntoView {
    show(mail())
}

/// The settings.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    show(settings())
}
