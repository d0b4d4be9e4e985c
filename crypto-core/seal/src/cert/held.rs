//! What a certificate consists of, and which of its signatures its own primary key made.

use std::sync::OnceLock;

use pgp::packet::{PublicKey, PublicSubkey, SignatureType};
use pgp::types::KeyDetails;

use super::{Cert, Fingerprint};
use crate::signature::SignaturePacket;

/// A part of a certificate with the signatures that follow it.
#[derive(Debug, Clone)]
pub(super) struct Bundle<B> {
    pub(super) body: B,
    pub(super) signatures: Vec<Held>,
    /// Signatures of versions that are not read here.
    pub(super) unread: Vec<Vec<u8>>,
}

impl<B> Bundle<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, signatures: Vec::new(), unread: Vec::new() }
    }
}

/// A signature in its place. Whether the primary key made it over this place is computed once: a certificate
/// is judged far more often than it changes.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) packet: SignaturePacket,
    proven: OnceLock<bool>,
    /// The same of the back-signature inside.
    pub(super) confirmed: OnceLock<Option<Box<SignaturePacket>>>,
}

impl Held {
    pub(super) fn new(packet: SignaturePacket) -> Self {
        Self { packet, proven: OnceLock::new(), confirmed: OnceLock::new() }
    }
}

/// A key packet, and the octets that are hashed.
#[derive(Debug, Clone)]
pub(super) struct KeyBody<K> {
    pub(super) packet: K,
    pub(super) bytes: Vec<u8>,
    pub(super) fingerprint: Fingerprint,
}

impl<K: KeyDetails> KeyBody<K> {
    pub(super) fn version(&self) -> u8 {
        u8::from(self.packet.version())
    }

    pub(super) fn created(&self) -> i64 {
        i64::from(self.packet.created_at().as_secs())
    }

    /// The form in which signatures hash a key.
    pub(super) fn hashed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len().saturating_add(5));
        if self.version() == 6 {
            out.push(0x9b);
            out.extend_from_slice(&u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        } else {
            out.push(0x99);
            out.extend_from_slice(&u16::try_from(self.bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
        out.extend_from_slice(&self.bytes);
        out
    }
}

/// A user id or a user attribute (a picture).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserBody {
    pub(super) attribute: bool,
    pub(super) bytes: Vec<u8>,
}

impl UserBody {
    pub(super) fn hashed(&self, signature_version: u8) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len().saturating_add(5));
        if signature_version != 3 {
            out.push(if self.attribute { 0xd1 } else { 0xb4 });
            out.extend_from_slice(&u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        out.extend_from_slice(&self.bytes);
        out
    }
}

/// A packet that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherBody {
    pub(super) tag: u8,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn is_certification(kind: SignatureType) -> bool {
    use SignatureType as T;
    matches!(kind, T::CertGeneric | T::CertPersona | T::CertCasual | T::CertPositive)
}

impl Cert {
    /// Whether it does not say that somebody else made it. Costs no mathematics.
    pub(super) fn own(&self, packet: &SignaturePacket) -> bool {
        let fingerprint = &self.primary.body.fingerprint;
        packet.may_be_by(fingerprint, fingerprint.key_id())
    }

    fn prove(&self, held: &Held, before: &[&[u8]]) -> bool {
        *held.proven.get_or_init(|| {
            self.own(&held.packet)
                && held
                    .packet
                    .digest(before)
                    .is_some_and(|it| held.packet.fits(&self.primary.body.packet, &it))
        })
    }

    /// Whether the primary key made it over itself.
    pub(super) fn proven_over_itself(&self, held: &Held) -> bool {
        use SignatureType::{Key, KeyRevocation};
        matches!(held.packet.kind(), Key | KeyRevocation) && self.prove(held, &[&self.primary.body.hashed()])
    }

    /// Whether the primary key made it over this user id.
    pub(super) fn proven_over_user(&self, held: &Held, user: &UserBody) -> bool {
        let kind = held.packet.kind();
        (is_certification(kind) || kind == SignatureType::CertRevocation)
            && self.prove(held, &[&self.primary.body.hashed(), &user.hashed(held.packet.version())])
    }

    /// Whether the primary key made it over this subkey.
    pub(super) fn proven_over_subkey(&self, held: &Held, subkey: &KeyBody<PublicSubkey>) -> bool {
        use SignatureType::{SubkeyBinding, SubkeyRevocation};
        matches!(held.packet.kind(), SubkeyBinding | SubkeyRevocation)
            && self.prove(held, &[&self.primary.body.hashed(), &subkey.hashed()])
    }

    /// The signature inside a binding by which the subkey says that it belongs here.
    pub(super) fn back_signature<'a>(
        &self,
        held: &'a Held,
        subkey: &KeyBody<PublicSubkey>,
        counts: impl Fn(&SignaturePacket) -> bool,
    ) -> Option<&'a SignaturePacket> {
        let found = held.confirmed.get_or_init(|| {
            let (primary, own) = (self.primary.body.hashed(), subkey.hashed());
            let good = |back: &SignaturePacket| {
                back.kind() == SignatureType::KeyBinding
                    && back.digest(&[&primary, &own]).is_some_and(|digest| back.fits(&subkey.packet, &digest))
            };
            held.packet.embedded().find(good).map(Box::new)
        });
        found.as_deref().filter(|back| counts(back))
    }
}

pub(super) type Primary = Bundle<KeyBody<PublicKey>>;
pub(super) type Subkey = Bundle<KeyBody<PublicSubkey>>;
