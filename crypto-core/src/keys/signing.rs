//! The signatures that hold a key together. Every time is an argument: rPGP's own builders ask the clock.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::packet::{
    Features, KeyFlags, PacketHeader, RevocationCode, Signature, SignatureConfig, SignatureType, Subpacket,
    SubpacketData, UserAttribute, UserId,
};
use pgp::ser::Serialize as _;
use pgp::types::{
    Duration, KeyDetails as _, KeyVersion, PacketHeaderVersion, PacketLength, Password, Tag, Timestamp,
};
use rand::{CryptoRng, RngCore};
use seal::profile;

use super::internal;
use super::packet::Public;
use super::secret::OwnKey;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    CertifyAndSign,
    Encrypt,
}

/// Why something is revoked (RFC 9580 section 5.2.3.31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Not said. Readers treat it like [`Compromised`](Self::Compromised).
    Unspecified,
    /// Another key takes its place; what it signed before still counts.
    Superseded,
    /// Somebody else may have the secret: nothing it ever signed counts.
    Compromised,
    /// No longer used; what it signed before still counts.
    Retired,
    /// The user id is no longer valid.
    UserIdInvalid,
}

impl Reason {
    fn code(self) -> RevocationCode {
        match self {
            Self::Unspecified => RevocationCode::NoReason,
            Self::Superseded => RevocationCode::KeySuperseded,
            Self::Compromised => RevocationCode::KeyCompromised,
            Self::Retired => RevocationCode::KeyRetired,
            Self::UserIdInvalid => RevocationCode::CertUserIdInvalid,
        }
    }
}

/// Seconds of OpenPGP.
pub(super) fn timestamp(now: Millis) -> Result<Timestamp, CoreError> {
    u32::try_from(now.div_euclid(1000))
        .map(Timestamp::from_secs)
        .map_err(|_| CoreError::with(CoreErrorCode::Internal, "the clock is beyond what OpenPGP can write"))
}

pub(super) fn part(data: SubpacketData) -> Result<Subpacket, CoreError> {
    Subpacket::regular(data).map_err(internal)
}

pub(super) fn flags(of: Use) -> Result<Subpacket, CoreError> {
    let mut flags = KeyFlags::default();
    match of {
        Use::CertifyAndSign => {
            flags.set_certify(true);
            flags.set_sign(true);
        }
        Use::Encrypt => {
            flags.set_encrypt_comms(true);
            flags.set_encrypt_storage(true);
        }
    }
    // A reader that does not understand what a key is for must not use it.
    Subpacket::critical(SubpacketData::KeyFlags(flags)).map_err(internal)
}

/// `None`: it has no end.
pub(super) fn end(seconds: Option<u32>) -> Result<Vec<Subpacket>, CoreError> {
    seconds
        .map(|seconds| part(SubpacketData::KeyExpirationTime(Duration::from_secs(seconds))))
        .into_iter()
        .collect()
}

/// What a new key says of itself.
pub(super) fn about_key(
    version: KeyVersion,
    of: Use,
    lifetime: Option<u32>,
) -> Result<Vec<Subpacket>, CoreError> {
    let modern = version == KeyVersion::V6;
    let mut features = Features::new();
    features.set_seipd_v1(true);
    features.set_seipd_v2(modern);
    let mut about = vec![flags(of)?];
    about.extend(end(lifetime)?);
    about.extend([
        part(SubpacketData::Features(features))?,
        part(SubpacketData::PreferredSymmetricAlgorithms(profile::PREFERRED_CIPHERS[..].into()))?,
        part(SubpacketData::PreferredHashAlgorithms(profile::PREFERRED_HASHES[..].into()))?,
    ]);
    if modern {
        let modes = [(profile::CIPHER, profile::AEAD)];
        about.push(part(SubpacketData::PreferredAeadAlgorithms(modes[..].into()))?);
    }
    Ok(about)
}

/// Who signs, and when.
#[derive(Clone, Copy)]
pub(super) struct Pen<'a> {
    pub(super) key: OwnKey<'a>,
    pub(super) at: Timestamp,
}

