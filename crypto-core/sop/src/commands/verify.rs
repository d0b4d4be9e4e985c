//! `verify`: detached signatures.

use seal::hashing::ContentHashers;
use seal::profile::MAX_CONTENT_SIGNATURES;

use crate::arguments::Verify;
use crate::certs::{self, Window};
use crate::failure::{Code, Failure};
use crate::{dates, inputs, outputs, verifications};

/// `sop verify`
pub(crate) fn verify(asked: &Verify) -> Result<(), Failure> {
    let window = Window::parse(&asked.between.not_before, &asked.between.not_after)?;
    let by = certs::load(&asked.certs)?;
    let signatures = inputs::whole(&asked.signatures, inputs::SIGNATURES_AT_MOST)?;
    let signatures = seal::verify::detached_up_to(&signatures, MAX_CONTENT_SIGNATURES)
        .map_err(|error| Failure::new(Code::BadData, format!("{:?}: {error}", asked.signatures)))?;

    let mut hashers = ContentHashers::default();
    let slots: Vec<_> = signatures.iter().map(|one| hashers.slot_of(one.packet())).collect();
    inputs::stdin_pieces(|piece| {
        hashers.update(piece);
        Ok(())
    })?;
    let claims: Vec<_> =
        signatures.iter().zip(slots).map(|(one, slot)| hashers.claim(one.packet().clone(), slot)).collect();

    let now = dates::now_millis();
    let found = certs::verified(&claims, &by, window, None, now);
    if found.is_empty() {
        return Err(certs::no_signature(&claims, &by, now));
    }
    outputs::to_stdout(verifications::lines(&found).as_bytes())
}
