//! Vectors of the drafts, and what a lying directory may try.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seal::cert::{Cert, FetchedCert, Refusal};
use seal::profile;

use wire::sealed::Certificate;

use super::request::z_base_32;
use super::*;
use crate::accounts::books::{Level, Pin, PinBook};
use crate::keys::{KeyOptions, KeyProfile, Reason, SecretCert};

const NOW: i64 = 1_795_500_000_000;

fn make(seed: u64, ids: &[&str]) -> SecretCert {
    let options = KeyOptions::new(KeyProfile::CompatibleV4, ids);
    SecretCert::make(&mut StdRng::seed_from_u64(seed), &options, NOW - 1_000_000).unwrap()
}

fn bytes(key: &SecretCert) -> Vec<u8> {
    key.cert().to_bytes()
}

fn fetched(key: &SecretCert) -> FetchedCert {
    FetchedCert::around(key.cert().clone()).unwrap()
}

fn alice() -> Asked {
    Asked::Address("alice@example.org".parse().unwrap())
}

fn from_wkd(bytes: &[u8], pinned: Option<&FetchedCert>) -> Result<Found, Refused> {
    judge(Source::Wkd, &alice(), bytes, pinned, NOW)
}

#[test]
fn the_vectors_of_wkd_and_dane() {
    // draft-koch-openpgp-webkey-service, section 3.1.
    let [advanced, direct] = wkd_urls("Joe.Doe@Example.ORG").unwrap();
    let hash = "iy9q119eutrkn8s1mk4r39qejnbu3n5q";
    let root = "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/";
    assert_eq!(advanced.url, format!("{root}hu/{hash}?l=Joe.Doe"));
    assert_eq!(direct.url, format!("https://example.org/.well-known/openpgpkey/hu/{hash}?l=Joe.Doe"));
    assert_eq!(wkd_policies("Example.org").unwrap()[0], format!("{root}policy"));
    // RFC 6189 section 5.1.6, and lengths that leave bits over.
    for (octets, letters) in [
        (&[][..], ""),
        (&[0x00], "yy"),
        (&[0xff], "9h"),
        (&[0xf0, 0xbf, 0xc7], "6n9hq"),
        (&[0xd4, 0x7a, 0x04], "4t7ye"),
    ] {
        assert_eq!(z_base_32(octets), letters);
    }
    // RFC 7929 section 3.
    let owner = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._openpgpkey.example.com";
    assert_eq!(dane_owner("hugh@example.com").unwrap(), owner);
}

#[test]
fn key_servers_are_asked_for_whole_fingerprints_and_escaped_addresses() {
    let key = make(1, &["<alice@example.org>"]);
    let print = key.fingerprint().to_string().to_uppercase();
    let url = |request: Result<Request, _>| request.unwrap().url;
    assert_eq!(
        url(hkp_by_address("keys.example.net", "a+b&op=x@example.org")),
        "https://keys.example.net/pks/lookup?op=get&options=mr&exact=on&search=a%2Bb%26op%3Dx%40example.org"
    );
    assert_eq!(
        url(hkp_by_fingerprint("keys.example.net", key.fingerprint())),
        format!("https://keys.example.net/pks/lookup?op=get&options=mr&search=0x{print}")
    );
    assert_eq!(
        url(vks_by_address("keys.openpgp.org", "alice@example.org")),
        "https://keys.openpgp.org/vks/v1/by-email/alice%40example.org"
    );
    assert_eq!(
        url(vks_by_fingerprint("keys.openpgp.org", key.fingerprint())),
        format!("https://keys.openpgp.org/vks/v1/by-fingerprint/{print}")
    );
}

/// What is in an address must not lead a fetch elsewhere.
#[test]
fn an_address_does_not_become_another_url() {
    for address in [
        "a@evil.test/x",
        "a@evil.test:8080",
        "a@evil.test#",
        "a@user@evil.test/",
        "a@127.0.0.1",
        "a@localhost",
        "a@[::1]",
        "a@evil.test?x",
        "a b@evil.test",
        "a\r\n@evil.test",
        "@evil.test",
        "a@",
        "a",
        "a@münchen.test",
        "a@evil.test\\x",
        "a@.test",
        "a@evil..test",
    ] {
        assert!(wkd_urls(address).is_err(), "{address}");
        assert!(dane_owner(address).is_err(), "{address}");
        assert!(vks_by_address("keys.openpgp.org", address).is_err(), "{address}");
    }
    assert!(vks_by_address("10.0.0.1", "a@example.org").is_err());
    assert!(hkp_by_address("evil.test/x?", "a@example.org").is_err());
    let [advanced, _] = wkd_urls("../../x?&l=é@example.org").unwrap();
    assert!(advanced.url.ends_with("?l=..%2F..%2Fx%3F%26l%3D%C3%A9"), "{}", advanced.url);
}

