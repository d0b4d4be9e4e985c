//! What an own key may do now, by its newest valid self-signatures.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::packet::{PublicKey, Signature, SignatureType};
use seal::profile;

use super::packet::Public;
use super::secret::OwnKey;
use super::secret_cert::{Component, Head, SecretCert};
use super::signing::read;

impl SecretCert {
    pub(super) fn primary_public(&self) -> Option<&PublicKey> {
        match self.key_packets().next()?.public.as_ref()? {
            Public::Primary(key) => Some(key),
            Public::Subkey(_) => None,
        }
    }

    /// The valid self-signatures of the given types on a component, as rPGP reads them, newest last.
    pub(super) fn own_signatures(&self, component: &Component, types: &[SignatureType]) -> Vec<Signature> {
        let Some(primary) = self.primary_public() else { return Vec::new() };
        let user = component.head.user();
        let mut found: Vec<Signature> = component
            .signatures
            .iter()
            .rev()
            .take(profile::MAX_SIGNATURES)
            .filter_map(|body| read(body))
            .filter(|signature| signature.typ().is_some_and(|typ| types.contains(&typ)))
            .filter(|signature| signature.hash_alg().is_some_and(profile::hash_counts))
            .filter(|signature| match (&component.head, &user) {
                (Head::Key(key), _) if key.primary => signature.verify_key(primary).is_ok(),
                (Head::Key(key), _) => match &key.public {
                    Some(Public::Subkey(subkey)) => signature.verify_subkey_binding(primary, subkey).is_ok(),
                    _ => false,
                },
                (_, Some(user)) => user.holds(signature, primary),
                _ => false,
            })
            .collect();
        found.sort_by_key(|signature| signature.created().map_or(0, |at| at.as_secs()));
        found
    }

    /// The self-signature that governs the primary key: the newest direct-key signature, else that of the
    /// primary user id, else of the newest user id.
    pub(super) fn governing(&self) -> Option<Signature> {
        let direct = self
            .components
            .first()
            .and_then(|primary| self.own_signatures(primary, &[SignatureType::Key]).pop());
        direct.or_else(|| {
            self.components
                .iter()
                .filter(|component| matches!(component.head, Head::UserId(_)))
                .filter_map(|user| self.own_signatures(user, &CERTIFICATIONS).pop())
                .max_by_key(|signature| {
                    (signature.is_primary(), signature.created().map_or(0, |at| at.as_secs()))
                })
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
