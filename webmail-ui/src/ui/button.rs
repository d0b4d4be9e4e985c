//! Buttons and icons.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// How loud a button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// The one thing this place is for.
    Primary,
    /// Everything else.
    #[default]
    Plain,
    /// In a row of others; no border until pointed at.
    Quiet,
    /// Destroys something.
    Danger,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Plain => "button",
            Self::Quiet => "button button-quiet",
            Self::Danger => "button button-danger",
        }
    }
}

/// A picture from the sprite. Never alone: the words stand beside it or name its button.
#[component]
pub(crate) fn Icon(
    /// The id of the symbol in `www/icons/sprite.svg`.
    #[prop(into)]
    name: Signal<&'static str>,
) -> impl IntoView {
    let sprite = StoredValue::new(crate::shell::meta("hedgerow-sprite").unwrap_or_default());
    view! {
        <svg class="icon" aria-hidden="true" focusable="false">
            <use_ href=move || format!("{}#{}", sprite.get_value(), name.get())></use_>
        </svg>
    }
}

/// A button with words. While busy it keeps focus and does nothing.
#[component]
pub(crate) fn Button(
    /// How loud.
    #[prop(optional)]
    kind: Kind,
    /// A symbol before the words.
    #[prop(optional, into)]
    icon: Option<&'static str>,
    /// Sends the form around it.
    #[prop(optional)]
    submit: bool,
    /// Works on it: shows a spinner and takes no clicks.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Cannot be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What it does.
    #[prop(optional, into)]
    on_click: Option<Callback<()>>,
    /// Its words.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=kind.class()
            class:is-busy=busy
            disabled=disabled
            aria-disabled=move || busy.get().then_some("true")
            on:click=move |event| {
                if busy.get_untracked() {
                    event.prevent_default();
                } else if let Some(act) = on_click {
                    act.run(());
                }
            }
        >
            {move || busy.get().then(|| view! { <span class="spinner" aria-hidden="true"></span> })}
            {icon.map(|name| view! { <Icon name=name/> })}
            <span class="button-words">{children()}</span>
        </button>
    }
    .into_any()
}

/// A button with a symbol only; its words are its name and its tooltip.
#[component]
pub(crate) fn IconButton(
    /// The symbol.
    #[prop(into)]
    icon: Signal<&'static str>,
    /// The words.
    #[prop(into)]
    label: TextProp,
    /// The key that does the same, for the tooltip.
    #[prop(optional)]
    shortcut: Option<&'static str>,
    /// For buttons that stay down.
    #[prop(optional, into)]
    pressed: MaybeProp<bool>,
    /// Cannot be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What it does.
    #[prop(into)]
    on_click: Callback<()>,
) -> impl IntoView {
    let name = label.clone();
    view! {
        <button
            type="button"
            class="button button-quiet button-icon"
            aria-label=move || name.get()
            title=move || match shortcut {
                Some(key) => format!("{} ({key})", label.get()),
                None => label.get().into_owned(),
            }
            aria-keyshortcuts=shortcut
            aria-pressed=move || pressed.get().map(|down| if down { "true" } else { "false" })
            disabled=disabled
            on:click=move |_| on_click.run(())
        >
            <Icon name=icon/>
        </button>
    }
    .into_any()
}
