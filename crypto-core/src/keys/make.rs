//! Making keys.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::composed::KeyType;
use pgp::packet::{PubKeyInner, PublicKey, PublicSubkey, SignatureType, SubpacketData};
use pgp::types::{KeyVersion, PlainSecretParams, PublicParams, Timestamp};
use rand::{CryptoRng, RngCore};
use seal::profile;
use zeroize::Zeroizing;

use super::internal;
use super::packet::{KeyPacket, Public};
use super::rsa::{PrivateKey, RsaNumbers};
use super::secret::{OwnKey, Secret};
use super::secret_cert::{Component, Head, SecretCert};
use super::signing::{Pen, Use, about_key, body, end, flags, part, timestamp};

/// Which kind of key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProfile {
    /// Version 4, Ed25519 and X25519 in the old form: read by GnuPG 2.2 and Thunderbird. The default.
    CompatibleV4,
    /// Version 6 (RFC 9580), Ed25519 and X25519.
    ModernV6,
    /// Version 6 (RFC 9980): ML-DSA-65 with Ed25519 and ML-KEM-768 with X25519.
    #[cfg(not(target_arch = "wasm32"))]
    PostQuantumV6,
    /// Version 4, RSA of 3072 bits, for those who must.
    Rsa3072,
    /// Version 4, RSA of 4096 bits.
    Rsa4096,
}

impl KeyProfile {
    /// Version, kind of the primary key, kind of the encryption subkey.
    fn shape(self) -> (KeyVersion, KeyType, KeyType) {
        match self {
            Self::CompatibleV4 => (KeyVersion::V4, profile::V4_PRIMARY, profile::V4_ENCRYPTION),
            Self::ModernV6 => (KeyVersion::V6, profile::V6_PRIMARY, profile::V6_ENCRYPTION),
            #[cfg(not(target_arch = "wasm32"))]
            Self::PostQuantumV6 => (KeyVersion::V6, profile::PQ_PRIMARY, profile::PQ_ENCRYPTION),
            Self::Rsa3072 => (KeyVersion::V4, profile::RSA_3072, profile::RSA_3072),
            Self::Rsa4096 => (KeyVersion::V4, profile::RSA_4096, profile::RSA_4096),
        }
    }

    /// How many bits its RSA keys have, if it is made of RSA keys: a host may make them faster
    /// ([`SecretCert::make_rsa_from`]).
    pub fn rsa_bits(self) -> Option<u32> {
        match self {
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            _ => None,
        }
    }
}

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct KeyOptions<'a> {
    /// Its kind.
    pub profile: KeyProfile,
    /// Its user ids, the first is the primary one. May be empty.
    pub user_ids: &'a [&'a str],
    /// How long it is valid, in seconds; `None`: without an end.
    pub lifetime: Option<u32>,
    /// Without a subkey to seal to.
    pub signing_only: bool,
}

impl<'a> KeyOptions<'a> {
    /// A key that signs and that is sealed to, valid for two years.
    pub fn new(profile: KeyProfile, user_ids: &'a [&'a str]) -> Self {
        Self { profile, user_ids, lifetime: Some(profile::KEY_LIFETIME_SECONDS), signing_only: false }
    }
}

impl SecretCert {
    /// Makes a key: the primary certifies and signs, one subkey is sealed to. It is unlocked and without a
    /// passphrase.
    ///
    /// # Errors
    /// `MalformedAddress` if a user id has control characters or is too long, `Internal` if the clock is beyond
    /// what OpenPGP can write.
    pub fn make<R: RngCore + CryptoRng>(
        rng: &mut R,
        options: &KeyOptions<'_>,
        now: Millis,
    ) -> Result<Self, CoreError> {
        let at = timestamp(now)?;
        let (version, kind, encryption) = options.profile.shape();
        let primary = generate(rng, version, &kind, true, at)?;
        let subkey =
            if options.signing_only { None } else { Some(generate(rng, version, &encryption, false, at)?) };
        assemble(rng, options, primary, subkey, at)
    }

