//! `cargo xtask interop`: our command line beside GnuPG, Sequoia and OpenPGP.js, each reading the others.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, say, tools};

/// The environment variable that names our command line to the tests.
pub(crate) const VARIABLE: &str = "HEDGEROW_SOP";

/// Where the build puts our command line.
pub(crate) fn program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug/hedgerow-sop")
}

/// Prints the matrix.
///
/// # Errors
/// When a cell is wrong.
pub(crate) fn interop(workspace: &Workspace) -> Result<()> {
    tools::ensure(workspace, tools::Purpose::Test)?;
    say::step("Compiling hedgerow-sop");
    process::run(workspace.cargo().args(["build", "--locked", "-p", "hedgerow-sop"]))?;
    process::run(
        Command::new("node")
            .current_dir(workspace.path("tests/interop"))
            .arg("matrix.mjs")
            .env(VARIABLE, program(workspace)),
    )
}
