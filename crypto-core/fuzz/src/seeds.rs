//! What the fuzzer begins with: one of everything we write, in every form, and a little that we only read.
//! Nothing here came from elsewhere.

use crypto_core::envelope::{self, Context, Kind};
use crypto_core::keys::{DerivationKind, LockForm, Reason, SecretCert, UnlockedKey};
use crypto_core::secret::SealingKey;
use seal::SessionKey;
use seal::armor::{self, armored};
use seal::packets::tag;
use seal::reading::{Effort, Skesk};
use seal::writing::{
    ContentKind, Naming, Options, Plan, Recipient, SignerKey, cleartext_sign, sign_detached, write,
};
use wire::ids::{AccountId, ObjectId};

use crate::accounts::SIDES;
use crate::fixture::{ADDRESS, KEYS, NOW, PASSWORD, PROFILES, rng, session_key};
use crate::messages::seal_packets;

/// A seed: a file below `seeds/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The target it is for.
    pub target: &'static str,
    /// The name of the file.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Every seed that is made; those that were found stand beside them.
#[must_use]
pub fn made() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |target, name: &str, bytes: &[u8]| {
        seeds.push(Seed { target, name: name.to_owned(), bytes: bytes.to_vec() });
    };
    messages(&mut add);
    keys(&mut add);
    accounts(&mut add);
    mails(&mut add);
    jsons(&mut add);
    seeds
}

type Add<'a> = dyn FnMut(&'static str, &str, &[u8]) + 'a;

const CONTENT: &[u8] = b"What we need from the grocery store:\n\n- tofu\n- vegetables\n- noodles\n";

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xC0 | tag, 0xFF];
    packet.extend_from_slice(&u32::try_from(body.len()).expect("a short body").to_be_bytes());
    packet.extend_from_slice(body);
    packet
}

fn literal() -> Vec<u8> {
    packet(tag::LITERAL, &[b"b\x05a.txt\0\0\0\0", CONTENT].concat())
}

