//! The accounts room through the router, with real OPAQUE.

use super::test_client::*;
use crate::app::random;
use axum::http::Method;
use ed25519_dalek::SigningKey;
use wire::accounts::*;
use wire::error::ErrorCode;
use wire::ids::{AccountId, HandshakeId, ObjectId, SessionId};
use wire::plaintext::Invitation;
use wire::sealed::*;

#[tokio::test]
async fn a_person_registers_and_signs_in() {
    let server = Server::start().await;
    let info: ServerInfo = server.get("/server", None).await.json();
    assert_eq!((info.domain.as_str(), info.registration), ("hedgerow.test", Registration::Open));
    let alice = server.register("alice").await;
    assert_eq!(alice.view.objects.len(), 7);
    assert!(alice.view.used_bytes > 0 && alice.view.quota_bytes > alice.view.used_bytes);
    let again = alice.login(&server).await;
    assert_eq!(again.view, alice.view);
    assert_ne!(again.cookie, alice.cookie);
    assert_eq!(server.get("/account", again.cookie()).await.json::<AccountView>(), alice.view);
    assert_eq!(server.get("/account", None).await.error(), ErrorCode::NotSignedIn);
    assert_eq!(server.get("/account", Some("__Host-sid=AAAA")).await.error(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn a_wrong_passphrase_and_a_used_ke3_are_refused() {
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let (_, wrong) = alice.begin_login(&server, b"not the passphrase").await;
    assert!(wrong.is_none(), "the client itself learns that the passphrase is wrong");
    let (_, right) = alice.begin_login(&server, &alice.passphrase).await;
    let mut bent = right.clone().unwrap();
    bent.ke3.0[0] ^= 1;
    assert_eq!(server.post("/sessions", None, &bent).await.error(), ErrorCode::WrongCredentials);
    assert_eq!(server.post("/sessions", None, &right).await.error(), ErrorCode::HandshakeExpired);
    let (_, right) = alice.begin_login(&server, &alice.passphrase).await;
    assert!(server.post("/sessions", None, &right).await.status.is_success());
    assert_eq!(server.post("/sessions", None, &right).await.error(), ErrorCode::HandshakeExpired);
    let (_, right) = alice.begin_login(&server, &alice.passphrase).await;
    let unknown = LoginFinishRequest { login_id: HandshakeId(random()), ..right.unwrap() };
    assert_eq!(server.post("/sessions", None, &unknown).await.error(), ErrorCode::HandshakeExpired);
}

#[tokio::test]
async fn unknown_addresses_look_like_known_ones() {
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let nobody = Person { address: address("nobody"), ..alice.clone() };
    let (known, _) = alice.begin_login(&server, &alice.passphrase).await;
    let (unknown, finish) = nobody.begin_login(&server, &alice.passphrase).await;
    assert!(finish.is_none());
    let sizes = |reply: &LoginStartResponse| (serde_json::to_vec(reply).unwrap().len(), reply.ke2.0.len());
    assert_eq!(sizes(&known), sizes(&unknown));
    assert_eq!(known.ke2.0.len(), 320);
    let (again, _) = nobody.begin_login(&server, &alice.passphrase).await;
    assert_eq!(unknown.account_id, again.account_id, "a decoy is as stable as an account");
    assert_ne!(unknown.account_id, known.account_id);
    let forged = LoginFinishRequest { login_id: again.login_id, ke3: OpaqueMessage(vec![0; 64]) };
    assert_eq!(server.post("/sessions", None, &forged).await.error(), ErrorCode::WrongCredentials);

    let start = async |who: &Person| -> RecoveryStartResponse {
        let request = RecoveryStartRequest { address: who.address.clone() };
        server.post("/recovery/start", None, &request).await.json()
    };
    let (known, unknown) = (start(&alice).await, start(&nobody).await);
    assert_eq!(unknown.account_id, again.account_id);
    assert_eq!(serde_json::to_vec(&known).unwrap().len(), serde_json::to_vec(&unknown).unwrap().len());
    let open = RecoveryOpenRequest {
        recovery_id: unknown.recovery_id,
        signature: nobody.answer(&unknown),
        request: Registering::begin(b"new").request,
    };
    assert_eq!(server.post("/recovery/open", None, &open).await.error(), ErrorCode::WrongCredentials);
}

#[tokio::test]
async fn logins_of_one_account_run_out_and_of_an_unknown_one_too() {
    let variables =
        [("HEDGEROW_ACCOUNTS__REGISTRATION", "open"), ("HEDGEROW_LIMITS__ACCOUNT_LOGINS_PER_HOUR", "2")];
    let server = Server::start_with(&variables).await;
    let alice = server.register("alice").await;
    let nobody = Person { address: address("nobody"), ..alice.clone() };
    for person in [&alice, &nobody] {
        for _ in 0..2 {
            person.begin_login(&server, b"wrong").await;
        }
        let request = RecoveryStartRequest { address: person.address.clone() };
        assert_eq!(server.post("/recovery/start", None, &request).await.error(), ErrorCode::TooMany);
    }
}

#[tokio::test]
async fn addresses_have_rules() {
    let server = Server::start().await;
    server.register("alice").await;
    let ask = async |text: &str| {
        let request = RegisterStartRequest {
            address: text.parse().unwrap(),
            invitation: None,
            suite: 1,
            request: Registering::begin(b"x").request,
        };
        server.post("/accounts/start", None, &request).await.error()
    };
    assert_eq!(ask("Alice@Hedgerow.Test").await, ErrorCode::AddressTaken);
    for name in
        ["bob@elsewhere.test", "postmaster@hedgerow.test", "ad.min@hedgerow.test", "a+b@hedgerow.test"]
    {
        assert_eq!(ask(name).await, ErrorCode::AddressNotAllowed, "{name}");
    }
}

#[tokio::test]
async fn registration_takes_only_complete_and_sealed_accounts() {
    let server = Server::start().await;
    let taken = server.register("alice").await;
    let enrolment = Enrolment::begin(&server, &address("bob"), None).await;
    let refused = async |change: &dyn Fn(&mut RegisterRequest)| {
        let mut request = enrolment.request.clone();
        change(&mut request);
        server.post("/accounts", None, &request).await.error()
    };
    assert_eq!(refused(&|r| r.ticket.0[20] ^= 1).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.ticket.0.truncate(5)).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.record.0.push(0)).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.recovery_key.0 = vec![0; 32]).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| drop(r.objects.remove(1))).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.objects.push(r.objects[4].clone())).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.objects[2].version = 2).await, ErrorCode::NotSealed);
    assert_eq!(refused(&|r| r.objects[2].object_id = ObjectId(random())).await, ErrorCode::NotSealed);
    assert_eq!(
        refused(&|r| r.objects[2].envelope.0 = b"-----BEGIN PGP".to_vec()).await,
        ErrorCode::NotSealed
    );
    let other = AccountId(random());
    let foreign = object(&other, ObjectKind::SlotPassphrase, ObjectId::default(), 1);
    assert_eq!(refused(&|r| r.objects[0] = foreign.clone()).await, ErrorCode::NotSealed);
    let stray = certificate(&address("mallory"));
    assert_eq!(refused(&|r| r.certificate = stray.clone()).await, ErrorCode::BadCertificate);
    assert_eq!(refused(&|r| r.certificate.0.truncate(40)).await, ErrorCode::BadCertificate);
    assert_eq!(
        server.get("/directory/bob@hedgerow.test", taken.cookie()).await.error(),
        ErrorCode::NoSuchRecipient
    );
    assert!(server.post("/accounts", None, &enrolment.request).await.status.is_success());
    assert_eq!(server.post("/accounts", None, &enrolment.request).await.error(), ErrorCode::AddressTaken);
}

