//! Secret keys of every profile and form: made, locked, read, changed, used; and attacked.

use pgp::composed::{Deserializable as _, SignedSecretKey};
use pgp::packet::PublicKeyEncryptedSessionKey;
use pgp::types::{KeyDetails as _, Password, SigningKey as _};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seal::cert::Refusal;

use model::error::CoreErrorCode as Code;

use super::packet::Public;
use super::secret_cert::Head;
use super::*;

const NOW: i64 = 1_795_500_000_000;
const DAY: i64 = 86_400_000;
const KINDS: [KeyProfile; 4] =
    [KeyProfile::CompatibleV4, KeyProfile::ModernV6, KeyProfile::PostQuantumV6, KeyProfile::Rsa3072];

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn made(profile: KeyProfile) -> SecretCert {
    let ids = ["Alice <alice@hedgerow.test>", "<alice@example.test>"];
    SecretCert::make(&mut rng(), &KeyOptions::new(profile, &ids), NOW).unwrap()
}

fn fetched(cert: &SecretCert) -> FetchedCert {
    FetchedCert::around(cert.cert().clone()).unwrap()
}

fn packet_for(cert: &SecretCert, session_key: &[u8], blank: bool) -> PublicKeyEncryptedSessionKey {
    let key = cert.key_packets().find(|key| !key.primary).unwrap();
    let Some(Public::Subkey(subkey)) = &key.public else { panic!("a subkey") };
    let key = pgp::composed::RawSessionKey::from(session_key);
    if key_version(subkey) == 6 {
        let mut packet = PublicKeyEncryptedSessionKey::from_session_key_v6(rng(), &key, subkey).unwrap();
        if blank && let PublicKeyEncryptedSessionKey::V6 { fingerprint, .. } = &mut packet {
            *fingerprint = None;
        }
        return packet;
    }
    let cipher = pgp::crypto::sym::SymmetricKeyAlgorithm::AES256;
    let mut packet = PublicKeyEncryptedSessionKey::from_session_key_v3(rng(), &key, cipher, subkey).unwrap();
    if blank && let PublicKeyEncryptedSessionKey::V3 { id, .. } = &mut packet {
        *id = pgp::types::KeyId::WILDCARD;
    }
    packet
}

fn key_version(key: &pgp::packet::PublicSubkey) -> u8 {
    u8::from(key.version())
}

#[test]
fn every_profile_is_made_valid_and_used() {
    for profile in KINDS {
        let key = made(profile);
        let judged = fetched(&key).judge(NOW, Some("alice@example.test")).unwrap();
        assert_eq!(judged.expires, Some(NOW + 2 * 365 * DAY), "{profile:?}");
        assert!(!key.is_locked());
        let signers = key.signing_keys(NOW).unwrap();
        assert_eq!(signers.len(), 1);
        let digest = [3; 64];
        let hash = pgp::crypto::hash::HashAlgorithm::Sha512;
        signers[0].sign(&Password::empty(), hash, &digest).unwrap();
        assert!(key.signing_keys(NOW + 3 * 365 * DAY).is_err(), "expired");
        for blank in [false, true] {
            let packet = packet_for(&key, &[9; 32], blank);
            assert_eq!(key.session_key(&packet).unwrap().bytes(), [9; 32], "{profile:?}");
        }
        // What rPGP reads of it is the same key, and bound.
        let theirs = SignedSecretKey::from_bytes(&key.to_bytes().unwrap()[..]).unwrap();
        theirs.verify_bindings().unwrap();
        assert_eq!(format!("{key:?}"), format!("SecretCert({})", key.fingerprint()));
    }
}

