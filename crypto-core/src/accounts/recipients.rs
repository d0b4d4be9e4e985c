//! The verdict on certificates the server gives out: nothing is sealed to a certificate without one (R15).
//!
//! The server's word is believed once, at first contact, and remembered. Afterwards another primary key
//! under the same address is a hard stop that only the person can lift ([`accept`]).

use super::account::UnlockedAccount;
use super::books::{Level, Pin};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::RecipientVerdict;
use seal::cert::{FetchedCert, Fingerprint, Trust, TrustedCert};
use wire::keys::DirectoryEntry;

/// A verdict, and the certificate if it may be sealed to.
#[derive(Debug)]
pub struct Judged {
    /// The verdict.
    pub verdict: RecipientVerdict,
    /// Present for [`RecipientVerdict::You`], `Known` and `New` only.
    pub cert: Option<TrustedCert>,
}

impl Judged {
    fn refused(verdict: RecipientVerdict) -> Self {
        Self { verdict, cert: None }
    }

    /// The certificate, or why there is none.
    ///
    /// # Errors
    /// `CertificateChanged` with both fingerprints, `UnusableCertificate` with the reason.
    pub fn into_cert(self) -> Result<TrustedCert, CoreError> {
        match (self.cert, self.verdict) {
            (Some(cert), _) => Ok(cert),
            (None, RecipientVerdict::Changed { known, offered }) => {
                let detail = format!("known {known}, offered {offered}");
                Err(CoreError::with(CoreErrorCode::CertificateChanged, detail))
            }
            (None, RecipientVerdict::Unusable { reason }) => {
                Err(CoreError::with(CoreErrorCode::UnusableCertificate, reason))
            }
            (None, _) => Err(CoreErrorCode::UnusableCertificate.into()),
        }
    }

    /// What to remember of a certificate seen for the first time.
    pub fn new_pin(&self, entry: &DirectoryEntry, now: Millis) -> Option<Pin> {
        let RecipientVerdict::New { fingerprint } = &self.verdict else { return None };
        Some(Pin {
            fingerprint: fingerprint.clone(),
            certificate: entry.certificate.clone(),
            first_seen: now,
            level: Level::FirstSeen,
        })
    }
}

/// Judges a certificate the server gave out for an address.
pub fn judge(account: &UnlockedAccount, entry: &DirectoryEntry, now: Millis) -> Judged {
    let fetched = match FetchedCert::parse(entry.certificate.as_bytes()) {
        Ok(fetched) => fetched,
        Err(error) => return Judged::refused(RecipientVerdict::Unusable { reason: error.to_string() }),
    };
    let offered = fetched.fingerprint().to_string();
    let changed =
        |known: String, offered: String| Judged::refused(RecipientVerdict::Changed { known, offered });
    if entry.address == *account.address() {
        let own = account.key().fingerprint();
        if fetched.fingerprint() != own {
            return changed(own.to_string(), offered);
        }
        // The own certificate is at hand; the server's copy is not needed.
        let own = account.key().certificate().clone();
        return Judged { verdict: RecipientVerdict::You, cert: Some(own) };
    }
    // The hard stop comes before any other complaint, so that it cannot be hidden behind one.
    let pin = account.pins().get(&entry.address);
    if let Some(pin) = pin
        && !is(&pin.fingerprint, fetched.fingerprint())
    {
        return changed(pin.fingerprint.clone(), offered);
    }
    if let Err(refusal) = fetched.judge(now, Some(entry.address.as_str())) {
        return Judged::refused(RecipientVerdict::Unusable { reason: refusal.to_string() });
    }
    match pin {
        Some(pin) => {
            let trust = match pin.level {
                Level::FirstSeen => Trust::Pinned,
                Level::Verified => Trust::Verified,
            };
            let verdict = RecipientVerdict::Known { since: pin.first_seen, fingerprint: offered };
            Judged { verdict, cert: Some(fetched.trust(trust)) }
        }
        None => {
            let verdict = RecipientVerdict::New { fingerprint: offered };
            Judged { verdict, cert: Some(fetched.trust(Trust::FirstSeen)) }
        }
    }
}

fn is(known: &str, offered: &Fingerprint) -> bool {
    known.parse::<Fingerprint>().is_ok_and(|known| known == *offered)
}

/// The pin for a certificate whose fingerprint the person compared: replaces one that changed.
///
/// # Errors
/// `UnusableCertificate` with the reason; `KeySubstituted` for the person's own address.
pub fn accept(account: &UnlockedAccount, entry: &DirectoryEntry, now: Millis) -> Result<Pin, CoreError> {
    let unusable = |reason: String| CoreError::with(CoreErrorCode::UnusableCertificate, reason);
    if entry.address == *account.address() {
        return Err(CoreErrorCode::KeySubstituted.into());
    }
    let fetched =
        FetchedCert::parse(entry.certificate.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    fetched.judge(now, Some(entry.address.as_str())).map_err(|refusal| unusable(refusal.to_string()))?;
    let known = account.pins().get(&entry.address);
    let known = known.filter(|pin| is(&pin.fingerprint, fetched.fingerprint()));
    Ok(Pin {
        fingerprint: fetched.fingerprint().to_string(),
        certificate: entry.certificate.clone(),
        first_seen: known.map_or(now, |pin| pin.first_seen),
        level: Level::Verified,
    })
}