#[tokio::test]
async fn two_registrations_of_one_address_end_in_one_account() {
    let server = Server::start().await;
    let first = Enrolment::begin(&server, &address("alice"), None).await;
    let second = Enrolment::begin(&server, &address("alice"), None).await;
    let (one, two) = tokio::join!(
        server.post("/accounts", None, &first.request),
        server.post("/accounts", None, &second.request)
    );
    assert_eq!([&one, &two].iter().filter(|reply| reply.status.is_success()).count(), 1);
    let loser = if one.status.is_success() { two } else { one };
    assert_eq!(loser.error(), ErrorCode::AddressTaken);
}

#[tokio::test]
async fn an_invitation_is_used_once() {
    let server = Server::start_with(&[("HEDGEROW_ACCOUNTS__REGISTRATION", "invite")]).await;
    let code = Invitation("hedge-1234".into());
    let hash = super::service::invitation_hash(&code);
    server
        .app
        .db
        .write(|mut tx| async move {
            tx.execute(
                "INSERT INTO invitations (code_hash, created_at) VALUES ($1, 0)",
                crate::values![&hash],
            )
            .await?;
            Ok((tx, ()))
        })
        .await
        .unwrap();
    let ask = async |invitation: Option<Invitation>| {
        let request = RegisterStartRequest {
            address: address("carol"),
            invitation,
            suite: 1,
            request: Registering::begin(b"x").request,
        };
        server.post("/accounts/start", None, &request).await.error()
    };
    assert_eq!(ask(None).await, ErrorCode::BadInvitation);
    assert_eq!(ask(Some(Invitation("other".into()))).await, ErrorCode::BadInvitation);
    let first = Enrolment::begin(&server, &address("alice"), Some(code.clone())).await;
    let second = Enrolment::begin(&server, &address("bob"), Some(code.clone())).await;
    assert!(server.post("/accounts", None, &first.request).await.status.is_success());
    assert_eq!(server.post("/accounts", None, &second.request).await.error(), ErrorCode::BadInvitation);
    assert_eq!(ask(Some(code)).await, ErrorCode::BadInvitation);

    let closed = Server::start_with(&[("HEDGEROW_ACCOUNTS__REGISTRATION", "closed")]).await;
    let request = RegisterStartRequest {
        address: address("carol"),
        invitation: None,
        suite: 1,
        request: Registering::begin(b"x").request,
    };
    assert_eq!(closed.post("/accounts/start", None, &request).await.error(), ErrorCode::RegistrationClosed);
}

