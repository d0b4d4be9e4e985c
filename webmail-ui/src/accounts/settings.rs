//! `/settings`

mod appearance;
mod passphrase;
mod recovery;
mod sessions;
mod you;

use crate::i18n::tr;
use crate::shell::Heading;
use leptos::prelude::*;

/// The settings, one section under the other.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    view! {
        <div class="settings">
            <Heading title=move || tr("shell.settings")/>
            <appearance::Appearance/>
            <you::You/>
            <passphrase::ChangePassphrase/>
            <sessions::Sessions/>
            <recovery::Recovery/>
            <you::Holdings/>
        </div>
    }
    .into_any()
}

/// A section with its heading.
#[component]
fn Section(
    /// Its id, for links to it.
    id: &'static str,
    /// The key of its heading.
    title: &'static str,
    /// The key of a sentence under the heading.
    #[prop(optional)]
    lead: Option<&'static str>,
    /// What stands in it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="settings-section" id=id aria-labelledby=format!("{id}-title")>
            <div class="settings-words">
                <h2 id=format!("{id}-title")>{move || tr(title)}</h2>
                {lead.map(|key| view! { <p>{move || tr(key)}</p> })}
            </div>
            <div class="settings-controls">{children()}</div>
        </section>
    }
    .into_any()
}
