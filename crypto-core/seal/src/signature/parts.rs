//! The parts (subpackets) of a signature, and what they say.

use core::ops::Range;

use super::SignaturePacket;
use crate::cert::Fingerprint;

pub(super) const CREATED: u8 = 2;
pub(super) const EXPIRES: u8 = 3;
const EXPORTABLE: u8 = 4;
const TRUST: u8 = 5;
const REGULAR_EXPRESSION: u8 = 6;
const REVOCABLE: u8 = 7;
pub(super) const KEY_EXPIRES: u8 = 9;
const PREFERRED_CIPHERS: u8 = 11;
const REVOCATION_KEY: u8 = 12;
const ISSUER: u8 = 16;
const NOTATION: u8 = 20;
const PREFERRED_HASHES: u8 = 21;
const PREFERRED_COMPRESSION: u8 = 22;
const KEY_SERVER_PREFERENCES: u8 = 23;
const KEY_SERVER: u8 = 24;
const PRIMARY_USER_ID: u8 = 25;
const POLICY_ADDRESS: u8 = 26;
const KEY_FLAGS: u8 = 27;
const SIGNER_USER_ID: u8 = 28;
const REVOCATION_REASON: u8 = 29;
const FEATURES: u8 = 30;
const TARGET: u8 = 31;
const EMBEDDED: u8 = 32;
const ISSUER_FINGERPRINT: u8 = 33;
const RECIPIENT: u8 = 35;
const PREFERRED_SUITES: u8 = 39;

/// Most parts looked at in one area.
const MAX_PARTS: usize = 256;

/// One subpacket: where its content lies in the body of the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    kind: u8,
    critical: bool,
    content: Range<usize>,
}

/// Tells the parts of an area apart. The second value says whether the area ended where a part ends.
pub(super) fn split(body: &[u8], area: Range<usize>) -> (Vec<Part>, bool) {
    let mut parts = Vec::new();
    let mut at = area.start;
    let octet = |at: usize| body.get(at).copied().map(usize::from).filter(|_| at < area.end);
    while at < area.end && parts.len() < MAX_PARTS {
        let (length, start) = match octet(at) {
            Some(first @ 0..=191) => (first, at + 1),
            Some(first @ 192..=254) => match octet(at + 1) {
                Some(second) => (((first - 192) << 8) + second + 192, at + 2),
                None => return (parts, false),
            },
            Some(_) => match body.get(at + 1..at + 5).and_then(|four| four.try_into().ok()) {
                Some(four) => match usize::try_from(u32::from_be_bytes(four)) {
                    Ok(length) => (length, at + 5),
                    Err(_) => return (parts, false),
                },
                None => return (parts, false),
            },
            None => return (parts, false),
        };
        let end = start.saturating_add(length);
        let Some(kind) = octet(start).filter(|_| length != 0 && end <= area.end) else {
            return (parts, false);
        };
        // Masked to seven bits, so it fits an octet.
        let number = u8::try_from(kind & 0x7f).unwrap_or(0);
        parts.push(Part { kind: number, critical: kind & 0x80 != 0, content: start + 1..end });
        at = end;
    }
    (parts, at == area.end)
}

/// Who made a signature, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// By full fingerprint.
    Fingerprint(Fingerprint),
    /// By key id, which does not tell keys apart for certain.
    KeyId([u8; 8]),
}

/// What a key may do, as a self-signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    pub(crate) const CERTIFY: u8 = 0x01;
    pub(crate) const SIGN: u8 = 0x02;
    pub(crate) const ENCRYPT_COMMUNICATIONS: u8 = 0x04;
    pub(crate) const ENCRYPT_STORAGE: u8 = 0x08;
    pub(crate) const AUTHENTICATE: u8 = 0x20;

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn new(bits: u8) -> Self {
        Self(bits)
    }

    /// It may certify keys.
    pub fn certifies(self) -> bool {
        self.0 & Self::CERTIFY != 0
    }

    /// It may sign content.
    pub fn signs(self) -> bool {
        self.0 & Self::SIGN != 0
    }

    /// It may be sealed to, for communication or for storage.
    pub fn encrypts(self) -> bool {
        self.0 & (Self::ENCRYPT_COMMUNICATIONS | Self::ENCRYPT_STORAGE) != 0
    }

    /// It may prove who connects.
    pub fn authenticates(self) -> bool {
        self.0 & Self::AUTHENTICATE != 0
    }
}

/// Why something was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    /// Nothing said: reaches back for ever.
    Unspecified,
    /// Another key took its place: from then on.
    Superseded,
    /// Somebody else may have it: reaches back for ever.
    Compromised,
    /// It is no longer used: from then on.
    Retired,
    /// The user id is no longer valid: from then on.
    UserIdInvalid,
    /// A reason that is not known here: reaches back for ever.
    Other,
}

impl RevocationReason {
    /// Whether it reaches back for ever: whatever was signed before may be somebody else's.
    pub fn is_hard(self) -> bool {
        matches!(self, Self::Unspecified | Self::Compromised | Self::Other)
    }
}

