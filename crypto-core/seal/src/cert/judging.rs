//! The verdict on a certificate as it is now, with reasons a person can read.

use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::KeyDetails as _;
use wire::Millis;

use super::seen::{SeenPrimary, SeenSubkey, When};
use super::users::address_of;
use super::{Cert, Fingerprint, Held, Key, Refusal, Revocation, Subkey, millis, seconds};
use crate::profile;
use crate::signature::{Flags, SignaturePacket};

/// Everything a certificate holds, and what of it may be used at a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The certificate.
    pub fingerprint: Fingerprint,
    /// Its OpenPGP version, 4 or 6.
    pub version: u8,
    /// Whether it may be used at all, or why not.
    pub state: Result<(), Refusal>,
    /// When it ends, if ever.
    pub expires: Option<Millis>,
    /// Whether its owner reads SEIPDv2 (RFC 9580 section 5.13.2).
    pub reads_seipd_v2: bool,
    /// Every key, the primary one first.
    pub keys: Vec<JudgedKey>,
    /// Every user id.
    pub user_ids: Vec<JudgedUserId>,
    /// How many packets in it are not understood. They are kept, and mean nothing here.
    pub not_understood: usize,
}

/// One key of a certificate, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedKey {
    /// The key.
    pub fingerprint: Fingerprint,
    /// Whether it is the primary key.
    pub is_primary: bool,
    /// Its algorithm.
    pub algorithm: PublicKeyAlgorithm,
    /// When it was made, as it says.
    pub created: Millis,
    /// When it ends, if ever. Of a subkey its own end; the certificate may end before.
    pub expires: Option<Millis>,
    /// What it may do.
    pub flags: Flags,
    /// Whether it may be used, or why not.
    pub state: Result<(), Refusal>,
    /// The revocation in force, if there is one.
    pub revocation: Option<Revocation>,
}

/// One user id of a certificate, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedUserId {
    /// As text. Foreign: show with care.
    pub text: String,
    /// The mail address in it, if there is one.
    pub address: Option<String>,
    /// Whether it is the primary one.
    pub is_primary: bool,
    /// Whether the owner's signature binds it, or why not.
    pub state: Result<(), Refusal>,
    /// The revocation in force, if there is one.
    pub revocation: Option<Revocation>,
}

/// What the owner of a certificate says of the messages he reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announced {
    /// SEIPDv2 (RFC 9580).
    pub seipd_v2: bool,
    /// Ciphers with modes, best first.
    pub suites: Vec<(SymmetricKeyAlgorithm, AeadAlgorithm)>,
    /// Ciphers, best first.
    pub ciphers: Vec<SymmetricKeyAlgorithm>,
    /// Hashes, best first.
    pub hashes: Vec<HashAlgorithm>,
}

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Either of the two below.
    #[default]
    Any,
    /// Something that is sent.
    Communication,
    /// Something that is kept.
    Storage,
}

const SEIPD_V2: u8 = 0x08;

impl Cert {
    fn now(&self, now: Millis) -> When {
        When { at: seconds(now), now: seconds(now) }
    }

