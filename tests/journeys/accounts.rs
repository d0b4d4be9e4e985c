//! Sign-up, sign-in, settings, passphrase change, recovery, sessions.

use anyhow::{Context as _, Result, ensure};
use model::accounts::Settings;
use tests::person::Person;
use tests::refusal::Outcome;
use tests::server::Server;
use wire::accounts::{AccountView, SessionView};
use wire::error::ErrorCode;
use wire::mail::FolderRole;

fn code<T>(outcome: &Outcome<T>) -> Option<ErrorCode> {
    outcome.as_ref().err().and_then(|refusal| refusal.server())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_through_change_and_loss_of_its_passphrase() -> Result<()> {
    let server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.set(Settings { signature: "Alice from next door".into(), ..Settings::default() }).await?;
    bob.send(&[&alice.address], "before", "sealed for the first passphrase").await?;

    let mut laptop = Person::at(&server, "alice", &alice.passphrase)?;
    laptop.sign_in().await?;
    ensure!(
        laptop.account.as_ref().is_some_and(|account| account.settings.signature == "Alice from next door")
    );

    let before: AccountView = alice.http.get("/account").await?;
    alice.change_passphrase("a second and longer passphrase").await?;
    let after: AccountView = alice.http.get("/account").await?;
    // One slot and the state: nothing else was sealed again.
    let changed = after.objects.iter().filter(|object| !before.objects.contains(object)).count();
    ensure!(changed == 2, "{changed} objects changed");

    let gone: Outcome<AccountView> = laptop.http.get("/account").await;
    ensure!(code(&gone) == Some(ErrorCode::NotSignedIn), "the other session lives on: {gone:?}");
    ensure!(laptop.sign_in().await.is_err(), "the old passphrase still opens the account");
    laptop.passphrase = alice.passphrase.clone();
    laptop.sign_in().await?;

    let mut lost = Person::at(&server, "alice", "forgotten")?;
    lost.recover(&alice.phrase, "a third one, after the loss").await?;
    let inbox = lost.messages(FolderRole::Inbox).await?;
    let message = lost.read(inbox.first().context("mail")?).await?;
    ensure!(message.text.trim() == "sealed for the first passphrase");
    let gone: Outcome<AccountView> = alice.http.get("/account").await;
    ensure!(code(&gone) == Some(ErrorCode::NotSignedIn), "a session survived the recovery");
    // The phrase stays valid.
    let mut again = Person::at(&server, "alice", "forgotten twice")?;
    again.recover(&alice.phrase, "and a fourth passphrase").await?;
    let mut fresh = Person::at(&server, "alice", "and a fourth passphrase")?;
    Ok(fresh.sign_in().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_at_the_door_are_clear() -> Result<()> {
    let server = Server::start().await?;
    Person::new(&server, "alice").await?;
    let taken = Person::new(&server, "alice").await;
    ensure!(code(&taken) == Some(ErrorCode::AddressTaken), "{taken:?}");
    let mut short = Person::at(&server, "bob", "too short")?;
    let outcome = short.register().await;
    ensure!(outcome.as_ref().err().and_then(|refusal| refusal.core()).is_some(), "{outcome:?}");
    ensure!(short.http.evil.record().is_empty(), "a short passphrase was taken to the server");
    let odd = Person::new(&server, "a+b").await;
    ensure!(code(&odd) == Some(ErrorCode::AddressNotAllowed), "{odd:?}");
    let closed = Server::with(&[("accounts.registration", "closed")]).await?;
    let late = Person::new(&closed, "carol").await;
    ensure!(code(&late) == Some(ErrorCode::RegistrationClosed), "{late:?}");
    let invited = Server::with(&[("accounts.registration", "invite")]).await?;
    let uninvited = Person::new(&invited, "carol").await;
    ensure!(code(&uninvited) == Some(ErrorCode::BadInvitation), "{uninvited:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_from_elsewhere() -> Result<()> {
    let server = Server::start().await?;
    let mut desk = Person::new(&server, "alice").await?;
    let mut phone = Person::at(&server, "alice", &desk.passphrase)?;
    phone.sign_in().await?;
    let sessions: Vec<SessionView> = desk.http.get("/sessions").await?;
    ensure!(
        sessions.len() == 2 && sessions.iter().filter(|session| session.current).count() == 1,
        "{sessions:?}"
    );
    let other = sessions.iter().find(|session| !session.current).context("the phone")?;
    desk.http.json::<()>("DELETE", &format!("/sessions/{}", other.id), &()).await?;
    let gone: Outcome<AccountView> = phone.http.get("/account").await;
    ensure!(code(&gone) == Some(ErrorCode::NotSignedIn), "{gone:?}");
    phone.sign_in().await?;
    desk.http.json::<()>("DELETE", "/sessions/others", &()).await?;
    let gone: Outcome<AccountView> = phone.http.get("/account").await;
    ensure!(code(&gone) == Some(ErrorCode::NotSignedIn), "{gone:?}");
    desk.http.json::<()>("DELETE", "/sessions/current", &()).await?;
    let gone: Outcome<AccountView> = desk.http.get("/account").await;
    ensure!(code(&gone) == Some(ErrorCode::NotSignedIn), "{gone:?}");
    Ok(())
}
