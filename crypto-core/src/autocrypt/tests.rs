//! Autocrypt Level 1, and what a stranger may try with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::error::CoreErrorCode;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seal::cert::{FetchedCert, Refusal, Trust};
use wire::plaintext::Address;

use super::setup::SetupCode;
use super::*;
use crate::keys::gnupg_tests::Gpg;
use crate::keys::{KeyOptions, KeyProfile, LockForm, Reason, SecretCert};

const NOW: i64 = 1_795_500_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

fn rng() -> StdRng {
    StdRng::seed_from_u64(3)
}

fn make(seed: u64, id: &str) -> SecretCert {
    let ids = [id];
    let options = KeyOptions::new(KeyProfile::CompatibleV4, &ids);
    SecretCert::make(&mut StdRng::seed_from_u64(seed), &options, NOW - 100 * DAY).unwrap()
}

fn alice() -> Address {
    "alice@example.org".parse().unwrap()
}

fn field(seed: u64, preference: Preference) -> Field {
    let key = make(seed, "Alice <alice@example.org>");
    Field { address: alice(), preference, cert: FetchedCert::around(key.cert().clone()).unwrap() }
}

fn written(field: &Field) -> String {
    write(&field.address, field.preference, field.cert.cert(), NOW)
}

#[test]
fn a_field_comes_out_as_it_went_in() {
    for preference in [Preference::None, Preference::Mutual] {
        let field = field(1, preference);
        let body = written(&field);
        assert!(body.lines().all(|line| line.len() <= 78), "{body}");
        assert_eq!(parse(&body).unwrap(), field);
        assert_eq!(parse(&body.replace("\r\n ", "")).unwrap(), field);
    }
    let mut key = make(1, "Alice <alice@example.org>");
    key.add_user_id(&mut rng(), "<other@example.org>", NOW - DAY).unwrap();
    let body = write(&alice(), Preference::None, key.cert(), NOW);
    assert_eq!(parse(&body).unwrap().cert.cert().user_ids().count(), 1);
}

#[test]
fn attributes_are_read_as_the_specification_says() {
    let body = written(&field(1, Preference::None)).replace("\r\n ", "");
    let keydata = body.split_once("keydata=").unwrap().1;
    let valid = |body: &str| parse(body).is_some();
    assert!(valid(&format!("keydata={keydata}; addr=alice@example.org")));
    assert!(valid(&format!("addr=Alice@Example.ORG; _unknown=1; prefer-encrypt=mutual; keydata={keydata}")));
    let odd = format!("addr=alice@example.org; prefer-encrypt=reset; keydata={keydata}");
    assert_eq!(parse(&odd).unwrap().preference, Preference::None);
    for body in [
        format!("addr=alice@example.org; critical=1; keydata={keydata}"),
        format!("addr=alice@example.org; type=1; keydata={keydata}"),
        format!("addr=alice@example.org; addr=eve@evil.test; keydata={keydata}"),
        format!("addr=alice@example.org; keydata={keydata}; keydata={keydata}"),
        format!("keydata={keydata}"),
        "addr=alice@example.org".to_owned(),
        "addr=alice@example.org; keydata=".to_owned(),
        "addr=alice@example.org; keydata=!!!!".to_owned(),
        format!("addr=alice; keydata={keydata}"),
        format!(
            "addr=alice@example.org; keydata={}",
            STANDARD.encode(make(1, "a@b.test").to_bytes().unwrap())
        ),
        String::new(),
    ] {
        assert!(!valid(&body), "{body}");
    }
}

#[test]
fn two_fields_or_a_field_for_another_address_are_none() {
    let (one, two) = (written(&field(1, Preference::None)), written(&field(2, Preference::None)));
    let of = |bodies: &[&str]| of_author(bodies.iter().copied(), &alice());
    assert!(of(&[&one]).is_some());
    assert!(of(&[&one, "addr=x; broken"]).is_some());
    assert!(of(&[&one, &two]).is_none());
    assert!(of(&[&one, &one]).is_none());
    let eve = one.replacen("alice@example.org", "eve@evil.test", 1);
    assert!(of(&[&eve]).is_none());
    assert!(of_author([one.as_str()].into_iter(), &"eve@evil.test".parse().unwrap()).is_none());
}