#[test]
fn every_lock_form_is_opened_by_its_passphrase_only() {
    for profile in KINDS {
        for form in [LockForm::Iterated, LockForm::Argon2Aead] {
            let mut key = made(profile);
            let plain = key.to_bytes().unwrap();
            key.set_passphrase(&mut rng(), b"correct horse", form).unwrap();
            let locked = key.to_armor().unwrap();
            assert!(locked.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
            let mut again = SecretCert::parse(locked.as_bytes()).unwrap();
            assert!(again.is_locked());
            assert_eq!(again.derivations().len(), 1, "one derivation for all packets");
            assert_eq!(again.signing_keys(NOW).unwrap_err().code, Code::Locked);
            assert_eq!(again.unlock(b"wrong").unwrap_err().code, Code::WrongPassphrase);
            assert_eq!(again.unlock(b"correct horse").unwrap(), 2);
            // Unlocking does not unprotect what is written.
            assert_eq!(again.to_armor().unwrap(), locked);
            again.lock();
            assert!(again.is_locked());
            assert_eq!(again.clear_passphrase().unwrap_err().code, Code::Locked);
            // By a key that a host derived.
            let derivation = again.derivations().remove(0);
            assert_eq!(derivation.is_iterated(), form == LockForm::Iterated);
            let derived = derivation.derive(b"correct horse").unwrap();
            assert_eq!(again.unlock_with(&derivation, &derived).unwrap(), 2);
            again.clear_passphrase().unwrap();
            assert_eq!(again.to_bytes().unwrap(), plain);
            // rPGP opens it, too.
            let theirs = SignedSecretKey::from_armor_single(locked.as_bytes()).unwrap().0;
            for subkey in &theirs.secret_subkeys {
                subkey.key.unlock(&"correct horse".into(), |_, _| Ok(())).unwrap().unwrap();
            }
            theirs.primary_key.unlock(&"correct horse".into(), |_, _| Ok(())).unwrap().unwrap();
        }
    }
}

#[test]
fn the_hashes_of_a_derivation_are_the_documented_ones() {
    let derivation = SecretCert::new_derivation(&mut rng(), LockForm::Iterated);
    let hashes = derivation.hashes();
    assert_eq!(hashes.len(), 1);
    assert_eq!((hashes[0].zeros, hashes[0].octets), (0, 65_011_712));
    let unit = [&hashes[0].salt[..], b"pass"].concat();
    let all: Vec<u8> = unit.iter().copied().cycle().take(hashes[0].octets).collect();
    let hash = pgp::crypto::hash::HashAlgorithm::from(hashes[0].hash);
    assert_eq!(*derivation.derive(b"pass").unwrap(), hash.digest(&all).unwrap());
}

#[test]
fn a_greedy_derivation_is_refused() {
    // GnuPG's and RFC 9106's first choice, 2 GiB, and endless passes: refused before anything is allocated.
    for (passes, memory) in [(1, 21), (3, 31), (255, 17), (1, 255)] {
        let kind = DerivationKind::Argon2 { salt: [1; 16], passes, lanes: 4, memory };
        let error = derivation::Derivation::new(kind, 32).derive(b"x").unwrap_err();
        assert_eq!(error.code, Code::TooLarge);
    }
}

#[test]
fn overwritten_public_numbers_are_noticed_for_every_algorithm() {
    for profile in KINDS {
        let (mine, theirs) = (made(profile), {
            let ids = ["<x@y.test>"];
            SecretCert::make(&mut StdRng::seed_from_u64(8), &KeyOptions::new(profile, &ids), NOW).unwrap()
        });
        for primary in [true, false] {
            let numbers = |cert: &SecretCert| {
                cert.key_packets().find(|key| key.primary == primary).unwrap().octets.clone()
            };
            let (from, to) = (numbers(&mine), numbers(&theirs));
            if from.len() != to.len() {
                continue;
            }
            let mut bytes = mine.to_bytes().unwrap().to_vec();
            let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
            bytes[at..at + to.len()].copy_from_slice(&to);
            assert_eq!(SecretCert::parse(&bytes).unwrap_err().code, Code::KeySubstituted, "{profile:?}");
            // Locked in the form that does not authenticate it: noticed when it is opened.
            let mut locked = made(profile);
            locked.set_passphrase(&mut rng(), b"p", LockForm::Iterated).unwrap();
            let mut bytes = locked.to_bytes().unwrap().to_vec();
            let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
            bytes[at..at + to.len()].copy_from_slice(&to);
            let mut read = SecretCert::parse(&bytes).unwrap();
            assert_eq!(read.unlock(b"p").unwrap_err().code, Code::KeySubstituted, "{profile:?}");
        }
    }
}

#[test]
fn offline_primary_keys_and_rings_are_read() {
    for profile in [KeyProfile::CompatibleV4, KeyProfile::ModernV6] {
        let mut key = made(profile);
        key.strip_primary();
        let bytes = key.to_bytes().unwrap();
        let again = SecretCert::parse(&bytes).unwrap();
        assert_eq!(again.keys()[0].state, SecretState::Absent);
        assert_eq!(again.keys()[1].state, SecretState::Unlocked);
        assert_eq!(again.session_key(&packet_for(&again, &[9; 32], false)).unwrap().bytes(), [9; 32]);
        assert_eq!(again.signing_keys(NOW).unwrap_err().code, Code::Locked);
        assert_eq!(again.to_bytes().unwrap(), bytes);
        let ring = [&made(profile).to_bytes().unwrap()[..], &bytes].concat();
        assert_eq!(SecretCert::parse_many(&ring).unwrap().len(), 2);
        assert_eq!(SecretCert::parse(&ring).unwrap_err().code, Code::Malformed);
        assert_eq!(SecretCert::parse(&key.cert().to_bytes()).unwrap_err().code, Code::Malformed);
    }
}

#[test]
fn a_subkey_of_an_unknown_kind_is_kept() {
    let key = made(KeyProfile::CompatibleV4);
    let mut bytes = key.to_bytes().unwrap().to_vec();
    // A version 4 secret subkey of algorithm 99.
    bytes.extend_from_slice(&[0xc7, 10, 4, 0, 0, 0, 1, 99, 1, 2, 3, 4]);
    let again = SecretCert::parse(&bytes).unwrap();
    assert!(matches!(again.components.last().unwrap().head, Head::Unknown(_)));
    assert_eq!(again.to_bytes().unwrap()[..], bytes[..]);
    assert!(UnlockedKey::from_cert(again, key.fingerprint(), NOW).is_err(), "accounts hold no unknown parts");
}

#[test]
fn accounts_hold_every_kind() {
    for profile in KINDS {
        let mut key = made(profile);
        key.set_passphrase(&mut rng(), b"p", LockForm::Argon2Aead).unwrap();
        let fingerprint = key.fingerprint().clone();
        let held = UnlockedKey::from_cert(key, &fingerprint, NOW).unwrap();
        let bytes = held.to_secret_bytes().unwrap();
        let again = UnlockedKey::from_secret_bytes(&bytes, &fingerprint, NOW).unwrap();
        let sealed = held.sign_and_seal(&mut rng(), b"hi".to_vec(), &[held.certificate()], NOW).unwrap();
        assert_eq!(again.open(&sealed.bytes, 100).unwrap().bytes(), b"hi");
    }
}

#[test]
fn keys_are_changed() {
    for profile in [KeyProfile::CompatibleV4, KeyProfile::ModernV6] {
        let mut key = made(profile);
        let (later, mut rng) = (NOW + DAY, rng());
        let old_mail = packet_for(&key, &[1; 32], false);
        key.add_user_id(&mut rng, "<new@hedgerow.test>", later).unwrap();
        let judged = fetched(&key).judge(later, Some("new@hedgerow.test")).unwrap();
        assert_eq!(judged.expires, Some(NOW + 2 * 365 * DAY), "the end stays");
        key.revoke_user_id(&mut rng, "<alice@example.test>", later).unwrap();
        let refusal = fetched(&key).judge(later, Some("alice@example.test")).unwrap_err();
        assert_eq!(refusal, Refusal::AddressMismatch);
        assert!(key.add_user_id(&mut rng, "a\nb", later).is_err());

        let end = NOW + 5 * 365 * DAY;
        key.set_expiry(&mut rng, Some(end), later).unwrap();
        assert_eq!(fetched(&key).judge(end - DAY, None).unwrap().expires, Some(end));
        assert_eq!(fetched(&key).judge(end, None).unwrap_err(), Refusal::Expired(end));
        assert!(key.set_expiry(&mut rng, Some(NOW - DAY), later).is_err());
        key.set_expiry(&mut rng, None, later + 1000).unwrap();
        assert_eq!(fetched(&key).judge(end, None).unwrap().expires, None);

        let before = fetched(&key).judge(later, None).unwrap().encryption_key;
        key.rotate_encryption(&mut rng, profile, None, later + 2000).unwrap();
        let after = fetched(&key).judge(later + 2000, None).unwrap().encryption_key;
        assert_ne!(before, after);
        assert_eq!(key.session_key(&old_mail).unwrap().bytes(), [1; 32], "revoked, and opens old mail");

        key.revoke_subkey(&mut rng, &after, Reason::Compromised, "lost", later + 3000).unwrap();
        assert_eq!(fetched(&key).judge(later + 3000, None).unwrap_err(), Refusal::EncryptionKeyRevoked);
        let kept = SecretCert::parse(&key.to_bytes().unwrap()).unwrap();
        assert_eq!(kept.cert().to_bytes(), key.cert().to_bytes());

        let prepared = key.revocation_certificate(&mut rng, Reason::Unspecified, "", later).unwrap();
        assert!(fetched(&key).judge(later, None).is_ok(), "made, not applied");
        let mut other = made(KeyProfile::Rsa3072);
        assert!(other.apply_revocation(prepared.as_bytes()).is_err());
        key.apply_revocation(prepared.as_bytes()).unwrap();
        assert_eq!(fetched(&key).judge(later, None).unwrap_err(), Refusal::Revoked);
        assert!(key.signing_keys(later).is_err());
    }
}

#[test]
fn others_are_certified_and_copies_merged() {
    let (alice, mut bob) = (made(KeyProfile::CompatibleV4), {
        let ids = ["<bob@b.test>"];
        SecretCert::make(&mut StdRng::seed_from_u64(3), &KeyOptions::new(KeyProfile::ModernV6, &ids), NOW)
            .unwrap()
    });
    let certified = alice.certify(&mut rng(), bob.cert(), "<bob@b.test>", NOW);
    let certified = certified.unwrap();
    assert!(certified.to_bytes().len() > bob.cert().to_bytes().len() + 60);
    FetchedCert::around(certified.clone()).unwrap().judge(NOW, Some("bob@b.test")).unwrap();
    assert!(alice.certify(&mut rng(), bob.cert(), "<eve@b.test>", NOW).is_err());
    bob.merge(&certified).unwrap();
    assert_eq!(bob.cert().to_bytes(), certified.to_bytes());
    bob.merge(&certified).unwrap();
    assert_eq!(bob.cert().to_bytes(), certified.to_bytes(), "nothing is doubled");
    assert!(bob.merge(alice.cert()).is_err());
}

#[test]
fn damaged_rsa_packets_give_a_key_that_opens_nothing() {
    let key = made(KeyProfile::Rsa3072);
    let good = packet_for(&key, &[5; 32], false);
    let PublicKeyEncryptedSessionKey::V3 { packet_header, id, pk_algo, values } = good else { panic!() };
    let pgp::types::PkeskBytes::Rsa { mpi } = values else { panic!() };
    let mut octets = mpi.as_ref().to_vec();
    octets[300] ^= 1;
    let damaged = |octets: &[u8]| PublicKeyEncryptedSessionKey::V3 {
        packet_header,
        id,
        pk_algo,
        values: pgp::types::PkeskBytes::Rsa { mpi: pgp::types::Mpi::from_slice(octets) },
    };
    let first = key.session_key(&damaged(&octets)).unwrap();
    assert_ne!(first.bytes(), [5; 32]);
    assert_eq!(first.bytes().len(), 32);
    assert_eq!(key.session_key(&damaged(&octets)).unwrap(), first, "the same each time it is asked");
    octets[301] ^= 1;
    assert_ne!(key.session_key(&damaged(&octets)).unwrap(), first);
}

proptest::proptest! {
    #[test]
    fn damaged_keys_never_panic(at in 0usize..2000, octet: u8, cut in 0usize..3000) {
        let mut key = made(KeyProfile::CompatibleV4);
        let mut bytes = key.to_bytes().unwrap().to_vec();
        if octet & 1 == 0 {
            let derivation = derivation::Derivation::new(
                DerivationKind::Salted { hash: 8, salt: [2; 8] }, 32);
            let derived = derivation.derive(b"p").unwrap();
            key.set_derived(&mut rng(), &derivation, &derived).unwrap();
            bytes = key.to_bytes().unwrap().to_vec();
        }
        let at = at % bytes.len();
        bytes[at] = octet;
        bytes.truncate(cut);
        if let Ok(mut key) = SecretCert::parse(&bytes) {
            let _ = key.unlock(b"p");
            let _ = key.signing_keys(NOW);
            let _ = key.to_bytes();
        }
    }
}

#[test]
fn a_key_for_signing_opens_nothing_that_was_sealed_to_it() {
    let key = made(KeyProfile::Rsa3072);
    let primary = key.primary_public().unwrap();
    let session_key = pgp::composed::RawSessionKey::from(&[9; 32][..]);
    let cipher = pgp::crypto::sym::SymmetricKeyAlgorithm::AES256;
    let packet =
        PublicKeyEncryptedSessionKey::from_session_key_v3(rng(), &session_key, cipher, primary).unwrap();
    assert!(key.session_key(&packet).is_none());
    // The same numbers under flags for encryption do: it is the use that is refused.
    assert_eq!(key.session_key(&packet_for(&key, &[9; 32], false)).unwrap().bytes(), [9; 32]);
}

#[test]
fn a_revoked_subkey_opens_the_mail_of_its_time() {
    let mut key = made(KeyProfile::CompatibleV4);
    let packet = packet_for(&key, &[9; 32], false);
    key.rotate_encryption(&mut rng(), KeyProfile::CompatibleV4, None, NOW + DAY).unwrap();
    key.revoke(&mut rng(), Reason::Compromised, "", NOW + 2 * DAY).unwrap();
    assert_eq!(key.session_key(&packet).unwrap().bytes(), [9; 32]);
}

#[test]
fn a_key_of_a_size_nobody_computes_with_is_still_told_apart() {
    // RSA of 32,768 bits, with a user id: rPGP reads neither, and the rest of a keyring must not suffer.
    let mut key = vec![4, 0x5f, 0, 0, 0, 1];
    key.extend_from_slice(&32_768u16.wrapping_sub(1).to_be_bytes());
    key.extend([0x7f; 4096]);
    key.extend([0, 17, 1, 0, 1]);
    let mut ring = vec![0xc6, 0xff];
    ring.extend(u32::try_from(key.len()).unwrap().to_be_bytes());
    ring.extend(&key);
    ring.extend([0xcd, 1, b'a']);
    let cert = seal::cert::Cert::parse(&ring).unwrap();
    assert_eq!(cert.keys().count(), 1);
    assert_eq!(cert.fingerprint().as_bytes().len(), 20);
    assert_eq!(seal::cert::Cert::parse(&cert.to_bytes()).unwrap(), cert);
    assert!(matches!(cert.usable(NOW), Err(Refusal::WeakAlgorithm(_))));
    assert!(cert.encryption_keys(NOW).is_err());
}
