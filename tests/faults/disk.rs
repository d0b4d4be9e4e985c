//! A full disk: a clear refusal, nothing lost, and work goes on once there is room.

use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::person::Person;
use tests::server::Server;
use tests::smtp::{Smtp, mail};
use wire::error::ErrorCode;
use wire::mail::FolderRole;

/// A small file system in memory.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let size = format!("size={megabytes}m");
        let output =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        output.status.success().then(|| Self(at.to_path_buf()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_clearly_and_recovers() -> Result<()> {
    let home = tempfile::tempdir()?;
    let at = home.path().join("small");
    let Some(disk) = Tmpfs::mount(&at, 24) else {
        skip("mounting a tmpfs is not allowed here (it needs root)");
        return Ok(());
    };
    let server = Server::in_folder(&disk.0.join("data"), &[]).await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.send(&[&bob.address], "before", "there was room").await?;
    let late = alice.seal(Person::draft(&[&bob.address], "late", "sent when there was no room")).await?;

    // Fill what is left, to the last block.
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler)?;
    for block in [vec![0u8; 1 << 16], vec![0u8; 1 << 9]] {
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }
    drop(file);

    let mut refusals = 0;
    for _ in 0..5 {
        match alice.submit(&late).await {
            Err(refusal) => {
                ensure!(refusal.server() == Some(ErrorCode::StorageFull), "not a clear error: {refusal}");
                refusals += 1;
            }
            Ok(_) => break,
        }
    }
    ensure!(refusals > 0, "the full disk was not noticed");
    // Reading goes on.
    let inbox = bob.messages(FolderRole::Inbox).await?;
    ensure!(bob.read(inbox.last().context("mail")?).await?.text.trim() == "there was room");

    std::fs::remove_file(&filler)?;
    alice.submit(&late).await.context("after there was room again")?;
    let inbox = bob.messages(FolderRole::Inbox).await?;
    ensure!(inbox.len() == 2, "{} messages", inbox.len());
    let message = bob.read(inbox.first().context("mail")?).await?;
    ensure!(message.text.trim() == "sent when there was no room" && !message.summary_differs);
    drop(server);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_to_other_mail_servers_as_temporary() -> Result<()> {
    let home = tempfile::tempdir()?;
    let at = home.path().join("small");
    let Some(disk) = Tmpfs::mount(&at, 24) else {
        skip("mounting a tmpfs is not allowed here (it needs root)");
        return Ok(());
    };
    let listen = format!("127.0.0.1:{}", std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port());
    let settings = [("mail.smtp_listen", listen.as_str()), ("mail.dns", "off")];
    let server = Server::in_folder(&disk.0.join("data"), &settings).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let late = mail("late", "sent when there was no room");
    let send = async || -> Result<String> {
        Smtp::hello(&server).await?.send("zoe@sender.example", &["alice@hedgerow.test"], &late).await
    };
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler)?;
    for block in [vec![0u8; 1 << 16], vec![0u8; 1 << 9]] {
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }
    drop(file);
    let reply = send().await?;
    ensure!(reply.starts_with("452 4.3.1"), "{reply}");
    ensure!(alice.messages(FolderRole::Inbox).await?.is_empty());
    std::fs::remove_file(&filler)?;
    // By itself, and the refused attempt does not count as the first of two.
    let reply = send().await?;
    ensure!(reply.starts_with("250"), "{reply}");
    ensure!(alice.messages(FolderRole::Inbox).await?.len() == 1);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a skipped test says why")]
pub(crate) fn skip(why: &str) {
    println!("skipped: {why}");
}
