//! The real server, as a process of its own.
//!
//! By default on SQLite and a folder of blobs in a temporary directory. `HEDGEROW_TEST_POSTGRES`
//! (`postgres://…`, where the tests may make databases) and `HEDGEROW_TEST_S3` (`s3://bucket`, with
//! `AWS_*`) name the services that [`Shared`] uses; with `HEDGEROW_TEST_STORE=shared` every
//! [`Server::start`] runs on a database and a prefix of its own there.

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::{Connection as _, Executor as _};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A database and a blob store that several processes share; set by `cargo xtask test`.
#[derive(Debug, Clone)]
pub struct Shared {
    /// `postgres://…`
    pub database_url: String,
    /// `s3://…`, or none for a folder.
    pub blobs_url: Option<String>,
}

impl Shared {
    /// A new, empty database and an unused prefix; none if the environment names no PostgreSQL.
    ///
    /// # Errors
    /// The database cannot be made.
    pub async fn make() -> Result<Option<Self>> {
        let Some(url) = std::env::var("HEDGEROW_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let name = format!("hedgerow_{}", hex::encode(crate::person::random_id()));
        let mut connection = sqlx::PgConnection::connect(&url).await.context("PostgreSQL")?;
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        let (server, _) = url.rsplit_once('/').context("a URL of a database")?;
        let bucket = std::env::var("HEDGEROW_TEST_S3").ok().filter(|url| !url.is_empty());
        Ok(Some(Self {
            database_url: format!("{server}/{name}"),
            blobs_url: bucket.map(|bucket| format!("{}/{name}", bucket.trim_end_matches('/'))),
        }))
    }
}

/// A running `hedgerow-server`; killed and wiped when dropped.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    port: u16,
    variables: BTreeMap<String, String>,
    dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

/// The server's binary: `HEDGEROW_SERVER`, or the one beside this test, built if need be.
fn binary() -> Result<PathBuf> {
    static BINARY: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let found = BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("HEDGEROW_SERVER") {
            return Ok(PathBuf::from(path));
        }
        // With this package beside it, so that features and thus the built dependencies stay the same.
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "-p", "tests", "-p", "server-api", "--bin", "hedgerow-server"])
            .current_dir(crate::sources::root())
            .status();
        match status {
            Ok(status) if status.success() => {}
            other => return Err(format!("the server does not build: {other:?}")),
        }
        let here = std::env::current_exe().map_err(|error| error.to_string())?;
        let folder = here.parent().and_then(Path::parent).ok_or("no target folder")?;
        Ok(folder.join("hedgerow-server"))
    });
    found.clone().map_err(anyhow::Error::msg)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Server {
    /// A new, empty server.
    ///
    /// # Errors
    /// The server does not build or start.
    pub async fn start() -> Result<Self> {
        if std::env::var("HEDGEROW_TEST_STORE").is_ok_and(|store| store == "shared") {
            let shared = Shared::make().await?.context("HEDGEROW_TEST_POSTGRES is not set")?;
            return Self::shared(&shared).await;
        }
        Self::with(&[]).await
    }

    /// A new, empty server on SQLite and a folder, with some configuration (`http.listen` form of key, value).
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let temporary = tempfile::Builder::new().prefix("hedgerow-").tempdir()?;
        let dir = temporary.path().join("data");
        let mut server = Self::prepare(&dir, settings)?;
        server._temporary = Some(temporary);
        server.launch().await?;
        Ok(server)
    }

    /// A new, empty server as [`Server::with`] gives, that also takes mail from other servers.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn with_mail(settings: &[(&str, &str)]) -> Result<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let mut all = vec![
            ("mail.smtp_listen", listen.as_str()),
            ("mail.hostname", "mx.hedgerow.test"),
            ("mail.dns", "off"),
        ];
        all.extend_from_slice(settings);
        Self::with(&all).await
    }

    /// As [`Server::with_mail`], and its mail leaves: for servers on a port of this machine, as this DNS says.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn with_outgoing(dns: &crate::dns::Dns, port: u16, settings: &[(&str, &str)]) -> Result<Self> {
        let (address, port) = (dns.address(), port.to_string());
        let mut all = vec![
            ("mail.dns", address.as_str()),
            ("mail.outgoing", "true"),
            ("mail.outgoing_port", port.as_str()),
            ("mail.outgoing_private", "true"),
            ("mail.outgoing_retry_seconds", "1"),
            ("limits.outgoing_per_hour", "5000"),
        ];
        all.extend_from_slice(settings);
        Self::with_mail(&all).await
    }

    /// How many of an account's mails wait for other servers.
    ///
    /// # Errors
    /// The server's program fails.
    pub fn waiting(&self, address: &str) -> Result<usize> {
        let shown = self.command(&["account", "show", address])?;
        let line = shown.lines().find_map(|line| line.strip_prefix("outgoing: ")).context("no line")?;
        Ok(line.split(' ').next().context("no number")?.parse()?)
    }

    /// The port for mail from other servers.
    ///
    /// # Errors
    /// It takes none.
    pub fn smtp_port(&self) -> Result<u16> {
        let listen = self.variables.get("HEDGEROW_MAIL__SMTP_LISTEN").context("the server takes no mail")?;
        Ok(listen.parse::<std::net::SocketAddr>()?.port())
    }

    /// A server whose data lie in a folder of the caller's.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn in_folder(dir: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut server = Self::prepare(dir, settings)?;
        server.launch().await?;
        Ok(server)
    }

    /// A process on a shared database and blob store.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn shared(shared: &Shared) -> Result<Self> {
        let mut settings = vec![("data.database_url", shared.database_url.as_str())];
        settings.extend(shared.blobs_url.as_deref().map(|url| ("data.blobs_url", url)));
        // Without S3 each process would have a folder of its own: good for one process only.
        Self::with(&settings).await
    }

    fn prepare(dir: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let port = free_port()?;
        let log = dir.join("server.log");
        let mut variables = BTreeMap::new();
        let defaults = [
            ("http.listen", format!("127.0.0.1:{port}")),
            ("http.public_url", format!("http://localhost:{port}")),
            ("data.dir", dir.to_string_lossy().into_owned()),
            ("accounts.domain", "hedgerow.test".to_owned()),
            ("accounts.registration", "open".to_owned()),
            ("log.file", log.to_string_lossy().into_owned()),
        ];
        let given = settings.iter().map(|(key, value)| (*key, (*value).to_owned()));
        for (key, value) in defaults.into_iter().chain(given) {
            let (section, name) = key.split_once('.').context("a key is section.name")?;
            variables.insert(format!("HEDGEROW_{}__{}", section.to_uppercase(), name.to_uppercase()), value);
        }
        Ok(Self { child: None, port, variables, dir: dir.to_path_buf(), _temporary: None })
    }

    /// Starts the process and waits until it answers.
    ///
    /// # Errors
    /// It does not answer within 30 seconds.
    pub async fn launch(&mut self) -> Result<()> {
        let errors = std::fs::File::create(self.dir.with_extension("stderr"))?;
        let mut command = Command::new(binary()?);
        command.arg("serve").envs(&self.variables).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        self.child = Some(command.spawn().context("the server does not start")?);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            if self.get("/api/v1/health").await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                let said = std::fs::read_to_string(self.dir.with_extension("stderr")).unwrap_or_default();
                bail!("the server ended with {status}: {said}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the server does not answer")
    }

    /// Runs a subcommand of the server's program on the same data, and gives what it says.
    ///
    /// # Errors
    /// It ends with an error.
    pub fn command(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(binary()?);
        let output = command.args(arguments).envs(&self.variables).current_dir(&self.dir).output()?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs another subcommand with the same configuration, which may fail.
    ///
    /// # Returns
    /// Whether it succeeded, and what it said on both outputs.
    ///
    /// # Errors
    /// The server does not build.
    pub fn outcome(&self, arguments: &[&str]) -> Result<(bool, String)> {
        let output =
            Command::new(binary()?).args(arguments).envs(&self.variables).current_dir(&self.dir).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }

    /// Kills the process with SIGKILL: no handler runs, nothing is flushed.
    ///
    /// # Errors
    /// There is no process.
    pub fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Ends the process as an operator does (SIGTERM), and waits for it.
    ///
    /// # Errors
    /// There is no process.
    pub fn stop(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        let ended = child.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    /// The process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// `http://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where it keeps its data.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The text at a path.
    ///
    /// # Errors
    /// No answer, or not 200.
    pub async fn get(&self, path: &str) -> Result<String> {
        let response = reqwest::get(format!("{}{path}", self.url())).await?;
        ensure!(response.status().is_success(), "{path}: {}", response.status());
        Ok(response.text().await?)
    }

    /// Every file under the data folder, with its bytes.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut open = vec![self.dir.clone()];
        let mut files = Vec::new();
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(&dir)? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                } else if path.is_file() {
                    let bytes = std::fs::read(&path)?;
                    files.push((path, bytes));
                }
            }
        }
        Ok(files)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