/// A mail to one person must not plant certificates for others (R19).
#[test]
fn gossip_about_strangers_is_not_taken() {
    let body = written(&field(1, Preference::Mutual));
    let eve: Address = "eve@evil.test".parse().unwrap();
    let heard = gossip([body.as_str(), &body].into_iter(), &eve, &[alice()]);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].preference, Preference::None);
    assert!(gossip([body.as_str()].into_iter(), &eve, std::slice::from_ref(&eve)).is_empty());
    assert!(gossip([body.as_str()].into_iter(), &alice(), &[alice()]).is_empty());
}

#[test]
fn a_peer_follows_the_rules_of_section_2_3() {
    let (one, two) = (field(1, Preference::Mutual), field(2, Preference::None));
    let fingerprint =
        |peer: &Peer| peer.certificate(&alice(), NOW).map(|(cert, by)| (cert.fingerprint().clone(), by));
    let mut peer = Peer::default();
    peer.see(Some(NOW - 9 * DAY), NOW, None);
    assert_eq!(fingerprint(&peer), None);
    peer.see(Some(NOW - 8 * DAY), NOW, Some(&one));
    assert_eq!(fingerprint(&peer), Some((one.cert.fingerprint().clone(), true)));
    // An older mail that comes late, or is put into the mailbox, changes nothing.
    let before = peer.clone();
    peer.see(Some(NOW - 20 * DAY), NOW, Some(&two));
    assert_eq!(peer, before);
    // A date in the future counts as now: it does not keep the next mail from counting.
    peer.see(Some(NOW + 1000 * DAY), NOW - 2 * DAY, Some(&two));
    peer.see(None, NOW - DAY, Some(&one));
    assert_eq!(fingerprint(&peer), Some((one.cert.fingerprint().clone(), true)));
    // Gossip is for where there is nothing better.
    peer.hear(None, NOW, &two);
    assert_eq!(fingerprint(&peer), Some((one.cert.fingerprint().clone(), true)));
    let mut heard = Peer::default();
    heard.hear(None, NOW - DAY, &two);
    heard.hear(Some(NOW - 3 * DAY), NOW, &one);
    assert_eq!(fingerprint(&heard), Some((two.cert.fingerprint().clone(), false)));
    let json = serde_json::to_string(&peer).unwrap();
    assert_eq!(serde_json::from_str::<Peer>(&json).unwrap(), peer);
}

#[test]
fn recommendations_follow_section_2_5() {
    use Recommendation::{Available, Disable, Discourage, Encrypt};
    let recommend = |peer: &Peer, own, answers| peer.recommend(&alice(), own, answers, NOW);
    let (mutual, none) = (Preference::Mutual, Preference::None);
    let mut peer = Peer::default();
    assert_eq!(recommend(&peer, mutual, true), Disable);
    peer.hear(None, NOW - DAY, &field(2, none));
    assert_eq!(recommend(&peer, mutual, false), Discourage);
    assert_eq!(recommend(&peer, none, true), Encrypt);
    peer.see(None, NOW - 40 * DAY, Some(&field(1, mutual)));
    assert_eq!(recommend(&peer, mutual, false), Encrypt);
    assert_eq!(recommend(&peer, none, false), Available);
    peer.see(None, NOW, None);
    assert_eq!(recommend(&peer, mutual, false), Discourage);
    assert_eq!(recommend(&peer, mutual, true), Encrypt);
    assert_eq!(recommend_for_all([Encrypt, Available, Encrypt]), Available);
    assert_eq!(recommend_for_all([Encrypt, Discourage, Available]), Discourage);
    assert_eq!(recommend_for_all([Encrypt, Disable]), Disable);
    assert_eq!(recommend_for_all([]), Disable);
}

#[test]
fn a_revocation_is_not_forgotten_when_an_old_copy_comes() {
    let mut key = make(1, "Alice <alice@example.org>");
    let old = field(1, Preference::Mutual);
    key.revoke(&mut rng(), Reason::Compromised, "", NOW - 5 * DAY).unwrap();
    let revoked = Field { cert: FetchedCert::around(key.cert().clone()).unwrap(), ..old.clone() };
    assert_eq!(revoked.cert.judge(NOW, None), Err(Refusal::Revoked));
    let mut peer = Peer::default();
    peer.see(None, NOW - 3 * DAY, Some(&revoked));
    peer.see(None, NOW - DAY, Some(&old));
    assert!(peer.certificate(&alice(), NOW).is_none());
    assert_eq!(peer.recommend(&alice(), Preference::Mutual, true, NOW), Recommendation::Disable);
}

