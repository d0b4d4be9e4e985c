//! The state machine of a connection: commands in, replies out.

use super::body::{Body, Spilled};
use super::input::{Dots, Input, Line, Silence};
use super::listener::Shared;
use super::recipients::{Recipient, Refused};
use super::replies::{self, Reply};
use super::{message, recipients};
use smtp_proto::{
    EXT_8BIT_MIME, EXT_CHUNKING, EXT_DSN, EXT_ENHANCED_STATUS_CODES, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8,
    EXT_START_TLS, EhloResponse, MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request,
};
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

/// Most recipients of one message; RFC 5321 section 4.5.3.1.8 asks for 100 at least.
const RECIPIENTS: usize = 100;
/// Most replies that refuse something, in one connection.
const ERRORS: u32 = 20;
/// Most recipients that are not here, in one connection.
const GUESSES: u32 = 5;
/// Most messages of one connection.
const MESSAGES: u32 = 1000;
/// How long a connection may last.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// What a client said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Greeting {
    /// The name it gave.
    pub(super) name: String,
    /// Whether by EHLO.
    pub(super) extended: bool,
}

/// A message under way.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The sender's address; empty for a notice (RFC 5321 section 4.5.5).
    pub(super) from: String,
    /// Whether addresses may hold more than ASCII (RFC 6531).
    pub(super) utf8: bool,
    /// The bytes announced; 0 if none were.
    size: usize,
    pub(super) recipients: Vec<Recipient>,
    /// How often RCPT was answered with 250.
    accepted: usize,
    /// The content so far, once BDAT began.
    chunks: Option<Body>,
}

/// What is known of the connection a message came by.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// The TLS version and cipher suite, if there is TLS.
    pub(super) tls: Option<String>,
}

/// How a conversation ended.
pub(super) enum Ended<S> {
    /// The connection may be closed.
    Done,
    /// The client wants TLS on it.
    Upgrade(S),
}

/// Why the connection ends now: the last reply, if there is anybody to hear it.
struct Over(Option<Reply>);

impl From<Silence> for Over {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::Gone => Self(None),
            Silence::TimedOut => Self(Some(replies::TIMED_OUT)),
        }
    }
}

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self(None)
    }
}

/// A conversation with one client, until it ends or changes to TLS.
pub(super) struct Session<'a, S> {
    shared: &'a Shared,
    peer: Peer,
    stream: S,
    input: Input,
    output: Vec<u8>,
    greeting: Option<Greeting>,
    envelope: Option<Envelope>,
    since: Instant,
    errors: u32,
    guesses: u32,
    messages: u32,
}

/// What to do after a command.
enum Next {
    Say(Reply),
    /// The reply is in the output already.
    Said,
    Data,
    Chunk {
        size: usize,
        last: bool,
    },
    Upgrade,
    Quit,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin + Send> Session<'a, S> {
    pub(super) fn new(shared: &'a Shared, peer: Peer, stream: S, since: Instant) -> Self {
        Self {
            shared,
            peer,
            stream,
            input: Input::default(),
            output: Vec::new(),
            greeting: None,
            envelope: None,
            since,
            errors: 0,
            guesses: 0,
            messages: 0,
        }
    }

    /// Greets. A client that does not wait for it is a program of a spammer, or smuggles.
    pub(super) fn greet(&mut self) {
        self.output.extend_from_slice(b"220 ");
        self.output.extend_from_slice(self.shared.hostname.as_bytes());
        self.say(" ESMTP Hedgerow");
    }

    /// Talks until the end.
    pub(super) async fn talk(mut self) -> Ended<S> {
        match self.commands().await {
            Ok(true) => return Ended::Upgrade(self.stream),
            Ok(false) => {}
            Err(Over(last)) => {
                if let Some(last) = last {
                    self.say(last);
                }
                let _ = tokio::time::timeout(Duration::from_secs(5), self.flush()).await;
            }
        }
        let _ = tokio::time::timeout(Duration::from_secs(5), self.stream.shutdown()).await;
        Ended::Done
    }

