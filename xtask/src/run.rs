//! `cargo xtask run`: from a fresh clone to a page in the browser, in one command.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::process::Service;
use crate::workspace::Workspace;
use crate::{process, say, tools, web};

/// The mail domain of a server on one's own machine; `.test` can never be a real one.
pub(crate) const DOMAIN: &str = "hedgerow.test";

/// Where mail for [`DOMAIN`] is taken from other programs of this machine.
const SMTP_PORT: u16 = 2525;

/// Builds, serves, and stops when asked (Ctrl-C or SIGTERM).
///
/// # Errors
/// When something doesn't build or the server doesn't start.
pub(crate) fn run(workspace: &Workspace, port: u16, data: &Path, fresh: bool) -> Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    // Said now rather than after minutes of building.
    TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("port {port} is taken; choose another with --port"))?;
    tools::ensure(workspace, tools::Purpose::Build)?;
    build_server(workspace)?;
    web::build(workspace, false)?;
    if stop.load(Ordering::Relaxed) {
        bail!("stopped before the server was started");
    }

    // Relative to where the person stands, as any path they type.
    let data = std::path::absolute(data)?;
    if fresh {
        clear(&data)?;
    }
    fs::create_dir_all(&data).context("could not make the data folder")?;
    say::step(format!("Starting the server; its data and its log are in {}", data.display()));
    let mut command = Command::new(workspace.server());
    // A second server on this machine serves the web only.
    if TcpListener::bind(("127.0.0.1", SMTP_PORT)).is_ok() {
        command.env("HEDGEROW_MAIL__SMTP_LISTEN", format!("127.0.0.1:{SMTP_PORT}"));
    } else {
        say::line(format!("port {SMTP_PORT} is taken: no mail comes in by SMTP"));
    }
    if std::env::var_os("HEDGEROW_MAIL__DNS").is_none() {
        command.env("HEDGEROW_MAIL__DNS", "off");
    }
    let mut server = Service::start(
        "the server",
        command
            .arg("serve")
            .env("HEDGEROW_HTTP__LISTEN", format!("127.0.0.1:{port}"))
            .env("HEDGEROW_HTTP__PUBLIC_URL", format!("http://localhost:{port}"))
            // Where `trunk serve` listens (Trunk.toml).
            .env("HEDGEROW_HTTP__DEV_ORIGIN", "http://localhost:8081")
            .env("HEDGEROW_HTTP__WEB_DIR", workspace.site())
            .env("HEDGEROW_DATA__DIR", &data)
            .env("HEDGEROW_LOG__FILE", data.join("hedgerow.log"))
            .env("HEDGEROW_ACCOUNTS__REGISTRATION", "open")
            .env("HEDGEROW_ACCOUNTS__DOMAIN", DOMAIN),
    )?;
    wait_until_healthy(&mut server, port, &stop)?;
    if !stop.load(Ordering::Relaxed) {
        say::line(format!("Hedgerow is ready: http://localhost:{port}"));
    }
    loop {
        if let Some(status) = server.ended()? {
            say::step(format!("The server ended by itself ({status})"));
            return Ok(code_of(status));
        }
        if stop.load(Ordering::Relaxed) {
            say::step("Stopping the server");
            return Ok(code_of(server.stop()?));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Compiles the server, debug profile with optimised dependencies.
///
/// # Errors
/// When it doesn't compile.
pub(crate) fn build_server(workspace: &Workspace) -> Result<()> {
    say::step("Compiling the server");
    process::run(workspace.cargo().args([
        "build",
        "--locked",
        "--package",
        "server-api",
        "--bin",
        "hedgerow-server",
    ]))
}

/// Empties a data folder; refuses a folder that doesn't look like one.
fn clear(data: &Path) -> Result<()> {
    if !data.exists() {
        return Ok(());
    }
    let is_empty = fs::read_dir(data)?.next().is_none();
    let is_ours = fs::read_dir(data)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .any(|name| name.starts_with("hedgerow") || name == "blobs");
    if !is_empty && !is_ours {
        bail!(
            "{} does not look like a data folder of Hedgerow; --fresh deletes nothing there",
            data.display()
        );
    }
    fs::remove_dir_all(data).context("could not empty the data folder")
}

fn wait_until_healthy(server: &mut Service, port: u16, stop: &AtomicBool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline && !stop.load(Ordering::Relaxed) {
        if let Some(status) = server.ended()? {
            bail!("the server did not start ({status}); its own words are above");
        }
        if is_healthy(port) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    if stop.load(Ordering::Relaxed) {
        return Ok(());
    }
    bail!("the server did not answer within a minute");
}

/// Whether `GET /api/v1/health` answers 200.
pub(crate) fn is_healthy(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /api/v1/health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn code_of(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
