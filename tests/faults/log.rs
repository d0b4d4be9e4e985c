//! A flipped bit in SQLite's write-ahead log after SIGKILL: nothing acknowledged vanishes silently.

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;
use std::path::PathBuf;
use tests::person::Person;
use tests::server::Server;
use wire::mail::FolderRole;

/// A killed server whose log ends with three acknowledged messages, and where each begins in the log.
struct Scene {
    server: Server,
    bob: Person,
    log: PathBuf,
    starts: Vec<usize>,
}

async fn scene() -> Result<Scene> {
    let mut server = Server::with(&[]).await?;
    let bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    // Folded into the database, so that the log holds little else than the messages.
    server.stop()?;
    server.launch().await?;
    let log = server.dir().join("hedgerow.sqlite-wal");
    let mut starts = Vec::new();
    for number in 0..3 {
        starts.push(std::fs::read(&log)?.len());
        alice.send(&[&bob.address], &format!("number {number}"), "acknowledged").await?;
    }
    server.kill()?;
    ensure!(starts.is_sorted() && std::fs::read(&log)?.len() > *starts.last().context("starts")?);
    Ok(Scene { server, bob, log, starts })
}

fn kept_copies(scene: &Scene) -> Result<usize> {
    let names = std::fs::read_dir(scene.server.dir())?.collect::<std::io::Result<Vec<_>>>()?;
    Ok(names.iter().filter(|name| name.file_name().to_string_lossy().contains("wal.damaged-")).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_the_log_loses_no_message() -> Result<()> {
    let mut scene = scene().await?;
    let whole = scene.server.files()?;
    let log = std::fs::read(&scene.log)?;
    let (mut mended, mut refused) = (0, 0);
    for round in 0..12 {
        for (path, bytes) in &whole {
            std::fs::write(path, bytes)?;
        }
        // The first rounds meet the header and the last frame, where the end of the log hides the damage.
        let at = match round {
            0 => 17,
            1 => log.len() - 4096 - 10,
            2 => log.len() - 2000,
            _ => rand::thread_rng().gen_range(0..log.len()),
        };
        let mut damaged = log.clone();
        *damaged.get_mut(at).context("offset")? ^= 1 << (round % 8);
        std::fs::write(&scene.log, damaged)?;
        match scene.server.launch().await {
            Ok(()) => {
                let inbox = scene.bob.messages(FolderRole::Inbox).await?;
                ensure!(inbox.len() == 3, "byte {at}: {} of 3 messages are there", inbox.len());
                for view in &inbox {
                    ensure!(scene.bob.read(view).await?.text.trim() == "acknowledged");
                }
                scene.server.kill()?;
                mended += 1;
            }
            Err(error) => {
                let said = error.to_string();
                ensure!(said.contains("accept-lost-transactions"), "byte {at}: {said}");
                refused += 1;
            }
        }
    }
    // High bits, a quarter of the bytes, cannot be put back but are noticed.
    ensure!(mended >= 5, "mended {mended}, refused {refused}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_damaged_beyond_repair_is_refused_until_the_loss_is_accepted() -> Result<()> {
    let mut scene = scene().await?;
    let mut log = std::fs::read(&scene.log)?;
    let at = *scene.starts.get(1).context("starts")?;
    log.get_mut(at + 100..at + 164).context("a frame")?.fill(0x5a);
    std::fs::write(&scene.log, &log)?;

    let said = scene.server.launch().await.err().context("the damage was not noticed")?.to_string();
    ensure!(said.contains("damaged") && said.contains("accept-lost-transactions"), "{said}");
    // Other commands refuse as well: the first that opened the database would have lost the messages.
    let (_, said) = scene.server.outcome(&["account", "list"])?;
    ensure!(said.contains("accept-lost-transactions"), "{said}");
    ensure!(std::fs::read(&scene.log)? == log, "the log was changed");

    let (done, said) = scene.server.outcome(&["accept-lost-transactions"])?;
    ensure!(done && said.contains("dropped"), "{said}");
    ensure!(kept_copies(&scene)? == 1, "no copy of the damaged log");
    scene.server.launch().await?;
    let inbox = scene.bob.messages(FolderRole::Inbox).await?;
    ensure!(inbox.len() == 1, "{} messages: the one before the damage was to stay", inbox.len());
    ensure!(scene.bob.read(inbox.first().context("mail")?).await?.text.trim() == "acknowledged");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_is_not_accepted_under_a_running_server() -> Result<()> {
    let server = Server::with(&[]).await?;
    let (done, said) = server.outcome(&["accept-lost-transactions"])?;
    ensure!(!done && said.contains("in use"), "{said}");
    Ok(())
}
