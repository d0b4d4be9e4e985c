//! The server's own secrets: the OPAQUE setup, the key behind the replies for unknown addresses, and
//! what else a room must make once and keep.
//!
//! By default they are in the database, because several processes on one PostgreSQL must share them.
//! With `data.secrets_file` they are in a file of their own and stay out of the database's backups:
//! whoever steals the database then lacks the OPRF seed, without which not even a weak passphrase can be
//! guessed (R29). Either way they open no mail.

use super::db::Db;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

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

impl Secrets {
    /// Secrets in the database, or in `file`.
    pub fn new(db: Db, file: Option<PathBuf>) -> Self {
        Self { db, file, known: Mutex::default() }
    }

    /// The secret of this name; made and stored durably the first time. If two processes make it at
    /// once, both get the one that was stored first.
    ///
    /// # Errors
    /// As [`Db::write`]; `internal` if the secrets file cannot be read.
    pub async fn get_or_make(
        &self,
        name: &'static str,
        make: impl FnOnce() -> Vec<u8>,
    ) -> ApiResult<Arc<[u8]>> {
        let mut known = self.known.lock().await;
        if let Some(value) = known.get(name) {
            return Ok(value.clone());
        }
        let fresh = make();
        let value: Arc<[u8]> = match &self.file {
            None => self.in_database(name, &fresh).await?.into(),
            Some(path) => in_file(path, name, &fresh)?.into(),
        };
        known.insert(name, value.clone());
        Ok(value)
    }

    async fn in_database(&self, name: &'static str, fresh: &[u8]) -> ApiResult<Vec<u8>> {
        self.db
            .write(|mut tx| async move {
                tx.execute(
                    "INSERT INTO server_secrets (name, value, created_at) VALUES ($1, $2, $3)
                     ON CONFLICT (name) DO NOTHING",
                    values![name, fresh, crate::app::now()],
                )
                .await?;
                let row =
                    tx.fetch_one("SELECT value FROM server_secrets WHERE name = $1", values![name]).await?;
                let value = row.bytes(0)?;
                Ok((tx, value))
            })
            .await
    }
}

/// The file holds lines `name base64`. It is replaced as a whole, so that it is never half written.
fn in_file(path: &Path, name: &str, fresh: &[u8]) -> ApiResult<Vec<u8>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    for line in text.lines() {
        if let Some((key, value)) = line.split_once(' ')
            && key == name
        {
            return STANDARD
                .decode(value.trim())
                .map_err(|_| ApiError::internal("the secrets file is damaged"));
        }
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    super::folders::make_private(parent)?;
    let staged = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&staged)?;
    writeln!(file, "{text}{name} {}", STANDARD.encode(fresh))?;
    file.sync_all()?;
    std::fs::rename(&staged, path)?;
    std::fs::File::open(parent)?.sync_all()?;
    Ok(fresh.to_vec())
}
