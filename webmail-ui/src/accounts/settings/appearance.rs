//! Language, colours, density.

use super::Section;
use crate::accounts::Me;
use crate::i18n::{self, LANGUAGES, tr};
use crate::shell::{Density, Theme};
use crate::ui::{Select, Toasts};
use leptos::prelude::*;

/// Shown at once; language and theme also travel with the account, sealed.
#[component]
pub(super) fn Appearance() -> impl IntoView {
    let me = Me::get();
    let toasts = Toasts::get();
    let theme = RwSignal::new(Theme::remembered());
    let density = RwSignal::new(Density::remembered());
    let by_browser = RwSignal::new(!i18n::is_chosen());
    let keep = move |language: Option<String>, theme: Option<String>| {
        leptos::task::spawn_local(async move {
            let kept = me
                .save_settings(|settings| {
                    if let Some(language) = &language {
                        settings.language.clone_from(language);
                    }
                    if let Some(theme) = &theme {
                        settings.theme.clone_from(theme);
                    }
                })
                .await;
            if let Err(fault) = kept {
                toasts.fault(&fault, None);
            }
        });
    };
    let option = |value: &str, key: &str| (value.to_owned(), tr(key));
    view! {
        <Section id="appearance" title="accounts.appearance" lead="accounts.appearance_lead">
            <Select
                label=move || tr("shell.language")
                value=Signal::derive(move || {
                    if by_browser.get() { String::new() } else { i18n::language().to_owned() }
                })
                options=Signal::derive(move || {
                    let mut options = vec![option("", "accounts.language_browser")];
                    options.extend(LANGUAGES.iter().map(|(tag, name)| ((*tag).to_owned(), (*name).to_owned())));
                    options
                })
                on_change=move |tag: String| {
                    let known = i18n::supported(&tag);
                    by_browser.set(known.is_none());
                    leptos::task::spawn_local(async move {
                        match known {
                            Some(tag) => i18n::choose(tag).await,
                            None => i18n::follow_browser().await,
                        }
                    });
                    keep(Some(tag), None);
                }
            />
            <Select
                label=move || tr("accounts.theme")
                value=Signal::derive(move || theme.get().as_str().to_owned())
                options=Signal::derive(move || vec![
                    option("", "accounts.theme_system"),
                    option("light", "accounts.theme_light"),
                    option("dark", "accounts.theme_dark"),
                ])
                on_change=move |name: String| {
                    theme.set(Theme::parse(&name));
                    theme.get_untracked().apply();
                    keep(None, Some(name));
                }
            />
            <Select
                label=move || tr("accounts.density")
                hint=move || tr("accounts.density_hint")
                value=Signal::derive(move || density.get().as_str().to_owned())
                options=Signal::derive(move || vec![
                    option("compact", "accounts.density_compact"),
                    option("normal", "accounts.density_normal"),
                    option("relaxed", "accounts.density_relaxed"),
                ])
                on_change=move |name: String| {
                    density.set(Density::parse(&name));
                    density.get_untracked().apply();
                }
            />
        </Section>
    }
    .into_any()
}
