//! The words. One JSON file for each language, fetched; plurals and dates by the browser's `Intl`.
//!
//! A file is flat: a key leads to a text with `{name}` parameters, or to an object of such texts by CLDR
//! plural category, chosen by the parameter `count`. [`tr`] and [`t!`](crate::i18n::t) are reactive on the
//! language.

pub mod faults;
mod format;
#[cfg(test)]
mod words_tests;

pub use format::{day, list, long_date, number, short_date, size};

use crate::shell;
use js_sys::{Array, Intl, Object, Reflect};
use leptos::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};

/// Every language, by tag and in its own words.
pub const LANGUAGES: [(&str, &str); 8] = [
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pt", "Português"),
    ("ru", "Русский"),
];

/// Where the choice of a person who is not signed in is kept.
const CHOSEN: &str = "hedgerow.language";

struct Words {
    tag: &'static str,
    table: JsValue,
    plural: Intl::PluralRules,
}

thread_local! {
    static WORDS: RefCell<Option<Words>> = const { RefCell::new(None) };
    static LANGUAGE: ArcRwSignal<&'static str> = ArcRwSignal::new("");
}

/// The tag of the language shown; empty until the first one is loaded. Reactive.
pub fn language() -> &'static str {
    LANGUAGE.with(|language| language.get())
}

/// The supported tag that fits a BCP 47 tag best.
pub fn supported(tag: &str) -> Option<&'static str> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.iter().map(|(tag, _)| *tag).find(|known| known.eq_ignore_ascii_case(primary))
}

/// The language chosen on this device, else the browser's first supported one, else English.
pub fn preferred() -> &'static str {
    if let Some(tag) = shell::remembered(CHOSEN).as_deref().and_then(supported) {
        return tag;
    }
    let wished = window().navigator().languages();
    wished.iter().filter_map(|tag| tag.as_string()).find_map(|tag| supported(&tag)).unwrap_or("en")
}

/// Loads a language and shows it at once; English if its file cannot be had. Whether any words are there.
pub async fn load(tag: &'static str) -> bool {
    let mut found = None;
    for tag in [tag, "en"] {
        if let Some(table) = fetch(tag).await {
            found = Some((tag, table));
            break;
        }
    }
    let Some((tag, table)) = found else { return WORDS.with_borrow(Option::is_some) };
    let plural = Intl::PluralRules::new(&locales(tag), &Object::new());
    WORDS.set(Some(Words { tag, table, plural }));
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", tag);
    }
    LANGUAGE.with(|language| language.set(tag));
    true
}

/// Remembers a choice on this device and shows it.
pub async fn choose(tag: &'static str) {
    shell::remember(CHOSEN, tag);
    load(tag).await;
}

/// Forgets the choice and follows the browser.
pub async fn follow_browser() {
    shell::forget(CHOSEN);
    load(preferred()).await;
}

/// Whether this device has a choice of its own.
pub fn is_chosen() -> bool {
    shell::remembered(CHOSEN).is_some()
}

async fn fetch(tag: &str) -> Option<JsValue> {
    // boot.js asked for the first language before this module was there.
    if let Ok(begun) = Reflect::get(&window(), &JsValue::from_str("hedgerow")) {
        let same = Reflect::get(&begun, &JsValue::from_str("language")).ok().and_then(|v| v.as_string());
        if same.as_deref() == Some(tag)
            && let Ok(promise) = Reflect::get(&begun, &JsValue::from_str("words"))
            && let Ok(promise) = promise.dyn_into::<js_sys::Promise>()
            && let Ok(table) = wasm_bindgen_futures::JsFuture::from(promise).await
            && table.is_object()
        {
            return Some(table);
        }
    }
    let files = shell::meta("hedgerow-i18n")?;
    let url = files.split(' ').filter_map(|pair| pair.split_once('=')).find(|(of, _)| *of == tag)?.1;
    let response = gloo::net::http::Request::get(url).send().await.ok().filter(|r| r.ok())?;
    let raw: web_sys::Response = response.into();
    wasm_bindgen_futures::JsFuture::from(raw.json().ok()?).await.ok().filter(JsValue::is_object)
}

