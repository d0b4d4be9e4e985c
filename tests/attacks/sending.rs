//! On mail to others: forged senders, what must not leave, name servers and mail servers that lead astray.

use anyhow::{Context as _, Result, ensure};
use std::time::{Duration, Instant};
use tests::dns::Dns;
use tests::person::{Person, random_id};
use tests::refusal::Refusal;
use tests::server::Server;
use tests::sink::{Manner, Sink};
use tests::smtp::newest;
use wire::error::ErrorCode;
use wire::ids::SubmissionId;
use wire::mail::FolderRole;
use wire::plaintext::{Address, PlainMessage};

fn to(text: &str) -> Result<Address> {
    text.parse().map_err(|error| anyhow::anyhow!("{text}: {error}"))
}

const SERVERS: &[(&str, &str, &str)] = &[("sink.example", "mx.sink.example", "127.0.0.3")];

async fn inbox_has_one(person: &mut Person) -> Result<()> {
    let begun = Instant::now();
    while person.messages(FolderRole::Inbox).await?.is_empty() {
        ensure!(begun.elapsed() < Duration::from_secs(40), "no notice");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forging_a_sender_hiding_a_reader_and_telling_too_much() -> Result<()> {
    let sink = Sink::listen("127.0.0.3", 0).await?;
    let dns = Dns::with(&[], SERVERS)?;
    let server = Server::with_outgoing(&dns, sink.port(), &[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    Person::new(&server, "bob").await?;
    let zoe = to("zoe@sink.example")?;
    let parcel = alice.seal(Person::draft(&[&zoe], "from me", "x")).await?;
    alice.http.put_blob(parcel.request.blob, parcel.blob.clone()).await?;
    let good = parcel.request.outside.clone().context("outside")?;
    let text = String::from_utf8(good.message.0.clone())?;
    let altered = [
        text.replace("<alice@hedgerow.test>", "<bob@hedgerow.test>"),
        text.replace("<alice@hedgerow.test>", "<alice@hedgerow.test>, <bob@hedgerow.test>"),
        format!("Sender: <bob@hedgerow.test>\r\n{text}"),
        format!("Bcc: <eve@sink.example>\r\n{text}"),
        format!("X-Originating-IP: 192.0.2.1\r\n{text}"),
        format!("User-Agent: page\r\n{text}"),
        text.replace("@hedgerow.test>\r\nMIME", "@192.0.2.1>\r\nMIME"),
        format!("{text}\n.\r\nMAIL FROM:<bob@hedgerow.test>\r\n"),
        format!("{text}\r.\r\n"),
    ];
    for (number, message) in altered.into_iter().enumerate() {
        ensure!(message != text, "case {number} alters nothing");
        let mut request = parcel.request.clone();
        request.submission_id = SubmissionId(random_id());
        request.outside.as_mut().context("outside")?.message = PlainMessage(message.into_bytes());
        match alice.http.json::<serde_json::Value>("POST", "/mail/submissions", &request).await {
            Err(Refusal::Server(error)) if error.code == ErrorCode::Malformed => {}
            other => anyhow::bail!("case {number}: {other:?}"),
        }
    }
    // Somebody here is not outside: they get it sealed or not at all.
    let mut request = parcel.request.clone();
    request.outside.as_mut().context("outside")?.recipients.push(to("bob@hedgerow.test")?);
    match alice.http.json::<serde_json::Value>("POST", "/mail/submissions", &request).await {
        Err(Refusal::Server(error)) if error.code == ErrorCode::NoSuchRecipient => {}
        other => anyhow::bail!("a mail to somebody here left in clear: {other:?}"),
    }
    ensure!(sink.taken().is_empty() && server.waiting("alice@hedgerow.test")? == 0);
    ensure!(alice.messages(FolderRole::Sent).await?.is_empty(), "a refused sending left a copy");
    // The control: unaltered, it leaves, and nothing but itself is said to the other server.
    alice.submit(&parcel).await?;
    let begun = Instant::now();
    while sink.taken().is_empty() {
        ensure!(begun.elapsed() < Duration::from_secs(40), "it does not leave");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let taken = sink.taken();
    ensure!(taken.iter().all(|mail| mail.message.ends_with(&text)), "{taken:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_without_end() -> Result<()> {
    let sink = Sink::listen("127.0.0.3", 0).await?;
    let dns = Dns::with(&[], SERVERS)?;
    let server = Server::with_outgoing(&dns, sink.port(), &[("limits.outgoing_per_hour", "3")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let (zoe, yan) = (to("zoe@sink.example")?, to("yan@sink.example")?);
    alice.send(&[&zoe, &yan], "two", "x").await?;
    match alice.send(&[&zoe, &yan], "two more", "x").await {
        Err(Refusal::Server(error)) if error.code == ErrorCode::TooMany => {}
        other => anyhow::bail!("{other:?}"),
    }
    ensure!(alice.messages(FolderRole::Sent).await?.len() == 1, "all or nothing");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn leading_mail_to_addresses_behind_the_server() -> Result<()> {
    let sink = Sink::listen("127.0.0.3", 0).await?;
    let dns = Dns::with(&[], SERVERS)?;
    let settings = [("mail.outgoing_private", "false")];
    let server = Server::with_outgoing(&dns, sink.port(), &settings).await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.send(&[&to("zoe@sink.example")?, &to("zoe@127.0.0.3")?], "inside", "x").await?;
    inbox_has_one(&mut alice).await?;
    let begun = Instant::now();
    while server.waiting("alice@hedgerow.test")? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(40), "it is still tried");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut told = String::new();
    for view in alice.messages(FolderRole::Inbox).await? {
        told.push_str(&alice.read(&view).await?.text);
    }
    ensure!(told.contains("no public address") && told.contains("zoe@127.0.0.3"), "{told}");
    ensure!(sink.heard().is_empty(), "the server was led to an address behind it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stripping_tls_by_breaking_it_and_injecting_replies_before_it() -> Result<()> {
    let sink = Sink::listen("127.0.0.3", 0).await?;
    let dns = Dns::with(&[], SERVERS)?;
    let server = Server::with_outgoing(&dns, sink.port(), &[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    for manner in [Manner::FalseTls, Manner::Injecting] {
        sink.behave(manner);
        alice.send(&[&to("zoe@sink.example")?], "hush", "x").await?;
        let before = sink.heard().len();
        let begun = Instant::now();
        // Twice, so that the second attempt is seen as well.
        while String::from_utf8_lossy(sink.heard().get(before..).unwrap_or_default())
            .matches("STARTTLS")
            .count()
            < 2
        {
            ensure!(begun.elapsed() < Duration::from_secs(40), "{manner:?}: it is not tried again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let heard = String::from_utf8_lossy(&sink.heard()).into_owned();
        ensure!(!heard.contains("MAIL FROM") && !heard.contains("zoe@"), "{manner:?}: in clear: {heard}");
    }
    sink.behave(Manner::Polite);
    let begun = Instant::now();
    while sink.taken().len() < 2 {
        ensure!(begun.elapsed() < Duration::from_secs(60), "what was put off does not leave");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_into_a_notice_by_what_a_server_says() -> Result<()> {
    let sink = Sink::listen("127.0.0.3", 0).await?;
    let dns = Dns::with(&[], SERVERS)?;
    let server = Server::with_outgoing(&dns, sink.port(), &[]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.send(&[&to("nobody@sink.example")?], "who", "x").await?;
    inbox_has_one(&mut alice).await?;
    let notice = newest(&mut alice).await?;
    ensure!(notice.text.contains("550") && notice.text.contains("Nobody of that name"), "{notice:?}");
    // The name of the other server and its words stand on their own lines and nowhere else.
    ensure!(!notice.text.contains("\u{1b}") && notice.attachments.len() == 2, "{notice:?}");
    Ok(())
}
