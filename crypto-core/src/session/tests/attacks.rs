//! A lying server against a real session. Each test names the rule it holds.

use super::server::Server;
use super::{Client, NOW, PASSPHRASE, address, refusal, secret};
use crate::accounts::account::slot;
use crate::accounts::opaque::Registering;
use crate::accounts::slots::{AccountKey, Slot};
use crate::accounts::state::State;
use crate::secret::Passphrase;
use model::error::CoreErrorCode;
use model::worker::{Command, Reply};
use wire::accounts::{AccountView, ObjectKind};
use wire::ids::AccountId;

fn alice(server: &mut Server) -> Client {
    let mut client = Client::new(2);
    client.register(server, "alice");
    client
}

/// Signs in with a fresh browser, and shows it a view the server has changed.
fn shown(server: &mut Server, change: impl FnOnce(&mut AccountView)) -> Reply {
    let mut client = Client::new(7);
    client.prove(server, "alice", PASSPHRASE).unwrap();
    let mut view = server.view(&address("alice"));
    change(&mut view);
    client.open(view)
}

#[test]
fn r1_a_flipped_bit_in_any_object_is_refused() {
    let mut server = Server::new(1);
    alice(&mut server);
    let mut client = Client::new(7);
    client.prove(&mut server, "alice", PASSPHRASE).unwrap();
    let view = server.view(&address("alice"));
    for at in 0..view.objects.len() {
        for byte in [6, 30, 100, 130, 150] {
            let mut changed = view.clone();
            changed.objects[at].envelope.0[byte] ^= 4;
            let kind = changed.objects[at].kind;
            assert_eq!(refusal(client.open(changed)), CoreErrorCode::Tampered, "{kind:?} byte {byte}");
        }
    }
    assert!(matches!(client.open(view), Reply::Account { .. }), "the flow survives the lies");
}

#[test]
fn r3_objects_of_another_account_or_place_are_refused() {
    let mut server = Server::new(1);
    alice(&mut server);
    Client::new(3).register(&mut server, "bob");
    let foreign = server.view(&address("bob"));
    for kind in
        [ObjectKind::SlotPassphrase, ObjectKind::SecretKey, ObjectKind::CollectionKey, ObjectKind::State]
    {
        let reply = shown(&mut server, |view| {
            let theirs = foreign.objects.iter().find(|object| object.kind == kind).unwrap();
            let ours = view.objects.iter_mut().find(|object| object.kind == kind).unwrap();
            ours.envelope = theirs.envelope.clone();
        });
        assert_eq!(refusal(reply), CoreErrorCode::Tampered, "{kind:?}");
    }
    let reply = shown(&mut server, |view| {
        let pages: Vec<usize> =
            (0..view.objects.len()).filter(|at| view.objects[*at].kind == ObjectKind::Object).collect();
        let swapped = view.objects[pages[0]].envelope.clone();
        view.objects[pages[0]].envelope = view.objects[pages[1]].envelope.clone();
        view.objects[pages[1]].envelope = swapped;
    });
    assert_eq!(refusal(reply), CoreErrorCode::Tampered, "pins and settings swapped");
    let reply = shown(&mut server, |view| view.account_id = AccountId([3; 16]));
    assert_eq!(refusal(reply), CoreErrorCode::Tampered);
}

#[test]
fn r4_a_certificate_of_another_key_is_refused() {
    let mut server = Server::new(1);
    alice(&mut server);
    Client::new(3).register(&mut server, "bob");
    let foreign = server.view(&address("bob")).certificate;
    let reply = shown(&mut server, |view| view.certificate = foreign);
    assert_eq!(refusal(reply), CoreErrorCode::KeySubstituted);
}

#[test]
fn r6_a_suite_never_asked_for_is_refused_before_stretching() {
    let mut server = Server::new(1);
    let mut client = alice(&mut server);
    let start = Command::StartLogin { address: address("alice"), passphrase: secret(PASSPHRASE) };
    let Reply::LoginStart { request } = client.ask(start) else { panic!() };
    let mut response = server.login_start(&request);
    response.suite = 0;
    let mut stretched = false;
    let reply =
        client.session.handle(Command::FinishLogin { response }, &mut client.rng, &mut |_| stretched = true);
    assert_eq!(refusal(reply), CoreErrorCode::UnknownSuite);
    assert!(!stretched);
}

#[test]
fn r6_other_opaque_parameters_fail_before_ke3() {
    let mut server = Server::new(1);
    let mut client = alice(&mut server);
    server.context = b"hedgerow/opaque/v1\x02".to_vec();
    assert_eq!(client.prove(&mut server, "alice", PASSPHRASE), Err(CoreErrorCode::WrongPassphrase));
    server.context = b"hedgerow/opaque/v1\x01".to_vec();
    server.domain = "evil.test".into();
    assert_eq!(client.prove(&mut server, "alice", PASSPHRASE), Err(CoreErrorCode::WrongPassphrase));
    server.domain = "hedgerow.test".into();

    let start = Command::StartLogin { address: address("alice"), passphrase: secret(PASSPHRASE) };
    let Reply::LoginStart { request } = client.ask(start) else { panic!() };
    let mut response = server.login_start(&request);
    response.account_id = AccountId([5; 16]);
    assert_eq!(refusal(client.ask(Command::FinishLogin { response })), CoreErrorCode::WrongPassphrase);
}

