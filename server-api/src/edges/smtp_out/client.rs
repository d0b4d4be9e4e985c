//! One conversation with another server (RFC 5321), as its client.

use crate::mail::outgoing::Reason;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use smtp_proto::response::parser::ResponseReceiver;
use smtp_proto::{
    EXT_8BIT_MIME, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse, Error as Malformed, Response,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// How long a connection, a handshake and a reply may take (RFC 5321 section 4.5.3.2 asks for five minutes; a server that
/// needs more than one is tried again later).
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the reply to a whole message may take.
const PATIENCE_DATA: Duration = Duration::from_secs(600);
/// How long a block of the message may take to leave.
const PATIENCE_BLOCK: Duration = Duration::from_secs(180);
const BLOCK: usize = 64 * 1024;
/// The longest reply, in bytes.
const REPLY: usize = 64 * 1024;
/// How much of a reply the sender is told.
const TOLD: usize = 400;

/// What became of one recipient.
pub(super) enum Fate {
    /// The server has taken the message.
    Taken,
    /// Not now.
    Later(Reason),
    /// Never.
    Never(Reason),
}

/// Why a server was of no use; another one of the domain may be.
pub(super) enum Trouble {
    /// Nothing was said of any recipient.
    Later(Reason),
    /// The server takes nothing from us.
    Never(Reason),
}

/// What is to be sent.
pub(super) struct Parcel<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [String],
    /// Fields to put before the message.
    pub(super) trace: &'a str,
    pub(super) message: &'a [u8],
    /// Whether the header is UTF-8 or an address is.
    pub(super) utf8: bool,
}

/// Whom we talk to, and who we are.
pub(super) struct Server<'a> {
    pub(super) address: SocketAddr,
    pub(super) name: &'a str,
    pub(super) own_name: &'a str,
    pub(super) tls: &'a Arc<ClientConfig>,
}

impl Server<'_> {
    /// Sends a parcel.
    ///
    /// # Returns
    /// What became of each recipient, in order.
    pub(super) async fn send(&self, parcel: &Parcel<'_>) -> Result<Vec<Fate>, Trouble> {
        let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(self.address)).await;
        let Ok(Ok(stream)) = connected else {
            return Err(Trouble::Later(reason("4.4.1", "The server does not answer.", self.name)));
        };
        let _ = stream.set_nodelay(true);
        let mut clear = Line { stream, input: Vec::new(), name: self.name };
        let greeting = clear.reply().await?;
        if greeting.code != 220 {
            return Err(clear.refusal(&greeting));
        }
        let offered = clear.hello(self.own_name).await?;
        if offered.capabilities & EXT_START_TLS == 0 {
            return clear.parcel(parcel, &offered).await;
        }
        let reply = clear.say("STARTTLS").await?;
        if reply.code != 220 {
            return Err(clear.refusal(&reply));
        }
        // What came before the handshake was not said under TLS (RFC 3207 section 4.2).
        if !clear.input.is_empty() {
            return Err(Trouble::Later(reason("4.7.0", "The server spoke before TLS was there.", self.name)));
        }
        let Ok(name) = ServerName::try_from(self.name.to_owned()) else {
            return Err(Trouble::Never(reason("5.4.4", "The server's name is none.", self.name)));
        };
        let handshake = TlsConnector::from(self.tls.clone()).connect(name, clear.stream);
        // A server that offers TLS gets nothing in clear if TLS fails.
        let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, handshake).await else {
            return Err(Trouble::Later(reason("4.7.5", "TLS with the server failed.", self.name)));
        };
        let mut secret = Line { stream, input: Vec::new(), name: self.name };
        let offered = secret.hello(self.own_name).await?;
        secret.parcel(parcel, &offered).await
    }
}

fn reason(status: &str, said: &str, by: &str) -> Reason {
    Reason { status: status.to_owned(), said: said.to_owned(), by: Some(by.to_owned()) }
}

