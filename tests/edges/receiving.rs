//! RFC 5321 and its extensions, as a sending server meets them; and what the recipient sees.

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt as _;
use model::mail::{Author, Readers};
use std::time::{Duration, Instant};
use tests::person::Person;
use tests::server::Server;
use tests::smtp::{Smtp, mail, newest};
use wire::mail::{Arrival, FolderRole};

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_mail_is_sealed_on_arrival_and_opens_in_the_client_within_a_second() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    // As an open page does.
    let mut events = alice.http.events().await?.bytes_stream();
    let heard = tokio::spawn(async move {
        let mut heard = String::new();
        while let Some(part) = events.next().await {
            heard.push_str(&String::from_utf8_lossy(&part?));
            // The first tells the place at once, the second is the mail.
            if heard.matches("event: change").count() + heard.matches("event:change").count() > 1 {
                return anyhow::Ok(Instant::now());
            }
        }
        anyhow::bail!("the stream ended: {heard}")
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut smtp = Smtp::hello(&server).await?;
    let text = mail("Grüße?", "Plain words");
    let reply = smtp.send("zoe@sender.example", &["Alice@Hedgerow.test"], &text).await?;
    ensure!(reply.starts_with("250 2.0.0"), "{reply}");
    let acknowledged = Instant::now();
    let heard = tokio::time::timeout(Duration::from_secs(5), heard).await.context("no push")???;
    ensure!(heard.saturating_duration_since(acknowledged) < Duration::from_secs(1));
    let inbox = alice.messages(FolderRole::Inbox).await?;
    ensure!(acknowledged.elapsed() < Duration::from_secs(1), "{:?}", acknowledged.elapsed());
    let view = inbox.first().context("no mail")?.clone();
    ensure!(view.arrival == Arrival::SealedOnArrival, "{:?}", view.arrival);
    let rows = alice.rows(inbox).await?;
    let row = rows.first().context("no row")?.summary.as_ref().map_err(|e| anyhow::anyhow!("{e}"))?;
    ensure!(row.subject == "Grüße?" && row.from.address == "zoe@sender.example", "{row:?}");
    ensure!(row.snippet == "Plain words" && row.from.name == "Zoe Outside", "{row:?}");
    let message = alice.read(&view).await?;
    ensure!(message.text.trim_end() == "Plain words" && message.subject == "Grüße?", "{message:?}");
    ensure!(message.readers == Readers::SealedOnArrival && message.author == Author::Unsigned, "{message:?}");
    ensure!(!message.summary_differs, "server and client do not summarise alike");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_offered_is_kept() -> Result<()> {
    let server = Server::with_mail(&[("limits.message_bytes", "1000000")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::connect(&server).await?;
    let offered = smtp.say("EHLO sender.example").await?;
    for word in [
        "PIPELINING",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "STARTTLS",
        "SIZE 967232",
    ] {
        ensure!(offered.contains(word), "{word} is missing in {offered}");
    }
    // PIPELINING (RFC 2920): a group of commands in one go, replies in order.
    smtp.raw(
        "MAIL FROM:<zoe@sender.example> BODY=8BITMIME SIZE=2000 RET=HDRS ENVID=abc\r\n\
         RCPT TO:<nobody@hedgerow.test>\r\n\
         RCPT TO:<alice@hedgerow.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;alice@hedgerow.test\r\nDATA\r\n",
    )
    .await?;
    for expected in ["250 2.1.0", "550 5.1.1", "250 2.1.5", "354 "] {
        let reply = smtp.reply().await?;
        ensure!(reply.starts_with(expected), "{reply}, not {expected}");
    }
    smtp.raw(format!("{}.\r\nNOOP\r\n", mail("grouped", "acht Bit: ü"))).await?;
    ensure!(smtp.reply().await?.starts_with("250"));
    ensure!(smtp.reply().await?.starts_with("250"));
    ensure!(newest(&mut alice).await?.text.trim_end() == "acht Bit: ü");

    // CHUNKING (RFC 3030): bytes by count, dots and all.
    let message = mail("chunks", "one\r\n.two\r\n..\r\n.\r\nthree");
    let (first, second) = message.split_at(100);
    smtp.expect("250", "MAIL FROM:<zoe@sender.example>").await?;
    smtp.expect("250", "RCPT TO:<alice@hedgerow.test>").await?;
    smtp.raw(format!("BDAT {}\r\n{first}BDAT {} LAST\r\n{second}", first.len(), second.len())).await?;
    ensure!(smtp.reply().await?.starts_with("250"));
    let reply = smtp.reply().await?;
    ensure!(reply.starts_with("250 2.0.0 Sealed"), "{reply}");
    ensure!(newest(&mut alice).await?.text.replace('\r', "").trim_end() == "one\n.two\n..\n.\nthree");

    // SMTPUTF8 (RFC 6531): asked for, or refused.
    let said = smtp.say("MAIL FROM:<zoë@sender.example>").await?;
    ensure!(said.starts_with("553 5.6.7"), "{said}");
    smtp.expect("250", "MAIL FROM:<zoë@sender.example> SMTPUTF8").await?;
    smtp.expect("250", "RCPT TO:<alice@hedgerow.test>").await?;
    let text = mail("utf8", "x").replace("zoe@sender.example>\r\nTo", "zoë@sender.example>\r\nTo");
    ensure!(smtp.data(&text).await?.starts_with("250"));
    ensure!(newest(&mut alice).await?.from.address == "zoë@sender.example");

    // SIZE (RFC 1870): refused before a byte of it comes.
    let said = smtp.say("MAIL FROM:<zoe@sender.example> SIZE=967233").await?;
    ensure!(said.starts_with("552 5.3.4"), "{said}");
    for (command, reply) in [
        ("VRFY alice", "252 "),
        ("EXPN staff", "502 "),
        ("HELP", "214 "),
        ("NOOP", "250 "),
        ("RSET", "250 "),
        ("AUTH PLAIN AGE=", "502 "),
        ("DATA", "503 "),
        ("RCPT TO:<alice@hedgerow.test>", "503 "),
        ("NONSENSE", "500 "),
        ("MAIL FROM:<zoe@sender.example> BODY=BINARYMIME", "555 "),
        ("QUIT", "221 "),
    ] {
        smtp.expect(reply, command).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_begun_and_written_into_the_trace() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?.starttls().await?;
    let said = smtp.say("MAIL FROM:<zoe@sender.example>").await?;
    ensure!(said.starts_with("503 5.5.1"), "the EHLO before TLS counted: {said}");
    let offered = smtp.expect("250", "EHLO sender.example").await?;
    ensure!(!offered.contains("STARTTLS"), "{offered}");
    let reply = smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &mail("tls", "x")).await?;
    ensure!(reply.starts_with("250"), "{reply}");
    newest(&mut alice).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_gets_a_copy_that_names_no_other() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut smtp = Smtp::hello(&server).await?;
    // Bob is a blind copy; the plus-address is Alice again, who gets it once.
    let to = ["alice@hedgerow.test", "bob@hedgerow.test", "alice+lists@hedgerow.test"];
    let reply = smtp.send("zoe@sender.example", &to, &mail("both", "x")).await?;
    ensure!(reply.starts_with("250"), "{reply}");
    let (hers, his) = (alice.messages(FolderRole::Inbox).await?, bob.messages(FolderRole::Inbox).await?);
    ensure!(hers.len() == 1 && his.len() == 1, "{} and {}", hers.len(), his.len());
    let (hers, his) = (hers.first().context("mail")?, his.first().context("mail")?);
    ensure!(hers.blob != his.blob, "one blob for both tells Alice that there is another reader");
    alice.read(hers).await?;
    bob.read(his).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_again_is_acknowledged_and_not_stored_twice() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let text = mail("once", "x");
    for _ in 0..2 {
        let mut smtp = Smtp::hello(&server).await?;
        let reply = smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &text).await?;
        ensure!(reply.starts_with("250"), "{reply}");
    }
    let mut smtp = Smtp::hello(&server).await?;
    smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &mail("once", "x")).await?;
    let inbox = alice.messages(FolderRole::Inbox).await?;
    ensure!(
        inbox.len() == 2,
        "{} messages: the repeated one, and another that only looks like it",
        inbox.len()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_is_told_at_rcpt_and_is_no_final_refusal() -> Result<()> {
    let server = Server::with_mail(&[("accounts.quota_bytes", "1048576")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut smtp = Smtp::hello(&server).await?;
    smtp.expect("250", "MAIL FROM:<zoe@sender.example> SIZE=2000000").await?;
    let said = smtp.say("RCPT TO:<alice@hedgerow.test>").await?;
    ensure!(said.starts_with("452 4.2.2"), "{said}");
    // Without SIZE it shows at the end only.
    smtp.expect("250", "RSET").await?;
    let large = mail("large", &"0123456789abcdef\r\n".repeat(70_000));
    let reply = smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &large).await?;
    ensure!(reply.starts_with("452 4.2.2"), "{reply}");
    ensure!(alice.messages(FolderRole::Inbox).await?.is_empty());
    let reply = smtp.send("zoe@sender.example", &["alice@hedgerow.test"], &mail("small", "x")).await?;
    ensure!(reply.starts_with("250"), "{reply}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_lists_and_whoever_takes_everything() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut bob = Person::new(&server, "bob").await?;
    server.command(&["alias", "add", "team@hedgerow.test", "alice@hedgerow.test", "bob@hedgerow.test"])?;
    server.command(&["alias", "add", "Postmaster@hedgerow.test", "bob@hedgerow.test"])?;
    for refused in [
        ["alias", "add", "alice@hedgerow.test", "bob@hedgerow.test"],
        ["alias", "add", "x@elsewhere.example", "bob@hedgerow.test"],
        ["alias", "add", "x@hedgerow.test", "nobody@hedgerow.test"],
    ] {
        ensure!(server.command(&refused).is_err(), "{refused:?}");
    }
    let listed = server.command(&["alias", "list"])?;
    ensure!(
        listed.lines().count() == 3 && listed.contains("team@hedgerow.test -> bob@hedgerow.test"),
        "{listed}"
    );
    // Nobody registers what is an alias.
    ensure!(Person::new(&server, "team").await.is_err(), "an alias was taken over");
    let send = async |to: &str| -> Result<String> {
        let mut smtp = Smtp::hello(&server).await?;
        smtp.expect("250", "MAIL FROM:<zoe@sender.example>").await?;
        let reply = smtp.say(&format!("RCPT TO:<{to}>")).await?;
        if reply.starts_with("250") { smtp.data(&mail("alias", "x")).await } else { Ok(reply) }
    };
    for to in ["team@hedgerow.test", "team+minutes@hedgerow.test", "postmaster@hedgerow.test", "Postmaster"] {
        ensure!(send(to).await?.starts_with("250"), "{to}");
    }
    ensure!(send("whoever@hedgerow.test").await?.starts_with("550 5.1.1"));
    server.command(&["alias", "add", "*@hedgerow.test", "alice@hedgerow.test"])?;
    ensure!(send("whoever@hedgerow.test").await?.starts_with("250"));
    let (hers, his) = (alice.messages(FolderRole::Inbox).await?, bob.messages(FolderRole::Inbox).await?);
    ensure!(hers.len() == 3 && his.len() == 4, "{} and {}", hers.len(), his.len());
    server.command(&["alias", "remove", "team@hedgerow.test"])?;
    server.command(&["alias", "remove", "*@hedgerow.test"])?;
    ensure!(send("team@hedgerow.test").await?.starts_with("550 5.1.1"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_mail_is_shown_and_not_called_a_forgery() -> Result<()> {
    let server = Server::with_mail(&[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let odd = [
        "Subject: html only\r\nContent-Type: text/html\r\n\r\n<p>Some <b>bold</b> &copy; words</p>\r\n",
        "Subject: =?gb2312?B?xOO6ww==?=\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n\u{5}\r\n",
        "Subject: no author\r\n\r\nx\r\n",
        "Subject: nothing\r\n\r\n",
        "From: \u{202e}gro.knab@evil.example <x@evil.example>\r\nSubject: turned\r\n\r\nx\r\n",
    ];
    for (number, message) in odd.into_iter().enumerate() {
        let mut smtp = Smtp::hello(&server).await?;
        let reply = smtp.send("zoe@sender.example", &["alice@hedgerow.test"], message).await?;
        ensure!(reply.starts_with("250"), "{number}: {reply}");
        let opened = newest(&mut alice).await?;
        ensure!(!opened.summary_differs && !opened.from.name.contains('\u{202e}'), "{number}: {opened:?}");
    }
    let inbox = alice.messages(FolderRole::Inbox).await?;
    for row in alice.rows(inbox).await? {
        let summary = row.summary.map_err(|error| anyhow::anyhow!("{error}"))?;
        ensure!(!summary.from.name.contains('\u{202e}'), "{summary:?}");
    }
    Ok(())
}
