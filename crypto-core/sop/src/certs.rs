//! CERTS arguments: certificates, and which argument each came from.

use std::ffi::OsString;

use seal::cert::Cert;
use wire::Millis;

use crate::dates::Seconds;
use crate::failure::{Code, Failure};
use crate::inputs;
use crate::verifications::Verification;
use seal::verify::{SignatureClaim, Verdict};

/// The certificates of one argument.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: OsString,
    pub(crate) certs: Vec<Cert>,
}

/// Reads certificates; secret keys are refused where certificates are expected, so that nobody hands them
/// around by mistake.
pub(crate) fn parse(bytes: &[u8], from: &str) -> Result<Vec<Cert>, Failure> {
    let certs =
        Cert::parse_many(bytes).map_err(|error| Failure::new(Code::BadData, format!("{from}: {error}")))?;
    if certs.iter().any(Cert::came_with_secrets) {
        return Err(Failure::new(
            Code::BadData,
            format!("{from} holds secret keys; give the certificate (`extract-cert` makes it)"),
        ));
    }
    Ok(certs)
}

/// Reads the certificates of every argument.
pub(crate) fn load(names: &[OsString]) -> Result<Vec<Source>, Failure> {
    names
        .iter()
        .map(|name| {
            let bytes = inputs::whole(name, inputs::KEYS_AT_MOST)?;
            Ok(Source { name: name.clone(), certs: parse(&bytes, &format!("{name:?}"))? })
        })
        .collect()
}

/// The times between which signatures count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Option<Seconds>,
    pub(crate) to: Option<Seconds>,
}

impl Window {
    /// Reads both DATEs.
    pub(crate) fn parse(from: &str, to: &str) -> Result<Self, Failure> {
        use crate::dates::{Edge, parse};
        Ok(Self { from: parse(from, Edge::Start)?, to: parse(to, Edge::End)? })
    }

    fn holds(&self, made: Seconds) -> bool {
        self.from.is_none_or(|from| from <= made) && self.to.is_none_or(|to| made <= to)
    }
}

/// The signatures that count, each once, with every argument that vouches for it.
pub(crate) fn verified(
    claims: &[SignatureClaim],
    by: &[Source],
    window: Window,
    reader: Option<&seal::cert::Fingerprint>,
    now: Millis,
) -> Vec<Verification> {
    let mut found = Vec::new();
    for claim in claims {
        let mut line: Option<Verification> = None;
        for source in by {
            for cert in &source.certs {
                let Verdict::Good { made, by, cert } = cert.check_for(claim, reader, now) else { continue };
                let made = made.div_euclid(1000);
                if !window.holds(made) {
                    continue;
                }
                let line = line.get_or_insert_with(|| Verification {
                    made,
                    key: hex(by.as_bytes()),
                    cert: hex(cert.as_bytes()),
                    text: claim.packet().is_text(),
                    signers: Vec::new(),
                });
                if !line.signers.contains(&source.name) {
                    line.signers.push(source.name.clone());
                }
            }
        }
        found.extend(line);
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The failure when no signature counts, with the reasons that the certificates gave.
pub(crate) fn no_signature(claims: &[SignatureClaim], by: &[Source], now: Millis) -> Failure {
    let mut reasons: Vec<&str> = Vec::new();
    for claim in claims {
        for cert in by.iter().flat_map(|source| &source.certs) {
            let reason = match cert.check_for(claim, None, now) {
                Verdict::Good { .. } => "it is outside the times given, or meant for others",
                Verdict::Broken => "it does not fit the content",
                Verdict::NotByThis => continue,
                Verdict::DoesNotCount(why) => why,
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    let why = match (claims.is_empty(), reasons.is_empty()) {
        (true, _) => "there is no signature".to_owned(),
        (false, true) => "no signature was made by the certificates given".to_owned(),
        (false, false) => format!("no signature counts: {}", reasons.join("; ")),
    };
    Failure::new(Code::NoSignature, why)
}
