//! What an own key may do now, by its newest valid self-signatures.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::packet::{PublicKey, SignatureType};
use seal::cert::About;
use seal::signature::SignaturePacket;

use super::packet::Public;
use super::secret::OwnKey;
use super::secret_cert::{Component, Head, SecretCert};

impl SecretCert {
    pub(super) fn primary_public(&self) -> Option<&PublicKey> {
        match self.key_packets().next()?.public.as_ref()? {
            Public::Primary(key) => Some(key),
            Public::Subkey(_) => None,
        }
    }

    /// The valid self-signatures of the given types on a component, newest last.
    pub(super) fn own_signatures(
        &self,
        component: &Component,
        types: &[SignatureType],
    ) -> Vec<&SignaturePacket> {
        let subkey = match &component.head {
            Head::Key(key) if !key.primary => key.fingerprint(),
            _ => None,
        };
        let about = match (&component.head, &subkey) {
            (Head::Key(key), _) if key.primary => About::Primary,
            (Head::Key(_), Some(fingerprint)) => About::Subkey(fingerprint),
            (Head::UserId(octets), _) => About::UserId(octets),
            (Head::Attribute(octets), _) => About::Attribute(octets),
            (Head::Key(_) | Head::Unknown(_), _) => return Vec::new(),
        };
        self.cert().own_signatures(about, types)
    }

    /// The self-signature that governs the primary key: the newest direct-key signature, else that of the
    /// primary user id, else of the newest user id.
    pub(super) fn governing(&self) -> Option<&SignaturePacket> {
        let direct = self
            .components
            .first()
            .and_then(|primary| self.own_signatures(primary, &[SignatureType::Key]).pop());
        direct.or_else(|| {
            self.components
                .iter()
                .filter(|component| matches!(component.head, Head::UserId(_)))
                .filter_map(|user| self.own_signatures(user, &CERTIFICATIONS).pop())
                .max_by_key(|signature| (signature.is_primary_user_id(), signature.created()))
        })
    }

    /// The unlocked keys that may sign at `now`, the newest subkey first.
    ///
    /// # Errors
    /// `UnusableCertificate` if the certificate is expired or revoked, or has no key that may sign; `Locked` if
    /// there is one that needs a passphrase, is offline or on a card.
    pub fn signing_keys(&self, now: Millis) -> Result<Vec<OwnKey<'_>>, CoreError> {
        let may = self
            .cert()
            .signing_keys(now)
            .map_err(|refusal| CoreError::with(CoreErrorCode::UnusableCertificate, refusal.to_string()))?;
        let mut usable: Vec<OwnKey<'_>> = may
            .iter()
            .filter_map(|key| self.unlocked_keys().find(|own| own.fingerprint() == *key.fingerprint()))
            .collect();
        if usable.is_empty() {
            return Err(CoreError::with(CoreErrorCode::Locked, "the signing key is locked or not here"));
        }
        // A signing subkey is there to be used instead of the primary key.
        usable.sort_by_key(|own| {
            let subkey = matches!(own.public, Public::Subkey(_));
            core::cmp::Reverse((subkey, own.public.details().created_at().as_secs()))
        });
        Ok(usable)
    }
}

/// The four certifications of a user id.
pub(super) const CERTIFICATIONS: [SignatureType; 4] = [
    SignatureType::CertGeneric,
    SignatureType::CertPersona,
    SignatureType::CertCasual,
    SignatureType::CertPositive,
];
