//! A DNS of our own: dnsmasq with a few records. `cargo xtask tools` installs it.

use anyhow::{Context as _, Result, bail, ensure};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// dnsmasq, stopped when dropped.
#[derive(Debug)]
pub struct Dns {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Drop for Dns {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Dns {
    /// With TXT records: names and texts.
    ///
    /// # Errors
    /// dnsmasq is not there or does not start.
    pub fn start(records: &[(&str, &str)]) -> Result<Self> {
        Self::with(records, &[])
    }

    /// With TXT records, and mail servers: domains, the names of their servers, and those servers' addresses. An empty
    /// name makes a null MX, no address leaves the name without one.
    ///
    /// # Errors
    /// dnsmasq is not there or does not start.
    pub fn with(texts: &[(&str, &str)], servers: &[(&str, &str, &str)]) -> Result<Self> {
        // Another test may take the port between the look and the start.
        for _ in 0..5 {
            let port = UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?.port();
            if let Some(dns) = Self::at(port, texts, servers)? {
                return Ok(dns);
            }
        }
        bail!("dnsmasq does not start")
    }

    /// `None` if it ends at once, as it does where the port is taken.
    fn at(port: u16, texts: &[(&str, &str)], servers: &[(&str, &str, &str)]) -> Result<Option<Self>> {
        let mut command = Command::new("/usr/sbin/dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--local=/#/",
        ]);
        command.args(["--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=", "--user=root"]);
        command.arg(format!("--port={port}"));
        for (name, text) in texts {
            // A string of a TXT record has 255 bytes at most.
            let strings: Vec<_> = text.as_bytes().chunks(250).map(String::from_utf8_lossy).collect();
            command.arg(format!("--txt-record={name},{}", strings.join(",")));
        }
        for (domain, server, address) in servers {
            if !domain.is_empty() {
                let server = if server.is_empty() { "." } else { server };
                command.arg(format!("--mx-host={domain},{server},10"));
            }
            if !address.is_empty() {
                command.arg(format!("--host-record={server},{address}"));
            }
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut dns = Self { child: child.context("dnsmasq: `cargo xtask tools` installs it")?, port };
        let begun = Instant::now();
        // It listens on TCP too, which can be asked for.
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if dns.child.try_wait()?.is_some() {
                return Ok(None);
            }
            ensure!(begun.elapsed() < Duration::from_secs(10), "dnsmasq does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        // Not somebody else's.
        Ok(if dns.child.try_wait()?.is_some() { None } else { Some(dns) })
    }

    /// Its address, as `mail.dns` takes it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}
