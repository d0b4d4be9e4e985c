//! The repository as text.

use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// A file of the repository.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// The lines before the first inline test module, with their numbers from 1, comments left out.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut in_tests = false;
        let lines: Vec<&str> = self.text.lines().collect();
        let next = lines.get(1..).unwrap_or_default().to_vec();
        lines.into_iter().zip(next.into_iter().chain([""])).enumerate().filter_map(
            move |(number, (line, following))| {
                in_tests |= line.trim() == "#[cfg(test)]" && following.trim_end().ends_with('{');
                let text = line.trim_start();
                (!in_tests && !text.starts_with("//")).then_some((number + 1, line))
            },
        )
    }

    /// Whether the whole file is a test.
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| {
            part == "tests" || part == "tests.rs" || part.starts_with("test_") || part.ends_with("_tests.rs")
        })
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

fn walk(dir: &Path, extension: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let skipped =
                name.starts_with('.') || ["target", "node_modules", "dist", "data"].contains(&&*name);
            if !skipped {
                walk(&entry.path(), extension, found)?;
            }
        } else if kind.is_file() && name.ends_with(&format!(".{extension}")) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Every file under a folder of the repository whose name ends in `extension`; generated folders left out.
pub fn under(folder: &str, extension: &str) -> Result<Vec<Source>> {
    let root = root();
    let mut paths = Vec::new();
    let start = root.join(folder);
    if start.is_dir() {
        walk(&start, extension, &mut paths)?;
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let path = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
            Ok(Source { path, text })
        })
        .collect()
}
