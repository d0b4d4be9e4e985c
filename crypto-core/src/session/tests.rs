//! Sessions against an OPAQUE server in the test, honest and lying.

use super::Session;
use model::accounts::{SeenState, Settings};
use model::error::CoreErrorCode;
use model::mail::RecipientVerdict;
use model::worker::{Command, Confidential, Reply};
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::Server;
use wire::accounts as acc;
use wire::ids::AccountId;
use wire::keys::DirectoryEntry;
use wire::plaintext::Address;

mod attacks;
mod mail;
mod server;

const NOW: i64 = 1_795_500_000_000;
const PASSPHRASE: &str = "ocean velvet hammer noble";

fn secret(text: &str) -> Confidential {
    Confidential(text.into())
}

fn address(local: &str) -> Address {
    format!("{local}@hedgerow.test").parse().unwrap()
}

/// One browser.
struct Client {
    session: Session,
    rng: StdRng,
    seen: Option<SeenState>,
    phrase: String,
}

fn refusal(reply: Reply) -> CoreErrorCode {
    match reply {
        Reply::Error { error } => error.code,
        other => panic!("refusal expected, not {other:?}"),
    }
}

impl Client {
    fn new(seed: u64) -> Self {
        Self { session: Session::new(), rng: StdRng::seed_from_u64(seed), seen: None, phrase: String::new() }
    }

    fn ask(&mut self, command: Command) -> Reply {
        let reply = self.session.handle(command, &mut self.rng, &mut |_| ());
        match &reply {
            Reply::Account { account } => self.seen = Some(account.seen.clone()),
            Reply::Seen { seen } => self.seen = Some(seen.clone()),
            _ => (),
        }
        reply
    }

    fn register(&mut self, server: &mut Server, name: &str) -> AccountId {
        let start = Command::StartRegistration {
            address: address(name),
            passphrase: secret(PASSPHRASE),
            invitation: None,
        };
        let Reply::RegisterStart { request } = self.ask(start) else { panic!() };
        let response = server.register_start(&request);
        let id = response.account_id;
        let Reply::Registration { request, phrase } =
            self.ask(Command::FinishRegistration { response, now: NOW })
        else {
            panic!()
        };
        self.phrase = phrase.join(" ");
        let view = server.register(*request);
        let reply = self.ask(Command::OpenAccount { view, seen: None, now: NOW });
        assert!(matches!(reply, Reply::Account { .. }), "{reply:?}");
        id
    }

    /// Signs in up to the sealed account.
    fn prove(&mut self, server: &mut Server, name: &str, passphrase: &str) -> Result<(), CoreErrorCode> {
        let start = Command::StartLogin { address: address(name), passphrase: secret(passphrase) };
        let Reply::LoginStart { request } = self.ask(start) else { panic!() };
        let response = server.login_start(&request);
        match self.ask(Command::FinishLogin { response }) {
            Reply::LoginFinish { request } => {
                assert!(server.login(&request));
                Ok(())
            }
            other => Err(refusal(other)),
        }
    }

    fn open(&mut self, view: acc::AccountView) -> Reply {
        let seen = self.seen.clone();
        self.ask(Command::OpenAccount { view, seen, now: NOW })
    }

    fn login(&mut self, server: &mut Server, name: &str, passphrase: &str) -> Result<(), CoreErrorCode> {
        self.prove(server, name, passphrase)?;
        match self.open(server.view(&address(name))) {
            Reply::Account { .. } => Ok(()),
            other => Err(refusal(other)),
        }
    }

    fn save_settings(&mut self, server: &mut Server, name: &str, display_name: &str) {
        let settings = Settings { display_name: display_name.into(), ..Settings::default() };
        let reply = self.ask(Command::SealSettings { settings, now: NOW });
        let Reply::StateChange { change } = reply else { panic!("{reply:?}") };
        let accepted = server.change(&address(name), change).unwrap();
        assert!(matches!(self.ask(Command::StateAccepted { accepted }), Reply::Seen { .. }));
    }
}

fn entry(server: &Server, name: &str) -> DirectoryEntry {
    DirectoryEntry { address: address(name), certificate: server.view(&address(name)).certificate }
}

