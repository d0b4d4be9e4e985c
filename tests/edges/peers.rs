//! The programs that others send mail with: Postfix, swaks, smtp-source. `cargo xtask tools` installs them.

use anyhow::{Context as _, Result, bail, ensure};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tests::person::Person;
use tests::server::Server;
use tests::smtp::{Smtp, mail, newest};
use wire::mail::FolderRole;

async fn run(program: &str, arguments: Vec<String>) -> Result<Output> {
    let name = program.to_owned();
    tokio::task::spawn_blocking(move || Command::new(&name).args(arguments).output())
        .await?
        .with_context(|| format!("{program}: `cargo xtask tools` installs it"))
}

/// Runs a program that must end well.
pub(crate) async fn succeed(program: &str, arguments: &[&str]) -> Result<String> {
    let output = run(program, arguments.iter().map(|text| (*text).to_owned()).collect()).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn swaks_delivers_in_clear_under_tls_pipelined_and_with_an_attachment() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let port = server.smtp_port()?.to_string();
    let common = ["--server", "127.0.0.1", "--port", &port, "--from", "zoe@sender.example", "--to"];
    let variants: [&[&str]; 4] = [
        &["--header", "Subject: clear"],
        &["--tls", "--header", "Subject: tls"],
        &["--pipeline", "--tls", "--header", "Subject: pipelined"],
        &["--attach", "/etc/hostname", "--header", "Subject: attached", "--body", "see there"],
    ];
    for (number, variant) in variants.into_iter().enumerate() {
        let arguments = [&common, &["alice@hedgerow.test"][..], variant].concat();
        succeed("swaks", &arguments).await?;
        ensure!(alice.messages(FolderRole::Inbox).await?.len() == number + 1);
        let message = newest(&mut alice).await?;
        let subject = variant.iter().find_map(|text| text.strip_prefix("Subject: ")).unwrap_or_default();
        ensure!(message.subject == subject, "{message:?}");
        if subject == "attached" {
            ensure!(message.attachments.len() == 1 && message.text.trim_end() == "see there", "{message:?}");
        }
    }
    let nobody = common.into_iter().chain(["nobody@hedgerow.test"]).map(str::to_owned).collect();
    let refused = run("swaks", nobody).await?;
    ensure!(!refused.status.success(), "swaks thinks that a mail for nobody was taken");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_source_delivers_in_parallel() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let address = format!("inet:127.0.0.1:{}", server.smtp_port()?);
    let count = 200;
    let begun = Instant::now();
    succeed(
        "/usr/sbin/smtp-source",
        &[
            "-s",
            "8",
            "-m",
            "200",
            "-l",
            "4096",
            "-f",
            "zoe@sender.example",
            "-t",
            "alice@hedgerow.test",
            &address,
        ],
    )
    .await?;
    println_rate(count, begun.elapsed());
    let inbox = alice.messages(FolderRole::Inbox).await?;
    ensure!(inbox.len() == count, "{} of {count}", inbox.len());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figure belongs in the test's output")]
fn println_rate(count: usize, took: Duration) {
    println!("{count} mails of 4 KiB in {took:?}: {:.0} a second", count as f64 / took.as_secs_f64());
}

/// A Postfix of our own that hands everything to Hedgerow; stopped when dropped.
pub(crate) struct Postfix {
    home: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Postfix {
    async fn start(relay: u16) -> Result<Self> {
        let settings = format!(
            "relayhost = [127.0.0.1]:{relay}\nsmtp_host_lookup = native\nsmtp_dns_support_level = disabled\n\
             smtp_tls_security_level = encrypt\n"
        );
        Self::with(&settings).await
    }

    /// One that keeps mail for the addresses given, each in a folder of its local part below `mail`, and offers TLS.
    pub(crate) async fn receiving(domain: &str, mailboxes: &[&str]) -> Result<Self> {
        let maps: Vec<String> =
            mailboxes.iter().map(|name| format!("{{ {name}@{domain} = {name}/ }}")).collect();
        let settings = format!(
            "virtual_mailbox_domains = {domain}\nvirtual_mailbox_base = HOME/mail\nvirtual_uid_maps = static:65534\n\
             virtual_gid_maps = static:65534\nvirtual_mailbox_maps = inline:{{ {} }}\nvirtual_transport = virtual\nvirtual_mailbox_limit = 0\n\
             smtpd_tls_security_level = may\nsmtpd_tls_chain_files = HOME/tls.pem\nsmtp_host_lookup = native\n\
             smtpd_relay_restrictions = reject_unauth_destination\nsmtpd_tls_received_header = yes\n",
            maps.join(", ")
        );
        Self::with(&settings).await
    }

    /// The messages kept in a mailbox.
    pub(crate) fn kept(&self, name: &str) -> Result<Vec<String>> {
        let mut kept = Vec::new();
        for entry in
            std::fs::read_dir(self.home.path().join("mail").join(name).join("new")).into_iter().flatten()
        {
            kept.push(String::from_utf8(std::fs::read(entry?.path())?)?);
        }
        Ok(kept)
    }

    async fn with(settings: &str) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("hedgerow-postfix-").tempdir()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let at = |name: &str| home.path().join(name);
        for name in ["etc", "spool", "data", "mail"] {
            std::fs::create_dir(at(name))?;
        }
        // The queue manager runs as the user `postfix`, below a folder that is root's.
        make_open(home.path())?;
        succeed("chown", &["postfix", &at("data").to_string_lossy()]).await?;
        succeed("chown", &["65534:65534", &at("mail").to_string_lossy()]).await?;
        let tls = at("tls.pem").to_string_lossy().into_owned();
        let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mx.example", "-days", "2"];
        succeed("openssl", &[&make[..], &["-keyout", &tls, "-out", &format!("{tls}.crt")]].concat()).await?;
        let chain = std::fs::read_to_string(&tls)? + &std::fs::read_to_string(format!("{tls}.crt"))?;
        std::fs::write(&tls, chain)?;
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {spool}\ndata_directory = {data}\n\
             daemon_directory = /usr/lib/postfix/sbin\ncommand_directory = /usr/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\nmyhostname = postfix.example\nmydestination =\nlocal_recipient_maps =\n\
             alias_maps =\n{settings}message_size_limit = 0\n\
             mailbox_size_limit = 0\nmaillog_file_prefixes = {home}\nmaillog_file = {home}/log\n\
             minimal_backoff_time = 1s\nmaximal_backoff_time = 2s\nqueue_run_delay = 1s\n",
            spool = at("spool").display(),
            data = at("data").display(),
            home = home.path().display(),
            settings = settings.replace("HOME", &home.path().to_string_lossy()),
        );
        std::fs::write(at("etc/main.cf"), main)?;
        let mut master = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
        // Service, kind, private, wake-up, most processes, program.
        for (service, kind, private, wakes, most, program) in [
            ("pickup", "unix", "n", "60", "1", "pickup"),
            ("cleanup", "unix", "n", "-", "0", "cleanup"),
            ("qmgr", "unix", "n", "300", "1", "qmgr"),
            ("tlsmgr", "unix", "-", "1000?", "1", "tlsmgr"),
            ("rewrite", "unix", "-", "-", "-", "trivial-rewrite"),
            ("bounce", "unix", "-", "-", "0", "bounce"),
            ("defer", "unix", "-", "-", "0", "bounce"),
            ("trace", "unix", "-", "-", "0", "bounce"),
            ("flush", "unix", "n", "1000?", "1", "flush"),
            ("proxymap", "unix", "-", "-", "-", "proxymap"),
            ("smtp", "unix", "-", "-", "-", "smtp"),
            ("virtual", "unix", "-", "-", "-", "virtual"),
            ("error", "unix", "-", "-", "-", "error"),
            ("retry", "unix", "-", "-", "-", "error"),
            ("anvil", "unix", "-", "-", "1", "anvil"),
            ("scache", "unix", "-", "-", "1", "scache"),
            // Without a limit nothing of it ever starts, and everything waits for it.
            ("postlog", "unix-dgram", "n", "-", "1", "postlogd"),
        ] {
            // It becomes the user of the mailbox.
            let unprivileged = if service == "virtual" { "n" } else { "-" };
            writeln!(master, "{service} {kind} {private} {unprivileged} n {wakes} {most} {program}")?;
        }
        std::fs::write(at("etc/master.cf"), master)?;
        let postfix = Self { port, home };
        succeed("/usr/sbin/postfix", &["-c", &postfix.config(), "start"])
            .await
            .with_context(|| postfix.log())?;
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(begun.elapsed() < Duration::from_secs(20), "Postfix does not listen: {}", postfix.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(postfix)
    }

    fn config(&self) -> String {
        self.home.path().join("etc").to_string_lossy().into_owned()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // `postfix abort` would wait for its own log.
        let pid = std::fs::read_to_string(self.home.path().join("spool/pid/master.pid")).unwrap_or_default();
        if pid.trim().parse::<u32>().is_ok() {
            let _ = Command::new("kill").args(["-TERM", pid.trim()]).output();
        }
    }
}

fn make_open(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755))?)
}

