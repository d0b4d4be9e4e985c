//! Two copies of a certificate become one; and a certificate with no more in it than is needed.

use wire::Millis;

use super::seen::When;
use super::{Bundle, Cert, Held, OtherBody, UserBody, seconds};
use crate::signature::SignaturePacket;
use crate::{SealError, profile};

fn join(mine: &mut Vec<Held>, theirs: &[Held]) {
    for held in theirs {
        if !mine.iter().any(|own| own.packet.is_same_as(&held.packet)) {
            mine.push(held.clone());
        }
    }
}

fn join_bundle<B>(mine: &mut Bundle<B>, theirs: &Bundle<B>) {
    join(&mut mine.signatures, &theirs.signatures);
    for unread in &theirs.unread {
        if !mine.unread.contains(unread) {
            mine.unread.push(unread.clone());
        }
    }
}

impl Cert {
    /// Takes over everything that another copy of the same certificate has more. Nothing is lost: an attacker
    /// who leaves out a revocation takes none away.
    ///
    /// # Errors
    /// `MalformedCertificate` if it is another certificate, `CertificateTooLarge`.
    pub fn merge(&mut self, other: &Self) -> Result<(), SealError> {
        if self.fingerprint() != other.fingerprint() {
            return Err(SealError::MalformedCertificate("it is another certificate"));
        }
        join_bundle(&mut self.primary, &other.primary);
        for user in &other.users {
            let index = self.user_index(UserBody { ..user.body.clone() });
            if let Some(mine) = self.users.get_mut(index) {
                join_bundle(mine, user);
            }
        }
        for subkey in &other.subkeys {
            let index = self.subkey_index(subkey.body.clone());
            if let Some(mine) = self.subkeys.get_mut(index) {
                join_bundle(mine, subkey);
            }
        }
        for packet in &other.others {
            let same = |mine: &&mut Bundle<OtherBody>| mine.body == packet.body;
            match self.others.iter_mut().find(same) {
                Some(mine) => join_bundle(mine, packet),
                None => self.others.push(packet.clone()),
            }
        }
        let most = profile::MAX_KEPT_COMPONENTS;
        if self.users.len() > most || self.subkeys.len() > most || self.others.len() > most {
            return Err(SealError::CertificateTooLarge("too many parts"));
        }
        Ok(())
    }

    /// Adds a signature to the part it was made over: a revocation, a new binding, a certification by
    /// somebody else (which goes to the user id given).
    ///
    /// # Errors
    /// `MalformedSignature` if it was made over no part of this certificate.
    pub fn add_signature(&mut self, signature: &SignaturePacket) -> Result<(), SealError> {
        let fresh = || Held::new(signature.clone());
        let subkey = self.subkeys.iter().position(|subkey| self.proven_over_subkey(&fresh(), &subkey.body));
        let user = self.users.iter().position(|user| self.proven_over_user(&fresh(), &user.body));
        let place = if self.proven_over_itself(&fresh()) {
            &mut self.primary.signatures
        } else if let Some(subkey) = subkey.and_then(|index| self.subkeys.get_mut(index)) {
            &mut subkey.signatures
        } else if let Some(user) = user.and_then(|index| self.users.get_mut(index)) {
            &mut user.signatures
        } else {
            return Err(SealError::MalformedSignature);
        };
        join(place, &[Held::new(signature.clone())]);
        Ok(())
    }

    /// Adds a certification, by whomever, to a user id it has.
    ///
    /// # Errors
    /// `MalformedSignature` if it is no certification or there is no such user id.
    pub fn add_certification(
        &mut self,
        user_id: &[u8],
        signature: &SignaturePacket,
    ) -> Result<(), SealError> {
        use pgp::packet::SignatureType::CertRevocation;
        if !super::held::is_certification(signature.kind()) && signature.kind() != CertRevocation {
            return Err(SealError::MalformedSignature);
        }
        let user = self.users.iter_mut().find(|user| !user.body.attribute && user.body.bytes == user_id);
        let user = user.ok_or(SealError::MalformedSignature)?;
        join(&mut user.signatures, &[Held::new(signature.clone())]);
        Ok(())
    }

