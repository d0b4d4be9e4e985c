//! The Autocrypt Setup Message (Autocrypt Level 1, section 4): a secret key on its way to another program of the
//! same person, sealed with a code that the person copies by hand.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use seal::armor::{Kind, armored_for_all};
use seal::reading::{Limits, ReadError, read_message};
use seal::writing::{self, Options, Password, PasswordForm};
use wire::plaintext::Address;
use zeroize::Zeroizing;

use super::header::Preference;
use crate::keys::{SecretCert, refused};
use crate::mail::setup_mail;

/// Largest payload read: a secret key, armored.
const MAX_PAYLOAD_BYTES: u64 = 256 * 1024;
/// Largest mail looked at.
const MAX_MAIL_BYTES: usize = 1024 * 1024;
/// Groups of four digits in a code.
const GROUPS: usize = 9;

/// A setup code: nine groups of four digits, about 119 bits. Wiped when it goes.
pub struct SetupCode(Zeroizing<String>);

impl core::fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SetupCode(…)")
    }
}

impl SetupCode {
    /// Draws a code.
    pub fn make<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        let mut digits = Zeroizing::new(String::with_capacity(GROUPS * 5));
        while digits.len() < GROUPS * 4 {
            // Only octets below the largest multiple of ten: each digit is as likely as any other.
            let mut octet = [0u8; 1];
            rng.fill_bytes(&mut octet);
            if let [octet @ 0..250] = octet {
                digits.push(char::from(b'0' + octet % 10));
            }
        }
        Self(grouped(&digits))
    }

    /// Reads a code as a person typed it, with or without anything between its digits.
    ///
    /// # Errors
    /// `WrongPassphrase` if it has not 36 digits.
    pub fn parse(typed: &str) -> Result<Self, CoreError> {
        let digits: Zeroizing<String> = Zeroizing::new(typed.chars().filter(char::is_ascii_digit).collect());
        if digits.len() != GROUPS * 4 {
            return Err(CoreErrorCode::WrongPassphrase.into());
        }
        Ok(Self(grouped(&digits)))
    }

    /// The code as it is shown and as it seals: groups with hyphens between them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first two digits, which the message tells so that a person finds the right code.
    fn begins(&self) -> &str {
        self.0.get(..2).unwrap_or("")
    }
}

fn grouped(digits: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(GROUPS * 5));
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

/// A key that came in a Setup Message.
#[derive(Debug)]
pub struct SetUp {
    /// The key.
    pub key: SecretCert,
    /// The wish to go on with.
    pub preference: Preference,
}

/// Makes the mail, from a person to himself. `words` explain it to people, in their language; the code is not in
/// it.
///
/// # Errors
/// `Locked` if a part of the key is, `MalformedMail` if `words` hold what a mail may not.
pub fn make<R: RngCore + CryptoRng>(
    key: &SecretCert,
    preference: Preference,
    code: &SetupCode,
    address: &Address,
    words: &str,
    now: Millis,
    rng: &mut R,
) -> Result<Vec<u8>, CoreError> {
    let armor = key.to_armor()?;
    let wish = if preference == Preference::Mutual { "Autocrypt-Prefer-Encrypt: mutual\n" } else { "" };
    let payload = with_header(&armor, wish);
    let options = Options {
        passwords: vec![Password { bytes: code.as_str().as_bytes(), form: PasswordForm::Iterated }],
        length: u64::try_from(payload.len()).ok(),
        ..Options::default()
    };
    let sealed = writing::write(payload.as_bytes(), &options, &[], rng, now).map_err(refused)?;
    let header = format!("Passphrase-Format: numeric9x4\nPassphrase-Begin: {}\n", code.begins());
    let armor = with_header(&armored_for_all(Kind::Message, &sealed), &header);
    setup_mail::write(address, words, &armor, now, rng)
}

/// Armor with a header after its BEGIN line. Wiped, for it may hold a key.
fn with_header(armor: &str, header: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(armor.len() + header.len()));
    let (begin, rest) = armor.split_once('\n').unwrap_or((armor, ""));
    for piece in [begin, "\n", header, rest] {
        out.push_str(piece);
    }
    out
}

/// The first digits of the code that opens a Setup Message, if the mail is one and says so.
pub fn code_begins(mail: &[u8]) -> Option<String> {
    let block = block(mail).ok()?;
    let digits = block.lines().find_map(|line| line.strip_prefix("Passphrase-Begin:"))?.trim();
    (digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.to_owned())
}

/// Opens a Setup Message. Only do so for a person who has just asked for it: the mail may come from anybody. The
/// key counts as foreign until the person has compared it.
///
/// # Errors
/// `MalformedMail` if it is none, `WrongPassphrase`, `Malformed` if there is no secret key in it, `TooLarge`.
pub fn open(mail: &[u8], code: &SetupCode) -> Result<SetUp, CoreError> {
    let block = block(mail)?;
    let limits = Limits { content: MAX_PAYLOAD_BYTES, ..Limits::default() };
    let (payload, finished) = read_message(block.as_bytes(), limits, |locked| {
        locked.with_passwords(&[code.as_str().as_bytes()]).map(|keys| (keys, true))
    })
    .map_err(|error| match error {
        ReadError::NoKey | ReadError::Tampered => CoreError::new(CoreErrorCode::WrongPassphrase),
        ReadError::TooLarge(detail) => CoreError::with(CoreErrorCode::TooLarge, detail),
        other => CoreError::with(CoreErrorCode::Malformed, other.to_string()),
    })?;
    let payload = Zeroizing::new(payload);
    if finished.sealed.is_none() {
        return Err(CoreError::with(CoreErrorCode::Malformed, "the setup message is not sealed"));
    }
    let key = SecretCert::parse(&payload)?;
    let head = payload.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let mutual = head.into_iter().any(|line| line.trim_ascii() == b"Autocrypt-Prefer-Encrypt: mutual");
    Ok(SetUp { key, preference: if mutual { Preference::Mutual } else { Preference::None } })
}

/// The armored message in a Setup Message: bare, or in a page for people.
fn block(mail: &[u8]) -> Result<String, CoreError> {
    if mail.len() > MAX_MAIL_BYTES {
        return Err(CoreErrorCode::TooLarge.into());
    }
    let none = || CoreError::with(CoreErrorCode::MalformedMail, "the mail is no setup message");
    let content = setup_mail::read(mail)?.ok_or_else(none)?;
    let text = String::from_utf8(content).map_err(|_| none())?;
    let begin = text.find("-----BEGIN PGP MESSAGE-----").ok_or_else(none)?;
    let text = text.get(begin..).ok_or_else(none)?;
    let end = text.find("-----END PGP MESSAGE-----").ok_or_else(none)? + "-----END PGP MESSAGE-----".len();
    Ok(text.get(..end).ok_or_else(none)?.replace("\r\n", "\n") + "\n")
}
