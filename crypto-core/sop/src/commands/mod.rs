//! The subcommands, one file for each family.

mod about;
mod armor;
mod certificates;
mod changing;
mod decrypt;
mod encrypt;
mod inline;
mod secret;
mod sign;
mod verify;

use crate::arguments::Command;
use crate::failure::Failure;

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Version(asked) => about::version(&asked),
        Command::ListProfiles { subcommand } => about::list_profiles(&subcommand),
        Command::GenerateKey(asked) => secret::generate(&asked),
        Command::ChangeKeyPassword(asked) => secret::change_password(&asked),
        Command::ExtractCert(asked) => secret::extract(&asked),
        Command::MergeCerts(asked) => certificates::merge(&asked),
        Command::ValidateUserid(asked) => certificates::validate(&asked),
        Command::Sign(asked) => sign::sign(&asked),
        Command::Verify(asked) => verify::verify(&asked),
        Command::Encrypt(asked) => encrypt::encrypt(&asked),
        Command::Decrypt(asked) => decrypt::decrypt(&asked),
        Command::InlineDetach(asked) => inline::detach(&asked),
        Command::InlineVerify(asked) => inline::verify(&asked),
        Command::InlineSign(asked) => sign::inline(&asked),
        Command::Armor(asked) => armor::armor(&asked),
        Command::Dearmor => armor::dearmor(),
        Command::RevokeKey(asked) => changing::revoke(&asked),
        Command::UpdateKey(asked) => changing::update(&asked),
        Command::CertifyUserid(asked) => changing::certify(&asked),
    }
}
