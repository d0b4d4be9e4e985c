//! R3, R33, R44: mail moved, mixed, cut or changed by the server that keeps it.

use anyhow::{Context as _, Result, ensure};
use model::error::CoreErrorCode as Code;
use model::mail::{Author, OpenedMessage};
use tests::person::Person;
use tests::refusal::{Outcome, refused};
use tests::server::Server;
use wire::mail::{FolderRole, MessageView};

/// Alice with two messages of Bob, newest first.
async fn two_messages(server: &Server) -> Result<(Person, Vec<MessageView>)> {
    let alice = Person::new(server, "alice").await?;
    let mut bob = Person::new(server, "bob").await?;
    bob.send(&[&alice.address], "the first", "pay Carol 10").await?;
    bob.send(&[&alice.address], "the second", "pay Mallory 10000").await?;
    let mut alice = alice;
    let inbox = alice.messages(FolderRole::Inbox).await?;
    ensure!(inbox.len() == 2, "{} messages", inbox.len());
    Ok((alice, inbox))
}

/// A mixed-up message is refused, or shown with the warning that list and message differ.
fn noticed(outcome: Outcome<OpenedMessage>) -> Result<()> {
    match outcome {
        Ok(message) if message.summary_differs => Ok(()),
        Ok(_) => anyhow::bail!("shown without a word"),
        Err(refusal) => {
            refused::<OpenedMessage>(Err(refusal), &[Code::Tampered, Code::Malformed])?;
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_row_points_to_another_blob() -> Result<()> {
    let server = Server::start().await?;
    let (mut alice, inbox) = two_messages(&server).await?;
    let [second, first] = inbox.as_slice() else { anyhow::bail!("two messages") };
    let mut lie = first.clone();
    lie.blob = second.blob;
    lie.size = second.size;
    noticed(alice.read(&lie).await)?;
    // The other way round: the row's words replaced, the message left.
    let mut lie = first.clone();
    lie.summary = second.summary.clone();
    noticed(alice.read(&lie).await)?;
    // Control.
    let honest = alice.read(first).await?;
    ensure!(!honest.summary_differs && honest.subject == "the first", "{honest:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_summary_or_message_of_another_mailbox() -> Result<()> {
    let server = Server::start().await?;
    let (mut alice, inbox) = two_messages(&server).await?;
    let first = inbox.last().context("first")?;
    let mut carol = Person::new(&server, "carol").await?;
    let mut mallory = Person::new(&server, "mallory").await?;
    carol.send(&[&mallory.address], "private", "between Carol and Mallory").await?;
    let foreign = mallory.messages(FolderRole::Inbox).await?;
    let foreign = foreign.first().context("foreign")?;
    let mut lie = first.clone();
    lie.summary = foreign.summary.clone();
    let rows = alice.rows(vec![lie]).await?;
    let row = rows.first().context("nothing is hidden: there must be a row")?;
    let code = row.summary.as_ref().err().map(|error| error.code);
    ensure!(code == Some(Code::NoKeyForMessage), "{:?}", row.summary);
    let blob = mallory.http.blob(foreign.blob).await?;
    refused(alice.open_message(first, blob, Vec::new()).await, &[Code::NoKeyForMessage, Code::Tampered])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_r33_bits_flipped_and_ends_cut() -> Result<()> {
    let server = Server::start().await?;
    let (mut alice, inbox) = two_messages(&server).await?;
    let view = inbox.first().context("message")?;
    let blob = alice.http.blob(view.blob).await?;
    let honest = alice.read(view).await?;
    let step = (blob.len() / 60).max(1);
    for at in (0..blob.len()).step_by(step) {
        let mut lie = blob.clone();
        *lie.get_mut(at).context("byte")? ^= 1 << (at % 8);
        match alice.open_message(view, lie, Vec::new()).await {
            Err(refusal) => {
                ensure!(refusal.core().is_some(), "byte {at}: {refusal}");
                ensure!(refusal.core() != Some(Code::Internal), "byte {at}: {refusal}");
            }
            // A flip in the part for another reader changes no word of this one; it may not go unnoticed.
            Ok(message) => {
                ensure!(message.summary_differs, "byte {at} of {} went unnoticed", blob.len());
                ensure!(message.text == honest.text, "byte {at}: another text was shown");
            }
        }
    }
    for kept in [0, 1, 10, blob.len() / 2, blob.len() - 22, blob.len() - 1] {
        let cut = blob.get(..kept).context("cut")?.to_vec();
        let outcome = alice.open_message(view, cut, Vec::new()).await;
        ensure!(outcome.is_err(), "cut to {kept} of {} bytes: {outcome:?}", blob.len());
    }
    let summary = view.summary.0.clone();
    for at in (0..summary.len()).step_by((summary.len() / 40).max(1)) {
        let mut lie = view.clone();
        *lie.summary.0.get_mut(at).context("byte")? ^= 1 << (at % 8);
        let rows = alice.rows(vec![lie]).await?;
        let row = rows.first().context("nothing is hidden: there must be a row")?;
        ensure!(row.summary.is_err(), "byte {at} of the summary: {:?}", row.summary);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r38_someone_else_signs_in_the_senders_name() -> Result<()> {
    // Mallory writes a mail whose From says Bob, signed by herself.
    let server = Server::start().await?;
    let (mut alice, inbox) = two_messages(&server).await?;
    let mut mallory = Person::new(&server, "mallory").await?;
    let to_alice = alice.look_up(&alice.address.clone()).await?;
    let parcel =
        mallory.seal_to(Person::draft(&[&alice.address], "hello", "from Bob"), vec![to_alice]).await?;
    let mut view = inbox.first().context("message")?.clone();
    view.summary = parcel.request.deliveries.first().context("delivery")?.summary.clone();
    // The directory offers Mallory's certificate under Bob's name.
    let mut forged = mallory.look_up(&mallory.address.clone()).await?;
    forged.address = "bob@hedgerow.test".parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let message = alice.open_message(&view, parcel.blob.clone(), vec![forged]).await?;
    ensure!(!matches!(message.author, Author::Known { .. } | Author::You), "{:?}", message.author);
    ensure!(message.from.address != "bob@hedgerow.test", "the mail claims to be Bob's: {:?}", message.from);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_honest_way_works() -> Result<()> {
    let server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let text = "Grüße, 漢字 and 🌿\n\n-- \nsigned";
    bob.send(&[&alice.address], "Ünï – 漢字 🌿", text).await?;
    let inbox = alice.messages(FolderRole::Inbox).await?;
    let rows = alice.rows(inbox.clone()).await?;
    let row = rows.first().and_then(|row| row.summary.as_ref().ok()).context("no row")?;
    ensure!(row.subject == "Ünï – 漢字 🌿" && row.from.address == "bob@hedgerow.test", "{row:?}");
    let message = alice.read(inbox.first().context("no mail")?).await?;
    ensure!(message.text.trim_end() == text && message.subject == "Ünï – 漢字 🌿", "{message:?}");
    ensure!(matches!(message.author, Author::New { .. }), "{:?}", message.author);
    let sent = bob.messages(FolderRole::Sent).await?;
    let copy = bob.read(sent.first().context("no copy in Sent")?).await?;
    ensure!(copy.author == Author::You && copy.text.trim_end() == text, "{copy:?}");
    Ok(())
}
