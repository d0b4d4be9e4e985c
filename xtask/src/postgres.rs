//! A PostgreSQL of our own for the length of a test run.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Service};
use crate::{say, tools};

/// A temporary cluster; stopped and wiped when dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    // Dropped in this order: the server first, its files then.
    server: Service,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and waits until it answers.
    ///
    /// # Errors
    /// When PostgreSQL isn't installed or doesn't start.
    pub(crate) fn start() -> Result<Self> {
        say::step("Starting a temporary PostgreSQL");
        let programs = tools::postgres_programs().context("PostgreSQL is not installed")?;
        let folder = tempfile::Builder::new().prefix("hedgerow-pg-").tempdir()?;
        let as_root = tools::is_root();
        if as_root {
            // PostgreSQL refuses to run as root; the package brings the user.
            process::quiet(Command::new("chown").arg("postgres:").arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        process::quiet(
            as_postgres(as_root, &programs.join("initdb"))
                .current_dir("/")
                .arg("--pgdata")
                .arg(&data)
                .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
                .args(["--locale=C.UTF-8", "--no-sync"]),
        )?;
        let port = free_port()?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let server = Service::start(
            "PostgreSQL",
            as_postgres(as_root, &programs.join("postgres"))
                .current_dir("/")
                .arg("-D")
                .arg(&data)
                .arg("-k")
                .arg(folder.path())
                .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
                .args(["-c", "max_connections=300"])
                .stdout(Stdio::null())
                .stderr(log),
        )?;
        let mut postgres = Self { server, folder, port };
        postgres.wait(&programs)?;
        Ok(postgres)
    }

    /// Where tests connect; they make databases of their own there.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The cluster's files, for the canary scan.
    pub(crate) fn files(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn wait(&mut self, programs: &Path) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            let ready = Command::new(programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()?;
            if ready.success() {
                return Ok(());
            }
            if let Some(status) = self.server.ended()? {
                let log = std::fs::read_to_string(self.folder.path().join("log"))?;
                bail!("PostgreSQL did not start ({status})\n{log}");
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("PostgreSQL did not answer within 30 seconds")
    }
}

fn as_postgres(as_root: bool, program: &Path) -> Command {
    if !as_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    command
}

/// A port that nobody has; the next to ask may get it too, so use it at once.
///
/// # Errors
/// When the system has none.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
