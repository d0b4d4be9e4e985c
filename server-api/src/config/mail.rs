//! `[mail]`.

use super::{ConfigError, bad, in_range, socket};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// `[mail]`.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The name this machine has in mail; its MX record and its certificate say the same.
    pub hostname: String,
    /// PEM files of the certificate chain and its key; without, the server makes a certificate of its own.
    pub tls: Option<TlsFiles>,
    /// Senders and networks that no mail is taken from.
    pub blocked: Vec<Blocked>,
    /// SMTP from other servers.
    pub smtp_listen: Option<SocketAddr>,
    /// Submission over TLS.
    pub submission_listen: Option<SocketAddr>,
    /// IMAP over TLS.
    pub imap_listen: Option<SocketAddr>,
    /// POP3 over TLS.
    pub pop3_listen: Option<SocketAddr>,
    /// The resolver, for tests.
    pub dns: Dns,
    /// Mail to other servers.
    pub outgoing: Outgoing,
}

/// Mail to other servers.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing {
    /// Whether there is any.
    pub on: bool,
    /// The port of other servers; 25 but in tests.
    pub port: u16,
    /// Whether it goes to addresses of private networks and this machine.
    pub private: bool,
    /// The first wait after a failure; each next one is twice as long, up to four hours.
    pub retry_seconds: u64,
    /// How long it is tried.
    pub expiry_seconds: u64,
}

/// Whom mail asks for names and policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dns {
    /// The resolvers of the system.
    System,
    /// This one.
    Resolver(SocketAddr),
    /// Nobody: senders are not checked.
    Off,
}

/// PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What no mail is taken from.
#[derive(Clone, PartialEq, Eq)]
pub enum Blocked {
    /// A sender's address, lower case.
    Address(String),
    /// A sender's domain and what is below it, lower case.
    Domain(String),
    /// Machines: an address and the length of its network's prefix.
    Network(IpAddr, u8),
}

// Whom an operator blocks is nothing for a log.
impl std::fmt::Debug for Blocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocked(…)")
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    hostname: Option<String>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    blocked: Option<Several>,
    smtp_listen: Option<String>,
    submission_listen: Option<String>,
    imap_listen: Option<String>,
    pop3_listen: Option<String>,
    dns: Option<String>,
    outgoing: Option<bool>,
    outgoing_port: Option<u16>,
    outgoing_private: Option<bool>,
    outgoing_retry_seconds: Option<u64>,
    outgoing_expiry_seconds: Option<u64>,
}

/// A list, or one text with commas, as a variable has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    Many(Vec<String>),
}

impl Several {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(text) => text.split(',').map(str::to_owned).collect(),
            Self::Many(list) => list,
        }
    }
}

/// Judges the section. The host of `public_url`, or else the mail domain, is the host name by default.
pub(super) fn check(raw: Raw, public_url: &url::Url, domain: Option<&str>) -> Result<Mail, ConfigError> {
    let hostname = match &raw.hostname {
        Some(name) => hostname(name)?,
        None => hostname(public_url.host_str().unwrap_or_default())
            .or_else(|_| hostname(domain.unwrap_or("hedgerow.test")))?,
    };
    let dns = match raw.dns.as_deref() {
        Some("off") => Dns::Off,
        text => socket("mail.dns", text)?.map_or(Dns::System, Dns::Resolver),
    };
    Ok(Mail {
        hostname,
        outgoing: Outgoing {
            // Without DNS nobody is found.
            on: raw.outgoing.unwrap_or(false) && dns != Dns::Off,
            port: raw.outgoing_port.unwrap_or(25),
            private: raw.outgoing_private.unwrap_or(false),
            retry_seconds: in_range(
                "mail.outgoing_retry_seconds",
                raw.outgoing_retry_seconds,
                300,
                1,
                86_400,
            )?,
            expiry_seconds: in_range(
                "mail.outgoing_expiry_seconds",
                raw.outgoing_expiry_seconds,
                432_000,
                1,
                2_592_000,
            )?,
        },
        dns,
        tls: match (raw.tls_certificate, raw.tls_key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            _ => return Err(bad("mail.tls_key", "mail.tls_certificate and mail.tls_key go together")),
        },
        blocked: raw
            .blocked
            .map(Several::list)
            .unwrap_or_default()
            .iter()
            .map(|text| blocked(text).ok_or_else(|| bad("mail.blocked", BLOCKED)))
            .collect::<Result<_, _>>()?,
        smtp_listen: socket("mail.smtp_listen", raw.smtp_listen.as_deref())?,
        submission_listen: socket("mail.submission_listen", raw.submission_listen.as_deref())?,
        imap_listen: socket("mail.imap_listen", raw.imap_listen.as_deref())?,
        pop3_listen: socket("mail.pop3_listen", raw.pop3_listen.as_deref())?,
    })
}

const BLOCKED: &str =
    "each entry is an address, a domain, or a network such as 192.0.2.0/24 or 2001:db8::/32";

fn blocked(text: &str) -> Option<Blocked> {
    let text = text.trim().to_ascii_lowercase();
    let (address, prefix) = text.split_once('/').map_or((text.as_str(), None), |(a, p)| (a, Some(p)));
    if let Ok(address) = address.parse::<IpAddr>() {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(bits), |prefix| prefix.parse().ok())?;
        return (prefix <= bits).then_some(Blocked::Network(address, prefix));
    }
    if text.contains('@') {
        return text
            .parse::<wire::plaintext::Address>()
            .ok()
            .map(|a| Blocked::Address(a.as_str().to_owned()));
    }
    format!("a@{text}").parse::<wire::plaintext::Address>().ok().map(|_| Blocked::Domain(text.clone()))
}

/// A name that may stand in a header: host names and nothing else.
fn hostname(text: &str) -> Result<String, ConfigError> {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    if format!("a@{text}").parse::<wire::plaintext::Address>().is_err() {
        return Err(bad("mail.hostname", "must be a host name such as mail.example.org"));
    }
    Ok(text)
}
