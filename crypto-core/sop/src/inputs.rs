//! INDIRECT inputs: a file, `@ENV:NAME` or `@FD:n`; and standard input.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::{Code, Failure};

/// A key ring of 64 MiB is a large one; beyond it the input is refused rather than held.
pub(crate) const KEYS_AT_MOST: u64 = 64 << 20;
/// Detached signatures are small, many of them included.
pub(crate) const SIGNATURES_AT_MOST: u64 = 16 << 20;
/// A password or session key in a file.
pub(crate) const SECRET_AT_MOST: u64 = 64 << 10;

/// Where an indirect argument points.
pub(crate) enum Place {
    /// The value of an environment variable.
    Env(OsString),
    /// An open file descriptor, by the path it has on this system.
    Fd(String),
    /// A file by its name.
    File,
}

/// Reads the designator of an indirect argument.
pub(crate) fn place(name: &OsStr) -> Result<Place, Failure> {
    let bytes = name.as_encoded_bytes();
    if bytes.first() != Some(&b'@') {
        return Ok(Place::File);
    }
    if Path::new(name).symlink_metadata().is_ok() {
        return Err(Failure::new(
            Code::AmbiguousInput,
            format!(
                "{name:?} is both a designator and a file; write ./{} for the file",
                name.to_string_lossy()
            ),
        ));
    }
    let text = name.to_str();
    if let Some(variable) = text.and_then(|text| text.strip_prefix("@ENV:")) {
        return Ok(Place::Env(variable.into()));
    }
    match text.and_then(|text| text.strip_prefix("@FD:")).map(str::parse::<u32>) {
        Some(Ok(number)) => Ok(Place::Fd(format!("/dev/fd/{number}"))),
        _ => Err(Failure::new(
            Code::UnsupportedSpecialPrefix,
            format!("{name:?}: only @ENV:NAME and @FD:number are known"),
        )),
    }
}

/// Opens an indirect input for reading.
pub(crate) fn open(name: &OsStr) -> Result<Box<dyn Read>, Failure> {
    let missing = |why: String| Failure::new(Code::MissingInput, format!("cannot read {name:?}: {why}"));
    match place(name)? {
        Place::Env(variable) => {
            let value =
                std::env::var_os(&variable).ok_or_else(|| missing("the variable is not set".into()))?;
            Ok(Box::new(Cursor::new(value.into_encoded_bytes())))
        }
        Place::Fd(path) => Ok(Box::new(File::open(path).map_err(|error| missing(error.to_string()))?)),
        Place::File => {
            let file = File::open(name).map_err(|error| missing(error.to_string()))?;
            if file.metadata().is_ok_and(|about| about.is_dir()) {
                return Err(missing("it is a folder".into()));
            }
            Ok(Box::new(file))
        }
    }
}

/// Reads a whole indirect input, up to a limit.
pub(crate) fn whole(name: &OsStr, at_most: u64) -> Result<Vec<u8>, Failure> {
    bounded(open(name)?, at_most)
}

/// Reads a whole secret (password, session key); the copy is wiped when dropped.
pub(crate) fn secret(name: &OsStr) -> Result<Zeroizing<Vec<u8>>, Failure> {
    whole(name, SECRET_AT_MOST).map(Zeroizing::new)
}

/// Reads standard input to its end, up to a limit.
pub(crate) fn whole_stdin(at_most: u64) -> Result<Vec<u8>, Failure> {
    bounded(std::io::stdin().lock(), at_most)
}

fn bounded(from: impl Read, at_most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(at_most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > at_most {
        return Err(Failure::new(
            Code::BadData,
            format!("the input is larger than {} KiB, the limit for its type", at_most >> 10),
        ));
    }
    Ok(bytes)
}

/// Feeds standard input to `take`, piece by piece.
pub(crate) fn stdin_pieces(mut take: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    pieces(std::io::stdin().lock(), &mut take)
}

/// Feeds a reader to `take`, piece by piece.
pub(crate) fn pieces(
    mut from: impl Read,
    take: &mut impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut buffer = vec![0_u8; 128 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => take(buffer.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
