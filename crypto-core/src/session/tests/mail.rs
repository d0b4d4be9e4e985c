//! Two sessions that write to each other.

use super::server::Server;
use super::{Client, NOW, address, entry, refusal};
use model::error::CoreErrorCode;
use model::mail::{AttachmentData, Author, Draft, Person, Protection};
use model::worker::{Command, Reply};
use wire::ids::{BlobId, FolderId, MessageId};
use wire::keys::DirectoryEntry;
use wire::mail::{Arrival, MessageView};
use wire::sealed::SealedMessage;

fn draft() -> Draft {
    Draft {
        from_name: "Alice".into(),
        to: vec![Person { name: String::new(), address: "bob@hedgerow.test".into() }],
        cc: vec![],
        subject: "Über die Hecke".into(),
        text: "Grüße\n".into(),
        attachments: vec![AttachmentData {
            name: "plan.bin".into(),
            media_type: "application/octet-stream".into(),
            bytes: (0..=255).collect(),
        }],
        in_reply_to: None,
        references: vec![],
    }
}

fn view(number: u8, summary: SealedMessage, size: usize) -> MessageView {
    MessageView {
        id: MessageId([number; 16]),
        folder: FolderId([1; 16]),
        uid: 1,
        blob: BlobId([number; 16]),
        size: size as u64,
        received_at: NOW,
        flags: vec![],
        seq: 1,
        arrival: Arrival::Sealed,
        summary,
    }
}

fn send(from: &mut Client, entries: Vec<DirectoryEntry>) -> (MessageView, Vec<u8>) {
    let seal = Command::SealMessage {
        draft: draft(),
        protection: Protection::SignAndSeal,
        entries,
        outside: vec![],
        now: NOW,
    };
    let reply = from.ask(seal);
    let Reply::Sealed { blob, mut deliveries, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(deliveries.len(), 1);
    (view(3, deliveries.remove(0).summary, blob.len()), blob)
}

fn read(client: &mut Client, view: &MessageView, blob: &[u8], certificates: Vec<DirectoryEntry>) -> Reply {
    client.ask(Command::OpenMessage { view: view.clone(), blob: blob.to_vec(), certificates, now: NOW })
}

fn author(reply: Reply) -> Author {
    match reply {
        Reply::Message { message } => message.author,
        other => panic!("{other:?}"),
    }
}

#[test]
fn mail_is_sealed_listed_read_and_forgotten_on_lock() {
    let mut server = Server::new(1);
    let (mut alice, mut bob) = (Client::new(2), Client::new(3));
    alice.register(&mut server, "alice");
    bob.register(&mut server, "bob");
    let (view, blob) = send(&mut alice, vec![entry(&server, "bob")]);
    let no_entry = Command::SealMessage {
        draft: draft(),
        protection: Protection::SignAndSeal,
        entries: vec![],
        outside: vec![],
        now: NOW,
    };
    assert_eq!(refusal(alice.ask(no_entry)), CoreErrorCode::UnusableCertificate);

    let Reply::Rows { rows } = bob.ask(Command::OpenRows { views: vec![view.clone()] }) else { panic!() };
    assert_eq!(rows[0].summary.as_ref().unwrap().subject, "Über die Hecke");

    let Reply::Message { message } = read(&mut bob, &view, &blob, vec![entry(&server, "alice")]) else {
        panic!()
    };
    assert_eq!(message.text.trim_end(), "Grüße");
    assert!(matches!(message.author, Author::New { .. }), "{:?}", message.author);
    assert!(!message.summary_differs);
    let ask = |index| Command::Attachment { id: view.id, index };
    let Reply::Bytes { bytes } = bob.ask(ask(0)) else { panic!() };
    assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    assert_eq!(refusal(bob.ask(ask(1))), CoreErrorCode::NoSuchAttachment);

    let mut damaged = blob.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(matches!(read(&mut bob, &view, &damaged, vec![]), Reply::Error { .. }));
    assert_eq!(author(read(&mut alice, &view, &blob, vec![])), Author::You, "the writer can read it too");
    bob.ask(Command::Lock);
    assert_eq!(refusal(bob.ask(ask(0))), CoreErrorCode::Locked);
}

#[test]
fn r15_nothing_is_sealed_to_a_changed_certificate() {
    let mut server = Server::new(1);
    let mut alice = Client::new(2);
    alice.register(&mut server, "alice");
    Client::new(3).register(&mut server, "bob");
    Client::new(4).register(&mut server, "mallory");
    let lied = DirectoryEntry { address: address("bob"), ..entry(&server, "mallory") };
    let judge = Command::JudgeRecipients { entries: vec![entry(&server, "bob")], now: NOW };
    let Reply::Recipients { change: Some(change), .. } = alice.ask(judge) else { panic!() };
    let accepted = server.change(&address("alice"), change).unwrap();
    alice.ask(Command::StateAccepted { accepted });
    let seal = Command::SealMessage {
        draft: draft(),
        protection: Protection::SignAndSeal,
        entries: vec![lied],
        outside: vec![],
        now: NOW,
    };
    assert_eq!(refusal(alice.ask(seal)), CoreErrorCode::CertificateChanged);
}

fn seal_to(from: &mut Client, to: &[&str], entries: Vec<DirectoryEntry>, outside: &[&str]) -> Reply {
    let mut draft = draft();
    draft.to = to.iter().map(|one| Person { name: String::new(), address: (*one).into() }).collect();
    let outside = outside.iter().map(|one| one.parse().unwrap()).collect();
    from.ask(Command::SealMessage { draft, protection: Protection::SignAndSeal, entries, outside, now: NOW })
}

#[test]
fn people_outside_get_plain_mail_that_says_only_what_a_mail_must() {
    let mut server = Server::new(1);
    let mut alice = Client::new(2);
    alice.register(&mut server, "alice");
    Client::new(3).register(&mut server, "bob");
    let entries = vec![entry(&server, "bob")];
    let to = ["bob@hedgerow.test", "zoe@sender.example"];
    let reply = seal_to(&mut alice, &to, entries, &["zoe@sender.example"]);
    let Reply::Sealed { deliveries, outside: Some(outside), .. } = reply else { panic!("{reply:?}") };
    assert_eq!(deliveries.len(), 1);
    assert_eq!(outside.recipients, ["zoe@sender.example".parse().unwrap()]);
    let text = String::from_utf8(outside.message.0).unwrap();
    let header = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let names: Vec<&str> = header.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]);
    assert!(header.contains("From: \"Alice\" <alice@hedgerow.test>"), "{header}");
    assert!(header.contains("@hedgerow.test>\r\nMIME") && header.contains("+0000"), "{header}");
}

#[test]
fn a_server_that_hides_a_certificate_gets_nothing_in_clear() {
    let mut server = Server::new(1);
    let mut alice = Client::new(2);
    alice.register(&mut server, "alice");
    let own_domain = seal_to(&mut alice, &["bob@hedgerow.test"], vec![], &["bob@hedgerow.test"]);
    assert_eq!(refusal(own_domain), CoreErrorCode::UnusableCertificate);
}
