//! A certificate as seen at a point in time: which self-signatures govern, and which revocations are in force.
//!
//! The newest self-signature that counts governs. It counts if its hash does, every critical part of it is
//! understood, it is not expired at that time, it was made by then and not before the key it is about, and the
//! primary key made it.

use pgp::packet::SignatureType;
use pgp::types::KeyDetails;

use super::held::is_certification;
use super::{Bundle, Cert, Held, Refusal, Revocation, Subkey, UserBody, millis};
use crate::profile;
use crate::signature::{Flags, RevocationReason, SignaturePacket};

/// The time something is judged for, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) at: i64,
    pub(super) now: i64,
}

impl When {
    /// The newest that a signature may be. Clocks differ, so the present is a little longer.
    fn latest(self) -> i64 {
        if self.at >= self.now { self.at.saturating_add(profile::CLOCK_SKEW_SECONDS) } else { self.at }
    }
}

/// Why a signature of the primary key does not count at a time, apart from who made it.
pub(super) fn counts(packet: &SignaturePacket, born: i64, when: When) -> Result<(), &'static str> {
    let made = packet.created().ok_or("it has no time")?;
    if packet.version() == 3 {
        return Err("it is in the form of version 3");
    }
    profile::self_signature_hash_counts(packet.hash_algorithm(), made)?;
    if !packet.is_understood() {
        return Err("it has a critical part that is not understood");
    }
    if made > when.latest() {
        return Err("it was made later");
    }
    if made < born {
        return Err("it is older than the key");
    }
    if packet.expires().is_some_and(|end| end <= when.at) {
        return Err("it has expired");
    }
    Ok(())
}

/// Signatures that others made are passed over before any are counted: a flood of them must hide neither what
/// the owner signed nor what the owner revoked.
pub(super) fn newest_first(signatures: &[Held], wanted: impl Fn(&Held) -> bool) -> Vec<&Held> {
    let mut found: Vec<&Held> =
        signatures.iter().filter(|held| wanted(held)).take(profile::MAX_HELD_SIGNATURES).collect();
    found.sort_by_key(|held| core::cmp::Reverse(held.packet.created()));
    found
}

/// The newest signature that counts, or why none does.
fn governing(
    signatures: &[Held],
    wanted: impl Fn(&Held) -> bool,
    check: impl Fn(&Held) -> Result<(), Refusal>,
    proven: impl Fn(&Held) -> bool,
) -> Result<&SignaturePacket, Refusal> {
    let candidates = newest_first(signatures, wanted);
    let mut tried = 0usize;
    let mut why = None;
    for held in candidates {
        match check(held) {
            Ok(()) => {
                tried += 1;
                if tried > profile::MAX_SIGNATURES {
                    break;
                }
                if proven(held) {
                    return Ok(&held.packet);
                }
            }
            // Only the newest reason is worth telling, and only of a signature that is the owner's.
            Err(reason) if why.is_none() && tried < profile::MAX_SIGNATURES => {
                tried += 1;
                why = proven(held).then_some(reason);
            }
            Err(_) => {}
        }
    }
    Err(why.unwrap_or(Refusal::NoValidBinding))
}

/// What is true of the primary key at a time.
#[derive(Debug)]
pub(super) struct SeenPrimary<'a> {
    pub(super) state: Result<(), Refusal>,
    pub(super) expires: Option<i64>,
    pub(super) flags: Flags,
    pub(super) revocation: Option<Revocation>,
    pub(super) direct: Option<&'a SignaturePacket>,
    /// The binding of the primary user id.
    pub(super) user: Option<&'a SignaturePacket>,
    /// Which user id is the primary one.
    pub(super) primary_user: Option<usize>,
    pub(super) users: Vec<SeenUser<'a>>,
}

/// What is true of a user id at a time.
#[derive(Debug)]
pub(super) struct SeenUser<'a> {
    pub(super) binding: Result<&'a SignaturePacket, Refusal>,
    pub(super) revocation: Option<Revocation>,
}

impl SeenUser<'_> {
    pub(super) fn state(&self) -> Result<(), Refusal> {
        match (&self.revocation, &self.binding) {
            (Some(_), _) => Err(Refusal::Revoked),
            (None, Ok(_)) => Ok(()),
            (None, Err(why)) => Err(why.clone()),
        }
    }
}

/// What is true of a subkey at a time.
#[derive(Debug)]
pub(super) struct SeenSubkey<'a> {
    pub(super) state: Result<(), Refusal>,
    pub(super) expires: Option<i64>,
    pub(super) flags: Flags,
    pub(super) revocation: Option<Revocation>,
    pub(super) binding: Option<&'a SignaturePacket>,
}

impl SeenPrimary<'_> {
    /// What a self-signature says of the whole certificate: that of the primary user id first, which may say so
    /// only up to version 4, else the direct one.
    pub(super) fn says<T>(&self, what: impl Fn(&SignaturePacket) -> Option<T>) -> Option<T> {
        self.user.and_then(&what).or_else(|| self.direct.and_then(&what))
    }
}

