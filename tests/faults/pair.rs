//! Two server processes on one PostgreSQL and one blob store serve one account at once, push included.

use crate::disk::skip;
use anyhow::{Context as _, Result, bail, ensure};
use futures::StreamExt as _;
use model::accounts::Settings;
use std::time::Duration;
use tests::person::Person;
use tests::server::{Server, Shared};
use wire::mail::FolderRole;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_serve_one_account_with_push() -> Result<()> {
    let Some(shared) = Shared::make().await?.filter(|shared| shared.blobs_url.is_some()) else {
        skip("HEDGEROW_TEST_POSTGRES and HEDGEROW_TEST_S3 are not set; `cargo xtask test` sets them");
        return Ok(());
    };
    let here = Server::shared(&shared).await?;
    let there = Server::shared(&shared).await?;
    let mut bob = Person::new(&here, "bob").await?;
    let mut alice = Person::new(&there, "alice").await?;

    // Bob's session began at one process and goes on at the other.
    bob.http.move_to(&there);
    bob.set(Settings { theme: "dark".into(), ..Settings::default() }).await?;
    bob.http.move_to(&here);
    bob.refresh().await?;
    ensure!(
        bob.account.as_ref().is_some_and(|account| account.settings.theme == "dark"),
        "the change is not seen"
    );

    // A listener at one process hears of mail sent at the other.
    let response = bob.http.events().await?;
    ensure!(response.status().is_success(), "{}", response.status());
    let mut events = response.bytes_stream();
    let listening = tokio::spawn(async move {
        let mut heard = String::new();
        while let Some(part) = events.next().await {
            heard.push_str(&String::from_utf8_lossy(&part?));
            if heard.contains("event: change") || heard.contains("event:change") {
                return anyhow::Ok(heard);
            }
        }
        bail!("the stream ended: {heard}")
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    alice.send(&[&bob.address], "across", "from the other process").await?;
    let heard = tokio::time::timeout(Duration::from_secs(10), listening)
        .await
        .context("no push within 10 s")???;
    ensure!(heard.contains("seq"), "{heard}");

    for server in [&here, &there] {
        bob.http.move_to(server);
        let inbox = bob.messages(FolderRole::Inbox).await?;
        ensure!(inbox.len() == 1, "{} messages", inbox.len());
        ensure!(bob.read(inbox.first().context("mail")?).await?.text.trim() == "from the other process");
    }

    // One of them dies; the other goes on.
    drop(there);
    alice.http.move_to(&here);
    alice.send(&[&bob.address], "after", "one process is gone").await?;
    bob.http.move_to(&here);
    ensure!(bob.messages(FolderRole::Inbox).await?.len() == 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_change_at_once_and_one_is_told() -> Result<()> {
    let server = Server::start().await?;
    let mut phone = Person::new(&server, "alice").await?;
    let mut laptop = Person::at(&server, "alice", &phone.passphrase)?;
    laptop.sign_in().await?;
    phone.set(Settings { theme: "dark".into(), ..Settings::default() }).await?;
    let outcome = laptop.set(Settings { theme: "light".into(), ..Settings::default() }).await;
    let code = outcome.as_ref().err().and_then(|refusal| refusal.server());
    ensure!(code == Some(wire::error::ErrorCode::Stale), "{outcome:?}");
    laptop.refresh().await?;
    laptop.set(Settings { theme: "light".into(), ..Settings::default() }).await?;
    phone.refresh().await?;
    ensure!(phone.account.as_ref().is_some_and(|account| account.settings.theme == "light"));
    Ok(())
}
