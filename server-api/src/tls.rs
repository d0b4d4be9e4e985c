//! TLS for mail: the operator's certificate, or one that the server makes for itself.

use crate::config::Mail;
use crate::errors::{ApiError, ApiResult};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// The configuration of every listener for mail: TLS 1.2 and 1.3, no client certificates.
///
/// # Errors
/// `internal` if the operator's files are not a certificate and its key.
pub fn for_mail(mail: &Mail) -> ApiResult<Arc<ServerConfig>> {
    let (chain, key) = match &mail.tls {
        None => self_made(&mail.hostname)?,
        Some(files) => {
            let unreadable =
                |_| ApiError::internal("mail.tls_certificate and mail.tls_key are not PEM files");
            let chain = CertificateDer::pem_file_iter(&files.certificate)
                .map_err(unreadable)?
                .collect::<Result<Vec<_>, _>>()
                .map_err(unreadable)?;
            (chain, PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable)?)
        }
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ApiError::internal("TLS cannot be configured"))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| ApiError::internal("mail.tls_key is not the key of mail.tls_certificate"))?;
    Ok(Arc::new(config))
}

/// A certificate nobody vouches for. Mail servers that only look for TLS take it.
fn self_made(hostname: &str) -> ApiResult<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let made = rcgen::generate_simple_self_signed(vec![hostname.to_owned()])
        .map_err(|_| ApiError::internal("a certificate for mail could not be made"))?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((vec![made.cert.der().clone()], key.into()))
}