#[tokio::test]
async fn sessions_are_listed_named_and_ended() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let (second, third) = (alice.login(&server).await, alice.login(&server).await);
    let label = object(&alice.account, ObjectKind::Object, ObjectId(random()), 1).envelope;
    let named = server
        .json(Method::PUT, "/sessions/current/label", second.cookie(), &SessionLabel { label: label.clone() })
        .await;
    assert!(named.status.is_success());
    let plain = SessionLabel { label: SealedEnvelope(b"Chromium on Linux".to_vec()) };
    let refused = server.json(Method::PUT, "/sessions/current/label", second.cookie(), &plain).await;
    assert_eq!(refused.error(), ErrorCode::NotSealed);
    let list =
        async |person: &Person| -> Vec<SessionView> { server.get("/sessions", person.cookie()).await.json() };
    let seen = list(&second).await;
    assert_eq!(seen.len(), 3);
    let current: Vec<_> = seen.iter().filter(|session| session.current).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0].label.as_ref(), Some(&label));

    let first_id = list(&alice).await.iter().find(|session| session.current).unwrap().id;
    let path = format!("/sessions/{first_id}");
    assert_eq!(server.delete(&path, bob.cookie()).await.error(), ErrorCode::NotFound);
    assert!(server.delete(&path, second.cookie()).await.status.is_success());
    assert_eq!(server.get("/account", alice.cookie()).await.error(), ErrorCode::NotSignedIn);
    assert!(server.delete("/sessions/others", second.cookie()).await.status.is_success());
    assert_eq!(server.get("/account", third.cookie()).await.error(), ErrorCode::NotSignedIn);
    let gone = server.delete("/sessions/current", second.cookie()).await;
    assert!(gone.cookie().ends_with("__Host-sid="));
    assert_eq!(server.get("/account", second.cookie()).await.error(), ErrorCode::NotSignedIn);
    assert!(server.get("/account", bob.cookie()).await.status.is_success());
    let unknown = format!("/sessions/{}", SessionId(random()));
    assert_eq!(server.delete(&unknown, bob.cookie()).await.error(), ErrorCode::NotFound);
}

#[tokio::test]
async fn signing_in_again_replaces_the_browsers_session() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let (_, finish) = alice.begin_login(&server, &alice.passphrase).await;
    let reply = server.post("/sessions", alice.cookie(), &finish.unwrap()).await;
    let cookie = reply.cookie();
    assert_eq!(server.get("/account", alice.cookie()).await.error(), ErrorCode::NotSignedIn);
    let (_, finish) = bob.begin_login(&server, &bob.passphrase).await;
    assert!(server.post("/sessions", Some(&cookie), &finish.unwrap()).await.status.is_success());
    let others: AccountView = server.get("/account", Some(&cookie)).await.json();
    assert_eq!(others.account_id, alice.account, "another account's session is left alone");
}

