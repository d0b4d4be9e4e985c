//! The command line of draft-dkg-openpgp-stateless-cli, and how a wrong one fails.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::{Code, Failure};

/// What the caller wants.
pub(crate) enum Asked {
    /// Run a subcommand.
    Command(Command),
    /// Show this text.
    Help(String),
}

/// Reads the command line.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Asked, Failure> {
    match Line::try_parse_from(arguments) {
        Ok(line) => Ok(Asked::Command(line.command)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => Ok(Asked::Help(error.to_string())),
        Err(error) => Err(Failure::new(code(&error), error.to_string().trim_end().to_owned())),
    }
}

fn code(error: &clap::Error) -> Code {
    match error.kind() {
        ErrorKind::InvalidSubcommand => Code::UnsupportedSubcommand,
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues => Code::MissingArg,
        ErrorKind::ArgumentConflict => Code::IncompatibleOptions,
        _ => Code::UnsupportedOption,
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "hedgerow-sop",
    about = "The Stateless OpenPGP command line over Hedgerow's crypto core",
    disable_version_flag = true
)]
struct Line {
    /// Say more on the error stream.
    #[arg(long, global = true, hide = true)]
    debug: bool,
    #[command(subcommand)]
    command: Command,
}

/// The subcommands, in the order of the draft.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the name and version of this program.
    Version(Version),
    /// List the profiles of a subcommand.
    ListProfiles {
        /// The subcommand.
        subcommand: String,
    },
    /// Make a secret key.
    GenerateKey(GenerateKey),
    /// Change the password that locks secret keys (standard input).
    ChangeKeyPassword(ChangeKeyPassword),
    /// Make a revocation certificate for each secret key (standard input).
    RevokeKey(RevokeKey),
    /// Extract the certificate of each secret key (standard input).
    ExtractCert(Form),
    /// Bring secret keys (standard input) up to date.
    UpdateKey(UpdateKey),
    /// Merge copies of certificates into those of standard input.
    MergeCerts(MergeCerts),
    /// Certify user IDs of certificates (standard input).
    CertifyUserid(CertifyUserid),
    /// Check that certificates (standard input) carry a user ID that an authority vouches for.
    ValidateUserid(ValidateUserid),
    /// Sign standard input; the signatures are detached.
    Sign(Sign),
    /// Verify detached signatures over standard input.
    Verify(Verify),
    /// Encrypt standard input.
    Encrypt(Encrypt),
    /// Decrypt standard input.
    Decrypt(Decrypt),
    /// Split the signatures from an inline-signed message (standard input).
    InlineDetach(InlineDetach),
    /// Verify an inline-signed message (standard input).
    InlineVerify(InlineVerify),
    /// Make an inline-signed message of standard input.
    InlineSign(InlineSign),
    /// Give OpenPGP data (standard input) its ASCII form.
    Armor(Armor),
    /// Give OpenPGP data (standard input) its binary form.
    Dearmor,
}

/// Whether output is armored.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// Write binary output.
    #[arg(long)]
    pub(crate) no_armor: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Version {
    /// The library that does the OpenPGP work.
    #[arg(long, group = "one")]
    pub(crate) backend: bool,
    /// Several lines, the first as without an option.
    #[arg(long, group = "one")]
    pub(crate) extended: bool,
    /// The version of the draft.
    #[arg(long, group = "one")]
    pub(crate) sop_spec: bool,
    /// The version of the verification-only subset.
    #[arg(long, group = "one")]
    pub(crate) sopv: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateKey {
    #[command(flatten)]
    pub(crate) form: Form,
    /// Lock the key with the password in this file.
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) with_key_password: Option<OsString>,
    /// What kind of key; see `list-profiles generate-key`.
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// Make no encryption key.
    #[arg(long)]
    pub(crate) signing_only: bool,
    /// The user IDs.
    #[arg(value_name = "USERID")]
    pub(crate) userids: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeKeyPassword {
    #[command(flatten)]
    pub(crate) form: Form,
    /// Lock with the password in this file; without it the output is not locked.
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) new_key_password: Option<OsString>,
    /// Unlock with the password in this file.
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) old_key_password: Vec<OsString>,
}

