//! Making keys. Every time is an argument: rPGP's own builders ask the clock.

use model::error::CoreError;
use pgp::composed::{KeyType, SignedKeyDetails, SignedSecretKey, SignedSecretSubKey};
use pgp::packet::{
    Features, KeyFlags, PubKeyInner, PublicKey, PublicSubkey, SecretKey, SecretSubkey, Signature,
    SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::types::{
    Duration, KeyDetails as _, KeyVersion, PacketHeaderVersion, Password, SignedUser, Tag, Timestamp,
};
use rand::{CryptoRng, RngCore};
use seal::profile;

use super::{KeyProfile, internal};

/// The parts a profile is made of.
struct Shape {
    version: KeyVersion,
    primary: KeyType,
    encryption: KeyType,
    seipd_v2: bool,
}

impl KeyProfile {
    fn shape(self) -> Shape {
        match self {
            Self::CompatibleV4 => Shape {
                version: KeyVersion::V4,
                primary: profile::V4_PRIMARY,
                encryption: profile::V4_ENCRYPTION,
                seipd_v2: false,
            },
            Self::ModernV6 => Shape {
                version: KeyVersion::V6,
                primary: profile::V6_PRIMARY,
                encryption: profile::V6_ENCRYPTION,
                seipd_v2: true,
            },
        }
    }
}

/// Makes a key: the primary certifies and signs, one subkey is sealed to.
pub(super) fn make<R: RngCore + CryptoRng>(
    rng: &mut R,
    profile: KeyProfile,
    user_id: &str,
    created: u32,
) -> Result<SignedSecretKey, CoreError> {
    let shape = profile.shape();
    let at = Timestamp::from_secs(created);

    let (public, secret) = shape.primary.generate(&mut *rng).map_err(internal)?;
    let inner =
        PubKeyInner::new(shape.version, shape.primary.to_alg(), at, None, public).map_err(internal)?;
    let primary =
        SecretKey::new(PublicKey::from_inner(inner).map_err(internal)?, secret).map_err(internal)?;

    let (public, secret) = shape.encryption.generate(&mut *rng).map_err(internal)?;
    let inner =
        PubKeyInner::new(shape.version, shape.encryption.to_alg(), at, None, public).map_err(internal)?;
    let subkey =
        SecretSubkey::new(PublicSubkey::from_inner(inner).map_err(internal)?, secret).map_err(internal)?;

    let mut features = Features::new();
    features.set_seipd_v1(true);
    features.set_seipd_v2(shape.seipd_v2);
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut about_key = vec![
        part(SubpacketData::KeyFlags(flags))?,
        part(SubpacketData::KeyExpirationTime(Duration::from_secs(profile::KEY_LIFETIME_SECONDS)))?,
        part(SubpacketData::Features(features))?,
        part(SubpacketData::PreferredSymmetricAlgorithms(profile::PREFERRED_CIPHERS[..].into()))?,
        part(SubpacketData::PreferredHashAlgorithms(profile::PREFERRED_HASHES[..].into()))?,
    ];
    if shape.seipd_v2 {
        let modes = [(profile::CIPHER, profile::AEAD)];
        about_key.push(part(SubpacketData::PreferredAeadAlgorithms(modes[..].into()))?);
    }

    // RFC 9580 section 10.1.1: version 6 keeps these in a direct-key signature; version 4 programs look
    // for them on the user id.
    let mut direct = Vec::new();
    let mut about_user = vec![part(SubpacketData::IsPrimary(true))?];
    if shape.version == KeyVersion::V6 {
        let config = config(rng, &primary, SignatureType::Key, at, about_key)?;
        direct.push(config.sign_key(&primary, &Password::empty(), primary.public_key()).map_err(internal)?);
    } else {
        about_user.extend(about_key);
    }
    let id = UserId::from_str(PacketHeaderVersion::New, user_id).map_err(internal)?;
    let certification = config(rng, &primary, SignatureType::CertPositive, at, about_user)?
        .sign_certification(&primary, primary.public_key(), &Password::empty(), Tag::UserId, &id)
        .map_err(internal)?;

    let mut flags = KeyFlags::default();
    flags.set_encrypt_comms(true);
    flags.set_encrypt_storage(true);
    let about_subkey = vec![
        part(SubpacketData::KeyFlags(flags))?,
        part(SubpacketData::KeyExpirationTime(Duration::from_secs(profile::KEY_LIFETIME_SECONDS)))?,
    ];
    let binding: Signature = config(rng, &primary, SignatureType::SubkeyBinding, at, about_subkey)?
        .sign_subkey_binding(&primary, primary.public_key(), &Password::empty(), subkey.public_key())
        .map_err(internal)?;

    Ok(SignedSecretKey::new(
        primary,
        SignedKeyDetails::new(Vec::new(), direct, vec![SignedUser::new(id, vec![certification])], Vec::new()),
        Vec::new(),
        vec![SignedSecretSubKey::new(subkey, vec![binding])],
    ))
}

fn part(data: SubpacketData) -> Result<Subpacket, CoreError> {
    Subpacket::regular(data).map_err(internal)
}

fn config<R: RngCore + CryptoRng>(
    rng: &mut R,
    key: &SecretKey,
    typ: SignatureType,
    at: Timestamp,
    about: Vec<Subpacket>,
) -> Result<SignatureConfig, CoreError> {
    let mut config = match key.version() {
        KeyVersion::V6 => {
            SignatureConfig::v6(&mut *rng, typ, key.algorithm(), profile::HASH).map_err(internal)?
        }
        _ => SignatureConfig::v4(typ, key.algorithm(), profile::HASH),
    };
    config.hashed_subpackets = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(at)).map_err(internal)?,
        part(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
    ];
    config.hashed_subpackets.extend(about);
    if key.version() == KeyVersion::V4 {
        config.unhashed_subpackets = vec![part(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
    }
    Ok(config)
}
