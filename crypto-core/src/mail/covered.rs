//! Bytes, and the signatures that claim to cover exactly them. There is no other way to a claim than from the
//! bytes it was read with: whoever shows these bytes shows what was signed, and nothing else (R37, R44).

use seal::cert::Fingerprint;
use seal::reading::cleartext;
use seal::verify::{SignatureClaim, detached};

use crate::keys::Opened;

/// Bytes with claims on them.
pub(super) struct Covered {
    bytes: Vec<u8>,
    claims: Claims,
}

/// The claims on some bytes.
#[derive(Default)]
pub(super) struct Claims {
    found: Vec<SignatureClaim>,
    /// Whether there is a signature that cannot be read: it proves nothing, and is not hidden.
    unreadable: bool,
    /// Who reads: a signature that names its recipients counts for those only.
    reader: Option<Fingerprint>,
}

impl Covered {
    /// Bytes nobody signed.
    pub(super) fn unsigned(bytes: Vec<u8>) -> Self {
        Self { bytes, claims: Claims::default() }
    }

    /// The content of a sealed message, with the signatures inside the seal.
    pub(super) fn opened(opened: Opened) -> Self {
        let (bytes, found, reader) = opened.into_parts();
        Self { bytes, claims: Claims { found, unreadable: false, reader: Some(reader) } }
    }

    /// Content with signatures that came apart from it, armored or binary.
    pub(super) fn detached(content: Vec<u8>, signatures: &[u8], reader: Option<Fingerprint>) -> Self {
        let read = detached(signatures);
        let unreadable = read.is_err();
        let found = read.unwrap_or_default().iter().map(|signature| signature.over(&content)).collect();
        Self { bytes: content, claims: Claims { found, unreadable, reader } }
    }

    /// The text of a block in the cleartext framework, which must be alone; the block itself, with a claim
    /// that cannot be read, if it is not well formed.
    pub(super) fn cleartext(block: &[u8], reader: Option<Fingerprint>) -> Self {
        match cleartext(block) {
            Ok(signed) => {
                let claims = Claims { found: signed.claims, unreadable: false, reader };
                Self { bytes: signed.text, claims }
            }
            Err(_) => {
                let claims = Claims { unreadable: true, reader, ..Claims::default() };
                Self { bytes: block.to_vec(), claims }
            }
        }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether anybody claims to have signed them.
    pub(super) fn is_signed(&self) -> bool {
        self.claims.unreadable || !self.claims.found.is_empty()
    }

    /// The same bytes without the claims: they are about a layer that was taken off since.
    pub(super) fn without_claims(self) -> Self {
        Self::unsigned(self.bytes)
    }

    /// The two, to be shown and judged together.
    pub(super) fn into_parts(self) -> (Vec<u8>, Claims) {
        (self.bytes, self.claims)
    }
}

impl Claims {
    /// The signatures.
    pub(super) fn found(&self) -> &[SignatureClaim] {
        &self.found
    }

    /// Whether there is any, readable or not.
    pub(super) fn any(&self) -> bool {
        self.unreadable || !self.found.is_empty()
    }

    /// Who reads.
    pub(super) fn reader(&self) -> Option<&Fingerprint> {
        self.reader.as_ref()
    }
}