/// Passwords that unlock secret keys.
#[derive(Debug, Args)]
pub(crate) struct KeyPasswords {
    /// Unlock secret keys with the password in this file.
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) with_key_password: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeKey {
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateKey {
    #[command(flatten)]
    pub(crate) form: Form,
    /// Add no encryption key to a key that has none.
    #[arg(long)]
    pub(crate) signing_only: bool,
    /// Announce nothing that the key did not announce.
    #[arg(long)]
    pub(crate) no_added_capabilities: bool,
    /// Revoke keys that are too weak or superseded.
    #[arg(long)]
    pub(crate) revoke_deprecated_keys: bool,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
    /// Merge what these certificates add.
    #[arg(long, value_name = "CERTS")]
    pub(crate) merge_certs: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeCerts {
    #[command(flatten)]
    pub(crate) form: Form,
    /// Certificates with what may be new.
    #[arg(value_name = "CERTS")]
    pub(crate) certs: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CertifyUserid {
    #[command(flatten)]
    pub(crate) form: Form,
    /// A user ID to certify.
    #[arg(long, required = true)]
    pub(crate) userid: Vec<String>,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
    /// Certify user IDs that the certificate's holder did not claim, too.
    #[arg(long)]
    pub(crate) no_require_self_sig: bool,
    /// The certifying keys.
    #[arg(value_name = "KEYS", required = true)]
    pub(crate) keys: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateUserid {
    /// Compare with the mail address inside the user IDs only.
    #[arg(long)]
    pub(crate) addr_spec_only: bool,
    /// Judge at this time rather than now.
    #[arg(long, value_name = "DATE")]
    pub(crate) validate_at: Option<String>,
    /// The user ID.
    pub(crate) userid: String,
    /// The authorities' certificates.
    #[arg(value_name = "CERTS", required = true)]
    pub(crate) certs: Vec<OsString>,
}

/// What kind of content is signed or encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum As {
    /// Any bytes.
    Binary,
    /// UTF-8 text.
    Text,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) form: Form,
    /// Write the `micalg` parameter of PGP/MIME to this file.
    #[arg(long, value_name = "MICALG")]
    pub(crate) micalg_out: Option<OsString>,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
    /// The kind of signature.
    #[arg(long = "as", value_enum, default_value = "binary")]
    pub(crate) kind: As,
    /// The signing keys.
    #[arg(value_name = "KEYS", required = true)]
    pub(crate) keys: Vec<OsString>,
}

/// The times between which signatures count.
#[derive(Debug, Args)]
pub(crate) struct Between {
    /// Signatures made before do not count.
    #[arg(long, value_name = "DATE", default_value = "-", allow_hyphen_values = true)]
    pub(crate) not_before: String,
    /// Signatures made after do not count.
    #[arg(long, value_name = "DATE", default_value = "now", allow_hyphen_values = true)]
    pub(crate) not_after: String,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) between: Between,
    /// The signatures.
    #[arg(value_name = "SIGNATURES")]
    pub(crate) signatures: OsString,
    /// The signers' certificates.
    #[arg(value_name = "CERTS", required = true)]
    pub(crate) certs: Vec<OsString>,
}

/// What an encryption key must be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum For {
    /// Either use.
    Any,
    /// Data at rest.
    Storage,
    /// Messages.
    Communications,
}

#[derive(Debug, Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    pub(crate) form: Form,
    /// The kind of content.
    #[arg(long = "as", value_enum, default_value = "binary")]
    pub(crate) kind: As,
    /// Also encrypt with the password in this file.
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) with_password: Vec<OsString>,
    /// Sign with these keys.
    #[arg(long, value_name = "KEYS")]
    pub(crate) sign_with: Vec<OsString>,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
    /// Which form of message; see `list-profiles encrypt`.
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// What the recipients' keys must be for.
    #[arg(long = "for", value_enum, default_value = "any")]
    pub(crate) purpose: For,
    /// Write the session key to this file.
    #[arg(long, value_name = "SESSIONKEY")]
    pub(crate) session_key_out: Option<OsString>,
    /// The recipients' certificates.
    #[arg(value_name = "CERTS")]
    pub(crate) certs: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Decrypt {
    /// Write the session key to this file.
    #[arg(long, value_name = "SESSIONKEY")]
    pub(crate) session_key_out: Option<OsString>,
    /// Try the session key in this file.
    #[arg(long, value_name = "SESSIONKEY")]
    pub(crate) with_session_key: Vec<OsString>,
    /// Try the password in this file on the message.
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) with_password: Vec<OsString>,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
    /// Write what was verified to this file.
    #[arg(long, alias = "verify-out", value_name = "VERIFICATIONS")]
    pub(crate) verifications_out: Option<OsString>,
    /// Verify signatures with these certificates.
    #[arg(long, value_name = "CERTS")]
    pub(crate) verify_with: Vec<OsString>,
    /// Signatures made before do not count.
    #[arg(long, value_name = "DATE", default_value = "-", allow_hyphen_values = true)]
    pub(crate) verify_not_before: String,
    /// Signatures made after do not count.
    #[arg(long, value_name = "DATE", default_value = "now", allow_hyphen_values = true)]
    pub(crate) verify_not_after: String,
    /// The recipient's secret keys.
    #[arg(value_name = "KEYS")]
    pub(crate) keys: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct InlineDetach {
    #[command(flatten)]
    pub(crate) form: Form,
    /// Write the signatures to this file.
    #[arg(long, value_name = "SIGNATURES")]
    pub(crate) signatures_out: OsString,
}

#[derive(Debug, Args)]
pub(crate) struct InlineVerify {
    #[command(flatten)]
    pub(crate) between: Between,
    /// Write what was verified to this file.
    #[arg(long, value_name = "VERIFICATIONS")]
    pub(crate) verifications_out: Option<OsString>,
    /// The signers' certificates.
    #[arg(value_name = "CERTS", required = true)]
    pub(crate) certs: Vec<OsString>,
}

/// The kinds of inline-signed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InlineAs {
    /// A message of any bytes.
    Binary,
    /// A message of UTF-8 text.
    Text,
    /// Text that stays readable (the cleartext signature framework).
    Clearsigned,
}

#[derive(Debug, Args)]
pub(crate) struct InlineSign {
    #[command(flatten)]
    pub(crate) form: Form,
    /// The kind of message.
    #[arg(long = "as", value_enum, default_value = "binary")]
    pub(crate) kind: InlineAs,
    #[command(flatten)]
    pub(crate) passwords: KeyPasswords,
    /// The signing keys.
    #[arg(value_name = "KEYS", required = true)]
    pub(crate) keys: Vec<OsString>,
}

/// The labels of armor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Label {
    /// As the data says.
    Auto,
    /// `PGP SIGNATURE`
    Sig,
    /// `PGP PRIVATE KEY BLOCK`
    Key,
    /// `PGP PUBLIC KEY BLOCK`
    Cert,
    /// `PGP MESSAGE`
    Message,
}

#[derive(Debug, Args)]
pub(crate) struct Armor {
    /// The label (older drafts had it).
    #[arg(long, value_enum, default_value = "auto", hide = true)]
    pub(crate) label: Label,
}
