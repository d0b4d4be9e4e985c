//! Rule 1: who may link whom. What a stranger reads in two `Cargo.toml` files, checked on the whole graph.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Package name → names of the packages it links (not those of its tests or build scripts).
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn load() -> Result<Self> {
        let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(tests::sources::root())
            .output()?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let names: BTreeMap<String, String> = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let name = names.get(&text(&node["id"])).context("a node without a package")?.clone();
            let links = graph.entry(name).or_default();
            for dependency in list(&node["deps"]) {
                let linked = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
                if let Some(name) = names.get(&text(&dependency["pkg"])).filter(|_| linked) {
                    links.insert(name.clone());
                }
            }
        }
        Ok(Self(graph))
    }

    /// Everything a package links, directly or not.
    fn closure(&self, package: &str) -> Result<BTreeSet<String>> {
        ensure!(self.0.contains_key(package), "no package {package}");
        let mut seen = BTreeSet::new();
        let mut open = vec![package.to_owned()];
        while let Some(name) = open.pop() {
            for next in self.0.get(&name).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        Ok(seen)
    }
}

const CRYPTOGRAPHY: &[&str] = &[
    "aes",
    "aes-gcm",
    "argon2",
    "ed25519-dalek",
    "hkdf",
    "hmac",
    "opaque-ke",
    "pgp",
    "rand",
    "ring",
    "rsa",
    "sha1",
    "sha2",
    "x25519-dalek",
];

/// (package, what it must never link, why)
const LAW: &[(&str, &[&str], &str)] = &[
    ("wire", &["model", "seal", "crypto-core", "server-api", "webmail-ui"], "the contract stands alone"),
    (
        "letter",
        &["model", "seal", "crypto-core", "server-api", "webmail-ui"],
        "the server links it, and model does",
    ),
    ("model", &["seal", "crypto-core", "server-api", "webmail-ui"], "the page links it"),
    ("seal", &["crypto-core", "server-api", "webmail-ui"], "the server links it: no secret keys"),
    ("crypto-core", &["server-api", "webmail-ui", "hedgerow-js"], "sans-I/O core"),
    ("server-api", &["crypto-core", "model", "hedgerow-js", "webmail-ui"], "the server cannot open mail"),
    (
        "webmail-ui",
        &["crypto-core", "seal", "pgp", "opaque-ke", "server-api", "hedgerow-js"],
        "the page holds no keys",
    ),
    ("hedgerow-js", &["server-api", "webmail-ui"], "only a face of the core"),
    ("hedgerow-sop", &["server-api", "webmail-ui", "hedgerow-js"], "only a command line of the core"),
];

#[test]
fn packages_link_only_what_the_law_allows() -> Result<()> {
    let graph = Graph::load()?;
    for (package, forbidden, reason) in LAW {
        let linked = graph.closure(package)?;
        for name in *forbidden {
            ensure!(!linked.contains(*name), "{package} links {name} ({reason})");
        }
    }
    Ok(())
}

#[test]
fn wire_and_model_hold_no_cryptography() -> Result<()> {
    let graph = Graph::load()?;
    for package in ["wire", "letter", "model"] {
        let linked = graph.closure(package)?;
        let found: Vec<_> = CRYPTOGRAPHY.iter().filter(|name| linked.contains(**name)).collect();
        ensure!(found.is_empty(), "{package} links {found:?}");
    }
    Ok(())
}

#[test]
fn the_graph_sees_what_it_should() -> Result<()> {
    // A law that finds nothing anywhere would prove nothing.
    let graph = Graph::load()?;
    ensure!(graph.closure("crypto-core")?.contains("pgp"));
    ensure!(graph.closure("server-api")?.contains("wire"));
    ensure!(graph.closure("webmail-ui")?.contains("model"));
    ensure!(graph.closure("hedgerow-js")?.contains("crypto-core"));
    Ok(())
}
