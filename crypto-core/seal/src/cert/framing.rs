//! Packets in a row, whole in memory: how certificates come and go. Streams are read elsewhere.

use crate::SealError;

/// One packet: its type and its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Framed<'a> {
    pub(crate) tag: u8,
    pub(crate) body: &'a [u8],
}

/// Takes the first packet off `bytes`. Certificates have neither partial nor indeterminate lengths.
pub(crate) fn next<'a>(bytes: &mut &'a [u8]) -> Result<Option<Framed<'a>>, SealError> {
    let cut = SealError::MalformedCertificate("it is cut off");
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    let (tag, length, rest) = if first & 0xc0 == 0xc0 {
        let (length, rest) = new_length(rest)?;
        (first & 0x3f, length, rest)
    } else if first & 0x80 != 0 {
        let width = match first & 0x03 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return Err(SealError::MalformedCertificate("a packet has no length")),
        };
        let (octets, rest) = rest.split_at_checked(width).ok_or(cut.clone())?;
        let length = octets.iter().fold(0usize, |sum, octet| (sum << 8) | usize::from(*octet));
        ((first >> 2) & 0x0f, length, rest)
    } else {
        return Err(SealError::MalformedCertificate("it does not consist of packets"));
    };
    let (body, rest) = rest.split_at_checked(length).ok_or(cut)?;
    *bytes = rest;
    Ok(Some(Framed { tag, body }))
}

fn new_length(rest: &[u8]) -> Result<(usize, &[u8]), SealError> {
    let cut = || SealError::MalformedCertificate("it is cut off");
    match rest {
        [first @ 0..=191, rest @ ..] => Ok((usize::from(*first), rest)),
        [first @ 192..=223, second, rest @ ..] => {
            Ok((((usize::from(*first) - 192) << 8) + usize::from(*second) + 192, rest))
        }
        [255, a, b, c, d, rest @ ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]);
            Ok((usize::try_from(length).map_err(|_| cut())?, rest))
        }
        [224..=254, ..] => Err(SealError::MalformedCertificate("a packet comes in pieces")),
        _ => Err(cut()),
    }
}

/// Appends one packet in the current format.
pub(crate) fn write(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    out.push(0xc0 | (tag & 0x3f));
    let length = body.len();
    match (u8::try_from(length), length) {
        (Ok(short @ 0..=191), _) => out.push(short),
        (_, 192..=8383) => {
            let rest = length - 192;
            // Both fit: rest is below 8192.
            out.push(192 + u8::try_from(rest >> 8).unwrap_or(0));
            out.push(u8::try_from(rest & 0xff).unwrap_or(0));
        }
        _ => {
            out.push(255);
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(body);
}
