//! A new recovery phrase, and names of sessions: what a server, or a thief of a session, could make of them.

use anyhow::{Context as _, Result, bail, ensure};
use model::error::CoreErrorCode as Code;
use model::worker::{Command, Confidential, Reply};
use tests::insider::{self, object};
use tests::person::{Person, address};
use tests::refusal::{Outcome, refused};
use tests::server::Server;
use wire::accounts::{AccountView, LoginStartResponse, ObjectKind, SessionView, StateAccepted};
use wire::error::ErrorCode;
use wire::ids::SessionId;

#[tokio::test(flavor = "multi_thread")]
async fn the_old_recovery_phrase_after_a_new_one_was_made() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let old = alice.phrase.clone();
    alice.change_phrase().await?;
    ensure!(alice.phrase != old);

    let mut thief = Person::at(&server, "alice", "whatever it was")?;
    let refusal =
        thief.recover(&old, "the thief's new passphrase").await.err().context("the old phrase opened")?;
    ensure!(refusal.server() == Some(ErrorCode::WrongCredentials), "{refusal}");
    let mut lost = Person::at(&server, "alice", "forgotten")?;
    lost.recover(&alice.phrase, "a new one by the new phrase").await?;
    Ok(Person::at(&server, "alice", "a new one by the new phrase")?.sign_in().await?)
}

/// The server keeps the slot of the old phrase and gives it out with the newest account. (With the whole
/// old account it would still open: the account key stays the same; www/docs/key-hierarchy.md says so.)
#[tokio::test(flavor = "multi_thread")]
async fn the_slot_of_the_old_phrase_in_the_new_account() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let before: AccountView = alice.http.get("/account").await?;
    let (old, slot) = (alice.phrase.clone(), object(&before, ObjectKind::SlotRecovery)?.clone());
    alice.change_phrase().await?;
    let mut view: AccountView = alice.http.get("/account").await?;
    view.objects.retain(|object| object.kind != ObjectKind::SlotRecovery);
    view.objects.push(slot);

    let mut device = Person::at(&server, "alice", "forgotten")?;
    let answer = serde_json::json!({ "account": view, "response": wire::sealed::OpaqueMessage(vec![1; 64]) });
    device.http.evil.lie(move |exchange| {
        // The honest server has refused; this one does not.
        if exchange.method == "POST" && exchange.path == "/recovery/open" {
            exchange.status = 200;
            exchange.answered = answer.to_string().into_bytes();
        }
    });
    refused(device.recover(&old, "a new passphrase for it").await, &[Code::Tampered])?;
    let asked = device.http.evil.since(0);
    ensure!(asked == ["POST /recovery/start", "POST /recovery/open"], "{asked:?}");
    Ok(())
}

/// Whoever took over a session, but has not the passphrase, must not take the way back from its owner.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_phrase_without_the_passphrase() -> Result<()> {
    let server = Server::start().await?;
    let mallory = Person::new(&server, "mallory").await?;
    let mut alice = Person::new(&server, "alice").await?;

    // A passphrase that is not hers: the login does not come to an end.
    let Reply::Phrase { .. } = alice.ask(Command::MakePhrase).await? else { bail!("no phrase") };
    let wrong = Command::StartPhraseChange { passphrase: Confidential("not the passphrase".into()) };
    let Reply::LoginStart { request } = alice.ask(wrong).await? else { bail!("no login") };
    let login: LoginStartResponse = alice.http.json("POST", "/sessions/start", &request).await?;
    refused(alice.ask(Command::FinishPhraseChange { login }).await.map(|_| ()), &[Code::WrongPassphrase])?;

    // Her request with the proof of another account's passphrase.
    let right = Command::StartPhraseChange { passphrase: Confidential(alice.passphrase.clone()) };
    let Reply::LoginStart { request } = alice.ask(right).await? else { bail!("no login") };
    let login = alice.http.json("POST", "/sessions/start", &request).await?;
    let Reply::PhraseFinish { mut request } = alice.ask(Command::FinishPhraseChange { login }).await? else {
        bail!("no request")
    };
    let (foreign, start) = insider::Login::start(&address("mallory")?, &mallory.passphrase)?;
    let answer: LoginStartResponse = alice.http.json("POST", "/sessions/start", &start).await?;
    let proof = foreign.finish(&answer)?.0;
    (request.login_id, request.ke3) = (proof.login_id, proof.ke3);
    let outcome: Outcome<StateAccepted> = alice.http.json("POST", "/account/recovery", &request).await;
    let refusal = outcome.err().context("another account's proof was taken")?;
    ensure!(refusal.server() == Some(ErrorCode::WrongCredentials), "{refusal}");

    // The phrase she has still holds.
    let mut device = Person::at(&server, "alice", "forgotten")?;
    Ok(device.recover(&alice.phrase, "by the phrase of before").await?)
}

/// The server shows the name of one session at another, so that the person ends the wrong one.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_sessions_exchanged() -> Result<()> {
    let server = Server::start().await?;
    let mut desk = Person::new(&server, "alice").await?;
    let mut phone = Person::at(&server, "alice", &desk.passphrase)?;
    phone.sign_in().await?;
    for (person, name) in [(&mut desk, "desk"), (&mut phone, "phone")] {
        let sessions: Vec<SessionView> = person.http.get("/sessions").await?;
        let own = sessions.iter().find(|session| session.current).context("the own session")?.id;
        let seal = Command::SealSessionLabel { session: own, label: name.into() };
        let Reply::SessionLabel { label } = person.ask(seal).await? else { bail!("no name") };
        let label = wire::accounts::SessionLabel { label };
        person.http.json::<()>("PUT", "/sessions/current/label", &label).await?;
    }
    let sessions: Vec<SessionView> = desk.http.get("/sessions").await?;
    let [one, other] = sessions.as_slice() else { bail!("{} sessions", sessions.len()) };
    let rows = vec![(one.id, one.label.clone()), (other.id, other.label.clone())];
    let mut names = open_names(&mut desk, rows).await?;
    names.sort();
    ensure!(names == [Some("desk".to_owned()), Some("phone".to_owned())], "{names:?}");

    let exchanged = vec![(one.id, other.label.clone()), (other.id, one.label.clone())];
    let names = open_names(&mut desk, exchanged).await?;
    ensure!(names == [None, None], "an exchanged name was shown: {names:?}");
    Ok(())
}

async fn open_names(
    person: &mut Person,
    labels: Vec<(SessionId, Option<wire::sealed::SealedEnvelope>)>,
) -> Result<Vec<Option<String>>> {
    match person.ask(Command::OpenSessionLabels { labels }).await? {
        Reply::SessionLabels { labels } => Ok(labels),
        other => bail!("{other:?}"),
    }
}