#[tokio::test]
async fn event_streams_end_with_their_session() {
    use futures::StreamExt as _;
    use std::time::Duration;
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let other = alice.login(&server).await;
    let mut ended = server.open("/vault/events", &alice.cookie).await;
    let mut kept = server.open("/vault/events", &other.cookie).await;
    for stream in [&mut ended, &mut kept] {
        assert!(stream.next().await.unwrap().unwrap().starts_with(b"event: change"));
    }
    assert!(server.delete("/sessions/others", other.cookie()).await.status.is_success());
    let patience = Duration::from_secs(5);
    let last = tokio::time::timeout(patience, ended.next()).await.unwrap().unwrap().unwrap();
    assert!(last.starts_with(b"event: ended"));
    assert!(tokio::time::timeout(patience, ended.next()).await.unwrap().is_none());
    let news = tokio::time::timeout(patience, kept.next()).await.unwrap();
    assert!(news.unwrap().unwrap().starts_with(b"event: change"));
}

#[tokio::test]
async fn the_state_moves_one_epoch_at_a_time() {
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let post = async |change: &StateChange| server.post("/account/state", alice.cookie(), change).await;
    let first = alice.change(1, &[ObjectKind::Object]);
    assert_eq!(post(&first).await.json::<StateAccepted>().epoch, 2);
    assert_eq!(post(&first).await.json::<StateAccepted>().epoch, 2, "the same change again is in place");
    assert_eq!(post(&alice.change(1, &[ObjectKind::Object])).await.error(), ErrorCode::Stale);
    let view: AccountView = server.get("/account", alice.cookie()).await.json();
    assert!(first.objects.iter().all(|object| view.objects.contains(object)));
    assert_eq!(view.objects.len(), 7);
    assert_eq!(post(&alice.change(2, &[ObjectKind::Object])).await.error(), ErrorCode::Stale, "old version");
    for slot in [ObjectKind::SlotPassphrase, ObjectKind::SlotRecovery] {
        assert_eq!(post(&alice.change(2, &[slot])).await.error(), ErrorCode::Malformed);
    }
    let mut stateless = alice.change(2, &[ObjectKind::SecretKey]);
    stateless.objects.pop();
    assert_eq!(post(&stateless).await.error(), ErrorCode::Malformed);
    let mut jump = alice.change(2, &[]);
    jump.objects = vec![object(&alice.account, ObjectKind::State, ObjectId::default(), 4)];
    assert_eq!(post(&jump).await.error(), ErrorCode::Malformed);
    let (left, right) =
        (alice.change(2, &[ObjectKind::SecretKey]), alice.change(2, &[ObjectKind::SecretKey]));
    let (one, two) = tokio::join!(post(&left), post(&right));
    assert_eq!([one, two].iter().filter(|reply| reply.status.is_success()).count(), 1);
}

#[tokio::test]
async fn a_passphrase_change_needs_the_old_one() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let other = alice.login(&server).await;
    let new = b"a new passphrase".to_vec();
    let finish = async |proof: LoginFinishRequest| {
        let registering = Registering::begin(&new);
        let start = PassphraseStartRequest { request: registering.request.clone() };
        let started: PassphraseStartResponse =
            server.post("/account/passphrase/start", alice.cookie(), &start).await.json();
        let request = PassphraseFinishRequest {
            login_id: proof.login_id,
            ke3: proof.ke3,
            record: registering.finish(&new, &alice.account, &alice.address, &started.response),
            change: alice.change(1, &[ObjectKind::SlotPassphrase]),
            end_other_sessions: true,
        };
        server.post("/account/passphrase", alice.cookie(), &request).await
    };
    let (_, of_bob) = bob.begin_login(&server, &bob.passphrase).await;
    assert_eq!(finish(of_bob.unwrap()).await.error(), ErrorCode::WrongCredentials);
    let (begun, _) = alice.begin_login(&server, b"wrong").await;
    let forged = LoginFinishRequest { login_id: begun.login_id, ke3: OpaqueMessage(vec![7; 64]) };
    assert_eq!(finish(forged).await.error(), ErrorCode::WrongCredentials);
    let (_, proof) = alice.begin_login(&server, &alice.passphrase).await;
    assert_eq!(finish(proof.unwrap()).await.json::<StateAccepted>().epoch, 2);
    assert_eq!(server.get("/account", other.cookie()).await.error(), ErrorCode::NotSignedIn);
    assert!(server.get("/account", alice.cookie()).await.status.is_success());
    assert!(alice.begin_login(&server, &alice.passphrase).await.1.is_none(), "the old one is gone");
    let renewed = Person { passphrase: new.clone(), ..alice.clone() }.login(&server).await;
    let slot = renewed.view.objects.iter().find(|object| object.kind == ObjectKind::SlotPassphrase);
    assert_eq!(slot.unwrap().version, 2);
}