/// Waits until an inbox has so many messages.
async fn wait_for(person: &mut Person, count: usize, postfix: &Postfix) -> Result<()> {
    let begun = Instant::now();
    while person.messages(FolderRole::Inbox).await?.len() < count {
        if begun.elapsed() > Duration::from_secs(40) {
            bail!("not delivered: {}", postfix.log());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_relays_to_us_under_tls_with_dsn_smtputf8_and_a_large_attachment() -> Result<()> {
    let mut server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut bob = Person::new(&server, "bob").await?;
    let postfix = Postfix::start(server.smtp_port()?).await?;
    let mut smtp = Smtp::to(postfix.port).await?;
    smtp.expect("250", "EHLO client.example").await?;

    // Plain, to two people and to nobody: nobody bounces at Postfix, and the two get it.
    smtp.expect("250", "MAIL FROM:<zoe@sender.example> RET=HDRS ENVID=x1").await?;
    for to in ["alice", "bob", "nobody"] {
        smtp.expect("250", &format!("RCPT TO:<{to}@hedgerow.test> NOTIFY=SUCCESS,FAILURE")).await?;
    }
    ensure!(smtp.data(&mail("by Postfix", "a line\r\n.and a dot")).await?.starts_with("250"));
    wait_for(&mut alice, 1, &postfix).await?;
    wait_for(&mut bob, 1, &postfix).await?;
    let message = newest(&mut alice).await?;
    ensure!(message.text.replace('\r', "").trim_end() == "a line\n.and a dot", "{message:?}");
    ensure!(!message.summary_differs, "server and client do not summarise alike");

    // SMTPUTF8 end to end.
    smtp.expect("250", "MAIL FROM:<zoë@sender.example> SMTPUTF8").await?;
    smtp.expect("250", "RCPT TO:<alice@hedgerow.test>").await?;
    let text = mail("Приветствие", "мир").replace("zoe@sender.example>\r\nTo", "zoë@sender.example>\r\nTo");
    ensure!(smtp.data(&text).await?.starts_with("250"));
    wait_for(&mut alice, 2, &postfix).await?;
    let message = newest(&mut alice).await?;
    ensure!(message.subject == "Приветствие" && message.from.address == "zoë@sender.example", "{message:?}");

    // 20 MiB of attachment.
    let line = format!("{}\r\n", "QUJD".repeat(19));
    let large = format!(
        "From: zoe@sender.example\r\nTo: alice@hedgerow.test\r\nSubject: large\r\nMessage-ID: <large@sender.example>\
         \r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=large.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        line.repeat((20 << 20) / line.len())
    );
    ensure!(smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &large).await?.starts_with("250"));
    wait_for(&mut alice, 3, &postfix).await?;
    let message = newest(&mut alice).await?;
    ensure!(message.attachments.first().is_some_and(|one| one.size > 14 << 20), "{:?}", message.attachments);

    // While the server is away, Postfix keeps the mail, and brings it once.
    server.kill()?;
    ensure!(
        smtp.send("zoe@sender.example", &["bob@hedgerow.test"], &mail("kept", "x")).await?.starts_with("250")
    );
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.launch().await?;
    wait_for(&mut bob, 2, &postfix).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(bob.messages(FolderRole::Inbox).await?.len() == 2);
    ensure!(
        postfix.log().contains("User unknown") || postfix.log().contains("There is no such mailbox"),
        "{}",
        postfix.log()
    );
    Ok(())
}
