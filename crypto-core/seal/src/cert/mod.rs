//! Certificates: parsed, judged, merged; and trusted, which goes one way: [`FetchedCert`] → [`TrustedCert`].
//!
//! A [`Cert`] holds everything that came, whether it is understood or not. What of it counts is computed for a
//! point in time: a signature is judged by the certificate as it was when the signature was made, sealing by
//! the certificate as it is now. Revocations for grave reasons reach back for ever.

mod armoring;
mod checking;
mod facade;
mod fingerprint;
pub(crate) mod framing;
mod held;
mod judging;
mod merging;
mod parse;
mod refusal;
mod seen;
mod statements;
mod users;

#[cfg(test)]
mod zoo_tests;

pub use facade::{FetchedCert, Judgement, Trust, TrustedCert};
pub use fingerprint::{Fingerprint, MalformedFingerprint};
pub use judging::{Announced, Judged, JudgedKey, JudgedUserId, Purpose};
pub use refusal::{Refusal, Revocation};
pub use statements::About;
pub use users::address_of;

use core::fmt;

use held::{Bundle, Held, KeyBody, OtherBody, Primary, Subkey, UserBody};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey};
use pgp::types::{KeyDetails as _, PublicParams};
use wire::Millis;

use crate::signature::Flags;
use crate::{SealError, profile};

pub(crate) use parse::binary;

/// Whole seconds, as OpenPGP counts.
pub(crate) fn seconds(time: Millis) -> i64 {
    time.div_euclid(1000)
}

pub(crate) fn millis(time: i64) -> Millis {
    time.saturating_mul(1000)
}

/// An OpenPGP certificate: the public parts of a key, with everything that came along.
#[derive(Clone)]
pub struct Cert {
    primary: Primary,
    users: Vec<Bundle<UserBody>>,
    subkeys: Vec<Subkey>,
    others: Vec<Bundle<OtherBody>>,
    has_secrets: bool,
}

/// Shows the fingerprint only.
impl fmt::Debug for Cert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cert({})", self.primary.body.fingerprint)
    }
}

/// Two are equal if they would be written the same.
impl PartialEq for Cert {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Cert {}

/// A key packet as rPGP has it: what session keys are sealed to.
#[derive(Debug, Clone, Copy)]
pub enum KeyPacket<'a> {
    /// The primary key.
    Primary(&'a PublicKey),
    /// A subkey.
    Subkey(&'a PublicSubkey),
}

/// One key of a certificate, with what it may do according to the self-signature that governs it.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    packet: KeyPacket<'a>,
    fingerprint: &'a Fingerprint,
    flags: Flags,
}

macro_rules! of_packet {
    ($key:expr, $name:ident) => {
        match $key.packet {
            KeyPacket::Primary(key) => key.$name(),
            KeyPacket::Subkey(key) => key.$name(),
        }
    };
}

impl<'a> Key<'a> {
    /// Its fingerprint.
    pub fn fingerprint(&self) -> &'a Fingerprint {
        self.fingerprint
    }

    /// Its key id.
    pub fn key_id(&self) -> [u8; 8] {
        self.fingerprint.key_id()
    }

    /// Its version, 4 or 6.
    pub fn version(&self) -> u8 {
        u8::from(of_packet!(self, version))
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        of_packet!(self, algorithm)
    }

    /// Its public numbers.
    pub fn public_params(&self) -> &'a PublicParams {
        match self.packet {
            KeyPacket::Primary(key) => key.public_params(),
            KeyPacket::Subkey(key) => key.public_params(),
        }
    }

    /// When it was made, as it says.
    pub fn created(&self) -> Millis {
        millis(i64::from(of_packet!(self, created_at).as_secs()))
    }

    /// What it may do. Empty for keys taken from [`Cert::keys`], which judges nothing.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Whether it is the primary key.
    pub fn is_primary(&self) -> bool {
        matches!(self.packet, KeyPacket::Primary(_))
    }

    /// The packet.
    pub fn packet(&self) -> KeyPacket<'a> {
        self.packet
    }
}

