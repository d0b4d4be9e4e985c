//! Pages outside the rooms (sign-in and the like), and the heading every page has.

use crate::i18n::{self, LANGUAGES, tr};
use crate::ui::{EmptyState, Icon, Select};
use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use std::cell::Cell;

thread_local! {
    static FIRST: Cell<bool> = const { Cell::new(true) };
}

/// Whether this page is the one the person arrived on. A screen reader reads that one by itself.
pub(crate) fn is_first() -> bool {
    FIRST.get()
}

/// The one `h1` of a page. Sets the title of the window and, after navigation, takes the focus.
#[component]
pub(crate) fn Heading(
    /// Its words.
    #[prop(into)]
    title: TextProp,
    /// Leaves the focus where it is.
    #[prop(optional)]
    keep_focus: bool,
    /// Is read, not seen.
    #[prop(optional)]
    hidden: bool,
) -> impl IntoView {
    let node = NodeRef::<html::H1>::new();
    let words = title.clone();
    super::set_title(move || words.get().into_owned());
    let first = FIRST.replace(false);
    Effect::new(move || {
        if let Some(heading) = node.get()
            && !first
            && !keep_focus
        {
            let _ = heading.focus();
        }
    });
    view! { <h1 node_ref=node tabindex="-1" class:visually-hidden=hidden>{move || title.get()}</h1> }
        .into_any()
}

/// The link that jumps over the navigation.
#[component]
pub(crate) fn SkipLink() -> impl IntoView {
    view! {
        <a
            class="skip"
            href="#content"
            on:click=|event| {
                // The router would take the fragment for a navigation.
                event.prevent_default();
                event.stop_propagation();
                super::focus("content");
            }
        >
            {move || tr("shell.skip")}
        </a>
    }
}

/// A page of one column.
#[component]
pub(crate) fn PublicPage(
    /// Its heading.
    #[prop(into)]
    title: TextProp,
    /// A sentence under the heading.
    #[prop(optional, into)]
    lead: Option<TextProp>,
    /// Leaves the focus where it is.
    #[prop(optional)]
    keep_focus: bool,
    /// Wider than a form.
    #[prop(optional)]
    wide: bool,
    /// What stands on it.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="public">
            <SkipLink/>
            <header class="public-head">
                <span class="brand"><Icon name="hedgerow"/>"Hedgerow"</span>
            </header>
            <main id="content" tabindex="-1" class="public-main" class:is-wide=wide>
                <Heading title=title keep_focus=keep_focus/>
                {lead.map(|lead| view! { <p class="lead">{move || lead.get()}</p> })}
                {children()}
            </main>
            <footer class="public-foot">
                <LanguageSelect/>
                <p>{move || tr("shell.promise")}</p>
            </footer>
        </div>
    }
    .into_any()
}

/// Chooses the language; shown at once, remembered on this device.
#[component]
pub(crate) fn LanguageSelect() -> impl IntoView {
    view! {
        <Select
            label=move || tr("shell.language")
            value=Signal::derive(|| i18n::language().to_owned())
            options=Signal::derive(|| {
                LANGUAGES.iter().map(|(tag, name)| ((*tag).to_owned(), (*name).to_owned())).collect()
            })
            on_change=|tag: String| {
                if let Some(tag) = i18n::supported(&tag) {
                    leptos::task::spawn_local(i18n::choose(tag));
                }
            }
        />
    }
}

/// There is no such page.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <PublicPage title=move || tr("shell.not_found")>
            <EmptyState icon="search" title=move || tr("shell.not_found_text")>
                <a class="button button-primary" href="/">{move || tr("shell.home")}</a>
            </EmptyState>
        </PublicPage>
    }
    .into_any()
}
