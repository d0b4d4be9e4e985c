//! The file of secrets: lines `name base64 sha256`, replaced as a whole so that it is never half written.
//! Lines without the digest, as earlier versions wrote them, are read too.

use super::refusal;
use crate::errors::{ApiError, ApiResult};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The file, while no other process changes it.
pub(super) struct Locked {
    path: PathBuf,
    folder: File,
}

impl Locked {
    /// Makes the folder if need be, and waits for the other processes.
    pub(super) async fn open(path: PathBuf) -> ApiResult<Self> {
        let opened = tokio::task::spawn_blocking(move || {
            let parent =
                path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            crate::vault::folders::make_private(parent)?;
            // The folder and not the file, which is replaced.
            let folder = File::open(parent)?;
            match folder.lock() {
                Ok(()) => {}
                // Some network file systems know no locks; one process needs none.
                Err(error) if error.kind() == ErrorKind::Unsupported => {}
                Err(error) => return Err(error.into()),
            }
            Ok::<_, ApiError>(Self { path, folder })
        });
        opened.await.map_err(|_| ApiError::internal("a task ended abnormally"))?
    }

    fn text(&self) -> ApiResult<String> {
        match std::fs::read(&self.path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| damaged()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => {
                tracing::error!(cause = ?error.kind(), "data.secrets_file cannot be read");
                Err(refusal("data.secrets_file cannot be read: let this user read and write it"))
            }
        }
    }

    /// The secret of this name.
    pub(super) fn get(&self, name: &str) -> ApiResult<Option<Vec<u8>>> {
        for line in self.text()?.lines().filter(|line| !line.trim().is_empty()) {
            let mut parts = line.split_ascii_whitespace();
            let (Some(key), Some(value)) = (parts.next(), parts.next()) else { return Err(damaged()) };
            if !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                return Err(damaged());
            }
            let value = STANDARD.decode(value).map_err(|_| damaged())?;
            // Every line is judged: with a bit flipped in its name, a secret would seem not to be there.
            if parts.next().is_some_and(|digest| digest != line_digest(key, &value)) {
                return Err(damaged());
            }
            if key == name {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Adds a secret; once this returns, it is on the disk.
    pub(super) fn add(&self, name: &str, value: &[u8]) -> ApiResult<()> {
        let mut text = self.text()?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let staged = self.path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&staged)?;
        writeln!(file, "{text}{name} {} {}", STANDARD.encode(value), line_digest(name, value))?;
        file.sync_all()?;
        std::fs::rename(&staged, &self.path)?;
        self.folder.sync_all()?;
        Ok(())
    }
}

fn line_digest(name: &str, value: &[u8]) -> String {
    hex::encode(Sha256::new().chain_update(name).chain_update([0]).chain_update(value).finalize())
}

fn damaged() -> ApiError {
    ApiError::damaged(
        "data.secrets_file is damaged. Without its secrets no passphrase works: restore it from its backup",
    )
}