#[tokio::test]
async fn the_phrase_recovers_the_account() {
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let start = async || -> RecoveryStartResponse {
        let request = RecoveryStartRequest { address: alice.address.clone() };
        server.post("/recovery/start", None, &request).await.json()
    };
    let new = b"a new passphrase".to_vec();
    let wrong = Person { phrase: SigningKey::from_bytes(&[9; 32]), ..alice.clone() };
    let started = start().await;
    let registering = Registering::begin(&new);
    let mut open = RecoveryOpenRequest {
        recovery_id: started.recovery_id,
        signature: wrong.answer(&started),
        request: registering.request.clone(),
    };
    assert_eq!(server.post("/recovery/open", None, &open).await.error(), ErrorCode::WrongCredentials);
    open.signature = alice.answer(&started);
    assert_eq!(
        server.post("/recovery/open", None, &open).await.error(),
        ErrorCode::HandshakeExpired,
        "one try"
    );

    let started = start().await;
    let finish = |record: OpaqueMessage| RecoveryFinishRequest {
        recovery_id: started.recovery_id,
        record,
        change: alice.change(1, &[ObjectKind::SlotPassphrase]),
    };
    let early = finish(OpaqueMessage(alice_record(&alice, &server).await));
    assert_eq!(
        server.post("/recovery", None, &early).await.error(),
        ErrorCode::HandshakeExpired,
        "no proof yet"
    );
    open.recovery_id = started.recovery_id;
    open.signature = alice.answer(&started);
    let opened: RecoveryOpenResponse = server.post("/recovery/open", None, &open).await.json();
    assert_eq!(opened.account, alice.view);
    let request = finish(registering.finish(&new, &alice.account, &alice.address, &opened.response));
    let reply = server.post("/recovery", None, &request).await;
    let cookie = reply.cookie();
    assert_eq!(server.get("/account", alice.cookie()).await.error(), ErrorCode::NotSignedIn);
    assert!(server.get("/account", Some(&cookie)).await.status.is_success());
    assert_eq!(server.post("/recovery", None, &request).await.error(), ErrorCode::HandshakeExpired);
    Person { passphrase: new, ..alice }.login(&server).await;
}

/// A well-formed record for the account.
async fn alice_record(alice: &Person, server: &Server) -> Vec<u8> {
    let registering = Registering::begin(b"x");
    let start = PassphraseStartRequest { request: registering.request.clone() };
    let started: PassphraseStartResponse =
        server.post("/account/passphrase/start", alice.cookie(), &start).await.json();
    registering.finish(b"x", &alice.account, &alice.address, &started.response).0
}

#[tokio::test]
async fn every_private_route_asks_for_a_session() {
    let server = Server::start().await;
    let id = HandshakeId(random());
    for (method, path) in [
        (Method::GET, "/sessions".to_owned()),
        (Method::PUT, "/sessions/current/label".into()),
        (Method::DELETE, "/sessions/current".into()),
        (Method::DELETE, "/sessions/others".into()),
        (Method::DELETE, format!("/sessions/{id}")),
        (Method::GET, "/account".into()),
        (Method::POST, "/account/state".into()),
        (Method::POST, "/account/passphrase/start".into()),
        (Method::POST, "/account/passphrase".into()),
        (Method::GET, "/directory/alice@hedgerow.test".into()),
        (Method::GET, "/mail/folders".into()),
        (Method::GET, format!("/mail/folders/{id}/messages")),
        (Method::GET, format!("/mail/messages/{id}")),
        (Method::POST, "/mail/submissions".into()),
        (Method::PUT, format!("/mail/drafts/{id}")),
        (Method::POST, "/mail/actions".into()),
    ] {
        let reply = server.send(method.clone(), &path, None, "application/json", b"{}".to_vec()).await;
        assert_eq!(reply.error(), ErrorCode::NotSignedIn, "{method} {path}");
    }
}
