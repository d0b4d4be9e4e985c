//! Writing, reading, answering, filing.

use anyhow::{Context as _, Result, ensure};
use model::mail::AttachmentData;
use model::worker::{Command, Reply};
use tests::person::{Person, address};
use tests::server::Server;
use wire::error::ErrorCode;
use wire::mail::{Action, ActionRequest, ActionResponse, Flag, FolderRole};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_with_an_attachment_goes_to_two_people_and_is_answered() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut carol = Person::new(&server, "carol").await?;
    let bytes: Vec<u8> = (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut draft = Person::draft(&[&bob.address, &carol.address], "Два слова · 漢字", "Liebe Grüße\n🌿");
    let name = "отчёт.pdf".to_owned();
    draft.attachments.push(AttachmentData {
        name: name.clone(),
        media_type: "application/pdf".into(),
        bytes: bytes.clone(),
    });
    let parcel = alice.seal(draft).await?;
    alice.submit(&parcel).await?;

    for reader in [&mut bob, &mut carol] {
        let inbox = reader.messages(FolderRole::Inbox).await?;
        let view = inbox.first().context("no mail")?;
        let message = reader.read(view).await?;
        ensure!(
            message.subject == "Два слова · 漢字" && message.text.trim_end() == "Liebe Grüße\n🌿",
            "{message:?}"
        );
        let attachment = message.attachments.first().context("no attachment")?;
        ensure!(attachment.name == name && attachment.size == bytes.len() as u64, "{attachment:?}");
        let reply = reader.ask(Command::Attachment { id: view.id, index: attachment.index }).await?;
        ensure!(matches!(reply, Reply::Bytes { bytes: got } if got == bytes), "other bytes came out");
    }

    let inbox = bob.messages(FolderRole::Inbox).await?;
    let view = inbox.first().context("no mail")?.clone();
    let message = bob.read(&view).await?;
    let mut answer = Person::draft(&[&alice.address], "Re: Два слова", "Danke");
    answer.in_reply_to = Some(message.message_id.clone());
    answer.references = vec![message.message_id.clone()];
    let mut parcel = bob.seal(answer).await?;
    parcel.request.answers = Some((view.id, Flag::Answered));
    bob.submit(&parcel).await?;
    let inbox = bob.messages(FolderRole::Inbox).await?;
    ensure!(inbox.first().is_some_and(|view| view.flags.contains(&Flag::Answered)), "not marked as answered");
    let inbox = alice.messages(FolderRole::Inbox).await?;
    let answer = alice.read(inbox.first().context("no answer")?).await?;
    ensure!(answer.text.trim_end() == "Danke" && !answer.summary_differs, "{answer:?}");
    ensure!(answer.references.contains(&message.message_id), "the thread is lost: {:?}", answer.references);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_filed_flagged_and_destroyed() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let me = alice.address.clone();
    alice.send(&[&me], "note to self", "remember the milk").await?;
    let view = alice.messages(FolderRole::Inbox).await?.first().context("mail")?.clone();
    ensure!(!view.flags.contains(&Flag::Seen));
    let archive = alice.folder(FolderRole::Archive).await?.id;
    let actions = [
        Action::Flag { add: vec![Flag::Seen, Flag::Flagged], remove: vec![] },
        Action::Flag { add: vec![], remove: vec![Flag::Flagged] },
        Action::Move { folder: archive },
    ];
    for action in actions {
        let request = ActionRequest { messages: vec![view.id], action };
        let _: ActionResponse = alice.http.json("POST", "/mail/actions", &request).await?;
    }
    ensure!(alice.messages(FolderRole::Inbox).await?.is_empty());
    let filed = alice.messages(FolderRole::Archive).await?;
    ensure!(filed.first().is_some_and(|view| view.flags == [Flag::Seen]), "{filed:?}");
    let message = alice.read(filed.first().context("filed")?).await?;
    ensure!(message.text.trim_end() == "remember the milk");
    let request = ActionRequest { messages: vec![view.id], action: Action::Destroy };
    let response: ActionResponse = alice.http.json("POST", "/mail/actions", &request).await?;
    ensure!(response.messages.is_empty() && alice.messages(FolderRole::Archive).await?.is_empty());
    // The copy in Sent shares the blob and must still open.
    let sent = alice.messages(FolderRole::Sent).await?;
    ensure!(alice.read(sent.first().context("sent")?).await?.text.trim_end() == "remember the milk");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_recipient_is_named_before_anything_is_sent() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let bob = Person::new(&server, "bob").await?;
    let nobody = address("nobody")?;
    let mark = alice.http.evil.mark();
    let outcome = alice.send(&[&bob.address, &nobody], "to two", "one of whom is not there").await;
    let code = outcome.as_ref().err().and_then(|refusal| refusal.server());
    ensure!(code == Some(ErrorCode::NoSuchRecipient), "{outcome:?}");
    let asked = alice.http.evil.since(mark);
    ensure!(asked.iter().all(|request| request.starts_with("GET /directory")), "{asked:?}");
    // Gone between sealing and sending: all or none.
    let mut parcel = alice.seal(Person::draft(&[&bob.address], "alone", "words")).await?;
    let mut ghost = parcel.request.deliveries.first().context("delivery")?.clone();
    ghost.address = nobody.clone();
    parcel.request.deliveries.push(ghost);
    let refusal = alice.submit(&parcel).await.err().context("sent to a ghost")?;
    match refusal {
        tests::refusal::Refusal::Server(body) => {
            ensure!(body.code == ErrorCode::NoSuchRecipient && body.address == Some(nobody), "{body:?}");
        }
        other => anyhow::bail!("{other}"),
    }
    let mut bob = bob;
    ensure!(bob.messages(FolderRole::Inbox).await?.is_empty(), "delivered to one of two");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_mail_is_refused_clearly() -> Result<()> {
    let server = Server::with(&[("limits.message_bytes", "200000")]).await?;
    let mut alice = Person::new(&server, "alice").await?;
    let me = alice.address.clone();
    let mut draft = Person::draft(&[&me], "large", "with a file");
    let bytes = (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    draft.attachments.push(AttachmentData {
        name: "big.bin".into(),
        media_type: "application/octet-stream".into(),
        bytes,
    });
    let parcel = alice.seal(draft).await?;
    let outcome = alice.submit(&parcel).await;
    let code = outcome.as_ref().err().and_then(|refusal| refusal.server());
    ensure!(code == Some(ErrorCode::TooLarge), "{outcome:?}");
    Ok(())
}
