//! `encrypt`.

use std::io::Write;

use seal::cert::{Cert, Key, Purpose};
use seal::writing::{
    ContentKind, Format, Options, Password as Reader, PasswordForm, Plan, Recipient, SignerKey, Writer, plan,
};

use super::about::{MESSAGE_PROFILES, MessageKind, profile};
use super::sign::{failed, flush, ring};
use crate::arguments::{As, Encrypt, For};
use crate::failure::{Code, Failure};
use crate::outputs::Output;
use crate::text::Utf8;
use crate::{certs, dates, inputs, outputs, passwords};

/// `sop encrypt`
pub(crate) fn encrypt(asked: &Encrypt) -> Result<(), Failure> {
    let kind = profile(MESSAGE_PROFILES, asked.profile.as_deref())?.stands_for;
    if asked.certs.is_empty() && asked.with_password.is_empty() {
        return Err(Failure::new(Code::MissingArg, "nobody to encrypt to; give CERTS or --with-password"));
    }
    let session_key_out = asked.session_key_out.as_deref().map(Output::checked).transpose()?;
    let sources = certs::load(&asked.certs)?;
    let words: Vec<_> =
        asked.with_password.iter().map(|name| passwords::to_make_with(name)).collect::<Result<_, _>>()?;
    let ring = ring(&asked.sign_with, &asked.passwords.with_key_password)?;
    let now = dates::now_millis();
    let own = ring.signers(now)?;

    let readers: Vec<&Cert> = sources.iter().flat_map(|source| &source.certs).collect();
    let mut recipients = Vec::new();
    for cert in &readers {
        for key in keys_of(cert, asked.purpose, now)? {
            recipients.push(Recipient { key: key.packet(), naming: seal::writing::Naming::Named });
        }
    }
    let plan = match kind {
        MessageKind::Compatible => Plan::default(),
        MessageKind::ByRecipients => {
            plan(&readers.iter().map(|cert| cert.announced(now)).collect::<Vec<_>>())
        }
    };
    let form = if plan.format == Format::SeipdV2 { PasswordForm::Argon2 } else { PasswordForm::Iterated };
    let signers: Vec<SignerKey> = own.iter().map(SignerKey::of).collect::<Result<_, _>>().map_err(failed)?;
    let intended = if signers.is_empty() || !words.is_empty() {
        Vec::new()
    } else {
        readers.iter().map(|cert| cert.fingerprint().clone()).collect()
    };
    let options = Options {
        recipients,
        passwords: words.iter().map(|word| Reader { bytes: word, form }).collect(),
        signers,
        intended,
        plan,
        kind: if asked.kind == As::Text { ContentKind::Text } else { ContentKind::Binary },
        armor: !asked.form.no_armor,
        ..Options::default()
    };

    let mut writer = Writer::new(&options, &mut rand::rngs::OsRng, now).map_err(failed)?;
    let mut out = outputs::stdout()?;
    let mut made = Vec::new();
    let mut text = Utf8::only_if(asked.kind == As::Text);
    inputs::stdin_pieces(|piece| {
        text.push(piece)?;
        writer.push(piece, &mut made).map_err(failed)?;
        Ok(flush(&mut out, &mut made)?)
    })?;
    text.end()?;
    let to_sign = writer.to_sign(&mut made).map_err(failed)?;
    let signed = to_sign.iter().zip(&own).map(|(one, key)| one.sign(key));
    writer.conclude(&signed.collect::<Result<Vec<_>, _>>().map_err(failed)?, &mut made).map_err(failed)?;
    flush(&mut out, &mut made)?;
    out.flush()?;

    let Some(output) = session_key_out else { return Ok(()) };
    let key = writer.session_key().ok_or_else(|| failed("the session key is not known"))?;
    output.write(format!("{}\n", key.to_text(plan.cipher).as_str()).as_bytes())
}

/// The keys of a certificate to encrypt to.
fn keys_of(cert: &Cert, purpose: For, now: wire::Millis) -> Result<Vec<Key<'_>>, Failure> {
    let purpose = match purpose {
        For::Any => Purpose::Any,
        For::Storage => Purpose::Storage,
        For::Communications => Purpose::Communication,
    };
    cert.encryption_keys_for(purpose, now).map_err(|refusal| {
        // Whatever the reason, a weak algorithm included: code 13 would say that this program lacks something.
        Failure::new(Code::CertCannotEncrypt, format!("{}: {refusal}", cert.fingerprint()))
    })
}
