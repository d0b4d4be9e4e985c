//! What is remembered of an address from its mail, and what that recommends (Autocrypt Level 1, sections 2.3 to
//! 2.5). Whether a certificate may be sealed to is asked elsewhere: a pin goes before everything here (R19).

use model::Millis;
use seal::cert::FetchedCert;
use serde::{Deserialize, Serialize};
use wire::plaintext::Address;
use wire::sealed::Certificate;

use super::header::{Field, Preference};

/// Mail without the field for so long after the last with it: the owner has perhaps given Autocrypt up.
const STALE: Millis = 35 * 24 * 60 * 60 * 1000;

/// The state of one address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Peer {
    last_seen: Option<Millis>,
    field_at: Option<Millis>,
    certificate: Option<Certificate>,
    #[serde(default)]
    preference: Preference,
    gossip_at: Option<Millis>,
    gossip: Option<Certificate>,
}

/// What to do by default in a mail being written. Ordered: from "cannot" to "do".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recommendation {
    /// Sealing is not possible.
    Disable,
    /// It is, and the recipient may not be able to read it.
    Discourage,
    /// It is.
    Available,
    /// Seal, unless the writer says no.
    Encrypt,
}

/// A mail counts from when it was sent, but never from the future: a wrong or lying clock would keep every later
/// mail from counting.
fn effective(sent: Option<Millis>, received: Millis) -> Millis {
    sent.map_or(received, |sent| sent.min(received))
}

/// The newer copy, with all that the older had more: who leaves a revocation out takes none away.
fn merged(old: Option<&Certificate>, new: &FetchedCert) -> Certificate {
    let old = old.and_then(|old| FetchedCert::parse(old.as_bytes()).ok());
    let both = old.filter(|old| old.fingerprint() == new.fingerprint()).and_then(|old| {
        let mut cert = new.cert().clone();
        cert.merge(old.cert()).ok()?;
        FetchedCert::around(cert).ok()
    });
    Certificate(both.as_ref().unwrap_or(new).bytes().to_vec())
}

impl Peer {
    /// Takes note of a mail from this address: with its valid field, or without one. Reports, mail with several
    /// authors and what looks like spam are not to be noted.
    pub fn see(&mut self, sent: Option<Millis>, received: Millis, field: Option<&Field>) {
        let date = effective(sent, received);
        if self.field_at.is_some_and(|at| date < at) {
            return;
        }
        self.last_seen = self.last_seen.max(Some(date));
        if let Some(field) = field {
            self.field_at = Some(date);
            self.certificate = Some(merged(self.certificate.as_ref(), &field.cert));
            self.preference = field.preference;
        }
    }

    /// Takes note of what a sealed mail by somebody else says of this address.
    pub fn hear(&mut self, sent: Option<Millis>, received: Millis, field: &Field) {
        let date = effective(sent, received);
        if self.gossip_at.is_some_and(|at| date < at) {
            return;
        }
        self.gossip_at = Some(date);
        self.gossip = Some(merged(self.gossip.as_ref(), &field.cert));
    }

    /// The certificate to use, and whether its owner sent it himself. None if there is none that may be sealed to
    /// at `now`.
    pub fn certificate(&self, address: &Address, now: Millis) -> Option<(FetchedCert, bool)> {
        let usable = |bytes: &Option<Certificate>| {
            let cert = FetchedCert::parse(bytes.as_ref()?.as_bytes()).ok()?;
            cert.judge(now, Some(address.as_str())).ok()?;
            Some(cert)
        };
        usable(&self.certificate)
            .map(|cert| (cert, true))
            .or_else(|| usable(&self.gossip).map(|cert| (cert, false)))
    }

    /// What to do by default in a mail to this address. `own` is the writer's wish; `answers_sealed` says that the
    /// mail answers a sealed one.
    pub fn recommend(
        &self,
        address: &Address,
        own: Preference,
        answers_sealed: bool,
        now: Millis,
    ) -> Recommendation {
        let Some((_, by_owner)) = self.certificate(address, now) else { return Recommendation::Disable };
        let stale = match (self.field_at, self.last_seen) {
            (Some(field), Some(seen)) => seen.saturating_sub(field) > STALE,
            _ => false,
        };
        if answers_sealed {
            Recommendation::Encrypt
        } else if !by_owner || stale {
            Recommendation::Discourage
        } else if (own, self.preference) == (Preference::Mutual, Preference::Mutual) {
            Recommendation::Encrypt
        } else {
            Recommendation::Available
        }
    }
}

/// What to do by default in a mail to several: what suits the one who can do least.
pub fn recommend_for_all(each: impl IntoIterator<Item = Recommendation>) -> Recommendation {
    each.into_iter().min().unwrap_or(Recommendation::Disable)
}
