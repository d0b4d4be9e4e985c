//! Certificates: parsed, judged, trusted. Trust goes one way: [`FetchedCert`] → [`TrustedCert`].

use core::fmt;
use core::str::FromStr;

use pgp::composed::{Deserializable as _, SignedPublicKey};
use pgp::ser::Serialize as _;
use pgp::types::KeyDetails as _;
use wire::Millis;

use crate::components::{Evaluated, seconds};
use crate::{SealError, profile};

/// A full fingerprint (R18: never a key id).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The bytes: 20 of a version 4, 32 of a version 6 certificate.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn of(key: &impl pgp::types::KeyDetails) -> Self {
        Self(key.fingerprint().as_bytes().to_vec())
    }

    /// As rPGP has it.
    pub fn from_pgp(fingerprint: &pgp::types::Fingerprint) -> Self {
        Self(fingerprint.as_bytes().to_vec())
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The text was not 40 or 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 40 or 64 hexadecimal digits")]
pub struct MalformedFingerprint;

impl FromStr for Fingerprint {
    type Err = MalformedFingerprint;

    /// Reads hexadecimal digits in any case; spaces between groups are passed over.
    fn from_str(text: &str) -> Result<Self, MalformedFingerprint> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(MalformedFingerprint))
            .collect::<Result<_, _>>()?;
        if digits.len() != 40 && digits.len() != 64 {
            return Err(MalformedFingerprint);
        }
        Ok(Self(
            digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
        ))
    }
}

/// Why a certificate may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The certificate has an end, and it is past.
    #[error("expired on {}", day(*.0))]
    Expired(Millis),
    /// The certificate begins in the future.
    #[error("not valid before {}", day(*.0))]
    NotYetValid(Millis),
    /// Its owner revoked it.
    #[error("revoked by its owner")]
    Revoked,
    /// No self-signature that counts holds it together.
    #[error("no valid signature of its owner binds it (SHA-1 and MD5 do not count)")]
    NoValidBinding,
    /// There is no subkey that may be sealed to.
    #[error("no key for encryption is in it")]
    NoEncryptionKey,
    /// Every encryption subkey has an end, and it is past.
    #[error("its encryption key expired on {}", day(*.0))]
    EncryptionKeyExpired(Millis),
    /// Every encryption subkey was revoked.
    #[error("its encryption key was revoked")]
    EncryptionKeyRevoked,
    /// The algorithm is too weak, or unknown.
    #[error("{0}")]
    WeakAlgorithm(&'static str),
    /// None of its user ids is the address.
    #[error("it does not name this address")]
    AddressMismatch,
}

/// `2026-11-24`, of a time in milliseconds (civil-from-days, proleptic Gregorian).
fn day(time: Millis) -> String {
    let days = time.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{:02}", day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// What a certificate is good for, at a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The certificate.
    pub fingerprint: Fingerprint,
    /// Its OpenPGP version, 4 or 6.
    pub version: u8,
    /// When it ends, if ever.
    pub expires: Option<Millis>,
    /// The subkey (or primary key) to seal to: the newest usable one.
    pub encryption_key: Fingerprint,
    /// Whether its owner reads SEIPDv2 (RFC 9580 section 5.13.2).
    pub reads_seipd_v2: bool,
    /// The user ids bound by a valid self-signature, as text. Foreign: show with care.
    pub user_ids: Vec<String>,
}

/// A certificate as it came: nothing is known of it but its form.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedCert {
    pub(crate) key: SignedPublicKey,
    bytes: Vec<u8>,
    fingerprint: Fingerprint,
}

impl fmt::Debug for FetchedCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchedCert({})", self.fingerprint)
    }
}

