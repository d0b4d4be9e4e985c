//! What needs no secret key; the rest is tested in crypto-core, which can make keys.

use crate::cert::{FetchedCert, Fingerprint, Refusal};
use crate::profile;

#[test]
fn fingerprints_read_and_write() {
    let text = "d6c38e0cb2ecbe9f2e3e02ac5ef0a7b4b3a6b1d8";
    let parsed: Fingerprint = text.parse().unwrap();
    assert_eq!(parsed.to_string(), text);
    assert_eq!(text.to_uppercase().parse::<Fingerprint>().unwrap(), parsed);
    for bad in ["", "d6c3", "5ef0a7b4b3a6b1d8", &format!("{text}0"), &text.replace('d', "g")] {
        assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
    }
}

#[test]
fn refusals_speak_in_dates() {
    assert_eq!(Refusal::Expired(0).to_string(), "expired on 1970-01-01");
    assert_eq!(Refusal::Expired(1_709_164_800_000).to_string(), "expired on 2024-02-29");
    assert_eq!(Refusal::EncryptionKeyExpired(-1).to_string(), "its encryption key expired on 1969-12-31");
}

/// RFC 9580 appendix A.3: a version 6 certificate.
const V6: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf
GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy
KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw
gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE
QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn
+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh
BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8
j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805
I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==
-----END PGP PUBLIC KEY BLOCK-----
";

#[test]
fn the_certificate_of_the_rfc_is_good() {
    let cert = FetchedCert::parse(V6.as_bytes()).unwrap();
    assert_eq!(
        cert.fingerprint().to_string(),
        "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9"
    );
    let judgement = cert.judge(1_795_500_000_000, None).unwrap();
    assert!(judgement.reads_seipd_v2);
    assert_eq!(judgement.version, 6);
    assert_eq!(judgement.encryption_key.to_string().get(..16), Some("12c83f1e706f6308"));
    assert_eq!(cert.judge(1_795_500_000_000, Some("a@b.test")).unwrap_err(), Refusal::AddressMismatch);
    assert!(cert.judge(0, None).is_err());
    let binary = cert.bytes().to_vec();
    assert_eq!(FetchedCert::parse(&binary).unwrap().fingerprint(), cert.fingerprint());
}

/// Every version 6 signature has a salt of its own: a flood of them must not hash the content without end.
#[test]
fn content_is_hashed_in_a_bounded_number_of_ways() {
    let mut hashers = crate::hashing::ContentHashers::default();
    for salt in 0..2 * profile::MAX_CONTENT_HASHERS {
        let slot = hashers.slot(profile::HASH, false, &salt.to_be_bytes());
        assert_eq!(slot, (salt < profile::MAX_CONTENT_HASHERS).then_some(salt));
    }
    // Those of the same salt share one.
    assert_eq!(hashers.slot(profile::HASH, false, &3usize.to_be_bytes()), Some(3));
}
