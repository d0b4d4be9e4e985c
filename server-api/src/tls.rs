//! TLS for mail: the operator's certificate, or one that the server makes for itself.

use crate::config::Mail;
use crate::errors::{ApiError, ApiResult};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
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

/// For mail to other servers: TLS with whoever is there. Without DANE or MTA-STS nobody says which certificate a server
/// must have, and mail in clear would be the only other way (RFC 7435).
///
/// # Errors
/// `internal` if TLS cannot be configured.
pub fn to_anyone() -> ApiResult<Arc<ClientConfig>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| ApiError::internal("TLS cannot be configured"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Takes every certificate whose key the server proves to have.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
