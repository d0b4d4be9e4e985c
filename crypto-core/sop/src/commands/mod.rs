//! The subcommands, one file for each family.

mod about;

use crate::arguments::Command;
use crate::failure::Failure;

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Version(asked) => about::version(&asked),
        Command::ListProfiles { subcommand } => about::list_profiles(&subcommand),
        _ => Err(Failure::new(crate::failure::Code::UnsupportedSubcommand, "not there yet")),
    }
}