/// Whoever can keep the advanced method from being reached must not choose the direct one, which may be held by
/// somebody else.
#[test]
fn the_direct_method_is_no_way_around_the_advanced_one() {
    let begin = || WkdSearch::begin("alice@example.org").unwrap();
    assert_eq!(begin().next(Answer::Unreachable), WkdSearch::Unknown);
    assert_eq!(begin().next(Answer::Nothing), WkdSearch::Absent);
    let direct = begin().next(Answer::NoHost);
    let WkdSearch::Fetch(request, None) = &direct else { panic!("{direct:?}") };
    assert!(request.url.starts_with("https://example.org/"));
    assert_eq!(direct.clone().next(Answer::NoHost), WkdSearch::Absent);
    assert_eq!(direct.clone().next(Answer::Body(vec![1])), WkdSearch::Came(request.clone(), vec![1]));
    assert_eq!(begin().next(Answer::Nothing).next(Answer::Body(vec![1])), WkdSearch::Absent);
}

#[test]
fn what_came_has_only_what_was_asked_for() {
    let key = make(1, &["Alice <alice@example.org>", "<ceo@bank.test>", "<alice@example.org.evil.test>"]);
    let found = from_wkd(&bytes(&key), None).unwrap();
    let ids: Vec<_> = found.cert().cert().user_ids().collect();
    assert_eq!(ids, [b"Alice <alice@example.org>"]);
    assert!(!found.is_known() && !found.cert().names("ceo@bank.test", NOW));
    // Armored, as key servers answer, and twice the same.
    let armored = key.cert().to_armor();
    assert_eq!(from_wkd(format!("{armored}\n{armored}").as_bytes(), None).unwrap().cert(), found.cert());
}

#[test]
fn a_certificate_of_somebody_else_is_not_taken() {
    let mallory = make(2, &["<mallory@example.org>", "alice@example.org <mallory@example.org>"]);
    assert_eq!(from_wkd(&bytes(&mallory), None), Err(Refused::NotAsked));
    // The right certificate with hers in front of it.
    let key = make(1, &["<alice@example.org>"]);
    let both = [bytes(&mallory), bytes(&key)].concat();
    assert_eq!(from_wkd(&both, None).unwrap().cert().fingerprint(), key.fingerprint());
    let asked = Asked::Fingerprint(key.fingerprint().clone(), "alice@example.org".parse().unwrap());
    assert_eq!(judge(Source::Vks, &asked, &bytes(&mallory), None, NOW), Err(Refused::NotAsked));
    // A secret key that somebody published is no certificate.
    assert_eq!(from_wkd(&key.to_bytes().unwrap(), None), Err(Refused::NotAsked));
    assert_eq!(from_wkd(b"<html>404</html>", None), Err(Refused::Malformed));
    assert_eq!(from_wkd(b"", None), Err(Refused::Malformed));
}

#[test]
fn another_certificate_than_the_pinned_one_is_a_hard_stop() {
    let (key, other) = (make(1, &["<alice@example.org>"]), make(3, &["<alice@example.org>"]));
    let pin = fetched(&key);
    let changed = Err(Refused::Changed {
        known: key.fingerprint().to_string(),
        offered: other.fingerprint().to_string(),
    });
    assert_eq!(from_wkd(&bytes(&other), Some(&pin)), changed);
    // However good the source, and however bad the other certificate.
    let mut revoked = make(3, &["<alice@example.org>"]);
    revoked.revoke(&mut StdRng::seed_from_u64(9), Reason::Compromised, "", NOW - 500).unwrap();
    assert!(matches!(from_wkd(&bytes(&revoked), Some(&pin)), Err(Refused::Changed { .. })));
    // The pinned one among others goes on.
    let both = [bytes(&other), bytes(&key)].concat();
    let found = from_wkd(&both, Some(&pin)).unwrap();
    assert!(found.is_known());
    assert_eq!(found.cert().fingerprint(), key.fingerprint());
}

/// Who gives out an old copy takes nothing away from the pin, and what is new comes into it.
#[test]
fn a_revocation_is_learnt_and_cannot_be_taken_back() {
    let mut key = make(1, &["<alice@example.org>"]);
    let old = fetched(&key);
    key.revoke(&mut StdRng::seed_from_u64(9), Reason::Compromised, "", NOW - 500).unwrap();
    let learnt = from_wkd(&bytes(&key), Some(&old)).unwrap();
    assert!(learnt.is_known());
    assert_eq!(learnt.cert().judge(NOW, None), Err(Refusal::Revoked));
    let again = from_wkd(old.bytes(), Some(learnt.cert())).unwrap();
    assert_eq!(again.cert().judge(NOW, None), Err(Refusal::Revoked));
    assert_eq!(from_wkd(&bytes(&key), None), Err(Refused::Unusable(Refusal::Revoked)));
    // Without any user id, as a key server gives out what nobody has confirmed.
    let bare = key.cert().minimised_for("nobody@nowhere.test", NOW).to_bytes();
    let asked = Asked::Fingerprint(key.fingerprint().clone(), "alice@example.org".parse().unwrap());
    let found = judge(Source::Vks, &asked, &bare, Some(&old), NOW).unwrap();
    assert_eq!(found.cert().judge(NOW, None), Err(Refusal::Revoked));
}

