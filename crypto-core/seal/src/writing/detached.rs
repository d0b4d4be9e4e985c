//! Signatures apart from the content.

use pgp::types::SigningKey;
use rand::{CryptoRng, RngCore};
use wire::Millis;

use super::signatures::{self, ContentKind, Draft, Signed, SignerKey, ToSign};
use crate::SealError;
use crate::hashing::ContentHasher;

/// Content signed apart: hash it by pieces, then sign.
#[derive(Debug)]
pub struct Detached {
    drafts: Vec<Draft>,
    hashers: Option<Vec<ContentHasher>>,
}

impl Detached {
    /// Begins detached signatures of every signer. With `hash_outside`, no content is pushed: the host makes
    /// the digests.
    ///
    /// # Errors
    /// `Misused` without a signer or with text hashed outside (its line ends must be made CR LF first).
    pub fn new<R: RngCore + CryptoRng>(
        signers: &[SignerKey],
        kind: ContentKind,
        hash_outside: bool,
        rng: &mut R,
        now: Millis,
    ) -> Result<Self, SealError> {
        if hash_outside && kind == ContentKind::Text {
            return Err(SealError::Misused("text is hashed here, for its line ends count as CR LF"));
        }
        let drafts = Draft::of_all(signers, kind, rng, now)?;
        let hashers = if hash_outside {
            None
        } else {
            Some(drafts.iter().map(Draft::hasher).collect::<Result<_, _>>()?)
        };
        Ok(Self { drafts, hashers })
    }

    /// Hashes the next piece of the content.
    pub fn push(&mut self, content: &[u8]) {
        for hasher in self.hashers.iter_mut().flatten() {
            hasher.update(content);
        }
    }

    /// The content has ended: what is to be signed, in the order of the signers.
    ///
    /// # Errors
    /// `TooLarge` if a signature would be.
    pub fn to_sign(&mut self) -> Result<Vec<ToSign>, SealError> {
        signatures::to_sign(&self.drafts, self.hashers.take())
    }

    /// The signature packets, from the answers to [`to_sign`](Self::to_sign) in its order.
    ///
    /// # Errors
    /// `Misused` if the answers are of other signers.
    pub fn conclude(&self, signed: &[Signed]) -> Result<Vec<u8>, SealError> {
        signatures::packets(&self.drafts, signed)
    }

    /// Signs with the keys, in the order of the signers: [`to_sign`](Self::to_sign) and
    /// [`conclude`](Self::conclude) in one.
    ///
    /// # Errors
    /// As theirs, and `Failed` if a key refuses.
    pub fn finish(mut self, keys: &[&dyn SigningKey]) -> Result<Vec<u8>, SealError> {
        let signed = signatures::sign_all(&self.to_sign()?, keys)?;
        self.conclude(&signed)
    }
}

/// Detached signatures of `keys` over `content`, binary packets one after another.
///
/// # Errors
/// `Misused` if there is no key or one cannot sign, `Failed` if a key refuses.
pub fn sign_detached<R: RngCore + CryptoRng>(
    content: &[u8],
    kind: ContentKind,
    keys: &[&dyn SigningKey],
    rng: &mut R,
    now: Millis,
) -> Result<Vec<u8>, SealError> {
    let signers: Vec<SignerKey> = keys.iter().map(|key| SignerKey::of(*key)).collect::<Result<_, _>>()?;
    let mut detached = Detached::new(&signers, kind, false, rng, now)?;
    detached.push(content);
    detached.finish(keys)
}
