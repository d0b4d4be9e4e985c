//! The server's own secrets: the OPAQUE setup, the key behind the replies for unknown addresses, and
//! what else a room must make once and keep.
//!
//! With `data.secrets_file`, which the embedded database has by default, they are in a file of their own:
//! whoever gets at the database alone lacks the OPRF seed, without which not even a weak passphrase can be
//! guessed (R29). Several processes on one PostgreSQL may share such a file; without one they find the
//! secrets in the database. Either way they open no mail.
//!
//! The database always holds a digest of each secret. So a file that is lost, damaged or another server's
//! is noticed at the start, instead of making every passphrase look wrong.

use super::db::{Db, Dialect, Tx};
use super::digests;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;
use wire::error::ErrorCode;

mod file;

const PLACE: &str = "server_secrets.value";

/// The secrets of this server.
pub struct Secrets {
    db: Db,
    file: Option<PathBuf>,
    known: Mutex<BTreeMap<&'static str, Arc<[u8]>>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// What the database says of a secret.
struct Stored {
    /// Empty if it is in a file.
    value: Vec<u8>,
    sha256: Option<Vec<u8>>,
}

impl Secrets {
    /// Secrets in the database, or in `file`. What an earlier version left in the database moves into the
    /// file and is wiped there.
    ///
    /// # Errors
    /// As [`Db::write`]; `internal` if the file cannot be read or holds other secrets than the database.
    pub async fn open(db: Db, file: Option<PathBuf>) -> ApiResult<Self> {
        let secrets = Self { db, file, known: Mutex::default() };
        match &secrets.file {
            Some(_) => secrets.move_into_file().await?,
            None if secrets.db.dialect() == Dialect::Postgres => tracing::warn!(
                "the server's secrets are in the database: whoever copies it can test guessed passphrases. \
                 Name a file for them in data.secrets_file, the same one for every process"
            ),
            None => {}
        }
        Ok(secrets)
    }

    /// The secret of this name; made and stored durably the first time. If two processes make it at
    /// once, both get the one that was stored first.
    ///
    /// # Errors
    /// As [`Db::write`]; `internal` if the file of secrets cannot be read, lacks a secret that was made
    /// before, or holds another one; `damaged` if a stored secret does not agree with its digest.
    pub async fn get_or_make(
        &self,
        name: &'static str,
        make: impl FnOnce() -> Vec<u8>,
    ) -> ApiResult<Arc<[u8]>> {
        self.get_or_try_make(name, || Ok(make())).await
    }

    /// As [`Secrets::get_or_make`], for what is costly to make or can fail: it is made only if it is not there.
    ///
    /// # Errors
    /// As [`Secrets::get_or_make`], and those of `make`.
    pub async fn get_or_try_make(
        &self,
        name: &'static str,
        make: impl FnOnce() -> ApiResult<Vec<u8>>,
    ) -> ApiResult<Arc<[u8]>> {
        let mut known = self.known.lock().await;
        if let Some(value) = known.get(name) {
            return Ok(value.clone());
        }
        let value: Arc<[u8]> = match &self.file {
            None => {
                let there = find(&mut self.db.read().await?, name).await?.is_some();
                let fresh = if there { Vec::new() } else { make()? };
                self.in_database(name, &fresh).await?.into()
            }
            Some(path) => self.in_file(path.clone(), name, make).await?.into(),
        };
        known.insert(name, value.clone());
        Ok(value)
    }

    async fn in_database(&self, name: &'static str, fresh: &[u8]) -> ApiResult<Vec<u8>> {
        let digest = &digests::digest(PLACE, name.as_bytes(), fresh);
        let stored = self
            .db
            .write(|mut tx| async move {
                insert(&mut tx, name, fresh, digest).await?;
                let stored = find(&mut tx, name).await?.ok_or_else(ApiError::not_found)?;
                // Made by a version that kept no digests.
                if stored.sha256.is_none() {
                    let digest = digests::digest(PLACE, name.as_bytes(), &stored.value);
                    set(&mut tx, name, &stored.value, &digest).await?;
                }
                Ok((tx, stored))
            })
            .await?;
        if stored.value.is_empty() {
            return Err(refusal("the secrets of this database are in a file: name it in data.secrets_file"));
        }
        if let Some(sha256) = stored.sha256 {
            let what = "a secret of the server is damaged in the database; restore it from a backup";
            digests::check(PLACE, name.as_bytes(), &stored.value, Some(&sha256), what)?;
        }
        Ok(stored.value)
    }

