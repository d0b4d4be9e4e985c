//! Attacks on the port for mail, each named after itself (security.md section 6).

use anyhow::{Result, ensure};
use std::time::Duration;
use tests::person::Person;
use tests::server::Server;
use tests::smtp::{Smtp, mail, newest};
use wire::mail::FolderRole;

const FROM: &str = "MAIL FROM:<zoe@sender.example>";
const TO: &str = "RCPT TO:<alice@hedgerow.test>";

async fn begin(server: &Server) -> Result<Smtp> {
    let mut smtp = Smtp::hello(server).await?;
    for (reply, command) in [("250", FROM), ("250", TO), ("354", "DATA")] {
        smtp.expect(reply, command).await?;
    }
    Ok(smtp)
}

#[tokio::test(flavor = "multi_thread")]
async fn smuggling_a_second_message_behind_any_other_end_than_crlf_dot_crlf() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    // CVE-2023-51764 to 51766, and their kin: what some servers take for the end of a message.
    let ends = [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r\n.\r",
        "\r.\r\n",
        "\n.\r",
        "\r\n\r.\r\n",
        "\r\n.\0\r\n",
        "\0\r\n.\n",
    ];
    for end in ends {
        let mut smtp = begin(&server).await?;
        let smuggled = format!("{FROM}\r\n{TO}\r\nDATA\r\n{}", mail("smuggled", "by hand"));
        smtp.raw(format!("{}{end}{smuggled}\r\n.\r\n", mail("carrier", "x").trim_end())).await?;
        let reply = smtp.reply().await?;
        ensure!(reply.starts_with("550 5.6."), "{end:?}: {reply}");
        // Exactly one reply: nothing of it was read as commands.
        smtp.expect("250", "NOOP").await?;
    }
    let inbox = alice.messages(FolderRole::Inbox).await?;
    ensure!(inbox.is_empty(), "{} messages came in", inbox.len());
    // The control: with the right end, the rest is commands.
    let mut smtp = begin(&server).await?;
    smtp.raw(format!("{}.\r\n{FROM}\r\n", mail("honest", "x"))).await?;
    ensure!(smtp.reply().await?.starts_with("250 2.0.0"));
    ensure!(smtp.reply().await?.starts_with("250 2.1.0"));
    ensure!(alice.messages(FolderRole::Inbox).await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn smuggling_through_chunks_of_the_wrong_size() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?;
    // A chunk that is refused must not be read as commands.
    let inner = format!("{FROM}\r\n{TO}\r\nDATA\r\n");
    smtp.raw(format!("BDAT {} LAST\r\n{inner}", inner.len())).await?;
    ensure!(smtp.reply().await?.starts_with("503"));
    smtp.expect("250", "NOOP").await?;
    // Nor may DATA end what BDAT began.
    smtp.expect("250", FROM).await?;
    smtp.expect("250", TO).await?;
    smtp.raw("BDAT 5\r\nA: b\n").await?;
    ensure!(smtp.reply().await?.starts_with("250"));
    smtp.expect("503", "DATA").await?;
    smtp.raw("BDAT 3 LAST\r\n\r\nx").await?;
    let reply = smtp.reply().await?;
    ensure!(reply.starts_with("550 5.6.11"), "a bare LF between chunks: {reply}");
    for size in ["-1", "1 FIRST", "", "99999999999999999999999"] {
        let reply = smtp.say(&format!("BDAT {size}")).await?;
        ensure!(reply.starts_with('5'), "BDAT {size}: {reply}");
    }
    ensure!(alice.messages(FolderRole::Inbox).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_line_ends_in_commands() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut smtp = Smtp::connect(&server).await?;
    for line in ["EHLO a\n", "EHLO a\rb\r\n", "EHLO\0a\r\n", "NOOP\r\r\n"] {
        smtp.raw(line).await?;
        let reply = smtp.reply().await?;
        ensure!(reply.starts_with("500 5.5.2"), "{line:?}: {reply}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_injection_of_commands_said_in_clear() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    Person::new(&server, "alice").await?;
    // In one packet: the buffer must not be carried over (CVE-2011-0411 and its 40 successors).
    let mut smtp = Smtp::hello(&server).await?;
    smtp.raw(format!("STARTTLS\r\nEHLO evil.example\r\n{FROM}\r\n")).await?;
    let reply = smtp.reply().await?;
    ensure!(reply.starts_with("503 5.5.1"), "{reply}");
    ensure!(smtp.reply().await?.is_empty(), "the connection goes on");
    // In a packet behind it: read as a handshake, which it is not.
    let mut smtp = Smtp::hello(&server).await?;
    smtp.expect("220", "STARTTLS").await?;
    smtp.raw(format!("EHLO evil.example\r\n{FROM}\r\n")).await?;
    ensure!(smtp.handshake().await.is_err(), "TLS began behind injected commands");
    // An envelope begun in clear is not there under TLS.
    let mut smtp = Smtp::hello(&server).await?;
    smtp.expect("250", FROM).await?;
    let mut smtp = smtp.starttls().await?;
    smtp.expect("503", TO).await?;
    smtp.expect("250", "EHLO sender.example").await?;
    smtp.expect("503", TO).await?;
    smtp.expect("503", "STARTTLS").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn talking_before_the_reply_to_ehlo() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut smtp = Smtp::connect(&server).await?;
    smtp.raw(format!("EHLO sender.example\r\n{FROM}\r\n")).await?;
    ensure!(smtp.reply().await?.starts_with("503 5.5.1"));
    ensure!(smtp.reply().await?.is_empty(), "the connection goes on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn relaying_to_others() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?;
    smtp.expect("250", "MAIL FROM:<alice@hedgerow.test>").await?;
    for to in [
        "bob@elsewhere.example",
        "bob@elsewhere.example@hedgerow.test@elsewhere.example",
        "@hedgerow.test:bob@elsewhere.example",
        "bob%elsewhere.example@hedgerow.test",
        "elsewhere.example!bob@hedgerow.test",
        "\"bob@elsewhere.example\"@hedgerow.test",
        "alice@hedgerow.test.",
        "alice@[127.0.0.1]",
        "alice@sub.hedgerow.test",
    ] {
        let reply = smtp.say(&format!("RCPT TO:<{to}>")).await?;
        ensure!(reply.starts_with('5'), "{to}: {reply}");
        smtp.expect("503", "DATA").await?;
        if smtp.say("RSET").await?.starts_with("421") {
            break;
        }
        smtp = Smtp::hello(&server).await?;
        smtp.expect("250", "MAIL FROM:<alice@hedgerow.test>").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_who_is_here() -> Result<()> {
    let server =
        Server::with_mail(&[("limits.loopback", "true"), ("limits.smtp_guesses_per_hour", "20")]).await?;
    Person::new(&server, "alice").await?;
    let mut asked = 0;
    for _ in 0..10 {
        let mut smtp = Smtp::hello(&server).await?;
        smtp.expect("250", FROM).await?;
        for _ in 0..6 {
            if !smtp.say(&format!("RCPT TO:<guess{asked}@hedgerow.test>")).await?.starts_with("550") {
                break;
            }
            asked += 1;
        }
        if asked < 20 {
            ensure!(smtp.reply().await?.starts_with("421 4.7.1"), "one connection may ask on and on");
        }
    }
    ensure!(asked == 20, "{asked} guesses were answered");
    let mut smtp = Smtp::hello(&server).await?;
    smtp.expect("250", FROM).await?;
    let reply = smtp.say(TO).await?;
    ensure!(reply.starts_with("451"), "who guessed too often is told who is here: {reply}");
    // Nor by VRFY or EXPN, with one answer for all.
    ensure!(smtp.say("VRFY alice").await? == smtp.say("VRFY nobody").await?);
    ensure!(smtp.say("EXPN alice").await? == smtp.say("EXPN nobody").await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn oversize_lines_messages_and_recipients() -> Result<()> {
    let server = Server::with_mail(&[("limits.message_bytes", "200000")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?;
    // The tail of a line that is too long is no command.
    smtp.raw(format!("NOOP {}", "x".repeat(200_000))).await?;
    smtp.raw(format!("{FROM}\r\n")).await?;
    ensure!(smtp.reply().await?.starts_with("500 5.5.2"));
    smtp.expect("503", TO).await?;
    let mut smtp = begin(&server).await?;
    let line = format!("{}\r\n", "y".repeat(900));
    for _ in 0..400 {
        smtp.raw(&line).await?;
    }
    smtp.raw(".\r\n").await?;
    let reply = smtp.reply().await?;
    ensure!(reply.starts_with("552 5.3.4"), "{reply}");
    smtp.expect("250", FROM).await?;
    for number in 0..=100 {
        let reply = smtp.say(&format!("RCPT TO:<alice+{number}@hedgerow.test>")).await?;
        let expected = if number < 100 { "250" } else { "452 4.5.3" };
        ensure!(reply.starts_with(expected), "{number}: {reply}");
    }
    ensure!(smtp.data(&mail("many", "x")).await?.starts_with("250"));
    ensure!(alice.messages(FolderRole::Inbox).await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forging_the_fields_that_only_we_may_write() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?;
    let forged = format!(
        "Return-Path: <boss@hedgerow.test>\r\nDelivered-To: boss@hedgerow.test\r\n\
         Authentication-Results: mx.hedgerow.test; dmarc=pass\r\n\
         AUTHENTICATION-RESULTS : (comment)\r\n MX.Hedgerow.test. 1; dkim=pass\r\n\
         Authentication-Results: other.example; spf=pass\r\n{}",
        mail("forged", "x")
    );
    ensure!(smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &forged).await?.starts_with("250"));
    let message = newest(&mut alice).await?;
    ensure!(message.subject == "forged", "{message:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_goes_in_circles() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?;
    let hop = "Received: from a.example by b.example; Tue, 24 Nov 2026 12:00:00 +0000\r\n";
    for (hops, expected) in [(99, "250"), (100, "554 5.4.6")] {
        let message = format!("{}{}", hop.repeat(hops), mail("round", "x"));
        let reply = smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &message).await?;
        ensure!(reply.starts_with(expected), "{hops}: {reply}");
    }
    ensure!(alice.messages(FolderRole::Inbox).await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn holding_connections_open_and_silent() -> Result<()> {
    let server = Server::with_mail(&[
        ("limits.loopback", "true"),
        ("limits.smtp_connections_per_network", "3"),
        ("limits.smtp_silence_seconds", "1"),
    ])
    .await?;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(Smtp::connect(&server).await?);
    }
    let mut fourth = Smtp::silent(&server).await?;
    ensure!(fourth.reply().await?.starts_with("421 4.7.0"));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for smtp in &mut open {
        let reply = smtp.reply().await?;
        ensure!(reply.starts_with("421 4.4.2"), "{reply}");
    }
    // There is room again.
    Smtp::hello(&server).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_from_the_blocked() -> Result<()> {
    let server = Server::with_mail(&[("mail.blocked", "spam@bad.example,worse.example")]).await?;
    Person::new(&server, "alice").await?;
    for (from, reply) in [
        ("Spam@Bad.example", "550 5.7.1"),
        ("ham@bad.example", "250"),
        ("x@worse.example", "550 5.7.1"),
        ("x@sub.worse.example", "550 5.7.1"),
        ("x@notworse.example", "250"),
    ] {
        Smtp::hello(&server).await?.expect(reply, &format!("MAIL FROM:<{from}>")).await?;
    }
    let server = Server::with_mail(&[("mail.blocked", "127.0.0.0/8")]).await?;
    ensure!(Smtp::silent(&server).await?.reply().await?.starts_with("554 5.7.1"));
    Ok(())
}
