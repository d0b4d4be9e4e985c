//! All build logic of Hedgerow. `cargo xtask run` is the whole of it for a newcomer:
//! it installs what is missing, builds everything and serves it.

mod bench;
mod fuzz;
mod interop;
mod lint;
mod pkg;
mod postgres;
mod process;
mod reproduce;
mod run;
mod s3;
mod say;
mod tally;
mod test;
mod tools;
mod web;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, tests and measures Hedgerow.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and serve it on this machine, with open registration.
    Run {
        /// The port to serve on.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Where the server keeps its data.
        #[arg(long, default_value = "data")]
        data: PathBuf,
        /// Start with an empty data folder: deletes what an earlier run left there.
        #[arg(long)]
        fresh: bool,
    },
    /// Run every check and test; the last line holds the counts.
    Test {
        /// Only tests whose name contains this; checks of the text are left out.
        filter: Option<String>,
    },
    /// Build the site into `www/dist`.
    Web {
        /// Fast and large, with the component page; no byte gate.
        #[arg(long)]
        dev: bool,
    },
    /// Build the npm package and its tarball into `pkg/dist`.
    Pkg,
    /// Install what is missing to build and test.
    Tools {
        /// Only say what is missing; fail if something is.
        #[arg(long)]
        check: bool,
    },
    /// Check formatting, clippy on both targets, and licences.
    Lint,
    /// Measure: `openpgp` (beside OpenPGP.js), `inbox` (beside Roundcube on Dovecot), or a Rust benchmark.
    Bench {
        /// What to measure; everything without it.
        name: Option<String>,
        /// Messages in the measured inbox.
        #[arg(long, default_value_t = 20_000)]
        messages: u32,
        /// Measured rounds, interleaved.
        #[arg(long, default_value_t = 15)]
        rounds: u32,
    },
    /// Exchange messages and signatures with GnuPG, Sequoia and OpenPGP.js, and print the matrix.
    Interop,
    /// Look for inputs that break a parser: every target of `crypto-core/fuzz`, or one.
    Fuzz {
        /// The target.
        target: Option<String>,
        /// For how long each.
        #[arg(long, default_value_t = 10)]
        minutes: u32,
    },
    /// Build the site twice in different folders and compare every byte.
    Reproduce,
}

fn main() -> ExitCode {
    say::start_clock();
    match perform(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            say::step(format!("Failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Run { port, data, fresh } => return run::run(&workspace, port, &data, fresh),
        Task::Test { filter } => return test::test(&workspace, filter.as_deref()),
        Task::Web { dev } => {
            tools::ensure(&workspace, tools::Purpose::Build)?;
            web::build(&workspace, dev)?;
            if !dev {
                web::gate(&workspace)?;
            }
        }
        Task::Pkg => {
            tools::ensure(&workspace, tools::Purpose::Build)?;
            pkg::build(&workspace)?;
        }
        Task::Tools { check } => return tools::tools(&workspace, check),
        Task::Lint => lint::lint(&workspace)?,
        Task::Bench { name, messages, rounds } => {
            bench::bench(&workspace, name.as_deref(), messages, rounds)?
        }
        Task::Interop => interop::interop(&workspace)?,
        Task::Fuzz { target, minutes } => fuzz::fuzz(&workspace, target.as_deref(), minutes)?,
        Task::Reproduce => reproduce::reproduce(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