/// A connection, read in lines.
struct Line<'a, S> {
    stream: S,
    input: Vec<u8>,
    name: &'a str,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<'_, S> {
    fn broken(&self) -> Trouble {
        Trouble::Later(reason("4.4.2", "The connection broke.", self.name))
    }

    async fn read(&mut self, patience: Duration) -> Result<(), Trouble> {
        if self.input.len() > REPLY {
            return Err(Trouble::Later(reason("4.5.0", "The server's reply has no end.", self.name)));
        }
        match tokio::time::timeout(patience, self.stream.read_buf(&mut self.input)).await {
            Ok(Ok(read)) if read > 0 => Ok(()),
            _ => Err(self.broken()),
        }
    }

    async fn reply_within(&mut self, patience: Duration) -> Result<Response<String>, Trouble> {
        let (mut receiver, mut seen) = (ResponseReceiver::default(), 0usize);
        loop {
            let rest = self.input.get(seen..).unwrap_or_default();
            let mut bytes = rest.iter();
            let parsed = receiver.parse(&mut bytes);
            seen = self.input.len().saturating_sub(bytes.len());
            match parsed {
                Ok(response) => {
                    self.input.drain(..seen);
                    return Ok(response);
                }
                Err(Malformed::NeedsMoreData { .. }) => self.read(patience).await?,
                Err(_) => {
                    return Err(Trouble::Later(reason("4.5.0", "The server's reply is none.", self.name)));
                }
            }
        }
    }

    async fn reply(&mut self) -> Result<Response<String>, Trouble> {
        self.reply_within(PATIENCE).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        for block in bytes.chunks(BLOCK) {
            match tokio::time::timeout(PATIENCE_BLOCK, self.stream.write_all(block)).await {
                Ok(Ok(())) => {}
                _ => return Err(self.broken()),
            }
        }
        match tokio::time::timeout(PATIENCE_BLOCK, self.stream.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(self.broken()),
        }
    }

    async fn say(&mut self, command: &str) -> Result<Response<String>, Trouble> {
        self.write(format!("{command}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// EHLO, or HELO where that is not known.
    async fn hello(&mut self, own_name: &str) -> Result<EhloResponse<String>, Trouble> {
        self.write(format!("EHLO {own_name}\r\n").as_bytes()).await?;
        loop {
            let mut bytes = self.input.iter();
            match EhloResponse::parse(&mut bytes) {
                Ok(offered) => {
                    let seen = self.input.len().saturating_sub(bytes.len());
                    self.input.drain(..seen);
                    return Ok(offered);
                }
                Err(Malformed::NeedsMoreData { .. }) => self.read(PATIENCE).await?,
                Err(_) => break,
            }
        }
        let refused = self.reply().await?;
        if refused.code / 100 != 5 {
            return Err(self.refusal(&refused));
        }
        let reply = self.say(&format!("HELO {own_name}")).await?;
        if reply.code != 250 {
            return Err(self.refusal(&reply));
        }
        Ok(EhloResponse::default())
    }

    /// What the server said, as words for the sender.
    fn said(&self, reply: &Response<String>, never: bool) -> Reason {
        let class = if never { 5 } else { 4 };
        let [a, b, c] = reply.esc;
        // A status of another class than the reply contradicts it (RFC 2034 section 4).
        let status = if a == class { format!("{a}.{b}.{c}") } else { format!("{class}.0.0") };
        let text: String = reply
            .message
            .chars()
            .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { ' ' })
            .take(TOLD)
            .collect();
        Reason { said: format!("{} {}", reply.code, text.trim()), status, by: Some(self.name.to_owned()) }
    }

    fn refusal(&self, reply: &Response<String>) -> Trouble {
        if reply.code / 100 == 5 {
            Trouble::Never(self.said(reply, true))
        } else {
            Trouble::Later(self.said(reply, false))
        }
    }

    fn fate(&self, reply: &Response<String>) -> Fate {
        match reply.code / 100 {
            2 => Fate::Taken,
            5 => Fate::Never(self.said(reply, true)),
            _ => Fate::Later(self.said(reply, false)),
        }
    }

    async fn parcel(
        &mut self,
        parcel: &Parcel<'_>,
        offered: &EhloResponse<String>,
    ) -> Result<Vec<Fate>, Trouble> {
        let offers = |extension| offered.capabilities & extension != 0;
        let all = |fate: &dyn Fn() -> Fate| parcel.to.iter().map(|_| fate()).collect::<Vec<Fate>>();
        let size = parcel.trace.len().saturating_add(parcel.message.len());
        if parcel.utf8 && !(offers(EXT_SMTP_UTF8) && offers(EXT_8BIT_MIME)) {
            let words = "The server takes no addresses in other letters than ASCII.";
            return Ok(all(&|| Fate::Never(reason("5.6.7", words, self.name))));
        }
        if offers(EXT_SIZE) && offered.size > 0 && size > offered.size {
            let words = "The message is larger than the server takes.";
            return Ok(all(&|| Fate::Never(reason("5.3.4", words, self.name))));
        }
        let mut begin = format!("MAIL FROM:<{}>", parcel.from);
        if offers(EXT_SIZE) {
            begin.push_str(&format!(" SIZE={size}"));
        }
        if parcel.utf8 {
            begin.push_str(" BODY=8BITMIME SMTPUTF8");
        }
        let reply = self.say(&begin).await?;
        if reply.code / 100 != 2 {
            return Ok(all(&|| self.fate(&reply)));
        }
        let mut fates = Vec::with_capacity(parcel.to.len());
        for to in parcel.to {
            let reply = self.say(&format!("RCPT TO:<{to}>")).await?;
            fates.push(self.fate(&reply));
        }
        if fates.iter().any(|fate| matches!(fate, Fate::Taken)) {
            let last = self.data(parcel).await;
            for fate in fates.iter_mut().filter(|fate| matches!(fate, Fate::Taken)) {
                *fate = match &last {
                    Ok(reply) => self.fate(reply),
                    // Whether the server has it is not known: sent again, it may come twice.
                    Err(Trouble::Later(why) | Trouble::Never(why)) => Fate::Later(why.clone()),
                };
            }
        }
        // It has been said; whether the server says goodbye does not matter.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.stream.write_all(b"QUIT\r\n")).await;
        Ok(fates)
    }

    async fn data(&mut self, parcel: &Parcel<'_>) -> Result<Response<String>, Trouble> {
        let reply = self.say("DATA").await?;
        if reply.code != 354 {
            // 2xx would be nonsense here, and must not count as taken.
            return if reply.code / 100 == 2 { Err(self.broken()) } else { Ok(reply) };
        }
        self.write(parcel.trace.as_bytes()).await?;
        // Lines that begin with a dot get another one (RFC 5321 section 4.5.2).
        let mut block = Zeroizing::new(Vec::with_capacity(2 * BLOCK));
        for line in parcel.message.split_inclusive(|byte| *byte == b'\n') {
            if line.first() == Some(&b'.') {
                block.push(b'.');
            }
            block.extend_from_slice(line);
            if block.len() >= BLOCK {
                self.write(&block).await?;
                block.clear();
            }
        }
        self.write(&block).await?;
        self.write(b".\r\n").await?;
        self.reply_within(PATIENCE_DATA).await
    }
}
