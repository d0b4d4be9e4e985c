//! Round trips, and everything a lying server or sender may try.

use std::cell::RefCell;

use model::error::CoreErrorCode;
use model::mail::{AttachmentData, Author, Draft, Person, Protection, Readers};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wire::mail::{Arrival, MessageView};
use wire::plaintext::Address;
use wire::sealed::SealedMessage;

use super::*;
use crate::keys::{FetchedCert, KeyProfile, Trust, TrustedCert, UnlockedKey};

pub(super) const NOW: i64 = 1_795_500_000_000;

thread_local! {
    static KEYS: RefCell<Vec<(String, std::rc::Rc<UnlockedKey>)>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

pub(super) fn key(name: &str) -> std::rc::Rc<UnlockedKey> {
    KEYS.with(|keys| {
        if let Some((_, key)) = keys.borrow().iter().find(|(known, _)| known == name) {
            return key.clone();
        }
        let seed = name.bytes().map(u64::from).sum();
        let address = format!("{name}@hedgerow.test");
        let made =
            UnlockedKey::make(&mut StdRng::seed_from_u64(seed), KeyProfile::CompatibleV4, &address, NOW)
                .unwrap();
        let made = std::rc::Rc::new(made);
        keys.borrow_mut().push((name.to_owned(), made.clone()));
        made
    })
}

pub(super) fn address(name: &str) -> Address {
    format!("{name}@hedgerow.test").parse().unwrap()
}

pub(super) fn cert(name: &str) -> TrustedCert {
    FetchedCert::parse(key(name).certificate_bytes()).unwrap().trust(Trust::Pinned)
}

fn person(name: &str) -> Person {
    Person { name: String::new(), address: address(name).as_str().to_owned() }
}

fn draft(subject: &str, text: &str) -> Draft {
    Draft {
        from_name: "Alice Ångström".into(),
        to: vec![Person { name: "Bob \"the\" Builder".into(), ..person("bob") }],
        cc: vec![],
        subject: subject.into(),
        text: text.into(),
        attachments: vec![],
        in_reply_to: Some("<first@x.test>".into()),
        references: vec!["<zeroth@x.test>".into(), "<first@x.test>".into()],
    }
}

fn view(summary: SealedMessage) -> MessageView {
    MessageView {
        id: Default::default(),
        folder: Default::default(),
        uid: 1,
        blob: Default::default(),
        size: 0,
        received_at: NOW,
        flags: vec![],
        seq: 1,
        arrival: Arrival::Sealed,
        summary,
    }
}

fn send(draft: &Draft, protection: Protection) -> SealedMail {
    let certs = [(address("bob"), cert("bob")), (address("carol"), cert("carol"))];
    seal_message(&key("alice"), draft, protection, &address("alice"), &certs, NOW, &mut rng()).unwrap()
}

pub(super) fn known(asked: &Address) -> Option<KnownSigner> {
    let name = asked.local();
    ["alice", "bob", "carol"].contains(&name).then(|| KnownSigner {
        cert: FetchedCert::parse(key(name).certificate_bytes()).unwrap(),
        since: 5,
        kind: SignerKind::Known,
    })
}

fn receive(name: &str, sealed: &SealedMail) -> OpenedMail {
    let delivery = sealed.deliveries.iter().find(|one| one.address == address(name)).unwrap();
    open_message(&key(name), &view(delivery.summary.clone()), &sealed.blob, &known, NOW).unwrap()
}

#[test]
fn mail_comes_out_as_it_went_in() {
    for protection in [Protection::SignAndSeal, Protection::SignOnly, Protection::SealOnly] {
        let mut draft = draft("Grüße, 世界", "Hello Bob,\n\n.dot\nFrom here\n-- \ntrailing \n\nÅ\n");
        draft.cc.push(person("carol"));
        draft.attachments.push(AttachmentData {
            name: "résumé \u{202e}fdp.exe".into(),
            media_type: "text/plain".into(),
            bytes: b"\xff\xfe\r\nraw\n\0".to_vec(),
        });
        let sealed = send(&draft, protection);
        assert_eq!(sealed.deliveries.len(), 2);
        for name in ["bob", "carol"] {
            let OpenedMail { message, attachments } = receive(name, &sealed);
            assert_eq!(message.from.name, "Alice Ångström");
            assert_eq!(message.from.address, "alice@hedgerow.test");
            assert_eq!(message.to.first().unwrap().name, "Bob \"the\" Builder");
            assert_eq!(message.cc, vec![person("carol")]);
            assert_eq!(message.subject, draft.subject);
            assert_eq!(message.text, draft.text, "{protection:?}");
            assert_eq!(message.date, NOW);
            assert_eq!(message.references, draft.references);
            assert!(message.message_id.ends_with("@hedgerow.test>"));
            assert_eq!(attachments, vec![draft.attachments[0].bytes.clone()]);
            assert_eq!(message.attachments[0].name, "résumé fdp.exe");
            assert_eq!(message.readers, Readers::EndToEnd);
            assert!(!message.summary_differs, "{protection:?}");
            let fingerprint = key("alice").fingerprint().to_string();
            let expected = match protection {
                Protection::SealOnly => Author::Unsigned,
                _ => Author::Known { since: 5, fingerprint },
            };
            assert_eq!(message.author, expected, "{protection:?}");
        }
        let own = open_message(&key("alice"), &view(sealed.own_summary.clone()), &sealed.blob, &known, NOW);
        assert_eq!(own.unwrap().message.text, draft.text);
    }
}

#[test]
fn five_mebibytes_pass() {
    let mut draft = draft("big", "see attachment");
    let bytes: Vec<u8> =
        (0..5 * 1024 * 1024u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    draft.attachments.push(AttachmentData {
        name: "x".repeat(300) + ".bin",
        media_type: "application/x-thing".into(),
        bytes,
    });
    let opened = receive("bob", &send(&draft, Protection::SignAndSeal));
    assert!(opened.attachments[0] == draft.attachments[0].bytes);
    assert!(opened.message.attachments[0].name.ends_with(".bin"));
}

#[test]
fn sizes_are_padded_and_subjects_sealed() {
    let sizes: Vec<(usize, usize)> = ["a", "a subject of another length"]
        .iter()
        .map(|subject| {
            let sealed = send(&draft(subject, "text"), Protection::SignAndSeal);
            (sealed.blob.len(), sealed.own_summary.0.len())
        })
        .collect();
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn a_summary_opens_for_its_reader_only() {
    let sealed = send(&draft("s", "one  two\n> quoted\nthree"), Protection::SignAndSeal);
    let row = open_summary(&key("bob"), &view(sealed.deliveries[0].summary.clone())).unwrap();
    assert_eq!(row.snippet, "one two three");
    assert_eq!(row.blob_digest, hex::encode(sealed.digest.as_bytes()));
    let error = open_summary(&key("carol"), &view(sealed.deliveries[0].summary.clone())).unwrap_err();
    assert_eq!(error.code, CoreErrorCode::NoKeyForMessage);
}

#[test]
fn another_message_behind_a_row_is_refused() {
    let one = send(&draft("one", "1"), Protection::SignAndSeal);
    let two = send(&draft("two", "2"), Protection::SignAndSeal);
    let view = view(one.deliveries[0].summary.clone());
    let error = open_message(&key("bob"), &view, &two.blob, &known, NOW).unwrap_err();
    assert_eq!(error.code, CoreErrorCode::Tampered);
}

#[test]
fn a_summary_that_lies_is_noticed() {
    let sealed = send(&draft("one", "1"), Protection::SignAndSeal);
    let mut row = open_summary(&key("bob"), &view(sealed.deliveries[0].summary.clone())).unwrap();
    row.subject = "another".into();
    let bob = cert("bob");
    let forged = key("carol").seal_only(&mut rng(), letter::summary::write(&row), &[&bob], NOW).unwrap();
    let opened =
        open_message(&key("bob"), &view(SealedMessage(forged.bytes)), &sealed.blob, &known, NOW).unwrap();
    assert!(opened.message.summary_differs);
}

#[test]
fn a_signer_who_is_not_the_author_gets_no_badge() {
    // Carol signs and seals a mail that says it is from Alice.
    let certs = [(address("bob"), cert("bob"))];
    let sealed = seal_message(
        &key("carol"),
        &draft("s", "t"),
        Protection::SignAndSeal,
        &address("alice"),
        &certs,
        NOW,
        &mut rng(),
    )
    .unwrap();
    let opened = receive("bob", &sealed);
    let signer = key("carol").fingerprint().to_string();
    assert_eq!(opened.message.author, Author::SomeoneElse { signer: signer.clone() });

    // The server hands out Carol's certificate as Alice's: it does not name her address.
    let lookup =
        |_: &Address| Some(KnownSigner { kind: SignerKind::New, ..known(&address("carol")).unwrap() });
    let row = view(sealed.deliveries[0].summary.clone());
    let opened = open_message(&key("bob"), &row, &sealed.blob, &lookup, NOW).unwrap();
    assert_eq!(opened.message.author, Author::SomeoneElse { signer });

    let opened = open_message(&key("bob"), &row, &sealed.blob, &|_| None, NOW).unwrap();
    assert_eq!(opened.message.author, Author::Unchecked);
    assert_eq!(opened.message.wants_certificate_of, Some(address("alice")));
}

/// Seals any MIME text to Bob, perhaps signed by Alice, as a foreign program or a rogue would.
fn foreign(mime: &[u8], signed: bool) -> OpenedMail {
    let alice = key("alice");
    let bob = cert("bob");
    let blob = if signed {
        alice.sign_and_seal(&mut rng(), mime.to_vec(), &[&bob], NOW)
    } else {
        alice.seal_only(&mut rng(), mime.to_vec(), &[&bob], NOW)
    };
    open_message(&key("bob"), &view(SealedMessage(vec![])), &blob.unwrap().bytes, &known, NOW).unwrap()
}

#[test]
fn wrapping_a_signed_part_loses_the_badge() {
    let mut draft = draft("real", "signed text");
    draft.to = vec![person("bob")];
    let composed =
        compose::compose(&mut rng(), &draft, &address("alice"), compose::Purpose::Sending, NOW).unwrap();
    let signed = composed.signed(&mut rng(), &key("alice"), NOW).unwrap();
    let fingerprint = key("alice").fingerprint().to_string();
    assert_eq!(foreign(&signed, false).message.author, Author::Known { since: 5, fingerprint });

    // Text before the signed part, the signed part below another, a changed word: no badge.
    let text = String::from_utf8(signed.clone()).unwrap();
    let wrapped = format!(
        "From: alice@hedgerow.test\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n--zz\r\n\r\n\
         pay me\r\n--zz\r\n{text}\r\n--zz--\r\n"
    );
    assert_eq!(foreign(wrapped.as_bytes(), false).message.author, Author::Unsigned);
    let changed = text.replace("signed text", "forged text");
    assert_ne!(changed, text);
    assert_eq!(foreign(changed.as_bytes(), false).message.author, Author::Broken);
    // The outer subject of multipart/signed is not what is shown.
    let outer = text.replacen("Subject: real", "Subject: fake", 1);
    let opened = foreign(outer.as_bytes(), false);
    assert_eq!(opened.message.subject, "real");
    // Two authors: nobody's badge.
    let two = b"From: alice@hedgerow.test\r\nFrom: bob@hedgerow.test\r\nSubject: s\r\n\r\nx\r\n";
    assert_eq!(foreign(two, true).message.author, Author::Unchecked);
    // A signature that covers no header leaves From and Subject open: no badge.
    let bare = "From: alice@hedgerow.test\r\nSubject: s\r\nContent-Type: multipart/signed; boundary=q;\r\n \
                protocol=\"application/pgp-signature\"\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nhi\r\n--q\r\n\
                Content-Type: application/pgp-signature\r\n\r\nxx\r\n--q--\r\n";
    assert_eq!(foreign(bare.as_bytes(), false).message.author, Author::Unsigned);
}

#[test]
fn html_is_shown_as_text() {
    let mail = b"From: alice@hedgerow.test\r\nSubject: =?utf-8?Q?caf=C3=A9?=\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>you</b></p><script>evil()</script>\r\n";
    let opened = foreign(mail, true);
    assert_eq!(opened.message.subject, "café");
    assert!(opened.message.text.contains("Hello you"), "{}", opened.message.text);
    assert!(!opened.message.text.contains('<'));
}

#[test]
fn drafts_keep_what_was_typed() {
    let mut draft = draft("", "half a");
    draft.to = vec![Person { name: String::new(), address: "ali".into() }, person("bob")];
    let sealed = seal_draft(&key("alice"), &draft, &address("alice"), NOW, &mut rng()).unwrap();
    assert!(sealed.deliveries.is_empty());
    let lookup = |asked: &Address| known(asked).map(|one| KnownSigner { kind: SignerKind::You, ..one });
    let opened =
        open_message(&key("alice"), &view(sealed.own_summary), &sealed.blob, &lookup, NOW).unwrap().message;
    assert_eq!(opened.to, draft.to);
    assert_eq!(opened.author, Author::You);
    assert!(!opened.summary_differs);
}

#[test]
fn nothing_breaks_out_of_a_header() {
    let tries: [fn(&mut Draft); 8] = [
        |d| d.subject = "x\r\nBcc: eve@x.test".into(),
        |d| d.subject = "x\ny".into(),
        |d| d.from_name = "x\r\ny".into(),
        |d| d.to[0].name = "x\0y".into(),
        |d| d.to[0].address = "bob@hedgerow.test>\r\nX: y".into(),
        |d| d.in_reply_to = Some("<a@b>\r\nX: y".into()),
        |d| d.references = vec!["<a@b>\nX: y".into()],
        |d| {
            d.attachments.push(AttachmentData {
                name: "a\r\nb".into(),
                media_type: "text/plain".into(),
                bytes: vec![],
            })
        },
    ];
    let certs = [(address("bob"), cert("bob"))];
    for (index, change) in tries.iter().enumerate() {
        let mut bad = draft("s", "t");
        change(&mut bad);
        let result = seal_message(
            &key("alice"),
            &bad,
            Protection::SignAndSeal,
            &address("alice"),
            &certs,
            NOW,
            &mut rng(),
        );
        assert!(
            matches!(
                result.map_err(|error| error.code),
                Err(CoreErrorCode::MalformedMail | CoreErrorCode::MalformedAddress)
            ),
            "{index}"
        );
    }
}

#[test]
fn a_recipient_needs_a_certificate_for_the_address() {
    let seal = |certs: &[(Address, TrustedCert)], now| {
        seal_message(
            &key("alice"),
            &draft("s", "t"),
            Protection::SignAndSeal,
            &address("alice"),
            certs,
            now,
            &mut rng(),
        )
        .map_err(|error| error.code)
    };
    assert_eq!(seal(&[], NOW).unwrap_err(), CoreErrorCode::UnusableCertificate);
    assert_eq!(
        seal(&[(address("bob"), cert("carol"))], NOW).unwrap_err(),
        CoreErrorCode::UnusableCertificate
    );
    let three_years = 3 * 365 * 86_400_000;
    let late = seal(&[(address("bob"), cert("bob"))], NOW + three_years);
    assert_eq!(late.unwrap_err(), CoreErrorCode::UnusableCertificate);
}

#[test]
fn floods_are_refused() {
    let head = "From: a@b.test\r\nSubject: s\r\n";
    let long = format!("{head}X: {}\r\n\r\n", "y".repeat(300 * 1024));
    let deep = (0..40).fold(head.to_owned(), |text, i| {
        format!("{text}Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")
    });
    let wide = format!(
        "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
        "--b\r\n\r\nx\r\n".repeat(1500)
    );
    for flood in [long, deep, wide] {
        assert_eq!(mime::read(flood.as_bytes()).unwrap_err().code, CoreErrorCode::TooLarge);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_survives_composing(
        subject in "[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{0,80}",
        text in "(.|\n|  |From |\\.|=){0,200}",
        name in "[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{0,40}",
    ) {
        let mut draft = draft(&subject, &text);
        draft.text = draft.text.replace(['\r', '\0'], "");
        draft.from_name = name.clone();
        draft.attachments.push(AttachmentData {
            name: name.clone(),
            media_type: "image/png".into(),
            bytes: text.clone().into_bytes(),
        });
        let composed =
            compose::compose(&mut rng(), &draft, &address("alice"), compose::Purpose::Sending, NOW).unwrap();
        let mail = mime::read(&composed.padded()).unwrap();
        prop_assert_eq!(mail.head.subject, names::line(&subject));
        prop_assert_eq!(mail.text, draft.text);
        prop_assert_eq!(mail.head.from.name, names::line(&name));
        prop_assert_eq!(&mail.attachments[0].0.name, &names::file(&name));
        prop_assert_eq!(&mail.attachments[0].1, &draft.attachments[0].bytes);
    }

    #[test]
    fn foreign_mime_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = mime::read(&bytes);
        let _ = pgpmime::shape(&bytes);
    }

    #[test]
    fn near_mime_never_panics(
        text in "((From|To|Subject|Date|Content-Type|Content-Disposition|Content-Transfer-Encoding): |multipart/(mixed|signed|alternative); boundary=b|text/html|message/rfc822|base64|quoted-printable|filename\\*0\\*=utf-8''%|=\\?utf-8\\?[BQ]\\?|\\?=|\r\n|\r\n\r\n|--b|--|\"|<|>|[ -~]){0,120}"
    ) {
        let _ = mime::read(text.as_bytes());
        let _ = pgpmime::shape(text.as_bytes());
    }

    #[test]
    fn padme_is_close_and_never_short(len in 0usize..100_000_000) {
        let padded = padding::padme(len);
        prop_assert!(padded >= len);
        prop_assert!(padded - len <= len / 8 + 1);
    }
}
