//! From session key packets to session keys, with every own key: revoked and expired ones open old mail.

use pgp::composed::PlainSessionKey;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::PublicKeyEncryptedSessionKey as Pkesk;
#[cfg(not(target_arch = "wasm32"))]
use pgp::types::PublicParams;
use pgp::types::{EskType, KeyDetails as _, PkeskBytes, PkeskVersion};
use seal::SessionKey;
use seal::cert::Fingerprint;
use seal::profile;
use zeroize::Zeroizing;

use super::rsa::RsaSessionKey;
use super::secret::{OwnKey, Secret};
use super::secret_cert::SecretCert;

/// A session key that may be the message's.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The key.
    pub key: SessionKey,
    /// Who opened it.
    pub with: Fingerprint,
}

/// What opening one packet with one key gave.
enum Found {
    Key(SessionKey),
    /// An RSA block with wrong padding: a key that opens nothing, so that its sender learns nothing.
    Decoy(SessionKey),
}

/// The session keys that the certificates' unlocked keys find in the packets: packets that name a key first,
/// then those that name none. At most one for each packet. A message is opened by the first that fits.
///
/// A damaged RSA packet gives a key that opens nothing, so that its sender cannot tell bad padding from a
/// damaged message (Bleichenbacher); it comes last.
pub fn session_keys(certs: &[&SecretCert], packets: &[&Pkesk]) -> Vec<Candidate> {
    let keys: Vec<OwnKey<'_>> = certs.iter().flat_map(|cert| cert.opening_keys()).collect();
    let mut trials = profile::MAX_SESSION_KEY_TRIALS;
    let (mut found, mut decoys) = (Vec::new(), Vec::new());
    for named in [true, false] {
        for packet in packets.iter().take(profile::MAX_RECIPIENTS) {
            if is_blank(packet) == named {
                continue;
            }
            let mut decoy = None;
            for key in keys.iter().filter(|key| fits(key, packet)) {
                let Some(left) = trials.checked_sub(1) else { break };
                trials = left;
                let with = key.fingerprint();
                match open(key, packet) {
                    Some(Found::Key(key)) => {
                        found.push(Candidate { key, with });
                        decoy = None;
                        break;
                    }
                    Some(Found::Decoy(key)) => decoy = Some(Candidate { key, with }),
                    None => (),
                }
            }
            decoys.extend(decoy);
        }
    }
    found.extend(decoys);
    found
}

/// An RSA block for a host to decrypt, without padding, with [`OwnKey::rsa_pkcs8`] of the key it is for.
#[derive(Debug, Clone)]
pub struct RsaBlock {
    /// Which of the certificates.
    pub cert: usize,
    /// Which of the packets.
    pub packet: usize,
    /// The key.
    pub with: Fingerprint,
    /// The block, as long as the modulus.
    pub octets: Vec<u8>,
}

/// The block of the one packet that names one of the unlocked keys, if that is an RSA key. `None` where there is
/// more to try: then [`session_keys`] does it.
pub fn rsa_block(certs: &[&SecretCert], packets: &[&Pkesk]) -> Option<RsaBlock> {
    let all: Vec<(usize, OwnKey<'_>)> = certs
        .iter()
        .enumerate()
        .flat_map(|(at, cert)| cert.unlocked_keys().map(move |key| (at, key)))
        .collect();
    let mut found = None;
    for (packet, pkesk) in packets.iter().enumerate().take(profile::MAX_RECIPIENTS) {
        for (cert, key) in all.iter().filter(|(_, key)| fits(key, pkesk)) {
            let (Secret::Rsa(rsa), Ok(PkeskBytes::Rsa { mpi }), None) = (key.secret, pkesk.values(), &found)
            else {
                return None;
            };
            let mut octets = vec![0; rsa.size().checked_sub(mpi.as_ref().len())?];
            octets.extend_from_slice(mpi.as_ref());
            found = Some(RsaBlock { cert: *cert, packet, with: key.fingerprint(), octets });
        }
    }
    found
}

impl SecretCert {
    /// The unlocked keys that anybody was ever told to seal to. A key for signing opens nothing: whoever can make
    /// it open what he chose has a use of it that its owner never meant.
    fn opening_keys(&self) -> impl Iterator<Item = OwnKey<'_>> {
        self.unlocked_keys().filter(|key| self.cert().was_for_sealing(&key.fingerprint()))
    }

    /// The session key in one packet, if one of the unlocked keys opens it; see [`session_keys`].
    pub fn session_key(&self, packet: &Pkesk) -> Option<SessionKey> {
        session_keys(&[self], &[packet]).into_iter().next().map(|candidate| candidate.key)
    }

    /// The session key in an RSA packet whose block a host has decrypted (without padding) with the key of
    /// this fingerprint.
    pub fn session_key_from_block(
        &self,
        packet: &Pkesk,
        with: &Fingerprint,
        block: &[u8],
    ) -> Option<SessionKey> {
        let key = self.opening_keys().find(|key| key.fingerprint() == *with && fits(key, packet))?;
        let (Secret::Rsa(rsa), Ok(PkeskBytes::Rsa { mpi })) = (key.secret, packet.values()) else {
            return None;
        };
        rsa.unpad(mpi.as_ref(), block, version(packet)?).map(|found| of_rsa(found).into_key())
    }
}

