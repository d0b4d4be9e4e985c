//! `verify`: detached signatures.

use seal::hashing::ContentHasher;
use seal::verify::SignatureClaim;

use crate::arguments::Verify;
use crate::certs::{self, Window};
use crate::failure::{Code, Failure};
use crate::{dates, inputs, outputs, verifications};

/// `sop verify`
pub(crate) fn verify(asked: &Verify) -> Result<(), Failure> {
    let window = Window::parse(&asked.between.not_before, &asked.between.not_after)?;
    let by = certs::load(&asked.certs)?;
    let signatures = inputs::whole(&asked.signatures, inputs::SIGNATURES_AT_MOST)?;
    let signatures = seal::verify::detached(&signatures)
        .map_err(|error| Failure::new(Code::BadData, format!("{:?}: {error}", asked.signatures)))?;

    let mut hashers: Vec<_> =
        signatures.iter().map(|one| ContentHasher::for_signature(one.packet()).ok()).collect();
    inputs::stdin_pieces(|piece| {
        hashers.iter_mut().flatten().for_each(|hasher| hasher.update(piece));
        Ok(())
    })?;
    let claims: Vec<_> = signatures
        .iter()
        .zip(hashers)
        .map(|(one, hasher)| {
            let packet = one.packet().clone();
            match hasher {
                Some(hasher) => {
                    let digest = hasher.finish(&packet);
                    SignatureClaim::new(packet, digest)
                }
                None => SignatureClaim::undigested(packet),
            }
        })
        .collect();

    let now = dates::now_millis();
    let found = certs::verified(&claims, &by, window, None, now);
    if found.is_empty() {
        return Err(certs::no_signature(&claims, &by, now));
    }
    outputs::to_stdout(verifications::lines(&found).as_bytes())
}