/// Deflate without compression (RFC 1951 section 3.2.4), as algorithm 1 of RFC 9580 section 9.4.
fn compressed(inner: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inner.len()).expect("a short packet");
    let head = [&[1, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    packet(tag::COMPRESSED, &[&head, inner].concat())
}

fn signed_by(owner: &UnlockedKey, options: Options<'_>) -> Vec<u8> {
    let keys = owner.as_cert().signing_keys(NOW).expect("a key that signs");
    let [key, ..] = &keys[..] else { unreachable!("a key that signs") };
    let signers = vec![SignerKey::of(key).expect("a signer")];
    write(CONTENT, &Options { signers, ..options }, &[key], &mut rng(1), NOW).expect("a message")
}

fn messages(add: &mut Add<'_>) {
    for (owner, version) in KEYS.iter().zip([4, 6]) {
        let keys = owner.as_cert().signing_keys(NOW).expect("a key that signs");
        let [key, ..] = &keys[..] else { unreachable!("a key that signs") };
        let readers = owner.certificate().cert().cert().encryption_keys(NOW).expect("a reader");
        let plans =
            [Plan::default(), Plan::modern().with_mode(1), Plan::modern(), Plan::modern().with_mode(3)];
        for (plan, name) in plans.into_iter().zip(["cfb", "eax", "ocb", "gcm"]) {
            let recipients =
                readers.iter().map(|key| Recipient { key: key.packet(), naming: Naming::Named }).collect();
            let options = Options { recipients, plan: plan.with_chunk(0), ..Options::default() };
            add("message", &format!("{name}-v{version}"), &signed_by(owner, options));
        }
        let signed = signed_by(owner, Options::default());
        add("message", &format!("signed-v{version}"), &signed);
        add("packets", &format!("signed-v{version}"), &signed);
        add("sealed", &format!("signed-v{version}"), &[&[2 + version / 6, 0, 0, 0], &signed[..]].concat());
        let armor = Options { armor: true, kind: ContentKind::Text, ..Options::default() };
        add("message", &format!("armored-v{version}"), &signed_by(owner, armor));
        let detached = sign_detached(b"Hedgerow\r\n", ContentKind::Binary, &[key], &mut rng(1), NOW);
        let detached = detached.expect("a signature");
        add("signatures", &format!("packet-v{version}"), &detached);
        add("signatures", &format!("body-v{version}"), &detached[2..]);
        let text = armored(armor::Kind::Signature, &detached);
        add("signatures", &format!("armored-v{version}"), text.as_bytes());
        add("armor", &format!("signature-v{version}"), text.as_bytes());
        let cleartext = cleartext_sign(CONTENT, &[key], &mut rng(1), NOW).expect("signed text");
        add("cleartext", &format!("signed-v{version}"), &cleartext);
        add("armor", &format!("cleartext-v{version}"), &cleartext);
    }
    add("cleartext", "plain", CONTENT);
    add("message", "literal", &literal());
    add("message", "compressed", &compressed(&compressed(&literal())));
    add(
        "message",
        "marker-and-padding",
        &[&packet(tag::MARKER, b"PGP")[..], &literal(), &packet(21, &[0; 9])].concat(),
    );
    let parts = [&[0xC0 | tag::LITERAL, 0xE9][..], b"b\0\0\0\0\0", &[b'x'; 506], &[3], b"end"].concat();
    add("message", "in-parts", &parts);
    add("packets", "in-parts", &parts);
    add("packets", "old-lengths", &[&[0xAC, 9][..], b"b\0\0\0\0\0abc", &[0xAF], b"b\0\0\0\0\0abc"].concat());
    let password = with_password();
    add("message", "password", &password);
    add("packets", "password", &password);
    for form in 0..5 {
        add("message", &format!("session-key-{form}"), &seal_packets(form, &literal()));
        for fault in 0..4 {
            add(
                "sealed",
                &format!("literal-{form}-{fault}"),
                &[&[form, fault, 0, 30], &literal()[..]].concat(),
            );
        }
        add(
            "sealed",
            &format!("compressed-{form}"),
            &[&[form, 0, 0, 0], &compressed(&literal())[..]].concat(),
        );
        add("ciphers", &format!("mode-{form}"), &[&[form | form << 5; 37], CONTENT].concat());
        add("ciphers", &format!("mode-{form}-long"), &[&[form; 37], &[form; 700][..]].concat());
    }
    for shape in [0, 2, 6, 7, 14, 18, 36, 52, 70, 130] {
        for form in [0, 1, 2, 3, 35, 71] {
            add("written", &format!("{shape}-{form}"), &[&[shape, form, 0, 20, 65, 66], CONTENT].concat());
        }
    }
}

/// Session keys from a password that is quick to derive: simple, salted, and iterated with a low count.
fn with_password() -> Vec<u8> {
    let mut message = Vec::new();
    let mut key: Option<SessionKey> = None;
    for s2k in [&[0, 8][..], b"\x01\x08saltsalt", b"\x03\x08saltsalt\0"] {
        let body = [&[4, 9], s2k].concat();
        let packet_body = Skesk::parse(&body).expect("a session key packet");
        key = packet_body.session_key(PASSWORD, &mut Effort::within(1 << 17, 1 << 7)).ok();
        message.extend(packet(3, &body));
    }
    let key = key.expect("a session key");
    let mut sealed = vec![1];
    let cipher = key.cipher().expect("a cipher");
    let mut sealer = bulk::cfb::Sealer::new(cipher, key.bytes(), &[5; 16]).expect("a cipher");
    sealer.push(&literal(), &mut sealed);
    sealer.finish(&mut sealed);
    message.extend(packet(tag::SEIPD, &sealed));
    message
}

fn keys(add: &mut Add<'_>) {
    for ((owner, profile), version) in KEYS.iter().zip(PROFILES).zip([4, 6]) {
        let cert = owner.certificate().cert();
        add("certificate", &format!("fresh-v{version}"), cert.bytes());
        add("certificate", &format!("armored-v{version}"), cert.cert().to_armor().as_bytes());
        add("armor", &format!("certificate-v{version}"), cert.cert().to_armor().as_bytes());
        add("packets", &format!("certificate-v{version}"), cert.bytes());
        let secret = owner.to_secret_bytes().expect("a secret key");
        add("secret_key", &format!("plain-v{version}"), &secret);
        let parse = || SecretCert::parse(&secret).expect("our own key");
        let mut changed = parse();
        changed.add_user_id(&mut rng(2), "Bob <bob@hedgerow.test>", NOW).expect("a user id");
        changed.rotate_encryption(&mut rng(2), profile, None, NOW + 1000).expect("a new subkey");
        changed.revoke_user_id(&mut rng(2), "Bob <bob@hedgerow.test>", NOW + 2000).expect("revoked");
        add("certificate", &format!("changed-v{version}"), &changed.cert().to_bytes());
        let mut revoked = parse();
        revoked.revoke(&mut rng(2), Reason::Retired, "no longer used", NOW).expect("revoked");
        add("certificate", &format!("revoked-v{version}"), &revoked.cert().to_bytes());
        let revocation = parse().revocation_certificate(&mut rng(2), Reason::Compromised, "", NOW);
        add("signatures", &format!("revocation-v{version}"), revocation.expect("made").as_bytes());
        let mut stripped = parse();
        stripped.strip_primary();
        add("secret_key", &format!("stripped-v{version}"), &stripped.to_bytes().expect("written"));
        for (form, name) in [(LockForm::Iterated, "iterated"), (LockForm::Argon2Aead, "argon2")] {
            add("secret_key", &format!("{name}-v{version}"), &locked(parse(), form));
        }
        let armor = parse().to_armor().expect("armored");
        add("secret_key", &format!("armored-v{version}"), armor.as_bytes());
    }
    let ring = [KEYS[0].certificate_bytes(), KEYS[1].certificate_bytes()].concat();
    add("certificate", "ring", &ring);
}

/// Locked with the password, by a derivation that costs next to nothing: we make only costly ones, so a costly
/// one is written, made cheap, and read.
fn locked(mut key: SecretCert, form: LockForm) -> Vec<u8> {
    let derivation = SecretCert::new_derivation(&mut rng(3), form);
    key.set_derived(&mut rng(3), &derivation, &vec![0; derivation.key_len()]).expect("locked");
    let mut bytes = key.to_bytes().expect("written").to_vec();
    let (costly, cheap) = match derivation.kind() {
        DerivationKind::Argon2 { salt, passes, lanes, memory } => {
            ([&salt[..], &[*passes, *lanes, *memory]].concat(), [&salt[..], &[1, 1, 4]].concat())
        }
        DerivationKind::Iterated { salt, count, .. } => {
            ([&salt[..], &[*count]].concat(), [&salt[..], &[0]].concat())
        }
        _ => unreachable!("the two forms there are"),
    };
    for at in 0..bytes.len() - costly.len() {
        if bytes[at..].starts_with(&costly) {
            bytes[at..at + cheap.len()].copy_from_slice(&cheap);
        }
    }
    let derivations = SecretCert::parse(&bytes).expect("made cheap").derivations();
    let [derivation] = &derivations[..] else { unreachable!("one derivation for all packets") };
    let derived = derivation.derive(PASSWORD).expect("a cheap derivation");
    key.set_derived(&mut rng(3), derivation, &derived).expect("locked");
    let written = key.to_bytes().expect("written").to_vec();
    let mut read = SecretCert::parse(&written).expect("what was written is read");
    assert!(read.is_locked() && read.unlock(PASSWORD).is_ok_and(|opened| opened > 0), "the password fits");
    written
}

fn accounts(add: &mut Add<'_>) {
    let key = SealingKey::from_bytes([7; 32]);
    for (kind, name) in [(Kind::Object, "object"), (Kind::Chunk, "chunk"), (Kind::State, "state")] {
        let context = Context::new(AccountId([1; 16]), kind, ObjectId([2; 16]), 3);
        let sealed = envelope::seal(&key, &context, CONTENT, &mut rng(4)).expect("sealed");
        add("envelope", name, &sealed);
    }
    let names = ["registration-request", "registration-response", "upload", "ke1", "ke2", "ke3"];
    for (message, name) in SIDES.messages.iter().zip(names) {
        add("opaque", name, message);
    }
}

fn mails(add: &mut Add<'_>) {
    let head = format!(
        "From: Alice <{ADDRESS}>\r\nTo: bob@hedgerow.test\r\nSubject: =?utf-8?q?Hecke_=F0=9F=8C=BF?=\r\nDate: Tue, 24 Nov 2026 14:00:00 +0000\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
    );
    add("mail", "plain", format!("{head}\r\nHello\r\n").as_bytes());
    let mixed = format!(
        "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n--b\r\nContent-Type: application/octet-stream; name*=utf-8''a%20b.txt\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"../a.txt\"\r\n\r\nSGVkZ2U=\r\n--b--\r\n"
    );
    add("mail", "mixed", mixed.as_bytes());
    let html = format!(
        "{head}Content-Type: multipart/alternative; boundary=\"x y\"\r\n\r\n--x y\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>you</b>&amp;<script>1</script>\r\n--x y--\r\n"
    );
    add("mail", "html", html.as_bytes());
    let nested = format!(
        "{head}Content-Type: message/rfc822\r\n\r\nFrom: x@x.test\r\nSubject: inner\r\n\r\nHello\r\n"
    );
    add("mail", "nested", nested.as_bytes());
    let part = format!("Content-Type: text/plain\r\nFrom: {ADDRESS}\r\nSubject: signed\r\n\r\nHello\r\n");
    let signature = KEYS[1].sign_detached(&mut rng(5), part.as_bytes(), NOW).expect("a signature");
    let signed = format!(
        "{head}Content-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"; micalg=pgp-sha512\r\n\r\n--s\r\n{part}\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n{signature}\r\n--s--\r\n"
    );
    add("mail", "signed", signed.as_bytes());
    add("summary", "empty", b"{}");
    add("summary", "row", br#"{"from":{"name":"Alice","address":"alice@hedgerow.test"},"to":[{"name":"","address":"bob@hedgerow.test"}],"subject":"Hedge","snippet":"Hello","date":1795500000000,"attachments":1,"blob_digest":"00","pad":"   "}"#);
}

fn jsons(add: &mut Add<'_>) {
    let id = "000102030405060708090a0b0c0d0e0f";
    for (name, text) in [
        ("info", r#"{"domain":"hedgerow.test","version":"0.1.0","registration":"open"}"#.to_owned()),
        ("object", format!(r#"{{"kind":"object","object_id":"{id}","version":3,"envelope":"WktFMQ=="}}"#)),
        ("entry", format!(r#"{{"address":"{ADDRESS}","certificate":"mDM="}}"#)),
        (
            "message",
            format!(
                r#"{{"id":"{id}","folder":"{id}","uid":1,"blob":"{id}","size":9,"received_at":1795500000000,"flags":["seen"],"seq":1,"arrival":"sealed","summary":"0g=="}}"#
            ),
        ),
        ("error", r#"{"code":"stale","detail":"x"}"#.to_owned()),
        ("rate", r#"{"rate_passphrase":{"passphrase":"correct horse"}}"#.to_owned()),
        ("login", format!(r#"{{"start_login":{{"address":"{ADDRESS}","passphrase":"correct horse"}}}}"#)),
        ("rows", r#"{"rows":{"rows":[]}}"#.to_owned()),
        ("draft", format!(r#"{{"to":[{{"name":"Bob","address":"{ADDRESS}"}}],"subject":"s","text":"t"}}"#)),
        ("settings", "{}".to_owned()),
        ("fingerprint", KEYS[0].fingerprint().grouped()),
        ("qr", KEYS[1].fingerprint().qr_text()),
        ("session-key", session_key().to_text(session_key().cipher().expect("a cipher")).to_string()),
        ("address", "Alice Ångström <alice@hedgerow.test>".to_owned()),
        ("passphrase", "Tr0ub4dor&3 abcabcabc 12345 qwerty".to_owned()),
    ] {
        add("wire", name, text.as_bytes());
    }
}