impl Found {
    fn into_key(self) -> SessionKey {
        match self {
            Self::Key(key) | Self::Decoy(key) => key,
        }
    }
}

fn is_blank(packet: &Pkesk) -> bool {
    match packet {
        Pkesk::V3 { id, .. } => id.is_wildcard(),
        Pkesk::V6 { fingerprint, .. } => fingerprint.is_none(),
        Pkesk::Other { .. } => true,
    }
}

fn fits(key: &OwnKey<'_>, packet: &Pkesk) -> bool {
    let details = key.public.details();
    let named = match packet {
        Pkesk::V3 { id, .. } => id.is_wildcard() || *id == details.legacy_key_id(),
        Pkesk::V6 { fingerprint, .. } => {
            fingerprint.as_ref().is_none_or(|fingerprint| *fingerprint == details.fingerprint())
        }
        Pkesk::Other { .. } => false,
    };
    named && packet.algorithm().is_ok_and(|algorithm| algorithm == details.algorithm())
}

fn version(packet: &Pkesk) -> Option<u8> {
    match packet.version() {
        PkeskVersion::V3 => Some(3),
        PkeskVersion::V6 => Some(6),
        PkeskVersion::Other(_) => None,
    }
}

fn open(key: &OwnKey<'_>, packet: &Pkesk) -> Option<Found> {
    let version = version(packet)?;
    let values = packet.values().ok()?;
    let secret = match (key.secret, values) {
        (Secret::Rsa(rsa), PkeskBytes::Rsa { mpi }) => {
            return rsa.open(mpi.as_ref(), version).map(of_rsa);
        }
        #[cfg(not(target_arch = "wasm32"))]
        (Secret::Elgamal(key), PkeskBytes::Elgamal { first, second }) if version == 3 => {
            return key.open(first.as_ref(), second.as_ref()).map(of_rsa);
        }
        #[cfg(not(target_arch = "wasm32"))]
        (Secret::Brainpool(scalar), PkeskBytes::Ecdh { public_point, encrypted_session_key }) => {
            return of_brainpool(key, scalar, public_point.as_ref(), encrypted_session_key, version);
        }
        (Secret::Other(secret), _) => secret,
        _ => return None,
    };
    let kind = if version == 3 { EskType::V3_4 } else { EskType::V6 };
    let opened = secret.decrypt(key.public_params(), values, kind, key).ok()?;
    let (cipher, octets) = match &opened {
        PlainSessionKey::V3_4 { sym_alg, key } => (Some(*sym_alg), Zeroizing::new(key.as_ref().to_vec())),
        PlainSessionKey::V6 { key } => (None, Zeroizing::new(key.as_ref().to_vec())),
        _ => return None,
    };
    found(cipher, octets)
}

/// A session key, if it is as long as its cipher wants it.
fn found(cipher: Option<SymmetricKeyAlgorithm>, octets: Zeroizing<Vec<u8>>) -> Option<Found> {
    let right = match cipher {
        Some(cipher) => cipher.key_size() == octets.len(),
        None => matches!(octets.len(), 16 | 24 | 32),
    };
    right.then(|| Found::Key(SessionKey::new(cipher, octets)))
}

fn of_rsa(found: RsaSessionKey) -> Found {
    let key = SessionKey::new(found.cipher, found.key);
    if bool::from(found.right) { Found::Key(key) } else { Found::Decoy(key) }
}

/// The session key that was sealed to a key on a brainpool curve (RFC 9580 section 11.5).
#[cfg(not(target_arch = "wasm32"))]
fn of_brainpool(key: &OwnKey<'_>, scalar: &[u8], point: &[u8], sealed: &[u8], version: u8) -> Option<Found> {
    let PublicParams::ECDH(params) = key.public_params() else { return None };
    let (curve, _) = seal::brainpool::of_ecdh(params)?;
    let (hash, wrapping) = seal::brainpool::derivation(params)?;
    let shared = curve.shared(point, scalar)?;
    let fingerprint = pgp::types::KeyDetails::fingerprint(key);
    let opened = pgp::crypto::ecdh::derive_session_key(
        &shared,
        sealed,
        sealed.len(),
        params.curve(),
        hash,
        wrapping,
        fingerprint.as_bytes(),
    )
    .ok()?;
    let (content, sum) = opened.split_last_chunk::<2>()?;
    let (cipher, content) = match version {
        3 => content.split_first().map(|(cipher, content)| (Some((*cipher).into()), content))?,
        _ => (None, content),
    };
    let added = content.iter().fold(0u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    if added.to_be_bytes() != *sum {
        return None;
    }
    found(cipher, Zeroizing::new(content.to_vec()))
}
