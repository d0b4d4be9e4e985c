//! `cargo xtask web`: sources to `www/dist`, a folder that any server can serve as it is.
//!
//! Everything below `/assets/` has the hash of its content in its name and never changes;
//! `index.html` names the assets and their integrity hashes. Each file has a brotli sibling.
//! The same sources give the same bytes in any folder on any machine with the same tools.

mod assets;
mod compress;
mod gate;
mod inputs;
mod script;
mod wasm;

pub(crate) use inputs::{files_below, stamp};
pub(crate) use script::glue;
pub(crate) use wasm::{Module, build as build_wasm};

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::say;
use crate::workspace::Workspace;
use assets::{Site, fill};

/// The languages that the page offers; each is one JSON file in `www/i18n`.
pub(crate) const LANGUAGES: [&str; 8] = ["de", "en", "es", "fr", "it", "nl", "pt", "ru"];

/// Builds `www/dist` unless it is up to date.
///
/// # Errors
/// When a source doesn't compile, or a token of a template is unknown.
pub(crate) fn build(workspace: &Workspace, dev: bool) -> Result<()> {
    let stamp = inputs::stamp(workspace, &[if dev { "dev" } else { "web" }])?;
    let stamp_file = workspace.site().join(".inputs");
    if fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        say::step("The site is up to date");
        return Ok(());
    }
    let page_and_worker = build_wasm(workspace, dev)?;
    say::step("Putting the site together");
    // Made aside and moved into place whole: a server that is running never sees half a site.
    let next = workspace.path("www/dist.next");
    let _ = fs::remove_dir_all(&next);
    let sizes = lay_out(workspace, &page_and_worker, &next, dev)?;
    fs::write(next.join(".inputs"), &stamp)?;
    fs::write(next.join(".sizes"), serde_json::to_string(&sizes)?)?;
    let site = workspace.site();
    let _ = fs::remove_dir_all(&site);
    fs::rename(&next, &site).context("could not move the new site into place")?;
    Ok(())
}

/// The byte gate over the site as it was built last (not in a debug build).
///
/// # Errors
/// When the page has become too large to send.
pub(crate) fn gate(workspace: &Workspace) -> Result<()> {
    let text = fs::read_to_string(workspace.site().join(".sizes")).context("there is no built site")?;
    gate::check(&serde_json::from_str(&text)?)
}

fn lay_out(workspace: &Workspace, modules: &wasm::Modules, folder: &Path, dev: bool) -> Result<gate::Sizes> {
    let www = workspace.path("www");
    let mut site = Site::new(folder)?;
    site.add("css", "css", script::styles(workspace, dev)?.as_bytes())?;
    if let Some(sprite) = script::sprite(workspace)? {
        site.add("sprite", "svg", sprite.as_bytes())?;
    }
    let mut largest_language = String::new();
    let mut languages = Vec::new();
    for language in LANGUAGES {
        let file = www.join("i18n").join(format!("{language}.json"));
        let text =
            fs::read_to_string(&file).with_context(|| format!("www/i18n/{language}.json is missing"))?;
        // Through a map, so that the same words give the same bytes whatever their order.
        let words: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&text).with_context(|| format!("www/i18n/{language}.json is not JSON"))?;
        let packed = serde_json::to_string(&words)?;
        let name = format!("i18n_{language}");
        let url = site.add(&name, "json", packed.as_bytes())?;
        languages.push(format!("{language}={url}"));
        if packed.len() > largest_language.len() {
            largest_language = packed;
        }
    }
    site.define("i18n", &languages.join(" "));

    let parts = [("app", &modules.page), ("crypto", &modules.worker)];
    for (name, module) in parts {
        site.add(&format!("{name}_wasm"), "wasm", &module.wasm)?;
        let mut glue = script::glue(workspace, module)?;
        for (index, chunk) in module.chunks.iter().enumerate() {
            let url = site.add(&format!("{name}_chunk{index}"), "wasm", &chunk.wasm)?;
            // Chunks lie beside the script that loads them.
            let hashed = url.trim_start_matches("/assets/");
            anyhow::ensure!(glue.contains(&chunk.known_as), "nothing loads {}", chunk.known_as);
            glue = glue.replace(&chunk.known_as, hashed);
        }
        site.add(&format!("{name}_js"), "js", glue.as_bytes())?;
    }

    // The worker is the script that the npm package publishes, with the two names filled in.
    let worker =
        fs::read_to_string(workspace.path("pkg/src/worker.js")).context("pkg/src/worker.js is missing")?;
    site.define_from("glue_js", "crypto_js");
    site.define_from("wasm", "crypto_wasm");
    let worker = fill(&worker, site.tokens(), "pkg/src/worker.js")?;
    let worker = script::minify(workspace, &worker, dev)?;
    site.add("worker_js", "js", worker.as_bytes())?;

    let boot = fs::read_to_string(www.join("boot.js")).context("www/boot.js is missing")?;
    let boot = fill(&boot, site.tokens(), "www/boot.js")?;
    let boot = script::minify(workspace, &boot, dev)?;
    site.add("boot_js", "js", boot.as_bytes())?;

    add_fixed_names(&www, &mut site)?;
    let index = fs::read_to_string(www.join("index.html")).context("www/index.html is missing")?;
    let index = fill(&index, site.tokens(), "www/index.html")?;
    site.add_fixed("index.html", index.as_bytes())?;

    compress::compress(workspace, folder, dev)?;
    if dev {
        return Ok(gate::Sizes::default());
    }
    let language = LANGUAGES
        .iter()
        .filter_map(|language| site.compressed_size(&format!("i18n_{language}")).ok())
        .max()
        .unwrap_or(0);
    let mut sizes = gate::Sizes::default();
    sizes.page("index.html", site.compressed_size_of("index.html")?);
    for name in ["boot_js", "css", "app_js", "app_wasm"] {
        sizes.page(name, site.compressed_size(name)?);
    }
    if site.tokens().contains_key("sprite") {
        sizes.page("sprite", site.compressed_size("sprite")?);
    }
    sizes.page("largest language", language);
    for name in ["worker_js", "crypto_js", "crypto_wasm"] {
        sizes.worker(name, site.compressed_size(name)?);
    }
    for (index, chunk) in modules.page.chunks.iter().enumerate() {
        let bytes = site.compressed_size(&format!("app_chunk{index}"))?;
        let label = format!("for {}", chunk.needed_by.join(", "));
        // The inbox needs the rooms; the other parts come after it, or instead of it.
        let inbox = chunk.needed_by.iter().any(|part| part == "rooms");
        if inbox { sizes.worker(&label, bytes) } else { sizes.later(&label, bytes) }
    }
    Ok(sizes)
}

/// Files with names that must not change: `www/static` goes to the site's root.
fn add_fixed_names(www: &Path, site: &mut Site) -> Result<()> {
    let folder = www.join("static");
    for file in inputs::files_below(&folder)? {
        let name = file
            .strip_prefix(&folder)?
            .to_str()
            .context("a file name in www/static is not UTF-8")?
            .to_owned();
        if name == "index.html" {
            bail!("www/static/index.html would hide www/index.html");
        }
        let bytes = fs::read(&file)?;
        let is_text =
            [".html", ".js", ".webmanifest", ".txt", ".css"].iter().any(|ending| name.ends_with(ending));
        if is_text {
            let text = String::from_utf8(bytes)?;
            let text = fill(&text, site.tokens(), &format!("www/static/{name}"))?;
            site.add_fixed(&name, text.as_bytes())?;
        } else {
            site.add_fixed(&name, &bytes)?;
        }
    }
    Ok(())
}
