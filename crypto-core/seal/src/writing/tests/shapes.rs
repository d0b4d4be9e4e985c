//! Whom, by whom, in which form: every combination opens, and nothing else does.

use super::*;

#[test]
fn every_form_opens_for_every_reader() {
    let (ann, bob, eve, dan) = (v4(1), v6(2), v4(3), v6(4));
    for (name, plan) in plans() {
        for naming in [Naming::Named, Naming::Blank] {
            let options = Options {
                recipients: vec![to(&ann, naming), to(&bob, naming), to(&ann, naming)],
                passwords: vec![
                    Password { bytes: b"sesame", form: PasswordForm::Iterated },
                    Password { bytes: b"poppy", form: PasswordForm::Argon2 },
                ],
                signers: vec![signer(&dan), signer(&ann)],
                intended: vec![signer(&ann).fingerprint().clone(), signer(&bob).fingerprint().clone()],
                plan,
                filename: b"letter".to_vec(),
                length: Some(1000),
                ..Options::default()
            };
            let content = text(1000, 7);
            let sealed = write(&content, &options, &[secret(&dan), secret(&ann)], &mut rng(5), NOW).unwrap();
            for reader in [&ann, &bob] {
                assert_eq!(open(&sealed, &[reader], None, &[&dan, &ann]).as_ref(), Ok(&content), "{name}");
            }
            for password in ["sesame", "poppy"] {
                let opened = open(&sealed, &[], Some(password), &[&dan, &ann]);
                assert_eq!(opened.as_ref(), Ok(&content), "{name} {password}");
            }
            open(&sealed, &[&eve], None, &[]).unwrap_err();
            open(&sealed, &[], Some("other"), &[]).unwrap_err();
            open(&sealed, &[&ann], None, &[&ann, &dan]).unwrap_err();
            let again = write(&content, &options, &[secret(&dan), secret(&ann)], &mut rng(5), NOW).unwrap();
            assert!(sealed == again, "{name}: the same random numbers give the same octets");
        }
    }
}

#[test]
fn blank_names_nobody() {
    let ann = v4(1);
    let key_id = pgp::types::KeyDetails::legacy_key_id(&ann.secret_subkeys.first().unwrap().key);
    for (_, plan) in plans() {
        let with = |naming| {
            let options = Options { recipients: vec![to(&ann, naming)], plan, ..Options::default() };
            let sealed = write(b"x", &options, &[], &mut rng(1), NOW).unwrap();
            sealed.windows(8).any(|octets| octets == key_id.as_ref())
        };
        assert!(with(Naming::Named) && !with(Naming::Blank));
    }
}

#[test]
fn signed_only_and_armored() {
    let (ann, bob) = (v4(1), v6(2));
    let content = b"a line\nand \r\nmore\n".repeat(200);
    for length in [Some(content.len() as u64), None] {
        for kind in [ContentKind::Binary, ContentKind::Text] {
            for armor in [true, false] {
                let options = Options {
                    signers: vec![signer(&ann), signer(&bob)],
                    length,
                    kind,
                    armor,
                    ..Options::default()
                };
                let signed =
                    write(&content, &options, &[secret(&ann), secret(&bob)], &mut rng(5), NOW).unwrap();
                assert_eq!(signed.starts_with(b"-----BEGIN PGP MESSAGE-----"), armor);
                assert!(
                    open(&signed, &[], None, &[&ann, &bob]).as_ref() == Ok(&content),
                    "{length:?} {kind:?}"
                );
            }
        }
    }
}

