//! Packets, and those that hold session keys.

use seal::packets::{Feed, FrameError, Framer, Step};
use seal::reading::{Effort, Pkesk, Skesk};

use crate::fixture::{KEYS, PASSWORD};

/// Packet types and their bodies, and how it ended.
type Framed = (Vec<(u8, Vec<u8>)>, Result<(), FrameError>);

fn framed(bytes: &[u8], step: usize) -> Framed {
    let mut feed = Feed::new();
    let mut framer = Framer::new();
    let mut pieces = bytes.chunks(step.max(1));
    let mut packets: Vec<(u8, Vec<u8>)> = Vec::new();
    loop {
        match framer.step(&mut feed) {
            Ok(Step::Starved) => match pieces.next() {
                Some(piece) => feed.push(piece.to_vec()),
                None => feed.end(),
            },
            Ok(Step::Over) => return (packets, Ok(())),
            Ok(Step::Begin { tag, .. }) => packets.push((tag, Vec::new())),
            Ok(Step::Body(most)) => {
                // Less than there is, now and then.
                let count = most.min(1 + bytes.len() % 7 * 31);
                let (_, body) = packets.last_mut().expect("a body has a packet");
                body.extend_from_slice(&feed.front()[..count]);
                feed.advance(count);
                framer.used(count);
            }
            Ok(Step::End) => {}
            Err(error) => return (packets, Err(error)),
        }
    }
}

/// Packet framing: pieces of any size give the same packets, and no packet holds more than came in. And the
/// bodies of session key packets.
pub fn packets(bytes: &[u8]) {
    session_keys(bytes);
    let (whole, end) = framed(bytes, bytes.len());
    let (pieces, other) = framed(bytes, 1 + bytes.len() % 5);
    assert_eq!(end, other, "pieces end differently");
    let held: usize = whole.iter().map(|(_, body)| body.len()).sum();
    assert!(held <= bytes.len(), "packets of more than came in");
    if end.is_ok() {
        assert_eq!(whole, pieces, "pieces give other packets");
    }
}

fn session_keys(bytes: &[u8]) {
    if let Some(packet) = Pkesk::parse(bytes) {
        let _ = packet.recipient();
        for key in KEYS.iter() {
            let _ = key.as_cert().session_key(packet.packet());
        }
    }
    if let Some(packet) = Skesk::parse(bytes) {
        let _ = packet.session_key(PASSWORD, &mut Effort::within(1 << 17, 1 << 7));
    }
}
