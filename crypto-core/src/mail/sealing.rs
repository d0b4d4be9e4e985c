//! From a draft to a sealed message and its sealed summaries.

use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{Draft, Person, Protection};
use rand::{CryptoRng, RngCore};
use sha2::{Digest as _, Sha256};
use wire::mail::{Delivery, Outside};
use wire::plaintext::{Address, PlainMessage};
use wire::sealed::{Digest, SealedMessage};

use super::compose::{Purpose, compose};
use crate::keys::{TrustedCert, UnlockedKey};
use letter::summary::{self, About};

/// A sealed message, ready for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedMail {
    /// The OpenPGP message, sealed to every recipient and the sender.
    pub blob: Vec<u8>,
    /// SHA-256 of `blob`.
    pub digest: Digest,
    /// One summary per recipient.
    pub deliveries: Vec<Delivery>,
    /// The sender's own summary.
    pub own_summary: SealedMessage,
    /// The same message as plain mail, for the recipients outside.
    pub outside: Option<Outside>,
}

/// How each recipient gets a mail.
#[derive(Debug, Clone, Copy)]
pub struct Recipients<'a> {
    /// Sealed to these certificates.
    pub sealed: &'a [(Address, TrustedCert)],
    /// As plain mail, for the person said so.
    pub outside: &'a [Address],
}

/// Builds, signs and seals a mail to all its recipients and the sender.
///
/// `certs` holds exactly one certificate for each address in To and Cc; each is judged again, for `now` and
/// for its address.
///
/// # Errors
/// As [`seal_for`].
pub fn seal_message<R: RngCore + CryptoRng>(
    key: &UnlockedKey,
    draft: &Draft,
    protection: Protection,
    from: &Address,
    certs: &[(Address, TrustedCert)],
    now: Millis,
    rng: &mut R,
) -> Result<SealedMail, CoreError> {
    seal_for(key, draft, protection, from, Recipients { sealed: certs, outside: &[] }, now, rng)
}

/// As [`seal_message`], with the same message in clear for the recipients outside. It is neither signed nor padded, and
/// has only the fields a mail needs.
///
/// # Errors
/// `MalformedAddress`, `MalformedMail` (a line break in a field), `UnusableCertificate` with the reason,
/// `TooLarge`.
pub fn seal_for<R: RngCore + CryptoRng>(
    key: &UnlockedKey,
    draft: &Draft,
    protection: Protection,
    from: &Address,
    to: Recipients<'_>,
    now: Millis,
    rng: &mut R,
) -> Result<SealedMail, CoreError> {
    let (outside, recipients) = split(draft, to, now)?;
    let composed = compose(rng, draft, from, Purpose::Sending, now)?;
    let outside = (!outside.is_empty())
        .then(|| Outside { recipients: outside, message: PlainMessage(composed.in_clear()) });
    let mut everyone = vec![key.certificate()];
    everyone.extend(recipients.iter().map(|(_, cert)| *cert));
    let blob = match protection {
        Protection::SignAndSeal => key.sign_and_seal(rng, composed.padded(), &everyone, now)?,
        Protection::SealOnly => key.seal_only(rng, composed.padded(), &everyone, now)?,
        Protection::SignOnly => {
            let signed = composed.signed(rng, key, now)?;
            key.seal_only(rng, signed, &everyone, now)?
        }
    }
    .bytes;
    let (digest, row) = row(draft, from, &blob, now)?;
    // A summary names its writer to nobody but its reader; who wanted no signature gets none here either.
    let mut seal_row = |cert: &TrustedCert| match protection {
        Protection::SealOnly => key.seal_only(rng, row.clone(), &[cert], now),
        _ => key.sign_and_seal(rng, row.clone(), &[cert], now),
    };
    let mut deliveries = Vec::with_capacity(recipients.len());
    for (address, cert) in recipients {
        deliveries.push(Delivery { address, summary: SealedMessage(seal_row(cert)?.bytes) });
    }
    let own_summary = SealedMessage(seal_row(key.certificate())?.bytes);
    Ok(SealedMail { blob, digest, deliveries, own_summary, outside })
}

/// Each recipient once, with a certificate that may be sealed to.
pub(super) fn recipients<'a>(
    draft: &Draft,
    certs: &'a [(Address, TrustedCert)],
    now: Millis,
) -> Result<Vec<(Address, &'a TrustedCert)>, CoreError> {
    split(draft, Recipients { sealed: certs, outside: &[] }, now).map(|(_, sealed)| sealed)
}

/// Each recipient once: those outside, and those with a certificate that may be sealed to.
#[expect(clippy::type_complexity, reason = "two lists")]
fn split<'a>(
    draft: &Draft,
    to: Recipients<'a>,
    now: Millis,
) -> Result<(Vec<Address>, Vec<(Address, &'a TrustedCert)>), CoreError> {
    let certs = to.sealed;
    let mut outside: Vec<Address> = Vec::new();
    let mut found: Vec<(Address, &TrustedCert)> = Vec::new();
    for person in draft.to.iter().chain(&draft.cc) {
        let address: Address = person.address.parse().map_err(|_| CoreErrorCode::MalformedAddress)?;
        if outside.contains(&address) || found.iter().any(|(known, _)| *known == address) {
            continue;
        }
        if to.outside.contains(&address) {
            outside.push(address);
            continue;
        }
        let cert = certs.iter().find(|(known, _)| *known == address).map(|(_, cert)| cert);
        let cert = cert.ok_or_else(|| {
            CoreError::with(CoreErrorCode::UnusableCertificate, "a recipient has no certificate")
        })?;
        cert.judge(now, Some(address.as_str()))
            .map_err(|refusal| CoreError::with(CoreErrorCode::UnusableCertificate, refusal.to_string()))?;
        found.push((address, cert));
    }
    if found.is_empty() && outside.is_empty() {
        return Err(CoreError::with(CoreErrorCode::MalformedMail, "there is nobody to send it to"));
    }
    Ok((outside, found))
}

/// Seals a draft to the person alone. Recipients may be anything typed so far.
///
/// # Errors
/// `MalformedMail` if the subject or a name holds a line break, `TooLarge`.
pub fn seal_draft<R: RngCore + CryptoRng>(
    key: &UnlockedKey,
    draft: &Draft,
    from: &Address,
    now: Millis,
    rng: &mut R,
) -> Result<SealedMail, CoreError> {
    let own = [key.certificate()];
    let message = compose(rng, draft, from, Purpose::Keeping, now)?.padded();
    let blob = key.sign_and_seal(rng, message, &own, now)?.bytes;
    let (digest, row) = row(draft, from, &blob, now)?;
    let own_summary = SealedMessage(key.sign_and_seal(rng, row, &own, now)?.bytes);
    Ok(SealedMail { blob, digest, deliveries: Vec::new(), own_summary, outside: None })
}

/// The digest of the sealed message, and the content of its summary, which names the digest (R3).
fn row(draft: &Draft, from: &Address, blob: &[u8], now: Millis) -> Result<(Digest, Vec<u8>), CoreError> {
    let digest = Sha256::digest(blob).to_vec();
    let summary = summary::summarise(About {
        from: &Person { name: draft.from_name.clone(), address: from.as_str().to_owned() },
        to: &draft.to,
        cc: &draft.cc,
        subject: &draft.subject,
        text: &draft.text,
        // A Date header knows whole seconds.
        date: now.div_euclid(1000).saturating_mul(1000),
        attachments: draft.attachments.len(),
        blob_digest: hex::encode(&digest),
    });
    Ok((Digest(digest), summary::write(&summary)))
}
