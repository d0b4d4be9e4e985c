//! `cargo xtask fuzz`: libFuzzer over the targets of `crypto-core/fuzz`. Works with the compiler of the workspace:
//! our code has no `unsafe`, so no sanitizer is needed, and with it no nightly compiler.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{process, say};

const FOLDER: &str = "crypto-core/fuzz";
const CARGO_FUZZ: &str = "0.13.2";

/// Fuzzes one target, or one after the other, each for so many minutes.
///
/// # Errors
/// At the first finding; when cargo-fuzz or a C++ compiler is missing and can't be installed.
pub(crate) fn fuzz(workspace: &Workspace, only: Option<&str>, minutes: u32) -> Result<()> {
    let targets = targets(workspace)?;
    if let Some(only) = only.filter(|only| !targets.iter().any(|target| target == only)) {
        bail!("there is no target {only}; there are {}", targets.join(", "));
    }
    ensure_tools(workspace)?;
    for target in targets.iter().filter(|target| only.is_none_or(|only| only == *target)) {
        say::step(format!("Fuzzing {target} for {minutes} minutes"));
        // What the fuzzer learns stays in the cache; the folder of seeds is only read.
        let learned = workspace.cache().join("fuzz").join(target);
        let found = workspace.path(FOLDER).join("artifacts").join(target);
        fs::create_dir_all(&learned)?;
        fs::create_dir_all(&found)?;
        let run = cargo_fuzz(workspace, "run", target)
            .arg(learned)
            .arg(workspace.path(FOLDER).join("seeds").join(target))
            .arg("--")
            .arg(format!("-max_total_time={}", u64::from(minutes) * 60))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .arg(format!("-dict={}", workspace.path(FOLDER).join("words.dict").display()))
            .args(["-rss_limit_mb=1024", "-timeout=10", "-print_final_stats=1"])
            .status()?;
        if !run.success() {
            bail!(
                "{target} has a finding in {}. Put the file into {FOLDER}/seeds/{target}/ under a name that says \
                 what it is, see `cargo test -p crypto-core-fuzz` fail, and mend it",
                found.display()
            );
        }
    }
    Ok(())
}

fn cargo_fuzz(workspace: &Workspace, what: &str, target: &str) -> Command {
    // Whoever works on the machine goes first.
    let mut command = Command::new("nice");
    command.current_dir(workspace.path("crypto-core")).env("CARGO_TARGET_DIR", workspace.target.join("fuzz"));
    command.args(["-n", "19", "cargo", "fuzz", what, "--sanitizer", "none", "--no-cfg-fuzzing"]);
    command.args(["--features", "libfuzzer", target]);
    command
}

fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace.path(FOLDER).join("fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn ensure_tools(workspace: &Workspace) -> Result<()> {
    if process::find("c++", &[]).is_none() {
        bail!("libFuzzer needs a C++ compiler (Debian: apt-get install g++)");
    }
    if process::quiet(workspace.cargo().args(["fuzz", "--version"])).is_ok() {
        return Ok(());
    }
    say::step(format!("Installing cargo-fuzz {CARGO_FUZZ}"));
    process::run(workspace.cargo().args(["install", "--locked", "--version", CARGO_FUZZ, "cargo-fuzz"]))
}
