//! What came, judged.

use model::Millis;
use seal::cert::{Cert, FetchedCert, Fingerprint, Refusal};
use seal::profile;
use wire::plaintext::Address;

use super::request::Source;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whoever has this address.
    Address(Address),
    /// This certificate, for this address: to learn what became of one that is known.
    Fingerprint(Fingerprint, Address),
}

impl Asked {
    fn address(&self) -> &Address {
        match self {
            Self::Address(address) | Self::Fingerprint(_, address) => address,
        }
    }
}

/// A certificate that was found: minimised, with no user id but those of the address asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    cert: FetchedCert,
    source: Source,
    known: bool,
}

impl Found {
    /// The certificate. If it [`is_known`](Self::is_known), with all that the pinned copy had.
    pub fn cert(&self) -> &FetchedCert {
        &self.cert
    }

    /// Where it came from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whether it is the one that is pinned: the pin may take over its bytes, and keeps its level (R20).
    pub fn is_known(&self) -> bool {
        self.known
    }
}

/// Why nothing of what came is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More bytes or certificates than any honest answer has (R41).
    #[error("the answer is too large")]
    TooLarge,
    /// It is not OpenPGP.
    #[error("the answer holds no certificate")]
    Malformed,
    /// Certificates, but none of what was asked for.
    #[error("the answer is about something else than was asked for")]
    NotAsked,
    /// Another one than is pinned: a hard stop until the person has compared the two (R15).
    #[error("the certificate changed: known {known}, offered {offered}")]
    Changed {
        /// Hexadecimal.
        known: String,
        /// Hexadecimal.
        offered: String,
    },
    /// Several that could all be meant.
    #[error("there are several certificates for this address, and nothing says which is right")]
    Ambiguous,
    /// It may not be used.
    #[error("the certificate may not be used: {0}")]
    Unusable(Refusal),
}

/// Judges what a source gave out. `pinned` is the certificate known for the address, if any.
///
/// A pinned certificate that is now revoked or expired is still found: whoever holds the pin must learn of it.
///
/// # Errors
/// Why nothing is taken.
pub fn judge(
    source: Source,
    asked: &Asked,
    bytes: &[u8],
    pinned: Option<&FetchedCert>,
    now: Millis,
) -> Result<Found, Refused> {
    if bytes.len() > profile::MAX_LOOKUP_BYTES {
        return Err(Refused::TooLarge);
    }
    let certs = Cert::parse_many(bytes).map_err(|_| Refused::Malformed)?;
    if certs.len() > profile::MAX_LOOKUP_CERTS {
        return Err(Refused::TooLarge);
    }
    let address = asked.address().as_str();
    let mut meant: Vec<Cert> = Vec::new();
    for cert in certs {
        let is_pinned = pinned.is_some_and(|pin| pin.fingerprint() == cert.fingerprint());
        let is_meant = match asked {
            Asked::Address(_) => is_pinned || cert.names(address, now),
            Asked::Fingerprint(fingerprint, _) => cert.fingerprint() == fingerprint,
        };
        if cert.came_with_secrets() || !is_meant {
            continue;
        }
        // Foreign signatures, other user ids and the rest of the flood end here.
        let cert = cert.exportable().minimised_for(address, now);
        match meant.iter_mut().find(|other| other.fingerprint() == cert.fingerprint()) {
            Some(same) => same.merge(&cert).map_err(|_| Refused::TooLarge)?,
            None => meant.push(cert),
        }
    }
    let found = |cert: Cert, known| {
        let cert = FetchedCert::around(cert).map_err(|_| Refused::TooLarge)?;
        Ok(Found { cert, source, known })
    };
    if let Some(pin) = pinned {
        if let Some(same) = meant.iter().position(|cert| cert.fingerprint() == pin.fingerprint()) {
            let mut both = pin.cert().clone();
            both.merge(&meant.swap_remove(same)).map_err(|_| Refused::TooLarge)?;
            return found(both, true);
        }
        let other = meant.first().ok_or(Refused::NotAsked)?;
        let (known, offered) = (pin.fingerprint().to_string(), other.fingerprint().to_string());
        return Err(Refused::Changed { known, offered });
    }
    if meant.is_empty() {
        return Err(Refused::NotAsked);
    }
    // A directory may give out the revoked predecessor beside the certificate that counts.
    let (mut usable, mut why) = (Vec::new(), None);
    for cert in meant {
        let cert = found(cert, false)?;
        match cert.cert.judge(now, Some(address)) {
            Ok(_) => usable.push(cert),
            Err(refusal) => why = Some(refusal),
        }
    }
    match (usable.len(), usable.pop(), why) {
        (1, Some(only), _) => Ok(only),
        (0, _, Some(refusal)) => Err(Refused::Unusable(refusal)),
        _ => Err(Refused::Ambiguous),
    }
}

/// Which of the certificates that several sources gave out is taken at first contact: that of the best source.
/// Where two that know the address differ, none is: the person must ask.
///
/// # Errors
/// `Ambiguous`, or `NotAsked` if there are none.
pub fn settle(found: &[Found]) -> Result<&Found, Refused> {
    let best = found.iter().max_by_key(|one| (one.known, one.source)).ok_or(Refused::NotAsked)?;
    let differs = |one: &&Found| {
        one.cert.fingerprint() != best.cert.fingerprint()
            && (one.source.knows_the_address() || !best.source.knows_the_address())
    };
    if !best.known && found.iter().any(|one| differs(&one)) { Err(Refused::Ambiguous) } else { Ok(best) }
}
