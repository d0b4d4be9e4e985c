//! [`SessionKey`]: the key of one message.

use core::fmt;

use pgp::crypto::sym::SymmetricKeyAlgorithm;
use zeroize::Zeroizing;

/// The key of one message. Whoever holds it reads that message and no other.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey {
    cipher: Option<SymmetricKeyAlgorithm>,
    bytes: Zeroizing<Vec<u8>>,
}

/// Shows the cipher only.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({:?})", self.cipher)
    }
}

impl SessionKey {
    /// A session key. `cipher` is none in version 6 session key packets: there the encrypted data names it.
    pub fn new(cipher: Option<SymmetricKeyAlgorithm>, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { cipher, bytes }
    }

    /// What it is a key of, if known.
    pub fn cipher(&self) -> Option<SymmetricKeyAlgorithm> {
        self.cipher
    }

    /// The cipher's number in RFC 9580 section 9.3, if known.
    pub fn cipher_number(&self) -> Option<u8> {
        self.cipher.map(u8::from)
    }

    /// The secret octets.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads `9:A1B2…` (the cipher's number and the octets, the form of the Stateless OpenPGP command line
    /// and of GnuPG's `--show-session-key`). None if the text has another form.
    pub fn from_text(text: &str) -> Option<Self> {
        let (number, digits) = text.trim().split_once(':')?;
        let cipher = SymmetricKeyAlgorithm::from(number.parse::<u8>().ok()?);
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        if pairs.is_empty() || !rest.is_empty() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
        for [high, low] in pairs {
            bytes.push(digit(*high)? << 4 | digit(*low)?);
        }
        let wanted = cipher.key_size();
        (wanted == 0 || wanted == bytes.len()).then_some(Self { cipher: Some(cipher), bytes })
    }

    /// Writes what [`from_text`](Self::from_text) reads. `known` names the cipher where the session key
    /// itself does not.
    pub fn to_text(&self, known: SymmetricKeyAlgorithm) -> Zeroizing<String> {
        const DIGITS: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
        let mut text = Zeroizing::new(String::with_capacity(4 + 2 * self.bytes.len()));
        text.push_str(&u8::from(self.cipher.unwrap_or(known)).to_string());
        text.push(':');
        for byte in self.bytes.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.extend(DIGITS.get(usize::from(digit)));
            }
        }
        text
    }
}
