//! What we write, and whether we read it.

use seal::reading::{Limits, Reader};
use seal::writing::{Cipher, ContentKind, Engine, Hash, Naming, Options, Plan, Recipient, SignerKey, Writer};

use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::{Aead, KeyInit, Payload};

use crate::fixture::{Choices, KEYS, NOW, rng};

/// A message of any form: the same octets in pieces of any size and with a host that seals chunks; read again
/// as what was written, its signature good.
pub fn written(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let (shape, form, step) = (choices.octet(), choices.octet(), 1 + choices.below(3000));
    let filename: Vec<u8> = (0..shape >> 6).map(|_| choices.octet()).collect();
    let content = choices.0;
    let owner = &KEYS[usize::from(shape & 1)];
    let cert = owner.certificate().cert().cert();
    let readers = cert.encryption_keys(NOW).expect("a key to seal to");
    let signing = owner.as_cert().signing_keys(NOW).expect("a key that signs");
    let [signer, ..] = &signing[..] else { unreachable!("a key that signs") };
    let (sealed, signed) = (shape & 2 != 0, shape & 4 != 0 || shape & 2 == 0);
    let naming = if shape & 8 == 0 { Naming::Named } else { Naming::Blank };
    let plan = if form & 3 == 0 { Plan::default() } else { Plan::modern().with_mode(form & 3) };
    let mut options = Options {
        recipients: readers
            .iter()
            .take(usize::from(sealed))
            .map(|key| Recipient { key: key.packet(), naming })
            .collect(),
        signers: if signed { vec![SignerKey::of(signer).expect("a signer")] } else { Vec::new() },
        plan: plan.with_chunk(form >> 2 & 7),
        length: (shape & 16 != 0).then_some(content.len() as u64),
        kind: if shape & 32 == 0 { ContentKind::Binary } else { ContentKind::Text },
        filename,
        armor: form & 32 != 0,
        ..Options::default()
    };
    if form & 64 != 0 && signed {
        options.signers = options.signers.into_iter().map(|key| key.with_hash(Hash::Sha256)).collect();
    }
    let write = |options: &Options<'_>, step: usize| {
        let mut out = Vec::new();
        let mut writer = Writer::new(options, &mut rng(9), NOW).expect("a writer");
        for piece in content.chunks(step) {
            writer.push(piece, &mut out).expect("content");
            seal_chunks(&mut writer, &mut out);
        }
        let keys: &[&dyn seal::writing::SigningKey] = if signed { &[signer] } else { &[] };
        writer.finish(keys, &mut out).expect("an end");
        seal_chunks(&mut writer, &mut out);
        assert!(writer.is_done());
        out
    };
    let message = write(&options, step);
    assert!(message == write(&options, content.len().max(1)), "pieces give other octets");
    if sealed && form & 3 == 3 {
        options.engine = Engine::HostCbc;
        assert!(message == write(&options, step), "a host gives other octets");
    }

    let mut reader = Reader::new(Limits::default());
    for piece in message.chunks(step) {
        reader.push(piece).expect("what was written is read");
        if let Some(locked) = reader.locked() {
            let key = locked.pkesks.iter().find_map(|packet| owner.as_cert().session_key(packet.packet()));
            reader.unlock(key.expect("a key of ours")).expect("the right key");
        }
    }
    reader.end().expect("what was written is read");
    let mut back = Vec::new();
    loop {
        let piece = reader.take_content().expect("content");
        if piece.is_empty() {
            break;
        }
        back.extend_from_slice(&piece);
    }
    let finished = reader.finish().expect("a sound message");
    back.extend_from_slice(&finished.rest);
    assert!(back == content, "other content came back");
    assert_eq!(finished.literal.filename, options.filename);
    assert_eq!(finished.claims.len(), usize::from(signed));
    assert!(
        finished.claims.iter().all(|claim| cert.check(claim, NOW).is_good()),
        "its signature is not good"
    );
}

fn seal_chunks(writer: &mut Writer, out: &mut Vec<u8>) {
    while let Some(job) = writer.take_job() {
        let key = writer.host_key().expect("a key while there are jobs").to_vec();
        assert_eq!(job.cipher, Cipher::Gcm, "only GCM was asked for");
        let (index, nonce, associated) = (job.index, job.nonce.clone(), job.associated.clone());
        let msg = job.into_octets();
        let payload = Payload { msg: &msg, aad: &associated };
        let cipher = aes_gcm::Aes256Gcm::new_from_slice(&key).expect("a key");
        let made = cipher.encrypt(GenericArray::from_slice(&nonce), payload).expect("sealed");
        writer.give(index, made, out).expect("what was asked for");
    }
}
