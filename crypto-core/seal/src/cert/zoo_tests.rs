//! The key zoo: certificates that are wrong in one way each, and what is said of them.
//!
//! Every animal is made here by rPGP, signature by signature, so that the time, the hash and the parts of each
//! are ours to choose.

use pgp::composed::{KeyType, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    KeyFlags, Notation, RevocationCode, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData,
};
use pgp::types::{Duration, KeyDetails as _, Password, Tag, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::verify::{SignatureClaim, Verdict};

const BORN: u32 = 1_600_000_000;
const DAY: u32 = 86_400;
const NOW: Millis = 1_795_500_000_000;
const USER: &str = "Alice <alice@hedgerow.test>";

/// Keys to build certificates from: a primary key, a signing subkey, an encryption subkey.
struct Animal {
    secret: SignedSecretKey,
    cert: Cert,
}

fn animal() -> Animal {
    animal_of(KeyType::Ed25519Legacy)
}

fn animal_of(primary: KeyType) -> Animal {
    let mut rng = StdRng::seed_from_u64(7);
    let subkey = |kind, signs: bool, encrypts| {
        let mut builder = SubkeyParamsBuilder::default();
        builder.key_type(kind).can_sign(signs).can_encrypt(encrypts).created_at(Timestamp::from_secs(BORN));
        builder.build().unwrap()
    };
    let mut builder = SecretKeyParamsBuilder::default();
    builder
        .key_type(primary)
        .can_certify(true)
        .created_at(Timestamp::from_secs(BORN))
        .primary_user_id(USER.into())
        .subkey(subkey(KeyType::Ed25519Legacy, true, pgp::composed::EncryptionCaps::None))
        .subkey(subkey(KeyType::ECDH(ECCCurve::Curve25519Legacy), false, pgp::composed::EncryptionCaps::All));
    let secret = builder.build().unwrap().generate(&mut rng).unwrap();
    // Only the keys are kept: the signatures are ours.
    let mut cert = Cert::parse(&{
        use pgp::ser::Serialize as _;
        secret.to_public_key().to_bytes().unwrap()
    })
    .unwrap();
    cert.primary.signatures.clear();
    cert.users.clear();
    cert.subkeys.iter_mut().for_each(|subkey| subkey.signatures.clear());
    Animal { secret, cert }
}

fn flags(bits: &[fn(&mut KeyFlags, bool)]) -> SubpacketData {
    let mut flags = KeyFlags::default();
    bits.iter().for_each(|set| set(&mut flags, true));
    SubpacketData::KeyFlags(flags)
}

fn encrypts() -> SubpacketData {
    flags(&[KeyFlags::set_encrypt_comms, KeyFlags::set_encrypt_storage])
}

fn config(animal: &Animal, kind: SignatureType, made: u32, parts: Vec<Subpacket>) -> SignatureConfig {
    let primary = &animal.secret.primary_key;
    let mut config = SignatureConfig::v4(kind, primary.algorithm(), HashAlgorithm::Sha256);
    let time = SubpacketData::SignatureCreationTime(Timestamp::from_secs(made));
    config.hashed_subpackets = vec![Subpacket::critical(time).unwrap()];
    config.hashed_subpackets.extend(parts);
    config
}

fn regular(parts: Vec<SubpacketData>) -> Vec<Subpacket> {
    parts.into_iter().map(|part| Subpacket::regular(part).unwrap()).collect()
}

fn held(signature: &Signature) -> Held {
    Held::new(crate::signature::SignaturePacket::from_pgp(signature).unwrap())
}

impl Animal {
    fn sign_user(&self, config: SignatureConfig, user: &str) -> Held {
        let primary = &self.secret.primary_key;
        let id = pgp::packet::UserId::from_str(Default::default(), user).unwrap();
        let made = config
            .sign_certification(primary, primary.public_key(), &Password::empty(), Tag::UserId, &id)
            .unwrap();
        held(&made)
    }

    /// A user id bound by a signature with these parts.
    fn user(mut self, user: &str, made: u32, parts: Vec<SubpacketData>) -> Self {
        let config = config(&self, SignatureType::CertPositive, made, regular(parts));
        let signature = self.sign_user(config, user);
        let body = UserBody { attribute: false, bytes: user.as_bytes().to_vec() };
        let index = self.cert.user_index(body);
        self.cert.users[index].signatures.push(signature);
        self
    }

    fn revoke_user(mut self, index: usize, made: u32, code: RevocationCode) -> Self {
        let parts = regular(vec![SubpacketData::RevocationReason(code, Default::default())]);
        let config = config(&self, SignatureType::CertRevocation, made, parts);
        let user = String::from_utf8(self.cert.users[index].body.bytes.clone()).unwrap();
        let signature = self.sign_user(config, &user);
        self.cert.users[index].signatures.push(signature);
        self
    }

    fn sub(mut self, index: usize, config: SignatureConfig) -> Self {
        let primary = &self.secret.primary_key;
        let subkey = self.secret.secret_subkeys[index].key.public_key();
        let made =
            config.sign_subkey_binding(primary, primary.public_key(), &Password::empty(), subkey).unwrap();
        self.cert.subkeys[index].signatures.push(held(&made));
        self
    }

    /// The encryption subkey, bound.
    fn sealable(self, made: u32, mut parts: Vec<SubpacketData>) -> Self {
        parts.push(encrypts());
        let config = config(&self, SignatureType::SubkeyBinding, made, regular(parts));
        self.sub(1, config)
    }

    /// The signing subkey, bound, with the back-signature of `by`.
    fn signing(self, made: u32, by: Option<usize>) -> Self {
        let mut parts = vec![flags(&[KeyFlags::set_sign])];
        if let Some(by) = by {
            let signer = &self.secret.secret_subkeys[by].key;
            let mut back = SignatureConfig::v4(
                SignatureType::KeyBinding,
                self.secret.secret_subkeys[0].key.algorithm(),
                HashAlgorithm::Sha256,
            );
            let time = SubpacketData::SignatureCreationTime(Timestamp::from_secs(made));
            back.hashed_subpackets = regular(vec![time]);
            // By the wrong key: over the primary key in place of the subkey.
            let made = if by == 0 {
                back.sign_primary_key_binding(
                    signer,
                    signer.public_key(),
                    &Password::empty(),
                    self.secret.primary_key.public_key(),
                )
            } else {
                let primary = &self.secret.primary_key;
                back.sign_primary_key_binding(
                    primary,
                    primary.public_key(),
                    &Password::empty(),
                    primary.public_key(),
                )
            };
            parts.push(SubpacketData::EmbeddedSignature(Box::new(made.unwrap())));
        }
        let config = config(&self, SignatureType::SubkeyBinding, made, regular(parts));
        self.sub(0, config)
    }

    fn on_key(mut self, kind: SignatureType, made: u32, parts: Vec<SubpacketData>) -> Self {
        let config = config(&self, kind, made, regular(parts));
        let primary = &self.secret.primary_key;
        let signature = config.sign_key(primary, &Password::empty(), primary.public_key()).unwrap();
        self.cert.primary.signatures.push(held(&signature));
        self
    }

    fn revoked(self, made: u32, code: RevocationCode) -> Self {
        let reason = SubpacketData::RevocationReason(code, Default::default());
        self.on_key(SignatureType::KeyRevocation, made, vec![reason])
    }

    fn revoke_sub(self, made: u32, code: RevocationCode) -> Self {
        let reason = SubpacketData::RevocationReason(code, Default::default());
        let config = config(&self, SignatureType::SubkeyRevocation, made, regular(vec![reason]));
        self.sub(1, config)
    }

    /// Written and read again, as it would come.
    fn done(self) -> Cert {
        Cert::parse(&self.cert.to_bytes()).unwrap()
    }

    /// What is said of a signature by the signing subkey at a time.
    fn verdict(&self, cert: &Cert, made: u32) -> Verdict {
        let signer = &self.secret.secret_subkeys[0].key;
        let mut config =
            SignatureConfig::v4(SignatureType::Binary, signer.algorithm(), HashAlgorithm::Sha256);
        config.hashed_subpackets = regular(vec![
            SubpacketData::SignatureCreationTime(Timestamp::from_secs(made)),
            SubpacketData::IssuerFingerprint(signer.fingerprint()),
        ]);
        let signature = config.sign(signer, &Password::empty(), &b"text"[..]).unwrap();
        let packet = crate::signature::SignaturePacket::from_pgp(&signature).unwrap();
        cert.check(&SignatureClaim::over(packet, b"text"), NOW)
    }
}

fn plain() -> Animal {
    animal()
        .user(USER, BORN, vec![flags(&[KeyFlags::set_certify])])
        .sealable(BORN, vec![])
        .signing(BORN, Some(0))
}

fn reason(cert: &Cert) -> String {
    cert.encryption_keys(NOW).unwrap_err().to_string()
}

fn life(days: u32) -> SubpacketData {
    SubpacketData::KeyExpirationTime(Duration::from_secs(days * DAY))
}

#[test]
fn a_healthy_one_is_good_for_everything_it_says() {
    let animal = plain();
    let cert = Cert::parse(&animal.cert.to_bytes()).unwrap();
    let judged = cert.judged(NOW);
    assert_eq!(judged.state, Ok(()));
    assert!(judged.keys.iter().all(|key| key.state.is_ok()), "{judged:?}");
    assert_eq!(judged.user_ids[0].address.as_deref(), Some("alice@hedgerow.test"));
    assert_eq!(cert.encryption_keys(NOW).unwrap().len(), 1);
    assert_eq!(cert.signing_keys(NOW).unwrap().len(), 1);
    assert!(animal.verdict(&cert, BORN + 5).is_good());
    assert_eq!(Cert::parse(cert.to_armor().as_bytes()).unwrap(), cert);
}

#[test]
fn expired() {
    let cert = animal().user(USER, BORN, vec![life(10)]).sealable(BORN, vec![]).done();
    assert_eq!(reason(&cert), "expired on 2020-09-23");
    let cert = animal().user(USER, BORN, vec![]).sealable(BORN, vec![life(10)]).done();
    assert_eq!(reason(&cert), "its encryption key expired on 2020-09-23");
    // Extended by a newer binding; and shortened by one.
    let longer =
        animal().user(USER, BORN, vec![life(10)]).user(USER, BORN + DAY, vec![]).sealable(BORN, vec![]);
    assert!(longer.done().encryption_keys(NOW).is_ok());
    let shorter =
        animal().user(USER, BORN, vec![]).user(USER, BORN + DAY, vec![life(10)]).sealable(BORN, vec![]);
    assert_eq!(reason(&shorter.done()), "expired on 2020-09-23");
}

/// A binding of a user id lifts neither the end that the key was given for itself, nor the other way round.
#[test]
fn the_first_end_of_those_given_is_the_end() {
    let both = |direct: Option<u32>, user: Option<u32>| {
        animal()
            .on_key(SignatureType::Key, BORN, direct.map(life).into_iter().collect())
            .user(USER, BORN + 1, user.map(life).into_iter().collect())
            .sealable(BORN, vec![])
            .done()
            .encryption_keys(NOW)
            .map(|_| ())
    };
    let (past, future) = (Some(10), Some(10_000));
    for (direct, user) in [(None, None), (Some(0), None), (future, Some(0)), (future, None), (future, future)]
    {
        assert_eq!(both(direct, user), Ok(()), "{direct:?} {user:?}");
    }
    for (direct, user) in [(past, None), (past, Some(0)), (past, future), (future, past), (Some(0), past)] {
        assert!(matches!(both(direct, user), Err(Refusal::Expired(_))), "{direct:?} {user:?}");
    }
}

#[test]
fn a_critical_packet_that_nobody_knows_voids_the_certificate() {
    let good = plain().done().to_bytes();
    for tag in [0, 22, 39] {
        let mut bytes = good.clone();
        framing::write(&mut bytes, tag, b"something new");
        assert!(Cert::parse(&bytes).is_err(), "{tag}");
        // It takes no other certificate of the keyring with it.
        bytes.extend(&good);
        assert_eq!(Cert::parse_many(&bytes).unwrap().len(), 1, "{tag}");
    }
    let mut bytes = good;
    framing::write(&mut bytes, 40, b"something new");
    assert!(Cert::parse(&bytes).is_ok());
}

#[test]
fn a_signature_counts_if_the_key_was_good_when_it_was_made() {
    let animal = animal().user(USER, BORN, vec![life(10)]).signing(BORN, Some(0));
    let cert = Cert::parse(&animal.cert.to_bytes()).unwrap();
    assert!(animal.verdict(&cert, BORN + 9 * DAY).is_good());
    assert_eq!(
        animal.verdict(&cert, BORN + 11 * DAY),
        Verdict::DoesNotCount("its key had expired when it signed")
    );
    assert!(matches!(animal.verdict(&cert, BORN - 1), Verdict::DoesNotCount(_)));
}

#[test]
fn revoked_softly_and_hard() {
    for (code, hard) in [
        (RevocationCode::NoReason, true),
        (RevocationCode::KeyCompromised, true),
        (RevocationCode::KeySuperseded, false),
        (RevocationCode::KeyRetired, false),
    ] {
        let animal = plain().revoked(BORN + 10 * DAY, code);
        let cert = Cert::parse(&animal.cert.to_bytes()).unwrap();
        assert_eq!(reason(&cert), "revoked by its owner");
        assert_eq!(cert.judged(NOW).keys[0].revocation.as_ref().unwrap().reason.is_hard(), hard);
        assert_eq!(animal.verdict(&cert, BORN + DAY).is_good(), !hard, "{code:?}");
        assert!(!animal.verdict(&cert, BORN + 11 * DAY).is_good());
        // A newer self-signature takes back what was only retired.
        let back = Animal { cert: cert.clone(), ..animal }.user(USER, BORN + 20 * DAY, vec![]);
        assert_eq!(back.cert.usable(NOW).is_ok(), !hard, "{code:?}");
    }
}

#[test]
fn revoked_subkeys_and_user_ids() {
    let gone = plain().revoke_sub(BORN + DAY, RevocationCode::KeyRetired).done();
    assert_eq!(reason(&gone), "its encryption key was revoked");
    let again = plain().revoke_sub(BORN + DAY, RevocationCode::KeyRetired).sealable(BORN + 2 * DAY, vec![]);
    assert!(again.done().encryption_keys(NOW).is_ok());
    let never =
        plain().revoke_sub(BORN + DAY, RevocationCode::KeyCompromised).sealable(BORN + 2 * DAY, vec![]);
    assert_eq!(reason(&never.done()), "its encryption key was revoked");

    let nameless = plain().revoke_user(0, BORN + DAY, RevocationCode::CertUserIdInvalid).done();
    assert_eq!(nameless.judged(NOW).user_ids[0].state, Err(Refusal::Revoked));
    assert!(!nameless.names("alice@hedgerow.test", NOW));
}

#[test]
fn wrong_flags_and_wrong_back_signatures() {
    let binding = |animal: Animal| {
        let config = config(
            &animal,
            SignatureType::SubkeyBinding,
            BORN,
            regular(vec![flags(&[KeyFlags::set_authentication])]),
        );
        animal.sub(1, config)
    };
    let cert = binding(animal().user(USER, BORN, vec![flags(&[KeyFlags::set_certify])])).done();
    assert_eq!(reason(&cert), "no key for encryption is in it");

    for by in [None, Some(1)] {
        let animal = animal().user(USER, BORN, vec![flags(&[KeyFlags::set_certify])]).signing(BORN, by);
        let cert = Cert::parse(&animal.cert.to_bytes()).unwrap();
        assert_eq!(cert.judged(NOW).keys[1].state, Err(Refusal::NoBackSignature));
        assert_eq!(
            animal.verdict(&cert, BORN + 5),
            Verdict::DoesNotCount("its key did not confirm that it belongs to this certificate")
        );
    }
}

#[test]
fn sha1_and_md5_bindings() {
    // rPGP signs nothing by an Edwards curve with so short a hash.
    let with = |hash, made| {
        let animal = animal_of(KeyType::Rsa(2048));
        let mut config = config(&animal, SignatureType::CertPositive, made, Vec::new());
        config.hash_alg = hash;
        let signature = animal.sign_user(config, USER);
        let mut animal = animal;
        let body = UserBody { attribute: false, bytes: USER.as_bytes().to_vec() };
        let index = animal.cert.user_index(body);
        animal.cert.users[index].signatures.push(signature);
        animal.sealable(BORN, vec![]).done()
    };
    assert!(with(HashAlgorithm::Sha1, BORN).encryption_keys(NOW).is_ok());
    assert_eq!(
        reason(&with(HashAlgorithm::Sha1, 1_675_209_600)),
        "the signature of its owner does not count: its hash is SHA-1, after 2023-02-01"
    );
    for hash in [HashAlgorithm::Md5, HashAlgorithm::Ripemd160] {
        assert_eq!(
            reason(&with(hash, BORN)),
            "the signature of its owner does not count: its hash is too weak"
        );
    }
}

#[test]
fn critical_parts_that_nobody_knows() {
    let notation = SubpacketData::Notation(Notation {
        readable: true,
        name: "unknown@example.org".into(),
        value: "x".into(),
    });
    let unknown = SubpacketData::Experimental(105, vec![1].into());
    for part in [notation, unknown] {
        for critical in [false, true] {
            let animal = animal();
            let part =
                if critical { Subpacket::critical(part.clone()) } else { Subpacket::regular(part.clone()) };
            let config = config(&animal, SignatureType::CertPositive, BORN, vec![part.unwrap()]);
            let signature = animal.sign_user(config, USER);
            let mut animal = animal;
            let body = UserBody { attribute: false, bytes: USER.as_bytes().to_vec() };
            let index = animal.cert.user_index(body);
            animal.cert.users[index].signatures.push(signature);
            let cert = animal.sealable(BORN, vec![]).done();
            assert_eq!(cert.encryption_keys(NOW).is_ok(), !critical);
            if critical {
                assert!(reason(&cert).ends_with("it has a critical part that is not understood"));
            }
        }
    }
}

#[test]
fn two_primary_user_ids() {
    let primary = || SubpacketData::IsPrimary(true);
    let cert = animal()
        .user("a <a@x.test>", BORN, vec![primary()])
        .user("b <b@x.test>", BORN + 1, vec![primary()])
        .user("c <c@x.test>", BORN + 2, vec![])
        .done();
    let ids = cert.judged(NOW).user_ids;
    assert_eq!(ids.iter().map(|id| id.is_primary).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(cert.valid_user_ids(NOW)[0], b"b <b@x.test>");
}

#[test]
fn stripped_and_foreign() {
    // No self-signature at all.
    let cert = animal().sealable(BORN, vec![]).done();
    assert_eq!(cert.usable(NOW), Err(Refusal::NoValidBinding));
    // A direct signature is enough, without any user id.
    let direct = animal()
        .on_key(SignatureType::Key, BORN, vec![flags(&[KeyFlags::set_certify])])
        .sealable(BORN, vec![])
        .done();
    assert!(direct.encryption_keys(NOW).is_ok());
    // A binding that belongs to another subkey binds nothing.
    let mut swapped = plain().cert;
    let taken = swapped.subkeys[1].signatures.clone();
    swapped.subkeys[0].signatures = taken;
    swapped.subkeys[1].signatures.clear();
    let swapped = Cert::parse(&swapped.to_bytes()).unwrap();
    assert!(swapped.judged(NOW).keys.iter().skip(1).all(|key| key.state == Err(Refusal::NoValidBinding)));
}

#[test]
fn unknown_packets_are_kept_and_mean_nothing() {
    let cert = plain().done();
    let mut bytes = cert.to_bytes();
    framing::write(&mut bytes, 60, b"something new");
    framing::write(&mut bytes, 2, &[9, 1, 2, 3]);
    framing::write(&mut bytes, 14, &[5, 0, 0, 0, 0]);
    let read = Cert::parse(&bytes).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    assert!(read.judged(NOW).not_understood >= 2);
    assert!(read.encryption_keys(NOW).is_ok());
}

#[test]
fn merging_loses_no_revocation_and_minimising_keeps_it() {
    let revoked = plain().revoked(BORN + DAY, RevocationCode::KeyCompromised).done();
    let mut mine = plain().done();
    assert!(mine.usable(NOW).is_ok());
    mine.merge(&revoked).unwrap();
    assert_eq!(mine.usable(NOW), Err(Refusal::Revoked));
    let once = mine.to_bytes();
    mine.merge(&revoked).unwrap();
    assert_eq!(mine.to_bytes(), once, "twice is once");
    assert_eq!(mine.minimised(NOW).usable(NOW), Err(Refusal::Revoked));

    let long = plain().user(USER, BORN + DAY, vec![]).user("b <b@x.test>", BORN, vec![]).done();
    let short = long.minimised_for("ALICE@hedgerow.test", NOW);
    assert_eq!(short.user_ids().collect::<Vec<_>>(), [USER.as_bytes()]);
    assert!(short.to_bytes().len() < long.to_bytes().len());
    assert!(short.encryption_keys(NOW).is_ok());
}

#[test]
fn keyrings_leave_out_what_cannot_be_read() {
    let cert = plain().done();
    let mut ring = cert.to_bytes();
    // A key of version 3, and its user id.
    framing::write(&mut ring, 6, &[3, 0, 0, 0, 0, 0, 0, 1]);
    framing::write(&mut ring, 13, b"old");
    ring.extend(cert.to_bytes());
    assert_eq!(Cert::parse_many(&ring).unwrap().len(), 2);
    assert!(Cert::parse(&ring).is_err());
    let armored = [cert.to_armor(), cert.to_armor()].concat();
    assert_eq!(Cert::parse_many(armored.as_bytes()).unwrap().len(), 2);
}
