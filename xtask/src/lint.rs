//! `cargo xtask lint`: what can be judged without running anything.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, say};

/// Formatting, clippy for the host and for the browser, licences and sources.
///
/// # Errors
/// At the first check that fails.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    for (name, check) in CHECKS {
        say::step(*name);
        check(workspace)?;
    }
    Ok(())
}

/// A check by its name.
type Check = (&'static str, fn(&Workspace) -> Result<()>);

/// Every check, in the order of how fast it fails.
pub(crate) const CHECKS: &[Check] = &[
    ("Checking the formatting", formatting),
    ("Checking licences and sources", licences),
    ("Clippy, on this machine's target", clippy_host),
    ("Clippy, on the browser's target", clippy_browser),
    ("The documentation of the crates", documentation),
];

fn formatting(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn licences(workspace: &Workspace) -> Result<()> {
    if process::find("cargo-deny", &[]).is_none() {
        say::step("cargo-deny is not here (cargo install --locked cargo-deny); left out");
        return Ok(());
    }
    // The advisory database is a download of its own, so advisories are for those who have it.
    process::run(workspace.cargo().args(["deny", "--all-features", "check", "licenses", "bans", "sources"]))
}

fn clippy_host(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

fn clippy_browser(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args([
        "clippy",
        "--locked",
        "--target",
        "wasm32-unknown-unknown",
        "--package",
        "webmail-ui",
        "--package",
        "hedgerow-js",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// What integrators link.
pub(crate) const PUBLIC_CRATES: &[&str] =
    &["wire", "letter", "model", "bulk", "seal", "crypto-core", "hedgerow-js"];

/// Every public item is described, every link leads somewhere.
fn documentation(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo();
    command.env("RUSTDOCFLAGS", "-D warnings -D missing_docs -D rustdoc::broken_intra_doc_links");
    command.args(["doc", "--locked", "--no-deps", "--lib"]);
    for package in PUBLIC_CRATES {
        command.args(["--package", package]);
    }
    process::run(&mut command)
}
