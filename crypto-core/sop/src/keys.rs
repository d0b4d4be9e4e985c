//! KEYS arguments: secret keys, unlocked as far as the passwords fit.

use std::ffi::OsString;

use crypto_core::keys::{OwnKey, SecretCert, session_keys};
use model::error::CoreErrorCode;
use seal::SessionKey;
use seal::cert::Fingerprint;
use seal::reading::Pkesk;
use wire::Millis;

use crate::failure::{Code, Failure};
use crate::inputs;
use crate::passwords::Password;

/// Secret keys.
pub(crate) struct Ring(pub(crate) Vec<SecretCert>);

/// Session keys that secret keys give.
pub(crate) struct Opened {
    /// With the certificate whose key gave it.
    pub(crate) found: Vec<(SessionKey, Fingerprint)>,
    /// Whether a key that is named is locked.
    pub(crate) locked: bool,
}

/// Reads secret keys.
pub(crate) fn parse(bytes: &[u8], from: &str) -> Result<Vec<SecretCert>, Failure> {
    SecretCert::parse_many(bytes)
        .map_err(|error| Failure::new(Code::BadData, format!("{from} holds no secret key: {error}")))
}

/// Reads and unlocks the secret keys of every argument.
pub(crate) fn load(names: &[OsString], passwords: &[Password]) -> Result<Ring, Failure> {
    let mut keys = Vec::new();
    for name in names {
        keys.extend(parse(&inputs::whole(name, inputs::KEYS_AT_MOST)?, &format!("{name:?}"))?);
    }
    for key in &mut keys {
        unlock(key, passwords);
    }
    Ok(Ring(keys))
}

/// Tries the passwords until nothing is locked.
pub(crate) fn unlock(key: &mut SecretCert, passwords: &[Password]) {
    for password in passwords {
        if !key.is_locked() {
            return;
        }
        // A password that does not fit is no failure: another may.
        let _ = key.unlock(password);
    }
}

impl Ring {
    /// The session keys that these packets hold for keys of the ring.
    pub(crate) fn session_keys(&self, pkesks: &[Pkesk]) -> Opened {
        let packets: Vec<_> = pkesks.iter().map(Pkesk::packet).collect();
        let mut found = Vec::new();
        for key in &self.0 {
            for candidate in session_keys(&[key], &packets) {
                found.push((candidate.key, key.fingerprint().clone()));
            }
        }
        Opened { found, locked: !pkesks.is_empty() && self.0.iter().any(SecretCert::is_locked) }
    }

    /// The key to sign with of every secret key.
    pub(crate) fn signers(&self, now: Millis) -> Result<Vec<OwnKey<'_>>, Failure> {
        self.0.iter().map(|key| signer(key, now)).collect()
    }
}

fn signer(key: &SecretCert, now: Millis) -> Result<OwnKey<'_>, Failure> {
    let name = key.fingerprint();
    let cannot = |why: String| Failure::new(Code::KeyCannotSign, format!("{name}: {why}"));
    let keys = key.signing_keys(now).map_err(|error| match error.code {
        CoreErrorCode::Locked if key.is_locked() => Failure::new(
            Code::KeyIsProtected,
            format!("{name} is locked; give its password with --with-key-password"),
        ),
        _ => cannot(error.to_string()),
    })?;
    keys.into_iter().next().ok_or_else(|| cannot("it has nothing to sign with".into()))
}