#[test]
fn a_revoked_predecessor_does_not_hide_the_certificate_that_counts() {
    let mut old = make(3, &["<alice@example.org>"]);
    old.revoke(&mut StdRng::seed_from_u64(9), Reason::Superseded, "", NOW - 500).unwrap();
    let (key, other) = (make(1, &["<alice@example.org>"]), make(4, &["<alice@example.org>"]));
    let both = [bytes(&old), bytes(&key)].concat();
    assert_eq!(from_wkd(&both, None).unwrap().cert().fingerprint(), key.fingerprint());
    let two = [bytes(&key), bytes(&other)].concat();
    assert_eq!(from_wkd(&two, None), Err(Refused::Ambiguous));
}

/// CVE-2019-13050: certificates that thousands have signed to make them unusable.
#[test]
fn a_flooded_certificate_is_taken_without_its_flood() {
    let mut key = make(1, &["<alice@example.org>"]);
    let clean = from_wkd(&bytes(&key), None).unwrap();
    let mut rng = StdRng::seed_from_u64(5);
    let mut cert = key.cert().clone();
    for seed in 0..40 {
        let stranger = make(100 + seed, &["<stranger@example.net>"]);
        let certified = stranger.certify(&mut rng, &cert, "<alice@example.org>", NOW - 500);
        cert = certified.unwrap();
    }
    key.merge(&cert).unwrap();
    assert!(bytes(&key).len() > 2 * clean.cert().bytes().len());
    assert_eq!(from_wkd(&bytes(&key), None).unwrap().cert().bytes(), clean.cert().bytes());
    let flood = bytes(&key).repeat(profile::MAX_LOOKUP_BYTES / bytes(&key).len() + 1);
    assert_eq!(from_wkd(&flood, None), Err(Refused::TooLarge));
    let many: Vec<u8> =
        (0..=profile::MAX_LOOKUP_CERTS as u64).flat_map(|i| bytes(&make(200 + i, &["<a@b.test>"]))).collect();
    assert_eq!(from_wkd(&many, None), Err(Refused::TooLarge));
}

#[test]
fn sources_that_disagree_are_for_the_person_to_settle() {
    let (key, other) = (make(1, &["<alice@example.org>"]), make(3, &["<alice@example.org>"]));
    let from = |source, key: &SecretCert, pin: Option<&Cert>| {
        let pin = pin.map(|pin| FetchedCert::around(pin.clone()).unwrap());
        judge(source, &alice(), &bytes(key), pin.as_ref(), NOW).unwrap()
    };
    let (wkd, vks, hkp) =
        (from(Source::Wkd, &key, None), from(Source::Vks, &other, None), from(Source::Hkp, &other, None));
    assert_eq!(settle(&[hkp.clone(), wkd.clone()]).unwrap(), &wkd);
    assert_eq!(settle(&[vks.clone(), wkd.clone()]), Err(Refused::Ambiguous));
    assert_eq!(settle(&[hkp, from(Source::Autocrypt, &key, None)]), Err(Refused::Ambiguous));
    assert_eq!(settle(&[]), Err(Refused::NotAsked));
    let pinned = from(Source::Hkp, &key, Some(key.cert()));
    assert_eq!(settle(&[vks, pinned.clone()]).unwrap(), &pinned);
}

/// Nothing found raises trust, and nothing found replaces a pin (R19, R20).
#[test]
fn what_is_found_changes_no_trust() {
    let (mut key, other) = (make(1, &["<alice@example.org>"]), make(3, &["<alice@example.org>"]));
    let address: wire::plaintext::Address = "alice@example.org".parse().unwrap();
    for level in [Level::FirstSeen, Level::Verified] {
        let pin = |key: &SecretCert| Pin {
            fingerprint: key.fingerprint().to_string(),
            certificate: Certificate(bytes(key)),
            first_seen: 7,
            level,
        };
        let mut book = PinBook::default();
        book.remember(address.clone(), pin(&key));
        let old = fetched(&key);
        key.revoke(&mut StdRng::seed_from_u64(9), Reason::Compromised, "", NOW - 500).unwrap();
        for found in [
            from_wkd(&bytes(&other), None).unwrap(),
            from_wkd(&bytes(&other), Some(&fetched(&other))).unwrap(),
            from_wkd(&bytes(&key), Some(&old)).unwrap(),
        ] {
            book.refresh(&address, &found);
            book.remember(address.clone(), pin(&other));
            let kept = book.get(&address).unwrap();
            assert_eq!((kept.first_seen, kept.level), (7, level));
            assert_eq!(kept.fingerprint, key.fingerprint().to_string());
        }
        let kept = FetchedCert::parse(book.get(&address).unwrap().certificate.as_bytes()).unwrap();
        assert_eq!(kept.judge(NOW, None), Err(Refusal::Revoked));
        key = make(1, &["<alice@example.org>"]);
    }
}