    fn say(&mut self, reply: &str) {
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        self.stream.flush().await
    }

    /// Sends what there is to say, then reads on.
    async fn more(&mut self) -> Result<(), Over> {
        let patience = self.shared.patience;
        tokio::time::timeout(patience, self.flush()).await.map_err(|_| Over(None))??;
        if self.since.elapsed() > LONGEST {
            return Err(Over(Some(replies::TIMED_OUT)));
        }
        tokio::select! {
            more = self.input.more(&mut self.stream, patience) => Ok(more?),
            () = self.shared.app.stopping.cancelled() => Err(Over(Some(replies::STOPPING))),
        }
    }

    /// Whether to go on with TLS.
    async fn commands(&mut self) -> Result<bool, Over> {
        loop {
            let Some(line) = self.input.line() else {
                self.more().await?;
                continue;
            };
            let next = match line {
                Line::TooLong => Next::Say(replies::LINE_TOO_LONG),
                Line::Broken => Next::Say(replies::LINE_BROKEN),
                Line::Whole(length) => {
                    let line = self.input.ready().get(..length).unwrap_or_default().to_vec();
                    self.input.consume(length);
                    if is_endless_chunk(&line) {
                        // How much of what follows is no command, nobody can say.
                        return Err(Over(Some(replies::TOO_LARGE)));
                    }
                    match Request::parse(&mut line.iter()) {
                        Ok(request) => self.command(request).await?,
                        Err(error) => Next::Say(replies::refusal(&error)),
                    }
                }
            };
            match next {
                Next::Say(reply) => {
                    self.say(reply);
                    self.count(reply)?;
                }
                Next::Said => {}
                Next::Data => self.data().await?,
                Next::Chunk { size, last } => self.chunk(size, last).await?,
                Next::Upgrade => {
                    self.say(replies::GO_TLS);
                    tokio::time::timeout(self.shared.patience, self.flush())
                        .await
                        .map_err(|_| Over(None))??;
                    return Ok(true);
                }
                Next::Quit => return Err(Over(Some(replies::BYE))),
            }
        }
    }

    /// Refusals are counted: whoever tries and tries is not sending mail.
    fn count(&mut self, reply: Reply) -> Result<(), Over> {
        if reply.starts_with('5') {
            self.errors += 1;
        }
        if reply == replies::NO_SUCH_MAILBOX {
            self.guesses += 1;
            self.shared.guessed(self.peer.address);
        }
        if self.guesses > GUESSES {
            return Err(Over(Some(replies::TOO_MANY_GUESSES)));
        }
        if self.errors > ERRORS { Err(Over(Some(replies::TOO_MANY_ERRORS))) } else { Ok(()) }
    }

    async fn command(&mut self, request: Request<Cow<'_, str>>) -> Result<Next, Over> {
        Ok(match request {
            Request::Ehlo { host } => self.hello(&host, true)?,
            Request::Helo { host } => self.hello(&host, false)?,
            Request::Mail { from } => Next::Say(self.mail(from)?),
            Request::Rcpt { to } => Next::Say(self.rcpt(to).await),
            Request::Data => match &self.envelope {
                None => Next::Say(replies::SENDER_FIRST),
                Some(envelope) if envelope.chunks.is_some() => Next::Say(replies::CHUNKS_BEGUN),
                Some(envelope) if envelope.recipients.is_empty() => Next::Say(replies::RECIPIENT_FIRST),
                Some(_) => Next::Data,
            },
            Request::Bdat { chunk_size, is_last } => Next::Chunk { size: chunk_size, last: is_last },
            Request::StartTls => {
                if self.peer.tls.is_some() {
                    Next::Say(replies::TLS_ALREADY)
                } else if self.shared.tls.is_none() {
                    Next::Say(replies::NOT_OFFERED)
                } else if !self.input.ready().is_empty() {
                    // What was said in clear must not count as said under TLS (RFC 3207 section 4.2).
                    return Err(Over(Some(replies::TOO_EAGER)));
                } else {
                    Next::Upgrade
                }
            }
            Request::Rset => {
                self.envelope = None;
                Next::Say(replies::OK)
            }
            Request::Noop { .. } => Next::Say(replies::OK),
            Request::Vrfy { .. } => Next::Say(replies::CANNOT_VERIFY),
            Request::Help { .. } => Next::Say(replies::HELP),
            Request::Quit => Next::Quit,
            Request::Lhlo { .. } => Next::Say(replies::UNKNOWN_COMMAND),
            Request::Expn { .. }
            | Request::Auth { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. } => Next::Say(replies::NOT_OFFERED),
        })
    }