    /// Adds a user id, unless it is there. It means nothing until the owner of the certificate signs it.
    ///
    /// # Errors
    /// `CertificateTooLarge` if it has too many.
    pub fn add_user_id(&mut self, user_id: &str) -> Result<(), SealError> {
        let body = UserBody { attribute: false, bytes: user_id.as_bytes().to_vec() };
        if self.users.len() >= crate::profile::MAX_KEPT_COMPONENTS
            || body.bytes.len() > crate::profile::MAX_CERTIFICATE_BYTES
        {
            return Err(SealError::CertificateTooLarge("too many user ids"));
        }
        self.user_index(body);
        Ok(())
    }

    /// With no more than is needed to judge and use it as it is now: the keys and user ids that are bound, the
    /// newest binding of each, and every revocation of its owner.
    pub fn minimised(&self, now: Millis) -> Self {
        self.kept(now, |_| true)
    }

    /// As [`minimised`](Self::minimised), with no other user id than those of one address: what goes into an
    /// Autocrypt header.
    pub fn minimised_for(&self, address: &str, now: Millis) -> Self {
        self.kept(now, |user| {
            core::str::from_utf8(&user.bytes)
                .ok()
                .and_then(super::users::address_of)
                .is_some_and(|own| own.eq_ignore_ascii_case(address))
        })
    }

    /// Without what its makers marked as not to be passed on, and without anything that is not understood.
    pub fn exportable(&self) -> Self {
        let mut cert = self.clone();
        let keep = |held: &Held| held.packet.is_exportable();
        cert.primary.signatures.retain(keep);
        cert.users.iter_mut().for_each(|user| user.signatures.retain(keep));
        cert.subkeys.iter_mut().for_each(|subkey| subkey.signatures.retain(keep));
        cert.others.clear();
        cert
    }

    fn kept(&self, now: Millis, wanted: impl Fn(&UserBody) -> bool) -> Self {
        use pgp::packet::SignatureType::{CertRevocation, KeyRevocation, SubkeyRevocation};
        let when = When { at: seconds(now), now: seconds(now) };
        let mut cert = Self::around(self.primary.body.clone(), false);
        let seen = self.seen_primary(when);
        let copy = |packet: &SignaturePacket| Held::new(packet.clone());
        cert.primary.signatures.extend(
            self.primary
                .signatures
                .iter()
                .filter(|held| held.packet.kind() == KeyRevocation && self.proven_over_itself(held))
                .cloned(),
        );
        cert.primary.signatures.extend(seen.direct.map(copy));
        for (user, seen) in self.users.iter().zip(&seen.users) {
            let Ok(binding) = &seen.binding else { continue };
            if user.body.attribute || !wanted(&user.body) {
                continue;
            }
            let mut kept = Bundle::new(user.body.clone());
            kept.signatures.push(copy(binding));
            kept.signatures.extend(
                user.signatures
                    .iter()
                    .filter(|held| {
                        held.packet.kind() == CertRevocation && self.proven_over_user(held, &user.body)
                    })
                    .cloned(),
            );
            cert.users.push(kept);
        }
        for subkey in &self.subkeys {
            let Some(binding) = self.seen_subkey(subkey, when).binding else { continue };
            let mut kept = Bundle::new(subkey.body.clone());
            kept.signatures.push(copy(binding));
            kept.signatures.extend(
                subkey
                    .signatures
                    .iter()
                    .filter(|held| {
                        held.packet.kind() == SubkeyRevocation && self.proven_over_subkey(held, &subkey.body)
                    })
                    .cloned(),
            );
            cert.subkeys.push(kept);
        }
        cert
    }
}
