//! Which form a message gets, and why.

use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;

use crate::profile;

/// The form of a sealed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CFB with a modification detection code: every OpenPGP program reads it.
    SeipdV1,
    /// Authenticated chunks (RFC 9580).
    SeipdV2,
}

pub use crate::cert::Announced;

/// Which form a message gets, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The form.
    pub format: Format,
    /// In English.
    pub why: &'static str,
    /// The cipher.
    pub cipher: SymmetricKeyAlgorithm,
    /// The mode, in version 2.
    pub mode: AeadAlgorithm,
    /// The octet that says how large chunks are, in version 2: 2^(octet + 6) octets.
    pub chunk: u8,
    /// The hash of signatures inside.
    pub hash: HashAlgorithm,
}

impl Default for Plan {
    /// What is used when nobody said what they can read (a password is told by word of mouth).
    fn default() -> Self {
        Self {
            format: Format::SeipdV1,
            why: "nothing is known of what the readers can read, and every program reads SEIPDv1",
            cipher: profile::CIPHER,
            mode: profile::AEAD,
            chunk: profile::CHUNK as u8,
            hash: profile::HASH,
        }
    }
}

impl Plan {
    /// SEIPDv2 in the mode that every reader of it has, whatever was announced. For those who know what
    /// their readers can read.
    pub fn modern() -> Self {
        Self { format: Format::SeipdV2, why: "SEIPDv2 was asked for", ..Self::default() }
    }

    /// The same, in another mode of SEIPDv2 (1 EAX, 2 OCB, 3 GCM). Unknown modes are left out.
    #[must_use]
    pub fn with_mode(mut self, number: u8) -> Self {
        let mode = AeadAlgorithm::from(number);
        if profile::mode_counts(mode) {
            self.mode = mode;
        }
        self
    }

    /// The same, with chunks of 2^(octet + 6) octets; up to 16 is allowed (RFC 9580 section 5.13.2).
    #[must_use]
    pub fn with_chunk(mut self, octet: u8) -> Self {
        self.chunk = octet.min(profile::MAX_CHUNK_OCTET);
        self
    }

    /// Whether chunks can be sealed by a host that knows AES-GCM, or blocks by one that knows AES-CBC.
    pub fn suits_host(&self) -> bool {
        profile::is_aes(self.cipher) && (self.format == Format::SeipdV1 || profile::is_gcm(self.mode))
    }
}

/// The newest form that every recipient announces.
pub fn plan(recipients: &[Announced]) -> Plan {
    if recipients.is_empty() {
        return Plan::default();
    }
    let hash = profile::SIGNING_HASHES
        .into_iter()
        .find(|hash| recipients.iter().all(|r| r.hashes.is_empty() || r.hashes.contains(hash)))
        .unwrap_or(profile::COMMON_HASH);
    let mut plan = Plan { hash, ..Plan::default() };
    if recipients.iter().all(|r| r.seipd_v2) {
        plan.format = Format::SeipdV2;
        (plan.cipher, plan.mode, plan.why) = suite(recipients);
    } else {
        plan.cipher = cipher(recipients);
        plan.why = if recipients.iter().any(|r| r.seipd_v2) {
            "a recipient does not announce SEIPDv2"
        } else {
            "no recipient announces SEIPDv2"
        };
    }
    plan
}

/// The strongest cipher that every recipient takes; the last of the list is taken by all.
fn cipher(recipients: &[Announced]) -> SymmetricKeyAlgorithm {
    let taken = |cipher: &SymmetricKeyAlgorithm| {
        recipients.iter().all(|r| r.ciphers.is_empty() || r.ciphers.contains(cipher))
    };
    let [.., last] = profile::SEALING_CIPHERS;
    profile::SEALING_CIPHERS.into_iter().find(taken).unwrap_or(last)
}

fn suite(recipients: &[Announced]) -> (SymmetricKeyAlgorithm, AeadAlgorithm, &'static str) {
    let listed = |suite| recipients.iter().all(|r| r.suites.contains(&suite));
    if listed(profile::FAST_SUITE) {
        let (cipher, mode) = profile::FAST_SUITE;
        return (cipher, mode, "every recipient announces SEIPDv2 with AES-256-GCM");
    }
    // The usual mode is in every reader of SEIPDv2. The usual cipher is too, unless a list leaves it out.
    let has_cipher = |r: &Announced| {
        if r.suites.is_empty() {
            r.ciphers.is_empty() || r.ciphers.contains(&profile::CIPHER)
        } else {
            r.suites.iter().any(|(cipher, _)| *cipher == profile::CIPHER)
        }
    };
    if recipients.iter().all(has_cipher) {
        (profile::CIPHER, profile::AEAD, "every recipient announces SEIPDv2")
    } else {
        let (cipher, mode) = profile::LEAST_SUITE;
        (cipher, mode, "every recipient announces SEIPDv2, but one leaves out AES-256")
    }
}