    fn hello(&mut self, host: &str, extended: bool) -> Result<Next, Over> {
        // EHLO ends a group of commands (RFC 2920 section 3.1).
        if !self.input.ready().is_empty() {
            return Err(Over(Some(replies::TOO_EAGER)));
        }
        if !host.bytes().all(|byte| byte.is_ascii_graphic()) || host.len() > 255 {
            return Ok(Next::Say(replies::SYNTAX));
        }
        self.envelope = None;
        self.greeting = Some(Greeting { name: host.to_owned(), extended });
        if extended {
            let mut response = EhloResponse::new(&self.shared.hostname);
            response.capabilities = EXT_PIPELINING
                | EXT_SIZE
                | EXT_8BIT_MIME
                | EXT_SMTP_UTF8
                | EXT_DSN
                | EXT_ENHANCED_STATUS_CODES
                | EXT_CHUNKING;
            if self.peer.tls.is_none() && self.shared.tls.is_some() {
                response.capabilities |= EXT_START_TLS;
            }
            response.size = self.shared.most;
            // A vector takes everything.
            let _ = response.write(&mut self.output);
        } else {
            self.output.extend_from_slice(b"250 ");
            let name = self.shared.hostname.clone();
            self.say(&name);
        }
        Ok(Next::Said)
    }

    /// MAIL (RFC 5321 section 4.1.1.2), with SIZE, BODY, SMTPUTF8 and the parameters of DSN.
    fn mail(&mut self, from: MailFrom<Cow<'_, str>>) -> Result<Reply, Over> {
        if self.greeting.is_none() {
            return Ok(replies::GREET_FIRST);
        }
        if self.envelope.is_some() {
            return Ok(replies::SENDER_TWICE);
        }
        self.messages += 1;
        if self.messages > MESSAGES {
            return Err(Over(Some(replies::TOO_MANY_MESSAGES)));
        }
        let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
        // DSN's RET is one of these flags, and kept by whoever sends the notices: we refuse at once.
        let beyond = smtp_proto::MAIL_REQUIRETLS | smtp_proto::MAIL_CONPERM | MAIL_BODY_BINARYMIME;
        if from.flags & beyond != 0 || from.mt_priority != 0 || from.hold_for != 0 || from.hold_until != 0 {
            return Ok(replies::UNKNOWN_PARAMETER);
        }
        if from.size > self.shared.most {
            return Ok(replies::TOO_LARGE);
        }
        if !from.address.is_ascii() && !utf8 {
            return Ok(replies::NEEDS_SMTPUTF8);
        }
        if !recipients::may_be_sender(&from.address) {
            return Ok(replies::BAD_SENDER);
        }
        if self.shared.blocks_sender(&from.address) {
            return Ok(replies::SENDER_BLOCKED);
        }
        self.envelope = Some(Envelope {
            from: from.address.into_owned(),
            utf8,
            size: from.size,
            recipients: Vec::new(),
            accepted: 0,
            chunks: None,
        });
        Ok(replies::SENDER_OK)
    }

