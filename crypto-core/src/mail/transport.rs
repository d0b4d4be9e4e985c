//! Mail for programs that are not ours: PGP/MIME (RFC 3156) with protected headers (RFC 9788), as it goes out by
//! SMTP.

use model::Millis;
use model::error::CoreError;
use model::mail::{Draft, Protection};
use rand::{CryptoRng, RngCore};
use seal::armor::{Kind, armored_for_all};
use wire::plaintext::Address;

use super::compose::{Purpose, compose, random_hex, signed_entity};
use super::sealing::recipients;
use super::{padding, pgpmime};
use crate::autocrypt::Fields;
use crate::keys::{TrustedCert, UnlockedKey};

/// Builds a mail for anybody: `multipart/encrypted`, signed inside or not, with nothing but `...` for a subject
/// outside; or `multipart/signed`, for which no certificates are needed. Lines end with CR LF; the key's own
/// certificate is always sealed to.
///
/// `autocrypt` is put where it belongs: the sender's certificate outside, those of the others inside the seal.
///
/// # Errors
/// `MalformedAddress`, `MalformedMail` (a line break in a field), `UnusableCertificate` with the reason,
/// `TooLarge`.
#[expect(clippy::too_many_arguments, reason = "each of them is a choice of the sender")]
pub fn for_transport<R: RngCore + CryptoRng>(
    key: &UnlockedKey,
    draft: &Draft,
    protection: Protection,
    from: &Address,
    certs: &[(Address, TrustedCert)],
    autocrypt: &Fields,
    now: Millis,
    rng: &mut R,
) -> Result<Vec<u8>, CoreError> {
    let composed = compose(rng, draft, from, Purpose::Sending, now)?;
    let (outer, content) = if protection == Protection::SignOnly {
        let signed = signed_entity(rng, key, &composed.entity(None), now)?;
        (composed.header(), signed)
    } else {
        let outer = composed.outer();
        let mut everyone = vec![key.certificate()];
        everyone.extend(recipients(draft, certs, now)?.into_iter().map(|(_, cert)| cert));
        let mut entity = autocrypt.gossip().as_bytes().to_vec();
        entity.extend_from_slice(&composed.entity(Some(&outer)));
        padding::pad_multipart(&mut entity);
        let signed = protection == Protection::SignAndSeal;
        let sealed = key.seal_named(rng, entity, &everyone, signed, now)?;
        let armor = armored_for_all(Kind::Message, &sealed.bytes);
        (outer, pgpmime::build_encrypted(&random_hex(rng, 16), &armor))
    };
    let mut out = outer.into_bytes();
    out.extend_from_slice(autocrypt.own().as_bytes());
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    out.extend_from_slice(&content);
    Ok(out)
}
