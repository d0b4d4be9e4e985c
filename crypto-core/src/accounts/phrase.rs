//! The recovery phrase: 24 words of the English BIP 39 list, 256 random bits and a checksum.

use crate::secret::SealingKey;
use bip39::{Language, Mnemonic};
use core::fmt;
use ed25519_dalek::{Signer, SigningKey};
use rand::{CryptoRng, RngCore};
use wire::ids::AccountId;
use wire::sealed::{Challenge, Signature, VerifyingKey};
use zeroize::{Zeroize, Zeroizing};

const WORDS: usize = 24;
/// What a recovery signature begins with.
pub const SIGNATURE_LABEL: &[u8] = b"hedgerow/v1/recovery";

/// The text is not 24 known words with a right checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a recovery phrase of 24 known words with a right checksum")]
pub struct MalformedPhrase;

/// A recovery phrase.
pub struct Phrase(Mnemonic);

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[confidential]")
    }
}

impl Drop for Phrase {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Phrase {
    /// Makes a new phrase.
    pub fn make(rng: &mut (impl CryptoRng + RngCore)) -> Result<Self, MalformedPhrase> {
        let mut entropy = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(entropy.as_mut());
        Mnemonic::from_entropy_in(Language::English, entropy.as_ref()).map(Self).map_err(|_| MalformedPhrase)
    }

    /// Reads words in any case and spacing, also as people copy them: numbered (`1.`), comma-separated.
    pub fn parse(text: &str) -> Result<Self, MalformedPhrase> {
        let lower = Zeroizing::new(text.to_lowercase());
        let mut words = Zeroizing::new(String::with_capacity(lower.len()));
        let mut count = 0usize;
        for word in lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
            if count > 0 {
                words.push(' ');
            }
            words.push_str(word);
            count = count.saturating_add(1);
        }
        if count != WORDS {
            return Err(MalformedPhrase);
        }
        Mnemonic::parse_in_normalized(Language::English, &words).map(Self).map_err(|_| MalformedPhrase)
    }

    /// The words, to be shown once.
    pub fn words(&self) -> Vec<String> {
        self.0.words().map(str::to_owned).collect()
    }

    fn entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// The key of the recovery slot.
    pub fn kek(&self) -> SealingKey {
        SealingKey::derive(&self.entropy(), b"hedgerow/v1/kek/recovery")
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(SealingKey::derive(&self.entropy(), b"hedgerow/v1/sign/recovery").expose())
    }

    /// The public key the server checks recoveries with.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.signing_key().verifying_key().to_bytes().to_vec())
    }

    /// Signs `"hedgerow/v1/recovery" || account_id || challenge`.
    pub fn sign(&self, account_id: AccountId, challenge: &Challenge) -> Signature {
        let mut signed = SIGNATURE_LABEL.to_vec();
        signed.extend_from_slice(account_id.as_bytes());
        signed.extend_from_slice(challenge.as_bytes());
        Signature(self.signing_key().sign(&signed).to_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::Verifier;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn words_come_back_in_any_shape() {
        let phrase = Phrase::make(&mut StdRng::seed_from_u64(1)).unwrap();
        let words = phrase.words();
        assert_eq!(words.len(), 24);
        let numbered: String = words
            .iter()
            .enumerate()
            .map(|(n, word)| format!("{}. {}\n", n + 1, word.to_uppercase()))
            .collect();
        for text in [words.join(" "), words.join(" ,  "), numbered] {
            assert_eq!(Phrase::parse(&text).unwrap().entropy(), phrase.entropy());
        }
    }

    #[test]
    fn a_wrong_word_is_noticed() {
        let phrase = Phrase::make(&mut StdRng::seed_from_u64(2)).unwrap();
        let words = phrase.words();
        assert!(Phrase::parse(&words[..23].join(" ")).is_err());
        let mut swapped = words.clone();
        swapped[0] = "hedgerow".into();
        assert!(Phrase::parse(&swapped.join(" ")).is_err());
    }

    #[test]
    fn signatures_bind_account_and_challenge() {
        let phrase = Phrase::make(&mut StdRng::seed_from_u64(3)).unwrap();
        let key: [u8; 32] = phrase.verifying_key().0.try_into().unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
        let signature = phrase.sign(AccountId([1; 16]), &Challenge(vec![2; 32]));
        let signature = ed25519_dalek::Signature::from_slice(signature.as_bytes()).unwrap();
        let signed = [SIGNATURE_LABEL, &[1; 16], &[2; 32]].concat();
        assert!(key.verify(&signed, &signature).is_ok());
        let other = [SIGNATURE_LABEL, &[9; 16], &[2; 32]].concat();
        assert!(key.verify(&other, &signature).is_err());
    }
}
