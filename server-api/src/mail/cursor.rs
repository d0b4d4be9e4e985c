//! A place in a folder's list: received time and id of the last entry shown.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::Millis;
use wire::ids::MessageId;
use wire::page::Cursor;

/// Where a page ended. Newest first, so the next page lies before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) received_at: Millis,
    pub(crate) id: MessageId,
}

impl Place {
    /// Before every message.
    pub(crate) const TOP: Self = Self { received_at: Millis::MAX, id: MessageId([0xff; 16]) };

    /// For the client.
    pub(crate) fn cursor(self) -> Cursor {
        let mut bytes = [0u8; 24];
        let (time, id) = bytes.split_at_mut(8);
        time.copy_from_slice(&self.received_at.to_be_bytes());
        id.copy_from_slice(self.id.as_bytes());
        Cursor(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// From the client; `None` if it is not a cursor of ours.
    pub(crate) fn parse(cursor: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (time, id) = bytes.split_first_chunk::<8>()?;
        Some(Self { received_at: Millis::from_be_bytes(*time), id: MessageId::try_from(id).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        let place = Place { received_at: 1_795_502_400_123, id: MessageId([9; 16]) };
        assert_eq!(Place::parse(&place.cursor().0), Some(place));
        assert_eq!(Place::parse("nonsense"), None);
        assert_eq!(Place::parse(""), None);
    }
}
