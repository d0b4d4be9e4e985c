//! The layers of a message: packets inside sealed or compressed packets inside packets. They stand in a list,
//! the innermost last, and are worked off from there, so that no nesting makes anything recurse and no layer
//! unpacks more than the next one has used up.

use super::compressed::Unpacker;
use super::error::ReadError;
use super::host::{Host, HostCiphers};
use super::limits::Limits;
use super::literal::LiteralHeader;
use super::sealed::{Header, Opening, SealedAs};
use super::session::{Pkesk, Skesk};
use super::signed::Signatures;
use super::{Finished, Locked};
use crate::packets::{Feed, Framer, Step, tag};
use crate::{SessionKey, profile};

/// Octets of a sealed packet that are opened in one step.
const STEP: usize = 256 * 1024;
/// Content that may wait to be taken.
const HIGH_WATER: usize = 1024 * 1024;

/// Where in the grammar a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before its message.
    Before,
    /// Session key packets were seen.
    SessionKeys,
    /// After its message; only the signatures that were announced follow.
    After,
}

/// What is done with the current packet.
#[derive(Debug)]
enum Packet {
    None,
    /// Its body is passed over.
    Ignored,
    /// Its body is collected.
    Collected {
        tag: u8,
        body: Vec<u8>,
    },
    /// The header of literal data is collected.
    Header {
        octets: Vec<u8>,
    },
    /// Content.
    Literal,
    /// What stands before sealed bytes is collected.
    Sealed {
        tag: u8,
        octets: Vec<u8>,
    },
    /// A sealed packet waits for its key.
    Locked(Header),
    Opening(Box<Opening>, SealedAs),
    Compressed(Box<Unpacker>),
}

#[derive(Debug)]
struct Layer {
    feed: Feed,
    framer: Framer,
    stage: Stage,
    /// One-pass signatures of this layer whose signature has not come.
    open: usize,
    packet: Packet,
    /// The packet's body is over, and its machine has not handed all over yet.
    draining: bool,
}

impl Layer {
    fn new() -> Self {
        Self {
            feed: Feed::new(),
            framer: Framer::new(),
            stage: Stage::Before,
            open: 0,
            packet: Packet::None,
            draining: false,
        }
    }
}

/// What one step did.
enum Did {
    Something,
    /// It needs more from the layer around it.
    Starved,
    /// The layer is over; nothing is left in it.
    Over,
    /// A new layer begins inside it.
    Nested,
}

#[derive(Debug)]
pub(super) struct Layers {
    limits: Limits,
    layers: Vec<Layer>,
    pkesks: Vec<Pkesk>,
    skesks: Vec<Skesk>,
    session_key_packets: usize,
    signatures: Signatures,
    sealed: Option<SealedAs>,
    session_key: Option<SessionKey>,
    compressed: bool,
    total: u64,
    over: bool,
    pub(super) host: HostCiphers,
    pub(super) literal: Option<LiteralHeader>,
    pub(super) content: Vec<u8>,
}

