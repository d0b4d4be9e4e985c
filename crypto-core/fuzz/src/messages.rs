//! OpenPGP messages, as anybody may send them.

use bulk::{aead, cfb};
use seal::SessionKey;
use seal::packets::tag;
use seal::reading::{Cipher, Effort, Limits, LiteralHeader, Locked, ReadError, Reader};
use seal::verify::SignatureClaim;
use seal::writing::{BlockCipher, Mode};

use crate::fixture::{Choices, KEYS, PASSWORD, session_key};

/// What reading gave: all that was released, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) released: Vec<u8>,
    pub(crate) outcome: Result<(Vec<SignatureClaim>, LiteralHeader), ReadError>,
}

/// Small, so that reaching them takes small inputs.
fn limits() -> Limits {
    Limits { expansion_free: 1 << 16, ..Limits::default().with_content(4 << 20).with_held(1 << 20) }
}

/// Every session key there is: of our keys, of the password as long as it is cheap, and the fixed one.
fn keys_for(locked: &Locked<'_>) -> Vec<SessionKey> {
    let mut effort = Effort::within(1 << 17, 1 << 7);
    let mut keys = vec![session_key()];
    for pkesk in locked.pkesks.iter().take(4) {
        keys.extend(KEYS.iter().filter_map(|key| key.as_cert().session_key(pkesk.packet())));
    }
    for skesk in locked.skesks.iter().take(4) {
        keys.extend(skesk.session_key(PASSWORD, &mut effort));
    }
    keys
}

/// Reads in pieces of `step` octets; with `host`, GCM and CFB are deciphered beside the reader.
pub(crate) fn read(bytes: &[u8], step: usize, host: bool) -> Read {
    let mut reader = Reader::new(limits());
    if host {
        reader = reader.with_host_chunks().with_host_feedback();
    }
    let mut released = Vec::new();
    let outcome = run(&mut reader, bytes, step, &mut released).and_then(|()| {
        let finished = reader.finish()?;
        released.extend_from_slice(&finished.rest);
        Ok((finished.claims, finished.literal))
    });
    Read { released, outcome }
}

fn run(reader: &mut Reader, bytes: &[u8], step: usize, released: &mut Vec<u8>) -> Result<(), ReadError> {
    for piece in bytes.chunks(step.max(1)) {
        reader.push(piece)?;
        settle(reader, released)?;
    }
    reader.end()?;
    settle(reader, released)
}

fn settle(reader: &mut Reader, released: &mut Vec<u8>) -> Result<(), ReadError> {
    loop {
        let before = released.len();
        if let Some(locked) = reader.locked() {
            let keys = keys_for(&locked);
            reader.try_keys(keys)?;
        }
        let mut jobs = 0;
        while let Some(job) = reader.take_job() {
            jobs += 1;
            let key = reader.message_key().expect("a key while there are jobs").to_vec();
            let opened = match reader.host_cipher() {
                Some(Cipher::Cfb) => Some(crate::ciphers::cfb_opened(&key, &job.nonce, &job.sealed)),
                _ => crate::ciphers::gcm_opened(&key, &job.nonce, &job.associated, &job.sealed),
            };
            match opened {
                Some(opened) => reader.give(job.index, opened)?,
                None => {
                    reader.give_tampered();
                    reader.take_content()?;
                }
            }
        }
        released.extend_from_slice(&reader.take_content()?);
        if released.len() == before && jobs == 0 && reader.locked().is_none() {
            return Ok(());
        }
    }
}

/// The reader of messages: whatever the pieces, and whoever opens the chunks, the same is read.
pub fn message(bytes: &[u8]) {
    let whole = read(bytes, bytes.len(), false);
    let step = 1 + usize::from(bytes.last().copied().unwrap_or(0) % 61);
    for other in [read(bytes, step, false), read(bytes, bytes.len(), true)] {
        agree(&whole, &other);
    }
}

fn agree(one: &Read, other: &Read) {
    match (&one.outcome, &other.outcome) {
        (Ok(_), Ok(_)) => assert_eq!(one, other, "the same message, read differently"),
        (Err(_), Err(_)) => {
            let (short, long) =
                if one.released.len() < other.released.len() { (one, other) } else { (other, one) };
            assert!(long.released.starts_with(&short.released), "different content was released");
        }
        (one, other) => panic!("read one way and refused the other: {one:?} {other:?}"),
    }
}

/// Octets before the body in what [`seal_packets`] makes.
const HEADER: usize = 6;

/// Packets as somebody sealed them who has our session key; then perhaps changed by somebody who has not.
/// What is changed is never read, and only what was sealed is released.
pub fn sealed(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let form = choices.octet();
    let fault = choices.octet();
    let place = choices.below(1 << 16);
    let intact = seal_packets(form, choices.0);
    let expected = read(&intact, intact.len(), false);
    let plain = read(choices.0, choices.0.len().max(1), false);
    if plain.outcome.is_ok() && expected.outcome.is_ok() {
        assert_eq!(plain.released, expected.released, "sealing changed the content");
    }
    let mut changed = intact.clone();
    // Behind the header: another header makes another message, perhaps one that never was sealed.
    let at = HEADER + place % (changed.len() - HEADER);
    match fault % 4 {
        0 => return,
        1 => changed[at] ^= 1 << (fault >> 5),
        2 => changed.truncate(at),
        _ => changed.insert(at, fault),
    }
    if changed == intact {
        return;
    }
    let found = read(&changed, 1 + at % 97, false);
    assert!(found.outcome.is_err(), "a changed message was read");
    // Where what was sealed is faulty itself, octet by octet releases the most before the fault is met.
    let most = read(&intact, 1, false);
    assert!(most.released.starts_with(&found.released), "changed content was released");
}

/// Seals packets in one of the forms: CFB, GnuPG's OCB, and the three modes of RFC 9580.
pub(crate) fn seal_packets(form: u8, packets: &[u8]) -> Vec<u8> {
    let key = session_key();
    let cipher = BlockCipher::AES256;
    let (packet, body) = match form % 5 {
        0 => {
            let mut body = vec![1];
            let mut sealer = cfb::Sealer::new(cipher, key.bytes(), &[5; 16]).expect("a cipher");
            sealer.push(packets, &mut body);
            sealer.finish(&mut body);
            (tag::SEIPD, body)
        }
        1 => {
            let mut body = vec![1, cipher.into(), Mode::Ocb.into(), 0];
            body.extend_from_slice(&[5; 15]);
            let params = aead::Params::gnupg(cipher, Mode::Ocb, 0, key.bytes(), &[5; 15]);
            chunks(params.expect("parameters"), packets, &mut body);
            (tag::GNUPG_AEAD, body)
        }
        mode => {
            let mode = Mode::from(mode - 1);
            let octet = form >> 5 & 3;
            let mut body = vec![2, cipher.into(), mode.into(), octet];
            body.extend_from_slice(&[5; 32]);
            let params = aead::Params::derive(cipher, mode, octet, key.bytes(), &[5; 32]);
            chunks(params.expect("parameters"), packets, &mut body);
            (tag::SEIPD, body)
        }
    };
    let mut message = vec![0xC0 | packet, 0xFF];
    message.extend_from_slice(&u32::try_from(body.len()).expect("a short message").to_be_bytes());
    message.extend_from_slice(&body);
    message
}

fn chunks(params: aead::Params, packets: &[u8], body: &mut Vec<u8>) {
    let mut sealer = aead::Sealer::new(params).expect("a mode");
    sealer.push(packets, body);
    sealer.finish(body);
}
