//! [`Writer`]: the machine that writes a message.

use core::fmt;

use pgp::types::SigningKey;
use rand::{CryptoRng, RngCore};
use wire::Millis;
use zeroize::Zeroizing;

use super::framing::{self, Pieces};
use super::host::{Cipher, Engine, Host, HostChunks, HostFeedback, Input, Job};
use super::output::Output;
use super::plan::{Format, Plan};
use super::recipients::{self, Password, Recipient};
use super::signatures::{self, ContentKind, Draft, Signed, SignerKey, ToSign};
use crate::cert::Fingerprint;
use crate::hashing::ContentHasher;
use crate::session_key::SessionKey;
use crate::{SealError, profile};
use bulk::{aead, cfb};

/// What is written, and for whom.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Readers with keys. Without any and without passwords the message is signed only.
    pub recipients: Vec<Recipient<'a>>,
    /// Readers with passwords.
    pub passwords: Vec<Password<'a>>,
    /// Who signs inside, outermost signature first.
    pub signers: Vec<SignerKey>,
    /// The certificates named in the signatures as the intended readers.
    pub intended: Vec<Fingerprint>,
    /// The form, from [`plan`](super::plan()).
    pub plan: Plan,
    /// Octets of the content, if known. Content of known length up to `profile::MAX_WHOLE_BYTES` makes
    /// packets of known length, and comes out at the end; other content comes out as it goes in.
    pub length: Option<u64>,
    /// Octets or text.
    pub kind: ContentKind,
    /// A name for the content, at most 255 octets. Nothing protects it in a message that is signed only.
    pub filename: Vec<u8>,
    /// Whether the message is armored.
    pub armor: bool,
    /// Who enciphers.
    pub engine: Engine,
    /// The host hashes the content for the signatures.
    pub hash_outside: bool,
    /// The host holds the content: jobs name ranges of it, sealed pieces stay with the host
    /// ([`Writer::kept`]), and what comes out is the head that stands before them. Binary SEIPDv2-GCM of
    /// known length only.
    pub content_outside: bool,
}

enum Sealer {
    None,
    Feedback(Box<cfb::Sealer>),
    Chunks(Box<aead::Sealer>),
    Host(Box<Host>),
    Ended,
}

/// Shows the kind.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Feedback(_) => "Feedback",
            Self::Chunks(_) => "Chunks",
            Self::Host(_) => "Host",
            Self::Ended => "Ended",
        })
    }
}

#[derive(Debug)]
enum Literal {
    /// So many octets are still to come.
    Known(u64),
    Unknown(Pieces),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Content,
    Signatures,
    /// Everything has been handed out; results of the host are awaited.
    Awaiting,
    Done,
}

/// Writes a message: push the content, then finish. Every random number is drawn when it is made, so that
/// the same numbers give the same bytes, however the content arrives and whoever enciphers.
///
/// ```text
/// new → push* → finish                                   everything here
/// new → push* → to_sign → conclude                       somebody else signs
/// new → push* / take_job → give … → to_sign → conclude / take_job → give … → is_done     the host enciphers
/// ```
#[derive(Debug)]
pub struct Writer {
    state: State,
    plan: Plan,
    sealed: bool,
    drafts: Vec<Draft>,
    hashers: Option<Vec<ContentHasher>>,
    literal: Literal,
    sealer: Sealer,
    output: Output,
    session_key: Option<SessionKey>,
    content_outside: bool,
    scratch: Vec<u8>,
    /// Written in the constructor, which has no output.
    head: Vec<u8>,
}