    /// Makes an RSA key of numbers that the host made (WebCrypto's `generateKey`), proven to fit together.
    /// The profile must be an RSA one.
    ///
    /// # Errors
    /// As [`make`](Self::make); `KeySubstituted` if the numbers are none of an RSA key of this size.
    pub fn make_rsa_from<R: RngCore + CryptoRng>(
        rng: &mut R,
        options: &KeyOptions<'_>,
        primary: &RsaNumbers,
        encryption: Option<&RsaNumbers>,
        now: Millis,
    ) -> Result<Self, CoreError> {
        let at = timestamp(now)?;
        let bits = options.profile.rsa_bits().ok_or(CoreErrorCode::Internal)?;
        let made = |numbers: &RsaNumbers, is_primary| {
            if usize::try_from(bits).ok() != Some(numbers.n.len() * 8)
                || numbers.n.first().is_none_or(|octet| *octet < 0x80)
            {
                return Err(CoreError::with(CoreErrorCode::KeySubstituted, "an RSA key of another size"));
            }
            of_numbers(numbers, is_primary, at)
        };
        let subkey = match encryption {
            Some(numbers) if !options.signing_only => Some(made(numbers, false)?),
            _ => None,
        };
        assemble(rng, options, made(primary, true)?, subkey, at)
    }
}

fn assemble<R: RngCore + CryptoRng>(
    rng: &mut R,
    options: &KeyOptions<'_>,
    primary: KeyPacket,
    subkey: Option<KeyPacket>,
    at: Timestamp,
) -> Result<SecretCert, CoreError> {
    for text in options.user_ids {
        check_user_id(text)?;
    }
    let pen = Pen { key: OwnKey::of(&primary).ok_or(CoreErrorCode::Internal)?, at };
    let public = primary.public.as_ref().ok_or(CoreErrorCode::Internal)?;
    let Public::Primary(primary_key) = public else { return Err(CoreErrorCode::Internal.into()) };
    let version = public.details().version();

    // RFC 9580 section 10.1.1: version 6 keeps these in a direct-key signature; version 4 programs look for
    // them on the user id.
    let about = || about_key(version, Use::CertifyAndSign, options.lifetime);
    let mut direct = Vec::new();
    let modern = version == KeyVersion::V6;
    if modern || options.user_ids.is_empty() {
        direct.push(body(&pen.on_key(rng, SignatureType::Key, public, about()?)?)?);
    }
    let mut users = Vec::new();
    for (index, text) in options.user_ids.iter().enumerate() {
        let mut parts = Vec::new();
        if index == 0 {
            parts.push(part(SubpacketData::IsPrimary(true))?);
        }
        if !modern {
            parts.extend(about()?);
        }
        let head = Head::UserId(text.as_bytes().to_vec());
        let user = head.user().ok_or(CoreErrorCode::Internal)?;
        let signature = pen.on_user(rng, SignatureType::CertPositive, primary_key, &user, parts)?;
        users.push(Component { head, signatures: vec![body(&signature)?] });
    }
    let subkey = match subkey {
        Some(subkey) => Some(bound_for_encryption(rng, &pen, public, subkey, options.lifetime)?),
        None => None,
    };
    let mut components = vec![Component { head: Head::Key(Box::new(primary)), signatures: direct }];
    components.extend(users);
    components.extend(subkey);
    SecretCert::of(components)
}

/// A subkey with its binding.
pub(super) fn bound_for_encryption<R: RngCore + CryptoRng>(
    rng: &mut R,
    pen: &Pen<'_>,
    primary: &Public,
    subkey: KeyPacket,
    lifetime: Option<u32>,
) -> Result<Component, CoreError> {
    let public = subkey.public.as_ref().ok_or(CoreErrorCode::Internal)?;
    let mut about = vec![flags(Use::Encrypt)?];
    about.extend(end(lifetime)?);
    let binding = pen.on_subkey(rng, SignatureType::SubkeyBinding, primary, public, about)?;
    Ok(Component { signatures: vec![body(&binding)?], head: Head::Key(Box::new(subkey)) })
}

/// Texts that would break out of a user id are refused, and those that no certificate may hold.
pub(super) fn check_user_id(text: &str) -> Result<(), CoreError> {
    if text.is_empty() || text.len() > profile::MAX_USER_ID_BYTES || text.contains(char::is_control) {
        return Err(CoreErrorCode::MalformedAddress.into());
    }
    Ok(())
}

