//! What the owner of a certificate ever said of a part of it, for whoever changes the key.

use pgp::packet::SignatureType;

use super::{Cert, Fingerprint, Held};
use crate::profile;
use crate::signature::SignaturePacket;

/// A part of a certificate that signatures are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// The primary key.
    Primary,
    /// A user id, by its octets.
    UserId(&'a [u8]),
    /// A user attribute, by its octets.
    Attribute(&'a [u8]),
    /// A subkey.
    Subkey(&'a Fingerprint),
}

impl Cert {
    /// The valid signatures of the primary key on one of its parts, of the given types, newest last; expired
    /// ones too. The hash is one that counts now.
    pub fn own_signatures(&self, about: About<'_>, kinds: &[SignatureType]) -> Vec<&SignaturePacket> {
        let user = |bytes: &[u8], attribute: bool| {
            self.users.iter().find(|user| user.body.attribute == attribute && user.body.bytes == bytes)
        };
        let proven = match about {
            About::Primary => {
                self.proven_of(&self.primary.signatures, kinds, |held| self.proven_over_itself(held))
            }
            About::UserId(bytes) | About::Attribute(bytes) => {
                let Some(user) = user(bytes, matches!(about, About::Attribute(_))) else { return Vec::new() };
                self.proven_of(&user.signatures, kinds, |held| self.proven_over_user(held, &user.body))
            }
            About::Subkey(fingerprint) => {
                let subkey = self.subkeys.iter().find(|subkey| subkey.body.fingerprint == *fingerprint);
                let Some(subkey) = subkey else { return Vec::new() };
                self.proven_of(&subkey.signatures, kinds, |held| self.proven_over_subkey(held, &subkey.body))
            }
        };
        proven.into_iter().rev().collect()
    }

    fn proven_of<'a>(
        &self,
        signatures: &'a [Held],
        kinds: &[SignatureType],
        proven: impl Fn(&Held) -> bool,
    ) -> Vec<&'a SignaturePacket> {
        let wanted = |held: &Held| {
            kinds.contains(&held.packet.kind())
                && profile::hash_counts(held.packet.hash_algorithm())
                && self.own(&held.packet)
        };
        super::seen::newest_first(signatures, wanted)
            .into_iter()
            .take(profile::MAX_SIGNATURES)
            .filter(|held| proven(held))
            .map(|held| &held.packet)
            .collect()
    }
}
