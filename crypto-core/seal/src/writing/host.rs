//! Ciphers run by a host: WebCrypto and node:crypto have AES hardware that WASM cannot reach.
//!
//! The writer hands out [`Job`]s instead of enciphering, and takes the results. The bytes are the same
//! whoever enciphers.

use core::fmt;
use core::ops::Range;
use std::collections::{BTreeMap, VecDeque};

use zeroize::Zeroizing;

use crate::SealError;
use bulk::aead::Params;
use bulk::cfb;

/// Octets handed out at once in SEIPDv1, where each job needs the end of the one before.
const CFB_PIECE: usize = 1 << 20;
const BLOCK: usize = 16;
const TAG: u64 = 16;

/// Who enciphers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// This program.
    #[default]
    Portable,
    /// The host, where it can ([`Plan::suits_host`](super::Plan::suits_host)); SEIPDv1 through AES-CBC, the
    /// only feedback mode of WebCrypto.
    HostCbc,
    /// The host, where it can; SEIPDv1 through AES-CFB with 128 bits of feedback, as node:crypto has it.
    HostCfb,
}

/// What the host is asked to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// AES-GCM with a tag of 16 octets, appended. Jobs are independent of each other.
    Gcm,
    /// AES-CBC. Padding that the host appends is passed over.
    Cbc,
    /// AES-CFB128; as many octets as went in.
    Cfb,
}

/// Plaintext of a job.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// These octets.
    Octets(Vec<u8>),
    /// This range of the content, which the host holds.
    Content(Range<u64>),
}

/// Shows lengths only.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octets(octets) => write!(f, "Octets({})", octets.len()),
            Self::Content(range) => write!(f, "Content({range:?})"),
        }
    }
}

impl Part {
    fn octets(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::Content(range) => range.end.saturating_sub(range.start),
        }
    }
}

/// A piece of plaintext to encipher with [`Writer::host_key`](super::Writer::host_key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which piece: 0, 1, 2 …
    pub index: u64,
    /// How.
    pub cipher: Cipher,
    /// The nonce (GCM, 12 octets) or starting vector (16).
    pub nonce: Vec<u8>,
    /// The associated data (GCM).
    pub associated: Vec<u8>,
    /// The plaintext, one part after the other; nothing in the job of the final tag.
    pub parts: Vec<Part>,
}

impl Job {
    /// The plaintext in one piece, if the host does not hold the content.
    pub fn into_octets(self) -> Vec<u8> {
        let mut parts = self.parts.into_iter().filter_map(|part| match part {
            Part::Octets(octets) => Some(octets),
            Part::Content(_) => None,
        });
        let mut first = parts.next().unwrap_or_default();
        parts.for_each(|octets| first.extend_from_slice(&octets));
        first
    }
}

/// What comes in: octets, or a stretch of content that the host holds.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a> {
    Octets(&'a [u8]),
    Content(u64),
}

/// SEIPDv2 chunks.
pub(crate) struct HostChunks {
    params: Params,
    chunk: Vec<Part>,
    filled: u64,
    total: u64,
    content_at: u64,
    next: u64,
    jobs: VecDeque<Job>,
    /// Octets that the result of each piece must have.
    asked: BTreeMap<u64, u64>,
    arrived: BTreeMap<u64, Vec<u8>>,
    written: u64,
    ended: bool,
}

impl HostChunks {
    pub(crate) fn new(params: Params) -> Self {
        Self {
            params,
            chunk: Vec::new(),
            filled: 0,
            total: 0,
            content_at: 0,
            next: 0,
            jobs: VecDeque::new(),
            asked: BTreeMap::new(),
            arrived: BTreeMap::new(),
            written: 0,
            ended: false,
        }
    }

    fn job(&mut self, associated: Vec<u8>) {
        let parts = core::mem::take(&mut self.chunk);
        let octets: u64 = parts.iter().map(Part::octets).sum();
        self.asked.insert(self.next, octets.saturating_add(TAG));
        self.jobs.push_back(Job {
            index: self.next,
            cipher: Cipher::Gcm,
            nonce: self.params.nonce(self.next),
            associated,
            parts,
        });
        self.next += 1;
        self.filled = 0;
    }

