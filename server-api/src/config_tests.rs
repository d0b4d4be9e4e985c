use super::*;
use std::io::Write as _;

fn with(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load_with(None, pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

#[test]
fn defaults_keep_everything_under_one_folder() {
    let config = with(&[("HEDGEROW_DATA__DIR", "/srv/x"), ("UNRELATED__KEY", "1")]).unwrap();
    assert_eq!(config.data.database_url, DatabaseUrl::Sqlite("/srv/x/hedgerow.sqlite".into()));
    assert_eq!(config.data.blobs_url, BlobsUrl::Folder("/srv/x/blobs".into()));
    assert_eq!(config.data.secrets_file, Some("/srv/x/hedgerow.secrets".into()));
    assert_eq!(config.accounts.registration, Registration::Invite);
    assert_eq!(config.http.origin(), "http://localhost:8080");
}

#[test]
fn several_processes_are_not_given_a_file_of_secrets_each() {
    let database = ("HEDGEROW_DATA__DATABASE_URL", "postgres://x@y/z");
    assert_eq!(with(&[database]).unwrap().data.secrets_file, None);
    let named = with(&[database, ("HEDGEROW_DATA__SECRETS_FILE", "/srv/apart")]).unwrap();
    assert_eq!(named.data.secrets_file, Some("/srv/apart".into()));
}

#[test]
fn the_environment_overrides_the_file() {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    writeln!(file, "[http]\nlisten = \"127.0.0.1:1\"\n[accounts]\ndomain = \"a.test\"").unwrap();
    let config =
        Config::load_with(Some(file.path()), [("HEDGEROW_HTTP__LISTEN".into(), "127.0.0.1:2".into())])
            .unwrap();
    assert_eq!(config.http.listen.port(), 2);
    assert_eq!(config.accounts.domain, "a.test");
}

#[test]
fn numbers_and_booleans_come_from_the_environment_too() {
    let config = with(&[
        ("HEDGEROW_ACCOUNTS__QUOTA_BYTES", "2097152"),
        ("HEDGEROW_LIMITS__LOOPBACK", "true"),
        ("HEDGEROW_HTTP__PUBLIC_URL", "https://mail.example.org"),
    ])
    .unwrap();
    assert_eq!((config.accounts.quota_bytes, config.limits.loopback), (2_097_152, true));
    assert_eq!(config.http.origin(), "https://mail.example.org");
}

#[test]
fn wrong_values_are_named() {
    for (key, value, name) in [
        ("HEDGEROW_HTTP__LISTEN", "8080", "http.listen"),
        ("HEDGEROW_HTTP__PUBLIC_URL", "ftp://x", "http.public_url"),
        ("HEDGEROW_HTTP__PUBLIC_URL", "https://x/path", "http.public_url"),
        ("HEDGEROW_HTTP__DEV_ORIGIN", "http://example.org:8081", "http.dev_origin"),
        ("HEDGEROW_HTTP__DEV_ORIGIN", "https://localhost:8081", "http.dev_origin"),
        ("HEDGEROW_DATA__DATABASE_URL", "mysql://user:secret@x/y", "data.database_url"),
        ("HEDGEROW_DATA__BLOBS_URL", "s3://", "data.blobs_url"),
        ("HEDGEROW_ACCOUNTS__REGISTRATION", "maybe", "accounts.registration"),
        ("HEDGEROW_ACCOUNTS__DOMAIN", "-x", "accounts.domain"),
        ("HEDGEROW_ACCOUNTS__QUOTA_BYTES", "1", "accounts.quota_bytes"),
        ("HEDGEROW_LIMITS__ACCOUNT_PER_MINUTE", "0", "limits.account_per_minute"),
        ("HEDGEROW_MAIL__HOSTNAME", "a b", "mail.hostname"),
        ("HEDGEROW_MAIL__TLS_KEY", "key.pem", "mail.tls_key"),
        ("HEDGEROW_MAIL__BLOCKED", "192.0.2.0/33", "mail.blocked"),
        ("HEDGEROW_MAIL__DNS", "on", "mail.dns"),
    ] {
        let text = with(&[(key, value)]).unwrap_err().to_string();
        assert!(text.contains(name), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(with(&[("HEDGEROW_HTTP__LISTNE", "x")]).is_err(), "a misspelt key is refused");
}

#[test]
fn the_example_file_is_valid_and_names_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("hedgerow.example.toml");
    Config::load_with(Some(&path), []).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    for key in [
        "listen",
        "public_url",
        "dev_origin",
        "header_seconds",
        "web_dir",
        "behind_proxy",
        "dir",
        "database_url",
        "blobs_url",
        "secrets_file",
        "registration",
        "domain",
        "quota_bytes",
        "smtp_listen",
        "hostname",
        "tls_certificate",
        "tls_key",
        "blocked",
        "submission_listen",
        "imap_listen",
        "pop3_listen",
        "dns",
        "message_bytes",
        "json_bytes",
        "request_seconds",
        "account_per_minute",
        "network_per_minute",
        "network_logins_per_hour",
        "account_logins_per_hour",
        "loopback",
        "directory_per_hour",
        "events_per_account",
        "smtp_connections",
        "smtp_connections_per_network",
        "smtp_guesses_per_hour",
        "smtp_silence_seconds",
        "smtp_memory_bytes",
        "outgoing",
        "outgoing_port",
        "outgoing_private",
        "outgoing_retry_seconds",
        "outgoing_expiry_seconds",
        "outgoing_per_hour",
        "file",
        "filter",
    ] {
        assert!(
            text.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = "))),
            "{key} is missing in hedgerow.example.toml"
        );
    }
}
