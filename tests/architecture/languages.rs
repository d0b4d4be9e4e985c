//! Rule 10: eight languages, the same words in each, and the names that tests from outside rely on.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const LANGUAGES: [&str; 8] = ["en", "de", "es", "fr", "it", "nl", "pt", "ru"];

/// CLDR cardinal categories, as `Intl.PluralRules` gives them out for whole numbers.
fn categories(language: &str) -> &'static [&'static str] {
    match language {
        "en" | "de" | "nl" => &["one", "other"],
        "ru" => &["few", "many", "one", "other"],
        _ => &["many", "one", "other"],
    }
}

fn words(language: &str) -> Result<Map<String, Value>> {
    let path = tests::sources::root().join(format!("www/i18n/{language}.json"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("www/i18n/{language}.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// The `{parameters}` of a text or of the forms of a plural.
fn parameters(value: &Value) -> BTreeSet<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(forms) => forms.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_language_has_every_word() -> Result<()> {
    let english = words("en")?;
    ensure!(english.len() > 50, "only {} words in English", english.len());
    let mut wrong = Vec::new();
    for language in LANGUAGES {
        let there = words(language)?;
        for (key, value) in &english {
            match there.get(key) {
                None => wrong.push(format!("{language}: {key} is missing")),
                Some(other) if parameters(other) != parameters(value) => {
                    wrong.push(format!("{language}: {key} has other parameters"));
                }
                Some(other) if other.is_object() != value.is_object() => {
                    wrong.push(format!("{language}: {key} is a plural in one and not in the other"));
                }
                Some(Value::String(text)) if text.trim().is_empty() => {
                    wrong.push(format!("{language}: {key} is empty"));
                }
                Some(_) => {}
            }
        }
        wrong.extend(
            there
                .keys()
                .filter(|key| !english.contains_key(*key))
                .map(|key| format!("{language}: {key} is not in English")),
        );
    }
    ensure!(wrong.is_empty(), "{} faults:\n  {}", wrong.len(), wrong.join("\n  "));
    Ok(())
}

#[test]
fn plurals_have_the_categories_of_their_language() -> Result<()> {
    for language in LANGUAGES {
        for (key, value) in words(language)? {
            if let Value::Object(forms) = value {
                let mut names: Vec<&str> = forms.keys().map(String::as_str).collect();
                names.sort_unstable();
                ensure!(names == categories(language), "{language}: {key} has the forms {names:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn languages_are_really_translated() -> Result<()> {
    // Words that are the same in a language are rare; a file full of English is a copy.
    let english = words("en")?;
    for language in LANGUAGES.into_iter().skip(1) {
        let there = words(language)?;
        let same = english.iter().filter(|(key, value)| there.get(*key) == Some(value)).count();
        ensure!(same * 10 < english.len(), "{language}: {same} of {} entries are English", english.len());
    }
    Ok(())
}

/// Accessible names that tests from outside drive the product by (DESIGN, section 8).
const NAMES: &[&str] = &[
    "Address",
    "Passphrase",
    "Repeat passphrase",
    "Create account",
    "Recovery phrase",
    "I have saved it",
    "Sign in",
    "Forgot passphrase",
    "New passphrase",
    "Recover account",
    "New message",
    "To",
    "Subject",
    "Message",
    "Attach file",
    "Folders",
    "Messages",
    "Reply",
    "Forward",
    "Archive",
    "Delete",
    "Search mail",
    "Account",
    "Settings",
    "Lock",
    "Sign out",
    "Change passphrase",
    "Current passphrase",
    "Save",
];

#[test]
fn the_english_names_are_the_contract() -> Result<()> {
    let english = words("en")?;
    let texts: BTreeSet<&str> = english.values().filter_map(Value::as_str).collect();
    let missing: Vec<_> = NAMES.iter().filter(|name| !texts.contains(**name)).collect();
    ensure!(missing.is_empty(), "not among the English words: {missing:?}");
    ensure!(texts.iter().any(|text| text.starts_with("Send")), "no button begins with Send");
    Ok(())
}

/// Literal keys in the page's code: `tr("…")`, `t!("…")` and the like.
fn keys_in(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for opening in ["tr(\"", "t!(\"", "say(\"", "knows(\""] {
        for (at, _) in line.match_indices(opening) {
            let before = line.get(..at).and_then(|before| before.chars().last());
            let whole = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
            found.extend(
                line.get(at + opening.len()..).and_then(|rest| rest.split('"').next()).filter(|_| whole),
            );
        }
    }
    found
}

#[test]
fn every_key_the_page_uses_has_words() -> Result<()> {
    let english = words("en")?;
    let mut missing = BTreeSet::new();
    let mut used = 0;
    for source in tests::sources::under("webmail-ui/src", "rs")? {
        for (_, line) in source.code() {
            for key in keys_in(line).into_iter().filter(|key| !key.ends_with('.')) {
                used += 1;
                if !english.contains_key(key) {
                    missing.insert(format!("{key} ({})", source.path));
                }
            }
        }
    }
    ensure!(used > 50, "only {used} keys found in the page's code");
    for code in wire::error::ErrorCode::ALL {
        let key = format!("errors.api.{}", code.as_str());
        if !english.contains_key(&key) {
            missing.insert(key);
        }
    }
    let missing: Vec<String> = missing.into_iter().collect();
    ensure!(missing.is_empty(), "keys without words:\n  {}", missing.join("\n  "));
    Ok(())
}