impl FetchedCert {
    /// Reads exactly one certificate, binary or armored, within the limits of R41.
    ///
    /// # Errors
    /// `MalformedCertificate` or `CertificateTooLarge`.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() > profile::MAX_CERTIFICATE_BYTES {
            return Err(SealError::CertificateTooLarge("more than 64 KiB"));
        }
        let malformed = |_| SealError::MalformedCertificate("it cannot be parsed");
        let binary = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        let mut keys = if binary {
            SignedPublicKey::from_bytes_many(bytes).map_err(malformed)?
        } else {
            SignedPublicKey::from_armor_many_buf(bytes).map_err(malformed)?.0
        };
        let key = keys.next().ok_or(SealError::MalformedCertificate("it is empty"))?.map_err(malformed)?;
        if keys.next().is_some() {
            return Err(SealError::MalformedCertificate("more than one certificate, or trailing data"));
        }
        drop(keys);
        Self::from_key(key)
    }

    fn from_key(key: SignedPublicKey) -> Result<Self, SealError> {
        let version = u8::from(key.primary_key.version());
        if version != 4 && version != 6 {
            return Err(SealError::MalformedCertificate("only version 4 and 6 certificates are read"));
        }
        if key.details.users.len() > profile::MAX_USER_IDS {
            return Err(SealError::CertificateTooLarge("more than 8 user ids"));
        }
        if key.public_subkeys.len() > profile::MAX_SUBKEYS {
            return Err(SealError::CertificateTooLarge("more than 32 subkeys"));
        }
        let bytes = key.to_bytes().map_err(|_| SealError::MalformedCertificate("it cannot be written"))?;
        let fingerprint = Fingerprint::of(&key.primary_key);
        Ok(Self { key, bytes, fingerprint })
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Its bytes, binary.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its OpenPGP version.
    pub fn version(&self) -> u8 {
        u8::from(self.key.primary_key.version())
    }

    /// Verifies every signature in it that matters, and says whether it may be sealed to at `now`, for
    /// `address` if one is given.
    ///
    /// # Errors
    /// The reason not to use it.
    pub fn judge(&self, now: Millis, address: Option<&str>) -> Result<Judgement, Refusal> {
        let seen = Evaluated::of(&self.key, seconds(now), seconds(now));
        seen.primary.clone()?;
        if let Some(address) = address
            && !seen.names(address)
        {
            return Err(Refusal::AddressMismatch);
        }
        let component = seen.newest_for_sealing()?;
        Ok(Judgement {
            fingerprint: self.fingerprint.clone(),
            version: self.version(),
            expires: seen.expires.map(|end| end.saturating_mul(1000)),
            encryption_key: component.fingerprint.clone(),
            reads_seipd_v2: seen.reads_seipd_v2,
            user_ids: seen.user_ids.clone(),
        })
    }

    /// Whether a valid self-signature binds this address to it at `now`, whatever else it may be good for.
    pub fn names(&self, address: &str, now: Millis) -> bool {
        Evaluated::of(&self.key, seconds(now), seconds(now)).names(address)
    }

    /// Says that this certificate is trusted, and why. Judge it first; who calls this answers for it.
    pub fn trust(self, basis: Trust) -> TrustedCert {
        TrustedCert { cert: self, basis }
    }
}

/// Why a certificate is trusted to belong to its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Seen for the first time, as a directory gave it out.
    FirstSeen,
    /// As remembered.
    Pinned,
    /// The person compared the fingerprint.
    Verified,
    /// The person's own.
    You,
}

/// A certificate someone answers for. The only thing that can be sealed to.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedCert {
    cert: FetchedCert,
    basis: Trust,
}

impl fmt::Debug for TrustedCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedCert({}, {:?})", self.cert.fingerprint, self.basis)
    }
}

impl TrustedCert {
    /// Why it is trusted.
    pub fn basis(&self) -> Trust {
        self.basis
    }

    /// The certificate itself.
    pub fn cert(&self) -> &FetchedCert {
        &self.cert
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.cert.fingerprint
    }

    /// As [`FetchedCert::judge`]; sealing judges again, for time passes.
    ///
    /// # Errors
    /// The reason not to use it.
    pub fn judge(&self, now: Millis, address: Option<&str>) -> Result<Judgement, Refusal> {
        self.cert.judge(now, address)
    }
}