#[test]
fn fields_go_where_they_belong() {
    let cert = |seed| field(seed, Preference::None).cert.trust(Trust::FirstSeen);
    let others = [(alice(), cert(1)), ("bob@example.org".parse().unwrap(), cert(2))];
    assert_eq!(Fields::default().with_gossip(&others[..1], NOW).gossip(), "");
    let fields = Fields::default().with_gossip(&others, NOW);
    assert_eq!(fields.gossip().matches("Autocrypt-Gossip: addr=").count(), 2);
    assert_eq!(fields.own(), "");
}

#[test]
fn a_setup_message_opens_here_and_in_gnupg() {
    let key = make(1, "Alice <alice@example.org>");
    let code = SetupCode::make(&mut rng());
    assert_eq!((code.as_str().len(), code.as_str().matches('-').count()), (44, 8));
    let mail =
        setup::make(&key, Preference::Mutual, &code, &alice(), "Words for people: grüße\n", NOW, &mut rng())
            .unwrap();
    let text = String::from_utf8(mail.clone()).unwrap();
    assert!(
        text.is_ascii() && !text.contains(code.as_str()) && text.contains("Autocrypt-Setup-Message: v1\r\n")
    );
    assert_eq!(setup::code_begins(&mail).unwrap(), code.as_str()[..2]);

    let typed = format!(" {} ", code.as_str().replace('-', " "));
    let opened = setup::open(&mail, &SetupCode::parse(&typed).unwrap()).unwrap();
    assert_eq!(opened.key.to_bytes().unwrap(), key.to_bytes().unwrap());
    assert_eq!(opened.preference, Preference::Mutual);

    let gpg = Gpg::new("setup");
    let (begin, end) = (text.find("-----BEGIN").unwrap(), text.find("</pre>").unwrap());
    let (payload, said) =
        gpg.run(&["--passphrase", code.as_str(), "--decrypt"], &text.as_bytes()[begin..end]);
    assert!(said.contains("GOODMDC"), "{said}");
    gpg.run(&["--import"], &payload);
    let (listed, _) = gpg.run(&["--with-colons", "--list-secret-keys"], b"");
    let print = key.fingerprint().to_string().to_uppercase();
    assert!(String::from_utf8(listed).unwrap().contains(&print));

    // One that gpg made.
    let args = ["--passphrase", code.as_str(), "--armor", "--cipher-algo", "AES128", "--symmetric"];
    let (sealed, _) = gpg.run(&args, &payload);
    let sealed = String::from_utf8(sealed).unwrap();
    let theirs = format!("{}{}{}", &text[..begin], sealed.replace('\n', "\r\n"), &text[end..]);
    assert_eq!(setup::open(theirs.as_bytes(), &code).unwrap().key.fingerprint(), key.fingerprint());
}

#[test]
fn a_setup_message_is_refused_without_its_code_its_mark_or_a_secret() {
    let key = make(1, "Alice <alice@example.org>");
    let code = SetupCode::make(&mut rng());
    let mail = setup::make(&key, Preference::None, &code, &alice(), "", NOW, &mut rng()).unwrap();
    let refused = |mail: &[u8], code: &SetupCode| setup::open(mail, code).unwrap_err().code;
    let other = SetupCode::parse(&"1234-".repeat(9)).unwrap();
    assert_eq!(refused(&mail, &other), CoreErrorCode::WrongPassphrase);
    assert_eq!(SetupCode::parse("1234").unwrap_err().code, CoreErrorCode::WrongPassphrase);
    let text = String::from_utf8(mail).unwrap();
    for (from, to) in
        [("Message: v1", "Message: v2"), ("autocrypt-setup\r", "octet-stream\r"), ("BEGIN PGP", "X")]
    {
        assert_eq!(refused(text.replace(from, to).as_bytes(), &code), CoreErrorCode::MalformedMail, "{from}");
    }
    assert_eq!(refused(&vec![b'x'; 2 * 1024 * 1024], &code), CoreErrorCode::TooLarge);
    let mut locked = make(1, "Alice <alice@example.org>");
    locked.set_passphrase(&mut rng(), b"open sesame", LockForm::Iterated).unwrap();
    locked.lock();
    // A locked key may travel locked.
    assert!(setup::make(&locked, Preference::None, &code, &alice(), "", NOW, &mut rng()).is_ok());
    assert!(!format!("{code:?}").contains(&code.as_str()[..2]));
}

proptest! {
    #[test]
    fn foreign_fields_never_panic(body in "((addr|keydata|prefer-encrypt|_x)=|;|[ -~]){0,60}") {
        let _ = parse(&body);
    }
}