impl Writer {
    /// Begins a message.
    ///
    /// # Errors
    /// `NoRecipients` if there is neither reader nor signer, `TooLarge` beyond the limits of the profile,
    /// `Misused` for options that do not fit together, `Failed` if a key cannot be sealed to.
    pub fn new<R: RngCore + CryptoRng>(
        options: &Options<'_>,
        rng: &mut R,
        now: Millis,
    ) -> Result<Self, SealError> {
        let sealed = !options.recipients.is_empty() || !options.passwords.is_empty();
        if !sealed && options.signers.is_empty() {
            return Err(SealError::NoRecipients);
        }
        if options.signers.len() > profile::MAX_SIGNATURES || options.filename.len() > 255 {
            return Err(SealError::TooLarge);
        }
        if options.hash_outside && options.kind == ContentKind::Text {
            return Err(SealError::Misused("text is hashed here, for its line ends count as CR LF"));
        }
        let host = sealed && options.engine != Engine::Portable && options.plan.suits_host();
        if options.content_outside
            && !(host && options.plan.format == Format::SeipdV2 && options.length.is_some() && !options.armor)
        {
            return Err(SealError::Misused(
                "content stays outside only in binary SEIPDv2-GCM of known length enciphered by the host",
            ));
        }
        let whole = sealed
            && (options.content_outside
                || options.length.is_some_and(|octets| octets <= profile::MAX_WHOLE_BYTES));
        let output = if whole {
            Output::whole(options.armor, Self::expected(options))
        } else if sealed {
            Output::pieces(options.armor)
        } else {
            Output::bare(options.armor)
        };
        let drafts: Vec<Draft> = options
            .signers
            .iter()
            .map(|key| Draft::new(key, options.kind, &options.intended, rng, now))
            .collect::<Result<_, _>>()?;
        let hashers = if options.hash_outside {
            None
        } else {
            Some(drafts.iter().map(Draft::hasher).collect::<Result<_, _>>()?)
        };
        let mut this = Self {
            state: State::Content,
            plan: options.plan,
            sealed,
            drafts,
            hashers,
            literal: Literal::Known(0),
            sealer: Sealer::None,
            output,
            session_key: None,
            content_outside: options.content_outside,
            scratch: Vec::new(),
            head: Vec::new(),
        };
        let mut head = Vec::new();
        if sealed {
            this.begin_sealed(options, host, rng, &mut head)?;
        }
        this.begin_content(options, &mut head)?;
        this.head = head;
        Ok(this)
    }

    /// About how many octets a whole message will have: more than needed costs little, less costs a copy.
    fn expected(options: &Options<'_>) -> usize {
        if options.content_outside {
            return 4096;
        }
        let content = usize::try_from(options.length.unwrap_or(0)).unwrap_or(0);
        let keys = options.recipients.len().saturating_add(options.passwords.len()).saturating_mul(600);
        content.saturating_add(content / 1024).saturating_add(keys).saturating_add(4096)
    }

    fn begin_sealed<R: RngCore + CryptoRng>(
        &mut self,
        options: &Options<'_>,
        host: bool,
        rng: &mut R,
        head: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let plan = options.plan;
        let key = recipients::make_session_key(plan.cipher, rng);
        self.output.beside(
            |out| recipients::packets(&options.recipients, &options.passwords, &plan, &key, rng, out),
            head,
        )?;
        match plan.format {
            Format::SeipdV1 => {
                let mut prefix = [0; 16];
                rng.fill_bytes(&mut prefix);
                self.output.body(
                    |out| {
                        out.push(1);
                        Ok(())
                    },
                    head,
                )?;
                self.sealer = if host {
                    let cipher = if options.engine == Engine::HostCfb { Cipher::Cfb } else { Cipher::Cbc };
                    let host = HostFeedback::new(cipher, Zeroizing::new(key.to_vec()), prefix);
                    Sealer::Host(Box::new(Host::Feedback(host)))
                } else {
                    let sealer = cfb::Sealer::new(plan.cipher, &key, &prefix)
                        .map_err(|_| SealError::Misused("this cipher is not written"))?;
                    Sealer::Feedback(Box::new(sealer))
                };
                self.session_key = Some(SessionKey::new(Some(plan.cipher), key));
            }
            Format::SeipdV2 => {
                let mut salt = [0; 32];
                rng.fill_bytes(&mut salt);
                let unsupported = |_| SealError::Misused("this cipher, mode or chunk size is not written");
                let params = aead::Params::derive(plan.cipher, plan.mode, plan.chunk, &key, &salt)
                    .map_err(unsupported)?;
                self.output.body(
                    |out| {
                        out.extend([2, u8::from(plan.cipher), u8::from(plan.mode), plan.chunk]);
                        out.extend(salt);
                        Ok(())
                    },
                    head,
                )?;
                self.sealer = if host {
                    Sealer::Host(Box::new(Host::Chunks(HostChunks::new(params))))
                } else {
                    Sealer::Chunks(Box::new(aead::Sealer::new(params).map_err(unsupported)?))
                };
                self.session_key = Some(SessionKey::new(None, key));
            }
        }
        Ok(())
    }

    /// One-pass signatures and the head of the literal packet.
    fn begin_content(&mut self, options: &Options<'_>, head: &mut Vec<u8>) -> Result<(), SealError> {
        let mut inner = Vec::new();
        for (index, draft) in self.drafts.iter().enumerate() {
            draft.one_pass(index + 1 == self.drafts.len(), &mut inner)?;
        }
        let mut literal = vec![match options.kind {
            ContentKind::Binary => b'b',
            ContentKind::Text => b'u',
        }];
        literal.extend(u8::try_from(options.filename.len()));
        literal.extend_from_slice(&options.filename);
        // No date: it would say when the content was written, and nothing needs it.
        literal.extend([0; 4]);
        let known = options.length.filter(|octets| *octets < u64::from(u32::MAX) - 512);
        self.literal = match known {
            Some(octets) => {
                let whole = usize::try_from(octets).map_err(|_| SealError::TooLarge)?;
                framing::header(framing::LITERAL, literal.len().saturating_add(whole), &mut inner)?;
                inner.extend_from_slice(&literal);
                Literal::Known(octets)
            }
            None => {
                let mut pieces = Pieces::new(framing::LITERAL);
                pieces.push(&literal, &mut inner);
                Literal::Unknown(pieces)
            }
        };
        self.inner(&inner, head)
    }

