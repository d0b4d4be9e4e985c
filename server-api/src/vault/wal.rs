//! Damage in SQLite's write-ahead log, found before SQLite reads it.
//!
//! The log (`…-wal`) holds the transactions that are not folded into the database yet, and outlives a
//! killed server. SQLite reads it up to the first frame whose checksum is wrong and takes the rest as never
//! written: right for a write that the power cut tore, but one bit that a disk loses would undo every
//! committed transaction after it, silently. So before SQLite opens the file:
//!
//! - one changed byte is put back, where the checksum says which, and what it was (three of four);
//! - if more is damaged and committed transactions follow, the start is refused, and nothing is changed;
//! - if only the last transaction is damaged, it was torn while being written, and so acknowledged to
//!   nobody: a copy of the log is kept, and SQLite drops that transaction.
//!
//! Layout: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log> (sections 4.1 to 4.3).

mod frames;

use crate::errors::{ApiError, ApiResult};
use crate::vault::folders;
use frames::Report;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Held while the database is open in this process: the log of a database in use is not touched.
#[derive(Debug, Clone)]
pub struct InUse {
    _lock: Arc<File>,
}

/// What the damage costs, when it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Committed transactions that cannot be read.
    pub transactions: u64,
}

/// `path` with something appended to its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Marks the database as in use, and mends its log if this process is the first to open it.
///
/// # Errors
/// `damaged`, with the remedy, if committed transactions would be lost; `storage_full` or `internal` from
/// the disk.
pub fn mend(database: &Path) -> ApiResult<InUse> {
    let lock = open_lock(database)?;
    match lock.try_lock() {
        Ok(()) => {
            let log = beside(database, "-wal");
            let report = examine(&log)?;
            if report.refused() {
                tracing::error!(lost = report.lost, readable = report.readable, "the log is damaged");
                return Err(ApiError::new(
                    wire::error::ErrorCode::Damaged,
                    format!(
                        "the database's write-ahead log (the file that ends in -wal) is damaged after byte {}, \
                         and {} committed transactions after it cannot be read. Nothing was changed. Put \
                         the database and its log back from a backup; or run `hedgerow-server \
                         accept-lost-transactions`, which keeps copies of both files and goes on without \
                         these transactions",
                        report.readable, report.lost
                    ),
                ));
            }
            repair(&log, &report)?;
            if report.lost > 0 {
                keep_copy(&log)?;
                tracing::warn!(
                    "the last transaction in the database's log was torn while being written and was not \
                     acknowledged; it is dropped, and a copy of the log is kept beside it"
                );
            }
        }
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => locks_optional(Err(error))?,
    }
    // From exclusive to shared; a second process waits here until the first has looked.
    locks_optional(lock.lock_shared())?;
    Ok(InUse { _lock: Arc::new(lock) })
}

/// Cuts the log after the last transaction that can be read, with copies of both files beside them.
///
/// # Returns
/// None if nothing is damaged beyond repair.
///
/// # Errors
/// `unavailable` while the database is in use; `storage_full` or `internal` from the disk.
pub fn accept_loss(database: &Path) -> ApiResult<Option<Loss>> {
    let lock = open_lock(database)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(ApiError::new(
                wire::error::ErrorCode::Unavailable,
                "the database is in use; stop the server first",
            ));
        }
        Err(TryLockError::Error(error)) => locks_optional(Err(error))?,
    }
    let log = beside(database, "-wal");
    let report = examine(&log)?;
    if !report.refused() {
        return Ok(None);
    }
    keep_copy(database)?;
    keep_copy(&log)?;
    repair(&log, &report)?;
    let file = OpenOptions::new().write(true).open(&log)?;
    file.set_len(report.readable)?;
    file.sync_all()?;
    Ok(Some(Loss { transactions: report.lost }))
}

fn open_lock(database: &Path) -> ApiResult<File> {
    if let Some(parent) = database.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folders::make_private(parent)?;
    }
    Ok(OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(beside(database, "-in-use"))?)
}

/// Some network file systems know no locks; one process needs none.
fn locks_optional(outcome: std::io::Result<()>) -> ApiResult<()> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::Unsupported => Err(error.into()),
        _ => Ok(()),
    }
}

fn examine(log: &Path) -> ApiResult<Report> {
    match std::fs::read(log) {
        Ok(mut bytes) => Ok(frames::examine(&mut bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Report::default()),
        Err(error) => Err(error.into()),
    }
}

fn repair(log: &Path, report: &Report) -> ApiResult<()> {
    if report.repairs.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new().write(true).open(log)?;
    for (offset, byte) in &report.repairs {
        file.seek(SeekFrom::Start(*offset))?;
        file.write_all(&[*byte])?;
    }
    file.sync_all()?;
    tracing::warn!(
        bytes = report.repairs.len(),
        "damaged bytes in the database's log were put back from its checksums; check the disk"
    );
    Ok(())
}

fn keep_copy(file: &Path) -> ApiResult<()> {
    if file.exists() {
        std::fs::copy(file, beside(file, &format!(".damaged-{}", crate::app::now())))?;
    }
    Ok(())
}
