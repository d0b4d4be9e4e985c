//! A secret key locked by a passphrase alone, for integrators without a server.
//!
//! ```text
//! "ZKP1" 4 · suite 1 (Argon2id v0x13, 64 MiB, t=3, p=4) · salt 16 · ZKE1 envelope of kind 6
//! ```
//! The envelope's key is `HKDF(Argon2id(passphrase, salt), "hedgerow/v1/kek/local")`, its account and
//! object ids are zero, its schema is 2; its plaintext is the length of the fingerprint, the fingerprint,
//! and the binary secret key. Whoever has these bytes can guess passphrases: do not leave them on a server.

use super::opaque::Stretch;
use crate::envelope::{self, Context, Kind};
use crate::keys::UnlockedKey;
use crate::secret::{Passphrase, SealingKey};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use seal::cert::Fingerprint;
use wire::ids::{AccountId, ObjectId};
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"ZKP1";
const SUITE: u8 = 1;

fn kek(passphrase: &Passphrase, salt: &[u8; 16]) -> Result<SealingKey, CoreError> {
    let mut stretched = Zeroizing::new([0u8; 32]);
    Stretch::run(passphrase.expose().as_bytes(), salt, stretched.as_mut())
        .map_err(|_| CoreErrorCode::Internal)?;
    Ok(SealingKey::derive(stretched.as_ref(), b"hedgerow/v1/kek/local"))
}

fn context() -> Context {
    let context = Context::new(AccountId::default(), Kind::SecretKey, ObjectId::default(), 1);
    Context { schema: 2, ..context }
}

/// Locks a key with a passphrase. Takes as long as the stretching does.
///
/// # Errors
/// `Internal` if there is no memory for the stretching.
pub fn lock(
    key: &UnlockedKey,
    passphrase: &Passphrase,
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<Vec<u8>, CoreError> {
    let mut salt = [0u8; 16];
    rng.fill_bytes(&mut salt);
    let kek = kek(passphrase, &salt)?;
    let print = key.fingerprint().as_bytes();
    let secret = key.to_secret_bytes()?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(secret.len().saturating_add(33)));
    plaintext.push(u8::try_from(print.len()).map_err(|_| CoreErrorCode::Internal)?);
    plaintext.extend_from_slice(print);
    plaintext.extend_from_slice(&secret);
    let mut locked = MAGIC.to_vec();
    locked.push(SUITE);
    locked.extend_from_slice(&salt);
    locked.extend_from_slice(&envelope::seal(&kek, &context(), &plaintext, rng)?);
    Ok(locked)
}

/// Unlocks a key. `WrongPassphrase` covers a wrong passphrase and damaged bytes alike.
///
/// # Errors
/// `WrongPassphrase`; `Malformed` if the bytes have another form, `UnknownSuite` if another version of this
/// program locked them, `KeySubstituted` if it is not the key that was expected (R4).
pub fn unlock(
    locked: &[u8],
    passphrase: &Passphrase,
    expected: Option<&Fingerprint>,
    now: Millis,
) -> Result<UnlockedKey, CoreError> {
    let rest = locked.strip_prefix(MAGIC).ok_or(CoreErrorCode::Malformed)?;
    let (suite, rest) = rest.split_first().ok_or(CoreErrorCode::Malformed)?;
    if *suite != SUITE {
        return Err(CoreErrorCode::UnknownSuite.into());
    }
    let (salt, sealed) = rest.split_first_chunk::<16>().ok_or(CoreErrorCode::Malformed)?;
    let opened = envelope::open(&kek(passphrase, salt)?, &context(), sealed)
        .map_err(|_| CoreErrorCode::WrongPassphrase)?;
    let (len, rest) = opened.split_first().ok_or(CoreErrorCode::Malformed)?;
    let (print, secret) = rest.split_at_checked(usize::from(*len)).ok_or(CoreErrorCode::Malformed)?;
    let print: Fingerprint = hex::encode(print).parse().map_err(|_| CoreErrorCode::Malformed)?;
    if expected.is_some_and(|expected| *expected != print) {
        return Err(CoreErrorCode::KeySubstituted.into());
    }
    UnlockedKey::from_secret_bytes(secret, &print, now)
}