    /// Takes packets of the inside, or octets of them.
    fn inner(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        match &mut self.sealer {
            Sealer::None => self.output.body(
                |body| {
                    body.extend_from_slice(bytes);
                    Ok(())
                },
                out,
            ),
            Sealer::Feedback(sealer) => self.output.body(
                |body| {
                    sealer.push(bytes, body);
                    Ok(())
                },
                out,
            ),
            Sealer::Chunks(sealer) => self.output.body(
                |body| {
                    sealer.push(bytes, body);
                    Ok(())
                },
                out,
            ),
            Sealer::Host(host) => host.push(Input::Octets(bytes)),
            Sealer::Ended => Err(SealError::Misused("the message has ended")),
        }
    }

    /// Takes the next piece of the content. What is ready of the message is appended to `out`.
    ///
    /// # Errors
    /// `Misused` after the end, or if there is more content than announced.
    pub fn push(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        self.count(content.len() as u64)?;
        out.append(&mut self.head);
        for hasher in self.hashers.iter_mut().flatten() {
            hasher.update(content);
        }
        if self.content_outside {
            return self.outside(content.len() as u64);
        }
        match &mut self.literal {
            Literal::Known(_) => self.inner(content, out),
            Literal::Unknown(pieces) => {
                let mut framed = core::mem::take(&mut self.scratch);
                pieces.push(content, &mut framed);
                let done = self.inner(&framed, out);
                framed.clear();
                self.scratch = framed;
                done
            }
        }
    }

    /// Passes over content that the host holds and hashes.
    ///
    /// # Errors
    /// `Misused` unless both content and hashing are outside.
    pub fn skip(&mut self, octets: u64) -> Result<(), SealError> {
        if !self.content_outside || self.hashers.is_some() {
            return Err(SealError::Misused("content is passed over only if held and hashed outside"));
        }
        self.count(octets)?;
        self.outside(octets)
    }

    fn count(&mut self, octets: u64) -> Result<(), SealError> {
        if self.state != State::Content {
            return Err(SealError::Misused("the content has ended"));
        }
        if let Literal::Known(left) = &mut self.literal {
            *left = left.checked_sub(octets).ok_or(SealError::Misused("more content than announced"))?;
        }
        Ok(())
    }

    fn outside(&mut self, octets: u64) -> Result<(), SealError> {
        match &mut self.sealer {
            Sealer::Host(host) => host.push(Input::Content(octets)),
            _ => Err(SealError::Failed),
        }
    }

    /// The content has ended: what is to be signed, in the order of the signers; nothing if nobody signs.
    ///
    /// # Errors
    /// `Misused` if the content has ended before, or is shorter than announced.
    pub fn to_sign(&mut self, out: &mut Vec<u8>) -> Result<Vec<ToSign>, SealError> {
        if self.state != State::Content {
            return Err(SealError::Misused("the content has ended"));
        }
        out.append(&mut self.head);
        match &mut self.literal {
            Literal::Known(0) => {}
            Literal::Known(_) => return Err(SealError::Misused("less content than announced")),
            Literal::Unknown(pieces) => {
                let mut framed = Vec::new();
                pieces.finish(&mut framed)?;
                self.inner(&framed, out)?;
            }
        }
        self.state = State::Signatures;
        signatures::to_sign(&self.drafts, self.hashers.take())
    }