#[test]
fn an_account_is_made_locked_and_unlocked_elsewhere() {
    let mut server = Server::new(1);
    let mut client = Client::new(2);
    client.register(&mut server, "alice");
    client.save_settings(&mut server, "alice", "Alice");
    assert!(client.session.is_unlocked());
    assert!(matches!(client.ask(Command::Lock), Reply::Done));
    assert!(!client.session.is_unlocked());
    let locked =
        client.ask(Command::SealSessionLabel { session: wire::ids::SessionId([0; 16]), label: "x".into() });
    assert_eq!(refusal(locked), CoreErrorCode::Locked);

    assert_eq!(
        client.login(&mut server, "alice", "ocean velvet hammer wrong"),
        Err(CoreErrorCode::WrongPassphrase)
    );
    assert_eq!(client.login(&mut server, "nobody", PASSPHRASE), Err(CoreErrorCode::WrongPassphrase));
    client.login(&mut server, "alice", PASSPHRASE).unwrap();

    let mut elsewhere = Client::new(3);
    elsewhere.prove(&mut server, "alice", PASSPHRASE).unwrap();
    let Reply::Account { account } = elsewhere.open(server.view(&address("alice"))) else { panic!() };
    assert_eq!(account.settings.display_name, "Alice");
    assert_eq!(account.seen.epoch, 2);
    assert_eq!(Some(&account.seen), client.seen.as_ref());
}

#[test]
fn the_sizes_on_the_wire_are_the_documented_ones() {
    let mut server = Server::new(1);
    let mut client = Client::new(2);
    client.register(&mut server, "alice");
    let view = server.view(&address("alice"));
    let len = |kind| view.objects.iter().find(|object| object.kind == kind).unwrap().envelope.0.len();
    assert_eq!(len(acc::ObjectKind::SlotPassphrase), 192);
    assert_eq!(len(acc::ObjectKind::SlotRecovery), 192);
    assert_eq!(len(acc::ObjectKind::CollectionKey), 192);
    assert_eq!(server.record(&address("alice")).len(), 192);
    let start = Command::StartLogin { address: address("alice"), passphrase: secret(PASSPHRASE) };
    let Reply::LoginStart { request } = client.ask(start) else { panic!() };
    assert_eq!((request.suite, request.ke1.0.len()), (1, 96));
    assert_eq!(server.login_start(&request).ke2.0.len(), 320);
}

#[test]
fn a_passphrase_change_replaces_384_bytes() {
    let mut server = Server::new(1);
    let mut client = Client::new(2);
    client.register(&mut server, "alice");
    let before = server.view(&address("alice"));
    let wrong = Command::StartPassphraseChange {
        current: secret("not the passphrase"),
        new: secret("brand new passphrase"),
    };
    let Reply::PassphraseStart { login, registration } = client.ask(wrong) else { panic!() };
    let (login, registration) = server.passphrase_start(&login, &registration);
    let finish = Command::FinishPassphraseChange { login, registration, end_other_sessions: true, now: NOW };
    assert_eq!(refusal(client.ask(finish)), CoreErrorCode::WrongPassphrase);

    let start =
        Command::StartPassphraseChange { current: secret(PASSPHRASE), new: secret("brand new passphrase") };
    let Reply::PassphraseStart { login, registration } = client.ask(start) else { panic!() };
    let (login, registration) = server.passphrase_start(&login, &registration);
    let finish = Command::FinishPassphraseChange { login, registration, end_other_sessions: true, now: NOW };
    let Reply::PassphraseFinish { request } = client.ask(finish) else { panic!() };
    let kinds: Vec<_> = request.change.objects.iter().map(|object| object.kind).collect();
    assert_eq!(kinds, [acc::ObjectKind::SlotPassphrase, acc::ObjectKind::State]);
    assert_eq!(request.record.0.len() + request.change.objects[0].envelope.0.len(), 384);
    let accepted = server.passphrase(&address("alice"), *request);
    assert!(matches!(client.ask(Command::StateAccepted { accepted }), Reply::Seen { .. }));

    let after = server.view(&address("alice"));
    let unchanged = before.objects.iter().filter(|object| after.objects.contains(object)).count();
    assert_eq!(unchanged, before.objects.len() - 2);
    let mut elsewhere = Client::new(3);
    assert_eq!(elsewhere.login(&mut server, "alice", PASSPHRASE), Err(CoreErrorCode::WrongPassphrase));
    elsewhere.login(&mut server, "alice", "brand new passphrase").unwrap();
}

