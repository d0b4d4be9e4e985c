//! Scripts, styles and icons: esbuild for what has structure, concatenation for the rest.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::Module;
use super::inputs::files_below;
use crate::workspace::Workspace;

/// Browsers that have everything the page needs; newer syntax stays as it is.
const BROWSERS: &str = "--target=es2022";

/// The glue script of a module with its snippets, as one file.
///
/// # Errors
/// When esbuild fails.
pub(crate) fn glue(workspace: &Workspace, module: &Module) -> Result<String> {
    let entry = module.folder.join(format!("{}.js", module.name));
    let mut command = workspace.npm_tool("esbuild/bin/esbuild");
    command.arg(entry);
    command.args(["--bundle", "--format=esm", "--log-level=warning", BROWSERS]);
    if !module.dev {
        command.arg("--minify");
    }
    crate::process::quiet(&mut command)
}

/// One script without imports, minified.
///
/// # Errors
/// When esbuild fails.
pub(crate) fn minify(workspace: &Workspace, text: &str, dev: bool) -> Result<String> {
    if dev {
        return Ok(text.to_owned());
    }
    esbuild(workspace, text, "js", &["--format=esm", BROWSERS])
}

/// Every style sheet of `www/styles` in the order of their names (`00-layers.css` first).
///
/// # Errors
/// When there is none, or esbuild fails.
pub(crate) fn styles(workspace: &Workspace, dev: bool) -> Result<String> {
    let mut text = String::new();
    for file in files_below(&workspace.path("www/styles"))? {
        if file.extension().is_some_and(|ending| ending == "css") {
            text.push_str(&fs::read_to_string(&file)?);
            text.push('\n');
        }
    }
    if text.is_empty() {
        bail!("www/styles holds no style sheet");
    }
    if dev {
        return Ok(text);
    }
    esbuild(workspace, &text, "css", &[])
}

/// The icons: `www/sprite.svg`, or every file of `www/icons` as a `<symbol>` of one sprite.
///
/// # Errors
/// When an icon isn't a plain SVG.
pub(crate) fn sprite(workspace: &Workspace) -> Result<Option<String>> {
    for ready in ["www/sprite.svg", "www/icons.svg"] {
        if let Ok(text) = fs::read_to_string(workspace.path(ready)) {
            return Ok(Some(text));
        }
    }
    let files = files_below(&workspace.path("www/icons"))?;
    if files.is_empty() {
        return Ok(None);
    }
    let mut out = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg">"#);
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&file)?;
        let parts = text
            .split_once("<svg")
            .and_then(|(_, rest)| rest.split_once('>'))
            .and_then(|(head, body)| Some((head, body.rsplit_once("</svg>")?.0)));
        let (head, body) = parts.with_context(|| format!("{} is not an SVG picture", file.display()))?;
        let view = head
            .split_once("viewBox=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("0 0 24 24", |(view, _)| view);
        out.push_str(&format!(r#"<symbol id="{name}" viewBox="{view}">{}</symbol>"#, body.trim()));
    }
    out.push_str("</svg>");
    Ok(Some(out))
}

fn esbuild(workspace: &Workspace, text: &str, loader: &str, more: &[&str]) -> Result<String> {
    let mut command = workspace.npm_tool("esbuild/bin/esbuild");
    command
        .args([&format!("--loader={loader}"), "--minify", "--log-level=warning"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("could not start esbuild")?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("esbuild failed\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