impl Cert {
    /// Reads exactly one certificate, binary or armored. Of a secret key its public parts are read;
    /// [`came_with_secrets`](Self::came_with_secrets) tells.
    ///
    /// # Errors
    /// `MalformedCertificate` or `CertificateTooLarge`.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() > profile::MAX_CERT_BYTES {
            return Err(SealError::CertificateTooLarge("more than 8 MiB"));
        }
        let mut found = parse::all(&parse::binary(bytes)?, 2)?.into_iter();
        let first = found.next().ok_or(SealError::MalformedCertificate("it is empty"))?;
        if found.next().is_some() {
            return Err(SealError::MalformedCertificate("more than one certificate, or trailing data"));
        }
        first.cert
    }

    /// Reads a keyring, binary or armored (also several armored blocks in a row). Certificates in it that
    /// cannot be read are left out.
    ///
    /// # Errors
    /// `MalformedCertificate` if there is none at all, `CertificateTooLarge`.
    pub fn parse_many(bytes: &[u8]) -> Result<Vec<Self>, SealError> {
        if bytes.len() > profile::MAX_KEYRING_BYTES {
            return Err(SealError::CertificateTooLarge("more than 64 MiB"));
        }
        let mut certs = Vec::new();
        let mut first_error = SealError::MalformedCertificate("it is empty");
        for (index, found) in
            parse::all(&parse::binary(bytes)?, profile::MAX_KEYRING_CERTS)?.into_iter().enumerate()
        {
            match found.cert {
                Ok(cert) => certs.push(cert),
                Err(error) if index == 0 => first_error = error,
                Err(_) => {}
            }
        }
        if certs.is_empty() { Err(first_error) } else { Ok(certs) }
    }

    /// Whether it was read from a secret key.
    pub fn came_with_secrets(&self) -> bool {
        self.has_secrets
    }

    /// The fingerprint of its primary key.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.primary.body.fingerprint
    }

    /// Its OpenPGP version, 4 or 6.
    pub fn version(&self) -> u8 {
        self.primary.body.version()
    }

    /// When its primary key was made, as it says.
    pub fn created(&self) -> Millis {
        millis(self.primary.body.created())
    }

    /// Every key, the primary one first, whether it may be used or not.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        let subkeys = self.subkeys.iter().map(|subkey| self.key_of(Some(subkey), Flags::default()));
        core::iter::once(self.key_of(None, Flags::default())).chain(subkeys)
    }

    fn key_of<'a>(&'a self, subkey: Option<&'a Subkey>, flags: Flags) -> Key<'a> {
        match subkey {
            None => Key {
                packet: KeyPacket::Primary(&self.primary.body.packet),
                fingerprint: &self.primary.body.fingerprint,
                flags,
            },
            Some(subkey) => Key {
                packet: KeyPacket::Subkey(&subkey.body.packet),
                fingerprint: &subkey.body.fingerprint,
                flags,
            },
        }
    }

    /// Every user id as it came, whether it counts or not. Foreign: show with care.
    pub fn user_ids(&self) -> impl Iterator<Item = &[u8]> {
        self.users.iter().filter(|user| !user.body.attribute).map(|user| user.body.bytes.as_slice())
    }

    /// Its bytes, binary.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        write(&mut out, 6, &self.primary.body.bytes, &self.primary.signatures, &self.primary.unread);
        for user in &self.users {
            let tag = if user.body.attribute { parse::USER_ATTRIBUTE } else { parse::USER_ID };
            write(&mut out, tag, &user.body.bytes, &user.signatures, &user.unread);
        }
        for subkey in &self.subkeys {
            write(&mut out, 14, &subkey.body.bytes, &subkey.signatures, &subkey.unread);
        }
        for other in &self.others {
            write(&mut out, other.body.tag, &other.body.bytes, &other.signatures, &other.unread);
        }
        out
    }

    /// Its bytes, armored.
    pub fn to_armor(&self) -> String {
        armoring::armored(&self.to_bytes(), self.version())
    }
}

fn write(out: &mut Vec<u8>, tag: u8, body: &[u8], signatures: &[Held], unread: &[Vec<u8>]) {
    framing::write(out, tag, body);
    for signature in signatures {
        framing::write(out, 2, signature.packet.body());
    }
    for body in unread {
        framing::write(out, 2, body);
    }
}
