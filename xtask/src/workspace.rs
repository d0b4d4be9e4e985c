//! Where things are: the clone, cargo's target folder, the node modules.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// The clone that this xtask was built from, and cargo's target folder.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; `CARGO_TARGET_DIR` and cargo's configuration are respected.
    pub(crate) target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// When cargo can't read the workspace.
    pub(crate) fn find() -> Result<Self> {
        let home = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let mut command = Command::new(cargo());
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(home) = home {
            command.current_dir(home);
        }
        let text = process::quiet(&mut command)?;
        let metadata: Metadata = serde_json::from_str(&text).context("could not read cargo's metadata")?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory })
    }

    /// `cargo` started in the clone.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // Set for xtask itself by `cargo run`; passed on, they only cause rebuilds.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            command.env_remove(name);
        }
        command
    }

    /// A path inside the clone.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A program that an npm package in `xtask/npm` brings, as a command.
    pub(crate) fn npm_tool(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.path("xtask/npm/node_modules").join(script));
        command.current_dir(&self.root);
        command
    }

    /// The built server (debug profile).
    pub(crate) fn server(&self) -> PathBuf {
        self.target.join("debug/hedgerow-server")
    }

    /// The built site.
    pub(crate) fn site(&self) -> PathBuf {
        self.path("www/dist")
    }

    /// Where xtask keeps what it need not make twice.
    pub(crate) fn cache(&self) -> PathBuf {
        self.target.join("hedgerow-cache")
    }
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
