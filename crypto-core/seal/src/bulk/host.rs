//! SEIPDv1 by a host's AES-CBC, for hosts that do CBC fast and CFB not at all (WebCrypto).
//!
//! CFB wants E(C(i-1)) as the keystream of block i; CBC gives O(i) = E(I(i) ^ O(i-1)). With the *content* of the
//! block before as input, I(i) = P(i-1), and O(i-1) being the keystream of that block, I(i) ^ O(i-1) is just
//! C(i-1): the output of CBC is the keystream of CFB. The host encrypts in pieces, one after the other, and
//! the hash runs here meanwhile.

use std::collections::VecDeque;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::cfb::{MDC_HEADER, prefix_octets};
use super::mode::{mix, mix_part};
use super::{Block, Tampered};

/// A piece for the host: AES-CBC over `input` under the session key.
#[derive(Debug)]
pub struct CbcJob {
    /// The initialisation vector.
    pub iv: Block,
    /// What to encrypt, a multiple of 16 octets.
    pub input: Zeroizing<Vec<u8>>,
}

/// Seals a message with the help of a host.
pub struct HostSealer {
    hash: Sha1,
    /// Content that no host has worked on, from the first block without keystream on.
    waiting: VecDeque<u8>,
    /// The content of the piece the host is at.
    given: Zeroizing<Vec<u8>>,
    /// Content of the block before the piece, and its keystream.
    before: Block,
    stream: Block,
    busy: bool,
    ended: bool,
}

impl HostSealer {
    /// Begins a message with 16 random octets.
    pub fn new(random: &Block) -> HostSealer {
        // E(0) is the first keystream: input and initialisation vector are zero.
        let mut sealer = HostSealer {
            hash: Sha1::new(),
            waiting: VecDeque::new(),
            given: Zeroizing::default(),
            before: [0; 16],
            stream: [0; 16],
            busy: false,
            ended: false,
        };
        sealer.push(&prefix_octets(random));
        sealer
    }

    /// Takes content.
    pub fn push(&mut self, content: &[u8]) {
        self.hash.update(content);
        self.waiting.extend(content);
    }

    /// Takes the end of the content: the modification detection code follows.
    pub fn end(&mut self) {
        if !self.ended {
            self.push(&MDC_HEADER);
            let digest = core::mem::take(&mut self.hash).finalize();
            self.waiting.extend(digest);
            self.ended = true;
        }
    }

    /// Octets that wait for the host.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next piece, of at most `most` octets; `None` while the host is at one, or there is no whole block,
    /// or all is done. Before the end, only whole blocks go out.
    pub fn take_job(&mut self, most: usize) -> Option<CbcJob> {
        let whole = self.waiting.len().min(most.max(16)) / 16 * 16;
        let take = if self.ended && self.waiting.len() <= most.max(16) { self.waiting.len() } else { whole };
        if self.busy || take == 0 {
            return None;
        }
        self.given = Zeroizing::new(self.waiting.drain(..take).collect());
        let blocks = take.div_ceil(16);
        let mut input = Zeroizing::new(Vec::with_capacity(16 * blocks));
        input.extend_from_slice(&self.before);
        input.extend_from_slice(self.given.get(..16 * (blocks - 1)).unwrap_or_default());
        self.busy = true;
        Some(CbcJob { iv: self.stream, input })
    }

    /// Takes what the host made of the piece (padding that it may have added is ignored) and appends the sealed
    /// octets to `out`.
    ///
    /// # Errors
    /// When it is too short to be that.
    pub fn give(&mut self, output: &[u8], out: &mut Vec<u8>) -> Result<(), Tampered> {
        let needed = self.given.len().div_ceil(16);
        let (stream, _) = output.as_chunks::<16>();
        let stream = stream.get(..needed).ok_or(Tampered)?;
        if !self.busy {
            return Err(Tampered);
        }
        self.busy = false;
        let (blocks, tail) = self.given.as_chunks::<16>();
        self.before = blocks.last().copied().unwrap_or(self.before);
        self.stream = stream.last().copied().unwrap_or(self.stream);
        let start = out.len();
        out.extend_from_slice(self.given.as_slice());
        let fresh = out.get_mut(start..).unwrap_or_default();
        let (sealed, sealed_tail) = fresh.as_chunks_mut::<16>();
        sealed.iter_mut().zip(stream).for_each(|(block, stream)| mix(block, stream));
        if !tail.is_empty() {
            mix_part(sealed_tail, &self.stream);
        }
        self.given = Zeroizing::default();
        Ok(())
    }

    /// Whether everything has been sealed.
    pub fn is_done(&self) -> bool {
        self.ended && !self.busy && self.waiting.is_empty()
    }
}

impl Drop for HostSealer {
    fn drop(&mut self) {
        self.waiting.iter_mut().for_each(|octet| *octet = 0);
    }
}

impl core::fmt::Debug for HostSealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HostSealer").field("waiting", &self.waiting.len()).finish()
    }
}
