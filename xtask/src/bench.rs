//! `cargo xtask bench`: how fast, beside a peer where there is one.

use std::process::Command;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::workspace::Workspace;
use crate::{pkg, process, say, tools, web};

/// Runs one benchmark or all.
///
/// # Errors
/// When there is no such benchmark, or it fails.
pub(crate) fn bench(workspace: &Workspace, name: Option<&str>, messages: u32, rounds: u32) -> Result<()> {
    let rust = rust_benches(workspace)?;
    if let Some(name) = name
        .filter(|name| !["inbox", "openpgp"].contains(name) && !rust.iter().any(|(bench, _)| bench == name))
    {
        let known =
            rust.iter().map(|(bench, _)| bench.as_str()).chain(["inbox", "openpgp"]).collect::<Vec<_>>();
        bail!("there is no benchmark {name}; there are: {}", known.join(", "));
    }
    for (bench, package) in &rust {
        if name.is_none_or(|name| name == bench) {
            say::step(format!("Measuring {bench}"));
            process::run(workspace.cargo().args(["bench", "--locked", "-p", package, "--bench", bench]))?;
        }
    }
    if name.is_none_or(|name| name == "openpgp") {
        openpgp(workspace)?;
    }
    if name.is_none_or(|name| name == "inbox") {
        inbox(workspace, messages, rounds)?;
    }
    Ok(())
}

/// The npm package beside OpenPGP.js, in Node and in Chromium.
fn openpgp(workspace: &Workspace) -> Result<()> {
    tools::ensure(workspace, tools::Purpose::Test)?;
    pkg::build(workspace)?;
    say::step("Measuring the npm package beside OpenPGP.js");
    process::run(
        Command::new("node")
            .current_dir(workspace.path("tests/browser"))
            .arg("bench/openpgp/openpgp.mjs")
            .env("HEDGEROW_PACKAGE", workspace.path("pkg")),
    )
}

/// Submit of the passphrase to visible rows: ours, decrypting, beside Roundcube on Dovecot,
/// which decrypts nothing; interleaved in one browser.
fn inbox(workspace: &Workspace, messages: u32, rounds: u32) -> Result<()> {
    tools::ensure(workspace, tools::Purpose::Bench)?;
    web::build(workspace, false)?;
    say::step("Compiling the server for the benchmark (release)");
    process::run(workspace.cargo().args([
        "build",
        "--locked",
        "--release",
        "-p",
        "server-api",
        "-p",
        "tests",
        "--bin",
        "hedgerow-server",
        "--bin",
        "seed-mailbox",
    ]))?;
    let release = workspace.target.join("release");
    say::step(format!("Measuring the inbox: {messages} messages, {rounds} rounds"));
    process::run(
        Command::new("node")
            .current_dir(workspace.path("tests/browser"))
            .arg("bench/inbox.mjs")
            .env("HEDGEROW_SERVER", release.join("hedgerow-server"))
            .env("HEDGEROW_SEED", release.join("seed-mailbox"))
            .env("HEDGEROW_WEB_DIR", workspace.site())
            .env("HEDGEROW_BENCH_MESSAGES", messages.to_string())
            .env("HEDGEROW_BENCH_ROUNDS", rounds.to_string()),
    )
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Name and package of every Rust benchmark of the workspace.
fn rust_benches(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let text = process::quiet(workspace.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&text)?;
    let mut benches: Vec<_> = metadata
        .packages
        .into_iter()
        .flat_map(|package| package.targets.into_iter().map(move |target| (target, package.name.clone())))
        .filter(|(target, _)| target.kind.iter().any(|kind| kind == "bench"))
        .map(|(target, package)| (target.name, package))
        .collect();
    benches.sort();
    Ok(benches)
}