/// A new key of the same profile's kind for encryption.
pub(super) fn encryption_key<R: RngCore + CryptoRng>(
    rng: &mut R,
    profile: KeyProfile,
    at: Timestamp,
) -> Result<KeyPacket, CoreError> {
    let (version, _, encryption) = profile.shape();
    generate(rng, version, &encryption, false, at)
}

fn generate<R: RngCore + CryptoRng>(
    rng: &mut R,
    version: KeyVersion,
    kind: &KeyType,
    is_primary: bool,
    at: Timestamp,
) -> Result<KeyPacket, CoreError> {
    let (params, secret) = generated(rng, kind)?;
    let public = public(version, kind, params, is_primary, at)?;
    let mut octets = Zeroizing::new(Vec::with_capacity(secret.write_len(KeyVersion::V6)));
    // The form of version 6 has no checksum at the end.
    secret.to_writer(&mut *octets, KeyVersion::V6).map_err(internal)?;
    let secret = Secret::made(public.details(), secret, &octets)?;
    KeyPacket::made(public, secret, octets)
}

#[cfg(not(target_arch = "wasm32"))]
fn generated<R: RngCore + CryptoRng>(
    rng: &mut R,
    kind: &KeyType,
) -> Result<(PublicParams, PlainSecretParams), CoreError> {
    let (params, secret) = kind.generate(&mut *rng).map_err(internal)?;
    let pgp::types::SecretParams::Plain(secret) = &secret else { return Err(CoreErrorCode::Internal.into()) };
    Ok((params, secret.clone()))
}

/// Only the kinds that the profile makes, without RSA, whose primes a browser finds itself: all of rPGP's would
/// not fit into the page's byte budget.
#[cfg(target_arch = "wasm32")]
fn generated<R: RngCore + CryptoRng>(
    rng: &mut R,
    kind: &KeyType,
) -> Result<(PublicParams, PlainSecretParams), CoreError> {
    use pgp::crypto::{ecdh, ed25519, eddsa_legacy, x25519};

    if *kind == profile::V4_PRIMARY {
        let secret = ed25519::SecretKey::generate(rng, ed25519::Mode::EdDSALegacy);
        let params = PublicParams::EdDSALegacy((&secret).into());
        Ok((params, PlainSecretParams::EdDSALegacy(eddsa_legacy::SecretKey::Ed25519(secret))))
    } else if *kind == profile::V4_ENCRYPTION {
        let secret = ecdh::SecretKey::Curve25519Legacy(ecdh::Curve25519Legacy::generate(rng));
        Ok((PublicParams::ECDH((&secret).try_into().map_err(internal)?), PlainSecretParams::ECDH(secret)))
    } else if *kind == profile::V6_PRIMARY {
        let secret = ed25519::SecretKey::generate(rng, ed25519::Mode::Ed25519);
        Ok((PublicParams::Ed25519((&secret).into()), PlainSecretParams::Ed25519(secret)))
    } else if *kind == profile::V6_ENCRYPTION {
        let secret = x25519::SecretKey::generate(rng);
        Ok((PublicParams::X25519((&secret).into()), PlainSecretParams::X25519(secret)))
    } else {
        let detail = "RSA keys are made where the browser has WebCrypto: on pages that came over TLS";
        Err(CoreError::with(CoreErrorCode::Internal, detail))
    }
}

fn of_numbers(numbers: &RsaNumbers, is_primary: bool, at: Timestamp) -> Result<KeyPacket, CoreError> {
    let key = PrivateKey::of_numbers(numbers)?;
    let params = PublicParams::RSA(super::secret::rsa_params(&numbers.n, &numbers.e)?);
    let public = public(KeyVersion::V4, &profile::RSA_3072, params, is_primary, at)?;
    let octets = key.to_octets();
    KeyPacket::made(public, Secret::Rsa(Box::new(key)), octets)
}

fn public(
    version: KeyVersion,
    kind: &KeyType,
    params: PublicParams,
    is_primary: bool,
    at: Timestamp,
) -> Result<Public, CoreError> {
    let inner = PubKeyInner::new(version, kind.to_alg(), at, None, params).map_err(internal)?;
    Ok(if is_primary {
        Public::Primary(PublicKey::from_inner(inner).map_err(internal)?)
    } else {
        Public::Subkey(PublicSubkey::from_inner(inner).map_err(internal)?)
    })
}
