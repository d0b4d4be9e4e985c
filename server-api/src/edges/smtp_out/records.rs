//! The DNS records that let other servers find this one and believe what it signs.

use super::dkim;
use crate::config::Config;
use crate::errors::ApiResult;
use crate::vault::db::Db;
use crate::vault::secrets::Secrets;
use std::fmt::Write as _;

/// A string of a TXT record has at most 255 bytes (RFC 1035 section 3.3).
const STRING: usize = 250;

/// The records of the mail domain, as lines of a zone file. Makes the DKIM keys if there are none yet.
///
/// # Errors
/// From the database; `internal` if a key cannot be made or read.
pub async fn records(config: &Config, db: &Db) -> ApiResult<String> {
    let secrets = Secrets::open(db.clone(), config.data.secrets_file.clone()).await?;
    let (domain, host) = (&config.accounts.domain, &config.mail.hostname);
    let mut text = format!("{domain}. IN MX 10 {host}.\n");
    let mut txt = |name: String, value: &str| {
        let strings: Vec<String> = value
            .as_bytes()
            .chunks(STRING)
            .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
            .collect();
        let _ = writeln!(text, "{name}. IN TXT {}", strings.join(" "));
    };
    txt(domain.clone(), "v=spf1 mx -all");
    for (name, value) in dkim::records(&secrets).await? {
        txt(format!("{name}.{domain}"), &value);
    }
    txt(format!("_dmarc.{domain}"), "v=DMARC1; p=reject; adkim=s; aspf=s");
    Ok(text)
}