fn span(born: i64, end: Option<i64>, when: When) -> Result<(), Refusal> {
    if born > when.latest() {
        return Err(Refusal::NotYetValid(millis(born)));
    }
    match end {
        Some(end) if end <= when.at => Err(Refusal::Expired(millis(end))),
        _ => Ok(()),
    }
}

fn strong(key: &impl KeyDetails) -> Result<(), Refusal> {
    profile::key_counts(key.algorithm(), key.public_params()).map_err(Refusal::WeakAlgorithm)
}

/// What a key may do that nobody said anything of: a primary key certifies, and that is all. Guessing more from
/// the algorithm, as GnuPG does, would let a key be used for what its owner never meant it for.
fn flags_of(said: Option<Flags>, primary: bool) -> Flags {
    said.unwrap_or_else(|| if primary { Flags::new(Flags::CERTIFY) } else { Flags::default() })
}

impl Cert {
    fn born(&self) -> i64 {
        self.primary.body.created()
    }

    pub(super) fn direct_at(&self, when: When) -> Result<&SignaturePacket, Refusal> {
        governing(
            &self.primary.signatures,
            |held| held.packet.kind() == SignatureType::Key && self.own(&held.packet),
            |held| counts(&held.packet, self.born(), when).map_err(Refusal::BindingDoesNotCount),
            |held| self.proven_over_itself(held),
        )
    }

