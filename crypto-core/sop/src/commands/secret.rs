//! `generate-key`, `change-key-password`, `extract-cert`.

use crypto_core::keys::{KeyOptions, KeyProfile, LockForm, SecretCert};
use seal::armor::{Kind, armored_for_all};
use seal::cert::Cert;
use zeroize::Zeroizing;

use super::about::{KEY_PROFILES, KeyKind, profile};
use super::certificates;
use super::sign::failed;
use crate::arguments::{ChangeKeyPassword, Form, GenerateKey};
use crate::failure::{Code, Failure};
use crate::{dates, inputs, keys, outputs, passwords};

pub(crate) fn write(keys: &[SecretCert], form: &Form) -> Result<(), Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    for key in keys {
        bytes.extend_from_slice(&key.to_bytes().map_err(failed)?);
    }
    if form.no_armor {
        outputs::to_stdout(&bytes)
    } else {
        outputs::to_stdout(Zeroizing::new(armored_for_all(Kind::SecretKey, &bytes)).as_bytes())
    }
}

/// The form of lock that programs of the key's version read.
fn lock_form(key: &SecretCert) -> LockForm {
    if key.cert().version() == 6 { LockForm::Argon2Aead } else { LockForm::Iterated }
}

/// `sop generate-key`
pub(crate) fn generate(asked: &GenerateKey) -> Result<(), Failure> {
    let kind = match profile(KEY_PROFILES, asked.profile.as_deref())?.stands_for {
        KeyKind::Compatible => KeyProfile::CompatibleV4,
        KeyKind::Modern => KeyProfile::ModernV6,
        KeyKind::PostQuantum => KeyProfile::PostQuantumV6,
        KeyKind::Rsa3072 => KeyProfile::Rsa3072,
        KeyKind::Rsa4096 => KeyProfile::Rsa4096,
    };
    let password = asked.with_key_password.as_deref().map(passwords::to_make_with).transpose()?;
    let user_ids: Vec<&str> = asked.userids.iter().map(String::as_str).collect();
    let mut options = KeyOptions::new(kind, &user_ids);
    options.signing_only = asked.signing_only;
    let mut rng = rand::rngs::OsRng;
    let mut key = SecretCert::make(&mut rng, &options, dates::now_millis()).map_err(failed)?;
    if let Some(password) = password {
        let form = lock_form(&key);
        key.set_passphrase(&mut rng, &password, form).map_err(failed)?;
    }
    write(&[key], &asked.form)
}

/// `sop change-key-password`
pub(crate) fn change_password(asked: &ChangeKeyPassword) -> Result<(), Failure> {
    let old = passwords::to_open_with(&asked.old_key_password)?;
    let new = asked.new_key_password.as_deref().map(passwords::to_make_with).transpose()?;
    let mut found = keys::parse(&Zeroizing::new(inputs::whole_stdin(inputs::KEYS_AT_MOST)?), "the input")?;
    for key in &mut found {
        keys::unlock(key, &old);
        if key.is_locked() {
            let why = format!("{}: none of the passwords given unlocks all of it", key.fingerprint());
            return Err(Failure::new(Code::KeyIsProtected, why));
        }
        let form = lock_form(key);
        match &new {
            Some(password) => key.set_passphrase(&mut rand::rngs::OsRng, password, form),
            None => key.clear_passphrase(),
        }
        .map_err(failed)?;
    }
    write(&found, &asked.form)
}

/// `sop extract-cert`
pub(crate) fn extract(form: &Form) -> Result<(), Failure> {
    let found = keys::parse(&Zeroizing::new(inputs::whole_stdin(inputs::KEYS_AT_MOST)?), "the input")?;
    let certs: Vec<Cert> = found.iter().map(|key| key.cert().clone()).collect();
    certificates::write(&certs, form)
}
