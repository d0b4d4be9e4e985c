//! The recovery phrase: 24 words of the English BIP 39 list, 256 random bits and a checksum.
//!
//! The list is of the crate `bip39`; the bits are taken apart here, for its `Mnemonic` brings a second SHA-256.

use crate::secret::SealingKey;
use bip39::Language;
use core::fmt;
use ed25519_dalek::{Signer, SigningKey};
use rand::{CryptoRng, RngCore};
use sha2::{Digest as _, Sha256};
use wire::ids::AccountId;
use wire::sealed::{Challenge, Signature, VerifyingKey};
use zeroize::Zeroizing;

const WORDS: usize = 24;
const ENTROPY: usize = 32;
/// Bits of a word: its place in the list.
const WORD_BITS: usize = 11;
/// What a recovery signature begins with.
pub const SIGNATURE_LABEL: &[u8] = b"hedgerow/v1/recovery";

/// The text is not 24 known words with a right checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a recovery phrase of 24 known words with a right checksum")]
pub struct MalformedPhrase;

/// A recovery phrase: its entropy, and the checksum that the last word ends with.
pub struct Phrase(Zeroizing<[u8; ENTROPY + 1]>);

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[confidential]")
    }
}

impl Phrase {
    /// Makes a new phrase.
    ///
    /// # Errors
    /// Never: 32 bytes make 24 words.
    pub fn make(rng: &mut (impl CryptoRng + RngCore)) -> Result<Self, MalformedPhrase> {
        let mut entropy = Zeroizing::new([0; ENTROPY]);
        rng.fill_bytes(entropy.as_mut());
        let mut bits = Zeroizing::new([0; ENTROPY + 1]);
        if let Some((checksum, start)) = bits.split_last_mut() {
            start.copy_from_slice(entropy.as_ref());
            *checksum = checksum_of(entropy.as_ref());
        }
        Ok(Self(bits))
    }

    /// Reads words in any case and spacing, also as people copy them: numbered (`1.`), comma-separated.
    ///
    /// # Errors
    /// If they are not 24 words of the English list of BIP-39 with a right checksum.
    pub fn parse(text: &str) -> Result<Self, MalformedPhrase> {
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        let list = Language::English.word_list();
        let mut bits = Zeroizing::new([0; ENTROPY + 1]);
        let mut count = 0usize;
        for word in lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
            let place = list.binary_search(&word).map_err(|_| MalformedPhrase)?;
            for bit in 0..WORD_BITS {
                let at = count * WORD_BITS + bit;
                let octet = bits.get_mut(at / 8).ok_or(MalformedPhrase)?;
                *octet |= u8::from(place >> (WORD_BITS - 1 - bit) & 1 == 1) << (7 - at % 8);
            }
            count += 1;
        }
        let phrase = Self(bits);
        let right = phrase.0.last() == Some(&checksum_of(phrase.entropy()));
        if count == WORDS && right { Ok(phrase) } else { Err(MalformedPhrase) }
    }

    /// The words, to be shown once.
    pub fn words(&self) -> Vec<String> {
        let list = Language::English.word_list();
        let bit = |at: usize| usize::from(self.0.get(at / 8).copied().unwrap_or(0) >> (7 - at % 8) & 1);
        (0..WORDS)
            .filter_map(|word| {
                let bits = word * WORD_BITS..(word + 1) * WORD_BITS;
                list.get(bits.fold(0, |place, at| place << 1 | bit(at))).map(|word| (*word).to_owned())
            })
            .collect()
    }

    fn entropy(&self) -> &[u8] {
        self.0.get(..ENTROPY).unwrap_or_default()
    }

    /// The key of the recovery slot.
    pub fn kek(&self) -> SealingKey {
        SealingKey::derive(self.entropy(), b"hedgerow/v1/kek/recovery")
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(SealingKey::derive(self.entropy(), b"hedgerow/v1/sign/recovery").expose())
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

/// The first octet of the hash of the entropy (BIP 39, for 256 bits).
fn checksum_of(entropy: &[u8]) -> u8 {
    Sha256::digest(entropy).first().copied().unwrap_or(0)
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
    fn phrases_are_those_of_bip_39() {
        for seed in 0..50 {
            let phrase = Phrase::make(&mut StdRng::seed_from_u64(seed)).unwrap();
            let theirs = bip39::Mnemonic::from_entropy_in(Language::English, phrase.entropy()).unwrap();
            let words: Vec<String> = theirs.words().map(str::to_owned).collect();
            assert_eq!(phrase.words(), words);
            assert_eq!(Phrase::parse(&theirs.to_string()).unwrap().entropy(), theirs.to_entropy());
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