#[test]
fn known_lengths_are_written_as_such() {
    let ann = v4(1);
    for (octets, first) in [(10, 192..=223_u8), (5_000, 192..=223), (9_000, 255..=255), (300_000, 255..=255)]
    {
        let options = Options {
            passwords: vec![Password { bytes: b"p", form: PasswordForm::Iterated }],
            signers: vec![signer(&ann)],
            length: Some(octets),
            plan: Plan::modern(),
            ..Options::default()
        };
        let content = text(usize::try_from(octets).unwrap(), 1);
        let sealed = write(&content, &options, &[secret(&ann)], &mut rng(2), NOW).unwrap();
        // After the password's packet.
        let at = 2 + usize::from(*sealed.get(1).unwrap());
        assert_eq!(sealed.get(at), Some(&0xd2));
        assert!(first.contains(sealed.get(at + 1).unwrap()), "{octets}");
        assert_eq!(open(&sealed, &[], Some("p"), &[&ann]), Ok(content));
    }
}

#[test]
fn changed_messages_are_refused() {
    let ann = v4(1);
    for (name, plan) in plans() {
        let options = Options {
            recipients: vec![to(&ann, Naming::Named)],
            plan: plan.with_chunk(0),
            ..Options::default()
        };
        let content = text(300, 3);
        let sealed = write(&content, &options, &[], &mut rng(4), NOW).unwrap();
        assert_eq!(open(&sealed, &[&ann], None, &[]).as_ref(), Ok(&content), "{name}");
        for at in (120..sealed.len()).step_by(7) {
            let mut changed = sealed.clone();
            *changed.get_mut(at).unwrap() ^= 1;
            assert!(open(&changed, &[&ann], None, &[]).is_err(), "{name}: octet {at} of {}", sealed.len());
        }
    }
}

#[test]
fn detached_signatures_verify_and_bind() {
    let (ann, bob) = (v4(1), v6(2));
    for (kind, content, same) in [
        (ContentKind::Binary, &b"one\ntwo"[..], None),
        (ContentKind::Text, &b"one\ntwo"[..], Some(&b"one\r\ntwo"[..])),
    ] {
        let packets = sign_detached(content, kind, &[secret(&ann), secret(&bob)], &mut rng(3), NOW).unwrap();
        let packets: Vec<_> = pgp::packet::PacketParser::new(&*packets).map(Result::unwrap).collect();
        assert_eq!(packets.len(), 2);
        for (packet, key) in packets.iter().zip([&ann, &bob]) {
            let pgp::packet::Packet::Signature(signature) = packet else { panic!("no signature") };
            let verified = |content: &[u8]| signature.verify(key.primary_key.public_key(), content).is_ok();
            assert!(verified(content));
            assert!(same.is_none_or(verified));
            assert_eq!(same.is_none(), !verified(b"one\r\ntwo"));
            assert!(!verified(b"one\ntwo!"));
            assert_eq!(signature.created().map(|at| i64::from(at.as_secs())), Some(NOW / 1000));
        }
    }
}

#[test]
fn other_hands_may_hash_and_sign() {
    let (ann, bob) = (v4(1), v6(2));
    let content = text(5000, 9);
    let keys = [secret(&ann), secret(&bob)];
    let signers = [signer(&ann), signer(&bob)];
    let here = sign_detached(&content, ContentKind::Binary, &keys, &mut rng(3), NOW).unwrap();
    let mut outside = Detached::new(&signers, ContentKind::Binary, true, &mut rng(3), NOW).unwrap();
    let signed: Vec<Signed> = outside
        .to_sign()
        .unwrap()
        .into_iter()
        .zip(keys)
        .map(|(task, key)| {
            assert_eq!(task.digest(), None);
            task.sign(key).unwrap_err();
            let digest =
                <sha2::Sha512 as sha2::Digest>::digest([task.salt(), &content, task.trailer()].concat());
            let task = task.with_digest(&digest).unwrap();
            let pgp::types::SignatureBytes::Native(bytes) =
                key.sign(&PgpPassword::empty(), Hash::Sha512, &digest).unwrap()
            else {
                return task.sign(key).unwrap();
            };
            task.signed_outside(&bytes).unwrap()
        })
        .collect();
    assert_eq!(outside.conclude(&signed).unwrap(), here);
    let swapped: Vec<Signed> = signed.into_iter().rev().collect();
    outside.conclude(&swapped).unwrap_err();
}

