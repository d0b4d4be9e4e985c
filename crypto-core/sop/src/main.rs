#![doc = include_str!("../README.md")]

mod arguments;
mod certs;
mod commands;
mod dates;
mod failure;
mod inputs;
mod keys;
mod outputs;
mod passwords;
mod reading;
mod text;
mod verifications;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use failure::{Code, Failure};

fn main() -> ExitCode {
    // A panic of a library below us is a failure with an exit code like any other. Its text could
    // hold a piece of the input, so it is not shown.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Failure::new(Code::UnspecifiedFailure, "an internal error; please report it with the input"))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do when even the error stream is gone.
            let _ =
                std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("hedgerow-sop: {failure}\n"));
            ExitCode::from(failure.code() as u8)
        }
    }
}

fn run() -> Result<(), Failure> {
    match arguments::parse(std::env::args_os())? {
        arguments::Asked::Command(command) => commands::run(command),
        arguments::Asked::Help(text) => outputs::stdout().and_then(|mut out| {
            std::io::Write::write_all(&mut out, text.as_bytes())?;
            Ok(std::io::Write::flush(&mut out)?)
        }),
    }
}
