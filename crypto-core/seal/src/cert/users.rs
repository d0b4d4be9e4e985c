//! User ids: the addresses in them, and who else says that they are right.

use pgp::packet::SignatureType;
use wire::Millis;

use super::held::is_certification;
use super::seen::{When, counts};
use super::{Bundle, Cert, Held, Refusal, UserBody, millis, seconds};
use crate::profile;
use crate::signature::SignaturePacket;

/// The address in a user id: `Name <address>`, `<address>` or a bare address.
pub fn address_of(user_id: &str) -> Option<&str> {
    let text = user_id.trim();
    let address = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(rest)) => rest.get(open + 1..)?,
        _ => text,
    };
    (address.contains('@') && !address.contains(|c: char| c.is_whitespace() || c == '<' || c == '>'))
        .then_some(address)
}

impl Cert {
    fn when(now: Millis) -> When {
        When { at: seconds(now), now: seconds(now) }
    }

    /// The user ids that the owner's signature binds now, the primary one first.
    pub fn valid_user_ids(&self, now: Millis) -> Vec<&[u8]> {
        let seen = self.seen_primary(Self::when(now));
        let mut found: Vec<(bool, &[u8])> = self
            .users
            .iter()
            .zip(&seen.users)
            .enumerate()
            .filter(|(_, (user, seen))| !user.body.attribute && seen.state().is_ok())
            .map(|(index, (user, _))| (seen.primary_user != Some(index), user.body.bytes.as_slice()))
            .collect();
        found.sort_by_key(|(later, _)| *later);
        found.into_iter().map(|(_, bytes)| bytes).collect()
    }

    /// Whether a valid self-signature binds this address to it now, whatever else it may be good for.
    pub fn names(&self, address: &str, now: Millis) -> bool {
        self.valid_user_ids(now).into_iter().any(|bytes| {
            core::str::from_utf8(bytes)
                .ok()
                .and_then(address_of)
                .is_some_and(|own| own.eq_ignore_ascii_case(address))
        })
    }

    /// Whether `by` says that this user id belongs to this certificate: with a certification that counts now,
    /// was not taken back, and was made by a primary key that was valid then and is not revoked for a grave
    /// reason. The certificate itself and its own binding have to be good, too.
    ///
    /// # Errors
    /// The reason not to believe it.
    pub fn certified_by(&self, user_id: &[u8], by: &Self, now: Millis) -> Result<(), Refusal> {
        let when = Self::when(now);
        let primary = self.seen_primary(when);
        primary.state.clone()?;
        let (user, seen) = self
            .users
            .iter()
            .zip(&primary.users)
            .find(|(user, _)| !user.body.attribute && user.body.bytes == user_id)
            .ok_or(Refusal::AddressMismatch)?;
        seen.state()?;
        if by.fingerprint() == self.fingerprint() {
            return Ok(());
        }
        by.usable(now)?;

        let made_by_it = |held: &Held| self.is_certified(&held.packet, user, by);
        let mut newest: Option<&SignaturePacket> = None;
        for held in user.signatures.iter().take(profile::MAX_HELD_SIGNATURES) {
            if is_certification(held.packet.kind())
                && counts(&held.packet, by.primary.body.created(), when).is_ok()
                // What others certify may be a collision made for them: no SHA-1, at any time.
                && profile::hash_counts(held.packet.hash_algorithm())
                && newest.is_none_or(|it| it.created() < held.packet.created())
                && made_by_it(held)
            {
                newest = Some(&held.packet);
            }
        }
        let newest = newest.ok_or(Refusal::NoValidBinding)?;
        let made = newest.created().unwrap_or(0);
        by.usable(millis(made))?;
        let taken_back = user.signatures.iter().take(profile::MAX_HELD_SIGNATURES).any(|held| {
            held.packet.kind() == SignatureType::CertRevocation
                && (held.packet.revocation_reason().0.is_hard()
                    || held.packet.created().is_some_and(|it| it >= made && it <= when.at))
                && profile::hash_counts(held.packet.hash_algorithm())
                && made_by_it(held)
        });
        if taken_back { Err(Refusal::Revoked) } else { Ok(()) }
    }

    fn is_certified(&self, packet: &SignaturePacket, user: &Bundle<UserBody>, by: &Self) -> bool {
        let issuer = &by.primary.body;
        packet.names(&issuer.fingerprint, issuer.fingerprint.key_id())
            && packet
                .digest(&[&self.primary.body.hashed(), &user.body.hashed(packet.version())])
                .is_some_and(|digest| packet.fits(&issuer.packet, &digest))
    }
}