    /// Writes the signatures, the answers to [`to_sign`](Self::to_sign) in its order, and ends the message.
    /// With a host that enciphers, [`is_done`](Self::is_done) says when it has really ended.
    ///
    /// # Errors
    /// `Misused` if the answers are of other signers or the content has not ended.
    pub fn conclude(&mut self, signed: &[Signed], out: &mut Vec<u8>) -> Result<(), SealError> {
        if self.state != State::Signatures {
            return Err(SealError::Misused("signatures come once, after the content"));
        }
        if signed.len() != self.drafts.len() {
            return Err(SealError::Misused("there must be one signature of each signer"));
        }
        let mut packets = Vec::new();
        // The innermost signature stands first after the content.
        for (draft, signed) in self.drafts.iter().zip(signed).rev() {
            draft.packet(signed, &mut packets)?;
        }
        self.inner(&packets, out)?;
        self.state = State::Awaiting;
        match core::mem::replace(&mut self.sealer, Sealer::Ended) {
            Sealer::None | Sealer::Ended => {}
            Sealer::Feedback(sealer) => self.output.body(
                |body| {
                    sealer.finish(body);
                    Ok(())
                },
                out,
            )?,
            Sealer::Chunks(sealer) => self.output.body(
                |body| {
                    sealer.finish(body);
                    Ok(())
                },
                out,
            )?,
            Sealer::Host(mut host) => {
                host.finish();
                self.sealer = Sealer::Host(host);
            }
        }
        self.end(out)
    }

    /// Signs with the keys, in the order of the signers, and ends the message: [`to_sign`](Self::to_sign) and
    /// [`conclude`](Self::conclude) in one.
    ///
    /// # Errors
    /// As theirs, and `Failed` if a key refuses.
    pub fn finish(&mut self, keys: &[&dyn SigningKey], out: &mut Vec<u8>) -> Result<(), SealError> {
        let tasks = self.to_sign(out)?;
        let signed = signatures::sign_all(&tasks, keys)?;
        self.conclude(&signed, out)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), SealError> {
        let mut elsewhere = 0;
        if let Sealer::Host(host) = &self.sealer {
            if !host.done() {
                return Ok(());
            }
            if let (true, Host::Chunks(chunks)) = (self.content_outside, host.as_ref()) {
                elsewhere = usize::try_from(chunks.sealed_octets()).map_err(|_| SealError::TooLarge)?;
            }
        }
        self.sealer = Sealer::Ended;
        self.state = State::Done;
        self.output.finish(elsewhere, out)
    }

    /// Whether the whole message is out.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Which form is written, and why.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Whether the message is sealed, not signed only.
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// The key of this message, for one who may read it and nothing else. None if it is signed only.
    pub fn session_key(&self) -> Option<&SessionKey> {
        self.session_key.as_ref()
    }

    /// The key that the host enciphers with; none if it does not ([`Plan::suits_host`]) or has done.
    pub fn host_key(&self) -> Option<&[u8]> {
        match &self.sealer {
            Sealer::Host(host) => Some(host.key()),
            _ => None,
        }
    }

    /// The next piece for the host. None if there is none yet, or none left.
    pub fn take_job(&mut self) -> Option<Job> {
        match &mut self.sealer {
            Sealer::Host(host) => host.take_job(),
            _ => None,
        }
    }

    /// Takes what the host made of a job. GCM pieces may come in any order.
    ///
    /// # Errors
    /// `Misused` if no such job is out, or the result has another length.
    pub fn give(&mut self, index: u64, made: Vec<u8>, out: &mut Vec<u8>) -> Result<(), SealError> {
        out.append(&mut self.head);
        let Sealer::Host(host) = &mut self.sealer else {
            return Err(SealError::Misused("the host has no job"));
        };
        if self.content_outside {
            return Err(SealError::Misused("pieces of content outside stay there"));
        }
        self.output.body(|body| host.give(index, made, body), out)?;
        self.ended_by_host(out)
    }

    /// The host keeps what it made of a job and will put it in its place: behind what comes out here, in
    /// the order of the indices.
    ///
    /// # Errors
    /// `Misused` if no such job is out, or the content is not outside.
    pub fn kept(&mut self, index: u64, out: &mut Vec<u8>) -> Result<(), SealError> {
        let Sealer::Host(host) = &mut self.sealer else {
            return Err(SealError::Misused("the host has no job"));
        };
        if !self.content_outside {
            return Err(SealError::Misused("sealed pieces must be given back"));
        }
        host.kept(index)?;
        self.ended_by_host(out)
    }

    fn ended_by_host(&mut self, out: &mut Vec<u8>) -> Result<(), SealError> {
        if self.state == State::Awaiting { self.end(out) } else { Ok(()) }
    }
}

/// Writes a message whose content is at hand, signed by `keys` in the order of `options.signers`.
///
/// # Errors
/// As [`Writer::new`] and [`Writer::finish`].
pub fn write<R: RngCore + CryptoRng>(
    content: &[u8],
    options: &Options<'_>,
    keys: &[&dyn SigningKey],
    rng: &mut R,
    now: Millis,
) -> Result<Vec<u8>, SealError> {
    let mut out = Vec::new();
    let mut writer = Writer::new(options, rng, now)?;
    writer.push(content, &mut out)?;
    writer.finish(keys, &mut out)?;
    Ok(out)
}
