//! Changing a key: user ids, expiry, subkeys, revocations; and certifying others. All of it needs the primary
//! key, unlocked.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::packet::{SignatureType, Subpacket, SubpacketData};
use rand::{CryptoRng, RngCore};
use seal::armor;
use seal::cert::{Cert, Fingerprint};
use seal::signature::{Flags, RawPart, SignaturePacket};
use zeroize::Zeroizing;

use super::make::{KeyProfile, bound_for_encryption, check_user_id, encryption_key};
use super::packet::Public;
use super::secret_cert::{Component, Head, SecretCert};
use super::signing::{Pen, Reason, Use, about_key, body, end, reason, timestamp};
use super::using::CERTIFICATIONS;
use super::{internal, refused};

fn unknown(what: &str) -> CoreError {
    CoreError::with(CoreErrorCode::UnusableCertificate, what)
}

impl SecretCert {
    fn pen(&self, now: Millis) -> Result<(Pen<'_>, &Public), CoreError> {
        let key = self.primary()?;
        Ok((Pen { key, at: timestamp(now)? }, key.public))
    }

    /// Adds a user id. It says of the key what the governing self-signature says.
    ///
    /// # Errors
    /// `Locked`; `MalformedAddress` if the text is no user id.
    pub fn add_user_id<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        text: &str,
        now: Millis,
    ) -> Result<(), CoreError> {
        check_user_id(text)?;
        let head = Head::UserId(text.as_bytes().to_vec());
        let user = head.user().ok_or(CoreErrorCode::Internal)?;
        let (pen, public) = self.pen(now)?;
        let primary = self.primary_public().ok_or(CoreErrorCode::Internal)?;
        let about = match self.governing() {
            Some(governing) => kept(governing, &[kinds::PRIMARY_USER_ID], Vec::new())?,
            None => about_key(public.details().version(), Use::CertifyAndSign, None)?,
        };
        let signature = pen.on_user(rng, SignatureType::CertPositive, primary, &user, about)?;
        let signature = body(&signature)?;
        match self.user_mut(text) {
            Some(known) => known.signatures.push(signature),
            None => self.components.push(Component { head, signatures: vec![signature] }),
        }
        self.renewed()
    }

    fn user_mut(&mut self, text: &str) -> Option<&mut Component> {
        self.components
            .iter_mut()
            .find(|component| matches!(&component.head, Head::UserId(octets) if octets == text.as_bytes()))
    }

    /// Revokes a user id. It stays in the certificate, so that others learn of it.
    ///
    /// # Errors
    /// `Locked`; `UnusableCertificate` if there is no such user id.
    pub fn revoke_user_id<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        text: &str,
        now: Millis,
    ) -> Result<(), CoreError> {
        let (pen, _) = self.pen(now)?;
        let primary = self.primary_public().ok_or(CoreErrorCode::Internal)?;
        let user = Head::UserId(text.as_bytes().to_vec()).user().ok_or(CoreErrorCode::Internal)?;
        let about = vec![reason(Reason::UserIdInvalid, "")?];
        let signature = body(&pen.on_user(rng, SignatureType::CertRevocation, primary, &user, about)?)?;
        self.user_mut(text).ok_or_else(|| unknown("it has no such user id"))?.signatures.push(signature);
        self.renewed()
    }

    /// Sets when the key and its subkeys end (`None`: never), by new self-signatures that otherwise say what the
    /// newest valid ones say. Revoked parts stay as they are.
    ///
    /// # Errors
    /// `Locked`; `UnusableCertificate` if the end is before the key's beginning.
    pub fn set_expiry<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        expires: Option<Millis>,
        now: Millis,
    ) -> Result<(), CoreError> {
        let mut added: Vec<(usize, Vec<u8>)> = Vec::new();
        {
            let (pen, public) = self.pen(now)?;
            let primary = self.primary_public().ok_or(CoreErrorCode::Internal)?;
            for (index, component) in self.components.iter().enumerate() {
                let lifetime = |created: pgp::types::Timestamp| -> Result<Option<u32>, CoreError> {
                    let Some(expires) = expires else { return Ok(None) };
                    let seconds = expires.div_euclid(1000) - i64::from(created.as_secs());
                    match u32::try_from(seconds) {
                        Ok(seconds) if seconds > 0 => Ok(Some(seconds)),
                        _ => Err(unknown("that is no end of a key")),
                    }
                };
                let of_primary = end(lifetime(public.details().created_at())?)?;
                let signature = match &component.head {
                    Head::Key(key) if key.primary => {
                        let Some(old) = self.own_signatures(component, &[SignatureType::Key]).pop() else {
                            continue;
                        };
                        pen.on_key(rng, SignatureType::Key, public, ending(old, of_primary)?)?
                    }
                    Head::Key(key) => {
                        let revoked = [SignatureType::SubkeyRevocation];
                        let Some(subkey @ Public::Subkey(_)) = &key.public else { continue };
                        let mut own = self.own_signatures(component, &[SignatureType::SubkeyBinding]);
                        let (Some(old), true) =
                            (own.pop(), self.own_signatures(component, &revoked).is_empty())
                        else {
                            continue;
                        };
                        let ends = end(lifetime(subkey.details().created_at())?)?;
                        pen.on_subkey(rng, SignatureType::SubkeyBinding, public, subkey, ending(old, ends)?)?
                    }
                    Head::UserId(_) | Head::Attribute(_) => {
                        let revoked = [SignatureType::CertRevocation];
                        let (Some(user), Some(old), true) = (
                            component.head.user(),
                            self.own_signatures(component, &CERTIFICATIONS).pop(),
                            self.own_signatures(component, &revoked).is_empty(),
                        ) else {
                            continue;
                        };
                        // Version 6 keeps the end in the direct-key signature alone.
                        if public.details().version() == pgp::types::KeyVersion::V6 {
                            continue;
                        }
                        pen.on_user(
                            rng,
                            SignatureType::CertPositive,
                            primary,
                            &user,
                            ending(old, of_primary)?,
                        )?
                    }
                    Head::Unknown(_) => continue,
                };
                added.push((index, body(&signature)?));
            }
        }
        for (index, signature) in added {
            if let Some(component) = self.components.get_mut(index) {
                component.signatures.push(signature);
            }
        }
        self.renewed()
    }

    /// Makes a new subkey to be sealed to, of the profile's kind, and retires the old ones (superseded). They
    /// stay, and open old mail.
    ///
    /// # Errors
    /// `Locked`; `UnusableCertificate` if the profile is of another version of keys.
    pub fn rotate_encryption<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        profile: KeyProfile,
        lifetime: Option<u32>,
        now: Millis,
    ) -> Result<(), CoreError> {
        let made = encryption_key(rng, profile, timestamp(now)?)?;
        let (pen, public) = self.pen(now)?;
        if u8::from(public.details().version()) != made.version {
            return Err(unknown("a subkey has the version of its primary key"));
        }
        let mut revoked: Vec<(usize, Vec<u8>)> = Vec::new();
        for (index, component) in self.components.iter().enumerate() {
            let Head::Key(key) = &component.head else { continue };
            let Some(subkey @ Public::Subkey(_)) = &key.public else { continue };
            let binding = self.own_signatures(component, &[SignatureType::SubkeyBinding]).pop();
            let encrypts = binding.and_then(SignaturePacket::key_flags).is_some_and(Flags::encrypts);
            if encrypts && self.own_signatures(component, &[SignatureType::SubkeyRevocation]).is_empty() {
                let about = vec![reason(Reason::Superseded, "")?];
                let signature = pen.on_subkey(rng, SignatureType::SubkeyRevocation, public, subkey, about)?;
                revoked.push((index, body(&signature)?));
            }
        }
        let bound = bound_for_encryption(rng, &pen, public, made, lifetime)?;
        for (index, signature) in revoked {
            if let Some(component) = self.components.get_mut(index) {
                component.signatures.push(signature);
            }
        }
        self.components.push(bound);
        self.renewed()
    }

    /// A revocation of the whole key, made but not applied: armored, to be kept in a safe place and published
    /// when the key is lost ([`apply_revocation`](Self::apply_revocation), or any OpenPGP program).
    ///
    /// # Errors
    /// `Locked`.
    pub fn revocation_certificate<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        why: Reason,
        text: &str,
        now: Millis,
    ) -> Result<String, CoreError> {
        let signature = self.revocation(rng, why, text, now)?;
        let mut packet = super::octets::header(2, signature.len());
        packet.extend_from_slice(&signature);
        Ok(self.armored(armor::Kind::Certificate, &packet))
    }

    fn revocation<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        why: Reason,
        text: &str,
        now: Millis,
    ) -> Result<Vec<u8>, CoreError> {
        let (pen, public) = self.pen(now)?;
        body(&pen.on_key(rng, SignatureType::KeyRevocation, public, vec![reason(why, text)?])?)
    }

    /// Revokes the whole key. Its certificate with the revocation is to be published.
    ///
    /// # Errors
    /// `Locked`.
    pub fn revoke<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        why: Reason,
        text: &str,
        now: Millis,
    ) -> Result<(), CoreError> {
        let signature = self.revocation(rng, why, text, now)?;
        self.components.first_mut().ok_or(CoreErrorCode::Internal)?.signatures.push(signature);
        self.renewed()
    }

    /// Applies a prepared revocation certificate. Needs no passphrase.
    ///
    /// # Errors
    /// `Malformed` if it is none, `UnusableCertificate` if it is not of this key.
    pub fn apply_revocation(&mut self, certificate: &[u8]) -> Result<(), CoreError> {
        let malformed = || CoreError::with(CoreErrorCode::Malformed, "not a revocation certificate");
        let (_, bytes) = armor::dearmored(certificate).map_err(|_| malformed())?;
        let packet = super::octets::split(&bytes)?.into_iter().find(|packet| packet.tag == 2);
        let packet = packet.ok_or_else(malformed)?;
        let signature = SignaturePacket::parse(&packet.body).map_err(|_| malformed())?;
        if signature.kind() != SignatureType::KeyRevocation
            || self.cert().clone().add_signature(&signature).is_err()
        {
            return Err(unknown("the revocation is not of this key"));
        }
        self.components.first_mut().ok_or(CoreErrorCode::Internal)?.signatures.push(packet.body.to_vec());
        self.renewed()
    }

    /// Revokes one subkey.
    ///
    /// # Errors
    /// `Locked`; `UnusableCertificate` if there is no such subkey.
    pub fn revoke_subkey<R: RngCore + CryptoRng>(
        &mut self,
        rng: &mut R,
        subkey: &Fingerprint,
        why: Reason,
        text: &str,
        now: Millis,
    ) -> Result<(), CoreError> {
        let no_such = || unknown("it has no such subkey");
        let index = self
            .components
            .iter()
            .position(|component| {
                matches!(&component.head, Head::Key(key) if !key.primary && key.fingerprint().as_ref() == Some(subkey))
            })
            .ok_or_else(no_such)?;
        let (pen, public) = self.pen(now)?;
        let Some(Component { head: Head::Key(key), .. }) = self.components.get(index) else {
            return Err(no_such());
        };
        let its = key.public.as_ref().ok_or_else(no_such)?;
        let about = vec![reason(why, text)?];
        let signature = body(&pen.on_subkey(rng, SignatureType::SubkeyRevocation, public, its, about)?)?;
        self.components.get_mut(index).ok_or_else(no_such)?.signatures.push(signature);
        self.renewed()
    }

    /// Certifies that a user id belongs to another's key: the certificate with the certification. Compare the
    /// fingerprint first.
    ///
    /// # Errors
    /// `Locked`; `UnusableCertificate` if the certificate has no such user id.
    pub fn certify<R: RngCore + CryptoRng>(
        &self,
        rng: &mut R,
        cert: &Cert,
        user_id: &str,
        now: Millis,
    ) -> Result<Cert, CoreError> {
        let (pen, _) = self.pen(now)?;
        let user = Head::UserId(user_id.as_bytes().to_vec()).user().ok_or(CoreErrorCode::Internal)?;
        let mut out = Vec::with_capacity(4096);
        let (mut primary, mut pending, mut done) = (None, None, false);
        for packet in super::octets::split(&cert.to_bytes())? {
            if packet.tag != 2 {
                // After the user id and its own signatures.
                done |= write_signature(&mut out, pending.take());
            }
            if packet.tag == super::packet::PUBLIC_KEY {
                primary = super::packet::KeyPacket::read(packet.tag, &packet.body)?.public;
            }
            if packet.tag == 13 && *packet.body == user_id.as_bytes() {
                let Some(Public::Primary(key)) = &primary else { return Err(unknown("it cannot be read")) };
                pending =
                    Some(body(&pen.on_user(rng, SignatureType::CertGeneric, key, &user, Vec::new())?)?);
            }
            out.extend_from_slice(&super::octets::header(packet.tag, packet.body.len()));
            out.extend_from_slice(&packet.body);
        }
        done |= write_signature(&mut out, pending.take());
        if !done {
            return Err(unknown("it has no such user id"));
        }
        Cert::parse(&out).map_err(refused)
    }

    /// Takes signatures and user ids over from another copy of the certificate (merging what was published or
    /// certified since). What is already there is not doubled; secrets are not touched.
    ///
    /// # Errors
    /// `KeySubstituted` if it is another's.
    pub fn merge(&mut self, cert: &Cert) -> Result<(), CoreError> {
        if cert.fingerprint() != self.fingerprint() {
            return Err(CoreError::with(CoreErrorCode::KeySubstituted, "another fingerprint"));
        }
        let mut at: Option<usize> = None;
        for packet in super::octets::split(&cert.to_bytes())? {
            match packet.tag {
                2 => {
                    if let Some(component) = at.and_then(|at| self.components.get_mut(at))
                        && !component.signatures.iter().any(|known| *known == *packet.body)
                    {
                        component.signatures.push(packet.body.to_vec());
                    }
                }
                tag => {
                    let same = |head: &Head| match head {
                        Head::Key(key) => tag == key.public_tag() && key.octets == *packet.body,
                        Head::UserId(octets) => tag == 13 && *octets == *packet.body,
                        Head::Attribute(octets) => tag == 17 && *octets == *packet.body,
                        Head::Unknown(_) => false,
                    };
                    at = self.components.iter().position(|component| same(&component.head));
                    let head = match tag {
                        13 => Head::UserId(packet.body.to_vec()),
                        17 => Head::Attribute(packet.body.to_vec()),
                        _ => continue,
                    };
                    if at.is_none() {
                        at = Some(self.components.len());
                        self.components.push(Component { head, signatures: Vec::new() });
                    }
                }
            }
        }
        self.renewed()
    }

    /// The unprotected octets of the whole key, if it is unlocked and stored without a passphrase; for an
    /// envelope of one's own.
    ///
    /// # Errors
    /// `Locked` if it is stored with a passphrase.
    pub fn to_unprotected_bytes(&self) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        use super::locking::Stored;
        if self.key_packets().any(|key| matches!(key.stored, Stored::Locked(_))) {
            return Err(CoreErrorCode::Locked.into());
        }
        self.to_bytes()
    }
}

