//! What the operator sets: a TOML file, then environment variables over it.
//!
//! `HEDGEROW_SECTION__KEY` overrides `key` of `[section]`. Every key is described in
//! `hedgerow.example.toml`, which a test keeps in step with this file.

use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use wire::accounts::Registration;

mod mail;

pub use mail::{Blocked, Dns, Mail, Outgoing, TlsFiles};

/// The configuration of one server process.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[http]`.
    pub http: Http,
    /// `[data]`.
    pub data: Data,
    /// `[accounts]`.
    pub accounts: Accounts,
    /// `[mail]`.
    pub mail: Mail,
    /// `[limits]`.
    pub limits: Limits,
    /// `[log]`.
    pub log: Log,
}

/// `[http]`.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The URL people type; its origin is the only one that may change state.
    pub public_url: url::Url,
    /// The built site, if this process serves it.
    pub web_dir: Option<PathBuf>,
    /// Whether the client's address is the last entry of `X-Forwarded-For` (behind one proxy of ours).
    pub behind_proxy: bool,
    /// A second origin on this machine that may change state: a development server that passes the API on.
    pub dev_origin: Option<String>,
}

impl Http {
    /// The origin of `public_url` as browsers send it.
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }
}

/// `[data]`.
#[derive(Debug, Clone)]
pub struct Data {
    /// Everything the server keeps lies under it unless configured elsewhere.
    pub dir: PathBuf,
    /// The database.
    pub database_url: DatabaseUrl,
    /// The blob store.
    pub blobs_url: BlobsUrl,
    /// Where the server's own secrets are; none: in the database, for several processes on PostgreSQL
    /// (R29: apart from its backups is better).
    pub secrets_file: Option<PathBuf>,
}

/// Which database.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/name`.
    Postgres(String),
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// Which blob store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobsUrl {
    /// A folder.
    Folder(PathBuf),
    /// `s3://bucket/prefix`; endpoint, region and keys come from `AWS_*`.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every key begins with; may be empty.
        prefix: String,
    },
}

/// `[accounts]`.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// Who may register.
    pub registration: Registration,
    /// The domain of the addresses.
    pub domain: String,
    /// Bytes a new account may store.
    pub quota_bytes: u64,
}

/// `[limits]`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// SMTP connections from other servers at once.
    pub smtp_connections: u32,
    /// Of these, from one network.
    pub smtp_connections_per_network: u32,
    /// Recipients that are not here, tried by one network in an hour.
    pub smtp_guesses_per_hour: u32,
    /// Seconds an SMTP client may be silent.
    pub smtp_silence_seconds: u64,
    /// Bytes of memory for messages that are coming in, over all connections.
    pub smtp_memory_bytes: u64,
    /// Recipients at other servers that one account may write to in an hour.
    pub outgoing_per_hour: u32,
    /// The largest sealed message or blob, in bytes.
    pub message_bytes: u64,
    /// The largest JSON body, in bytes.
    pub json_bytes: u64,
    /// Seconds a request may take (blobs and events are exempt).
    pub request_seconds: u64,
    /// Seconds a client may take to send the head of a request, and keep a connection without one.
    pub header_seconds: u64,
    /// Requests per minute of one account.
    pub account_per_minute: u32,
    /// Requests per minute of one network without a session (IPv4 /24, IPv6 /64).
    pub network_per_minute: u32,
    /// Logins, recoveries and registrations per hour of one network.
    pub network_logins_per_hour: u32,
    /// Failed logins and recoveries per hour of one account.
    pub account_logins_per_hour: u32,
    /// Directory look-ups per hour of one account (R28: who is here is not to be listed).
    pub directory_per_hour: u32,
    /// Whether the loopback network is limited too.
    pub loopback: bool,
    /// Event streams open at once for one account.
    pub events_per_account: u32,
}

/// `[log]`.
#[derive(Debug, Clone)]
pub struct Log {
    /// A file for JSON lines; standard error if absent.
    pub file: Option<PathBuf>,
    /// A `tracing` filter.
    pub filter: String,
}

/// A configuration that cannot be used. The text names the key and what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file or a variable could not be read as configuration.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// A key has a value that cannot be used.
    #[error("{key} in the configuration: {expected}")]
    BadValue {
        /// The key, `section.name`.
        key: &'static str,
        /// What is expected.
        expected: String,
    },
}

