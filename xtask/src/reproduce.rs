//! `cargo xtask reproduce`: the site built again, from a copy in another folder with another
//! target folder, must be the same, byte for byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;
use crate::{process, say, tools, web};

/// Builds here and in a copy, and compares every file that is served.
///
/// # Errors
/// When a build fails or a byte differs.
pub(crate) fn reproduce(workspace: &Workspace) -> Result<()> {
    tools::ensure(workspace, tools::Purpose::Build)?;
    web::build(workspace, false)?;
    let copy = tempfile::Builder::new().prefix("hedgerow-copy-").tempdir()?;
    let root = copy.path().join("another-name");
    say::step(format!("Copying the sources to {}", root.display()));
    let files = process::quiet(Command::new("git").current_dir(&workspace.root).args([
        "ls-files",
        "-co",
        "--exclude-standard",
    ]))?;
    for name in files.lines() {
        let from = workspace.path(name);
        if from.is_file() {
            let to = root.join(name);
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::copy(from, to)?;
        }
    }
    let other = Workspace { target: copy.path().join("target"), root };
    tools::ensure(&other, tools::Purpose::Build)?;
    // The other clone's own target folder; the environment may name this one's.
    web::build(&other, false)?;
    let differing = differences(&workspace.site(), &other.site())?;
    if !differing.is_empty() {
        bail!("these files differ: {}", differing.join(", "));
    }
    say::step("Both builds are the same, byte for byte");
    Ok(())
}

fn differences(one: &Path, other: &Path) -> Result<Vec<String>> {
    let mut names = std::collections::BTreeSet::new();
    for folder in [one, other] {
        for file in web::files_below(folder)? {
            names.insert(file.strip_prefix(folder)?.to_path_buf());
        }
    }
    Ok(names
        .into_iter()
        .filter(|name| {
            let (a, b) = (fs::read(one.join(name)), fs::read(other.join(name)));
            !matches!((a, b), (Ok(a), Ok(b)) if a == b)
        })
        .map(|name| name.display().to_string())
        .collect())
}
