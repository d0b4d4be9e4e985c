//! How a subcommand fails: the draft's exit codes, and a line for the person.

use std::fmt;

/// The exit codes of draft-dkg-openpgp-stateless-cli, section "Failure Modes".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Anything the draft has no code for.
    UnspecifiedFailure = 1,
    /// No acceptable signature was found.
    NoSignature = 3,
    /// A certificate has no key to encrypt to that counts now.
    CertCannotEncrypt = 17,
    /// A required argument is missing.
    MissingArg = 19,
    /// `--verify-with` and `--verifications-out` need each other.
    IncompleteVerification = 23,
    /// No key, password or session key given opens the message, or it was tampered with.
    CannotDecrypt = 29,
    /// A password to make something with is not text that a person could type again.
    PasswordNotHumanReadable = 31,
    /// An option or its value is unknown.
    UnsupportedOption = 37,
    /// The input is not of the type expected.
    BadData = 41,
    /// Text was expected, and the input is not UTF-8.
    ExpectedText = 53,
    /// An output file is there already.
    OutputExists = 59,
    /// An input file is not there.
    MissingInput = 61,
    /// A secret key is locked and no password given fits.
    KeyIsProtected = 67,
    /// The subcommand is unknown.
    UnsupportedSubcommand = 69,
    /// An `@…:` designator of an unknown kind.
    UnsupportedSpecialPrefix = 71,
    /// An `@…:` designator that is the name of a file, too.
    AmbiguousInput = 73,
    /// A key has nothing to sign with that counts now.
    KeyCannotSign = 79,
    /// Two options contradict each other.
    IncompatibleOptions = 83,
    /// The profile is unknown, or the subcommand has none.
    UnsupportedProfile = 89,
    /// The primary key of a key is revoked or too weak.
    PrimaryKeyBad = 103,
    /// A certificate has no matching user ID.
    CertUseridNoMatch = 107,
    /// A key may not certify, or the secret of its primary key is not here.
    KeyCannotCertify = 109,
}

/// An exit code and the reason a person reads on the error stream. Never holds content.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    why: String,
}

impl Failure {
    pub(crate) fn new(code: Code, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Code::UnspecifiedFailure, format!("reading or writing failed: {error}"))
    }
}
