//! SIGKILL at random moments while 200 messages are sent: what was acknowledged is there, once.

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tests::person::{Parcel, Person};
use tests::refusal::Outcome;
use tests::server::Server;
use wire::error::ErrorCode;
use wire::mail::{FolderRole, SubmitResponse};

const MESSAGES: usize = 200;
const SEALED_AHEAD: usize = 25;

/// Sends, and repeats the same submission until it is acknowledged, as a client must.
async fn insist(sender: &mut Person, parcel: &Parcel, patience: Duration) -> Result<SubmitResponse> {
    let begun = Instant::now();
    loop {
        let outcome: Outcome<SubmitResponse> = sender.submit(parcel).await;
        match outcome {
            Ok(response) => return Ok(response),
            Err(refusal) => {
                let final_word = refusal.server().is_some_and(|code| {
                    !matches!(code, ErrorCode::Internal | ErrorCode::Unavailable | ErrorCode::TooMany)
                });
                ensure!(!final_word, "refused for good: {refusal}");
                ensure!(begun.elapsed() < patience, "no acknowledgement within {patience:?}: {refusal}");
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_message_is_there_once_after_kills() -> Result<()> {
    let mut server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    // Sealing is slow against sending; a few sealed mails are sent under many ids, each its own message
    // with its own blob.
    let mut sealed = Vec::new();
    for number in 0..SEALED_AHEAD {
        sealed.push(alice.seal(Person::draft(&[&bob.address], &format!("number {number}"), "body")).await?);
    }

    let total = MESSAGES;
    let sending = tokio::spawn(async move {
        let mut ledger = BTreeMap::new();
        for number in 0..total {
            let mut parcel = sealed.get(number % sealed.len()).context("parcel")?.clone();
            parcel.request.submission_id = wire::ids::SubmissionId(tests::person::random_id());
            parcel.request.blob = wire::ids::BlobId(tests::person::random_id());
            let response = insist(&mut alice, &parcel, Duration::from_secs(60)).await?;
            ledger.insert(parcel.request.blob, (parcel.request.blob_digest.clone(), response.sent.id));
        }
        anyhow::Ok((alice, ledger))
    });

    let mut kills = 0;
    while !sending.is_finished() {
        let pause = rand::thread_rng().gen_range(5..250);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if sending.is_finished() {
            break;
        }
        server.kill()?;
        kills += 1;
        server.launch().await?;
    }
    let (mut alice, ledger) = sending.await??;
    ensure!(kills >= 5, "only {kills} kills");
    ensure!(ledger.len() == MESSAGES, "{} of {MESSAGES} were acknowledged", ledger.len());

    server.kill()?;
    server.launch().await?;
    let inbox = bob.messages(FolderRole::Inbox).await?;
    let mut delivered = BTreeMap::<_, usize>::new();
    for view in &inbox {
        *delivered.entry(view.blob).or_default() += 1;
    }
    for (blob, (digest, sent)) in &ledger {
        ensure!(delivered.get(blob) == Some(&1), "{blob}: delivered {:?} times", delivered.get(blob));
        let bytes = bob.http.blob(*blob).await?;
        let whole = <sha2::Sha256 as sha2::Digest>::digest(&bytes).as_slice() == digest.as_bytes();
        ensure!(whole, "{blob}: other bytes than were sent");
        let copy: wire::mail::MessageView = alice.http.get(&format!("/mail/messages/{sent}")).await?;
        ensure!(copy.blob == *blob, "{blob}: the copy in Sent is another message");
    }
    ensure!(inbox.len() == MESSAGES, "{} messages in the inbox", inbox.len());
    let copies = alice.messages(FolderRole::Sent).await?.len();
    ensure!(copies == MESSAGES, "{copies} copies in Sent");
    let uids: std::collections::BTreeSet<u32> = inbox.iter().map(|view| view.uid).collect();
    ensure!(uids.len() == MESSAGES, "an IMAP UID was given twice");
    println_counts(kills, ledger.len());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the counts belong in the test's output")]
fn println_counts(kills: usize, messages: usize) {
    println!("{messages} messages acknowledged and delivered once, {kills} kills");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_submission_sends_once() -> Result<()> {
    let server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let parcel = alice.seal(Person::draft(&[&bob.address], "once", "only")).await?;
    let first = alice.submit(&parcel).await?;
    let second = alice.submit(&parcel).await?;
    ensure!(first.sent.id == second.sent.id, "two copies in Sent");
    ensure!(bob.messages(FolderRole::Inbox).await?.len() == 1, "delivered twice");
    // The same id for other words is refused.
    let mut other = alice.seal(Person::draft(&[&bob.address], "other", "words")).await?;
    other.request.submission_id = parcel.request.submission_id;
    let outcome = alice.submit(&other).await;
    ensure!(
        outcome.as_ref().err().and_then(|refusal| refusal.server()) == Some(ErrorCode::Stale),
        "{outcome:?}"
    );
    ensure!(bob.messages(FolderRole::Inbox).await?.len() == 1, "delivered twice");
    Ok(())
}