#[test]
fn the_phrase_recovers_the_account() {
    let mut server = Server::new(1);
    let mut client = Client::new(2);
    client.register(&mut server, "alice");
    client.save_settings(&mut server, "alice", "Alice");
    let phrase = client.phrase.to_uppercase();

    let mut elsewhere = Client::new(3);
    let start = |phrase: &str| Command::StartRecovery {
        address: address("alice"),
        phrase: secret(phrase),
        passphrase: secret("after the flood 42"),
    };
    assert_eq!(refusal(elsewhere.ask(start("twelve words"))), CoreErrorCode::MalformedPhrase);
    let Reply::RecoveryStart { request } = elsewhere.ask(start(&phrase)) else { panic!() };
    let response = server.recovery_start(&request);
    let Reply::RecoveryOpen { request } = elsewhere.ask(Command::ProveRecovery { response }) else {
        panic!()
    };
    let response = server.recovery_open(&request).expect("the signature holds");
    let finish = Command::FinishRecovery { response, seen: None, now: NOW };
    let Reply::RecoveryFinish { request } = elsewhere.ask(finish) else { panic!() };
    let view = server.recovery(*request);
    let Reply::Account { account } = elsewhere.open(view) else { panic!() };
    assert_eq!(account.settings.display_name, "Alice");
    assert_eq!(account.seen.epoch, 3);

    let mut third = Client::new(4);
    third.login(&mut server, "alice", "after the flood 42").unwrap();
    assert_eq!(third.login(&mut server, "alice", PASSPHRASE), Err(CoreErrorCode::WrongPassphrase));
}

#[test]
fn another_phrase_proves_nothing() {
    let mut server = Server::new(1);
    let (mut alice, mut bob) = (Client::new(2), Client::new(3));
    alice.register(&mut server, "alice");
    bob.register(&mut server, "bob");
    let start = Command::StartRecovery {
        address: address("alice"),
        phrase: secret(&bob.phrase.clone()),
        passphrase: secret("after the flood 42"),
    };
    let Reply::RecoveryStart { request } = bob.ask(start) else { panic!() };
    let response = server.recovery_start(&request);
    let Reply::RecoveryOpen { request } = bob.ask(Command::ProveRecovery { response }) else { panic!() };
    assert!(server.recovery_open(&request).is_none());
    // A server that lets it pass all the same gains nothing: the slot does not open.
    let response = server.recovery_open_unchecked(&request);
    let finish = Command::FinishRecovery { response, seen: None, now: NOW };
    assert_eq!(refusal(bob.ask(finish)), CoreErrorCode::WrongPhrase);
}

#[test]
fn changes_are_confirmed_refused_and_refreshed() {
    let mut server = Server::new(1);
    let mut one = Client::new(2);
    one.register(&mut server, "alice");
    let mut two = Client::new(3);
    two.login(&mut server, "alice", PASSPHRASE).unwrap();
    one.save_settings(&mut server, "alice", "From one");

    let settings = Settings { display_name: "From two".into(), ..Settings::default() };
    let Reply::StateChange { change } =
        two.ask(Command::SealSettings { settings: settings.clone(), now: NOW })
    else {
        panic!()
    };
    let second = two.ask(Command::SealSettings { settings: settings.clone(), now: NOW });
    assert_eq!(refusal(second), CoreErrorCode::OutOfOrder);
    assert!(server.change(&address("alice"), change).is_none(), "made on an old epoch");
    assert!(matches!(two.ask(Command::StateRejected), Reply::Done));
    let view = server.view(&address("alice"));
    let Reply::Account { account } = two.ask(Command::RefreshAccount { view, now: NOW }) else { panic!() };
    assert_eq!(account.settings.display_name, "From one");
    two.save_settings(&mut server, "alice", "From two");
    let accepted = acc::StateAccepted { epoch: 9 };
    assert_eq!(refusal(two.ask(Command::StateAccepted { accepted })), CoreErrorCode::OutOfOrder);
}