    pub(crate) fn push(&mut self, mut input: Input<'_>) {
        let size = self.params.chunk_bytes() as u64;
        loop {
            let room = size.saturating_sub(self.filled);
            let taken = match input {
                Input::Octets(octets) => {
                    let room = usize::try_from(room).unwrap_or(usize::MAX);
                    let (now, later) = octets.split_at(octets.len().min(room));
                    input = Input::Octets(later);
                    if let Some(Part::Octets(open)) = self.chunk.last_mut() {
                        open.extend_from_slice(now);
                    } else if !now.is_empty() {
                        let mut open = Vec::with_capacity(usize::try_from(size).unwrap_or(0).min(
                            // Short texts need no chunk's worth of memory.
                            octets.len().saturating_add(1024),
                        ));
                        open.extend_from_slice(now);
                        self.chunk.push(Part::Octets(open));
                    }
                    now.len() as u64
                }
                Input::Content(octets) => {
                    let now = octets.min(room);
                    input = Input::Content(octets - now);
                    let from = self.content_at;
                    self.content_at = from.saturating_add(now);
                    match self.chunk.last_mut() {
                        Some(Part::Content(open)) => open.end = self.content_at,
                        _ if now > 0 => self.chunk.push(Part::Content(from..self.content_at)),
                        _ => {}
                    }
                    now
                }
            };
            self.filled += taken;
            self.total = self.total.saturating_add(taken);
            if self.filled == size && size > 0 {
                let associated = self.params.associated(self.next);
                self.job(associated);
            }
            if taken == 0 {
                return;
            }
        }
    }

    pub(crate) fn finish(&mut self) {
        if self.filled > 0 {
            let associated = self.params.associated(self.next);
            self.job(associated);
        }
        let associated = self.params.final_associated(self.total);
        self.job(associated);
        self.ended = true;
    }

    /// Octets of everything sealed, tags included.
    pub(crate) fn sealed_octets(&self) -> u64 {
        self.params.sealed_length(self.total)
    }

    fn give(&mut self, index: u64, sealed: Vec<u8>, out: &mut Vec<u8>) -> Result<(), SealError> {
        if self.asked.remove(&index) != Some(sealed.len() as u64) {
            return Err(SealError::Misused("this is not the sealed piece that was asked for"));
        }
        self.arrived.insert(index, sealed);
        while let Some(sealed) = self.arrived.remove(&self.written) {
            out.extend_from_slice(&sealed);
            self.written += 1;
        }
        Ok(())
    }

    fn kept(&mut self, index: u64) -> Result<(), SealError> {
        match self.asked.remove(&index) {
            Some(_) => {
                self.written += 1;
                Ok(())
            }
            None => Err(SealError::Misused("this is not a piece that was asked for")),
        }
    }

    fn done(&self) -> bool {
        self.ended && self.asked.is_empty()
    }
}

/// SEIPDv1: CFB by a host, one piece after the other, and the modification detection code by us.
///
/// CFB from CBC: with D(i) = E(C(i)) and C(i) = P(i) xor D(i-1), D(i) = E(P(i) xor D(i-1)), which is what CBC
/// computes. So the host's CBC of the plaintext, moved on by a block, is the key stream.
pub(crate) struct HostFeedback {
    cipher: Cipher,
    key: Zeroizing<Vec<u8>>,
    mdc: cfb::Mdc,
    pending: Vec<u8>,
    /// The last block of the cipher's output: the next starting vector.
    chain: [u8; BLOCK],
    next: u64,
    job: Option<Job>,
    /// The plaintext of the piece the host has.
    out_there: Option<Vec<u8>>,
    ended: bool,
}

impl HostFeedback {
    /// `prefix` is 16 random octets; the last two are repeated after it, as the format wants it.
    pub(crate) fn new(cipher: Cipher, key: Zeroizing<Vec<u8>>, prefix: [u8; BLOCK]) -> Self {
        let mut this = Self {
            cipher,
            key,
            mdc: cfb::Mdc::default(),
            pending: Vec::new(),
            chain: [0; BLOCK],
            next: 0,
            job: None,
            out_there: None,
            ended: false,
        };
        let [.., last_but_one, last] = prefix;
        this.push(&prefix);
        this.push(&[last_but_one, last]);
        this
    }

    pub(crate) fn push(&mut self, plain: &[u8]) {
        self.mdc.update(plain);
        self.pending.extend_from_slice(plain);
        self.offer();
    }

    pub(crate) fn finish(&mut self) {
        let packet = self.mdc.packet();
        self.pending.extend_from_slice(&packet);
        self.ended = true;
        self.offer();
    }

