//! What an own key may do now, by its newest valid self-signatures.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use pgp::packet::{KeyFlags, PublicKey, Signature, SignatureType};
use seal::profile;

use super::packet::{Public, SecretState};
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

    /// The unlocked keys that may sign at `now`, signing subkeys first, the newest first.
    ///
    /// # Errors
    /// `UnusableCertificate` if the certificate is expired or revoked, or has no key that may sign; `Locked` if
    /// there is one that needs a passphrase, is offline or on a card.
    pub fn signing_keys(&self, now: Millis) -> Result<Vec<OwnKey<'_>>, CoreError> {
        use seal::cert::Refusal as R;
        match self.cert().judge(now, None) {
            Ok(_) | Err(R::NoEncryptionKey | R::EncryptionKeyExpired(_) | R::EncryptionKeyRevoked) => (),
            Err(refusal) => {
                return Err(CoreError::with(CoreErrorCode::UnusableCertificate, refusal.to_string()));
            }
        }
        let seconds = now.div_euclid(1000);
        let mut locked = false;
        let mut usable: Vec<(bool, u32, OwnKey<'_>)> = Vec::new();
        for component in &self.components {
            let Head::Key(key) = &component.head else { continue };
            let Some(public) = &key.public else { continue };
            let details = public.details();
            let created = details.created_at().as_secs();
            if !profile::can_sign(details.algorithm())
                || profile::key_counts(details.algorithm(), details.public_params()).is_err()
                || i64::from(created) > seconds
            {
                continue;
            }
            let binding = if key.primary {
                self.governing()
            } else {
                let revoked = !self.own_signatures(component, &[SignatureType::SubkeyRevocation]).is_empty();
                self.own_signatures(component, &[SignatureType::SubkeyBinding]).pop().filter(|_| !revoked)
            };
            let Some(binding) = binding else { continue };
            let ended = binding.key_expiration_time().is_some_and(|life| {
                life.as_secs() != 0 && i64::from(created) + i64::from(life.as_secs()) <= seconds
            });
            let flags = binding.key_flags();
            // Keys of before there were flags sign with the primary key.
            let may = flags.sign() || (key.primary && flags == KeyFlags::default());
            if ended || !may {
                continue;
            }
            match OwnKey::of(key) {
                Some(own) => usable.push((!key.primary, created, own)),
                None => locked |= key.state() != SecretState::Unusable,
            }
        }
        if usable.is_empty() {
            return Err(if locked {
                CoreError::with(CoreErrorCode::Locked, "the signing key is locked or not here")
            } else {
                CoreError::with(CoreErrorCode::UnusableCertificate, "no key in it may sign")
            });
        }
        usable.sort_by_key(|(subkey, created, _)| core::cmp::Reverse((*subkey, *created)));
        Ok(usable.into_iter().map(|(_, _, own)| own).collect())
    }
}

/// The four certifications of a user id.
pub(super) const CERTIFICATIONS: [SignatureType; 4] = [
    SignatureType::CertGeneric,
    SignatureType::CertPersona,
    SignatureType::CertCasual,
    SignatureType::CertPositive,
];
