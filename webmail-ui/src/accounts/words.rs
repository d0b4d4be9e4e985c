//! The recovery phrase, shown once.

use crate::i18n::{t, tr};
use crate::shell::{self, PublicPage};
use crate::ui::{Banner, Button, Field, Kind, Toasts, Tone};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wire::plaintext::Address;

/// How many words the check asks for.
const ASKED: usize = 3;

/// The 24 words, ways to keep them, and an offer to check them.
#[component]
pub(crate) fn RecoveryWords(
    /// Whose.
    address: Address,
    /// The words.
    words: Vec<String>,
) -> impl IntoView {
    let navigate = use_navigate();
    let sheet = words.clone();
    let words = StoredValue::new(words);
    view! {
        <PublicPage
            title=move || tr("accounts.recovery_phrase")
            lead=move || tr("accounts.words_lead")
            wide=true
        >
            <WordSheet address=address.to_string() words=sheet/>
            <Banner tone=Tone::Warn>
                <p>{move || tr("accounts.words_once")}</p>
            </Banner>
            <Check words=words/>
            <div class="button-row">
                <Button
                    kind=Kind::Primary
                    on_click=move || navigate("/mail", NavigateOptions { replace: true, ..Default::default() })
                >
                    {move || tr("accounts.words_saved")}
                </Button>
            </div>
        </PublicPage>
    }
    .into_any()
}

/// The 24 words as a list, and ways to keep them.
#[component]
pub(crate) fn WordSheet(
    /// Whose.
    address: String,
    /// The words.
    words: Vec<String>,
) -> impl IntoView {
    let toasts = Toasts::get();
    let words = StoredValue::new(words);
    let name = StoredValue::new(address);
    let copy = move || {
        let promise = window().navigator().clipboard().write_text(&words.get_value().join(" "));
        leptos::task::spawn_local(async move {
            match wasm_bindgen_futures::JsFuture::from(promise).await {
                Ok(_) => toasts.say(tr("accounts.words_copied")),
                Err(_) => toasts.say(tr("accounts.words_not_copied")),
            }
        });
    };
    let print = || {
        // Refused in frames without that right only.
        let _ = window().print();
    };
    let save = move || {
        let text = kit(&name.get_value(), &words.get_value());
        shell::save_file("hedgerow-recovery-kit.txt", "text/plain;charset=utf-8", text.as_bytes());
    };
    view! {
        <div class="kit-sheet">
            <p class="kit-only">{move || t!("accounts.kit_head", address = name.get_value())}</p>
            <ol class="recovery-words" role="list" aria-label=move || tr("accounts.recovery_phrase")>
                {words.get_value().into_iter().map(|word| view! { <li translate="no">{word}</li> }).collect_view()}
            </ol>
            <p class="kit-only">{move || tr("accounts.kit_foot")}</p>
        </div>
        <div class="button-row">
            <Button icon="copy" on_click=copy>{move || tr("accounts.words_copy")}</Button>
            <Button icon="print" on_click=print>{move || tr("accounts.words_print")}</Button>
            <Button icon="download" on_click=save>{move || tr("accounts.words_save")}</Button>
        </div>
    }
    .into_any()
}

/// Asks for three of the words. Offered, not forced.
#[component]
fn Check(words: StoredValue<Vec<String>>) -> impl IntoView {
    let asked = pick(words.with_value(Vec::len), js_sys::Math::random);
    let fields: Vec<_> = asked.into_iter().map(|at| (at, RwSignal::new(String::new()))).collect();
    let fields = StoredValue::new(fields);
    let outcome = RwSignal::new(None::<bool>);
    let check = move || {
        let right = fields.get_value().into_iter().all(|(at, typed)| {
            words.with_value(|words| {
                words.get(at).is_some_and(|word| *word == typed.get_untracked().trim().to_lowercase())
            })
        });
        outcome.set(Some(right));
    };
    view! {
        <details class="disclosure">
            <summary>{move || tr("accounts.check_title")}</summary>
            <form
                class="form form-inline"
                novalidate
                on:submit=move |event| {
                    event.prevent_default();
                    check();
                }
            >
                {fields
                    .get_value()
                    .into_iter()
                    .map(|(at, typed)| {
                        view! { <Field label=move || t!("accounts.check_word", number = at + 1) value=typed/> }
                    })
                    .collect_view()}
                <Button submit=true>{move || tr("accounts.check")}</Button>
            </form>
            <div role="status" class="outcome">
                {move || outcome.get().map(|right| {
                    let (tone, key) =
                        if right { (Tone::Ok, "accounts.check_right") } else { (Tone::Warn, "accounts.check_wrong") };
                    view! { <Banner tone=tone><p>{tr(key)}</p></Banner> }
                })}
            </div>
        </details>
    }
    .into_any()
}

/// Three different places, in order.
fn pick(of: usize, mut random: impl FnMut() -> f64) -> Vec<usize> {
    let mut places = Vec::new();
    while places.len() < ASKED.min(of) {
        let place = ((random() * of as f64) as usize).min(of.saturating_sub(1));
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.sort_unstable();
    places
}

/// The kit as a text file.
fn kit(address: &str, words: &[String]) -> String {
    let mut text = t!("accounts.kit_head", address = address);
    text.push_str("\n\n");
    for (at, word) in words.iter().enumerate() {
        text.push_str(&format!("{:>2}  {word}\n", at + 1));
    }
    text.push('\n');
    text.push_str(&tr("accounts.kit_foot"));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn places_are_three_and_in_order() {
        let mut draws = [0.99, 0.0, 0.0, 0.5].into_iter();
        assert_eq!(pick(24, || draws.next().unwrap()), [0, 12, 23]);
        assert_eq!(
            pick(2, {
                let mut x = 0.6;
                move || {
                    x = 0.6 - x;
                    x
                }
            }),
            [0, 1]
        );
        assert_eq!(
            pick(24, {
                let mut at = 0.0;
                move || {
                    at += 0.4;
                    if at > 1.0 {
                        at = 1.0
                    }
                    at
                }
            })
            .len(),
            3
        );
    }
}
