//! Passing messages. The two live regions of the page are here: one polite, one assertive.

use super::{Button, IconButton, Kind};
use crate::api::Fault;
use crate::i18n::faults::{self, Remedy};
use crate::i18n::tr;
use leptos::prelude::*;

/// How long a message without anything at stake stays.
const PASSING_MS: u32 = 6_000;
/// How long there is to take something back.
const UNDO_MS: u32 = 12_000;

/// A message on the page.
#[derive(Debug, Clone)]
struct Toast {
    id: u32,
    words: String,
    assertive: bool,
    action: Option<(String, Callback<()>)>,
}

/// The messages shown now; a handle in the context of the whole app.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// No messages.
    pub(crate) fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0) }
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Says something in passing.
    pub(crate) fn say(&self, words: impl Into<String>) {
        self.add(words.into(), false, None, Some(PASSING_MS));
    }

    /// Says something and offers one act, such as "Undo".
    pub(crate) fn offer(
        &self,
        words: impl Into<String>,
        label: impl Into<String>,
        act: impl Fn() + Send + Sync + 'static,
    ) {
        let act = Callback::new(move |()| act());
        self.add(words.into(), false, Some((label.into(), act)), Some(UNDO_MS));
    }

    /// Says that something failed; stays until dismissed. `retry` is offered if it may help.
    pub(crate) fn fault(&self, fault: &Fault, retry: Option<Callback<()>>) {
        let remedy = faults::remedy(fault);
        let act = match remedy {
            Remedy::Retry => retry,
            Remedy::Reload => Some(Callback::new(|()| crate::shell::reload())),
            Remedy::SignIn | Remedy::None => None,
        };
        self.add(faults::words(fault), true, remedy.label().zip(act), None);
    }

    /// Says that something did not go as wanted; stays until dismissed.
    pub(crate) fn warn(&self, words: impl Into<String>) {
        self.add(words.into(), true, None, None);
    }

    /// Takes every message away.
    pub(crate) fn clear(&self) {
        self.shown.update(Vec::clear);
    }

    fn add(
        &self,
        words: String,
        assertive: bool,
        action: Option<(String, Callback<()>)>,
        stays_ms: Option<u32>,
    ) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.shown.update(|shown| {
            shown.retain(|toast| toast.words != words);
            shown.push(Toast { id, words, assertive, action });
        });
        if let Some(stays_ms) = stays_ms {
            let toasts = *self;
            leptos::task::spawn_local(async move {
                crate::api::pause(stays_ms).await;
                toasts.dismiss(id);
            });
        }
    }

    fn dismiss(&self, id: u32) {
        // The app may be gone when the time is over.
        let _ = self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// Where the messages appear.
#[component]
pub(crate) fn ToastRegion() -> impl IntoView {
    let toasts = Toasts::get();
    let row = move |toast: Toast| {
        let id = toast.id;
        view! {
            <div class="toast" class:toast-danger=toast.assertive>
                <p>{toast.words}</p>
                {toast.action.map(|(label, act)| view! {
                    <Button kind=Kind::Quiet on_click=move || { toasts.dismiss(id); act.run(()); }>{label}</Button>
                })}
                <IconButton icon="close" label=move || tr("ui.dismiss") on_click=move || toasts.dismiss(id)/>
            </div>
        }
    };
    let of = move |assertive: bool| {
        toasts.shown.get().into_iter().filter(|toast| toast.assertive == assertive).collect::<Vec<_>>()
    };
    view! {
        <div class="toasts">
            <div role="alert">
                <For each=move || of(true) key=|toast| toast.id children=row/>
            </div>
            <div role="status">
                <For each=move || of(false) key=|toast| toast.id children=row/>
            </div>
        </div>
    }
    .into_any()
}