fn locales(tag: &str) -> Array {
    Array::of1(&JsValue::from_str(tag))
}

/// The locale for `Intl`: the browser's own variant of the language shown, if it has one ("en-GB").
pub(crate) fn locale() -> Array {
    let tag = language();
    let own = window().navigator().languages();
    let variant = own.iter().filter_map(|v| v.as_string()).find(|wished| supported(wished) == Some(tag));
    locales(variant.as_deref().unwrap_or(if tag.is_empty() { "en" } else { tag }))
}

/// The words for a key. Reactive. An unknown key comes back as it is.
pub fn tr(key: &str) -> String {
    say(key, &[])
}

/// The words for a key, with parameters. Use it through [`t!`](crate::i18n::t). Reactive.
pub fn say(key: &str, parameters: &[(&str, String)]) -> String {
    language();
    let template = WORDS.with_borrow(|words| {
        let words = words.as_ref()?;
        let entry = Reflect::get(&words.table, &JsValue::from_str(key)).ok()?;
        if let Some(text) = entry.as_string() {
            return Some(text);
        }
        let count = parameters.iter().find(|(name, _)| *name == "count")?.1.parse().unwrap_or(0.0);
        let category = words.plural.select(count);
        [JsValue::from(category), JsValue::from_str("other")]
            .iter()
            .find_map(|category| Reflect::get(&entry, category).ok()?.as_string())
    });
    match template {
        Some(template) => fill(&template, parameters),
        None => key.to_owned(),
    }
}

/// Words that are found when they are shown: what stands on the page follows a change of the language.
#[derive(Clone)]
pub struct Sentence(Arc<dyn Fn() -> String + Send + Sync>);

impl Sentence {
    /// What `words` says, which may read the language.
    pub fn new(words: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(words))
    }

    /// The words now. Reactive.
    pub fn words(&self) -> String {
        (self.0)()
    }
}

impl From<&'static str> for Sentence {
    /// The words for a key.
    fn from(key: &'static str) -> Self {
        Self::new(move || tr(key))
    }
}

impl From<crate::api::Fault> for Sentence {
    fn from(fault: crate::api::Fault) -> Self {
        Self::new(move || faults::words(&fault))
    }
}

impl core::fmt::Debug for Sentence {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sentence(…)")
    }
}

/// Whether a key has words in the language shown.
pub fn knows(key: &str) -> bool {
    language();
    WORDS.with_borrow(|words| {
        words.as_ref().is_some_and(|words| {
            Reflect::get(&words.table, &JsValue::from_str(key)).is_ok_and(|entry| !entry.is_undefined())
        })
    })
}

/// The tag of the words loaded, without tracking.
pub fn loaded() -> Option<&'static str> {
    WORDS.with_borrow(|words| words.as_ref().map(|words| words.tag))
}

/// Replaces `{name}` in one pass, so that a value is never read as a template.
fn fill(template: &str, parameters: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let known = behind.split_once('}').and_then(|(name, after)| {
            parameters.iter().find(|(known, _)| *known == name).map(|(name, value)| (*name, value, after))
        });
        match known {
            Some((name, value, after)) => {
                match value.parse::<f64>() {
                    Ok(count) if name == "count" => out.push_str(&number(count)),
                    _ => out.push_str(value),
                }
                rest = after;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `t!("accounts.check_word", number = 3)`: the words for a key with parameters. Reactive.
macro_rules! t {
    ($key:expr) => { $crate::i18n::tr($key) };
    ($key:expr, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::say($key, &[$((stringify!($name), ($value).to_string())),+])
    };
}
pub(crate) use t;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_once() {
        let with = [("name", "{name} {x}".to_owned()), ("x", "1".to_owned())];
        assert_eq!(fill("a {name} b {x} c {y} d { e", &with), "a {name} {x} b 1 c {y} d { e");
    }

    #[test]
    fn tags_are_matched_by_language() {
        assert_eq!(supported("de-AT"), Some("de"));
        assert_eq!(supported("PT_br"), Some("pt"));
        assert_eq!(supported("ja"), None);
    }
}