impl Pen<'_> {
    fn config<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        typ: SignatureType,
        about: Vec<Subpacket>,
    ) -> Result<SignatureConfig, CoreError> {
        let key = &self.key;
        let mut config = match key.version() {
            KeyVersion::V6 => {
                SignatureConfig::v6(&mut *rng, typ, key.algorithm(), profile::HASH).map_err(internal)?
            }
            _ => SignatureConfig::v4(typ, key.algorithm(), profile::HASH),
        };
        let details: &dyn pgp::types::KeyDetails = key;
        config.hashed_subpackets = vec![
            Subpacket::critical(SubpacketData::SignatureCreationTime(self.at)).map_err(internal)?,
            part(SubpacketData::IssuerFingerprint(details.fingerprint()))?,
        ];
        config.hashed_subpackets.extend(about);
        if key.version() == KeyVersion::V4 {
            config.unhashed_subpackets = vec![part(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
        }
        Ok(config)
    }

    /// A direct-key signature, or a revocation of the key. `primary` is the signer's own.
    pub(super) fn on_key<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        typ: SignatureType,
        primary: &Public,
        about: Vec<Subpacket>,
    ) -> Result<Signature, CoreError> {
        let config = self.config(rng, typ, about)?;
        match primary {
            Public::Primary(key) => config.sign_key(&self.key, &Password::empty(), key).map_err(internal),
            Public::Subkey(_) => Err(CoreErrorCode::Internal.into()),
        }
    }

    /// A certification of a user id, or its revocation; of one's own or another's.
    pub(super) fn on_user<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        typ: SignatureType,
        primary: &pgp::packet::PublicKey,
        user: &User,
        about: Vec<Subpacket>,
    ) -> Result<Signature, CoreError> {
        let config = self.config(rng, typ, about)?;
        let no_password = Password::empty();
        match user {
            User::Id(id) => config.sign_certification(&self.key, primary, &no_password, Tag::UserId, id),
            User::Attribute(attribute) => {
                config.sign_certification(&self.key, primary, &no_password, Tag::UserAttribute, attribute)
            }
        }
        .map_err(internal)
    }

    /// A binding of a subkey, or its revocation.
    pub(super) fn on_subkey<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        typ: SignatureType,
        primary: &Public,
        subkey: &Public,
        about: Vec<Subpacket>,
    ) -> Result<Signature, CoreError> {
        let (Public::Primary(primary), Public::Subkey(subkey)) = (primary, subkey) else {
            return Err(CoreErrorCode::Internal.into());
        };
        self.config(rng, typ, about)?
            .sign_subkey_binding(&self.key, primary, &Password::empty(), subkey)
            .map_err(internal)
    }
}

/// The reason of a revocation, as a subpacket.
pub(super) fn reason(reason: Reason, text: &str) -> Result<Subpacket, CoreError> {
    part(SubpacketData::RevocationReason(reason.code(), text.as_bytes().to_vec().into()))
}

/// What a certification is over.
pub(super) enum User {
    Id(UserId),
    Attribute(UserAttribute),
}

impl User {
    pub(super) fn id(octets: &[u8]) -> Option<Self> {
        UserId::try_from_reader(header(Tag::UserId, octets)?, octets).ok().map(Self::Id)
    }

    pub(super) fn attribute(octets: &[u8]) -> Option<Self> {
        UserAttribute::try_from_reader(header(Tag::UserAttribute, octets)?, octets).ok().map(Self::Attribute)
    }
}

/// The body of a signature packet.
pub(super) fn body(signature: &Signature) -> Result<Vec<u8>, CoreError> {
    signature.to_bytes().map_err(internal)
}

fn header(tag: Tag, body: &[u8]) -> Option<PacketHeader> {
    let length = PacketLength::Fixed(u32::try_from(body.len()).ok()?);
    PacketHeader::from_parts(PacketHeaderVersion::New, tag, length).ok()
}