    /// Everything in it with its state, and the reason where something may not be used.
    pub fn judged(&self, now: Millis) -> Judged {
        let when = self.now(now);
        let primary = self.seen_primary(when);
        let mut keys = vec![JudgedKey {
            fingerprint: self.fingerprint().clone(),
            is_primary: true,
            algorithm: self.primary.body.packet.algorithm(),
            created: self.created(),
            expires: primary.expires.map(millis),
            flags: primary.flags,
            state: primary.state.clone(),
            revocation: primary.revocation.clone(),
        }];
        for subkey in &self.subkeys {
            let seen = self.seen_subkey(subkey, when);
            keys.push(JudgedKey {
                fingerprint: subkey.body.fingerprint.clone(),
                is_primary: false,
                algorithm: subkey.body.packet.algorithm(),
                created: millis(subkey.body.created()),
                expires: seen.expires.map(millis),
                flags: seen.flags,
                state: seen.state,
                revocation: seen.revocation,
            });
        }
        let user_ids = self
            .users
            .iter()
            .zip(&primary.users)
            .enumerate()
            .filter(|(_, (user, _))| !user.body.attribute)
            .map(|(index, (user, seen))| {
                let text = String::from_utf8_lossy(&user.body.bytes).into_owned();
                JudgedUserId {
                    address: address_of(&text).map(str::to_owned),
                    text,
                    is_primary: primary.primary_user == Some(index),
                    state: seen.state(),
                    revocation: seen.revocation.clone(),
                }
            })
            .collect();
        let unread = |bundles: &[super::Bundle<super::UserBody>]| -> usize {
            bundles.iter().map(|it| it.unread.len()).sum()
        };
        Judged {
            fingerprint: self.fingerprint().clone(),
            version: self.version(),
            reads_seipd_v2: reads_seipd_v2(&primary),
            expires: primary.expires.map(millis),
            state: primary.state,
            keys,
            user_ids,
            not_understood: self.others.len()
                + self.primary.unread.len()
                + unread(&self.users)
                + self.subkeys.iter().map(|it| it.unread.len()).sum::<usize>(),
        }
    }

    /// Whether the certificate as a whole may be used now: not revoked, not expired, bound, strong enough.
    ///
    /// # Errors
    /// The reason not to use it.
    pub fn usable(&self, now: Millis) -> Result<(), Refusal> {
        self.seen_primary(self.now(now)).state
    }

    /// When it ends, if ever, as its owner says now.
    pub fn expires(&self, now: Millis) -> Option<Millis> {
        self.seen_primary(self.now(now)).expires.map(millis)
    }

