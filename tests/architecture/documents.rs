//! Rule 11: documents speak of files that exist.

use anyhow::{Result, ensure};
use std::path::Path;
use tests::sources::{Source, root, under};

/// The targets of Markdown links of a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("](").filter_map(|(at, _)| text.get(at + 2..)?.split(')').next())
}

/// Code spans that look like paths of the repository.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let roots = ["crypto-core/", "server-api/", "webmail-ui/", "pkg/", "www/", "tests/", "xtask/", "bridge/"];
    text.split('`').skip(1).step_by(2).filter(move |span| {
        let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let generated = span.contains("/dist") || span.ends_with("/data");
        plain && !generated && roots.iter().any(|root| span.starts_with(root))
    })
}

fn documents() -> Result<Vec<Source>> {
    under("", "md")
}

#[test]
fn links_lead_somewhere() -> Result<()> {
    let mut broken = Vec::new();
    for document in documents()? {
        let folder = root().join(&document.path);
        let folder = folder.parent().unwrap_or(Path::new("."));
        for link in links(&document.text) {
            let target = link.split('#').next().unwrap_or_default().trim();
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !folder.join(target).exists() {
                broken.push(format!("{}: {link}", document.path));
            }
        }
    }
    ensure!(broken.is_empty(), "links to nothing:\n  {}", broken.join("\n  "));
    Ok(())
}

#[test]
fn paths_in_prose_exist() -> Result<()> {
    let mut broken = Vec::new();
    for document in documents()? {
        for path in paths(&document.text) {
            if !root().join(path).exists() {
                broken.push(format!("{}: `{path}`", document.path));
            }
        }
    }
    ensure!(broken.is_empty(), "prose names files that do not exist:\n  {}", broken.join("\n  "));
    Ok(())
}

#[test]
fn every_rule_that_documents_cite_as_tested_has_a_test() -> Result<()> {
    let attacks: String = under("tests/attacks", "rs")?.into_iter().map(|source| source.text).collect();
    for rule in ["R3", "R4", "R6", "R8", "R10", "R11", "R12", "R15", "R27", "R28"] {
        let name = format!("{}_", rule.to_lowercase());
        ensure!(attacks.contains(&name), "no attack is named after {rule}");
    }
    Ok(())
}

#[test]
fn nothing_is_left_for_later_in_words() -> Result<()> {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let mut found = Vec::new();
    for folder in ["crypto-core", "server-api", "webmail-ui", "tests", "xtask"] {
        for source in under(folder, "rs")? {
            for (number, line) in source.text.lines().enumerate() {
                if marks.iter().any(|mark| line.contains(mark.as_str())) {
                    found.push(format!("{}:{}", source.path, number + 1));
                }
            }
        }
    }
    ensure!(found.is_empty(), "unfinished:\n  {}", found.join("\n  "));
    Ok(())
}