    fn offer(&mut self) {
        if self.out_there.is_some()
            || (self.pending.len() < CFB_PIECE && !self.ended)
            || self.pending.is_empty()
        {
            return;
        }
        let later = self.pending.split_off(self.pending.len().min(CFB_PIECE));
        let plain = core::mem::replace(&mut self.pending, later);
        let octets = if self.cipher == Cipher::Cbc && self.next == 0 {
            // The block of zeros before the text makes the host compute E(0), the first key stream block.
            let mut octets = vec![0; BLOCK];
            octets.extend_from_slice(&plain);
            octets
        } else {
            plain.clone()
        };
        self.job = Some(Job {
            index: self.next,
            cipher: self.cipher,
            nonce: self.chain.to_vec(),
            associated: Vec::new(),
            parts: vec![Part::Octets(octets)],
        });
        self.out_there = Some(plain);
    }

    fn give(&mut self, index: u64, mut made: Vec<u8>, out: &mut Vec<u8>) -> Result<(), SealError> {
        let misused = SealError::Misused("this is not the enciphered piece that was asked for");
        if index != self.next {
            return Err(misused);
        }
        let Some(mut plain) = self.out_there.take() else { return Err(misused) };
        let last_at = |octets: usize| (octets / BLOCK).checked_sub(1).map(|block| block * BLOCK);
        let block_at = |made: &[u8], at: usize| made.get(at..).and_then(|rest| rest.first_chunk().copied());
        if self.cipher == Cipher::Cfb {
            if made.len() != plain.len() {
                return Err(misused);
            }
            if let Some(chain) = last_at(made.len()).and_then(|at| block_at(&made, at)) {
                self.chain = chain;
            }
            out.extend_from_slice(&made);
        } else {
            let leading = if index == 0 { BLOCK } else { 0 };
            let whole = plain.len() / BLOCK * BLOCK;
            if made.len() < leading + whole {
                return Err(misused);
            }
            let first = if index == 0 { block_at(&made, 0).ok_or(misused)? } else { self.chain };
            if let Some(chain) = last_at(leading + whole).and_then(|at| block_at(&made, at)) {
                self.chain = chain;
            }
            // The key stream: the block before, then the host's blocks.
            let stream = made.split_off(leading);
            let first_block = plain.len().min(BLOCK);
            let (head, rest) = plain.split_at_mut(first_block);
            cfb::mix(head, &first);
            cfb::mix(rest, &stream);
            out.extend_from_slice(&plain);
        }
        self.next += 1;
        self.offer();
        Ok(())
    }

    fn done(&self) -> bool {
        self.ended && self.out_there.is_none() && self.pending.is_empty()
    }
}

/// What a host enciphers.
pub(crate) enum Host {
    Chunks(HostChunks),
    Feedback(HostFeedback),
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunks(_) => "Host::Chunks",
            Self::Feedback(_) => "Host::Feedback",
        })
    }
}

impl Host {
    pub(crate) fn push(&mut self, input: Input<'_>) -> Result<(), SealError> {
        match (self, input) {
            (Self::Chunks(chunks), input) => chunks.push(input),
            (Self::Feedback(feedback), Input::Octets(octets)) => feedback.push(octets),
            (Self::Feedback(_), Input::Content(_)) => {
                return Err(SealError::Misused("SEIPDv1 is hashed here, so its content must be pushed"));
            }
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self) {
        match self {
            Self::Chunks(chunks) => chunks.finish(),
            Self::Feedback(feedback) => feedback.finish(),
        }
    }

    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Self::Chunks(chunks) => chunks.params.message_key(),
            Self::Feedback(feedback) => &feedback.key,
        }
    }

    pub(crate) fn take_job(&mut self) -> Option<Job> {
        match self {
            Self::Chunks(chunks) => chunks.jobs.pop_front(),
            Self::Feedback(feedback) => feedback.job.take(),
        }
    }

    pub(crate) fn give(&mut self, index: u64, made: Vec<u8>, out: &mut Vec<u8>) -> Result<(), SealError> {
        match self {
            Self::Chunks(chunks) => chunks.give(index, made, out),
            Self::Feedback(feedback) => feedback.give(index, made, out),
        }
    }

    /// The host keeps the sealed piece and puts it in its place itself.
    pub(crate) fn kept(&mut self, index: u64) -> Result<(), SealError> {
        match self {
            Self::Chunks(chunks) => chunks.kept(index),
            Self::Feedback(_) => Err(SealError::Misused("SEIPDv1 pieces must be given back")),
        }
    }

    pub(crate) fn done(&self) -> bool {
        match self {
            Self::Chunks(chunks) => chunks.done(),
            Self::Feedback(feedback) => feedback.done(),
        }
    }
}