/// In English, for a sentence.
impl core::fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "no reason given",
            Self::Superseded => "replaced by another key",
            Self::Compromised => "somebody else may have it",
            Self::Retired => "no longer used",
            Self::UserIdInvalid => "the user id is no longer valid",
            Self::Other => "another reason",
        })
    }
}

/// A fingerprint with its version before it, as parts 33 and 35 have it.
fn versioned(content: &[u8]) -> Option<(u8, Fingerprint)> {
    let (version, bytes) = content.split_first()?;
    let fits = matches!((version, bytes.len()), (4, 20) | (5 | 6, 32));
    fits.then(|| (*version, Fingerprint::from_bytes(bytes)))
}

/// One part of a signature as it stands there (RFC 9580 section 5.2.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawPart<'a> {
    /// Its type, without the critical bit.
    pub kind: u8,
    /// Whether who does not understand it must not count the signature.
    pub critical: bool,
    /// What it says.
    pub content: &'a [u8],
}

impl SignaturePacket {
    /// Every part of the hashed area.
    pub fn hashed_parts(&self) -> impl Iterator<Item = RawPart<'_>> {
        self.raw(&self.hashed)
    }

    /// Every part of the area that nobody signed.
    pub fn unhashed_parts(&self) -> impl Iterator<Item = RawPart<'_>> {
        self.raw(&self.unhashed)
    }

    fn raw<'a>(&'a self, parts: &'a [Part]) -> impl Iterator<Item = RawPart<'a>> {
        parts.iter().map(|part| RawPart {
            kind: part.kind,
            critical: part.critical,
            content: self.content(part),
        })
    }

    fn content(&self, part: &Part) -> &[u8] {
        self.body.get(part.content.clone()).unwrap_or_default()
    }

    fn every(&self, kind: u8) -> impl Iterator<Item = &[u8]> {
        self.hashed.iter().filter(move |part| part.kind == kind).map(|part| self.content(part))
    }

    /// The last one of the hashed area (RFC 9580 section 5.2.3.9 lets the last one govern).
    fn last(&self, kind: u8) -> Option<&[u8]> {
        self.every(kind).last()
    }

    pub(super) fn number(&self, kind: u8) -> Option<i64> {
        let four: [u8; 4] = self.last(kind)?.try_into().ok()?;
        Some(i64::from(u32::from_be_bytes(four)))
    }

    fn truth(&self, kind: u8) -> Option<bool> {
        self.last(kind)?.first().map(|octet| *octet != 0)
    }

    /// Everybody it says made it, from both areas: hints for finding the key, no more.
    pub fn issuers(&self) -> Vec<Issuer> {
        if let Some((_, issuer)) = self.v3 {
            return vec![Issuer::KeyId(issuer)];
        }
        let both = self.hashed.iter().chain(&self.unhashed);
        both.filter_map(|part| match part.kind {
            ISSUER => self.content(part).try_into().ok().map(Issuer::KeyId),
            ISSUER_FINGERPRINT => versioned(self.content(part)).map(|(_, it)| Issuer::Fingerprint(it)),
            _ => None,
        })
        .take(8)
        .collect()
    }

    /// Who made it, as it says itself: a fingerprint, else a key id, in hexadecimal; else nothing.
    pub fn claimed_signer(&self) -> String {
        let issuers = self.issuers();
        let by_fingerprint = issuers.iter().find_map(|issuer| match issuer {
            Issuer::Fingerprint(fingerprint) => Some(fingerprint.to_string()),
            Issuer::KeyId(_) => None,
        });
        by_fingerprint.unwrap_or_else(|| match issuers.first() {
            Some(Issuer::KeyId(id)) => id.iter().map(|octet| format!("{octet:02x}")).collect(),
            _ => String::new(),
        })
    }

    /// Whether a key with this fingerprint and key id may be its maker, by what it says itself.
    pub(crate) fn may_be_by(&self, fingerprint: &Fingerprint, key_id: [u8; 8]) -> bool {
        let issuers = self.issuers();
        issuers.is_empty()
            || issuers.iter().any(|issuer| match issuer {
                Issuer::Fingerprint(one) => one == fingerprint,
                Issuer::KeyId(one) => *one == key_id,
            })
    }

    /// Whether it names this key at all.
    pub(crate) fn names(&self, fingerprint: &Fingerprint, key_id: [u8; 8]) -> bool {
        !self.issuers().is_empty() && self.may_be_by(fingerprint, key_id)
    }

    /// The flags of the key, if it has any: absent is not the same as none set.
    pub fn key_flags(&self) -> Option<Flags> {
        self.last(KEY_FLAGS).map(|content| Flags(content.first().copied().unwrap_or(0)))
    }

    /// The octet of features, if there are any.
    pub(crate) fn features(&self) -> Option<u8> {
        self.last(FEATURES).map(|content| content.first().copied().unwrap_or(0))
    }

    pub(crate) fn preferred_ciphers(&self) -> Option<&[u8]> {
        self.last(PREFERRED_CIPHERS)
    }

    pub(crate) fn preferred_hashes(&self) -> Option<&[u8]> {
        self.last(PREFERRED_HASHES)
    }

    /// Pairs of cipher and mode.
    pub(crate) fn preferred_suites(&self) -> Option<&[u8]> {
        self.last(PREFERRED_SUITES)
    }

    /// Whether it marks its user id as the primary one.
    pub fn is_primary_user_id(&self) -> bool {
        self.truth(PRIMARY_USER_ID).unwrap_or(false)
    }

    /// Whether it may leave the keyring it was made for.
    pub(crate) fn is_exportable(&self) -> bool {
        self.truth(EXPORTABLE).unwrap_or(true)
    }

    /// Why something was revoked, and the words of who did; nothing said is a reason too.
    pub(crate) fn revocation_reason(&self) -> (RevocationReason, String) {
        let Some((code, words)) = self.last(REVOCATION_REASON).and_then(<[u8]>::split_first) else {
            return (RevocationReason::Unspecified, String::new());
        };
        let reason = match code {
            0 => RevocationReason::Unspecified,
            1 => RevocationReason::Superseded,
            2 => RevocationReason::Compromised,
            3 => RevocationReason::Retired,
            32 => RevocationReason::UserIdInvalid,
            _ => RevocationReason::Other,
        };
        (reason, String::from_utf8_lossy(words).into_owned())
    }

    /// Those it was made for, if it says so.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = Fingerprint> {
        self.every(RECIPIENT).filter_map(|content| versioned(content).map(|(_, it)| it))
    }

    /// Signatures inside it, from both areas: each proves itself.
    pub(crate) fn embedded(&self) -> impl Iterator<Item = SignaturePacket> {
        let both = self.hashed.iter().chain(&self.unhashed);
        both.filter(|part| part.kind == EMBEDDED)
            .take(4)
            .filter_map(|part| SignaturePacket::parse(self.content(part)).ok())
    }

    /// Whether everything in it is understood that must be: no unknown critical part, none of the known ones
    /// malformed (RFC 9580 section 5.2.5), and no issuer of another version than its own.
    pub(crate) fn is_understood(&self) -> bool {
        self.well_formed
            && self.hashed.iter().all(|part| {
                let content = self.content(part);
                if part.kind == ISSUER_FINGERPRINT
                    && versioned(content).is_none_or(|(version, _)| version != self.version)
                {
                    return false;
                }
                is_formed(part.kind, content) && (!part.critical || is_known(part.kind, content))
            })
    }
}

