//! Mail to and from GnuPG 2.2, in the forms that programs around it write. Needs `gpg`.

use model::mail::{Author, Draft, Person, Protection};
use rand::rngs::OsRng;
use wire::plaintext::Address;

use super::*;
use crate::autocrypt::{self, Fields, Preference};
use crate::keys::gnupg_tests::{Gpg, now};
use crate::keys::{FetchedCert, KeyProfile, Trust, UnlockedKey};

const ALICE: &str = "alice@gnupg.test";

fn ours() -> UnlockedKey {
    UnlockedKey::make(&mut OsRng, KeyProfile::CompatibleV4, "bob@hedgerow.test", now() - 60_000).unwrap()
}

/// A GnuPG with a key of Alice and our certificate, and her certificate.
fn alice(gpg: &Gpg, key: &UnlockedKey) -> FetchedCert {
    gpg.run(&["--import"], key.certificate_bytes());
    gpg.run(&["--quick-generate-key", &format!("Alice <{ALICE}>"), "ed25519", "cert,sign", "1y"], b"");
    let (listed, _) = gpg.run(&["--with-colons", "--list-keys", ALICE], b"");
    let listed = String::from_utf8(listed).unwrap();
    let print = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
    gpg.run(&["--quick-add-key", print.trim_end_matches(':'), "cv25519", "encrypt", "1y"], b"");
    FetchedCert::parse(&gpg.run(&["--export", ALICE], b"").0).unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn sign(gpg: &Gpg, content: &str, more: &[&str]) -> String {
    let args = [&["-u", ALICE, "--detach-sign", "--armor"], more].concat();
    text(gpg.run(&args, content.as_bytes()).0)
}

fn multipart_signed(outer: &str, content: &str, signature: &str) -> String {
    crlf(&format!(
        "{outer}Content-Type: multipart/signed; micalg=\"pgp-sha256\";\n\tprotocol=\"application/pgp-signature\"; \
         boundary=\"=-=b\"\nContent-Disposition: inline\n\nThis is signed.\n--=-=b\n{content}\n--=-=b\n\
         Content-Type: application/pgp-signature; name=\"signature.asc\"\nContent-Description: Digital \
         signature\n\n{signature}\n--=-=b--\n"
    ))
}

fn multipart_encrypted(outer: &str, armored: &str) -> String {
    crlf(&format!(
        "{outer}Content-Type: multipart/encrypted;\n protocol=\"application/pgp-encrypted\";\n boundary=\"--e\"\n\n\
         This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n----e\nContent-Type: \
         application/pgp-encrypted\nContent-Description: PGP/MIME version identification\n\nVersion: 1\n\n----e\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"\n\n{armored}\n----e--\n"
    ))
}

const OUTER: &str = "From: Alice <alice@gnupg.test>\nTo: bob@hedgerow.test\nSubject: outside\n\
                     Date: Tue, 24 Nov 2026 06:30:00 +0000\nMessage-ID: <1@gnupg.test>\nMIME-Version: 1.0\n";

fn read(key: &UnlockedKey, mail: &str) -> ClaimedMail {
    let open = |message: &[u8]| key.open(message, 1_000_000);
    ClaimedMail::read(mail.as_bytes(), Some(key.fingerprint()), &open).unwrap()
}

fn signer(cert: &FetchedCert) -> KnownSigner {
    KnownSigner { cert: cert.clone(), since: 1, kind: SignerKind::Known }
}

fn by(cert: &FetchedCert) -> Author {
    Author::Known { since: 1, fingerprint: cert.fingerprint().to_string() }
}

/// mutt: no header inside. Thunderbird: `protected-headers="v1"`. Evolution: quoted-printable and a nested part.
#[test]
fn multipart_signed_by_gnupg_is_read_byte_for_byte() {
    let (gpg, key) = (Gpg::new("mail-s"), ours());
    let cert = alice(&gpg, &key);
    let mutt = crlf(
        "Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline\nContent-Transfer-Encoding: \
         quoted-printable\n\n=46rom: gr=C3=BC=C3=9Fe=20\n-- =\n\nlast line without end",
    );
    let thunderbird = crlf(
        "Content-Type: multipart/mixed; boundary=\"------in\";\n protected-headers=\"v1\"\nFrom: Alice \
         <alice@gnupg.test>\nTo: bob@hedgerow.test\nMessage-ID: <1@gnupg.test>\nSubject: inside\n\n--------in\n\
         Content-Type: text/plain; charset=UTF-8; format=flowed\n\ngrüße\n\n--------in--\n",
    );
    for (content, covers_head, subject) in [(&mutt, false, "outside"), (&thunderbird, true, "inside")] {
        for more in [&[][..], &["--textmode"]] {
            let mail = multipart_signed(OUTER, content, &sign(&gpg, content, more));
            // As it came, and as it lies in a mailbox with bare line feeds.
            for stored in [mail.clone(), mail.replace("\r\n", "\n")] {
                let mail = read(&key, &stored);
                assert_eq!(mail.from_address().unwrap().as_str(), ALICE);
                let mail = mail.verify(Some(&signer(&cert)), now());
                assert_eq!(mail.body_author(), &by(&cert), "{stored}");
                assert_eq!(mail.author(), if covers_head { mail.body_author() } else { &Author::Unsigned });
                assert_eq!(mail.head().subject, subject);
                let [section] = mail.sections() else { panic!("{} sections", mail.sections().len()) };
                assert_eq!(section.bytes(), content.as_bytes());
                assert!(section.text().contains("grüße"), "{}", section.text());
                assert!(!mail.is_sealed());
            }
            let changed =
                mail.replace("last line", "lost line").replace("gr=C3", "Gr=C3").replace("grüße", "grüsse");
            let mail = read(&key, &changed).verify(Some(&signer(&cert)), now());
            assert_eq!(mail.body_author(), &Author::Broken);
        }
    }
    // Without a certificate nothing is said, and it is asked for.
    let mail = multipart_signed(OUTER, &mutt, &sign(&gpg, &mutt, &[]));
    let unknown = read(&key, &mail).verify(None, now());
    assert_eq!(unknown.body_author(), &Author::Unchecked);
    assert_eq!(unknown.wants_certificate_of().unwrap().as_str(), ALICE);
}

#[test]
fn multipart_encrypted_by_gnupg_is_read() {
    let (gpg, key) = (Gpg::new("mail-e"), ours());
    let cert = alice(&gpg, &key);
    let seal = |content: &str, more: &[&str]| {
        let args = [&["-u", ALICE, "-r", "bob@hedgerow.test", "--armor", "--encrypt"], more].concat();
        text(gpg.run(&args, content.as_bytes()).0)
    };
    let plain = crlf("Content-Type: text/plain; charset=utf-8\n\nsecret grüße\n");
    let headed = crlf(
        "Content-Type: text/plain; charset=utf-8; protected-headers=\"v1\"\nFrom: Alice <alice@gnupg.test>\n\
         Subject: inside\n\nsecret grüße\n",
    );
    let nested = multipart_signed("", &headed, &sign(&gpg, &headed, &[]));
    let cases = [
        // Signed and sealed in one OpenPGP message, as most do; without header; sealed only; signed inside.
        (seal(&headed, &["--sign"]), by(&cert), by(&cert), "inside"),
        (seal(&plain, &["--sign"]), Author::Unsigned, by(&cert), "outside"),
        (seal(&headed, &[]), Author::Unsigned, Author::Unsigned, "inside"),
        (seal(&nested, &[]), by(&cert), by(&cert), "inside"),
        // Exchange, and others, encode what is ASCII already.
        (seal(&headed, &["--sign", "--textmode"]), by(&cert), by(&cert), "inside"),
    ];
    for (armored, author, body_author, subject) in cases {
        let mail = read(&key, &multipart_encrypted(OUTER, &armored)).verify(Some(&signer(&cert)), now());
        assert!(mail.is_sealed());
        assert_eq!(mail.author(), &author);
        assert_eq!(mail.body_author(), &body_author);
        assert_eq!(mail.head().subject, subject);
        assert!(mail.sections()[0].text().contains("secret grüße"));
    }
    // Exchange takes it apart into a multipart/mixed with an empty text in front.
    let exchange = multipart_encrypted(OUTER, &seal(&headed, &["--sign"]))
        .replace("multipart/encrypted", "multipart/mixed")
        .replacen("----e\r\n", "----e\r\nContent-Type: text/plain\r\n\r\n\r\n----e\r\n", 1);
    let mail = read(&key, &exchange).verify(Some(&signer(&cert)), now());
    assert_eq!((mail.author(), mail.head().subject.as_str()), (&by(&cert), "inside"));
    // Sealed for somebody else: the mail is shown as it came, with the message as an attachment.
    let other = UnlockedKey::make(&mut OsRng, KeyProfile::CompatibleV4, "c@x.test", now() - 60_000).unwrap();
    let shut = read(&other, &multipart_encrypted(OUTER, &seal(&headed, &[]))).verify(None, now());
    assert!(!shut.is_sealed());
    assert_eq!(shut.head().subject, "outside");
    assert!(shut.sections()[0].attachments().any(|(about, _)| about.name == "encrypted.asc"));
}

#[test]
fn inline_pgp_by_gnupg_is_read_piece_by_piece() {
    let (gpg, key) = (Gpg::new("mail-i"), ours());
    let cert = alice(&gpg, &key);
    let signed = text(gpg.run(&["-u", ALICE, "--clear-sign"], "- dashes\ngrüße \nFrom me".as_bytes()).0);
    let wrap = |body: &str| crlf(&format!("{OUTER}Content-Type: text/plain; charset=utf-8\n\n{body}"));
    let mail = read(&key, &wrap(&signed)).verify(Some(&signer(&cert)), now());
    let [only] = mail.sections() else { panic!() };
    assert_eq!((only.author(), only.text()), (&by(&cert), "- dashes\ngrüße\nFrom me"));
    assert_eq!((mail.author(), mail.body_author()), (&Author::Unsigned, &by(&cert)));
    // A footer and a greeting: shown, and by nobody.
    let mail = read(&key, &wrap(&format!("Pay me instead:\n{signed}-- \nlist footer\n")));
    let mail = mail.verify(Some(&signer(&cert)), now());
    let authors: Vec<_> = mail.sections().iter().map(|section| section.author().clone()).collect();
    assert_eq!(authors, [Author::Unsigned, by(&cert), Author::Unsigned]);
    assert!(!mail.sections()[1].text().contains("Pay") && mail.sections()[2].text().contains("footer"));
    assert_eq!(mail.body_author(), &Author::Unsigned);
    let changed =
        read(&key, &wrap(&signed.replace("From me", "From us"))).verify(Some(&signer(&cert)), now());
    assert_eq!(changed.body_author(), &Author::Broken);

    let seal = ["-u", ALICE, "-r", "bob@hedgerow.test", "--armor", "--sign", "--encrypt"];
    let sealed = text(gpg.run(&seal, "secret grüße".as_bytes()).0);
    let mail = read(&key, &wrap(&sealed)).verify(Some(&signer(&cert)), now());
    assert!(mail.is_sealed());
    assert_eq!((mail.body_author(), mail.sections()[0].text()), (&by(&cert), "secret grüße"));
}

fn draft() -> Draft {
    Draft {
        from_name: "Bob".into(),
        to: vec![Person { name: "Alice".into(), address: ALICE.into() }],
        cc: vec![],
        subject: "hidden Betreff: grüße".into(),
        text: "Hello Alice,\n\n.dot\nFrom here\n-- \ntrailing \ngrüße\n".into(),
        attachments: vec![model::mail::AttachmentData {
            name: "ä.bin".into(),
            media_type: "application/x-thing".into(),
            bytes: vec![0, 255, 13, 10],
        }],
        in_reply_to: None,
        references: vec![],
    }
}

#[test]
fn gnupg_reads_and_verifies_what_we_build() {
    let (gpg, key) = (Gpg::new("mail-b"), ours());
    let cert = alice(&gpg, &key);
    let from: Address = "bob@hedgerow.test".parse().unwrap();
    let certs = [(ALICE.parse().unwrap(), cert.clone().trust(Trust::Pinned))];
    let own = key.certificate().cert().cert();
    let fields = Fields::default().with_own(&from, Preference::Mutual, own, now());
    let build = |protection| {
        let certs: &[_] = if protection == Protection::SignOnly { &[] } else { &certs };
        let mail = for_transport(&key, &draft(), protection, &from, certs, &fields, now(), &mut OsRng);
        text(mail.unwrap())
    };

    let sealed = build(Protection::SignAndSeal);
    assert!(!sealed.contains("hidden") && sealed.contains("Subject: ...\r\n"), "{sealed}");
    assert!(sealed.is_ascii() && !sealed.replace("\r\n", "").contains(['\r', '\n']));
    let begin = sealed.find("-----BEGIN").unwrap();
    let (opened, said) = gpg.run(&["--decrypt"], &sealed.as_bytes()[begin..]);
    assert!(said.contains("GOODSIG") && said.contains("GOODMDC"), "{said}");
    let opened = text(opened);
    assert!(opened.contains("HP-Outer: Subject: ...\r\n") && opened.contains("hp=\"cipher\""), "{opened}");
    // The Autocrypt field outside is the certificate, in a form that gpg takes.
    let field = sealed.split("Autocrypt: ").nth(1).unwrap().split("\r\nMIME-Version").next().unwrap();
    let field = autocrypt::parse(&field.replace("\r\n", "")).unwrap();
    assert_eq!((field.address.as_str(), field.preference), (from.as_str(), Preference::Mutual));
    Gpg::new("mail-a").run(&["--import"], field.cert.bytes());

    let signed = build(Protection::SignOnly);
    assert!(signed.contains("hp=\"clear\"") && !signed.contains("HP-Outer"), "{signed}");
    let pgpmime::Shape::Signed(parts) = pgpmime::shape(signed.as_bytes()).unwrap() else {
        panic!("{signed}")
    };
    let (content, signature) = (gpg.0.join("content"), gpg.0.join("content.asc"));
    std::fs::write(&content, parts.content).unwrap();
    std::fs::write(&signature, &parts.signature).unwrap();
    let (content, signature) = (content.to_str().unwrap(), signature.to_str().unwrap());
    let (_, said) = gpg.run(&["--verify", signature, content], b"");
    assert!(said.contains("GOODSIG"), "{said}");

    // Sequoia, too (`apt install sq`); a machine without it has GnuPG's word.
    let ours = gpg.0.join("ours.pgp");
    std::fs::write(&ours, key.certificate_bytes()).unwrap();
    let args = ["verify", "--signer-cert", ours.to_str().unwrap(), "--detached", signature, content];
    match std::process::Command::new("sq").args(args).output() {
        Ok(sq) => assert!(sq.status.success(), "{}", String::from_utf8_lossy(&sq.stderr)),
        Err(error) => eprintln!("sq is not here: {error}"),
    }

    // And we read our own, to the letter, with the subject that was hidden.
    for (mail, sealed) in [(sealed, true), (signed, false)] {
        let mail = read(&key, &mail);
        let own = KnownSigner { kind: SignerKind::You, ..signer(key.certificate().cert()) };
        let mail = mail.verify(Some(&own), now());
        assert_eq!((mail.author(), mail.is_sealed()), (&Author::You, sealed));
        assert_eq!(mail.head().subject, draft().subject);
        assert_eq!(mail.sections()[0].text(), draft().text);
        assert_eq!(mail.sections()[0].attachments().next().unwrap().1, draft().attachments[0].bytes);
        assert_eq!(mail.confidential_fields(), if sealed { &["Subject"][..] } else { &[] });
    }
}
