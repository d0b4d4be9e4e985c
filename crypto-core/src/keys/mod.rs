//! The person's own OpenPGP key, unlocked. The only place (beside the crate `seal`) that names `pgp`.
//!
//! ```text
//! enum KeyProfile { CompatibleV4, ModernV6 }
//! UnlockedKey::make(rng, profile, address, now) -> Result<UnlockedKey, CoreError>
//! UnlockedKey::from_secret_bytes(bytes, expected: &Fingerprint, now) -> Result<UnlockedKey, CoreError>
//!                                       // R4: key_substituted unless every public part follows from its secret
//! key.to_secret_bytes() -> Result<Zeroizing<Vec<u8>>, CoreError>   // only ever sealed in an envelope
//! key.certificate_bytes() -> &[u8]      key.fingerprint() -> &Fingerprint      key.certificate() -> &TrustedCert
//! key.sign_and_seal / key.seal_only / key.sign_detached / key.open
//! ```

mod derivation;
mod editing;
#[cfg(not(target_arch = "wasm32"))]
mod elgamal;
mod locking;
mod make;
mod octets;
mod open;
mod opening;
mod packet;
mod rsa;
mod secret;
mod secret_cert;
mod signing;
mod unlocked;
mod using;
mod words;

#[cfg(test)]
pub(crate) mod gnupg_tests;
#[cfg(test)]
mod secret_cert_tests;
#[cfg(test)]
mod tests;

pub use derivation::{Derivation, DerivationKind, IteratedHash};
pub use locking::LockForm;
pub use make::{KeyOptions, KeyProfile};
pub use open::{Opened, OpenedSignature};
pub use opening::{Candidate, RsaBlock, rsa_block, session_keys};
pub use packet::SecretState;
pub use rsa::RsaNumbers;
pub use seal::cert::{FetchedCert, Fingerprint, Judgement, Refusal, Trust, TrustedCert};
pub use secret::OwnKey;
pub use secret_cert::{OwnKeyState, SecretCert};
pub use signing::Reason;
pub use unlocked::UnlockedKey;
pub use words::fingerprint_words;

use model::error::{CoreError, CoreErrorCode};

/// The library refused something that a checked key cannot fail at.
pub(crate) fn internal<E>(_: E) -> CoreError {
    CoreError::new(CoreErrorCode::Internal)
}

/// What a refusal of `seal` means to a person.
pub(crate) fn refused(error: seal::SealError) -> CoreError {
    use seal::SealError as E;
    match error {
        E::TooLarge => CoreError::new(CoreErrorCode::TooLarge),
        E::Failed | E::Misused(_) => CoreError::new(CoreErrorCode::Internal),
        E::MalformedSignature => CoreError::with(CoreErrorCode::Malformed, error.to_string()),
        E::NoRecipients | E::Refused(_) | E::MalformedCertificate(_) | E::CertificateTooLarge(_) => {
            CoreError::with(CoreErrorCode::UnusableCertificate, error.to_string())
        }
    }
}
