//! R12, R29: a thief with the database, the blobs and the logs.

use anyhow::{Context as _, Result, bail, ensure};
use model::error::CoreErrorCode as Code;
use sqlx::Connection as _;
use tests::person::Person;
use tests::refusal::refused;
use tests::search::{contains, find};
use tests::server::Server;
use wire::accounts::AccountView;

/// A copy of a folder, as a thief takes it.
fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_r29_even_the_right_guess_cannot_be_tested_without_the_seed() -> Result<()> {
    let home = tempfile::tempdir()?;
    let secrets = home.path().join("apart/secrets");
    let data = home.path().join("data");
    let setting = secrets.to_string_lossy().into_owned();
    let mut server = Server::in_folder(&data, &[("data.secrets_file", &setting)]).await?;
    let weak = "password1234";
    let mut alice = Person::at(&server, "alice", weak)?;
    alice.register().await?;
    server.kill()?;

    // The thief runs the stolen database with a seed of her own, and even knows the passphrase.
    let stolen = home.path().join("stolen");
    copy(&data, &stolen)?;
    let other = home.path().join("elsewhere/secrets").to_string_lossy().into_owned();
    let simple = Server::in_folder(&stolen, &[("data.secrets_file", &other)]).await;
    ensure!(simple.is_err(), "another seed was taken for this database's");
    // She makes the database forget which seed it had.
    let mut database =
        sqlx::SqliteConnection::connect(&format!("sqlite://{}", stolen.join("hedgerow.sqlite").display()))
            .await?;
    sqlx::query("DELETE FROM server_secrets").execute(&mut database).await?;
    database.close().await?;
    let thief = Server::in_folder(&stolen, &[("data.secrets_file", &other)]).await?;
    let mut guess = Person::at(&thief, "alice", weak)?;
    refused(guess.sign_in().await, &[Code::WrongPassphrase])?;

    // Control: with the seed the same copy lets Alice in.
    let again = home.path().join("again");
    copy(&data, &again)?;
    let restored = Server::in_folder(&again, &[("data.secrets_file", &setting)]).await?;
    let mut owner = Person::at(&restored, "alice", weak)?;
    owner.sign_in().await?;

    // And the seed is really not in what was stolen.
    let seeds = seeds(&secrets)?;
    let files: Vec<(String, Vec<u8>)> =
        thief.files()?.into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)).collect();
    let found: Vec<String> = find(&seeds, &files);
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

/// The secrets in a file of them.
fn seeds(file: &std::path::Path) -> Result<Vec<(String, Vec<u8>)>> {
    use base64::Engine as _;
    let mut seeds = Vec::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let mut parts = line.split(' ');
        let (name, value) = parts.next().zip(parts.next()).context("a line of secrets")?;
        seeds.push((name.to_owned(), base64::engine::general_purpose::STANDARD.decode(value)?));
    }
    ensure!(seeds.len() == 2, "{} secrets", seeds.len());
    Ok(seeds)
}

#[tokio::test(flavor = "multi_thread")]
async fn r29_without_a_word_from_the_operator_the_seed_is_not_in_the_database() -> Result<()> {
    let mut server = Server::with(&[]).await?;
    Person::new(&server, "alice").await?;
    server.kill()?;
    let file = server.dir().join("hedgerow.secrets");
    let seeds = seeds(&file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file)?.permissions().mode() & 0o777;
        ensure!(mode == 0o600, "others may read the seed: {mode:o}");
    }
    let everything: Vec<(String, Vec<u8>)> =
        server.files()?.into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)).collect();
    let (filed, stolen): (Vec<_>, Vec<_>) =
        everything.into_iter().partition(|(path, _)| path.ends_with("hedgerow.secrets"));
    ensure!(!find(&seeds, &filed).is_empty(), "the search is blind");
    let found = find(&seeds, &stolen);
    ensure!(found.is_empty(), "{found:?}");

    // Without the file the server says so, and makes no other seed behind the operator's back.
    std::fs::rename(&file, server.dir().with_extension("kept"))?;
    let told = server.launch().await.err().context("it started without its seed")?.to_string();
    ensure!(told.contains("secrets renew") && !file.exists(), "{told}");
    std::fs::rename(server.dir().with_extension("kept"), &file)?;
    server.launch().await?;
    Person::at(&server, "alice", "correct horse battery alice")?.sign_in().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_nothing_stored_is_keyed_by_the_passphrase_alone() -> Result<()> {
    let mut server = Server::with(&[]).await?;
    let bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.send(&[&bob.address], "subject", "text").await?;
    let view: AccountView = alice.http.get("/account").await?;
    for object in &view.objects {
        let envelope = object.envelope.as_bytes();
        ensure!(envelope.starts_with(b"ZKE1\x01"), "{:?} is not an envelope", object.kind);
        ensure!(envelope.get(5) == Some(&object.kind.octet()), "{:?} says another kind", object.kind);
    }
    ensure!(!is_secret(view.certificate.as_bytes()), "the published certificate holds a secret key");
    server.kill()?;
    for (path, bytes) in server.files()? {
        ensure!(
            !contains(&bytes, b"BEGIN PGP PRIVATE KEY"),
            "{} holds an armoured secret key",
            path.display()
        );
        let secret = contains(&bytes, alice.passphrase.as_bytes());
        ensure!(!secret, "{} holds the passphrase", path.display());
    }
    Ok(())
}

/// Whether the first packet is a secret key (tag 5 or 7, either format).
fn is_secret(bytes: &[u8]) -> bool {
    let Some(&tag) = bytes.first() else { return false };
    let kind = if tag & 0x40 != 0 { tag & 0x3f } else { tag >> 2 & 15 };
    tag & 0x80 != 0 && [5, 7].contains(&kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_openpgp_messages_and_nothing_else() -> Result<()> {
    let server = Server::with(&[]).await?;
    let bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let sent = alice.send(&[&bob.address], "subject", "text").await?.sent;
    for bytes in [alice.http.blob(sent.blob).await?, sent.summary.0.clone()] {
        let tag = bytes.first().copied().context("empty")?;
        let kind = if tag & 0x40 != 0 { tag & 0x3f } else { tag >> 2 & 15 };
        ensure!(tag & 0x80 != 0 && kind == 1, "does not begin with a PKESK packet");
    }
    let plain = b"Subject: hello\r\n\r\nin clear".to_vec();
    let id = wire::ids::BlobId(tests::person::random_id());
    match alice.http.put_blob(id, plain).await {
        Err(refusal) if refusal.server() == Some(wire::error::ErrorCode::NotSealed) => Ok(()),
        other => bail!("the server took plain text: {other:?}"),
    }
}
