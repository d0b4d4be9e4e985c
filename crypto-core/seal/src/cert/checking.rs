//! Whether a key of a certificate made a signature over content, and whether that counts.

use pgp::types::KeyDetails;
use wire::Millis;

use super::seen::{When, why_not_by};
use super::{Cert, Fingerprint, KeyPacket, millis, seconds};
use crate::profile;
use crate::signature::{Flags, SignaturePacket};
use crate::verify::{SignatureClaim, Verdict};

impl Cert {
    /// What this certificate says of a signature over content.
    pub fn check(&self, claim: &SignatureClaim, now: Millis) -> Verdict {
        self.check_for(claim, None, now)
    }

    /// As [`check`](Self::check), for content that was sealed to `reader`: a signature that names those it
    /// was made for counts for those only.
    pub fn check_for(&self, claim: &SignatureClaim, reader: Option<&Fingerprint>, now: Millis) -> Verdict {
        let packet = claim.packet();
        let mut named = false;
        for (index, key) in self.keys().enumerate() {
            let key_id = key.key_id();
            if !packet.may_be_by(key.fingerprint(), key_id) {
                continue;
            }
            named |= packet.names(key.fingerprint(), key_id);
            let Some(digest) = claim.digest() else { continue };
            let fits = match key.packet() {
                KeyPacket::Primary(key) => profile::can_verify(key.algorithm()) && packet.fits(key, digest),
                KeyPacket::Subkey(key) => profile::can_verify(key.algorithm()) && packet.fits(key, digest),
            };
            if fits {
                // The primary key is first.
                return match self.counts(packet, index.checked_sub(1), reader, now) {
                    Err(why) => Verdict::DoesNotCount(why),
                    Ok(made) => Verdict::Good {
                        made: millis(made),
                        by: key.fingerprint().clone(),
                        cert: self.fingerprint().clone(),
                    },
                };
            }
        }
        match (named, claim.digest()) {
            (false, _) => Verdict::NotByThis,
            (true, None) => Verdict::DoesNotCount("its hash is not one this program knows"),
            (true, Some(_)) => Verdict::Broken,
        }
    }

    /// Whether a signature that is right counts; when it was made, if so.
    fn counts(
        &self,
        packet: &SignaturePacket,
        subkey: Option<usize>,
        reader: Option<&Fingerprint>,
        now: Millis,
    ) -> Result<i64, &'static str> {
        let now = seconds(now);
        if !packet.covers_content() {
            return Err("it is not a signature over content");
        }
        let made = packet.created().ok_or("the signature has no time")?;
        if !profile::hash_counts(packet.hash_algorithm()) {
            return Err("its hash is too weak");
        }
        if !packet.is_understood() {
            return Err("it has a critical part that is not understood");
        }
        if made > now.saturating_add(profile::CLOCK_SKEW_SECONDS) {
            return Err("it was made in the future");
        }
        if packet.expires().is_some_and(|end| end <= now) {
            return Err("it has expired");
        }

        let when = When { at: made, now };
        let primary = self.seen_primary(when);
        if let Err(why) = &primary.state {
            return Err(why_not_by(why, primary.revocation.as_ref()));
        }
        match subkey.map(|index| self.subkeys.get(index)) {
            None => may_sign(primary.flags, &self.primary.body.packet)?,
            Some(None) => return Err("its key is not in this certificate"),
            Some(Some(subkey)) => {
                let seen = self.seen_subkey(subkey, when);
                if let Err(why) = &seen.state {
                    return Err(why_not_by(why, seen.revocation.as_ref()));
                }
                may_sign(seen.flags, &subkey.body.packet)?;
            }
        }
        if made < subkey.and_then(|index| self.subkeys.get(index)).map_or(0, |key| key.body.created()) {
            return Err("it is older than its key");
        }

        let mut meant_for = packet.recipients().peekable();
        if let Some(reader) = reader
            && meant_for.peek().is_some()
            && !meant_for.any(|one| one == *reader)
        {
            return Err("it was made for other readers");
        }
        Ok(made)
    }
}

fn may_sign(flags: Flags, key: &impl KeyDetails) -> Result<(), &'static str> {
    if flags.signs() && profile::can_verify(key.algorithm()) { Ok(()) } else { Err("its key may not sign") }
}
