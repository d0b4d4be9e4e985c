//! `sign` and `inline-sign`.

use std::io::Write;

use seal::armor::{Kind, armored_for_all};
use seal::writing::{Cleartext, ContentKind, Detached, Options, SignerKey, Writer};

use crate::arguments::{As, InlineAs, InlineSign, Sign};
use crate::failure::{Code, Failure};
use crate::keys::{self, Ring};
use crate::outputs::Output;
use crate::text::Utf8;
use crate::{dates, inputs, outputs, passwords};

/// The signing keys of the arguments, every one of which has to sign.
pub(crate) fn ring(keys: &[std::ffi::OsString], passwords: &[std::ffi::OsString]) -> Result<Ring, Failure> {
    keys::load(keys, &passwords::to_open_with(passwords)?)
}

/// A failure of writing, which right arguments cannot cause.
pub(crate) fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::UnspecifiedFailure, error.to_string())
}

/// `sop sign`
pub(crate) fn sign(asked: &Sign) -> Result<(), Failure> {
    let micalg_out = asked.micalg_out.as_deref().map(Output::checked).transpose()?;
    let ring = ring(&asked.keys, &asked.passwords.with_key_password)?;
    let now = dates::now_millis();
    let own = ring.signers(now)?;
    let signers: Vec<SignerKey> = own.iter().map(SignerKey::of).collect::<Result<_, _>>().map_err(failed)?;
    let kind = match asked.kind {
        As::Binary => ContentKind::Binary,
        As::Text => ContentKind::Text,
    };
    let mut detached = Detached::new(&signers, kind, false, &mut rand::rngs::OsRng, now).map_err(failed)?;
    let mut text = Utf8::only_if(asked.kind == As::Text);
    inputs::stdin_pieces(|piece| {
        text.push(piece)?;
        detached.push(piece);
        Ok(())
    })?;
    text.end()?;
    let to_sign = detached.to_sign().map_err(failed)?;
    let signed = to_sign.iter().zip(&own).map(|(one, key)| one.sign(key));
    let packets =
        detached.conclude(&signed.collect::<Result<Vec<_>, _>>().map_err(failed)?).map_err(failed)?;

    if asked.form.no_armor {
        outputs::to_stdout(&packets)?;
    } else {
        outputs::to_stdout(armored_for_all(Kind::Signature, &packets).as_bytes())?;
    }
    micalg_out.map_or(Ok(()), |output| output.write(micalg(&signers).as_bytes()))
}

/// The `micalg` parameter of PGP/MIME (RFC 3156): empty if the signatures differ.
fn micalg(signers: &[SignerKey]) -> String {
    let mut names: Vec<String> = signers
        .iter()
        .map(|key| format!("pgp-{}", key.hash().to_string().to_lowercase().replace('-', "")))
        .collect();
    names.dedup();
    match names.as_slice() {
        [one] => one.clone(),
        _ => String::new(),
    }
}

/// `sop inline-sign`
pub(crate) fn inline(asked: &InlineSign) -> Result<(), Failure> {
    if asked.kind == InlineAs::Clearsigned && asked.form.no_armor {
        return Err(Failure::new(
            Code::IncompatibleOptions,
            "a clear-signed text has no binary form; leave --no-armor out",
        ));
    }
    let ring = ring(&asked.keys, &asked.passwords.with_key_password)?;
    let now = dates::now_millis();
    let own = ring.signers(now)?;
    let signers: Vec<SignerKey> = own.iter().map(SignerKey::of).collect::<Result<_, _>>().map_err(failed)?;
    let mut rng = rand::rngs::OsRng;
    let mut out = outputs::stdout()?;
    let mut made = Vec::new();
    let mut text = Utf8::only_if(asked.kind != InlineAs::Binary);

    if asked.kind == InlineAs::Clearsigned {
        let mut cleartext = Cleartext::new(&signers, &mut rng, now).map_err(failed)?;
        inputs::stdin_pieces(|piece| {
            text.push(piece)?;
            cleartext.push(piece, &mut made);
            Ok(flush(&mut out, &mut made)?)
        })?;
        text.end()?;
        let to_sign = cleartext.to_sign(&mut made).map_err(failed)?;
        let signed = to_sign.iter().zip(&own).map(|(one, key)| one.sign(key));
        cleartext
            .conclude(&signed.collect::<Result<Vec<_>, _>>().map_err(failed)?, &mut made)
            .map_err(failed)?;
    } else {
        let kind = if asked.kind == InlineAs::Text { ContentKind::Text } else { ContentKind::Binary };
        let options = Options { signers, kind, armor: !asked.form.no_armor, ..Options::default() };
        let mut writer = Writer::new(&options, &mut rng, now).map_err(failed)?;
        inputs::stdin_pieces(|piece| {
            text.push(piece)?;
            writer.push(piece, &mut made).map_err(failed)?;
            Ok(flush(&mut out, &mut made)?)
        })?;
        text.end()?;
        let to_sign = writer.to_sign(&mut made).map_err(failed)?;
        let signed = to_sign.iter().zip(&own).map(|(one, key)| one.sign(key));
        writer
            .conclude(&signed.collect::<Result<Vec<_>, _>>().map_err(failed)?, &mut made)
            .map_err(failed)?;
    }
    flush(&mut out, &mut made)?;
    Ok(out.flush()?)
}

/// Writes what was made, and keeps the memory.
pub(crate) fn flush(out: &mut impl Write, made: &mut Vec<u8>) -> std::io::Result<()> {
    out.write_all(made)?;
    made.clear();
    Ok(())
}