#[test]
fn recipients_are_pinned_and_a_changed_certificate_stops() {
    let mut server = Server::new(1);
    let mut alice = Client::new(2);
    alice.register(&mut server, "alice");
    Client::new(3).register(&mut server, "bob");
    Client::new(4).register(&mut server, "mallory");
    let judge = |client: &mut Client, entry: DirectoryEntry| match client
        .ask(Command::JudgeRecipients { entries: vec![entry], now: NOW })
    {
        Reply::Recipients { mut recipients, change } => (recipients.remove(0).verdict, change),
        other => panic!("{other:?}"),
    };
    let (verdict, change) = judge(&mut alice, entry(&server, "bob"));
    assert!(matches!(verdict, RecipientVerdict::New { .. }), "{verdict:?}");
    let accepted = server.change(&address("alice"), change.unwrap()).unwrap();
    alice.ask(Command::StateAccepted { accepted });
    let (verdict, change) = judge(&mut alice, entry(&server, "bob"));
    assert!(matches!(verdict, RecipientVerdict::Known { since: NOW, .. }), "{verdict:?}");
    assert!(change.is_none());
    let (verdict, _) = judge(&mut alice, entry(&server, "alice"));
    assert_eq!(verdict, RecipientVerdict::You);
    assert_eq!(alice.login(&mut server, "alice", PASSPHRASE), Ok(()));

    // The server gives out mallory's certificate under bob's address, and under alice's own.
    let lie = |name: &str| DirectoryEntry { address: address(name), ..entry(&server, "mallory") };
    for name in ["bob", "alice"] {
        let (verdict, change) = judge(&mut alice, lie(name));
        assert!(matches!(verdict, RecipientVerdict::Changed { .. }), "{verdict:?}");
        assert!(change.is_none());
    }
    let own = alice.ask(Command::AcceptCertificate { entry: lie("alice"), now: NOW });
    assert_eq!(refusal(own), CoreErrorCode::KeySubstituted);
    let garbage =
        DirectoryEntry { address: address("bob"), certificate: wire::sealed::Certificate(vec![1, 2, 3]) };
    let (verdict, _) = judge(&mut alice, garbage);
    assert!(matches!(verdict, RecipientVerdict::Unusable { .. }), "{verdict:?}");
}

#[test]
fn session_names_are_sealed() {
    let mut server = Server::new(1);
    let mut client = Client::new(2);
    client.register(&mut server, "alice");
    let (own, other) = (wire::ids::SessionId([1; 16]), wire::ids::SessionId([2; 16]));
    let Reply::SessionLabel { label } =
        client.ask(Command::SealSessionLabel { session: own, label: "Chromium on Linux".into() })
    else {
        panic!()
    };
    let broken = wire::sealed::SealedEnvelope(vec![1; 200]);
    let labels = vec![(own, None), (own, Some(label.clone())), (own, Some(broken)), (other, Some(label))];
    let Reply::SessionLabels { labels } = client.ask(Command::OpenSessionLabels { labels }) else { panic!() };
    assert_eq!(labels, [None, Some("Chromium on Linux".to_owned()), None, None]);
}

#[test]
fn commands_out_of_order_are_refused() {
    let mut client = Client::new(2);
    let early = client.ask(Command::StateRejected);
    assert_eq!(refusal(early), CoreErrorCode::Locked);
    let mut server = Server::new(1);
    Client::new(3).register(&mut server, "alice");
    let view = server.view(&address("alice"));
    assert_eq!(refusal(client.open(view)), CoreErrorCode::OutOfOrder);
    let short =
        Command::StartRegistration { address: address("x"), passphrase: secret("short"), invitation: None };
    assert_eq!(refusal(client.ask(short)), CoreErrorCode::PassphraseTooShort);
}
