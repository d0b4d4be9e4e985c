//! INDIRECT outputs, which never overwrite a file, and standard output.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, StdoutLock, Write};
use std::path::Path;

use crate::failure::{Code, Failure};
use crate::inputs::{Place, place};

/// Standard output, buffered; whoever takes it flushes it, so that a full disk is noticed.
pub(crate) fn stdout() -> Result<BufWriter<StdoutLock<'static>>, Failure> {
    Ok(BufWriter::with_capacity(128 << 10, std::io::stdout().lock()))
}

/// Writes all to standard output.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = stdout()?;
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// An output beside standard output: checked before the work, written after it succeeded.
#[derive(Debug)]
pub(crate) struct Output(OsString);

impl Output {
    /// Refuses what could not be written to: an existing file, an unknown designator.
    pub(crate) fn checked(name: &OsStr) -> Result<Self, Failure> {
        match place(name)? {
            Place::Env(_) => Err(Failure::new(
                Code::UnsupportedSpecialPrefix,
                format!("{name:?}: a result cannot be written to @ENV:"),
            )),
            Place::File if Path::new(name).symlink_metadata().is_ok() => Err(exists(name)),
            Place::Fd(_) | Place::File => Ok(Self(name.to_owned())),
        }
    }

    /// Makes the file and writes it.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut file: File = match place(&self.0)? {
            Place::Fd(path) => OpenOptions::new().write(true).open(path)?,
            Place::Env(_) | Place::File => {
                OpenOptions::new().write(true).create_new(true).open(&self.0).map_err(|error| {
                    if error.kind() == std::io::ErrorKind::AlreadyExists {
                        exists(&self.0)
                    } else {
                        error.into()
                    }
                })?
            }
        };
        file.write_all(bytes)?;
        Ok(file.flush()?)
    }
}

fn exists(name: &OsStr) -> Failure {
    Failure::new(
        Code::OutputExists,
        format!("{name:?} is there already, and is not overwritten; name another file"),
    )
}
