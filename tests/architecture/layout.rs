//! Rules 2, 3, 4, 6 and 7: what stands where.

use anyhow::{Result, ensure};
use tests::sources::{Source, under};

const CRATES: &[&str] = &["crypto-core", "server-api", "webmail-ui", "tests", "xtask"];
const ROOMS: &[&str] =
    &["accounts", "keys", "groups", "mail", "contacts", "calendar", "documents", "polls", "chat", "admin"];
const FOUNDATIONS: &[&str] = &["accounts", "keys", "groups"];

/// Edges between rooms of the server beyond the foundations: (from, to, reason).
const EDGES: &[(&str, &str, &str)] =
    &[("accounts", "mail", "a new account gets its six folders in the transaction that makes it")];

fn sources(folders: &[&str]) -> Result<Vec<Source>> {
    let mut all = Vec::new();
    for folder in folders {
        all.extend(under(folder, "rs")?);
    }
    ensure!(!all.is_empty(), "no sources under {folders:?}");
    Ok(all)
}

fn report(found: &[String], rule: &str) -> Result<()> {
    ensure!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
    Ok(())
}

#[test]
fn pgp_is_named_only_in_seal_and_keys() -> Result<()> {
    let allowed = ["crypto-core/bulk/", "crypto-core/seal/", "crypto-core/src/keys", "tests/"];
    let mut found = Vec::new();
    for source in sources(CRATES)? {
        if allowed.iter().any(|prefix| source.path.starts_with(prefix)) || source.is_test() {
            continue;
        }
        for (number, line) in source.code() {
            let named = line.match_indices("pgp::").any(|(at, _)| {
                !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
            });
            if named {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    report(&found, "`pgp::` belongs to crypto-core/bulk, crypto-core/seal and crypto-core/src/keys")
}

#[test]
fn algorithms_are_chosen_in_the_profile_alone() -> Result<()> {
    let names = [
        "SymmetricKeyAlgorithm::",
        "HashAlgorithm::",
        "AeadAlgorithm::",
        "PublicKeyAlgorithm::",
        "KeyType::",
        "ECCCurve::",
    ];
    let mut found = Vec::new();
    for source in sources(&["crypto-core"])? {
        // What carries a cipher out must name it, and so must the encodings of signatures. What counts, and
        // what is preferred, none of these says.
        let machine = [
            "crypto-core/bulk/src/cipher.rs",
            "crypto-core/bulk/src/mode.rs",
            "crypto-core/bulk/src/hash.rs",
            "crypto-core/seal/src/writing/signatures.rs",
            "crypto-core/src/keys/rsa.rs",
        ]
        .contains(&source.path.as_str());
        let apart =
            machine || source.path == "crypto-core/seal/src/profile.rs" || source.path.contains("/vectors/");
        if apart
            || source.is_test()
            || ["/benches/", "/examples/", "/fuzz/"].iter().any(|part| source.path.contains(part))
        {
            continue;
        }
        for (number, line) in source.code() {
            // A number read from a packet is not a choice.
            let line = line.replace("Algorithm::from(", "");
            if names.iter().any(|name| line.contains(name)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    report(&found, "algorithms are named in crypto-core/seal/src/profile.rs")
}

#[test]
fn no_module_is_a_drawer_for_everything() -> Result<()> {
    let mut found = Vec::new();
    for source in sources(CRATES)? {
        let drawer = source.path.split('/').any(|part| {
            ["common", "shared", "util", "utils", "misc", "helpers"].contains(&part.trim_end_matches(".rs"))
        });
        if drawer {
            found.push(source.path);
        }
    }
    report(&found, "a module is named after what it does")
}

#[test]
fn files_stay_readable() -> Result<()> {
    let mut found = Vec::new();
    for source in sources(CRATES)? {
        let inline_tests = source.text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(source.text.len());
        let lines = source.text.get(..inline_tests).unwrap_or_default().lines().count();
        if lines > 600 {
            found.push(format!("{}: {lines} lines", source.path));
        }
    }
    report(&found, "at most 600 lines a file, tests apart")
}

#[test]
fn the_page_writes_no_raw_html_and_no_style_text() -> Result<()> {
    let mut found = Vec::new();
    for source in sources(&["webmail-ui"])? {
        for (number, line) in source.code() {
            let attribute = line
                .match_indices("style=")
                .any(|(at, _)| line[..at].ends_with(char::is_whitespace) || line[..at].is_empty());
            let bad = ["inner_html", "set_outer_html", "insert_adjacent_html", "document.write"];
            if attribute || bad.iter().any(|name| line.contains(name)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    report(&found, "no inner_html, no string style= (CSP, Trusted Types); use style:prop= or a class")
}

/// The room of a server source, if it is in one.
fn room(path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix("server-api/src/")?;
    let first = rest.split('/').next()?.trim_end_matches(".rs");
    ROOMS.iter().copied().find(|room| *room == first)
}

#[test]
fn rooms_of_the_server_meet_at_services() -> Result<()> {
    let mut found = Vec::new();
    for source in sources(&["server-api/src"])? {
        if source.is_test() {
            continue;
        }
        let here = room(&source.path);
        for (number, line) in source.code() {
            for there in ROOMS {
                let at = format!("{}:{number}: {}", source.path, line.trim());
                let same = here == Some(there);
                if !same && line.contains(&format!("crate::{there}::store")) {
                    found.push(format!("{at} (the store of {there} is private)"));
                }
                let known = FOUNDATIONS.contains(there)
                    || here.is_none()
                    || EDGES.iter().any(|(from, to, _)| here == Some(from) && to == there);
                if !same && !known && line.contains(&format!("crate::{there}::")) {
                    found.push(format!("{at} (this edge between rooms is not listed)"));
                }
            }
        }
        if source.path.ends_with("/mod.rs") && here.is_some() && source.text.contains("pub mod store") {
            found.push(format!("{}: the store of a room is private", source.path));
        }
    }
    report(&found, "rooms meet at `service`")
}
