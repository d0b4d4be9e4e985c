//! DKIM signatures (RFC 6376) by two keys of the domain: RSA, which everybody checks, and Ed25519 (RFC 8463).

use crate::app::App;
use crate::errors::{ApiError, ApiResult};
use crate::vault::secrets::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{DkimSigner, Done};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// Their names in DNS.
const RSA: &str = "hedgerow-rsa";
const ED25519: &str = "hedgerow-ed25519";
/// What is signed of a header, as far as it is there.
const FIELDS: [&str; 12] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
];

fn failed() -> ApiError {
    ApiError::internal("a DKIM key could not be made or read")
}

fn made(pair: Result<KeyPair, rcgen::Error>) -> ApiResult<Vec<u8>> {
    Ok(pair.map_err(|_| failed())?.serialize_der())
}

/// The two keys, PKCS #8; made the first time, and kept with the server's secrets.
async fn keys(secrets: &Secrets) -> ApiResult<(Arc<[u8]>, Arc<[u8]>)> {
    let rsa = || made(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048));
    let ed25519 = || made(KeyPair::generate_for(&PKCS_ED25519));
    let rsa = secrets.get_or_try_make("dkim_rsa", rsa).await?;
    Ok((rsa, secrets.get_or_try_make("dkim_ed", ed25519).await?))
}

/// Who signs.
pub(super) struct Signers {
    rsa: DkimSigner<RsaKey<Sha256>, Done>,
    ed25519: DkimSigner<Ed25519Key, Done>,
}

impl Signers {
    /// The keys of this server's domain.
    ///
    /// # Errors
    /// `internal` if they cannot be made or read.
    pub(super) async fn of(app: &App) -> ApiResult<Self> {
        let (rsa, ed25519) = keys(&app.secrets).await?;
        let domain = &app.config.accounts.domain;
        let rsa =
            RsaKey::<Sha256>::from_key_der(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(rsa.to_vec())))
                .map_err(|_| failed())?;
        let ed25519 = Ed25519Key::from_pkcs8_maybe_unchecked_der(&ed25519).map_err(|_| failed())?;
        Ok(Self {
            rsa: DkimSigner::from_key(rsa).domain(domain).selector(RSA).headers(FIELDS),
            ed25519: DkimSigner::from_key(ed25519).domain(domain).selector(ED25519).headers(FIELDS),
        })
    }

    /// The fields to put before the message.
    ///
    /// # Errors
    /// `internal` if it cannot be signed.
    pub(super) fn sign(&self, message: &[u8]) -> ApiResult<String> {
        let words = |_| ApiError::internal("a message could not be signed");
        let rsa = self.rsa.sign(message).map_err(words)?;
        let ed25519 = self.ed25519.sign(message).map_err(words)?;
        Ok(rsa.to_header() + &ed25519.to_header())
    }
}

/// The records of both keys: the name below the domain, and the text.
///
/// # Errors
/// As [`Signers::of`].
pub(super) async fn records(secrets: &Secrets) -> ApiResult<[(String, String); 2]> {
    let (rsa, ed25519) = keys(secrets).await?;
    let pair = |der: &[u8]| KeyPair::try_from(der).map_err(|_| failed());
    let rsa = STANDARD.encode(pair(&rsa)?.subject_public_key_info());
    // RFC 8463 section 4: the bare key, and not its SubjectPublicKeyInfo.
    let ed25519 = Ed25519Key::from_pkcs8_maybe_unchecked_der(&ed25519).map_err(|_| failed())?;
    let ed25519 = STANDARD.encode(ed25519.public_key());
    Ok([
        (format!("{RSA}._domainkey"), format!("v=DKIM1; k=rsa; p={rsa}")),
        (format!("{ED25519}._domainkey"), format!("v=DKIM1; k=ed25519; p={ed25519}")),
    ])
}
