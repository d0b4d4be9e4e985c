//! Why something may not be used, in words.

use wire::Millis;

use crate::signature::RevocationReason;

/// Why a certificate, a key or a user id may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has an end, and it is past.
    #[error("expired on {}", day(*.0))]
    Expired(Millis),
    /// It begins in the future.
    #[error("not valid before {}", day(*.0))]
    NotYetValid(Millis),
    /// Its owner revoked it.
    #[error("revoked by its owner")]
    Revoked,
    /// No self-signature that counts holds it together.
    #[error("no valid signature of its owner binds it (weak, expired or foreign ones do not count)")]
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
    /// The certificate it belongs to may not be used.
    #[error("the certificate: {0}")]
    Certificate(Box<Refusal>),
    /// It says it signs, and it did not sign that it belongs to this certificate.
    #[error("the key itself did not confirm that it belongs to this certificate")]
    NoBackSignature,
    /// Its binding is weak or has a part that is not understood.
    #[error("the signature of its owner does not count: {0}")]
    BindingDoesNotCount(&'static str),
}

/// A revocation that is in force, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Why.
    pub reason: RevocationReason,
    /// What the owner wrote. Foreign: show with care.
    pub words: String,
    /// When, as its maker says.
    pub made: Option<Millis>,
}

/// `2026-11-24`, of a time in milliseconds (civil-from-days, proleptic Gregorian).
pub(crate) fn day(time: Millis) -> String {
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