    /// What the owner says he reads.
    pub fn announced(&self, now: Millis) -> Announced {
        let primary = self.seen_primary(self.now(now));
        let octets = |what: for<'a> fn(&'a SignaturePacket) -> Option<&'a [u8]>| -> Vec<u8> {
            primary.says(|packet| what(packet).map(<[u8]>::to_vec)).unwrap_or_default()
        };
        Announced {
            seipd_v2: reads_seipd_v2(&primary),
            suites: octets(SignaturePacket::preferred_suites)
                .chunks_exact(2)
                .filter_map(|pair| match pair {
                    [cipher, mode] => Some(((*cipher).into(), (*mode).into())),
                    _ => None,
                })
                .collect(),
            ciphers: octets(SignaturePacket::preferred_ciphers).into_iter().map(Into::into).collect(),
            hashes: octets(SignaturePacket::preferred_hashes).into_iter().map(Into::into).collect(),
        }
    }

    /// The keys to seal to now, the newest first.
    ///
    /// # Errors
    /// The most telling reason that there is none.
    pub fn encryption_keys(&self, now: Millis) -> Result<Vec<Key<'_>>, Refusal> {
        self.encryption_keys_for(Purpose::Any, now)
    }

    /// The keys to seal to now for a purpose, the newest first.
    ///
    /// # Errors
    /// The most telling reason that there is none.
    pub fn encryption_keys_for(&self, purpose: Purpose, now: Millis) -> Result<Vec<Key<'_>>, Refusal> {
        let when = self.now(now);
        let primary = self.seen_primary(when);
        primary.state.clone()?;
        let mut good: Vec<Key<'_>> = Vec::new();
        let mut refused: Vec<(Millis, Refusal)> = Vec::new();
        if seals(primary.flags, purpose) && profile::can_seal_to(self.primary.body.packet.algorithm()) {
            good.push(self.key_of(None, primary.flags));
        }
        for subkey in &self.subkeys {
            let seen = self.seen_subkey(subkey, when);
            match seal_state(subkey, &seen, purpose) {
                Some(Ok(())) => good.push(self.key_of(Some(subkey), seen.flags)),
                Some(Err(why)) => refused.push((millis(subkey.body.created()), why)),
                None => {}
            }
        }
        if good.is_empty() {
            return Err(refused
                .into_iter()
                .max_by_key(|(created, _)| *created)
                .map_or(Refusal::NoEncryptionKey, |it| it.1));
        }
        // Subkeys before a primary key of the same second; of equals the last in order.
        good.reverse();
        good.sort_by_key(|key| core::cmp::Reverse((key.created(), !key.is_primary())));
        Ok(good)
    }

    /// Whether the owner ever said that this key is to be sealed to. Mail from that time is opened with it for
    /// ever, whether it has expired, was revoked or was given another use since.
    pub fn was_for_sealing(&self, key: &Fingerprint) -> bool {
        // An owner whose signatures nobody here can check says nothing.
        if profile::is_unread(self.primary.body.packet.public_params()) {
            return true;
        }
        let said = |signatures: &[Held], proven: &dyn Fn(&Held) -> bool| {
            signatures
                .iter()
                .take(profile::MAX_SIGNATURES)
                .filter(|held| profile::revocation_hash_counts(held.packet.hash_algorithm()) && proven(held))
                .filter_map(|held| held.packet.key_flags())
                .any(Flags::encrypts)
        };
        let of_all = || {
            said(&self.primary.signatures, &|held| self.proven_over_itself(held))
                || self
                    .users
                    .iter()
                    .take(profile::MAX_SIGNATURES)
                    .any(|user| said(&user.signatures, &|held| self.proven_over_user(held, &user.body)))
        };
        if key == self.fingerprint() {
            return of_all();
        }
        self.subkeys
            .iter()
            .filter(|subkey| subkey.body.fingerprint == *key)
            .any(|subkey| said(&subkey.signatures, &|held| self.proven_over_subkey(held, &subkey.body)))
    }

    /// The keys that may sign content now, the newest first.
    ///
    /// # Errors
    /// Why the certificate may not be used at all.
    pub fn signing_keys(&self, now: Millis) -> Result<Vec<Key<'_>>, Refusal> {
        let when = self.now(now);
        let primary = self.seen_primary(when);
        primary.state.clone()?;
        let mut good = Vec::new();
        if primary.flags.signs() && profile::can_sign(self.primary.body.packet.algorithm()) {
            good.push(self.key_of(None, primary.flags));
        }
        for subkey in &self.subkeys {
            let seen = self.seen_subkey(subkey, when);
            if seen.state.is_ok() && seen.flags.signs() && profile::can_sign(subkey.body.packet.algorithm()) {
                good.push(self.key_of(Some(subkey), seen.flags));
            }
        }
        good.reverse();
        good.sort_by_key(|key| core::cmp::Reverse((key.created(), !key.is_primary())));
        Ok(good)
    }
}

fn reads_seipd_v2(primary: &SeenPrimary<'_>) -> bool {
    primary.says(SignaturePacket::features).is_some_and(|features| features & SEIPD_V2 != 0)
}

fn seals(flags: Flags, purpose: Purpose) -> bool {
    let wanted = match purpose {
        Purpose::Any => Flags::ENCRYPT_COMMUNICATIONS | Flags::ENCRYPT_STORAGE,
        Purpose::Communication => Flags::ENCRYPT_COMMUNICATIONS,
        Purpose::Storage => Flags::ENCRYPT_STORAGE,
    };
    flags.bits() & wanted != 0
}

/// Whether a subkey may be sealed to; `None` if it is not meant for that.
fn seal_state(subkey: &Subkey, seen: &SeenSubkey<'_>, purpose: Purpose) -> Option<Result<(), Refusal>> {
    let fits = profile::can_seal_to(subkey.body.packet.algorithm());
    match &seen.state {
        Ok(()) => (fits && seals(seen.flags, purpose)).then_some(Ok(())),
        // Without a binding that counts there are no flags to go by.
        Err(why) if seen.binding.is_none() => fits.then(|| Err(why.clone())),
        Err(_) if !seals(seen.flags, purpose) => None,
        Err(Refusal::Expired(end)) => Some(Err(Refusal::EncryptionKeyExpired(*end))),
        Err(Refusal::Revoked) => Some(Err(Refusal::EncryptionKeyRevoked)),
        Err(why) => Some(Err(why.clone())),
    }
}
