//! Rust to WebAssembly: cargo, wasm-bindgen (as a library), wasm-opt.
//!
//! The page and the crypto worker are always compiled in one cargo call, so that the npm
//! package and the webmail get the same worker, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::assets::hex;
use crate::workspace::Workspace;
use crate::{process, say};

const TARGET: &str = "wasm32-unknown-unknown";

/// What the Rust compiler may use in its output, and wasm-opt must therefore accept.
const FEATURES: [&str; 8] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Leptos erases the types of its components, and nothing is printed for programmers: no `Debug` text, no
/// source lines in panics.
const SIZE_FLAGS: &str = "--cfg=erase_components -Zfmt-debug=none -Zlocation-detail=none";

/// 128-bit SIMD, which all browsers have had since 2023: `bulk` runs three times as fast with it.
const SIMD_FLAG: &str = "-Ctarget-feature=+simd128";

/// A module as the browser loads it.
#[derive(Debug)]
pub(crate) struct Module {
    /// `app` or `crypto`.
    pub(crate) name: &'static str,
    /// The folder that holds the glue script `NAME.js` and its snippets.
    pub(crate) folder: PathBuf,
    /// Whether it is a debug build.
    pub(crate) dev: bool,
    /// The module itself.
    pub(crate) wasm: Vec<u8>,
    /// What it loads when it is needed.
    pub(crate) chunks: Vec<Chunk>,
}

/// A part of a module that is loaded when it is needed.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The file name by which the module's script knows it.
    pub(crate) known_as: String,
    /// The split points that need it, by name.
    pub(crate) needed_by: Vec<String>,
    /// The bytes.
    pub(crate) wasm: Vec<u8>,
}

/// The two modules of the site.
#[derive(Debug)]
pub(crate) struct Modules {
    /// `webmail-ui`.
    pub(crate) page: Module,
    /// `hedgerow-js`.
    pub(crate) worker: Module,
}

/// Compiles both modules; `dev` is quick and large, and has the component page.
///
/// # Errors
/// When one doesn't compile, or a tool fails.
pub(crate) fn build(workspace: &Workspace, dev: bool) -> Result<Modules> {
    say::step(if dev {
        "Compiling the page and its crypto worker to WebAssembly (debug)"
    } else {
        "Compiling the page and its crypto worker to WebAssembly (the longest step, minutes on a first run)"
    });
    let profile = if dev { "dev" } else { "web" };
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--target", TARGET, "--profile", profile]);
    cargo.args(["--package", "webmail-ui", "--package", "hedgerow-js"]);
    if dev {
        if has_feature(workspace, "kit")? {
            cargo.args(["--features", "webmail-ui/kit"]);
        }
    } else {
        // The same bytes wherever the clone, the registry and the toolchain lie. Only here:
        // these flags in a configuration file would rebuild everyone's debug builds.
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", rust_flags(workspace)?);
        cargo.env("CARGO_INCREMENTAL", "0");
        // The stable compiler takes the two `-Z` flags only so; they change what is printed, not what is done.
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    process::run(&mut cargo)?;
    let built = workspace.target.join(TARGET).join(if dev { "debug" } else { profile });
    Ok(Modules {
        page: finish(workspace, "app", &built.join("webmail-ui.wasm"), dev)?,
        worker: finish(workspace, "crypto", &built.join("hedgerow_js.wasm"), dev)?,
    })
}

fn finish(workspace: &Workspace, name: &'static str, raw: &Path, dev: bool) -> Result<Module> {
    say::step(format!("Binding {name}.wasm"));
    let folder = workspace.cache().join("bindgen").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let (main, split) = if name == "app" { split(raw, &folder)? } else { (raw.to_owned(), Vec::new()) };
    Bindgen::new()
        .input_path(&main)
        .web(true)?
        .out_name(name)
        .typescript(false)
        .omit_default_module_path(true)
        // The chunks reach into the main module by names that only the linker gave.
        .keep_lld_exports(!split.is_empty())
        .remove_name_section(!dev)
        .remove_producers_section(true)
        // The package makes a fresh instance after a trap, and the glue refuses handles of the old one.
        .reset_state_function(name == "crypto")
        .generate(&folder)
        .with_context(|| format!("wasm-bindgen could not read {}", main.display()))?;
    let read = |file: &Path| if dev { Ok(fs::read(file)?) } else { optimise(workspace, name, file) };
    let wasm = read(&folder.join(format!("{name}_bg.wasm")))?;
    let mut chunks = Vec::new();
    for (file, needed_by) in split {
        let known_as =
            file.file_name().and_then(|name| name.to_str()).context("a chunk has no name")?.to_owned();
        chunks.push(Chunk { known_as, needed_by, wasm: read(&file)? });
    }
    Ok(Module { name, folder, wasm, chunks, dev })
}

/// A chunk as the splitter wrote it, and the split points that need it.
type Part = (PathBuf, Vec<String>);

/// Divides the page at its split points (`webmail-ui/src/chunk.rs`): the main module, and the chunks that
/// its script loads when first entered.
fn split(raw: &Path, folder: &Path) -> Result<(PathBuf, Vec<Part>)> {
    let input = fs::read(raw)?;
    let main = folder.join("main.wasm");
    let mut options = wasm_split_cli_support::Options::new(&input);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.main_module = "./app.js";
    let done = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow::anyhow!("the page could not be split: {error:#}"))?;
    let needed_by = |file: &Path| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let splits = done.prefetch_map.iter().filter(|(_, files)| files.contains(&stem));
        let mut names: Vec<String> = splits.map(|(split, _)| split.clone()).collect();
        names.sort();
        names
    };
    let mut chunks: Vec<_> = done.split_modules.iter().map(|file| (file.clone(), needed_by(file))).collect();
    chunks.sort();
    Ok((main, chunks))
}