#[test]
fn r7_a_state_that_asks_for_a_newer_suite_is_refused() {
    let mut server = Server::new(1);
    let mut client = Client::new(2);
    // Rebuilds the account's state with the account key, as a newer client would.
    let start = Command::StartRegistration {
        address: address("alice"),
        passphrase: secret(PASSPHRASE),
        invitation: None,
    };
    client.ask(start);
    let (registering, request) = Registering::start(Passphrase::given(PASSPHRASE), &mut client.rng).unwrap();
    let response = server.register_start(&wire::accounts::RegisterStartRequest {
        address: address("alice"),
        invitation: None,
        suite: 1,
        request,
    });
    let id = response.account_id;
    let (kek, record) =
        registering.finish(id, &address("alice"), &response.response, &mut client.rng).unwrap();
    let new = crate::accounts::account::NewAccount::make(id, &address("alice"), &kek, NOW, &mut client.rng)
        .unwrap();
    let mut view = server.register(wire::accounts::RegisterRequest {
        ticket: response.ticket,
        record,
        objects: new.objects,
        recovery_key: new.phrase.verifying_key(),
        certificate: wire::sealed::Certificate(new.certificate),
    });
    let ak = AccountKey::open(Slot::Passphrase, &kek, id, slot(&view, Slot::Passphrase).unwrap()).unwrap();
    let at = view.objects.iter().position(|object| object.kind == ObjectKind::State).unwrap();
    let (state, digest) = State::open(&ak, id, &view.objects[at]).unwrap();
    let newer = State { suite_floor: 2, ..state.next(digest) };
    view.objects[at] = newer.seal(&ak, &mut client.rng).unwrap().0;
    client.prove(&mut server, "alice", PASSPHRASE).unwrap();
    assert_eq!(refusal(client.open(view)), CoreErrorCode::UnknownSuite);
}

#[test]
fn r11_an_older_or_forked_state_is_refused() {
    let mut server = Server::new(1);
    let mut client = alice(&mut server);
    let old = server.view(&address("alice"));
    client.save_settings(&mut server, "alice", "Alice");
    client.prove(&mut server, "alice", PASSPHRASE).unwrap();
    assert_eq!(refusal(client.open(old.clone())), CoreErrorCode::RolledBack);
    assert!(matches!(client.open(server.view(&address("alice"))), Reply::Account { .. }));
    let refresh = Command::RefreshAccount { view: old.clone(), now: NOW };
    assert_eq!(refusal(client.ask(refresh)), CoreErrorCode::RolledBack);

    // A fork: the same epoch with other content.
    let mut seen = client.seen.clone().unwrap();
    seen.digest = "00".repeat(32);
    client.seen = Some(seen);
    client.prove(&mut server, "alice", PASSPHRASE).unwrap();
    assert_eq!(refusal(client.open(server.view(&address("alice")))), CoreErrorCode::RolledBack);

    // One old object under the newest state, for a browser that remembers nothing.
    let reply = shown(&mut server, |view| {
        let settings =
            view.objects.iter_mut().find(|object| object.version == 2 && object.kind == ObjectKind::Object);
        let settings = settings.unwrap();
        let before = old.objects.iter().find(|object| object.object_id == settings.object_id).unwrap();
        *settings = before.clone();
    });
    assert_eq!(refusal(reply), CoreErrorCode::Tampered);
}

#[test]
fn r24_missing_doubled_and_planted_objects_are_refused() {
    let mut server = Server::new(1);
    alice(&mut server);
    let count = server.view(&address("alice")).objects.len();
    for at in 0..count {
        let reply = shown(&mut server, |view| drop(view.objects.remove(at)));
        assert_eq!(refusal(reply), CoreErrorCode::Tampered, "object {at} missing");
    }
    let reply = shown(&mut server, |view| {
        let mut planted = view.objects[2].clone();
        planted.object_id.0[0] ^= 1;
        view.objects.push(planted);
    });
    assert_eq!(refusal(reply), CoreErrorCode::Tampered);
    let reply = shown(&mut server, |view| {
        view.objects.retain(|object| object.kind != ObjectKind::SlotRecovery);
        let doubled = view.objects.iter().find(|object| object.kind == ObjectKind::Object).unwrap().clone();
        view.objects.push(doubled);
    });
    assert_eq!(refusal(reply), CoreErrorCode::Tampered);
}
