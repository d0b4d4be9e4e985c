//! Which signatures of a certificate count, and what they say of each of its keys.

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{RevocationCode, Signature, SignatureType};
use pgp::types::{KeyDetails, PublicParams, SignedUser, Tag};
use wire::Millis;

use crate::cert::{Fingerprint, Refusal};
use crate::profile;

/// Whole seconds, as OpenPGP counts.
pub(crate) fn seconds(time: Millis) -> i64 {
    time.div_euclid(1000)
}

/// A key of a certificate (`index` of a subkey, or none for the primary key) and what it may be used for.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    pub(crate) index: Option<usize>,
    pub(crate) fingerprint: Fingerprint,
    created: i64,
    encryption: bool,
    signing: bool,
    state: Result<(), Refusal>,
}

/// A certificate with all its signatures verified, as seen at `now`, for a use at the time `at`.
#[derive(Debug)]
pub(crate) struct Evaluated {
    pub(crate) primary: Result<(), Refusal>,
    pub(crate) expires: Option<i64>,
    pub(crate) reads_seipd_v2: bool,
    pub(crate) user_ids: Vec<String>,
    components: Vec<Component>,
}

fn created(sig: &Signature) -> Option<i64> {
    sig.created().map(|t| i64::from(t.as_secs()))
}

/// Whether a self-signature may be looked at: a hash that counts, made in the past, not before its key,
/// not expired, no critical part we do not understand.
fn counts(sig: &Signature, key_created: i64, now: i64) -> bool {
    let Some(made) = created(sig) else { return false };
    let expired = sig
        .signature_expiration_time()
        .is_some_and(|d| d.as_secs() != 0 && made.saturating_add(i64::from(d.as_secs())) <= now);
    sig.hash_alg().is_some_and(profile::hash_counts)
        && made <= now.saturating_add(profile::CLOCK_SKEW_SECONDS)
        && made >= key_created
        && !expired
        && understood(sig)
}

pub(crate) fn understood(sig: &Signature) -> bool {
    use pgp::packet::SubpacketData as D;
    sig.config().is_some_and(|config| {
        config
            .hashed_subpackets()
            .filter(|part| part.is_critical)
            .all(|part| !matches!(part.data, D::Experimental(..) | D::Other(..) | D::Notation(..)))
    })
}

/// Whether a revocation already verified is in force for a use at the time `at`. A key that was merely
/// retired or replaced stays good for what it signed before; any other reason reaches back for ever.
fn revokes(sig: &Signature, at: i64) -> bool {
    match sig.revocation_reason_code() {
        Some(
            RevocationCode::KeySuperseded | RevocationCode::KeyRetired | RevocationCode::CertUserIdInvalid,
        ) => created(sig).is_none_or(|made| made <= at),
        _ => true,
    }
}

fn newest<'a>(sigs: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    sigs.max_by_key(|sig| created(sig))
}

fn end_of(sig: &Signature, key_created: i64) -> Option<i64> {
    sig.key_expiration_time()
        .filter(|d| d.as_secs() != 0)
        .map(|d| key_created.saturating_add(i64::from(d.as_secs())))
}

fn check_span(key_created: i64, end: Option<i64>, at: i64) -> Result<(), Refusal> {
    if key_created > at.saturating_add(profile::CLOCK_SKEW_SECONDS) {
        return Err(Refusal::NotYetValid(key_created.saturating_mul(1000)));
    }
    match end {
        Some(end) if end <= at => Err(Refusal::Expired(end.saturating_mul(1000))),
        _ => Ok(()),
    }
}

fn weak(key: &impl KeyDetails) -> Result<(), Refusal> {
    let params: &PublicParams = key.public_params();
    profile::key_counts(key.algorithm(), params).map_err(Refusal::WeakAlgorithm)
}

impl Evaluated {
    pub(crate) fn of(key: &SignedPublicKey, at: i64, now: i64) -> Self {
        let primary = &key.primary_key;
        let primary_created = i64::from(primary.created_at().as_secs());
        let limit = profile::MAX_SIGNATURES;

        let direct = newest(
            key.details
                .direct_signatures
                .iter()
                .take(limit)
                .filter(|sig| sig.typ() == Some(SignatureType::Key))
                .filter(|sig| counts(sig, primary_created, now) && sig.verify_key(primary).is_ok()),
        );
        let mut bound: Vec<(&SignedUser, &Signature)> = Vec::new();
        for user in &key.details.users {
            if let Some(sig) = user_binding(key, user, primary_created, at, now) {
                bound.push((user, sig));
            }
        }
        // The newest of those marked as primary, else the newest (RFC 9580 section 5.2.3.27).
        let primary_user =
            bound.iter().map(|(_, sig)| *sig).max_by_key(|sig| (sig.is_primary(), created(sig)));

        let version = u8::from(primary.version());
        let governing = if version == 6 { direct } else { primary_user.or(direct) };
        let expires = governing.and_then(|sig| end_of(sig, primary_created)).or_else(|| {
            // A version 4 certificate may say so in its direct signature alone.
            direct.and_then(|sig| end_of(sig, primary_created))
        });
        let revoked = key
            .details
            .revocation_signatures
            .iter()
            .take(limit)
            .any(|sig| sig.verify_key(primary).is_ok() && revokes(sig, at));

        let state = if revoked {
            Err(Refusal::Revoked)
        } else if let Err(refusal) = weak(primary) {
            Err(refusal)
        } else if governing.is_none() {
            Err(Refusal::NoValidBinding)
        } else {
            check_span(primary_created, expires, at)
        };

        let flags = governing.map(Signature::key_flags).unwrap_or_default();
        let mut components = vec![Component {
            index: None,
            fingerprint: Fingerprint::of(primary),
            created: primary_created,
            encryption: (flags.encrypt_comms() || flags.encrypt_storage())
                && profile::can_seal_to(primary.algorithm()),
            signing: flags.sign() && profile::can_sign(primary.algorithm()),
            state: state.clone(),
        }];
        for (index, subkey) in key.public_subkeys.iter().enumerate() {
            components.extend(component(key, index, subkey, at, now));
        }
        Self {
            primary: state,
            expires,
            reads_seipd_v2: governing
                .and_then(Signature::features)
                .or_else(|| direct.and_then(Signature::features))
                .is_some_and(|features| features.seipd_v2()),
            user_ids: bound
                .iter()
                .map(|(user, _)| String::from_utf8_lossy(user.id.id()).into_owned())
                .collect(),
            components,
        }
    }