impl Layers {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            signatures: Signatures::new(limits.signatures),
            limits,
            layers: vec![Layer::new()],
            pkesks: Vec::new(),
            skesks: Vec::new(),
            session_key_packets: 0,
            sealed: None,
            session_key: None,
            compressed: false,
            total: 0,
            over: false,
            host: HostCiphers::default(),
            literal: None,
            content: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, bytes: Vec<u8>) {
        if let Some(outer) = self.layers.first_mut() {
            outer.feed.push(bytes);
        }
    }

    pub(super) fn end_input(&mut self) {
        if let Some(outer) = self.layers.first_mut() {
            outer.feed.end();
        }
    }

    pub(super) fn locked(&self) -> Option<Locked<'_>> {
        match self.layers.last().map(|layer| &layer.packet) {
            Some(Packet::Locked(header)) => {
                Some(Locked { sealed: header.sealed_as(), pkesks: &self.pkesks, skesks: &self.skesks })
            }
            _ => None,
        }
    }

    pub(super) fn unlock(&mut self, keys: Vec<SessionKey>, guessed: bool) -> Result<(), ReadError> {
        let Some(layer) = self.layers.last_mut() else { return Err(ReadError::NoKey) };
        let Packet::Locked(header) = &layer.packet else {
            return Err(ReadError::Malformed("the message does not wait for a key"));
        };
        let sealed = header.sealed_as();
        let opening = Opening::new(header, keys, guessed, self.host, &self.limits)?;
        // What is sealed inside has session key packets of its own.
        self.pkesks.clear();
        self.skesks.clear();
        layer.packet = Packet::Opening(Box::new(opening), sealed);
        self.layers.push(Layer::new());
        Ok(())
    }

    pub(super) fn host(&mut self) -> Option<Host<'_>> {
        self.layers.iter_mut().find_map(|layer| match &mut layer.packet {
            Packet::Opening(opening, _) => opening.host(),
            _ => None,
        })
    }

    /// Works until bytes, a key or a host's chunks are missing, or enough content waits (unless `all`).
    pub(super) fn run(&mut self, all: bool) -> Result<(), ReadError> {
        let mut depth = self.layers.len();
        while let Some(at) = depth.checked_sub(1) {
            if !all && self.content.len() >= HIGH_WATER {
                return Ok(());
            }
            match self.step(at)? {
                Did::Something => depth = self.layers.len(),
                Did::Nested => {
                    if self.layers.len() >= self.limits.layers {
                        return Err(ReadError::TooLarge("it is nested too deeply"));
                    }
                    self.layers.push(Layer::new());
                    depth = self.layers.len();
                }
                Did::Starved => depth = at,
                Did::Over if at == 0 => {
                    self.over = true;
                    return Ok(());
                }
                Did::Over => {
                    self.layers.truncate(at);
                    depth = self.layers.len();
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Finished, ReadError> {
        if !self.over {
            return Err(if self.locked().is_some() { ReadError::NoKey } else { ReadError::Tampered });
        }
        let literal = self.literal.ok_or(ReadError::Malformed("it has no content"))?;
        let (claims, unsupported_signatures) = self.signatures.claims();
        Ok(Finished {
            claims,
            unsupported_signatures,
            literal,
            sealed: self.sealed,
            session_key: self.session_key,
            compressed: self.compressed,
            rest: self.content,
        })
    }

    /// One step of the layer at this depth.
    fn step(&mut self, at: usize) -> Result<Did, ReadError> {
        let Some((layer, after)) = self.layers.get_mut(at..).and_then(<[Layer]>::split_first_mut) else {
            return Ok(Did::Starved);
        };
        if layer.draining {
            return match after.first_mut() {
                Some(inner) => drain(layer, inner, &mut self.sealed, &mut self.session_key),
                // The layer inside is over, and so is the packet.
                None => {
                    layer.draining = false;
                    layer.packet = Packet::None;
                    layer.stage = Stage::After;
                    Ok(Did::Something)
                }
            };
        }
        if let Packet::Locked(_) = layer.packet {
            return Ok(Did::Starved);
        }
        let step = layer.framer.step(&mut layer.feed).map_err(|error| match layer.packet {
            Packet::Opening(..) => ReadError::Tampered,
            _ => error.into(),
        })?;
        match step {
            Step::Starved => Ok(Did::Starved),
            Step::Over => {
                if layer.stage != Stage::After || layer.open > 0 {
                    return Err(ReadError::Malformed(match layer.stage {
                        Stage::Before => "there is no message where one should be",
                        Stage::SessionKeys => "session keys without a sealed message",
                        Stage::After => "a signature is missing",
                    }));
                }
                Ok(Did::Over)
            }
            Step::Begin { tag, length } => {
                layer.packet = begin(layer, tag, length)?;
                if let Packet::Compressed(unpacker) = &mut layer.packet {
                    **unpacker = Unpacker::new(&self.limits);
                    self.compressed = true;
                    return Ok(Did::Nested);
                }
                if tag == tag::LITERAL && self.literal.is_some() {
                    return Err(ReadError::Malformed("a second content"));
                }
                Ok(Did::Something)
            }
            Step::Body(here) => self.body(at, here),
            Step::End => self.end_of_packet(at),
        }
    }

    /// Takes some of the `here` octets of body at the front of the feed.
    fn body(&mut self, at: usize, here: usize) -> Result<Did, ReadError> {
        let outer = self.layers.iter().take(at).find_map(|layer| match &layer.packet {
            Packet::Compressed(unpacker) => Some(unpacker.taken()),
            _ => None,
        });
        let Some((layer, after)) = self.layers.get_mut(at..).and_then(<[Layer]>::split_first_mut) else {
            return Ok(Did::Starved);
        };
        let bytes = layer.feed.front();
        let bytes = bytes.get(..here).unwrap_or(bytes);
        let used = match &mut layer.packet {
            Packet::None | Packet::Ignored | Packet::Locked(_) => bytes.len(),
            Packet::Collected { tag, body } => {
                if body.len().saturating_add(bytes.len()) > most_collected(*tag) {
                    return Err(ReadError::TooLarge("a packet is too long for its type"));
                }
                body.extend_from_slice(bytes);
                bytes.len()
            }
            Packet::Header { octets } => {
                let missing = LiteralHeader::wanted(octets).saturating_sub(octets.len());
                let taken = bytes.get(..missing).unwrap_or(bytes);
                octets.extend_from_slice(taken);
                if let Some(header) = LiteralHeader::parse(octets) {
                    self.literal = Some(header);
                    layer.packet = Packet::Literal;
                }
                taken.len()
            }
            Packet::Literal => {
                let taken = bytes.get(..STEP).unwrap_or(bytes);
                self.total = self.total.saturating_add(u64::try_from(taken.len()).unwrap_or(u64::MAX));
                if self.total > self.limits.content {
                    return Err(ReadError::TooLarge("its content is too long"));
                }
                self.signatures.update(taken);
                self.content.extend_from_slice(taken);
                taken.len()
            }
            Packet::Sealed { tag, octets } => {
                let missing = Header::wanted(*tag, octets)?.saturating_sub(octets.len());
                let taken = bytes.get(..missing).unwrap_or(bytes);
                octets.extend_from_slice(taken);
                if Header::wanted(*tag, octets)? == octets.len() {
                    let header = Header::parse(*tag, octets)?;
                    let format = header.sealed_as().format;
                    self.pkesks.retain(|packet| packet.fits(format));
                    self.skesks.retain(|packet| packet.fits(format));
                    layer.packet = Packet::Locked(header);
                }
                taken.len()
            }
            Packet::Opening(opening, _) => {
                let taken = bytes.get(..STEP).unwrap_or(bytes);
                let Some(inner) = after.first_mut() else {
                    return Err(ReadError::Malformed("there is data after the message"));
                };
                opening.push(taken, &mut inner.feed)?;
                taken.len()
            }
            Packet::Compressed(unpacker) => match after.first_mut() {
                Some(inner) => {
                    unpacker.inside(outer);
                    let (used, out) = unpacker.step(bytes)?;
                    inner.feed.push(out);
                    used
                }
                None => return Err(ReadError::Malformed("there is data after the message")),
            },
        };
        layer.feed.advance(used);
        layer.framer.used(used);
        Ok(Did::Something)
    }

    fn end_of_packet(&mut self, at: usize) -> Result<Did, ReadError> {
        let Some(layer) = self.layers.get_mut(at) else { return Ok(Did::Starved) };
        match core::mem::replace(&mut layer.packet, Packet::None) {
            Packet::None | Packet::Ignored => {}
            Packet::Collected { tag, body } => match tag {
                tag::ONE_PASS => {
                    self.signatures.announce(&body)?;
                    layer.open += 1;
                }
                tag::SIGNATURE if layer.stage == Stage::After => {
                    self.signatures.close(&body)?;
                    layer.open = layer.open.saturating_sub(1);
                }
                tag::SIGNATURE => self.signatures.prefixed(&body)?,
                _ => {
                    layer.stage = Stage::SessionKeys;
                    self.session_key_packets += 1;
                    if self.session_key_packets > self.limits.recipients {
                        return Err(ReadError::TooLarge("it has too many recipients"));
                    }
                    // What is not known here may be for another recipient.
                    if tag == tag::PKESK {
                        self.pkesks.extend(Pkesk::parse(&body));
                    } else {
                        self.skesks.extend(Skesk::parse(&body));
                    }
                }
            },
            Packet::Literal => layer.stage = Stage::After,
            Packet::Header { .. } => return Err(ReadError::Malformed("literal data is too short")),
            Packet::Sealed { .. } => return Err(ReadError::Malformed("a sealed packet is too short")),
            packet @ (Packet::Opening(..) | Packet::Compressed(_) | Packet::Locked(_)) => {
                layer.packet = packet;
                layer.draining = true;
            }
        }
        Ok(Did::Something)
    }
}

/// What is done with a packet of this type here.
fn begin(layer: &Layer, packet: u8, length: Option<u64>) -> Result<Packet, ReadError> {
    let before = layer.stage == Stage::Before;
    let too_long =
        |most: usize| length.is_some_and(|length| length > u64::try_from(most).unwrap_or(u64::MAX));
    match packet {
        tag::MARKER | tag::PADDING | 40..=63 => Ok(Packet::Ignored),
        tag::SED => Err(ReadError::NoIntegrity("its packet has none")),
        tag::ONE_PASS | tag::SIGNATURE | tag::PKESK | tag::SKESK => {
            let allowed = match packet {
                tag::ONE_PASS => before,
                tag::SIGNATURE => before || layer.stage == Stage::After && layer.open > 0,
                _ => layer.stage != Stage::After,
            };
            if !allowed {
                return Err(ReadError::Malformed("a packet is not where it may be"));
            }
            if too_long(most_collected(packet)) {
                return Err(ReadError::TooLarge("a packet is too long for its type"));
            }
            Ok(Packet::Collected { tag: packet, body: Vec::new() })
        }
        tag::LITERAL if before => Ok(Packet::Header { octets: Vec::new() }),
        tag::COMPRESSED if before => Ok(Packet::Compressed(Box::new(Unpacker::new(&Limits::default())))),
        tag::SEIPD | tag::GNUPG_AEAD if layer.stage != Stage::After => {
            Ok(Packet::Sealed { tag: packet, octets: Vec::new() })
        }
        tag::LITERAL | tag::COMPRESSED | tag::SEIPD | tag::GNUPG_AEAD => {
            Err(ReadError::Malformed("there is more than one message"))
        }
        0..=21 => Err(ReadError::Malformed("a packet that has no place in a message")),
        _ => Err(ReadError::Malformed("a critical packet that is not known")),
    }
}

/// Hands what is left in the machine of a packet to the layer inside it.
fn drain(
    layer: &mut Layer,
    inner: &mut Layer,
    sealed: &mut Option<SealedAs>,
    session_key: &mut Option<SessionKey>,
) -> Result<Did, ReadError> {
    if inner.feed.is_ended() {
        return Ok(Did::Starved);
    }
    match &mut layer.packet {
        Packet::Opening(opening, opened) => {
            let before = inner.feed.len();
            let Some(key) = opening.finish(&mut inner.feed)? else {
                return Ok(if inner.feed.len() == before { Did::Starved } else { Did::Something });
            };
            let cipher = key.cipher().or(opened.cipher);
            *sealed = Some(SealedAs { cipher, ..*opened });
            let bytes = zeroize::Zeroizing::new(key.bytes().to_vec());
            *session_key = Some(SessionKey::new(cipher, bytes));
            inner.feed.end();
        }
        Packet::Compressed(unpacker) => {
            let out = unpacker.finish()?;
            if out.is_empty() {
                inner.feed.end();
            } else {
                inner.feed.push(out);
            }
        }
        _ => inner.feed.end(),
    }
    Ok(Did::Something)
}

fn most_collected(packet: u8) -> usize {
    match packet {
        tag::SIGNATURE => crate::signature::MAX_SIGNATURE_BYTES,
        tag::ONE_PASS => 512,
        _ => profile::MAX_SESSION_KEY_PACKET_BYTES,
    }
}