/// Whether a part has the length that its kind has. A limit in a form that is not read would be no limit.
fn is_formed(kind: u8, content: &[u8]) -> bool {
    match kind {
        CREATED | EXPIRES | KEY_EXPIRES => content.len() == 4,
        EXPORTABLE | REVOCABLE | PRIMARY_USER_ID => content.len() == 1,
        TRUST => content.len() == 2,
        ISSUER => content.len() == 8,
        REVOCATION_KEY => matches!(content.len(), 22 | 34),
        REVOCATION_REASON => !content.is_empty(),
        TARGET => content.len() > 2,
        NOTATION => match content {
            [_, _, _, _, n, m, v, w, rest @ ..] => {
                let lengths = [[*n, *m], [*v, *w]].map(|two| usize::from(u16::from_be_bytes(two)));
                lengths.iter().sum::<usize>() == rest.len()
            }
            _ => false,
        },
        RECIPIENT => match content.first() {
            Some(4) => content.len() == 21,
            Some(5 | 6) => content.len() == 33,
            other => other.is_some(),
        },
        PREFERRED_SUITES => content.len().is_multiple_of(2),
        _ => true,
    }
}

/// Whether a critical part, in the form it has to have, is one this program acts upon.
fn is_known(kind: u8, content: &[u8]) -> bool {
    match kind {
        ISSUER_FINGERPRINT | RECIPIENT => versioned(content).is_some(),
        EMBEDDED => SignaturePacket::parse(content).is_ok(),
        CREATED
        | EXPIRES
        | KEY_EXPIRES
        | EXPORTABLE
        | REVOCABLE
        | PRIMARY_USER_ID
        | TRUST
        | ISSUER
        | REVOCATION_REASON
        | REVOCATION_KEY
        | REGULAR_EXPRESSION
        | PREFERRED_CIPHERS
        | PREFERRED_HASHES
        | PREFERRED_COMPRESSION
        | KEY_SERVER_PREFERENCES
        | KEY_SERVER
        | POLICY_ADDRESS
        | KEY_FLAGS
        | SIGNER_USER_ID
        | FEATURES
        | TARGET
        | PREFERRED_SUITES => true,
        // Notations are for those who agreed on them, and nobody agreed on any with us.
        NOTATION => false,
        _ => false,
    }
}