fn bad(key: &'static str, expected: impl Into<String>) -> ConfigError {
    ConfigError::BadValue { key, expected: expected.into() }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    http: RawHttp,
    #[serde(default)]
    data: RawData,
    #[serde(default)]
    accounts: RawAccounts,
    #[serde(default)]
    mail: mail::Raw,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    log: RawLog,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawHttp {
    listen: Option<String>,
    public_url: Option<String>,
    web_dir: Option<PathBuf>,
    behind_proxy: Option<bool>,
    dev_origin: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawData {
    dir: Option<PathBuf>,
    database_url: Option<String>,
    blobs_url: Option<String>,
    secrets_file: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawAccounts {
    registration: Option<String>,
    domain: Option<String>,
    quota_bytes: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    message_bytes: Option<u64>,
    json_bytes: Option<u64>,
    request_seconds: Option<u64>,
    header_seconds: Option<u64>,
    account_per_minute: Option<u32>,
    network_per_minute: Option<u32>,
    network_logins_per_hour: Option<u32>,
    account_logins_per_hour: Option<u32>,
    directory_per_hour: Option<u32>,
    loopback: Option<bool>,
    events_per_account: Option<u32>,
    smtp_connections: Option<u32>,
    smtp_connections_per_network: Option<u32>,
    smtp_guesses_per_hour: Option<u32>,
    smtp_silence_seconds: Option<u64>,
    smtp_memory_bytes: Option<u64>,
    outgoing_per_hour: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawLog {
    file: Option<PathBuf>,
    filter: Option<String>,
}

impl Config {
    /// Reads the file, if one is named, and then the variables `HEDGEROW_SECTION__KEY`.
    ///
    /// # Errors
    /// [`ConfigError`], to be shown to the operator.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_with(file, std::env::vars())
    }

    /// As [`Config::load`], with these variables instead of the process's.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load_with(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let variables: std::collections::HashMap<String, String> = variables.into_iter().collect();
        builder = builder.add_source(
            config::Environment::with_prefix("HEDGEROW")
                .prefix_separator("_")
                .separator("__")
                .try_parsing(true)
                .ignore_empty(true)
                .source(Some(variables.into_iter().filter(|(key, _)| key.contains("__")).collect())),
        );
        let raw = builder
            .build()
            .and_then(config::Config::try_deserialize::<Raw>)
            .map_err(|error| ConfigError::Unreadable(error.to_string()))?;
        Self::check(raw)
    }

    fn check(raw: Raw) -> Result<Self, ConfigError> {
        let dir = raw.data.dir.unwrap_or_else(|| PathBuf::from("hedgerow-data"));
        let listen = socket("http.listen", raw.http.listen.as_deref())?
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let database_url = database_url(raw.data.database_url.as_deref(), &dir)?;
        let public_url = public_url(raw.http.public_url.as_deref(), listen)?;
        Ok(Self {
            mail: mail::check(raw.mail, &public_url, raw.accounts.domain.as_deref())?,
            http: Http {
                listen,
                public_url,
                web_dir: raw.http.web_dir,
                behind_proxy: raw.http.behind_proxy.unwrap_or(false),
                dev_origin: raw.http.dev_origin.as_deref().map(dev_origin).transpose()?,
            },
            data: Data {
                // A file of its own on each machine would be wrong for several processes.
                secrets_file: raw.data.secrets_file.or_else(|| {
                    matches!(database_url, DatabaseUrl::Sqlite(_)).then(|| dir.join("hedgerow.secrets"))
                }),
                database_url,
                blobs_url: blobs_url(raw.data.blobs_url.as_deref(), &dir)?,
                dir,
            },
            accounts: Accounts {
                registration: registration(raw.accounts.registration.as_deref())?,
                domain: domain(raw.accounts.domain.as_deref())?,
                quota_bytes: in_range(
                    "accounts.quota_bytes",
                    raw.accounts.quota_bytes,
                    5 << 30,
                    1 << 20,
                    i64::MAX as u64,
                )?,
            },
            limits: Limits {
                message_bytes: in_range(
                    "limits.message_bytes",
                    raw.limits.message_bytes,
                    64 << 20,
                    64 << 10,
                    1 << 30,
                )?,
                json_bytes: in_range("limits.json_bytes", raw.limits.json_bytes, 4 << 20, 64 << 10, 1 << 28)?,
                request_seconds: in_range("limits.request_seconds", raw.limits.request_seconds, 30, 1, 3600)?,
                header_seconds: in_range("limits.header_seconds", raw.limits.header_seconds, 30, 1, 3600)?,
                account_per_minute: rate("limits.account_per_minute", raw.limits.account_per_minute, 3000)?,
                network_per_minute: rate("limits.network_per_minute", raw.limits.network_per_minute, 3000)?,
                network_logins_per_hour: rate(
                    "limits.network_logins_per_hour",
                    raw.limits.network_logins_per_hour,
                    120,
                )?,
                account_logins_per_hour: rate(
                    "limits.account_logins_per_hour",
                    raw.limits.account_logins_per_hour,
                    10,
                )?,
                directory_per_hour: rate("limits.directory_per_hour", raw.limits.directory_per_hour, 3000)?,
                loopback: raw.limits.loopback.unwrap_or(false),
                events_per_account: rate("limits.events_per_account", raw.limits.events_per_account, 32)?,
                smtp_connections: rate("limits.smtp_connections", raw.limits.smtp_connections, 500)?,
                smtp_connections_per_network: rate(
                    "limits.smtp_connections_per_network",
                    raw.limits.smtp_connections_per_network,
                    50,
                )?,
                smtp_guesses_per_hour: rate(
                    "limits.smtp_guesses_per_hour",
                    raw.limits.smtp_guesses_per_hour,
                    60,
                )?,
                smtp_silence_seconds: in_range(
                    "limits.smtp_silence_seconds",
                    raw.limits.smtp_silence_seconds,
                    300,
                    1,
                    3600,
                )?,
                smtp_memory_bytes: in_range(
                    "limits.smtp_memory_bytes",
                    raw.limits.smtp_memory_bytes,
                    512 << 20,
                    1 << 20,
                    1 << 40,
                )?,
                outgoing_per_hour: rate("limits.outgoing_per_hour", raw.limits.outgoing_per_hour, 200)?,
            },
            log: Log { file: raw.log.file, filter: raw.log.filter.unwrap_or_else(|| "info".to_owned()) },
        })
    }
}

fn socket(key: &'static str, text: Option<&str>) -> Result<Option<SocketAddr>, ConfigError> {
    text.map(|text| {
        text.parse()
            .map_err(|_| bad(key, format!("\"{text}\" is not of the form 127.0.0.1:8080 or [::1]:8080")))
    })
    .transpose()
}

fn rate(key: &'static str, value: Option<u32>, default: u32) -> Result<u32, ConfigError> {
    match value.unwrap_or(default) {
        0 => Err(bad(key, "must be at least 1")),
        value => Ok(value),
    }
}

fn in_range(
    key: &'static str,
    value: Option<u64>,
    default: u64,
    low: u64,
    high: u64,
) -> Result<u64, ConfigError> {
    let value = value.unwrap_or(default);
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(bad(key, format!("must lie between {low} and {high}")))
    }
}

fn public_url(text: Option<&str>, listen: SocketAddr) -> Result<url::Url, ConfigError> {
    const KEY: &str = "http.public_url";
    let default = format!("http://localhost:{}", listen.port());
    let text = text.unwrap_or(&default);
    let url = url::Url::parse(text).map_err(|_| bad(KEY, format!("\"{text}\" is not a URL")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad(KEY, "must begin with https:// (or http:// on the own machine)"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(bad(KEY, "must be scheme, host and port only"));
    }
    Ok(url)
}

fn dev_origin(text: &str) -> Result<String, ConfigError> {
    const KEY: &str = "http.dev_origin";
    let url = url::Url::parse(text).map_err(|_| bad(KEY, format!("\"{text}\" is not a URL")))?;
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "http" || !local || url.path() != "/" {
        return Err(bad(KEY, "must be http://localhost and a port: it is for development on one machine"));
    }
    Ok(url.origin().ascii_serialization())
}

fn database_url(text: Option<&str>, dir: &Path) -> Result<DatabaseUrl, ConfigError> {
    const KEY: &str = "data.database_url";
    let Some(text) = text else {
        return Ok(DatabaseUrl::Sqlite(dir.join("hedgerow.sqlite")));
    };
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(DatabaseUrl::Postgres(text.to_owned()));
    }
    match text.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() && !path.contains('?') => Ok(DatabaseUrl::Sqlite(PathBuf::from(path))),
        // The value may hold a password, so it is not repeated.
        _ => Err(bad(KEY, "must be sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME")),
    }
}

fn blobs_url(text: Option<&str>, dir: &Path) -> Result<BlobsUrl, ConfigError> {
    const KEY: &str = "data.blobs_url";
    let Some(text) = text else {
        return Ok(BlobsUrl::Folder(dir.join("blobs")));
    };
    if let Some(path) = text.strip_prefix("file://").filter(|path| !path.is_empty()) {
        return Ok(BlobsUrl::Folder(PathBuf::from(path)));
    }
    if let Some(rest) = text.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !bucket.is_empty() {
            return Ok(BlobsUrl::S3 {
                bucket: bucket.to_owned(),
                prefix: prefix.trim_matches('/').to_owned(),
            });
        }
    }
    Err(bad(KEY, "must be file://PATH or s3://BUCKET/PREFIX"))
}

fn registration(text: Option<&str>) -> Result<Registration, ConfigError> {
    Ok(match text {
        Some("open") => Registration::Open,
        // Without a word from the operator nobody can fill the disk.
        Some("invite") | None => Registration::Invite,
        Some("closed") => Registration::Closed,
        Some(_) => return Err(bad("accounts.registration", "must be open, invite or closed")),
    })
}

fn domain(text: Option<&str>) -> Result<String, ConfigError> {
    let text = text.unwrap_or("hedgerow.test").to_ascii_lowercase();
    // An address with it must parse.
    if format!("a@{text}").parse::<wire::plaintext::Address>().is_err() {
        return Err(bad("accounts.domain", format!("\"{text}\" is not a domain")));
    }
    Ok(text)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
