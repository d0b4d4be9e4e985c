//! What people write to others: it leaves as plain mail, signed by the domain, and whoever refuses it is reported.

use crate::peers::{Postfix, succeed};
use anyhow::{Context as _, Result, bail, ensure};
use model::mail::{AttachmentData, Readers};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tests::dns::Dns;
use tests::person::{Person, address};
use tests::server::Server;
use tests::sink::{Manner, Sink};
use tests::smtp::newest;
use wire::mail::{Arrival, FolderRole};
use wire::plaintext::Address;

/// Waits until something is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !so().await? {
        if begun.elapsed() > Duration::from_secs(60) {
            bail!("not within 60 seconds: {what}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn outside(text: &str) -> Result<Address> {
    text.parse().map_err(|error| anyhow::anyhow!("{text}: {error}"))
}

/// The TXT records that the server's program prints.
fn records(server: &Server) -> Result<BTreeMap<String, String>> {
    let mut records = BTreeMap::new();
    for line in server.command(&["dns", "hedgerow.test"])?.lines() {
        if let Some((name, text)) = line.split_once(". IN TXT ") {
            records.insert(name.to_owned(), text.replace("\" \"", "").trim_matches('"').to_owned());
        }
    }
    Ok(records)
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_takes_what_a_person_writes_signed_and_under_tls() -> Result<()> {
    let postfix = Postfix::receiving("sender.example", &["zoe"]).await?;
    let dns = Dns::with(&[], &[("sender.example", "mx.sender.example", "127.0.0.1")])?;
    let server = Server::with_outgoing(&dns, postfix.port, &[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut bob = Person::new(&server, "bob").await?;

    let zoe = outside("zoe@sender.example")?;
    let mut draft = Person::draft(&[&address("bob")?, &zoe], "Grüße an beide", "eins\n.zwei\n\nFrom drei");
    draft.attachments.push(AttachmentData {
        name: "plan.bin".into(),
        media_type: "application/octet-stream".into(),
        bytes: (0..=255).cycle().take(300_000).collect(),
    });
    let parcel = alice.seal(draft).await?;
    ensure!(parcel.request.outside.is_some() && parcel.request.deliveries.len() == 1);
    alice.submit(&parcel).await?;
    // The same again is the same mail.
    alice.submit(&parcel).await?;

    // Bob reads a sealed mail as ever, and Alice her sealed copy.
    let his = newest(&mut bob).await?;
    ensure!(his.readers == Readers::EndToEnd && his.subject == "Grüße an beide", "{his:?}");
    let sent = alice.messages(FolderRole::Sent).await?;
    ensure!(sent.len() == 1 && sent.iter().all(|copy| copy.arrival == Arrival::Sealed));

    until("Postfix keeps it", async || Ok(!postfix.kept("zoe")?.is_empty())).await.context(postfix.log())?;
    until("the queue is empty", async || Ok(server.waiting("alice@hedgerow.test")? == 0)).await?;
    let kept = postfix.kept("zoe")?;
    let message = kept.first().context("mail")?;
    ensure!(kept.len() == 1, "{} copies", kept.len());
    ensure!(
        message.contains("using TLSv1.3") && message.contains("Return-Path: <alice@hedgerow.test>"),
        "{message}"
    );
    let header = message.split("\n\n").next().context("header")?;
    ensure!(header.matches("Received:").count() == 1, "{header}");
    // Above it stands what Postfix wrote.
    let header = header.find("DKIM-Signature:").and_then(|at| header.get(at..)).context("no signature")?;
    for told in ["user-agent:", "x-mailer:", "bcc:", "127.0.0.1", "localhost"] {
        ensure!(!header.to_lowercase().contains(told), "{told}: {header}");
    }
    ensure!(message.contains("=2Ezwei") || message.contains("\n.zwei"), "{message}");

    // dkimpy finds both signatures good, under the records the operator is told to publish.
    let dir = tempfile::tempdir()?;
    let (mail, zone) = (dir.path().join("mail"), dir.path().join("zone"));
    std::fs::write(&mail, message.replace('\n', "\r\n"))?;
    let records = records(&server)?;
    ensure!(records.len() == 4 && records.contains_key("_dmarc.hedgerow.test"), "{records:?}");
    std::fs::write(&zone, serde_json::to_string(&records)?)?;
    let script = tests::sources::root().join("tests/edges/verify_dkim.py");
    let arguments = [script.to_string_lossy(), mail.to_string_lossy(), zone.to_string_lossy()];
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let said = succeed("/usr/bin/python3", &arguments).await?;
    let mut verdicts: Vec<&str> = said.lines().collect();
    verdicts.sort_unstable();
    ensure!(verdicts == ["hedgerow.test ed25519-sha256 good", "hedgerow.test rsa-sha256 good"], "{said}");
    std::fs::write(&mail, message.replace('\n', "\r\n").replace("Subject: ", "Subject: not "))?;
    let said = succeed("/usr/bin/python3", &arguments).await?;
    ensure!(!said.contains("good") && said.lines().count() == 2, "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_comes_back_as_a_sealed_notice_once() -> Result<()> {
    let postfix = Postfix::receiving("sender.example", &["zoe"]).await?;
    let servers = [("sender.example", "mx.sender.example", "127.0.0.1"), ("null.example", "", "")];
    let dns = Dns::with(&[], &servers)?;
    let server = Server::with_outgoing(&dns, postfix.port, &[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let to = [outside("nobody@sender.example")?, outside("zoe@sender.example")?];
    alice.send(&[&to[0], &to[1]], "half of it", "x").await?;
    until("the notice", async || Ok(!alice.messages(FolderRole::Inbox).await?.is_empty())).await?;
    until("the queue is empty", async || Ok(server.waiting("alice@hedgerow.test")? == 0)).await?;
    until("Postfix keeps it", async || Ok(postfix.kept("zoe")?.len() == 1)).await.context(postfix.log())?;
    let inbox = alice.messages(FolderRole::Inbox).await?;
    ensure!(inbox.len() == 1 && inbox.iter().all(|one| one.arrival == Arrival::SealedOnArrival), "{inbox:?}");
    let notice = newest(&mut alice).await?;
    ensure!(notice.from.address == "mailer-daemon@hedgerow.test", "{notice:?}");
    ensure!(notice.text.contains("nobody@sender.example") && notice.text.contains("550"), "{notice:?}");
    ensure!(!notice.text.contains("zoe@"), "{notice:?}");
    let sent = alice.messages(FolderRole::Sent).await?;
    let original = alice.read(sent.first().context("copy")?).await?;
    ensure!(notice.references.contains(&original.message_id), "the notice names no mail: {notice:?}");

    // Domains that are not there or take no mail are known at once.
    for (to, why) in [("x@nowhere.example", "no such domain"), ("x@null.example", "takes no mail")] {
        let before = alice.messages(FolderRole::Inbox).await?.len();
        alice.send(&[&outside(to)?], "to nowhere", "x").await?;
        until(why, async || Ok(alice.messages(FolderRole::Inbox).await?.len() > before)).await?;
        let notice = newest(&mut alice).await?;
        ensure!(notice.text.contains(to) && notice.text.contains(why), "{notice:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_is_tried_again_and_given_up_in_the_end() -> Result<()> {
    let sink = Sink::listen("127.0.0.3", 0).await?;
    let servers = [("later.example", "mx.later.example", "127.0.0.3"), ("", "plain.example", "127.0.0.3")];
    let dns = Dns::with(&[], &servers)?;
    let server = Server::with_outgoing(&dns, sink.port(), &[("mail.outgoing_expiry_seconds", "20")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    sink.behave(Manner::Busy);
    alice.send(&[&outside("zoe@later.example")?], "put off", "x").await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(sink.taken().is_empty() && server.waiting("alice@hedgerow.test")? == 1);
    sink.behave(Manner::Polite);
    until("it is taken", async || Ok(!sink.taken().is_empty())).await?;
    until("the queue is empty", async || Ok(server.waiting("alice@hedgerow.test")? == 0)).await?;
    ensure!(
        sink.taken()
            .iter()
            .all(|mail| mail.from == "alice@hedgerow.test" && mail.to == ["zoe@later.example"])
    );
    ensure!(alice.messages(FolderRole::Inbox).await?.is_empty(), "a notice about a mail that arrived");

    // A domain without MX records is its own server.
    alice.send(&[&outside("zoe@plain.example")?], "no MX", "x").await?;
    until("it is taken", async || Ok(sink.taken().iter().any(|mail| mail.to == ["zoe@plain.example"])))
        .await?;

    sink.behave(Manner::Busy);
    alice.send(&[&outside("zoe@later.example")?], "given up", "x").await?;
    until("the notice", async || Ok(!alice.messages(FolderRole::Inbox).await?.is_empty())).await?;
    let notice = newest(&mut alice).await?;
    ensure!(notice.text.contains("Given up") && notice.text.contains("451"), "{notice:?}");
    ensure!(sink.taken().len() == 2, "{:?}", sink.taken());
    until("the queue is empty", async || Ok(server.waiting("alice@hedgerow.test")? == 0)).await?;
    Ok(())
}
