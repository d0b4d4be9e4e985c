//! SIGKILL at random moments while mail leaves: what was acknowledged reaches the other server, at least once.

use anyhow::{Result, ensure};
use rand::Rng as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::dns::Dns;
use tests::person::Person;
use tests::server::{Server, Shared};
use tests::sink::Sink;
use tokio::sync::{Mutex, RwLock};
use wire::plaintext::Address;

/// Mails sent.
const MESSAGES: usize = 60;

fn zoe() -> Result<Address> {
    "zoe@sink.example".parse().map_err(|error| anyhow::anyhow!("{error}"))
}

/// How often each numbered mail was taken.
fn counts(sink: &Sink) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for mail in sink.taken() {
        let number = mail.message.lines().find_map(|line| line.strip_prefix("Subject: ledger "));
        if let Some(number) = number.and_then(|number| number.trim().parse().ok()) {
            *counts.entry(number).or_default() += 1;
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_mail_leaves_after_kills() -> Result<()> {
    let sink = Sink::listen("127.0.0.4", 0).await?;
    sink.dawdle(Duration::from_millis(60));
    let dns = Dns::with(&[], &[("sink.example", "mx.sink.example", "127.0.0.4")])?;
    let server = Server::with_outgoing(&dns, sink.port(), &[]).await?;
    let alice = Arc::new(Mutex::new(Person::new(&server, "alice").await?));
    let server = Arc::new(RwLock::new(server));
    let sender = tokio::spawn({
        let (alice, server) = (alice.clone(), server.clone());
        async move {
            let mut alice = alice.lock().await;
            for number in 0..MESSAGES {
                let draft = Person::draft(&[&zoe()?], &format!("ledger {number}"), "x");
                let parcel = alice.seal(draft).await?;
                let begun = Instant::now();
                // As the page does: the same request again until it is answered.
                loop {
                    drop(server.read().await);
                    if alice.submit(&parcel).await.is_ok() {
                        break;
                    }
                    ensure!(begun.elapsed() < Duration::from_secs(60), "no acknowledgement");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            anyhow::Ok(())
        }
    });
    let mut kills = 0;
    while !sender.is_finished() {
        let pause = rand::thread_rng().gen_range(50..400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let mut server = server.write().await;
        server.kill()?;
        kills += 1;
        server.launch().await?;
    }
    sender.await??;
    ensure!(kills >= 3, "only {kills} kills");
    let begun = Instant::now();
    while counts(&sink).len() < MESSAGES {
        ensure!(
            begun.elapsed() < Duration::from_secs(90),
            "lost: {} of {MESSAGES} left",
            counts(&sink).len()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    while server.read().await.waiting("alice@hedgerow.test")? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(120), "what has left is still in the queue");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let twice: usize = counts(&sink).values().map(|times| times - 1).sum();
    say(&format!("{MESSAGES} mails, {kills} kills, {twice} came twice"));
    // Each kill can cut off as many replies as there are conversations at once.
    ensure!(twice <= kills * 8, "{twice} came twice after {kills} kills");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figure belongs in the test's output")]
fn say(words: &str) {
    println!("{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_on_one_database_do_not_send_twice() -> Result<()> {
    let Some(shared) = Shared::make().await? else { return Ok(()) };
    let sink = Sink::listen("127.0.0.5", 0).await?;
    sink.dawdle(Duration::from_millis(100));
    let dns = Dns::with(&[], &[("sink.example", "mx.sink.example", "127.0.0.5")])?;
    let settings = [("data.database_url", shared.database_url.as_str())];
    let first = Server::with_outgoing(&dns, sink.port(), &settings).await?;
    let second = Server::with_outgoing(&dns, sink.port(), &settings).await?;
    let mut alice = Person::new(&first, "alice").await?;
    for number in 0..40 {
        alice.http.move_to(if number % 2 == 0 { &first } else { &second });
        alice.send(&[&zoe()?], &format!("ledger {number}"), "x").await?;
    }
    let begun = Instant::now();
    while counts(&sink).len() < 40 || first.waiting("alice@hedgerow.test")? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(60), "{:?}", counts(&sink));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(counts(&sink).values().all(|times| *times == 1), "sent twice: {:?}", counts(&sink));
    Ok(())
}