    /// Whether one of the bound user ids is this address.
    pub(crate) fn names(&self, address: &str) -> bool {
        self.user_ids.iter().filter_map(|id| address_of(id)).any(|own| own.eq_ignore_ascii_case(address))
    }

    /// The newest key to seal to, or the most telling reason that there is none.
    pub(crate) fn newest_for_sealing(&self) -> Result<&Component, Refusal> {
        let meant = || self.components.iter().filter(|part| part.encryption);
        if let Some(part) = meant().filter(|part| part.state.is_ok()).max_by_key(|part| part.created) {
            return Ok(part);
        }
        let newest = meant().max_by_key(|part| part.created);
        Err(match newest.map(|part| &part.state) {
            Some(Err(Refusal::Expired(end))) => Refusal::EncryptionKeyExpired(*end),
            Some(Err(Refusal::Revoked)) => Refusal::EncryptionKeyRevoked,
            Some(Err(other)) => other.clone(),
            _ => Refusal::NoEncryptionKey,
        })
    }

    /// Every key that may sign, with its state.
    pub(crate) fn signers(&self) -> impl Iterator<Item = (&Component, &Result<(), Refusal>)> {
        self.components.iter().filter(|part| part.signing).map(|part| (part, &part.state))
    }
}

/// The newest self-signature that binds a user id, unless a later one revokes it.
fn user_binding<'a>(
    key: &SignedPublicKey,
    user: &'a SignedUser,
    primary_created: i64,
    at: i64,
    now: i64,
) -> Option<&'a Signature> {
    let primary = &key.primary_key;
    // Third-party certifications cost nothing: they fail on the issuer before any mathematics.
    let own = |sig: &&Signature| sig.verify_certification(primary, Tag::UserId, &user.id).is_ok();
    let sigs = || user.signatures.iter().take(profile::MAX_SIGNATURES);
    let binding = newest(
        sigs()
            .filter(|sig| sig.typ() != Some(SignatureType::CertRevocation))
            .filter(|sig| counts(sig, primary_created, now))
            .filter(own),
    )?;
    let revoked = sigs()
        .filter(|sig| sig.typ() == Some(SignatureType::CertRevocation))
        .filter(|sig| created(sig) >= created(binding))
        .filter(own)
        .any(|sig| revokes(sig, at));
    (!revoked).then_some(binding)
}

/// A subkey, if a valid binding (with back-signature where it signs) makes it part of the certificate.
fn component(
    key: &SignedPublicKey,
    index: usize,
    subkey: &SignedPublicSubKey,
    at: i64,
    now: i64,
) -> Option<Component> {
    let primary = &key.primary_key;
    let key_created = i64::from(subkey.key.created_at().as_secs());
    let sigs = || subkey.signatures.iter().take(profile::MAX_SIGNATURES);
    let binding = newest(
        sigs()
            .filter(|sig| sig.typ() == Some(SignatureType::SubkeyBinding))
            .filter(|sig| counts(sig, key_created, now))
            .filter(|sig| sig.verify_subkey_binding(primary, &subkey.key).is_ok()),
    )?;
    let revoked = sigs()
        .filter(|sig| sig.typ() == Some(SignatureType::SubkeyRevocation))
        .filter(|sig| sig.verify_subkey_binding(primary, &subkey.key).is_ok())
        .any(|sig| revokes(sig, at));
    let flags = binding.key_flags();
    let signs = flags.sign()
        && profile::can_sign(subkey.key.algorithm())
        && binding.embedded_signature().is_some_and(|back| {
            back.hash_alg().is_some_and(profile::hash_counts)
                && back.verify_primary_key_binding(&subkey.key, primary).is_ok()
        });
    let state = if revoked {
        Err(Refusal::Revoked)
    } else {
        weak(&subkey.key).and_then(|()| check_span(key_created, end_of(binding, key_created), at))
    };
    Some(Component {
        index: Some(index),
        fingerprint: Fingerprint::of(&subkey.key),
        created: key_created,
        encryption: (flags.encrypt_comms() || flags.encrypt_storage())
            && profile::can_seal_to(subkey.key.algorithm()),
        signing: signs,
        state,
    })
}

/// The address in a user id: `Name <address>`, `<address>` or a bare address.
fn address_of(user_id: &str) -> Option<&str> {
    let text = user_id.trim();
    let address = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(rest)) => rest.get(open + 1..)?,
        _ => text,
    };
    (address.contains('@') && !address.contains(|c: char| c.is_whitespace() || c == '<' || c == '>'))
        .then_some(address)
}
