//! Secrets: wiped when dropped, never printed. The only door from text to a passphrase.

use core::fmt;
use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The least number of characters of a passphrase that is being chosen.
pub const PASSPHRASE_CHARS: usize = 12;

/// The passphrase is shorter than [`PASSPHRASE_CHARS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase is shorter than 12 characters")]
pub struct PassphraseTooShort;

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
fn nfkc(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().collect()
}

/// The browser has the tables already; they need not be sent.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn nfkc(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKC").into()
}

/// A passphrase, normalised (NFKC) so that the same keys give the same bytes on every system.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    /// A passphrase given to get in: no rules, a wrong one does not open.
    pub fn given(text: &str) -> Self {
        Self(nfkc(text))
    }

    /// A passphrase being chosen: at least 12 characters after normalisation.
    ///
    /// # Errors
    /// If it is shorter.
    pub fn chosen(text: &str) -> Result<Self, PassphraseTooShort> {
        let passphrase = Self::given(text);
        if passphrase.0.chars().count() < PASSPHRASE_CHARS { Err(PassphraseTooShort) } else { Ok(passphrase) }
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[confidential]")
    }
}

/// A 32-byte key that envelopes are sealed with. One key, one purpose (R2).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// Takes key material made or opened elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Derives a key of one purpose: HKDF-SHA-512 without salt, `label` as info.
    pub fn derive(material: &[u8], label: &[u8]) -> Self {
        let mut out = [0u8; 32];
        // 32 bytes are far below the limit of HKDF: this cannot fail.
        if Hkdf::<Sha512>::new(None, material).expand(label, &mut out).is_err() {
            out.zeroize();
        }
        Self(out)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[confidential]")
    }
}

/// Opened plaintext: wiped when dropped.
pub type Plaintext = Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let passphrase = Passphrase::given("canary passphrase");
        let key = SealingKey::from_bytes([7; 32]);
        assert_eq!(format!("{passphrase:?} {key:?}"), "[confidential] [confidential]");
    }

    #[test]
    fn passphrases_are_normalised_and_counted_in_characters() {
        assert_eq!(Passphrase::given("ﬁ\u{212b}").expose(), "fi\u{c5}");
        assert!(Passphrase::chosen("ééééééééééé").is_err());
        assert!(Passphrase::chosen("éééééééééééé").is_ok());
    }

    #[test]
    fn labels_separate_keys() {
        let a = SealingKey::derive(&[1; 32], b"a");
        let b = SealingKey::derive(&[1; 32], b"b");
        assert_ne!(a.expose(), b.expose());
    }
}
