//! What the page says between its controls: banners, empty places, waiting, faults.

use super::{Button, Icon, Kind};
use crate::api::Fault;
use crate::i18n::faults::{self, Remedy};
use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    /// For knowing.
    #[default]
    Info,
    /// All went well.
    Ok,
    /// Be careful.
    Warn,
    /// Something is wrong.
    Danger,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Info => "note note-info",
            Self::Ok => "note note-ok",
            Self::Warn => "note note-warn",
            Self::Danger => "note note-danger",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Ok => "check",
            Self::Warn | Self::Danger => "alert",
        }
    }
}

/// A note in the flow of the page.
#[component]
pub(crate) fn Banner(
    /// What it is about.
    #[prop(optional)]
    tone: Tone,
    /// Its words and, perhaps, a button.
    children: Children,
) -> impl IntoView {
    view! {
        <div class=tone.class()>
            <Icon name=tone.icon()/>
            <div class="note-words">{children()}</div>
        </div>
    }
    .into_any()
}

/// A fault in words, with its remedy on a button. Spoken at once. Shows nothing while there is none.
#[component]
pub(crate) fn FaultNote(
    /// The fault.
    #[prop(into)]
    fault: Signal<Option<Fault>>,
    /// What "Try again" does; without it the button is left out.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    view! {
        <div role="alert" class="fault">
            {move || {
                fault
                    .get()
                    .map(|fault| {
                        let remedy = faults::remedy(&fault);
                        let act: Option<Callback<()>> = match remedy {
                            Remedy::Retry => retry,
                            Remedy::Reload => Some(Callback::new(|()| crate::shell::reload())),
                            Remedy::SignIn => Some(Callback::new(|()| crate::shell::go("/login"))),
                            Remedy::None => None,
                        };
                        view! {
                            <Banner tone=Tone::Danger>
                                <p>{faults::words(&fault)}</p>
                                {act.zip(remedy.label()).map(|(act, label)| {
                                    view! { <Button kind=Kind::Plain on_click=act>{label}</Button> }
                                })}
                            </Banner>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// A place with nothing in it: says so, and teaches one action.
#[component]
pub(crate) fn EmptyState(
    /// A symbol.
    icon: &'static str,
    /// The one line.
    #[prop(into)]
    title: TextProp,
    /// A sentence more.
    #[prop(optional, into)]
    text: Option<TextProp>,
    /// The one action.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-picture"><Icon name=icon/></span>
            <p class="empty-title">{move || title.get()}</p>
            {text.map(|text| view! { <p class="empty-text">{move || text.get()}</p> })}
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// Something is on its way; the words say what.
#[component]
pub(crate) fn Spinner(
    /// What is waited for.
    #[prop(into)]
    label: TextProp,
) -> impl IntoView {
    view! {
        <p class="waiting" role="status">
            <span class="spinner" aria-hidden="true"></span>
            <span>{move || label.get()}</span>
        </p>
    }
    .into_any()
}

/// A bar for work that takes seconds. Without a fraction it only moves.
#[component]
pub(crate) fn ProgressLine(
    /// What is being done.
    #[prop(into)]
    label: TextProp,
    /// How much of it is done, 0 to 1.
    #[prop(optional, into)]
    fraction: MaybeProp<f64>,
) -> impl IntoView {
    let id = super::fresh_id("progress");
    view! {
        <div class="progress">
            <p id=id.clone() class="progress-words" aria-live="polite">{move || label.get()}</p>
            <progress aria-labelledby=id max="1" value=move || fraction.get().map(|part| part.to_string())></progress>
        </div>
    }
    .into_any()
}
