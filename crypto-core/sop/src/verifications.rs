//! The draft's VERIFICATIONS: one line for each signature that counts.

use std::ffi::OsString;

use crate::dates::{Seconds, shown};

/// One signature that counts.
#[derive(Debug)]
pub(crate) struct Verification {
    pub(crate) made: Seconds,
    /// Fingerprint of the key that signed, upper-case hexadecimal.
    pub(crate) key: String,
    /// Fingerprint of its primary key.
    pub(crate) cert: String,
    pub(crate) text: bool,
    /// The CERTS arguments that hold the signer's certificate.
    pub(crate) signers: Vec<OsString>,
}

/// The lines, each ended by a newline.
pub(crate) fn lines(of: &[Verification]) -> String {
    of.iter()
        .map(|one| {
            let signers: Vec<_> = one.signers.iter().map(|name| name.to_string_lossy()).collect();
            let mode = if one.text { "text" } else { "binary" };
            format!(
                "{} {} {} mode:{mode} {}\n",
                shown(one.made),
                one.key,
                one.cert,
                serde_json::json!({ "signers": signers })
            )
        })
        .collect()
}
