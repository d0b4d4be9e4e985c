//! The content of a message as it comes in: in memory, wiped when dropped, bounded for one message and over
//! all connections together.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// The unit of the memory all connections share, in bytes.
pub(super) const UNIT: usize = 64 * 1024;
/// Sealing needs the message a second time, and its sealed form.
const COPIES: usize = 3;

/// Why a body was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spilled {
    /// Larger than a message may be.
    TooLarge,
    /// All connections together hold as much as the server has room for.
    NoMemory,
}

/// A message coming in.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Zeroizing<Vec<u8>>,
    most: usize,
    memory: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    spilled: Option<Spilled>,
}

impl Body {
    /// An empty one. `memory` has a permit for each [`UNIT`] of all connections.
    pub(super) fn new(most: usize, memory: Arc<Semaphore>) -> Self {
        Self { bytes: Zeroizing::default(), most, memory, taken: None, spilled: None }
    }

    /// Adds bytes, or forgets all once there are too many.
    pub(super) fn push(&mut self, more: &[u8]) {
        if self.spilled.is_some() {
            return;
        }
        let length = self.bytes.len() + more.len();
        if length > self.most {
            self.spill(Spilled::TooLarge);
        } else if length <= self.bytes.capacity() || self.grow(length) {
            self.bytes.extend_from_slice(more);
        } else {
            self.spill(Spilled::NoMemory);
        }
    }

    /// Makes room for `length` bytes. What was in the smaller place is wiped.
    fn grow(&mut self, length: usize) -> bool {
        let room = length.max(self.bytes.capacity() * 2).max(UNIT).min(self.most.max(length));
        let units = (room * COPIES).div_ceil(UNIT);
        let more = units.saturating_sub(self.taken.as_ref().map_or(0, |taken| taken.num_permits()));
        let Ok(more) = u32::try_from(more) else { return false };
        let Ok(permit) = self.memory.clone().try_acquire_many_owned(more) else { return false };
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(&self.bytes);
        self.bytes = larger;
        true
    }

    fn spill(&mut self, why: Spilled) {
        self.spilled = Some(why);
        self.bytes = Zeroizing::default();
        self.taken = None;
    }

    /// Whether something was not kept, and why.
    pub(super) fn spilled(&self) -> Option<Spilled> {
        self.spilled
    }

    /// What came in.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
