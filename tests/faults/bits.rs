//! A flipped bit in any stored item: a clear error, and nothing shown wrongly.

use anyhow::{Context as _, Result, ensure};
use model::error::CoreErrorCode as Code;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use std::path::{Path, PathBuf};
use tests::person::Person;
use tests::search::contains;
use tests::server::Server;
use wire::accounts::AccountView;
use wire::error::ErrorCode;
use wire::mail::FolderRole;

fn flip(path: &Path, offset: usize) -> Result<()> {
    let mut bytes = std::fs::read(path)?;
    *bytes.get_mut(offset).context("offset")? ^= 4;
    Ok(std::fs::write(path, bytes)?)
}

/// Where these bytes are stored: every place, since the write-ahead log may hold a copy.
fn places(server: &Server, needle: &[u8]) -> Result<Vec<(PathBuf, usize)>> {
    let mut found = Vec::new();
    for (path, bytes) in server.files()? {
        if contains(&bytes, needle) {
            let at = bytes.windows(needle.len()).position(|window| window == needle).context("position")?;
            found.push((path, at));
        }
    }
    Ok(found)
}

/// Stops the server, flips one bit in the middle of each stored copy of these bytes, starts it again.
async fn damage(server: &mut Server, needle: &[u8]) -> Result<()> {
    // In order, so that SQLite empties its log: a bit flipped in the log undoes what came after it, and
    // that is SQLite's to decide. Here the stored items themselves are meant.
    server.stop()?;
    // Large values are cut over several pages of the database: a piece from the middle is enough.
    let (half, end) = (needle.len() / 2, needle.len().min(needle.len() / 2 + 24));
    let middle = needle.get(half..end).filter(|piece| piece.len() >= 16).context("too short to damage")?;
    let found = places(server, middle)?;
    ensure!(!found.is_empty(), "the bytes are not in any file");
    for (path, at) in found {
        flip(&path, at + 5)?;
    }
    server.launch().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_in_a_blob() -> Result<()> {
    let mut server = Server::with(&[]).await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let parcel = alice.seal(Person::draft(&[&bob.address], "whole", "undamaged words")).await?;
    alice.submit(&parcel).await?;
    alice.send(&[&bob.address], "beside it", "untouched").await?;
    damage(&mut server, &parcel.blob).await?;
    let inbox = bob.messages(FolderRole::Inbox).await?;
    let [beside, damaged] = inbox.as_slice() else { anyhow::bail!("{} messages", inbox.len()) };
    match bob.read(damaged).await {
        Err(refusal) => {
            let by_server = refusal.server() == Some(ErrorCode::Damaged);
            let by_core =
                matches!(refusal.core(), Some(Code::Tampered | Code::Malformed | Code::NoKeyForMessage));
            ensure!(by_server || by_core, "not a clear error: {refusal}");
        }
        Ok(message) => {
            ensure!(message.summary_differs && message.text.trim() == "undamaged words", "shown: {message:?}")
        }
    }
    // The rest is as it was.
    ensure!(bob.read(beside).await?.text.trim() == "untouched");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_in_a_summary() -> Result<()> {
    let mut server = Server::with(&[]).await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let parcel = alice.seal(Person::draft(&[&bob.address], "whole", "words")).await?;
    alice.submit(&parcel).await?;
    let summary = parcel.request.deliveries.first().context("delivery")?.summary.0.clone();
    damage(&mut server, &summary).await?;
    match bob.messages(FolderRole::Inbox).await {
        Ok(inbox) => {
            let rows = bob.rows(inbox).await?;
            let row = rows.first().context("the row is hidden")?;
            let code =
                row.summary.as_ref().err().map(|error| error.code).context("the row is shown as if whole")?;
            ensure!(matches!(code, Code::Tampered | Code::Malformed | Code::NoKeyForMessage), "{code:?}");
        }
        Err(refusal) => ensure!(refusal.server() == Some(ErrorCode::Damaged), "{refusal}"),
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_in_each_envelope_of_the_account() -> Result<()> {
    let mut server = Server::with(&[]).await?;
    let alice = Person::new(&server, "alice").await?;
    let mut reader = Person::at(&server, "alice", &alice.passphrase)?;
    let view: AccountView = reader.log_in().await?;
    server.stop()?;
    let files = server.files()?;
    for object in &view.objects {
        // From the same stored state each time.
        for (path, bytes) in &files {
            std::fs::write(path, bytes)?;
        }
        server.launch().await?;
        damage(&mut server, object.envelope.as_bytes()).await?;
        let mut device = Person::at(&server, "alice", &alice.passphrase)?;
        let refusal =
            device.sign_in().await.err().with_context(|| format!("{:?} was taken as whole", object.kind))?;
        let by_server = refusal.server() == Some(ErrorCode::Damaged);
        let by_core = matches!(refusal.core(), Some(Code::Tampered | Code::Malformed));
        ensure!(by_server || by_core, "{:?}: not a clear error: {refusal}", object.kind);
        server.stop()?;
    }
    Ok(())
}

/// A flipped bit in a login verifier must not look like a wrong passphrase, nor one in the recovery key like
/// a wrong phrase.
#[tokio::test(flavor = "multi_thread")]
async fn a_bit_in_each_credential() -> Result<()> {
    let mut server = Server::with(&[]).await?;
    let alice = Person::new(&server, "alice").await?;
    server.stop()?;
    let files = server.files()?;
    for column in [
        "opaque_record",
        "opaque_record_sha256",
        "recovery_key",
        "recovery_key_sha256",
        "certificate",
        "certificate_sha256",
    ] {
        for (path, bytes) in &files {
            std::fs::write(path, bytes)?;
        }
        let mut database = open_database(&server).await?;
        let select = format!("SELECT {column} FROM accounts");
        let value: Vec<u8> = sqlx::query_scalar(AssertSqlSafe(select)).fetch_one(&mut database).await?;
        database.close().await?;
        server.launch().await?;
        damage(&mut server, &value).await?;
        let mut device = Person::at(&server, "alice", &alice.passphrase)?;
        if column.starts_with("opaque_record") {
            let refusal =
                device.sign_in().await.err().with_context(|| format!("{column} was not noticed"))?;
            ensure!(refusal.server() == Some(ErrorCode::Damaged), "{column}: {refusal}");
            // The way on: the recovery phrase makes a new record.
            device.recover(&alice.phrase, "another correct horse").await?;
            Person::at(&server, "alice", "another correct horse")?.sign_in().await?;
        } else if column.starts_with("certificate") {
            // Her own device stops, rather than go on with a certificate that is not hers.
            let refusal =
                device.sign_in().await.err().with_context(|| format!("{column} was not noticed"))?;
            ensure!(refusal.server() == Some(ErrorCode::Damaged), "{column}: {refusal}");
        } else {
            let refusal = device.recover(&alice.phrase, "another correct horse").await.err();
            let refusal = refusal.with_context(|| format!("{column} was not noticed"))?;
            ensure!(refusal.server() == Some(ErrorCode::Damaged), "{column}: {refusal}");
            device.sign_in().await?;
        }
        server.stop()?;
    }
    Ok(())
}

async fn open_database(server: &Server) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(server.dir().join("hedgerow.sqlite"));
    Ok(options.busy_timeout(std::time::Duration::from_secs(10)).connect().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_blob() -> Result<()> {
    let server = Server::with(&[]).await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let parcel = alice.seal(Person::draft(&[&bob.address], "whole", "words")).await?;
    alice.submit(&parcel).await?;
    let mut removed = 0;
    for (path, bytes) in server.files()? {
        if bytes == parcel.blob {
            std::fs::remove_file(path)?;
            removed += 1;
        }
    }
    ensure!(removed == 1, "{removed} files held the blob");
    let inbox = bob.messages(FolderRole::Inbox).await?;
    let outcome = bob.read(inbox.first().context("row")?).await;
    ensure!(
        outcome.as_ref().err().and_then(|refusal| refusal.server()) == Some(ErrorCode::Damaged),
        "{outcome:?}"
    );
    Ok(())
}