    pub(super) fn binding_of_user<'a>(
        &self,
        user: &'a Bundle<UserBody>,
        when: When,
    ) -> Result<&'a SignaturePacket, Refusal> {
        governing(
            &user.signatures,
            |held| is_certification(held.packet.kind()) && self.own(&held.packet),
            |held| counts(&held.packet, self.born(), when).map_err(Refusal::BindingDoesNotCount),
            |held| self.proven_over_user(held, &user.body),
        )
    }

    fn binding_of_subkey<'a>(&self, subkey: &'a Subkey, when: When) -> Result<&'a SignaturePacket, Refusal> {
        let born = subkey.body.created();
        governing(
            &subkey.signatures,
            |held| held.packet.kind() == SignatureType::SubkeyBinding && self.own(&held.packet),
            |held| {
                counts(&held.packet, self.born().max(born), when).map_err(Refusal::BindingDoesNotCount)?;
                if held.packet.key_flags().is_some_and(Flags::signs) && !self.is_confirmed(held, subkey, when)
                {
                    return Err(Refusal::NoBackSignature);
                }
                Ok(())
            },
            |held| self.proven_over_subkey(held, &subkey.body),
        )
    }

    fn is_confirmed(&self, held: &Held, subkey: &Subkey, when: When) -> bool {
        let born = subkey.body.created();
        self.back_signature(held, &subkey.body, |back| counts(back, born, when).is_ok()).is_some()
    }

    /// A revocation in force. What was retired or replaced comes back by a newer binding, what somebody else
    /// may have never does.
    fn revocation(
        &self,
        signatures: &[Held],
        kind: SignatureType,
        bound: Option<i64>,
        when: When,
        proven: impl Fn(&Held) -> bool,
    ) -> Option<Revocation> {
        let mut soft = None;
        let mut tried = 0usize;
        for held in newest_first(signatures, |one| one.packet.kind() == kind && self.own(&one.packet)) {
            let packet = &held.packet;
            let made = packet.created();
            let (reason, words) = packet.revocation_reason();
            let in_force = reason.is_hard()
                || (made.is_some_and(|made| made <= when.at && bound.is_none_or(|bound| bound <= made))
                    && packet.expires().is_none_or(|end| end > when.at));
            if !in_force
                || !profile::revocation_hash_counts(packet.hash_algorithm())
                || !packet.is_understood()
                || packet.version() == 3
            {
                continue;
            }
            tried += 1;
            if tried > profile::MAX_SIGNATURES {
                break;
            }
            if !proven(held) {
                continue;
            }
            let found = Revocation { reason, words, made: made.map(millis) };
            if reason.is_hard() {
                return Some(found);
            }
            soft = soft.or(Some(found));
        }
        soft
    }

    pub(super) fn seen_user<'a>(&self, user: &'a Bundle<UserBody>, when: When) -> SeenUser<'a> {
        let binding = self.binding_of_user(user, when);
        let bound = binding.as_ref().ok().and_then(|it| it.created());
        let revocation =
            self.revocation(&user.signatures, SignatureType::CertRevocation, bound, when, |held| {
                self.proven_over_user(held, &user.body)
            });
        SeenUser { binding, revocation }
    }

    /// The primary key at a time, with the user ids, one of which speaks for it in version 4.
    pub(super) fn seen_primary(&self, when: When) -> SeenPrimary<'_> {
        let direct = self.direct_at(when);
        let users: Vec<SeenUser<'_>> = self.users.iter().map(|user| self.seen_user(user, when)).collect();
        // Those marked as primary first, then the newest (RFC 9580 section 5.2.3.27). A revoked one speaks for
        // nothing.
        let primary_user = users
            .iter()
            .enumerate()
            .zip(&self.users)
            .filter(|(_, user)| !user.body.attribute)
            .filter_map(|((index, seen), _)| {
                let binding = seen.binding.as_ref().ok().filter(|_| seen.revocation.is_none())?;
                let rank = (binding.is_primary_user_id(), binding.created());
                Some((rank, core::cmp::Reverse(index), index))
            })
            .max()
            .map(|(_, _, index)| index);
        let user = primary_user
            .and_then(|index| users.get(index))
            .and_then(|seen| seen.binding.as_ref().ok().copied());

        let modern = self.version() == 6;
        let mut seen = SeenPrimary {
            state: Ok(()),
            expires: None,
            flags: Flags::default(),
            revocation: None,
            direct: direct.as_ref().ok().copied(),
            // In version 6 only the direct signature speaks for the key (RFC 9580 section 10.1.1).
            user: user.filter(|_| !modern),
            primary_user,
            users,
        };
        let bound = seen.direct.into_iter().chain(seen.user).filter_map(SignaturePacket::created).max();
        seen.revocation =
            self.revocation(&self.primary.signatures, SignatureType::KeyRevocation, bound, when, |held| {
                self.proven_over_itself(held)
            });
        // Both speak for the certificate, and it ends when the first of them says so: a binding of a user id that
        // gives no end does not lift the end that the key itself was given.
        let life = seen
            .user
            .into_iter()
            .chain(seen.direct)
            .filter_map(SignaturePacket::key_life)
            .filter(|life| *life != 0)
            .min();
        seen.expires = life.map(|life| self.born().saturating_add(life));
        seen.flags = flags_of(seen.says(SignaturePacket::key_flags), true);
        seen.state = if seen.revocation.is_some() {
            Err(Refusal::Revoked)
        } else if let Err(weak) = strong(&self.primary.body.packet) {
            Err(weak)
        } else if self.born() > when.latest() {
            Err(Refusal::NotYetValid(millis(self.born())))
        } else if seen.direct.is_none() && seen.user.is_none() {
            let why = seen.users.iter().find_map(|user| user.binding.as_ref().err().cloned());
            Err(match (direct, why) {
                (Err(why @ Refusal::BindingDoesNotCount(_)), _)
                | (_, Some(why @ Refusal::BindingDoesNotCount(_))) => why,
                _ => Refusal::NoValidBinding,
            })
        } else {
            span(self.born(), seen.expires, when)
        };
        seen
    }

    pub(super) fn seen_subkey<'a>(&self, subkey: &'a Subkey, when: When) -> SeenSubkey<'a> {
        let binding = self.binding_of_subkey(subkey, when);
        let bound = binding.as_ref().ok().and_then(|it| it.created());
        let revocation =
            self.revocation(&subkey.signatures, SignatureType::SubkeyRevocation, bound, when, |held| {
                self.proven_over_subkey(held, &subkey.body)
            });
        let key = &subkey.body.packet;
        let born = subkey.body.created();
        let expires = binding.as_ref().ok().and_then(|it| it.key_life()).filter(|life| *life != 0);
        let expires = expires.map(|life| born.saturating_add(life));
        // What a direct signature says holds for all keys that say nothing of themselves (RFC 9580
        // section 5.2.3.10).
        let said = binding.as_ref().ok().and_then(|it| it.key_flags());
        let mut flags = flags_of(said.or_else(|| self.direct_at(when).ok()?.key_flags()), false);
        // Of these nobody was asked to confirm; who signs has to have done so all the same.
        if let Ok(packet) = &binding
            && flags.signs()
            && packet.key_flags().is_none()
            && !subkey
                .signatures
                .iter()
                .any(|held| core::ptr::eq(&held.packet, *packet) && self.is_confirmed(held, subkey, when))
        {
            flags = flags.without_signing();
        }
        let state = if revocation.is_some() {
            Err(Refusal::Revoked)
        } else if let Err(why) = &binding {
            Err(why.clone())
        } else {
            strong(key).and_then(|()| span(born, expires, when))
        };
        SeenSubkey { state, expires, flags, revocation, binding: binding.ok() }
    }
}

impl Flags {
    fn without_signing(self) -> Self {
        Self::new(self.bits() & !Self::SIGN)
    }
}

/// In a sentence about a signature that was made with the key.
pub(super) fn why_not_by(refusal: &Refusal, revocation: Option<&Revocation>) -> &'static str {
    match (refusal, revocation.map(|it| it.reason)) {
        (Refusal::Revoked, Some(RevocationReason::Compromised)) => {
            "its key was revoked: somebody else may have it"
        }
        (Refusal::Revoked, _) => "its key was revoked",
        (Refusal::Expired(_), _) => "its key had expired when it signed",
        (Refusal::NotYetValid(_), _) => "its key was not valid yet when it signed",
        (Refusal::WeakAlgorithm(why), _) => why,
        (Refusal::NoBackSignature, _) => "its key did not confirm that it belongs to this certificate",
        (Refusal::BindingDoesNotCount(why), _) => why,
        _ => "its key did not belong to this certificate when it signed",
    }
}
