//! `cargo xtask pkg`: the npm package, `pkg/dist/hedgerow-crypto-VERSION.tgz`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::workspace::Workspace;
use crate::{process, say, web};

#[derive(Deserialize)]
struct Manifest {
    version: String,
}

/// Builds the module, puts it beside the hand-written files of `pkg/`, and packs them.
///
/// # Errors
/// When the module doesn't compile, or a file that `package.json` names is missing.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let pkg = workspace.path("pkg");
    let dist = pkg.join("dist");
    let text = fs::read_to_string(pkg.join("package.json")).context("pkg/package.json is missing")?;
    let manifest: Manifest = serde_json::from_str(&text).context("pkg/package.json")?;
    let tarball = dist.join(format!("hedgerow-crypto-{}.tgz", manifest.version));

    let stamp = web::stamp(workspace, &["package", &text])?;
    let stamp_file = dist.join(".inputs");
    if tarball.is_file() && fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        say::step("The npm package is up to date");
        return Ok(());
    }
    let modules = web::build_wasm(workspace, false)?;
    say::step("Packing the npm package");
    let _ = fs::remove_dir_all(&dist);
    fs::create_dir_all(&dist)?;
    fs::write(dist.join("crypto.wasm"), &modules.worker.wasm)?;
    fs::write(dist.join("crypto.js"), web::glue(workspace, &modules.worker)?)?;
    // Packed from a folder of its own: the licences lie at the clone's root.
    let stage = workspace.cache().join("package");
    let _ = fs::remove_dir_all(&stage);
    copy_tree(&pkg, &stage)?;
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(workspace.path(licence), stage.join(licence))
            .with_context(|| format!("{licence} is missing"))?;
        readable(&stage.join(licence))?;
    }
    fs::create_dir_all(stage.join("dist"))?;
    for name in ["crypto.wasm", "crypto.js"] {
        let staged = stage.join("dist").join(name);
        fs::copy(dist.join(name), &staged)?;
        readable(&staged)?;
    }
    // `npm pack` gives every file the same fixed time, so the same files give the same bytes.
    process::quiet(
        Command::new("npm")
            .current_dir(&stage)
            .args(["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination"])
            .arg(&dist),
    )?;
    anyhow::ensure!(tarball.is_file(), "npm pack did not write {}", tarball.display());
    fs::write(stamp_file, stamp)?;
    Ok(())
}

/// The mode is packed too, and a clone's files have that of its owner's umask.
fn readable(file: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(file, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// What is written by hand.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for file in web::files_below(from)? {
        let target = to.join(file.strip_prefix(from)?);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&file, &target)?;
        readable(&target)?;
    }
    Ok(())
}
