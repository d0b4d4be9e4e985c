//! Passwords, which the draft wants human-readable when something is made with them, and tries
//! in two forms when something is opened.

use std::ffi::OsStr;

use unicode_normalization::is_nfc;
use zeroize::Zeroizing;

use crate::failure::{Code, Failure};
use crate::inputs;

/// A password as bytes, wiped when dropped.
pub(crate) type Password = Zeroizing<Vec<u8>>;

/// Reads a password to protect something with: UTF-8 in normal form C without control characters
/// and without white space at its start; white space at its end (an editor's newline) is cut.
pub(crate) fn to_make_with(name: &OsStr) -> Result<Password, Failure> {
    let given = inputs::secret(name)?;
    let unreadable =
        |why: &str| Failure::new(Code::PasswordNotHumanReadable, format!("the password in {name:?} {why}"));
    let text = std::str::from_utf8(&given).map_err(|_| unreadable("is not UTF-8 text"))?;
    let text = text.trim_end();
    if text.trim_start().len() != text.len() {
        return Err(unreadable("begins with white space"));
    }
    if text.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ')) {
        return Err(unreadable("has control characters or unusual spaces, which few people can type again"));
    }
    if !is_nfc(text) {
        return Err(unreadable(
            "is not in Unicode normal form C, so that another device would send other bytes",
        ));
    }
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

/// Reads passwords to open something with: each as it is, and without the white space at its end.
pub(crate) fn to_open_with(names: &[std::ffi::OsString]) -> Result<Vec<Password>, Failure> {
    let mut passwords = Vec::new();
    for name in names {
        let given = inputs::secret(name)?;
        let trimmed = match std::str::from_utf8(&given) {
            Ok(text) => text.trim_end().as_bytes(),
            Err(_) => given.trim_ascii_end(),
        };
        // The trimmed form first: it is what `to_make_with` makes, and each try costs a derivation.
        if trimmed.len() < given.len() {
            passwords.push(Zeroizing::new(trimmed.to_vec()));
        }
        passwords.push(given);
    }
    Ok(passwords)
}
