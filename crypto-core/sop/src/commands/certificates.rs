//! `merge-certs`, `validate-userid`.

use seal::armor::{Kind, armored_for_all};
use seal::cert::Cert;

use crate::arguments::{Form, MergeCerts, ValidateUserid};
use crate::dates::{self, Edge};
use crate::failure::{Code, Failure};
use crate::{certs, inputs, outputs};

/// Certificates of standard input.
pub(crate) fn from_stdin() -> Result<Vec<Cert>, Failure> {
    certs::parse(&inputs::whole_stdin(inputs::KEYS_AT_MOST)?, "the input")
}

/// Writes certificates.
pub(crate) fn write(certs: &[Cert], form: &Form) -> Result<(), Failure> {
    let bytes: Vec<u8> = certs.iter().flat_map(Cert::to_bytes).collect();
    if form.no_armor {
        outputs::to_stdout(&bytes)
    } else {
        outputs::to_stdout(armored_for_all(Kind::Certificate, &bytes).as_bytes())
    }
}

/// `sop merge-certs`
pub(crate) fn merge(asked: &MergeCerts) -> Result<(), Failure> {
    let mut merged: Vec<Cert> = Vec::new();
    let more = certs::load(&asked.certs)?;
    for cert in from_stdin()? {
        match merged.iter_mut().find(|known| known.fingerprint() == cert.fingerprint()) {
            Some(known) => known.merge(&cert).map_err(super::sign::failed)?,
            None => merged.push(cert),
        }
    }
    for cert in more.iter().flat_map(|source| &source.certs) {
        // Certificates that standard input does not have are none of this command's business.
        if let Some(known) = merged.iter_mut().find(|known| known.fingerprint() == cert.fingerprint()) {
            known.merge(cert).map_err(super::sign::failed)?;
        }
    }
    write(&merged, &asked.form)
}

/// `sop validate-userid`
pub(crate) fn validate(asked: &ValidateUserid) -> Result<(), Failure> {
    let at = match &asked.validate_at {
        Some(text) => dates::parse(text, Edge::Start)?.unwrap_or_else(dates::now),
        None => dates::now(),
    }
    .saturating_mul(1000);
    let authorities = certs::load(&asked.certs)?;
    for cert in from_stdin()? {
        let vouched =
            cert.valid_user_ids(at).into_iter().filter(|user_id| matches(user_id, asked)).any(|user_id| {
                authorities
                    .iter()
                    .flat_map(|source| &source.certs)
                    .any(|authority| cert.certified_by(user_id, authority, at).is_ok())
            });
        if !vouched {
            return Err(Failure::new(
                Code::CertUseridNoMatch,
                format!("no authority vouches that {} belongs to {:?}", cert.fingerprint(), asked.userid),
            ));
        }
    }
    Ok(())
}

fn matches(user_id: &[u8], asked: &ValidateUserid) -> bool {
    if !asked.addr_spec_only {
        return user_id == asked.userid.as_bytes();
    }
    std::str::from_utf8(user_id)
        .ok()
        .and_then(seal::cert::address_of)
        .is_some_and(|address| address.eq_ignore_ascii_case(&asked.userid))
}