/// wasm-opt, or its kept result: it takes half a minute.
fn optimise(workspace: &Workspace, name: &str, bound: &Path) -> Result<Vec<u8>> {
    // What wasm-opt takes from the worker's code, brotli had found already: its rewriting makes the
    // module smaller and what is sent larger. So there only what is never used is removed.
    let passes: &[&str] = if name == "crypto" {
        &[
            "--dce",
            "--vacuum",
            "--remove-unused-module-elements",
            "--duplicate-function-elimination",
            "--memory-packing",
        ]
    } else {
        &["-Oz"]
    };
    let input = fs::read(bound)?;
    let mut hash = Sha256::new();
    hash.update(passes.concat());
    hash.update(include_str!("../../npm/package.json"));
    hash.update(&input);
    let folder = workspace.cache().join("wasm-opt");
    let kept = folder.join(format!("{}.wasm", hex(&hash.finalize())));
    if !kept.is_file() {
        say::step(format!("Optimising {name}.wasm"));
        fs::create_dir_all(&folder)?;
        let part = kept.with_extension("part");
        let mut command = workspace.npm_tool("binaryen/bin/wasm-opt");
        command.arg(bound).arg("-o").arg(&part).args(passes);
        command.args(FEATURES);
        command.args(["--strip-debug", "--strip-producers"]);
        process::quiet(&mut command)?;
        fs::rename(&part, &kept)?;
    }
    Ok(fs::read(&kept)?)
}

/// What rustc gets: `--remap-path-prefix` for each folder whose path would else end up in a panic message.
fn rust_flags(workspace: &Workspace) -> Result<String> {
    // Not the workspace itself: cargo names its members by relative paths, and a prefix that
    // differs from clone to clone would rebuild every dependency in each.
    let mut prefixes: Vec<(PathBuf, &str)> = Vec::new();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let cargo_home =
        std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| home.map(|home| home.join(".cargo")));
    if let Some(cargo_home) = cargo_home {
        prefixes.push((cargo_home, "/cargo"));
    }
    let sysroot = process::quiet(std::process::Command::new("rustc").args(["--print", "sysroot"]))?;
    prefixes.push((sysroot.trim().into(), "/rust"));
    let target = workspace.target.canonicalize().unwrap_or_else(|_| workspace.target.clone());
    prefixes.push((target, "/target"));
    let flags = prefixes
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect::<Vec<_>>();
    // A path with a blank can't be named here: cargo splits these flags at blanks.
    let paths = if flags.iter().any(|flag| flag.contains(' ')) { String::new() } else { flags.join(" ") };
    Ok(format!("{paths} {SIMD_FLAG} {SIZE_FLAGS}"))
}

fn has_feature(workspace: &Workspace, feature: &str) -> Result<bool> {
    let text = fs::read_to_string(workspace.path("webmail-ui/Cargo.toml"))?;
    let manifest: toml::Table = toml::from_str(&text)?;
    Ok(manifest.get("features").and_then(|features| features.get(feature)).is_some())
}
