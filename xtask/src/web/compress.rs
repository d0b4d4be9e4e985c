//! Brotli siblings, at the highest quality, made once for each content.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::{assets, inputs};
use crate::process;
use crate::workspace::Workspace;

/// Below this a header costs more than the file saves.
const SMALLEST: usize = 128;

/// Writes `FILE.br` beside every file that gains by it.
///
/// # Errors
/// When node can't compress a file.
pub(crate) fn compress(workspace: &Workspace, folder: &Path, dev: bool) -> Result<()> {
    let quality = if dev { "4" } else { "11" };
    let cache = workspace.cache().join("brotli");
    fs::create_dir_all(&cache)?;
    let mut missing = Vec::new();
    let mut places = Vec::new();
    for file in inputs::files_below(folder)? {
        let bytes = fs::read(&file)?;
        let ending = file.extension().and_then(|e| e.to_str()).unwrap_or("");
        if bytes.len() < SMALLEST || matches!(ending, "png" | "webp" | "woff2" | "br") {
            continue;
        }
        let kept = cache.join(format!("{}.q{quality}.br", assets::hex(&Sha256::digest(&bytes))));
        if !kept.is_file() {
            missing.push(file.clone());
            missing.push(kept.clone());
        }
        places.push((kept, file));
    }
    if !missing.is_empty() {
        let mut command = workspace.npm_tool("../compress.mjs");
        process::quiet(command.arg(quality).args(&missing))?;
    }
    for (kept, file) in places {
        let mut name = file.into_os_string();
        name.push(".br");
        fs::copy(&kept, &name).context("could not place a compressed file")?;
    }
    Ok(())
}