fn write_signature(out: &mut Vec<u8>, signature: Option<Vec<u8>>) -> bool {
    let Some(signature) = signature else { return false };
    out.extend_from_slice(&super::octets::header(2, signature.len()));
    out.extend_from_slice(&signature);
    true
}

/// Types of parts (RFC 9580 section 5.2.3.7).
mod kinds {
    pub(super) const CREATED: u8 = 2;
    pub(super) const EXPIRES: u8 = 3;
    pub(super) const KEY_EXPIRES: u8 = 9;
    pub(super) const ISSUER: u8 = 16;
    pub(super) const PRIMARY_USER_ID: u8 = 25;
    pub(super) const EMBEDDED_SIGNATURE: u8 = 32;
    pub(super) const ISSUER_FINGERPRINT: u8 = 33;
}

/// What an earlier self-signature says of its key or user, without some of it and with more.
fn kept(old: &SignaturePacket, without: &[u8], with: Vec<Subpacket>) -> Result<Vec<Subpacket>, CoreError> {
    use kinds::{CREATED, EMBEDDED_SIGNATURE, EXPIRES, ISSUER, ISSUER_FINGERPRINT};
    let of_the_signature = [CREATED, EXPIRES, ISSUER, ISSUER_FINGERPRINT];
    let mut raw: Vec<RawPart<'_>> = old
        .hashed_parts()
        .filter(|part| !of_the_signature.contains(&part.kind) && !without.contains(&part.kind))
        .collect();
    // GnuPG leaves the back-signature outside the hashed part.
    let embedded = |part: &RawPart<'_>| part.kind == EMBEDDED_SIGNATURE;
    if !raw.iter().any(embedded) {
        raw.extend(old.unhashed_parts().find(embedded));
    }
    let written = |part: RawPart<'_>| {
        // rPGP writes this variant with any type, and byte for byte.
        let data = SubpacketData::Experimental(part.kind, part.content.to_vec().into());
        if part.critical { Subpacket::critical(data) } else { Subpacket::regular(data) }.map_err(internal)
    };
    let mut parts: Vec<Subpacket> = raw.into_iter().map(written).collect::<Result<_, _>>()?;
    parts.extend(with);
    Ok(parts)
}

/// The same with another end of the key.
fn ending(old: &SignaturePacket, end: Vec<Subpacket>) -> Result<Vec<Subpacket>, CoreError> {
    kept(old, &[kinds::KEY_EXPIRES], end)
}
