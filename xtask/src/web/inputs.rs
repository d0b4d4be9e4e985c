//! Which files the site is made from, and a hash of them all: an unchanged hash means
//! nothing to do.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::assets::hex;
use crate::workspace::Workspace;

/// Files and folders that the site depends on.
const SOURCES: [&str; 14] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "crypto-core/Cargo.toml",
    "crypto-core/src",
    "crypto-core/wire",
    "crypto-core/model",
    "crypto-core/bulk",
    "crypto-core/seal",
    "crypto-core/js",
    "pkg/src",
    "webmail-ui",
    "www",
    "xtask/npm/package-lock.json",
];

/// A hash of every source and of the build logic itself.
///
/// # Errors
/// When a source can't be read.
pub(crate) fn stamp(workspace: &Workspace, kind: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    for word in kind {
        hash.update(word);
        hash.update([0]);
    }
    for source in SOURCES.iter().chain(&["xtask/src/web"]) {
        let path = workspace.path(source);
        let files = if path.is_dir() {
            files_below(&path)?
        } else if path.is_file() {
            vec![path]
        } else {
            continue;
        };
        for file in files {
            let name = file.strip_prefix(&workspace.root)?;
            if name.starts_with("www/dist")
                || name.starts_with("www/dist.next")
                || name.starts_with("www/docs")
            {
                continue;
            }
            let bytes = fs::read(&file).with_context(|| format!("could not read {}", name.display()))?;
            hash.update(name.as_os_str().as_encoded_bytes());
            hash.update([0]);
            hash.update(u64::try_from(bytes.len())?.to_le_bytes());
            hash.update(&bytes);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Every file below a folder, sorted; none when the folder isn't there. Hidden files, build
/// results and installed packages are left out.
///
/// # Errors
/// When a folder can't be read.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let skip = name.starts_with('.')
                || matches!(name.as_ref(), "node_modules" | "target" | "dist" | "dist.next");
            if skip {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