    async fn in_file(
        &self,
        path: PathBuf,
        name: &'static str,
        make: impl FnOnce() -> ApiResult<Vec<u8>>,
    ) -> ApiResult<Vec<u8>> {
        // One process after the other: each reads what the one before it wrote.
        let file = file::Locked::open(path).await?;
        let stored = find(&mut self.db.read().await?, name).await?;
        let value = match file.get(name)? {
            Some(value) => value,
            None if stored.is_some() => {
                return Err(refusal(
                    "a secret of this server is not in data.secrets_file. Without it no passphrase works: \
                     put the file back from its backup. If it is lost for good, `hedgerow-server secrets \
                     renew` makes new ones; then every person needs the recovery phrase",
                ));
            }
            None => {
                let value = make()?;
                file.add(name, &value)?;
                value
            }
        };
        let digest = &digests::digest(PLACE, name.as_bytes(), &value);
        let known = self
            .db
            .write(|mut tx| async move {
                insert(&mut tx, name, &[], digest).await?;
                let known = find(&mut tx, name).await?.and_then(|stored| stored.sha256);
                Ok((tx, known))
            })
            .await?;
        if known.is_none_or(|known| known != *digest) {
            return Err(refusal(
                "data.secrets_file is whole, but its secrets are not those of this database: name the right \
                 file, the same one for every process, or restore the database",
            ));
        }
        Ok(value)
    }

    /// Moves what is in the database into the file, and wipes it there.
    async fn move_into_file(&self) -> ApiResult<()> {
        let Some(path) = self.file.clone() else { return Ok(()) };
        let rows = self
            .db
            .read()
            .await?
            .fetch_all("SELECT name, value, sha256 FROM server_secrets WHERE LENGTH(value) > 0", &[])
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let file = file::Locked::open(path).await?;
        for row in rows {
            let (name, value) = (&row.text(0)?, row.bytes(1)?);
            if let Some(sha256) = row.opt_bytes(2)? {
                let what = "a secret of the server is damaged in the database; restore it from a backup";
                digests::check(PLACE, name.as_bytes(), &value, Some(&sha256), what)?;
            }
            match file.get(name)? {
                None => file.add(name, &value)?,
                Some(filed) if filed == value => {}
                Some(_) => {
                    return Err(refusal(
                        "data.secrets_file and the database hold different secrets: move away the one that \
                         is not this server's",
                    ));
                }
            }
            let digest = &digests::digest(PLACE, name.as_bytes(), &value);
            self.db
                .write(|mut tx| async move {
                    set(&mut tx, name, &[], digest).await?;
                    Ok((tx, ()))
                })
                .await?;
        }
        self.db.scrub("server_secrets").await?;
        tracing::warn!(
            "the server's secrets moved from the database into data.secrets_file; older backups of the \
             database still hold them. Back the file up, apart from the database"
        );
        Ok(())
    }
}

/// Forgets every secret, so that the next start makes new ones: the way on after the file was lost for
/// good. Passphrases of existing accounts stop working; recovery phrases set new ones.
///
/// # Errors
/// As [`Db::write`]; `internal` if the file is there.
pub async fn renew(db: &Db, file: Option<&std::path::Path>) -> ApiResult<()> {
    if file.is_some_and(std::path::Path::exists) {
        return Err(refusal(
            "data.secrets_file is there, and with it every passphrase works: nothing was changed. To make \
             new secrets all the same, move the file away first",
        ));
    }
    db.write(|mut tx| async move {
        tx.execute("DELETE FROM server_secrets", &[]).await?;
        Ok((tx, ()))
    })
    .await
}

/// An error of the operator's making, that needs no line of its own in the log.
fn refusal(words: &'static str) -> ApiError {
    ApiError::new(ErrorCode::Internal, words)
}

async fn find(tx: &mut Tx, name: &str) -> ApiResult<Option<Stored>> {
    tx.fetch_optional("SELECT value, sha256 FROM server_secrets WHERE name = $1", values![name])
        .await?
        .map(|row| Ok(Stored { value: row.bytes(0)?, sha256: row.opt_bytes(1)? }))
        .transpose()
}

async fn insert(tx: &mut Tx, name: &str, value: &[u8], digest: &[u8; 32]) -> ApiResult<()> {
    tx.execute(
        "INSERT INTO server_secrets (name, value, created_at, sha256) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) DO NOTHING",
        values![name, value, crate::app::now(), digest],
    )
    .await?;
    Ok(())
}

async fn set(tx: &mut Tx, name: &str, value: &[u8], digest: &[u8; 32]) -> ApiResult<()> {
    tx.execute(
        "UPDATE server_secrets SET value = $2, sha256 = $3 WHERE name = $1",
        values![name, value, digest],
    )
    .await?;
    Ok(())
}
