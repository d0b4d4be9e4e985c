//! R15, R20: the directory gives out another certificate for someone who is known.

use anyhow::{Context as _, Result, ensure};
use model::error::CoreErrorCode as Code;
use model::mail::{Author, RecipientVerdict};
use tests::insider::object;
use tests::person::Person;
use tests::refusal::refused;
use tests::server::Server;
use wire::accounts::{AccountView, ObjectKind};
use wire::keys::DirectoryEntry;
use wire::mail::FolderRole;

/// A certificate for the same address that the real Bob never made: registered at a server of Eve's.
async fn forged_bob() -> Result<DirectoryEntry> {
    let eve = Server::start().await?;
    let mut bob = Person::new(&eve, "bob").await?;
    let address = bob.address.clone();
    Ok(bob.look_up(&address).await?)
}

/// From now on the directory gives out the forged certificate.
fn swap(person: &Person, forged: &DirectoryEntry) {
    let forged = forged.clone();
    person.http.evil.lie(move |exchange| {
        if exchange.is("GET", &format!("/directory/{}", forged.address)) {
            exchange.answered = serde_json::to_vec(&forged).unwrap_or_default();
        }
    });
}

/// Nothing was sealed or sent.
fn silent(person: &Person, mark: usize) -> Result<()> {
    let asked = person.http.evil.since(mark);
    let harmless = |request: &String| request.starts_with("GET ");
    ensure!(asked.iter().all(harmless), "after the refusal: {asked:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_certificate_swapped_after_the_pin() -> Result<()> {
    let server = Server::start().await?;
    let bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let (_, verdicts) = alice.judge(std::slice::from_ref(&bob.address)).await?;
    ensure!(
        matches!(verdicts.first().map(|one| &one.verdict), Some(RecipientVerdict::New { .. })),
        "{verdicts:?}"
    );
    alice.send(&[&bob.address], "first", "to the real one").await?;

    let forged = forged_bob().await?;
    swap(&alice, &forged);
    let mark = alice.http.evil.mark();
    let (entries, verdicts) = alice.judge(std::slice::from_ref(&bob.address)).await?;
    match verdicts.first().map(|one| &one.verdict) {
        Some(RecipientVerdict::Changed { known, offered }) => {
            ensure!(known != offered, "the same fingerprint")
        }
        other => anyhow::bail!("not a hard stop: {other:?}"),
    }
    let draft = Person::draft(&[&bob.address], "second", "to nobody");
    refused(alice.seal_to(draft.clone(), entries).await, &[Code::CertificateChanged])?;
    silent(&alice, mark)?;

    // Beside an honest recipient: all or none.
    let carol = Person::new(&server, "carol").await?;
    let both = Person::draft(&[&carol.address, &bob.address], "third", "to neither");
    let mark = alice.http.evil.mark();
    refused(alice.seal(both).await, &[Code::CertificateChanged])?;
    let asked = alice.http.evil.since(mark);
    ensure!(
        !asked.iter().any(|request| request.contains("/vault/") || request.contains("/submissions")),
        "{asked:?}"
    );

    // On a new device: the pins came with the account.
    let mut device = Person::at(&server, "alice", &alice.passphrase)?;
    device.sign_in().await?;
    swap(&device, &forged);
    let mark = device.http.evil.mark();
    refused(device.seal(draft).await, &[Code::CertificateChanged])?;
    silent(&device, mark)?;

    // The truth is enough to go on.
    device.http.evil.repent();
    device.send(&[&bob.address], "fourth", "to the real one again").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_own_certificate_swapped() -> Result<()> {
    let server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let me = bob.address.clone();
    let forged = forged_bob().await?;
    swap(&bob, &forged);
    let mark = bob.http.evil.mark();
    refused(bob.seal(Person::draft(&[&me], "note to self", "…")).await, &[Code::CertificateChanged])?;
    silent(&bob, mark)
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_pin_book_hidden_or_old() -> Result<()> {
    let server = Server::start().await?;
    let bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let before: AccountView = alice.http.get("/account").await?;
    alice.judge(std::slice::from_ref(&bob.address)).await?;

    let mut device = Person::at(&server, "alice", &alice.passphrase)?;
    device.seen = alice.seen.clone();
    let view = device.log_in().await?;
    let changed = view
        .objects
        .iter()
        .find(|now| {
            let then =
                before.objects.iter().find(|then| (then.kind, then.object_id) == (now.kind, now.object_id));
            now.kind == ObjectKind::Object && then != Some(*now)
        })
        .context("no pin was stored")?
        .clone();

    let mut hidden = view.clone();
    hidden.objects.retain(|object| *object != changed);
    refused(device.open_account(hidden).await, &[Code::Tampered])?;

    let mut old = view.clone();
    for object in old.objects.iter_mut().filter(|object| **object == changed) {
        let then =
            before.objects.iter().find(|then| then.object_id == object.object_id).context("the old book")?;
        *object = then.clone();
    }
    refused(device.open_account(old.clone()).await, &[Code::Tampered])?;

    old.objects.retain(|object| object.kind != ObjectKind::State);
    old.objects.push(object(&before, ObjectKind::State)?.clone());
    refused(device.open_account(old).await, &[Code::RolledBack])?;
    refused(device.open_account(before).await, &[Code::RolledBack])?;
    Ok(device.open_account(view).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_certificate_of_someone_else_under_the_name() -> Result<()> {
    // First contact, but the certificate does not even name the address.
    let server = Server::start().await?;
    let bob = Person::new(&server, "bob").await?;
    let mut mallory = Person::new(&server, "mallory").await?;
    let address = mallory.address.clone();
    let mut forged = mallory.look_up(&address).await?;
    let mut alice = Person::new(&server, "alice").await?;
    // Under Mallory's name, in answer to a question about Bob.
    let entry = forged.clone();
    alice.http.evil.lie(move |exchange| {
        if exchange.path.starts_with("/directory/bob") {
            exchange.answered = serde_json::to_vec(&entry).unwrap_or_default();
        }
    });
    let mark = alice.http.evil.mark();
    let draft = Person::draft(&[&bob.address], "for Bob", "only");
    let entry = alice.look_up(&bob.address).await?;
    refused(alice.seal_to(draft.clone(), vec![entry]).await, &[Code::UnusableCertificate])?;
    silent(&alice, mark)?;
    // Under Bob's name.
    forged.address = bob.address.clone();
    swap(&alice, &forged);
    let mark = alice.http.evil.mark();
    refused(alice.seal(draft).await, &[Code::UnusableCertificate])?;
    silent(&alice, mark)
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_mail_signed_by_a_certificate_that_is_not_the_pinned_one() -> Result<()> {
    let server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.send(&[&bob.address], "hello", "so that Bob is known").await?;
    bob.send(&[&alice.address], "re: hello", "yes").await?;
    let inbox = alice.messages(FolderRole::Inbox).await?;
    let honest = alice.read(inbox.first().context("no mail")?).await?;
    ensure!(matches!(honest.author, Author::Known { .. }), "{:?}", honest.author);

    // A forged Bob writes: his mail, sealed to the real Alice, is put into her inbox by the server.
    let eve = Server::start().await?;
    let mut forged = Person::new(&eve, "bob").await?;
    let entry = alice.look_up(&alice.address.clone()).await?;
    let parcel =
        forged.seal_to(Person::draft(&[&alice.address], "re: hello", "send money"), vec![entry]).await?;
    let mut view = inbox.first().context("no mail")?.clone();
    view.summary = parcel.request.deliveries.first().context("no delivery")?.summary.clone();
    let offered = forged.look_up(&forged.address.clone()).await?;
    for certificates in [vec![], vec![offered]] {
        let message = alice.open_message(&view, parcel.blob.clone(), certificates).await?;
        let believed = matches!(message.author, Author::You | Author::Known { .. } | Author::New { .. });
        ensure!(!believed, "a forged mail was shown as {:?}", message.author);
    }
    Ok(())
}
