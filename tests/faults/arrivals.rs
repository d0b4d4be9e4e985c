//! SIGKILL at random moments while mail comes in by SMTP: what was answered with 250 is there, once.

use anyhow::{Result, ensure};
use rand::Rng as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tests::person::Person;
use tests::server::Server;
use tests::smtp::{Smtp, mail};
use tokio::sync::RwLock;
use wire::mail::FolderRole;

/// Mails sent and kills made; more with `HEDGEROW_TEST_ARRIVALS`.
const MESSAGES: usize = 300;

/// Sends until it is acknowledged, as a mail server does.
async fn insist(server: &RwLock<Server>, message: &str) -> Result<()> {
    for _ in 0..4000 {
        let smtp = {
            let server = server.read().await;
            Smtp::hello(&server).await
        };
        let attempt = async { smtp?.send("zoe@sender.example", &["alice@hedgerow.test"], message).await };
        match attempt.await {
            Ok(reply) if reply.starts_with("250") => return Ok(()),
            Ok(reply) => ensure!(reply.is_empty() || reply.starts_with('4'), "refused: {reply}"),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("no acknowledgement")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_arrival_is_there_once_after_kills() -> Result<()> {
    let total = std::env::var("HEDGEROW_TEST_ARRIVALS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(MESSAGES);
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let server = Arc::new(RwLock::new(server));
    let mut senders = Vec::new();
    for sender in 0..4 {
        let server = server.clone();
        senders.push(tokio::spawn(async move {
            for number in (sender..total).step_by(4) {
                insist(&server, &mail(&format!("ledger {number}"), "x")).await?;
            }
            anyhow::Ok(())
        }));
    }
    let mut kills = 0;
    while senders.iter().any(|sender| !sender.is_finished()) {
        let pause = rand::thread_rng().gen_range(10..120);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        // SIGKILL comes while connections are open: only new ones wait for the next start.
        let mut server = server.write().await;
        server.kill()?;
        kills += 1;
        server.launch().await?;
    }
    for sender in senders {
        sender.await??;
    }
    ensure!(kills >= 5, "only {kills} kills");
    let inbox = alice.messages(FolderRole::Inbox).await?;
    let mut seen = BTreeMap::<String, usize>::new();
    for row in alice.rows(inbox).await? {
        let summary = row.summary.map_err(|error| anyhow::anyhow!("{error}"))?;
        *seen.entry(summary.subject).or_default() += 1;
    }
    for number in 0..total {
        let times = seen.get(&format!("ledger {number}")).copied().unwrap_or_default();
        ensure!(times == 1, "message {number} is there {times} times, after {kills} kills");
    }
    ensure!(seen.len() == total, "{} messages", seen.len());
    Ok(())
}
