//! A sending mail server of our own, that can also do what none should: every byte is the test's.

use crate::server::Server;
use anyhow::{Context as _, Result, bail, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(20);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection to the server's port for mail.
pub struct Smtp {
    stream: Box<dyn Stream>,
    input: Vec<u8>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp(…)")
    }
}

impl Smtp {
    /// Connects, without reading the greeting.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn silent(server: &Server) -> Result<Self> {
        Self::open(server.smtp_port()?).await
    }

    async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Box::new(stream), input: Vec::new() })
    }

    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// As [`Smtp::silent`]; it does not begin with 220.
    pub async fn connect(server: &Server) -> Result<Self> {
        Self::to(server.smtp_port()?).await
    }

    /// Connects to any mail server of this machine and reads the greeting.
    ///
    /// # Errors
    /// Nobody listens; the greeting does not begin with 220.
    pub async fn to(port: u16) -> Result<Self> {
        let mut smtp = Self::open(port).await?;
        let greeting = smtp.reply().await?;
        ensure!(greeting.starts_with("220 "), "{greeting}");
        Ok(smtp)
    }

    /// Connects and says EHLO.
    ///
    /// # Errors
    /// As [`Smtp::connect`]; EHLO is refused.
    pub async fn hello(server: &Server) -> Result<Self> {
        let mut smtp = Self::connect(server).await?;
        smtp.expect("250", "EHLO sender.example").await?;
        Ok(smtp)
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next reply, with all its lines; empty once the server has closed the connection.
    ///
    /// # Errors
    /// None comes in time.
    pub async fn reply(&mut self) -> Result<String> {
        let mut reply = String::new();
        loop {
            if let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..end + 2).collect();
                let line = String::from_utf8(line)?;
                let last = line.as_bytes().get(3) != Some(&b'-');
                reply.push_str(&line);
                if last {
                    return Ok(reply.trim_end().to_owned());
                }
                continue;
            }
            match tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await {
                Err(_) => bail!("no reply in {PATIENCE:?}"),
                // A reset is an end, too.
                Ok(Ok(0) | Err(_)) => {
                    ensure!(self.input.is_empty(), "half a reply");
                    return Ok(reply);
                }
                Ok(Ok(_)) => {}
            }
        }
    }

    /// Sends a command and gives the reply.
    ///
    /// # Errors
    /// The connection is closed, or no reply comes.
    pub async fn say(&mut self, command: &str) -> Result<String> {
        self.raw(format!("{command}\r\n")).await?;
        self.reply().await
    }

    /// As [`Smtp::say`]; the reply must begin so.
    ///
    /// # Errors
    /// It does not.
    pub async fn expect(&mut self, reply: &str, command: &str) -> Result<String> {
        let said = self.say(command).await?;
        ensure!(said.starts_with(reply), "{command} was answered {said:?}");
        Ok(said)
    }

    /// Changes to TLS, whoever the server is.
    ///
    /// # Errors
    /// The server does not.
    pub async fn starttls(mut self) -> Result<Self> {
        self.expect("220", "STARTTLS").await?;
        self.handshake().await
    }

    /// Begins TLS on the connection as it is.
    ///
    /// # Errors
    /// The handshake fails.
    pub async fn handshake(self) -> Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_no_client_auth();
        let name = ServerName::try_from("mx.hedgerow.test")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, self.stream).await?;
        Ok(Self { stream: Box::new(stream), input: Vec::new() })
    }

    /// Sends a whole message with DATA. `message` has its header and CRLF at the end; dots are stuffed here.
    ///
    /// # Errors
    /// MAIL, RCPT or DATA is refused.
    pub async fn send(&mut self, from: &str, to: &[&str], message: &str) -> Result<String> {
        self.expect("250", &format!("MAIL FROM:<{from}>")).await?;
        for to in to {
            self.expect("250", &format!("RCPT TO:<{to}>")).await?;
        }
        self.data(message).await
    }

    /// Sends DATA and a message, and gives the reply to it.
    ///
    /// # Errors
    /// DATA is refused.
    pub async fn data(&mut self, message: &str) -> Result<String> {
        self.expect("354", "DATA").await?;
        let stuffed = message.replace("\r\n.", "\r\n..");
        self.raw(format!("{stuffed}.\r\n")).await?;
        self.reply().await
    }
}

/// A short mail.
pub fn mail(subject: &str, text: &str) -> String {
    let id = hex::encode(crate::person::random_id());
    format!(
        "From: Zoe Outside <zoe@sender.example>\r\nTo: Alice <alice@hedgerow.test>\r\nSubject: {subject}\r\n\
         Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{id}@sender.example>\r\n\r\n{text}\r\n"
    )
}

/// The newest message of a person's inbox, opened.
///
/// # Errors
/// There is none, or it does not open.
pub async fn newest(person: &mut crate::person::Person) -> Result<model::mail::OpenedMessage> {
    let inbox = person.messages(wire::mail::FolderRole::Inbox).await?;
    let view = inbox.first().context("no mail")?;
    Ok(person.read(view).await?)
}

#[derive(Debug)]
struct Anyone;

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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
