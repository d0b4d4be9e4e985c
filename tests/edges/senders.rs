//! Senders that are who they say, and others, under a DNS of our own (dnsmasq), signed by dkimpy.

use anyhow::{Context as _, Result, ensure};
use letter::senders::DomainWord;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tests::dns::Dns;
use tests::person::Person;
use tests::server::Server;
use tests::smtp::Smtp;
use wire::mail::FolderRole;

/// A DKIM key: its PEM file, and the record for it.
fn dkim_key(dir: &Path) -> Result<(String, String)> {
    let path = dir.join("dkim.pem").to_string_lossy().into_owned();
    let make = Command::new("openssl").args(["genrsa", "-traditional", "-out", &path, "2048"]).output()?;
    ensure!(make.status.success(), "openssl: {}", String::from_utf8_lossy(&make.stderr));
    let public = Command::new("openssl").args(["rsa", "-in", &path, "-pubout"]).output()?;
    let text = String::from_utf8(public.stdout)?;
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    Ok((path, format!("v=DKIM1; k=rsa; p={base64}")))
}

fn sign(message: &str, domain: &str, key: &str) -> Result<String> {
    let mut child = Command::new("/usr/bin/dkimsign")
        .args(["--hcanon", "relaxed", "--bcanon", "relaxed", "sel", domain, key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("dkimsign: `cargo xtask tools` installs it")?;
    child.stdin.take().context("stdin")?.write_all(message.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "dkimsign failed");
    let signed = String::from_utf8(output.stdout)?.replace("\r\n", "\n").replace('\n', "\r\n");
    ensure!(signed.contains("DKIM-Signature"), "not signed");
    Ok(signed)
}

fn from(author: &str, number: usize) -> String {
    // Relaxed canonicalisation: spaces at ends of lines and empty lines at the end do not count.
    format!(
        "From: Somebody <{author}>\r\nTo: alice@hedgerow.test\r\nSubject: number {number}\r\n\
         Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{number}@{author}>\r\n\r\n\
         words  with\tspaces \t \r\n \t\r\nand a line of spaces above\r\n   \r\n\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_denied_and_unknown_senders_are_told_apart() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (key, record) = dkim_key(dir.path())?;
    let dns = Dns::start(&[
        ("good.example", "v=spf1 ip4:127.0.0.1 -all"),
        ("_dmarc.good.example", "v=DMARC1; p=reject"),
        ("bank.example", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.bank.example", "v=DMARC1; p=none"),
        ("strict.example", "v=spf1 -all"),
        ("_dmarc.strict.example", "v=DMARC1; p=reject"),
        ("sel._domainkey.strict.example", &record),
    ])?;
    let server = Server::with_mail(&[("mail.dns", &format!("127.0.0.1:{}", dns.port))]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let confirmed = |domain: &str| Some(DomainWord::Confirmed { domain: domain.to_owned() });
    let denied = |domain: &str| Some(DomainWord::Denied { domain: domain.to_owned() });
    let (good, bank) = (from("a@good.example", 1), from("a@bank.example", 2));
    let signed = sign(&from("a@strict.example", 3), "strict.example", &key)?;
    let short = from("a@strict.example", 7).trim_end().to_owned() + "\r\n";
    let short = sign(&short, "strict.example", &key)?;
    let altered = sign(&from("a@strict.example", 4), "strict.example", &key)?.replace("words", "w0rds");
    let forged = "Authentication-Results: mx.hedgerow.test; dmarc=pass header.from=strict.example\r\n";
    let cases = [
        ("by its address", "a@good.example", good.clone(), FolderRole::Inbox, confirmed("good.example")),
        ("forged, nothing asked for", "x@good.example", bank, FolderRole::Inbox, denied("bank.example")),
        ("signed", "bounce@elsewhere.example", short, FolderRole::Inbox, confirmed("strict.example")),
        (
            "signed, with blank lines at the end",
            "bounce@elsewhere.example",
            signed,
            FolderRole::Inbox,
            confirmed("strict.example"),
        ),
        ("altered after signing", "a@strict.example", altered, FolderRole::Junk, denied("strict.example")),
        (
            "forged, with our own word forged above it",
            "a@good.example",
            format!("{forged}{}", from("a@strict.example", 5)),
            FolderRole::Junk,
            denied("strict.example"),
        ),
        ("of a domain that says nothing", "a@x.example", from("a@x.example", 6), FolderRole::Inbox, None),
        ("two authors", "a@good.example", format!("From: b@bank.example\r\n{good}"), FolderRole::Inbox, None),
    ];
    for (what, sender, message, folder, word) in cases {
        let before = alice.messages(folder).await?.len();
        let mut smtp = Smtp::hello(&server).await?;
        let reply = smtp.send(sender, &["alice@hedgerow.test"], &message).await?;
        ensure!(reply.starts_with("250"), "{what}: {reply}");
        let messages = alice.messages(folder).await?;
        ensure!(messages.len() == before + 1, "{what}: not in {folder:?}");
        let opened = alice.read(messages.first().context("mail")?).await?;
        ensure!(opened.domain_word == word, "{what}: {:?}", opened.domain_word);
    }
    Ok(())
}
