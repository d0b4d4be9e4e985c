//! `revoke-key`, `update-key`, `certify-userid`: what needs the primary key's secret.

use crypto_core::keys::{KeyProfile, Reason, SecretCert};
use model::error::{CoreError, CoreErrorCode};
use seal::cert::Cert;
use seal::profile;
use wire::Millis;
use zeroize::Zeroizing;

use super::{certificates, secret};
use crate::arguments::{CertifyUserid, RevokeKey, UpdateKey};
use crate::failure::{Code, Failure};
use crate::passwords::Password;
use crate::{certs, dates, inputs, keys, passwords};

/// A key that ends sooner than this is given a new end.
const ENDS_SOON: Millis = 365 * 86_400_000;

/// The secret keys of standard input, unlocked as far as the passwords fit.
fn from_stdin(passwords: &[Password]) -> Result<Vec<SecretCert>, Failure> {
    let mut found = keys::parse(&Zeroizing::new(inputs::whole_stdin(inputs::KEYS_AT_MOST)?), "the input")?;
    found.iter_mut().for_each(|key| keys::unlock(key, passwords));
    Ok(found)
}

/// Why a primary key did not do its work.
fn refused(key: &SecretCert, error: &CoreError) -> Failure {
    let name = key.fingerprint();
    match error.code {
        CoreErrorCode::Locked if key.is_locked() => Failure::new(
            Code::KeyIsProtected,
            format!("{name} is locked; give its password with --with-key-password"),
        ),
        CoreErrorCode::Locked => {
            Failure::new(Code::KeyCannotCertify, format!("{name}: the secret of its primary key is not here"))
        }
        _ => Failure::new(Code::KeyCannotCertify, format!("{name}: {error}")),
    }
}

/// `sop revoke-key`
pub(crate) fn revoke(asked: &RevokeKey) -> Result<(), Failure> {
    let mut revoked = Vec::new();
    for mut key in from_stdin(&passwords::to_open_with(&asked.passwords.with_key_password)?)? {
        key.revoke(&mut rand::rngs::OsRng, Reason::Unspecified, "", dates::now_millis())
            .map_err(|error| refused(&key, &error))?;
        revoked.push(key.cert().clone());
    }
    certificates::write(&revoked, &asked.form)
}

/// `sop update-key`
pub(crate) fn update(asked: &UpdateKey) -> Result<(), Failure> {
    let copies = certs::load(&asked.merge_certs)?;
    let mut found = from_stdin(&passwords::to_open_with(&asked.passwords.with_key_password)?)?;
    for key in &mut found {
        for copy in copies.iter().flat_map(|source| &source.certs) {
            if copy.fingerprint() == key.fingerprint() {
                key.merge(copy).map_err(|error| refused(key, &error))?;
            }
        }
        renew(key, asked).map_err(|failure| match failure {
            Renewal::Bad(why) => Failure::new(Code::PrimaryKeyBad, format!("{}: {why}", key.fingerprint())),
            Renewal::Refused(error) => refused(key, &error),
        })?;
    }
    secret::write(&found, &asked.form)
}

enum Renewal {
    Bad(seal::cert::Refusal),
    Refused(CoreError),
}

impl From<CoreError> for Renewal {
    fn from(error: CoreError) -> Self {
        Self::Refused(error)
    }
}

/// Gives a key that ends soon, or has ended, two more years, and one without a subkey to encrypt to a new one.
fn renew(key: &mut SecretCert, asked: &UpdateKey) -> Result<(), Renewal> {
    use seal::cert::Refusal;
    let (mut rng, now) = (rand::rngs::OsRng, dates::now_millis());
    match key.cert().usable(now) {
        Ok(()) | Err(Refusal::Expired(_)) => {}
        Err(why) => return Err(Renewal::Bad(why)),
    }
    let judged = key.cert().judged(now);
    if judged.keys.iter().filter_map(|one| one.expires).any(|end| end < now.saturating_add(ENDS_SOON)) {
        let life = Millis::from(profile::KEY_LIFETIME_SECONDS).saturating_mul(1000);
        key.set_expiry(&mut rng, Some(now.saturating_add(life)), now)?;
    }
    let may_add = !asked.signing_only && !asked.no_added_capabilities;
    if may_add && key.cert().encryption_keys(now).is_err() {
        let kind = if key.cert().version() == 6 { KeyProfile::ModernV6 } else { KeyProfile::CompatibleV4 };
        key.rotate_encryption(&mut rng, kind, Some(profile::KEY_LIFETIME_SECONDS), now)?;
    }
    Ok(())
}

/// `sop certify-userid`
pub(crate) fn certify(asked: &CertifyUserid) -> Result<(), Failure> {
    let now = dates::now_millis();
    let ring = keys::load(&asked.keys, &passwords::to_open_with(&asked.passwords.with_key_password)?)?;
    for key in &ring.0 {
        key.cert()
            .usable(now)
            .map_err(|why| Failure::new(Code::KeyCannotCertify, format!("{}: {why}", key.fingerprint())))?;
    }
    let mut certified = Vec::new();
    for mut cert in certificates::from_stdin()? {
        for user_id in &asked.userid {
            if asked.no_require_self_sig {
                cert.add_user_id(user_id).map_err(super::sign::failed)?;
            } else {
                claimed(&cert, user_id, now)?;
            }
            for key in &ring.0 {
                cert = key
                    .certify(&mut rand::rngs::OsRng, &cert, user_id, now)
                    .map_err(|error| refused(key, &error))?;
            }
        }
        certified.push(cert);
    }
    certificates::write(&certified, &asked.form)
}

/// Checks that the certificate has this user id, and that its owner says so.
fn claimed(cert: &Cert, user_id: &str, now: Millis) -> Result<(), Failure> {
    if cert.valid_user_ids(now).contains(&user_id.as_bytes()) {
        return Ok(());
    }
    let why = format!("{} has no user id {user_id:?} that its owner stands by", cert.fingerprint());
    Err(Failure::new(Code::CertUseridNoMatch, why))
}
