//! The states of trust around a certificate: what a server or a mail program passes around.

use core::fmt;

use wire::Millis;

use super::{Cert, Fingerprint, Refusal};
use crate::{SealError, profile};

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
    pub(crate) cert: Cert,
    bytes: Vec<u8>,
}

impl fmt::Debug for FetchedCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchedCert({})", self.cert.fingerprint())
    }
}

impl FetchedCert {
    /// Reads exactly one certificate, binary or armored, within the limits of R41. A secret key is none.
    ///
    /// # Errors
    /// `MalformedCertificate` or `CertificateTooLarge`.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() > profile::MAX_CERTIFICATE_BYTES {
            return Err(SealError::CertificateTooLarge("more than 64 KiB"));
        }
        Self::around(Cert::parse(bytes)?)
    }

    /// Takes a certificate that was read already.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn around(cert: Cert) -> Result<Self, SealError> {
        if cert.came_with_secrets() {
            return Err(SealError::MalformedCertificate("it is a secret key: keep it to yourself"));
        }
        if cert.users.len() > profile::MAX_USER_IDS {
            return Err(SealError::CertificateTooLarge("more than 8 user ids"));
        }
        if cert.subkeys.len() > profile::MAX_SUBKEYS {
            return Err(SealError::CertificateTooLarge("more than 32 subkeys"));
        }
        let bytes = cert.to_bytes();
        if bytes.len() > profile::MAX_CERTIFICATE_BYTES {
            return Err(SealError::CertificateTooLarge("more than 64 KiB"));
        }
        Ok(Self { cert, bytes })
    }

    /// The certificate itself.
    pub fn cert(&self) -> &Cert {
        &self.cert
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.cert.fingerprint()
    }

    /// Its bytes, binary.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its OpenPGP version.
    pub fn version(&self) -> u8 {
        self.cert.version()
    }

    /// Verifies every signature in it that matters, and says whether it may be sealed to at `now`, for
    /// `address` if one is given.
    ///
    /// # Errors
    /// The reason not to use it.
    pub fn judge(&self, now: Millis, address: Option<&str>) -> Result<Judgement, Refusal> {
        self.cert.usable(now)?;
        if let Some(address) = address
            && !self.cert.names(address, now)
        {
            return Err(Refusal::AddressMismatch);
        }
        let keys = self.cert.encryption_keys(now)?;
        let newest = keys.first().ok_or(Refusal::NoEncryptionKey)?;
        Ok(Judgement {
            fingerprint: self.fingerprint().clone(),
            version: self.version(),
            expires: self.cert.expires(now),
            encryption_key: newest.fingerprint().clone(),
            reads_seipd_v2: self.cert.announced(now).seipd_v2,
            user_ids: self
                .cert
                .valid_user_ids(now)
                .into_iter()
                .map(|id| String::from_utf8_lossy(id).into_owned())
                .collect(),
        })
    }

    /// Whether a valid self-signature binds this address to it at `now`, whatever else it may be good for.
    pub fn names(&self, address: &str, now: Millis) -> bool {
        self.cert.names(address, now)
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
        write!(f, "TrustedCert({}, {:?})", self.cert.fingerprint(), self.basis)
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
        self.cert.fingerprint()
    }

    /// As [`FetchedCert::judge`]; sealing judges again, for time passes.
    ///
    /// # Errors
    /// The reason not to use it.
    pub fn judge(&self, now: Millis, address: Option<&str>) -> Result<Judgement, Refusal> {
        self.cert.judge(now, address)
    }
}
