//! Sealed packets that a host deciphers: WebCrypto and node:crypto reach AES hardware that WASM does not.
//!
//! The reader hands out [`Job`]s and takes the results. What comes back is judged here: nothing is released
//! before its integrity is known, whoever deciphers.

use std::collections::{BTreeMap, VecDeque};

use super::error::ReadError;
use crate::SessionKey;
use crate::packets::Feed;
use bulk::aead::{Params, TAG};
use bulk::cfb::HostOpener;

/// What the host is asked to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// AES-GCM with a tag of 16 octets behind the chunk. Jobs are independent of each other.
    Gcm,
    /// AES-CFB with 128 bits of feedback. The results come back in order.
    Cfb,
}

/// Which of them the host has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HostCiphers {
    pub(super) gcm: bool,
    pub(super) cfb: bool,
}

/// A piece for the host to open under [`Reader::message_key`](super::Reader::message_key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its place. Give what it opens to back with it.
    pub index: u64,
    /// The nonce (GCM), or the block before (CFB).
    pub nonce: Vec<u8>,
    /// The associated data (GCM).
    pub associated: Vec<u8>,
    /// The sealed octets, with GCM a chunk and its tag. The last job of GCM is a tag alone, and opens to nothing.
    pub sealed: Vec<u8>,
}

/// Chunks that a host opens.
pub(super) struct HostChunks {
    params: Params,
    kept: Vec<u8>,
    jobs: VecDeque<Job>,
    /// Chunks made into jobs, and what they open to.
    made: u64,
    content: u64,
    /// Chunks released.
    released: u64,
    opened: BTreeMap<u64, Vec<u8>>,
    ended: bool,
}

impl HostChunks {
    pub(super) fn new(params: Params) -> Self {
        Self {
            params,
            kept: Vec::new(),
            jobs: VecDeque::new(),
            made: 0,
            content: 0,
            released: 0,
            opened: BTreeMap::new(),
            ended: false,
        }
    }

    pub(super) fn push(&mut self, sealed: &[u8]) {
        self.kept.extend_from_slice(sealed);
        let chunk = self.params.chunk_bytes() + TAG;
        // What follows a whole chunk is at least the final tag.
        while self.kept.len() >= chunk + TAG {
            let rest = self.kept.split_off(chunk);
            let sealed = core::mem::replace(&mut self.kept, rest);
            self.add(sealed);
        }
    }

    fn add(&mut self, sealed: Vec<u8>) {
        let index = self.made;
        self.made += 1;
        self.content += u64::try_from(sealed.len().saturating_sub(TAG)).unwrap_or(u64::MAX);
        self.jobs.push_back(Job {
            index,
            nonce: self.params.nonce(index),
            associated: self.params.associated(index),
            sealed,
        });
    }

    /// Takes the end of the packet.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        if self.ended {
            return Ok(());
        }
        let last = self.kept.len().checked_sub(TAG).ok_or(ReadError::Tampered)?;
        let tag = self.kept.split_off(last);
        let sealed = core::mem::take(&mut self.kept);
        if !sealed.is_empty() {
            if sealed.len() < TAG {
                return Err(ReadError::Tampered);
            }
            self.add(sealed);
        }
        self.jobs.push_back(Job {
            index: self.made,
            nonce: self.params.nonce(self.made),
            associated: self.params.final_associated(self.content),
            sealed: tag,
        });
        self.ended = true;
        Ok(())
    }

    /// Takes an opened chunk.
    fn give(&mut self, index: u64, opened: Vec<u8>) -> Result<(), ReadError> {
        let known = index < self.made || self.ended && index == self.made;
        if !known || index < self.released || self.opened.contains_key(&index) {
            return Err(ReadError::Malformed("a chunk that was not asked for"));
        }
        self.opened.insert(index, opened);
        Ok(())
    }

    /// Moves chunks on that are next in line; whether all are through.
    pub(super) fn release(&mut self, out: &mut Feed) -> Result<bool, ReadError> {
        while let Some(opened) = self.opened.remove(&self.released) {
            if self.ended && self.released == self.made && !opened.is_empty() {
                return Err(ReadError::Tampered);
            }
            self.released += 1;
            out.push(opened);
        }
        Ok(self.ended && self.released > self.made)
    }
}

/// A SEIPDv1 packet that a host deciphers. Nothing of it is released before its end.
pub(super) struct HostFeedback {
    opener: HostOpener,
    held: Feed,
    most: u64,
    jobs: VecDeque<Job>,
    made: u64,
    /// Octets of the jobs whose results are awaited.
    asked: VecDeque<usize>,
    given: u64,
    ended: bool,
}

impl HostFeedback {
    /// `most` octets may be held back.
    pub(super) fn new(key: &SessionKey, most: u64) -> Self {
        Self {
            opener: HostOpener::new(key.bytes()),
            held: Feed::new(),
            most,
            jobs: VecDeque::new(),
            made: 0,
            asked: VecDeque::new(),
            given: 0,
            ended: false,
        }
    }

    pub(super) fn push(&mut self, sealed: &[u8]) {
        let mut sealed = sealed;
        while let Some((before, stretch)) = self.opener.push(sealed, self.ended) {
            self.asked.push_back(stretch.len());
            self.jobs.push_back(Job {
                index: self.made,
                nonce: before.to_vec(),
                associated: Vec::new(),
                sealed: stretch,
            });
            self.made += 1;
            sealed = &[];
        }
    }

    /// Takes the end of the packet; what it held, once all is through.
    pub(super) fn finish(&mut self) -> Result<Option<Feed>, ReadError> {
        self.ended = true;
        self.push(&[]);
        if !self.asked.is_empty() {
            return Ok(None);
        }
        core::mem::replace(&mut self.opener, HostOpener::new(&[])).finish()?;
        Ok(Some(core::mem::take(&mut self.held)))
    }

    fn give(&mut self, index: u64, opened: &[u8]) -> Result<(), ReadError> {
        if index != self.given || self.asked.pop_front() != Some(opened.len()) {
            return Err(ReadError::Malformed("a piece that was not asked for"));
        }
        self.given += 1;
        let mut piece = Vec::new();
        self.opener.give(opened, &mut piece);
        self.held.push(piece);
        if u64::try_from(self.held.len()).unwrap_or(u64::MAX) > self.most {
            return Err(ReadError::TooLarge("too much to hold back until its integrity is known"));
        }
        Ok(())
    }
}

/// What a host works on.
pub(super) enum Host<'a> {
    Chunks(&'a mut HostChunks),
    Feedback(&'a mut HostFeedback),
}

impl<'a> Host<'a> {
    pub(super) fn cipher(&self) -> Cipher {
        match self {
            Self::Chunks(_) => Cipher::Gcm,
            Self::Feedback(_) => Cipher::Cfb,
        }
    }

    pub(super) fn key(self) -> &'a [u8] {
        match self {
            Self::Chunks(chunks) => chunks.params.message_key(),
            Self::Feedback(feedback) => feedback.opener.key(),
        }
    }

    pub(super) fn take_job(self) -> Option<Job> {
        match self {
            Self::Chunks(chunks) => chunks.jobs.pop_front(),
            Self::Feedback(feedback) => feedback.jobs.pop_front(),
        }
    }

    pub(super) fn give(self, index: u64, opened: Vec<u8>) -> Result<(), ReadError> {
        match self {
            Self::Chunks(chunks) => chunks.give(index, opened),
            Self::Feedback(feedback) => feedback.give(index, &opened),
        }
    }
}
