//! `cargo xtask test`: every check and every test, and one honest line at the end.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::postgres::Postgres;
use crate::s3::S3;
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{interop, lint, pkg, process, say, tools, web};

/// Runs everything, or with a filter only the tests whose name contains it.
///
/// # Errors
/// When something can't be built or started. Failing tests are counted, not errors.
pub(crate) fn test(workspace: &Workspace, filter: Option<&str>) -> Result<ExitCode> {
    tools::ensure(workspace, tools::Purpose::Test)?;
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    if filter.is_none() {
        for (name, check) in lint::CHECKS {
            say::step(*name);
            let result = check(workspace);
            tally.check(result.is_ok());
            if let Err(error) = result {
                say::step(format!("{error:#}"));
                failures.push((*name).to_owned());
            }
        }
    }
    web::build(workspace, false)?;
    let gate = web::gate(workspace);
    tally.check(gate.is_ok());
    if let Err(error) = gate {
        say::step(format!("{error:#}"));
        failures.push("The byte gate".to_owned());
    }
    pkg::build(workspace)?;
    say::step("Compiling the server and the test programs");
    process::run(workspace.cargo().args([
        "build",
        "--locked",
        "--workspace",
        "--exclude",
        "xtask",
        "--bins",
    ]))?;

    let postgres = Postgres::start()?;
    let s3 = S3::start(workspace)?;
    let mut environment = s3.environment();
    environment.extend([
        ("HEDGEROW_TEST_POSTGRES", postgres.url()),
        ("HEDGEROW_TEST_POSTGRES_DIR", postgres.files().display().to_string()),
        (interop::VARIABLE, interop::program(workspace).display().to_string()),
        ("HEDGEROW_SERVER", workspace.server().display().to_string()),
        ("HEDGEROW_WEB_DIR", workspace.site().display().to_string()),
        ("HEDGEROW_SCREENS", workspace.target.join("screens").display().to_string()),
    ]);

    for (name, mut command) in runners(workspace, filter)? {
        say::step(&name);
        let (status, lines) = process::tee(command.envs(environment.iter().cloned()))?;
        let counted = Tally::read(&lines);
        tally.add(counted);
        if !status.success() {
            failures.push(name);
            if counted.failed == 0 {
                // It broke before or after its tests: that must not look like success.
                tally.check(false);
            }
        }
    }
    s3.stop();
    drop(postgres);

    for name in &failures {
        say::step(format!("Failed: {name}"));
    }
    if tally.skipped > 0 {
        say::step(format!("{} tests were left out", tally.skipped));
    }
    say::line(tally.line());
    Ok(if failures.is_empty() && tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn runners(workspace: &Workspace, filter: Option<&str>) -> Result<Vec<(String, Command)>> {
    let mut runners = Vec::new();
    let has_nextest = process::find("cargo-nextest", &[]).is_some();
    // Journeys, attacks and the server's rooms once more where they run at scale; the stores' own suite is
    // in the first pass on every store. The whole workspace is named, so that nothing is compiled again.
    let at_scale: &[&str] = if has_nextest {
        &[
            "--workspace",
            "--exclude",
            "xtask",
            "-E",
            "(package(tests) & (binary(attacks) | binary(journeys))) | (package(server-api) & kind(lib))",
        ]
    } else {
        &["--workspace", "--exclude", "xtask", "--test", "attacks", "--test", "journeys"]
    };
    // xtask apart: in one build with the others its own program would be linked anew each time.
    for (name, selection) in [
        ("Rust tests", &["--workspace", "--exclude", "xtask"][..]),
        ("Rust tests on PostgreSQL and S3", at_scale),
        ("Rust tests of xtask", &["--package", "xtask"][..]),
    ] {
        let mut command = workspace.cargo();
        if has_nextest {
            command.args(["nextest", "run", "--locked", "--no-fail-fast", "--no-tests=pass"]);
            command.args(["--status-level=slow", "--final-status-level=fail"]);
        } else {
            command.args(["test", "--locked", "--no-fail-fast"]);
        }
        command.args(selection).args(filter);
        if name.ends_with("S3") {
            command.env("HEDGEROW_TEST_STORE", "shared");
        }
        runners.push((name.to_owned(), command));
    }

    if has_nextest {
        // Which leaves these out.
        let mut command = workspace.cargo();
        command.args(["test", "--locked", "--doc", "--no-fail-fast"]);
        for package in lint::PUBLIC_CRATES {
            command.args(["--package", package]);
        }
        command.args(filter);
        runners.push(("Examples of the documentation".to_owned(), command));
    }

    let mut node = |name: &str, folder: PathBuf, files: Vec<PathBuf>, one_at_a_time: bool| {
        if files.is_empty() {
            return;
        }
        let mut command = Command::new("node");
        command.current_dir(folder).args([
            "--test",
            "--test-force-exit",
            "--test-timeout=900000",
            "--test-reporter=spec",
        ]);
        if one_at_a_time {
            // One browser at a time on two cores: times stay believable.
            command.arg("--test-concurrency=1");
        }
        if let Some(filter) = filter {
            command.arg(format!("--test-name-pattern={}", literally(filter)));
        }
        command.args(files);
        runners.push((name.to_owned(), command));
    };
    node(
        "The npm package in Node",
        workspace.path("pkg"),
        test_files(&[workspace.path("pkg"), workspace.path("pkg/test"), workspace.path("pkg/tests")])?,
        false,
    );
    node(
        "Messages between Hedgerow and its peers",
        workspace.path("tests/interop"),
        test_files(&[workspace.path("tests/interop")])?,
        true,
    );
    node(
        "Journeys in the browser",
        workspace.path("tests/browser"),
        test_files(&[workspace.path("tests/browser")])?,
        true,
    );
    Ok(runners)
}

/// The `*.test.mjs` and `*.test.js` directly in the folders, sorted.
fn test_files(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in folders {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".test.mjs") || name.ends_with(".test.js") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A filter as a pattern that matches itself.
fn literally(filter: &str) -> String {
    filter.chars().fold(String::new(), |mut text, c| {
        if !c.is_alphanumeric() && c != ' ' && c != '_' {
            text.push('\\');
        }
        text.push(c);
        text
    })
}
