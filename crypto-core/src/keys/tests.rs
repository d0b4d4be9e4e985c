//! Keys made, stored, attacked (R4), and judged.

use model::error::CoreErrorCode;
use pgp::composed::{Deserializable as _, MessageBuilder, SignedSecretKey};
use pgp::packet::{RevocationCode, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, KeyDetails as _, Password, Tag, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seal::cert::{FetchedCert, Fingerprint, Refusal, Trust};
use seal::sealing::{self, Format, Naming};
use seal::verify::{Verdict, detached};

use super::*;

const NOW: i64 = 1_795_500_000_000;
const PROFILES: [KeyProfile; 2] = [KeyProfile::CompatibleV4, KeyProfile::ModernV6];

fn key(seed: u64, profile: KeyProfile) -> UnlockedKey {
    UnlockedKey::make(&mut StdRng::seed_from_u64(seed), profile, "alice@hedgerow.test", NOW).unwrap()
}

fn good(key: &UnlockedKey) -> Verdict {
    let print = key.fingerprint().clone();
    Verdict::Good { made: NOW, by: print.clone(), cert: print }
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(99)
}

fn parse_secret(key: &UnlockedKey) -> SignedSecretKey {
    SignedSecretKey::from_bytes(&key.to_secret_bytes().unwrap()[..]).unwrap()
}

fn code(result: Result<UnlockedKey, CoreError>) -> CoreErrorCode {
    result.unwrap_err().code
}

#[test]
fn a_key_survives_storage() {
    for profile in PROFILES {
        let key = key(1, profile);
        let bytes = key.to_secret_bytes().unwrap();
        let again = UnlockedKey::from_secret_bytes(&bytes, key.fingerprint(), NOW).unwrap();
        assert_eq!(again.certificate_bytes(), key.certificate_bytes());
        // Also when it has expired: old mail must open.
        UnlockedKey::from_secret_bytes(&bytes, key.fingerprint(), NOW + 4 * 365 * 86_400_000).unwrap();
        let judgement = key.certificate().judge(NOW, Some("Alice@hedgerow.test")).unwrap();
        assert_eq!(judgement.reads_seipd_v2, profile == KeyProfile::ModernV6);
        assert_eq!(judgement.expires, Some(NOW + 2 * 365 * 86_400_000));
        let printed = format!("{key:?}");
        assert_eq!(printed, format!("UnlockedKey({})", key.fingerprint()));
        assert_eq!(key.fingerprint().to_string().parse::<Fingerprint>().unwrap(), *key.fingerprint());
    }
}

#[test]
fn overwritten_public_fields_are_noticed() {
    // "Victory by KO": replace the public numbers of the primary or the subkey by those of another key, in
    // the stored bytes, leaving the secret numbers.
    for profile in PROFILES {
        let (mine, theirs) = (key(1, profile), key(2, profile));
        let (mine_key, their_key) = (parse_secret(&mine), parse_secret(&theirs));
        let numbers = |key: &SignedSecretKey| {
            let primary = key.primary_key.public_params().to_bytes().unwrap();
            let sub = key.secret_subkeys[0].key.public_params().to_bytes().unwrap();
            (primary, sub)
        };
        let (mine_primary, mine_sub) = numbers(&mine_key);
        let (their_primary, their_sub) = numbers(&their_key);
        for (from, to) in [(mine_primary, their_primary), (mine_sub, their_sub)] {
            let mut bytes = mine.to_secret_bytes().unwrap().to_vec();
            let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
            bytes[at..at + to.len()].copy_from_slice(&to);
            for expected in [mine.fingerprint(), theirs.fingerprint()] {
                let error = code(UnlockedKey::from_secret_bytes(&bytes, expected, NOW));
                assert_eq!(error, CoreErrorCode::KeySubstituted, "{profile:?}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let key = key(1, KeyProfile::CompatibleV4);
    let bytes = key.to_secret_bytes().unwrap().to_vec();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        if let Ok(opened) = UnlockedKey::from_secret_bytes(&bad, key.fingerprint(), NOW) {
            // Only what proves nothing may change: the unhashed parts of signatures.
            assert_eq!(opened.fingerprint(), key.fingerprint());
            let judged = opened.certificate().judge(NOW, Some("alice@hedgerow.test")).unwrap();
            assert_eq!(judged, key.certificate().judge(NOW, None).unwrap(), "octet {at}");
        }
    }
}

#[test]
fn swapped_subkeys_and_other_keys_are_noticed() {
    for profile in PROFILES {
        let (mine, theirs) = (key(1, profile), key(2, profile));
        let other =
            UnlockedKey::from_secret_bytes(&theirs.to_secret_bytes().unwrap(), mine.fingerprint(), NOW);
        assert_eq!(code(other), CoreErrorCode::KeySubstituted);
        let mut mixed = parse_secret(&mine);
        mixed.secret_subkeys = parse_secret(&theirs).secret_subkeys;
        let bytes = mixed.to_bytes().unwrap();
        assert_eq!(
            code(UnlockedKey::from_secret_bytes(&bytes, mine.fingerprint(), NOW)),
            CoreErrorCode::KeySubstituted
        );
        // A public subkey of the server's beside the secret ones.
        let mut added = parse_secret(&mine);
        added.public_subkeys = vec![parse_secret(&theirs).secret_subkeys[0].signed_public_key()];
        let bytes = added.to_bytes().unwrap();
        assert_eq!(
            code(UnlockedKey::from_secret_bytes(&bytes, mine.fingerprint(), NOW)),
            CoreErrorCode::KeySubstituted
        );
        let two =
            [mine.to_secret_bytes().unwrap().to_vec(), theirs.to_secret_bytes().unwrap().to_vec()].concat();
        assert_eq!(
            code(UnlockedKey::from_secret_bytes(&two, mine.fingerprint(), NOW)),
            CoreErrorCode::Malformed
        );
    }
}

#[test]
fn seal_and_open_in_every_format() {
    let (old, new) = (key(1, KeyProfile::CompatibleV4), key(2, KeyProfile::ModernV6));
    for (certs, format) in [
        (vec![old.certificate()], Format::SeipdV1),
        (vec![new.certificate()], Format::SeipdV2),
        (vec![old.certificate(), new.certificate()], Format::SeipdV1),
    ] {
        let plain = b"some content".repeat(1000);
        let sealed = old.sign_and_seal(&mut rng(), plain.clone(), &certs, NOW).unwrap();
        assert_eq!(sealed.plan.format, format);
        for reader in [&old, &new] {
            let result = reader.open(&sealed.bytes, 100_000);
            if !certs.contains(&reader.certificate()) {
                assert_eq!(result.unwrap_err().code, CoreErrorCode::NoKeyForMessage);
                continue;
            }
            let opened = result.unwrap();
            assert_eq!(opened.bytes(), plain);
            let verdict = &opened.check(old.certificate().cert(), NOW)[0].verdict;
            assert!(matches!(verdict, Verdict::Good { made: NOW, .. }), "{verdict:?}");
            let other = key(5, KeyProfile::CompatibleV4);
            assert_eq!(opened.check(other.certificate().cert(), NOW)[0].verdict, Verdict::NotByThis);
        }
        assert!(old.open(&sealed.bytes, 100).is_err());
    }
}

#[test]
fn tampering_is_noticed() {
    for profile in PROFILES {
        let key = key(1, profile);
        let sealed =
            key.sign_and_seal(&mut rng(), b"pay 1 euro".to_vec(), &[key.certificate()], NOW).unwrap();
        for at in 0..sealed.bytes.len() {
            let mut bad = sealed.bytes.clone();
            bad[at] ^= 0x40;
            if let Ok(opened) = key.open(&bad, 1000) {
                assert_eq!(opened.bytes(), b"pay 1 euro", "octet {at}");
            }
        }
        for len in 0..sealed.bytes.len() {
            assert!(key.open(&sealed.bytes[..len], 1000).is_err());
        }
        let longer = [&sealed.bytes[..], &sealed.bytes[..]].concat();
        assert!(key.open(&longer, 1000).is_err());
    }
}

#[test]
fn a_message_without_integrity_is_refused() {
    // A packet of tag 9 after a session key packet: SED.
    let key = key(1, KeyProfile::CompatibleV4);
    let sealed = key.seal_only(&mut rng(), b"x".to_vec(), &[key.certificate()], NOW).unwrap().bytes;
    let pkesk_len = 2 + usize::from(sealed[1]);
    let mut sed = sealed[..pkesk_len].to_vec();
    sed.extend_from_slice(&[0xc9, 40]);
    sed.extend_from_slice(&[7; 40]);
    assert_eq!(key.open(&sed, 1000).unwrap_err().code, CoreErrorCode::NoIntegrity);
    assert!(key.open(b"\xcb\x07b\0\0\0\0\0x", 1000).is_err());
}

#[test]
fn compression_bombs_are_refused() {
    let key = key(1, KeyProfile::CompatibleV4);
    let build = |size: usize| {
        let mut builder =
            MessageBuilder::from_bytes("", vec![0u8; size]).seipd_v1(rng(), seal::profile::CIPHER);
        builder.compression(pgp::types::CompressionAlgorithm::ZIP);
        builder.encrypt_to_key(rng(), &parse_secret(&key).secret_subkeys[0].signed_public_key()).unwrap();
        builder.to_vec(rng()).unwrap()
    };
    assert_eq!(key.open(&build(5000), 100_000).unwrap().bytes().len(), 5000);
    assert_eq!(key.open(&build(20_000_000), 64 << 20).unwrap_err().code, CoreErrorCode::TooLarge);
}

#[test]
fn signatures_count_for_named_readers_only() {
    let (alice, bob, eve) = (
        key(1, KeyProfile::CompatibleV4),
        key(2, KeyProfile::CompatibleV4),
        key(3, KeyProfile::CompatibleV4),
    );
    // Eve opens what Alice signed for her, and seals the same signed packets to Bob.
    let to_eve = alice.sign_and_seal(&mut rng(), b"I quit".to_vec(), &[eve.certificate()], NOW).unwrap();
    let message = pgp::composed::Message::from_bytes(&to_eve.bytes[..]).unwrap();
    let mut inner = message.decrypt(&Password::empty(), &parse_secret(&eve)).unwrap();
    assert_eq!(inner.as_data_vec().unwrap(), b"I quit");
    let pgp::composed::Message::Signed { reader, .. } = &inner else { panic!("signed") };
    let signature = seal::verify::Detached::new(
        seal::signature::SignaturePacket::from_pgp(reader.signature(0).unwrap()).unwrap(),
    );
    let cert = alice.certificate().cert();
    let good = good(&alice);
    assert_eq!(signature.check(b"I quit", cert, Some(eve.fingerprint()), NOW), good);
    assert!(matches!(
        signature.check(b"I quit", cert, Some(bob.fingerprint()), NOW),
        Verdict::DoesNotCount(_)
    ));
    assert_eq!(signature.check(b"I stay", cert, Some(eve.fingerprint()), NOW), Verdict::Broken);
}

#[test]
fn detached_signatures() {
    for profile in PROFILES {
        let key = key(1, profile);
        let claims = detached(key.sign_detached(&mut rng(), b"text\r\n", NOW).unwrap().as_bytes()).unwrap();
        let cert = key.certificate().cert();
        assert_eq!(claims[0].check(b"text\r\n", cert, None, NOW), good(&key));
        assert_eq!(claims[0].check(b"text\n", cert, None, NOW), Verdict::Broken);
        // Still good after the key has expired, for it was made before.
        let later = NOW + 5 * 365 * 86_400_000;
        assert_eq!(claims[0].check(b"text\r\n", cert, None, later), good(&key));
        // Made after the key had expired, or in the future.
        let late = detached(key.sign_detached(&mut rng(), b"x", later).unwrap().as_bytes()).unwrap();
        assert!(matches!(late[0].check(b"x", cert, None, later), Verdict::DoesNotCount(_)));
        assert!(matches!(late[0].check(b"x", cert, None, NOW), Verdict::DoesNotCount(_)));
    }
    assert!(detached(b"nonsense").is_err());
}

#[test]
fn expired_future_and_foreign_certificates_are_refused() {
    let cert = key(1, KeyProfile::CompatibleV4).certificate().clone();
    let end = NOW + 2 * 365 * 86_400_000;
    assert!(cert.judge(end - 1000, None).is_ok());
    assert_eq!(cert.judge(end, None).unwrap_err(), Refusal::Expired(end));
    assert!(cert.judge(end, None).unwrap_err().to_string().contains("2028-11-23"));
    let early = cert.judge(NOW - 3 * 86_400_000, None).unwrap_err();
    assert_eq!(early, Refusal::NotYetValid(NOW));
    assert_eq!(cert.judge(NOW, Some("bob@hedgerow.test")).unwrap_err(), Refusal::AddressMismatch);
    let sealed = sealing::seal(&mut rng(), vec![1], &[&cert], None, Naming::Named, end);
    assert_eq!(sealed.unwrap_err(), seal::SealError::Refused(Refusal::Expired(end)));
}

/// The key's certificate with one more signature by its primary key.
fn with_signature(
    key: &UnlockedKey,
    typ: SignatureType,
    made: i64,
    parts: Vec<SubpacketData>,
    hash: pgp::crypto::hash::HashAlgorithm,
) -> FetchedCert {
    let secret = parse_secret(key);
    let primary = &secret.primary_key;
    let mut config = SignatureConfig::v4(typ, primary.algorithm(), hash);
    config.hashed_subpackets.push(
        Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs((made / 1000) as u32)))
            .unwrap(),
    );
    for part in parts {
        config.hashed_subpackets.push(Subpacket::regular(part).unwrap());
    }
    let no_password = Password::empty();
    let mut public = secret.to_public_key();
    match typ {
        SignatureType::KeyRevocation => {
            let signature = config.sign_key(primary, &no_password, primary.public_key()).unwrap();
            public.details.revocation_signatures.push(signature);
        }
        SignatureType::SubkeyRevocation | SignatureType::SubkeyBinding => {
            let sub = &mut public.public_subkeys[0];
            let signature =
                config.sign_subkey_binding(primary, primary.public_key(), &no_password, &sub.key).unwrap();
            if typ == SignatureType::SubkeyBinding {
                sub.signatures.clear();
            }
            sub.signatures.push(signature);
        }
        _ => {
            let user = &mut public.details.users[0];
            let signature = config
                .sign_certification(primary, primary.public_key(), &no_password, Tag::UserId, &user.id)
                .unwrap();
            if typ != SignatureType::CertRevocation {
                user.signatures.clear();
            }
            user.signatures.push(signature);
        }
    }
    FetchedCert::parse(&public.to_bytes().unwrap()).unwrap()
}

#[test]
fn revoked_weak_and_wrongly_flagged_certificates_are_refused() {
    use pgp::crypto::hash::HashAlgorithm::Sha256;
    let key = key(1, KeyProfile::CompatibleV4);
    let reason = |code| vec![SubpacketData::RevocationReason(code, Default::default())];
    let refusal = |cert: FetchedCert| cert.judge(NOW + 1000, None).unwrap_err();

    let compromised = reason(RevocationCode::KeyCompromised);
    assert_eq!(
        refusal(with_signature(&key, SignatureType::KeyRevocation, NOW, compromised.clone(), Sha256)),
        Refusal::Revoked
    );
    let retired = with_signature(
        &key,
        SignatureType::KeyRevocation,
        NOW + 500_000,
        reason(RevocationCode::KeyRetired),
        Sha256,
    );
    assert!(retired.judge(NOW, None).is_ok(), "not yet");
    assert_eq!(retired.judge(NOW + 600_000, None).unwrap_err(), Refusal::Revoked);
    assert_eq!(
        refusal(with_signature(&key, SignatureType::SubkeyRevocation, NOW, compromised.clone(), Sha256)),
        Refusal::EncryptionKeyRevoked
    );
    assert_eq!(
        refusal(with_signature(&key, SignatureType::CertRevocation, NOW, vec![], Sha256)),
        Refusal::NoValidBinding
    );
    // A binding without the flags to encrypt, and one that ended.
    assert_eq!(
        refusal(with_signature(&key, SignatureType::SubkeyBinding, NOW, vec![], Sha256)),
        Refusal::NoEncryptionKey
    );
    let mut flags = pgp::packet::KeyFlags::default();
    flags.set_encrypt_comms(true);
    let short =
        vec![SubpacketData::KeyFlags(flags), SubpacketData::KeyExpirationTime(Duration::from_secs(1))];
    assert_eq!(
        refusal(with_signature(&key, SignatureType::SubkeyBinding, NOW, short, Sha256)),
        Refusal::EncryptionKeyExpired(NOW + 1000)
    );
    // A compromised key's signatures count no more, whenever they were made.
    let claims = detached(key.sign_detached(&mut rng(), b"x", NOW).unwrap().as_bytes()).unwrap();
    let revoked = with_signature(&key, SignatureType::KeyRevocation, NOW + 9000, compromised, Sha256);
    assert!(matches!(claims[0].check(b"x", &revoked, None, NOW + 10_000), Verdict::DoesNotCount(_)));
    let retired = with_signature(
        &key,
        SignatureType::KeyRevocation,
        NOW + 9000,
        reason(RevocationCode::KeyRetired),
        Sha256,
    );
    assert_eq!(claims[0].check(b"x", &retired, None, NOW + 10_000), good(&key));
}

#[test]
fn certificate_floods_are_refused() {
    let key = key(1, KeyProfile::CompatibleV4);
    let mut public = parse_secret(&key).to_public_key();
    let user = public.details.users[0].clone();
    for number in 0..8 {
        let text = format!("<alice{number}@hedgerow.test>");
        let id = pgp::packet::UserId::from_str(pgp::types::PacketHeaderVersion::New, text).unwrap();
        public.details.users.push(pgp::types::SignedUser::new(id, user.signatures.clone()));
    }
    assert!(matches!(
        FetchedCert::parse(&public.to_bytes().unwrap()),
        Err(seal::SealError::CertificateTooLarge(_))
    ));
    assert!(FetchedCert::parse(&vec![0x99; 70_000]).is_err());
    let twice = key.certificate_bytes().repeat(2);
    assert!(FetchedCert::parse(&twice).is_err());
    assert!(FetchedCert::parse(b"").is_err());
    // A secret key is no certificate.
    assert!(FetchedCert::parse(&key.to_secret_bytes().unwrap()).is_err());
}

#[test]
fn user_ids_cannot_be_broken_out_of() {
    for bad in ["", "a@b>\n<c@d", "a<b@c"] {
        let made = UnlockedKey::make(&mut rng(), KeyProfile::CompatibleV4, bad, NOW);
        assert_eq!(code(made), CoreErrorCode::MalformedAddress);
    }
}

proptest::proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        let key = key(1, KeyProfile::CompatibleV4);
        let _ = FetchedCert::parse(&bytes);
        let _ = key.open(&bytes, 1000);
        let _ = UnlockedKey::from_secret_bytes(&bytes, key.fingerprint(), NOW);
        let _ = detached(&bytes);
    }

    #[test]
    fn near_certificates_never_panic(at in 0usize..500, byte: u8, cut in 0usize..600) {
        for profile in PROFILES {
            let mut bytes = key(1, profile).certificate_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut);
            if let Ok(cert) = FetchedCert::parse(&bytes) {
                let _ = cert.judge(NOW, None);
                let _ = cert.trust(Trust::FirstSeen).judge(NOW, Some("alice@hedgerow.test"));
            }
        }
    }
}
