//! One account against another's data (IDOR): every id of Alice's, asked for by Mallory and by nobody.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::person::{Http, Person, random_id};
use tests::server::Server;
use wire::error::ErrorCode;
use wire::ids::SubmissionId;
use wire::mail::{FolderRole, SubmitRequest};

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_ids_are_not_found() -> Result<()> {
    let server = Server::start().await?;
    let mut bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    let mut mallory = Person::new(&server, "mallory").await?;
    bob.send(&[&alice.address], "private", "words").await?;
    let view = alice.messages(FolderRole::Inbox).await?.first().context("mail")?.clone();
    let folder = alice.folder(FolderRole::Inbox).await?.id;
    let sessions: Value = alice.http.get("/sessions").await?;
    let session =
        sessions.as_array().and_then(|list| list.first()).and_then(|one| one.get("id")).context("session")?;
    let session = session.as_str().context("id")?.to_owned();

    let reads = [
        format!("/mail/messages/{}", view.id),
        format!("/mail/folders/{folder}/messages"),
        format!("/vault/blobs/{}", view.blob),
    ];
    for path in &reads {
        let outcome = mallory.http.get::<Value>(path).await;
        let code = outcome.as_ref().err().and_then(|refusal| refusal.server());
        ensure!(code == Some(ErrorCode::NotFound), "{path}: {outcome:?}");
        let mut nobody = Http::to(&server)?;
        let outcome = nobody.get::<Value>(path).await;
        let code = outcome.as_ref().err().and_then(|refusal| refusal.server());
        ensure!(code == Some(ErrorCode::NotSignedIn), "{path}, signed out: {outcome:?}");
    }
    let outcome = mallory.http.json::<Value>("DELETE", &format!("/sessions/{session}"), &()).await;
    ensure!(outcome.is_err(), "a foreign session was ended");
    alice.http.get::<Value>("/account").await?;

    for action in [json!({"do": "destroy"}), json!({"do": "flag", "add": ["seen"], "remove": []})] {
        let request = json!({"messages": [view.id], "action": action});
        let done: Value = mallory.http.json("POST", "/mail/actions", &request).await?;
        ensure!(done["messages"] == json!([]), "{done}");
    }
    // To a folder of someone else's, and with a blob of someone else's.
    let me = mallory.address.clone();
    mallory.send(&[&me], "own", "words").await?;
    let own = mallory.messages(FolderRole::Inbox).await?.first().context("own")?.clone();
    let request = json!({"messages": [own.id], "action": {"do": "move", "folder": folder}});
    let outcome = mallory.http.json::<Value>("POST", "/mail/actions", &request).await;
    ensure!(
        outcome.as_ref().err().and_then(|refusal| refusal.server()) == Some(ErrorCode::NotFound),
        "{outcome:?}"
    );
    let parcel = mallory.seal(Person::draft(&[&me], "theft", "of a blob")).await?;
    let request =
        SubmitRequest { blob: view.blob, submission_id: SubmissionId(random_id()), ..parcel.request };
    let outcome = mallory.http.json::<Value>("POST", "/mail/submissions", &request).await;
    ensure!(
        outcome.as_ref().err().and_then(|refusal| refusal.server()) == Some(ErrorCode::NotFound),
        "{outcome:?}"
    );

    let still = alice.messages(FolderRole::Inbox).await?.first().context("mail")?.clone();
    ensure!(still == view, "the message was changed by a stranger");
    Ok(())
}

/// `trunk serve` passes the API on from a port of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_development_server_may_change_state_if_it_is_named() -> Result<()> {
    let trunk = "http://localhost:8081";
    let client = reqwest::Client::new();
    for (settings, expected) in [(&[("http.dev_origin", trunk)][..], 200), (&[], 403)] {
        let server = Server::with(settings).await?;
        let request = client
            .post(format!("{}{}/recovery/start", server.url(), wire::API))
            .header(wire::GUARD_HEADER, "1")
            .header("sec-fetch-site", "same-origin")
            .json(&json!({"address": "alice@hedgerow.test"}));
        for (origin, expected) in [(trunk, expected), ("http://localhost:3000", 403)] {
            let request = request.try_clone().context("a request")?;
            let status = request.header("origin", origin).send().await?.status().as_u16();
            ensure!(status == expected, "{origin}: {status}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_from_other_sites_are_refused() -> Result<()> {
    let server = Server::start().await?;
    let client = reqwest::Client::new();
    let url = format!("{}{}/recovery/start", server.url(), wire::API);
    let body = json!({"address": "alice@hedgerow.test"});
    let post = || client.post(&url).json(&body);
    let own = server.url();
    let cases = [
        (post().header(wire::GUARD_HEADER, "1").header("origin", &own), 200),
        (post().header(wire::GUARD_HEADER, "1"), 200),
        (post().header("origin", &own), 403),
        (post().header(wire::GUARD_HEADER, "1").header("origin", "https://evil.example"), 403),
        (post().header(wire::GUARD_HEADER, "1").header("origin", "null"), 403),
    ];
    for (number, (request, expected)) in cases.into_iter().enumerate() {
        let status = request.send().await?.status().as_u16();
        ensure!(status == expected, "case {number}: {status}");
    }
    Ok(())
}
