//! Clients that dawdle, and what a crash of the server leaves behind.

use anyhow::{Context as _, Result, ensure};
use std::time::{Duration, Instant};
use tests::server::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long the server keeps a connection on which this was sent.
async fn patience(server: &Server, sent: &[u8]) -> Result<Duration> {
    let port = server.url().rsplit_once(':').context("port")?.1.parse::<u16>()?;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(sent).await?;
    let (begun, mut answer) = (Instant::now(), Vec::new());
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .context("the connection was never ended")??;
    Ok(begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_ends_its_request_is_cut_off() -> Result<()> {
    let server = Server::with(&[("limits.header_seconds", "2")]).await?;
    for sent in [&b""[..], b"GET /api/v1/he", b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n"] {
        let kept = patience(&server, sent).await.with_context(|| format!("{} bytes", sent.len()))?;
        ensure!(kept >= Duration::from_millis(1500), "cut off after {kept:?}, before its time");
    }
    // The others are served meanwhile, on connections kept open as well.
    let client = reqwest::Client::new();
    for _ in 0..3 {
        let answer = client.get(format!("{}/api/v1/health", server.url())).send().await?;
        ensure!(answer.status().is_success());
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    Ok(())
}

/// A dump of the server's memory would hold its secrets, in a file that nobody looks after.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_memory_dump() -> Result<()> {
    let server = Server::with(&[]).await?;
    let process = server.process().context("no process")?;
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits"))?;
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).context("the limit")?;
    let numbers: Vec<&str> = line.split_whitespace().skip(4).take(2).collect();
    ensure!(numbers == ["0", "0"], "{line}");
    // The files of a process that must not be dumped belong to root, whoever runs it. (As root this says
    // nothing.)
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{process}/mem"))?);
    ensure!(owner == 0, "the memory can be read by user {owner}");
    Ok(())
}
