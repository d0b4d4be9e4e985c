//! Nothing of a plain mail lies on the server's disk in clear, at any moment, also when it is killed.

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tests::dns::Dns;
use tests::person::Person;
use tests::search;
use tests::server::Server;
use tests::sink::{Manner, Sink};
use tests::smtp::Smtp;
use wire::mail::FolderRole;

/// Strings in every place a mail has, and the mail.
fn canaries() -> (Vec<(String, Vec<u8>)>, String) {
    let names = ["subject", "body", "sender", "attachment", "file", "boundary", "id"];
    let canaries: Vec<(String, String)> = names
        .iter()
        .map(|name| ((*name).to_owned(), format!("canary{}", hex::encode(tests::person::random_id()))))
        .collect();
    let of = |name: &str| {
        canaries.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let message = format!(
        "From: {sender} <{sender}@sender.example>\r\nTo: alice@hedgerow.test\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@sender.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n\
         Content-Type: text/plain\r\n\r\n{body}\r\n--{boundary}\r\n\
         Content-Type: application/octet-stream; name={file}.txt\r\n\
         Content-Disposition: attachment; filename={file}.txt\r\n\r\n{attachment}\r\n--{boundary}--\r\n",
        sender = of("sender"),
        subject = of("subject"),
        id = of("id"),
        boundary = of("boundary"),
        body = of("body"),
        file = of("file"),
        attachment = of("attachment"),
    );
    (canaries.into_iter().map(|(name, text)| (name, text.into_bytes())).collect(), message)
}

/// Every file below a folder; what vanishes meanwhile is passed over.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut open, mut files) = (vec![PathBuf::from(dir)], Vec::new());
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                files.push((path.to_string_lossy().into_owned(), bytes));
            }
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_plain_mail_is_nowhere_on_the_disk_in_clear() -> Result<()> {
    let mut server = Server::with_mail(&[("log.filter", "trace")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let (secrets, message) = canaries();
    let sender = secrets
        .iter()
        .find(|(name, _)| name == "sender")
        .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
        .context("sender")?;

    // Somebody reads the whole folder over and over while mails come and the server is killed.
    let (dir, over) = (server.dir().to_path_buf(), Arc::new(AtomicBool::new(false)));
    let looks = Arc::new(AtomicU32::new(0));
    let watcher = std::thread::spawn({
        let (secrets, over, looks) = (secrets.clone(), over.clone(), looks.clone());
        move || {
            let mut found = Vec::new();
            while !over.load(Ordering::Relaxed) {
                found.extend(search::find(&secrets, &files(&dir)));
                looks.fetch_add(1, Ordering::Relaxed);
            }
            found
        }
    });
    let from = format!("{sender}@sender.example");
    // A fast server has twelve mails before a slow disk was looked through three times.
    let mut round = 0;
    while round < 12 || looks.load(Ordering::Relaxed) < 3 && round < 200 {
        let sending = async {
            let mut smtp = Smtp::hello(&server).await?;
            let text = message.replace("Message-ID: <", &format!("Message-ID: <{round}"));
            smtp.send(&from, &["alice@hedgerow.test"], &text).await
        };
        if round % 3 == 2 {
            let pause = rand::thread_rng().gen_range(0..40);
            let _ = tokio::time::timeout(Duration::from_millis(pause), sending).await;
            server.kill()?;
            server.launch().await?;
        } else {
            let reply = sending.await?;
            ensure!(reply.starts_with("250"), "{reply}");
        }
        round += 1;
    }
    over.store(true, Ordering::Relaxed);
    let found = watcher.join().map_err(|_| anyhow::anyhow!("the watcher panicked"))?;
    let rounds = looks.load(Ordering::Relaxed);
    ensure!(found.is_empty(), "in clear while it came: {found:?}");
    ensure!(rounds >= 3, "looked only {rounds} times");
    let found = search::find(&secrets, &files(server.dir()));
    ensure!(found.is_empty(), "in clear afterwards: {found:?}");
    ensure!(alice.messages(FolderRole::Inbox).await?.len() >= 8);

    // The control: where it does lie in clear, the search finds every string.
    let planted = vec![("planted".to_owned(), message.into_bytes())];
    let found = search::find(&secrets, &planted);
    ensure!(found.len() == secrets.len(), "the search is blind: {found:?}");
    let spool = server.dir().join("spool.eml");
    std::fs::write(&spool, &planted.first().context("planted")?.1)?;
    ensure!(!search::find(&secrets, &files(server.dir())).is_empty(), "the search misses a file");
    Ok(())
}

/// What a person writes to others, while it waits, while it leaves, and when it has left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mail_to_others_is_nowhere_on_the_disk_in_clear() -> Result<()> {
    let sink = Sink::listen("127.0.0.6", 0).await?;
    let dns = Dns::with(&[], &[("sink.example", "mx.sink.example", "127.0.0.6")])?;
    let mut server = Server::with_outgoing(&dns, sink.port(), &[("log.filter", "trace")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let canary = |what: &str| (what.to_owned(), format!("canary{}", hex::encode(tests::person::random_id())));
    let all: Vec<(String, String)> =
        ["subject", "body", "file", "recipient"].into_iter().map(canary).collect();
    let of = |name: &str| {
        all.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let secrets: Vec<(String, Vec<u8>)> =
        all.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect();
    let (dir, over) = (server.dir().to_path_buf(), Arc::new(AtomicBool::new(false)));
    let looks = Arc::new(AtomicU32::new(0));
    let watcher = std::thread::spawn({
        let (secrets, over, looks) = (secrets.clone(), over.clone(), looks.clone());
        move || {
            let mut found = Vec::new();
            while !over.load(Ordering::Relaxed) {
                found.extend(search::find(&secrets, &files(&dir)));
                looks.fetch_add(1, Ordering::Relaxed);
            }
            found
        }
    });
    sink.behave(Manner::Busy);
    let zoe = format!("{}@sink.example", of("recipient"));
    let zoe = zoe.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut draft = Person::draft(&[&zoe], &of("subject"), &of("body"));
    draft.attachments.push(model::mail::AttachmentData {
        name: format!("{}.txt", of("file")),
        media_type: "text/plain".into(),
        bytes: of("body").into_bytes(),
    });
    let parcel = alice.seal(draft).await?;
    alice.submit(&parcel).await?;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill()?;
        server.launch().await?;
    }
    ensure!(server.waiting("alice@hedgerow.test")? == 1, "it does not wait");
    sink.behave(Manner::Polite);
    let begun = std::time::Instant::now();
    while sink.taken().is_empty() || server.waiting("alice@hedgerow.test")? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(60), "it does not leave");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    over.store(true, Ordering::Relaxed);
    let found = watcher.join().map_err(|_| anyhow::anyhow!("the watcher panicked"))?;
    ensure!(found.is_empty(), "in clear while it waited or left: {found:?}");
    ensure!(looks.load(Ordering::Relaxed) >= 3, "looked only {looks:?} times");
    let found = search::find(&secrets, &files(server.dir()));
    ensure!(found.is_empty(), "in clear afterwards: {found:?}");
    // The control: what was taken holds every one of them.
    let taken = sink.taken().first().map(|mail| format!("{:?}{}", mail.to, mail.message)).context("mail")?;
    let found = search::find(&secrets, &[("taken".to_owned(), taken.into_bytes())]);
    ensure!(found.len() >= secrets.len(), "the search is blind: {found:?}");
    Ok(())
}
