//! Attachments of the messages opened last, so that saving one needs no second opening.

use std::collections::VecDeque;
use wire::ids::MessageId;
use zeroize::Zeroizing;

/// The most bytes kept, the newest message excepted: it is always whole.
const MAX_BYTES: usize = 64 << 20;

#[derive(Default)]
pub(super) struct Opened {
    messages: VecDeque<(MessageId, Vec<Zeroizing<Vec<u8>>>)>,
    bytes: usize,
}

impl core::fmt::Debug for Opened {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Opened({} messages)", self.messages.len())
    }
}

fn size(attachments: &[Zeroizing<Vec<u8>>]) -> usize {
    attachments.iter().map(|bytes| bytes.len()).sum()
}

impl Opened {
    pub(super) fn keep(&mut self, id: MessageId, attachments: Vec<Vec<u8>>) {
        if let Some(at) = self.messages.iter().position(|(kept, _)| *kept == id)
            && let Some((_, old)) = self.messages.remove(at)
        {
            self.bytes = self.bytes.saturating_sub(size(&old));
        }
        let attachments: Vec<_> = attachments.into_iter().map(Zeroizing::new).collect();
        self.bytes = self.bytes.saturating_add(size(&attachments));
        self.messages.push_back((id, attachments));
        while self.bytes > MAX_BYTES && self.messages.len() > 1 {
            if let Some((_, old)) = self.messages.pop_front() {
                self.bytes = self.bytes.saturating_sub(size(&old));
            }
        }
    }

    pub(super) fn attachment(&self, id: MessageId, index: u32) -> Option<&[u8]> {
        let (_, attachments) = self.messages.iter().find(|(kept, _)| *kept == id)?;
        attachments.get(usize::try_from(index).ok()?).map(|bytes| bytes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_the_newest_stays() {
        let mut opened = Opened::default();
        let id = |n| MessageId([n; 16]);
        opened.keep(id(1), vec![vec![1; 40 << 20]]);
        opened.keep(id(2), vec![vec![2; 30 << 20], vec![]]);
        assert!(opened.attachment(id(1), 0).is_none());
        assert_eq!(opened.attachment(id(2), 1), Some(&[][..]));
        assert!(opened.attachment(id(2), 2).is_none());
        opened.keep(id(3), vec![vec![3; 70 << 20]]);
        assert_eq!(opened.attachment(id(3), 0).map(<[u8]>::len), Some(70 << 20));
        opened.keep(id(3), vec![]);
        assert_eq!(opened.bytes, 0);
    }
}
