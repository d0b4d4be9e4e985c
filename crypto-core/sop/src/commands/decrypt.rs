//! `decrypt`.

use std::io::Write;

use seal::SessionKey;
use seal::cert::Fingerprint;
use seal::reading::{Locked, ReadError, Reader};

use crate::arguments::Decrypt;
use crate::certs::{self, Window};
use crate::failure::{Code, Failure};
use crate::keys::{self, Opened, Ring};
use crate::outputs::Output;
use crate::passwords::{self, Password};
use crate::reading::{self, failure};
use crate::{dates, inputs, outputs, verifications};

/// What a message may be opened with.
struct Openers {
    session_keys: Vec<SessionKey>,
    passwords: Vec<Password>,
    ring: Ring,
    /// Whose key opened it.
    reader: Option<Fingerprint>,
    /// A key that would fit is locked.
    locked_key: bool,
}

/// `sop decrypt`
pub(crate) fn decrypt(asked: &Decrypt) -> Result<(), Failure> {
    if asked.verifications_out.is_some() == asked.verify_with.is_empty() {
        return Err(Failure::new(
            Code::IncompleteVerification,
            "--verify-with and --verifications-out need each other",
        ));
    }
    let verifications_out = asked.verifications_out.as_deref().map(Output::checked).transpose()?;
    let session_key_out = asked.session_key_out.as_deref().map(Output::checked).transpose()?;
    let window = Window::parse(&asked.verify_not_before, &asked.verify_not_after)?;
    let by = certs::load(&asked.verify_with)?;
    let mut openers = Openers {
        session_keys: asked
            .with_session_key
            .iter()
            .map(|name| session_key(name))
            .collect::<Result<_, _>>()?,
        passwords: passwords::to_open_with(&asked.with_password)?,
        ring: keys::load(&asked.keys, &passwords::to_open_with(&asked.passwords.with_key_password)?)?,
        reader: None,
        locked_key: false,
    };
    if openers.session_keys.is_empty() && openers.passwords.is_empty() && asked.keys.is_empty() {
        return Err(Failure::new(
            Code::MissingArg,
            "nothing to decrypt with; give KEYS, --with-password or --with-session-key",
        ));
    }

    let mut out = outputs::stdout()?;
    let mut reader = Reader::new(reading::limits());
    let mut was_locked = false;
    inputs::stdin_pieces(|piece| {
        reader.push(piece).map_err(|error| failure(error, Code::CannotDecrypt))?;
        step(&mut reader, &mut openers, &mut was_locked, &mut out)
    })?;
    reader.end().map_err(|error| failure(error, Code::CannotDecrypt))?;
    step(&mut reader, &mut openers, &mut was_locked, &mut out)?;
    let finished = reader.finish().map_err(|error| failure(error, Code::CannotDecrypt))?;
    if !was_locked {
        return Err(Failure::new(Code::BadData, "the message is not encrypted"));
    }
    out.write_all(&finished.rest)?;
    out.flush()?;

    if let Some(output) = session_key_out {
        let key = finished.session_key.as_ref();
        let cipher = finished.sealed.and_then(|sealed| sealed.cipher);
        let text = key
            .and_then(|key| Some(key.to_text(key.cipher().or(cipher)?)))
            .ok_or_else(|| Failure::new(Code::UnspecifiedFailure, "the session key is not known"))?;
        output.write(format!("{}\n", text.as_str()).as_bytes())?;
    }
    if let Some(output) = verifications_out {
        let now = dates::now_millis();
        let found = certs::verified(&finished.claims, &by, window, openers.reader.as_ref(), now);
        output.write(verifications::lines(&found).as_bytes())?;
    }
    Ok(())
}

fn session_key(name: &std::ffi::OsStr) -> Result<SessionKey, Failure> {
    let bytes = inputs::secret(name)?;
    std::str::from_utf8(&bytes).ok().and_then(SessionKey::from_text).ok_or_else(|| {
        Failure::new(Code::BadData, format!("{name:?} is no session key; it looks like 9:A1B2…"))
    })
}

/// Opens what waits, and passes on what is released.
fn step(
    reader: &mut Reader,
    openers: &mut Openers,
    was_locked: &mut bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    loop {
        while let Some(locked) = reader.locked() {
            *was_locked = true;
            let keys = candidates(&locked, openers)?;
            reader.try_keys(keys).map_err(|error| failure(error, Code::CannotDecrypt))?;
        }
        let content = reader.take_content().map_err(|error| failure(error, Code::CannotDecrypt))?;
        if content.is_empty() {
            if reader.locked().is_some() {
                continue;
            }
            return Ok(());
        }
        if !*was_locked {
            return Err(Failure::new(Code::BadData, "the message is not encrypted"));
        }
        out.write_all(&content)?;
    }
}

/// The session keys to try: those given, else those of the secret keys, else those of the passwords, which cost
/// the most.
fn candidates(locked: &Locked<'_>, openers: &mut Openers) -> Result<Vec<SessionKey>, Failure> {
    let mut keys = openers.session_keys.clone();
    let Opened { found, locked: locked_key } = openers.ring.session_keys(locked.pkesks);
    openers.locked_key |= locked_key;
    for (key, whose) in found {
        openers.reader.get_or_insert(whose);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if !keys.is_empty() {
        return Ok(keys);
    }
    let passwords: Vec<&[u8]> = openers.passwords.iter().map(|password| password.as_slice()).collect();
    match locked.with_passwords(&passwords) {
        Ok(keys) => Ok(keys),
        Err(ReadError::NoKey) if openers.locked_key => Err(Failure::new(
            Code::KeyIsProtected,
            "the key for this message is locked; give its password with --with-key-password",
        )),
        Err(error) => Err(failure(error, Code::CannotDecrypt)),
    }
}
