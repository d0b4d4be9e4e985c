//! Reading octets of foreign origin: every read says how much it wants and gets it or nothing.

use model::error::{CoreError, CoreErrorCode};
use zeroize::Zeroizing;

/// A packet: its type and its body. Secret packets hold secrets, so every body is wiped.
pub(super) struct Packet {
    pub(super) tag: u8,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Octets not yet read.
#[derive(Clone, Copy)]
pub(super) struct Octets<'a>(pub(super) &'a [u8]);

impl<'a> Octets<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| octet)
    }

    pub(super) fn u16(&mut self) -> Option<usize> {
        self.array().map(u16::from_be_bytes).map(usize::from)
    }

    pub(super) fn u32(&mut self) -> Option<usize> {
        self.array().map(u32::from_be_bytes).and_then(|number| usize::try_from(number).ok())
    }

    /// A multiprecision integer: its octets without the count.
    pub(super) fn mpi(&mut self) -> Option<&'a [u8]> {
        let bits = self.u16()?;
        self.take(bits.div_ceil(8))
    }
}

/// Splits a sequence of packets. Old and new headers, partial lengths too (GnuPG wrote some keys so).
pub(super) fn split(bytes: &[u8]) -> Result<Vec<Packet>, CoreError> {
    let malformed = || CoreError::with(CoreErrorCode::Malformed, "not a sequence of OpenPGP packets");
    let mut rest = Octets(bytes);
    let mut packets = Vec::new();
    while !rest.0.is_empty() {
        packets.push(packet(&mut rest).ok_or_else(malformed)?);
    }
    Ok(packets)
}

fn packet(rest: &mut Octets<'_>) -> Option<Packet> {
    let first = rest.u8()?;
    if first & 0x80 == 0 {
        return None;
    }
    if first & 0x40 == 0 {
        let length = match first & 3 {
            0 => usize::from(rest.u8()?),
            1 => rest.u16()?,
            2 => rest.u32()?,
            _ => rest.0.len(),
        };
        return Some(Packet { tag: first >> 2 & 0xf, body: Zeroizing::new(rest.take(length)?.to_vec()) });
    }
    let tag = first & 0x3f;
    let mut body = Zeroizing::new(Vec::new());
    loop {
        let (length, last) = match rest.u8()? {
            octet @ 0..=191 => (usize::from(octet), true),
            octet @ 192..=223 => (((usize::from(octet) - 192) << 8) + usize::from(rest.u8()?) + 192, true),
            octet @ 224..=254 => (1 << (octet & 0x1f), false),
            255 => (rest.u32()?, true),
        };
        let part = rest.take(length)?;
        if body.is_empty() && last {
            return Some(Packet { tag, body: Zeroizing::new(part.to_vec()) });
        }
        // A growing buffer would leave copies of secrets behind.
        let mut longer = Zeroizing::new(Vec::with_capacity(body.len() + part.len()));
        longer.extend_from_slice(&body);
        longer.extend_from_slice(part);
        body = longer;
        if last {
            return Some(Packet { tag, body });
        }
    }
}

/// The octets of a packet's header (new form).
pub(super) fn header(tag: u8, length: usize) -> Vec<u8> {
    let mut octets = vec![0xc0 | tag];
    match length {
        0..=191 => octets.push(u8::try_from(length).unwrap_or(u8::MAX)),
        192..=8383 => {
            let above = length - 192;
            octets.push(u8::try_from(above >> 8).unwrap_or(u8::MAX).saturating_add(192));
            octets.push(u8::try_from(above & 0xff).unwrap_or(u8::MAX));
        }
        _ => {
            octets.push(255);
            octets.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    octets
}

/// How long a packet of a body of `length` octets is.
pub(super) fn packet_length(length: usize) -> usize {
    length
        + match length {
            0..=191 => 2,
            192..=8383 => 3,
            _ => 6,
        }
}