#[test]
fn misuse_is_an_error() {
    let ann = v4(1);
    let now = NOW;
    let nobody = Options::default();
    assert_eq!(Writer::new(&nobody, &mut rng(1), now).unwrap_err(), crate::SealError::NoRecipients);
    let options = Options { signers: vec![signer(&ann)], length: Some(3), ..Options::default() };
    let mut out = Vec::new();
    let mut writer = Writer::new(&options, &mut rng(1), now).unwrap();
    writer.push(b"four", &mut out).unwrap_err();
    writer.push(b"on", &mut out).unwrap();
    writer.to_sign(&mut out).unwrap_err();
    writer.push(b"e", &mut out).unwrap();
    writer.finish(&[], &mut out).unwrap_err();
    writer.push(b"", &mut out).unwrap_err();
    let mut writer = Writer::new(&options, &mut rng(1), now).unwrap();
    writer.push(b"one", &mut out).unwrap();
    writer.finish(&[secret(&v4(2))], &mut out).unwrap_err();
    let text = Options { kind: ContentKind::Text, hash_outside: true, ..options };
    Writer::new(&text, &mut rng(1), now).unwrap_err();
}

#[test]
fn the_session_key_alone_opens() {
    use pgp::composed::PlainSessionKey;
    let ann = v4(1);
    for (name, plan) in plans() {
        let options = Options { recipients: vec![to(&ann, Naming::Named)], plan, ..Options::default() };
        let (mut out, mut writer) = (Vec::new(), Writer::new(&options, &mut rng(4), NOW).unwrap());
        let exported = writer.session_key().unwrap().to_text(plan.cipher);
        writer.push(b"content", &mut out).unwrap();
        writer.finish(&[], &mut out).unwrap();
        let key = crate::SessionKey::from_text(&exported).unwrap();
        assert_eq!(key.cipher_number(), Some(9));
        let key = match plan.format {
            Format::SeipdV1 => PlainSessionKey::V3_4 { sym_alg: plan.cipher, key: key.bytes().into() },
            Format::SeipdV2 => PlainSessionKey::V6 { key: key.bytes().into() },
        };
        let message = Message::from_bytes(&*out).unwrap();
        let mut opened = message.decrypt_with_session_key(key).unwrap();
        assert_eq!(opened.as_data_vec().unwrap(), b"content", "{name}");
    }
}

#[test]
fn plans_follow_what_is_announced() {
    use Hash::{Sha256, Sha512};
    use {BlockCipher as C, Mode as M};
    let old = Announced::default();
    let new = Announced { seipd_v2: true, ..Announced::default() };
    let suites = |suites: &[_]| Announced { suites: suites.to_vec(), ..new.clone() };
    let of = |all: &[Announced]| {
        let plan = plan(all);
        (plan.format, plan.cipher, plan.mode)
    };
    let gcm = suites(&[(C::AES256, M::Gcm), (C::AES256, M::Ocb)]);
    assert_eq!(of(&[]).0, Format::SeipdV1);
    assert_eq!(of(&[new.clone(), old.clone()]), (Format::SeipdV1, C::AES256, M::Ocb));
    assert_eq!(of(std::slice::from_ref(&new)), (Format::SeipdV2, C::AES256, M::Ocb));
    assert_eq!(of(std::slice::from_ref(&gcm)), (Format::SeipdV2, C::AES256, M::Gcm));
    assert_eq!(of(&[gcm.clone(), new.clone()]), (Format::SeipdV2, C::AES256, M::Ocb));
    assert_eq!(of(&[gcm, suites(&[(C::AES128, M::Gcm)])]), (Format::SeipdV2, C::AES128, M::Ocb));
    let small = Announced { ciphers: vec![C::AES128], hashes: vec![Sha256], ..old.clone() };
    assert_eq!(of(std::slice::from_ref(&small)).1, C::AES128);
    assert_eq!((plan(std::slice::from_ref(&old)).hash, plan(&[small, old]).hash), (Sha512, Sha256));
}