    /// RCPT (RFC 5321 section 4.1.1.3).
    async fn rcpt(&mut self, to: RcptTo<Cow<'_, str>>) -> Reply {
        let Some(envelope) = &mut self.envelope else { return replies::SENDER_FIRST };
        if envelope.chunks.is_some() {
            return replies::CHUNKS_BEGUN;
        }
        if envelope.accepted >= RECIPIENTS {
            return replies::TOO_MANY_RECIPIENTS;
        }
        if self.shared.guesses_used_up(self.peer.address) {
            return replies::NOT_NOW;
        }
        match recipients::find(&self.shared.app, &to.address, envelope.utf8, envelope.size).await {
            Ok(found) => {
                envelope.accepted += 1;
                for recipient in found {
                    if !envelope.recipients.iter().any(|known| known.account == recipient.account) {
                        envelope.recipients.push(recipient);
                    }
                }
                replies::RECIPIENT_OK
            }
            Err(Refused(reply)) => reply,
        }
    }

    /// DATA: everything until CRLF `.` CRLF.
    async fn data(&mut self) -> Result<(), Over> {
        self.say(replies::GO_DATA);
        let mut body = Body::new(self.shared.most, self.shared.memory.clone());
        let mut dots = Dots::default();
        loop {
            if self.input.ready().is_empty() {
                self.more().await?;
            }
            let (used, ended) = dots.take(self.input.ready(), |bytes| body.push(bytes));
            self.input.consume(used);
            if ended {
                return self.finish(body).await;
            }
        }
    }

    /// BDAT (RFC 3030): exactly so many bytes, whatever they are.
    async fn chunk(&mut self, size: usize, last: bool) -> Result<(), Over> {
        // Such a chunk would be passed over for hours.
        if size > self.shared.most.saturating_mul(2) {
            return Err(Over(Some(replies::TOO_LARGE)));
        }
        let refusal = match &self.envelope {
            None => Some(replies::SENDER_FIRST),
            Some(envelope) if envelope.recipients.is_empty() => Some(replies::RECIPIENT_FIRST),
            Some(_) => None,
        };
        let fresh = || Body::new(self.shared.most, self.shared.memory.clone());
        let mut body = self.envelope.as_mut().and_then(|e| e.chunks.take()).unwrap_or_else(fresh);
        let mut left = size;
        while left > 0 {
            if self.input.ready().is_empty() {
                self.more().await?;
            }
            let ready = self.input.ready();
            let bytes = ready.get(..left.min(ready.len())).unwrap_or_default();
            // Passed over where it is refused: it must not be read as commands.
            if refusal.is_none() {
                body.push(bytes);
            }
            let used = bytes.len();
            self.input.consume(used);
            left -= used;
        }
        if let Some(reply) = refusal {
            self.say(reply);
            return self.count(reply);
        }
        if last {
            return self.finish(body).await;
        }
        if let Some(spilled) = body.spilled() {
            // The transaction has failed (RFC 3030 section 2); what follows of it is passed over.
            self.envelope = None;
            let reply = reply_to(spilled);
            self.say(reply);
            return self.count(reply);
        }
        if let Some(envelope) = &mut self.envelope {
            envelope.chunks = Some(body);
        }
        self.say(replies::CHUNK_OK);
        Ok(())
    }

    /// The message is whole: judge it, seal it, store it, answer.
    async fn finish(&mut self, body: Body) -> Result<(), Over> {
        let reply = match (body.spilled(), self.envelope.take(), &self.greeting) {
            (Some(spilled), _, _) => reply_to(spilled),
            (None, Some(envelope), Some(greeting)) => {
                message::accept(self.shared, &self.peer, greeting, &envelope, body).await
            }
            (None, _, _) => replies::SENDER_FIRST,
        };
        self.say(reply);
        self.count(reply)
    }
}

/// Whether a line is BDAT with a size that no number holds. The parser would begin anew at the next digit, and take
/// the rest of the chunk for commands.
fn is_endless_chunk(line: &[u8]) -> bool {
    let digits = line.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or_default();
    digits > 15 && line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"BDAT"))
}

fn reply_to(spilled: Spilled) -> Reply {
    match spilled {
        Spilled::TooLarge => replies::TOO_LARGE,
        Spilled::NoMemory => replies::NO_MEMORY,
    }
}
