//! Every word the page may say is there, in every language, with its parameters and plurals.

use super::LANGUAGES;
use super::faults::core_key;
use model::error::CoreErrorCode as C;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wire::error::ErrorCode;

const CORE: [C; 20] = [
    C::WrongPassphrase,
    C::PassphraseTooShort,
    C::MalformedPhrase,
    C::WrongPhrase,
    C::Locked,
    C::OutOfOrder,
    C::UnknownSuite,
    C::Malformed,
    C::Tampered,
    C::RolledBack,
    C::KeySubstituted,
    C::UnusableCertificate,
    C::CertificateChanged,
    C::NoKeyForMessage,
    C::NoIntegrity,
    C::TooLarge,
    C::MalformedMail,
    C::MalformedAddress,
    C::NoSuchAttachment,
    C::Internal,
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn words(tag: &str) -> Option<Map<String, Value>> {
    let text = std::fs::read_to_string(root().join(format!("../www/i18n/{tag}.json"))).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{tag}.json: {error}")))
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Object(forms) => forms.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn parameters(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

/// The plural categories `Intl.PluralRules` uses for whole numbers in each language.
fn categories(tag: &str) -> &'static [&'static str] {
    match tag {
        "ru" => &["one", "few", "many", "other"],
        "es" | "fr" | "it" | "pt" => &["one", "many", "other"],
        _ => &["one", "other"],
    }
}

#[test]
fn every_code_has_words() {
    let en = words("en").unwrap();
    for code in ErrorCode::ALL {
        let key = format!("errors.api.{}", code.as_str());
        assert!(en.contains_key(&key), "{key}");
    }
    for code in CORE {
        let key = format!("errors.core.{}", core_key(code));
        assert!(en.contains_key(&key), "{key}");
        let json = serde_json::to_value(code).unwrap();
        assert_eq!(json.as_str(), Some(core_key(code)));
    }
}

#[test]
fn every_key_in_the_sources_has_words() {
    let en = words("en").unwrap();
    let mut missing = BTreeSet::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for literal in text.split('"').skip(1).step_by(1) {
                let is_key = ["shell.", "ui.", "accounts.", "errors.", "mail."]
                    .iter()
                    .any(|room| literal.strip_prefix(room).is_some_and(|rest| !rest.is_empty()))
                    && literal
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c))
                    && !literal.ends_with('.');
                if is_key && !en.contains_key(literal) {
                    missing.insert(literal.to_owned());
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_language_says_the_same() {
    let en = words("en").unwrap();
    for (tag, _) in LANGUAGES {
        let table = words(tag).unwrap_or_else(|| panic!("www/i18n/{tag}.json is missing"));
        let missing: Vec<_> = en.keys().filter(|key| !table.contains_key(*key)).collect();
        let surplus: Vec<_> = table.keys().filter(|key| !en.contains_key(*key)).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{tag}: missing {missing:#?}, surplus {surplus:#?}"
        );
        for (key, value) in &table {
            let model = &en[key];
            assert_eq!(value.is_object(), model.is_object(), "{tag} {key}");
            let wanted: BTreeSet<_> = texts(model).into_iter().flat_map(parameters).collect();
            for text in texts(value) {
                assert!(!text.trim().is_empty(), "{tag} {key} is empty");
                let used = parameters(text);
                // "one" may be written out in words.
                let fits = used.is_subset(&wanted) && (value.is_object() || used.len() == wanted.len());
                assert!(fits, "{tag} {key}: {text}");
            }
            if let Some(forms) = value.as_object() {
                for category in forms.keys() {
                    assert!(categories(tag).contains(&category.as_str()), "{tag} {key} {category}");
                }
                assert!(forms.contains_key("other"), "{tag} {key} needs \"other\"");
                if tag == "ru" {
                    assert!(forms.contains_key("few") && forms.contains_key("many"), "ru {key}");
                }
            }
        }
    }
}
