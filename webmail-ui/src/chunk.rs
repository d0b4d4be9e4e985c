//! What is loaded when it is needed: the rooms behind the sign-in page, and in them what is not yet the
//! list of messages. `cargo xtask web` splits the module at the functions below, a chunk for each name.

use crate::api::pause;
use crate::ui::Spinner;
use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

/// Builds a part of the page. A plain function, so that nothing of the part is named before its chunk is here.
type Part = fn() -> AnyView;
type Loaded = Result<Part, SplitLoaderError>;

/// Between two tries to load a chunk when the server does not answer.
const PAUSE_MS: u32 = 2_000;
/// The list comes first; what opening and writing need follows this much later.
const LATER_MS: u32 = 1_500;

#[wasm_split(rooms, fallible, preload(fetch_rooms))]
fn frame() -> Loaded {
    Ok(|| crate::shell::Frame().into_any())
}

#[wasm_split(rooms, fallible)]
fn mail() -> Loaded {
    Ok(|| crate::mail::MailPage().into_any())
}

#[wasm_split(later, fallible, preload(fetch_later))]
fn reader() -> Loaded {
    Ok(|| crate::mail::reader::Reader().into_any())
}

#[wasm_split(later, fallible)]
fn composers() -> Loaded {
    Ok(|| (crate::mail::composer::Dock(), crate::mail::dialogs::Dialogs()).into_any())
}

#[wasm_split(later, fallible)]
fn settings() -> Loaded {
    Ok(|| crate::accounts::settings::Settings().into_any())
}

#[wasm_split(joining, fallible)]
fn sign_up() -> Loaded {
    Ok(|| crate::accounts::signup::SignUp().into_any())
}

#[wasm_split(joining, fallible)]
fn recover() -> Loaded {
    Ok(|| crate::accounts::recover::Recover().into_any())
}

/// Begins to load the rooms, while the person types.
pub(crate) fn prepare_rooms() {
    leptos::task::spawn_local(async {
        // Whoever enters them tries again.
        let _ = fetch_rooms().await;
    });
}

/// Begins to load what reading and writing need, once the list is there.
pub(crate) fn prepare_mail() {
    leptos::task::spawn_local(async {
        pause(LATER_MS).await;
        let _ = fetch_later().await;
    });
}

/// Shows a part once its chunk is here; without the server it is asked for again and again.
fn show<F: Future<Output = Loaded> + 'static>(part: fn() -> F) -> impl IntoView {
    let loaded = RwSignal::new(None::<Part>);
    leptos::task::spawn_local(async move {
        let part = loop {
            match part().await {
                Ok(part) => break part,
                Err(_) => pause(PAUSE_MS).await,
            }
        };
        // The person may have gone elsewhere meanwhile.
        let _ = loaded.try_set(Some(part));
    });
    move || match loaded.get() {
        Some(part) => part(),
        None => view! { <Spinner label=move || crate::i18n::tr("ui.loading")/> }.into_any(),
    }
}

/// The frame around the rooms.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    show(frame)
}

/// The mail room.
#[component]
pub(crate) fn Mail() -> impl IntoView {
    show(mail)
}

/// The open message.
#[component]
pub(crate) fn Reader() -> impl IntoView {
    show(reader)
}

/// The mails being written, and the questions asked.
#[component]
pub(crate) fn Composers(
    /// Whether there is one; from then on the chunk stays.
    #[prop(into)]
    wanted: Signal<bool>,
) -> impl IntoView {
    let ever = Memo::new(move |before| before == Some(&true) || wanted.get());
    move || ever.get().then(|| show(composers))
}

/// The settings.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    show(settings)
}

/// Making an account.
#[component]
pub(crate) fn SignUp() -> impl IntoView {
    show(sign_up)
}

/// Getting back into an account.
#[component]
pub(crate) fn Recover() -> impl IntoView {
    show(recover)
}
