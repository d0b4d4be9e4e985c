//! `cargo xtask tools`: installs what is missing, in versions that are written down
//! (`rust-toolchain.toml`, `Cargo.lock`, the three `package-lock.json`), and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::workspace::Workspace;
use crate::{process, say};

/// What the tools are for; each purpose includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Building and running.
    Build,
    /// Testing: a browser and PostgreSQL too.
    Test,
    /// Measuring beside Roundcube: its server too.
    Bench,
}

/// Something that may be missing, and how it gets here.
#[derive(Debug)]
enum Need {
    WasmTarget,
    Node,
    Npm(&'static str),
    Debian { package: &'static str, purpose: &'static str },
}

/// Installs everything that building and testing need, or only says what is missing.
///
/// # Errors
/// When something can't be installed.
pub(crate) fn tools(workspace: &Workspace, check: bool) -> Result<ExitCode> {
    if !check {
        ensure(workspace, Purpose::Test)?;
        say::step("All tools are here");
        return Ok(ExitCode::SUCCESS);
    }
    let missing = missing(workspace, Purpose::Test)?;
    for need in &missing {
        say::line(format!("missing: {}", need.describe()));
    }
    if missing.is_empty() {
        say::line("All tools are here");
        return Ok(ExitCode::SUCCESS);
    }
    say::line("`cargo xtask tools` installs them");
    Ok(ExitCode::FAILURE)
}

/// Installs what the purpose needs and the machine lacks.
///
/// # Errors
/// When something can't be installed.
pub(crate) fn ensure(workspace: &Workspace, purpose: Purpose) -> Result<()> {
    let mut packages = Vec::new();
    for need in missing(workspace, purpose)? {
        match need {
            Need::Debian { package, .. } => packages.push(package),
            Need::Node => {
                bail!("Node.js 20 or newer is needed to build the page (Debian: apt-get install nodejs npm)")
            }
            Need::WasmTarget => add_wasm_target(workspace)?,
            Need::Npm(folder) => npm_ci(workspace, folder)?,
        }
    }
    if packages.is_empty() {
        return Ok(());
    }
    install_debian(&packages)
}

fn missing(workspace: &Workspace, purpose: Purpose) -> Result<Vec<Need>> {
    let mut needs = Vec::new();
    let mut debian = |there: bool, package, purpose| {
        if !there {
            needs.push(Need::Debian { package, purpose });
        }
    };
    debian(process::find("cc", &[]).is_some(), "build-essential", "a C compiler, for SQLite and TLS");
    if purpose >= Purpose::Test {
        debian(Path::new("/usr/bin/chromium").is_file(), "chromium", "the browser of the journeys");
        debian(postgres_programs().is_some(), "postgresql", "the second database of the test suite");
        debian(
            process::find("gpg", &[]).is_some(),
            "gnupg",
            "reads our messages in the interoperability tests",
        );
        debian(process::find("sq", &[]).is_some(), "sq", "the same, for Sequoia");
        for (file, package) in [
            ("/usr/sbin/postfix", "postfix"),
            ("/usr/bin/swaks", "swaks"),
            ("/usr/sbin/dnsmasq", "dnsmasq-base"),
            ("/usr/bin/dkimsign", "python3-dkim"),
        ] {
            debian(Path::new(file).is_file(), package, "the peers of the tests of SMTP");
        }
        debian(is_installed("libnet-ssleay-perl"), "libnet-ssleay-perl", "TLS for swaks");
    }
    if purpose >= Purpose::Bench {
        for (file, package) in [
            ("/usr/sbin/dovecot", "dovecot-imapd"),
            ("/usr/share/roundcube/index.php", "roundcube-core"),
            ("/usr/share/roundcube/program", "roundcube-sqlite3"),
            ("/usr/bin/php", "php-cli"),
        ] {
            debian(
                Path::new(file).exists() && is_installed(package),
                package,
                "the peer of the inbox benchmark",
            );
        }
    }
    if !node_is_new_enough() {
        needs.push(Need::Node);
    }
    if !has_wasm_target(workspace)? {
        needs.push(Need::WasmTarget);
    }
    let mut folders = vec!["xtask/npm"];
    if purpose >= Purpose::Test {
        folders.extend(["tests/browser", "pkg/examples/vite"]);
    }
    for folder in folders {
        let stamp = workspace.path(folder).join(NPM_STAMP);
        if !fs::read_to_string(stamp)
            .is_ok_and(|old| lock_hash(&workspace.path(folder)).is_ok_and(|new| new == old))
        {
            needs.push(Need::Npm(folder));
        }
    }
    Ok(needs)
}

impl Need {
    fn describe(&self) -> String {
        match self {
            Self::WasmTarget => "Rust's wasm32-unknown-unknown target".to_owned(),
            Self::Node => "Node.js 20 with npm".to_owned(),
            Self::Npm(folder) => format!("the npm packages of {folder}"),
            Self::Debian { package, purpose } => {
                format!("Debian package {package} ({purpose})")
            }
        }
    }
}

const NPM_STAMP: &str = "node_modules/.hedgerow-lock";

fn lock_hash(folder: &Path) -> Result<String> {
    let text = fs::read(folder.join("package-lock.json"))?;
    Ok(format!("{:x}", Sha256::digest(text)))
}

fn npm_ci(workspace: &Workspace, folder: &str) -> Result<()> {
    say::step(format!("Installing the npm packages of {folder}"));
    let place = workspace.path(folder);
    let mut command = Command::new("npm");
    command.current_dir(&place).args([
        "ci",
        "--ignore-scripts", // nothing here needs one, and a script could download
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    process::quiet(&mut command)?;
    fs::write(place.join(NPM_STAMP), lock_hash(&place)?)?;
    Ok(())
}

fn node_is_new_enough() -> bool {
    let version = process::quiet(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|number| number.parse::<u32>().ok());
    major.is_some_and(|major| major >= 20) && process::find("npm", &[]).is_some()
}

fn has_wasm_target(workspace: &Workspace) -> Result<bool> {
    let mut command = Command::new("rustc");
    command.current_dir(&workspace.root);
    let sysroot = process::quiet(command.args(["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir())
}

fn add_wasm_target(workspace: &Workspace) -> Result<()> {
    if process::find("rustup", &[]).is_none() {
        bail!(
            "this Rust has no wasm32-unknown-unknown target and no rustup to add it. Either \
             install Rust with rustup (https://rustup.rs), or take Debian's rustc-web and \
             rust-web-src and build the standard library with it: \
             cargo -Zbuild-std=std,panic_abort (RUSTC_BOOTSTRAP=1, linker rust-lld)"
        );
    }
    say::step("Adding Rust's WebAssembly target");
    let mut command = Command::new("rustup");
    command.current_dir(&workspace.root);
    process::quiet(command.args(["target", "add", "wasm32-unknown-unknown"]))
        .context("rustup could not add the WebAssembly target")?;
    Ok(())
}

fn install_debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if process::find("apt-get", &[]).is_none() {
        bail!("please install what Debian calls: {names}");
    }
    if !is_root() {
        bail!("please install, as root: apt-get install {names}");
    }
    say::step(format!("Installing Debian packages: {names}"));
    let apt = || {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            // Another installation may be running; two at once break each other.
            .args(["-qq", "-o", "DPkg::Lock::Timeout=600"]);
        command
    };
    process::quiet(apt().arg("update"))?;
    process::quiet(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))?;
    Ok(())
}

/// Whether this process may install packages, and must not run PostgreSQL itself.
pub(crate) fn is_root() -> bool {
    process::quiet(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn is_installed(package: &str) -> bool {
    process::quiet(Command::new("dpkg-query").args(["-W", "-f=${Status}", package]))
        .is_ok_and(|status| status.ends_with("install ok installed"))
}

/// The newest PostgreSQL's programs: `/usr/lib/postgresql/N/bin`.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            programs.join("initdb").is_file().then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}
