//! R2, R8, R9, R10: the envelope itself, and its second implementation.

use anyhow::{Context as _, Result, ensure};
use crypto_core::envelope::{
    self, CHUNK_BYTES, ChunkOpener, ChunkSealer, Context as Place, EnvelopeError, Kind,
};
use crypto_core::secret::SealingKey;
use model::accounts::Settings;
use std::collections::BTreeSet;
use tests::insider::{self, Head};
use tests::person::Person;
use tests::server::Server;
use wire::accounts::{AccountView, SealedObject};
use wire::ids::{AccountId, ObjectId};

const KEY: [u8; 32] = [0x11; 32];

fn place() -> Place {
    Place::new(AccountId([0xa1; 16]), Kind::Object, ObjectId([0xb2; 16]), 7)
}

/// The salt and the commitment of an envelope.
fn randomness(envelope: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    Ok((
        envelope.get(80..112).context("salt")?.to_vec(),
        envelope.get(112..144).context("commitment")?.to_vec(),
    ))
}

#[test]
fn r8_no_salt_and_no_key_repeats_over_many_seals() -> Result<()> {
    let key = SealingKey::from_bytes(KEY);
    let (mut salts, mut commitments, mut bodies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..20_000 {
        let sealed = envelope::seal(&key, &place(), b"the same words", &mut rand::thread_rng())?;
        let (salt, commitment) = randomness(&sealed)?;
        ensure!(salts.insert(salt), "R8: a salt repeated");
        ensure!(commitments.insert(commitment), "R8: a single-use key repeated");
        ensure!(
            bodies.insert(sealed.get(144..176).context("body")?.to_vec()),
            "R8: the same ciphertext twice"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_no_salt_repeats_in_what_a_client_stores() -> Result<()> {
    let server = Server::start().await?;
    let mut salts = BTreeSet::new();
    let mut seen = 0;
    for name in ["alice", "bob", "carol"] {
        let mut person = Person::new(&server, name).await?;
        for round in 0..5 {
            let view: AccountView = person.http.get("/account").await?;
            let sealed: BTreeSet<Vec<u8>> =
                view.objects.into_iter().map(|object| object.envelope.0).collect();
            for envelope in &sealed {
                let (salt, _) = randomness(envelope)?;
                // The same envelope may be seen again; another one may not have its salt.
                if salts.insert((salt.clone(), envelope.clone())) {
                    ensure!(
                        salts.iter().filter(|(known, _)| *known == salt).count() == 1,
                        "R8: a salt repeated"
                    );
                }
                seen += 1;
            }
            person.set(Settings { signature: format!("round {round}"), ..Settings::default() }).await?;
        }
    }
    ensure!(seen > 60, "only {seen} envelopes were seen");
    Ok(())
}

#[test]
fn r9_a_changed_commitment_or_key_is_refused_before_decryption() -> Result<()> {
    let sealed = envelope::seal(&SealingKey::from_bytes(KEY), &place(), b"words", &mut rand::thread_rng())?;
    let wrong = SealingKey::from_bytes([0x12; 32]);
    ensure!(envelope::open(&wrong, &place(), &sealed) == Err(EnvelopeError::WrongKey));
    for at in 112..144 {
        let mut lie = sealed.clone();
        *lie.get_mut(at).context("byte")? ^= 0x80;
        let opened = envelope::open(&SealingKey::from_bytes(KEY), &place(), &lie);
        ensure!(opened == Err(EnvelopeError::WrongKey), "{opened:?}");
    }
    Ok(())
}

#[test]
fn r3_every_part_of_the_place_counts() -> Result<()> {
    let key = SealingKey::from_bytes(KEY);
    let sealed = envelope::seal(&key, &place(), b"words", &mut rand::thread_rng())?;
    let zero = place();
    let others = [
        Place { account_id: AccountId([0xa2; 16]), ..zero },
        Place { object_id: ObjectId([0xb3; 16]), ..zero },
        Place { parent_id: ObjectId([1; 16]), ..zero },
        Place { kind: Kind::Chunk, ..zero },
        Place { generation: 2, ..zero },
        Place { version: 6, ..zero },
        Place { version: 8, ..zero },
        Place { schema: 2, ..zero },
        Place { chunk: envelope::Part { index: 1, last: true }, ..zero },
        Place { chunk: envelope::Part { index: 0, last: false }, ..zero },
    ];
    for other in others {
        let opened = envelope::open(&key, &other, &sealed);
        ensure!(opened == Err(EnvelopeError::WrongContext), "{other:?}: {opened:?}");
    }
    ensure!(envelope::open(&key, &place(), &sealed).is_ok());
    Ok(())
}

/// A large object of two and a half parts.
fn chunks(version: u64) -> Result<(Vec<Vec<u8>>, u64)> {
    let mut rng = rand::thread_rng();
    let object = Place { version, ..place() };
    let mut sealer = ChunkSealer::new(SealingKey::from_bytes(KEY), object);
    let parts =
        vec![sealer.seal(&vec![1; CHUNK_BYTES], &mut rng)?, sealer.seal(&vec![2; CHUNK_BYTES], &mut rng)?];
    let last = sealer.finish(&vec![3; CHUNK_BYTES / 2], &mut rng)?;
    Ok(([parts, vec![last]].concat(), (2 * CHUNK_BYTES + CHUNK_BYTES / 2) as u64))
}

fn read(parts: &[Vec<u8>], total: u64, version: u64) -> Result<Vec<u8>, EnvelopeError> {
    let mut opener = ChunkOpener::new(SealingKey::from_bytes(KEY), Place { version, ..place() }, total);
    let mut whole = Vec::new();
    for part in parts {
        whole.extend_from_slice(&opener.open(part)?);
    }
    opener.finish()?;
    Ok(whole)
}

#[test]
fn r10_chunks_reordered_dropped_cut_repeated_or_mixed() -> Result<()> {
    let (parts, total) = chunks(1)?;
    let (newer, _) = chunks(2)?;
    ensure!(read(&parts, total, 1)?.len() as u64 == total, "control");
    let [first, second, last] = parts.as_slice() else { anyhow::bail!("three parts") };
    let [_, other, _] = newer.as_slice() else { anyhow::bail!("three parts") };
    let mut cut = last.clone();
    cut.truncate(cut.len() - 16);
    let attacks: [(&str, Vec<Vec<u8>>); 9] = [
        ("reordered", vec![second.clone(), first.clone(), last.clone()]),
        ("first dropped", vec![second.clone(), last.clone()]),
        ("middle dropped", vec![first.clone(), last.clone()]),
        ("end cut off", vec![first.clone(), second.clone()]),
        ("nothing", vec![]),
        ("repeated", vec![first.clone(), first.clone(), last.clone()]),
        ("mixed with another version", vec![first.clone(), other.clone(), last.clone()]),
        ("last part shortened", vec![first.clone(), second.clone(), cut]),
        ("a part too many", vec![first.clone(), second.clone(), last.clone(), last.clone()]),
    ];
    for (name, attack) in attacks {
        ensure!(read(&attack, total, 1).is_err(), "R10: {name} was accepted");
    }
    for wrong in [total - 1, total + 1, total - CHUNK_BYTES as u64, total + CHUNK_BYTES as u64] {
        ensure!(read(&parts, wrong, 1).is_err(), "R10: a wrong length of {wrong} was accepted");
    }
    ensure!(read(&parts, total, 2).is_err(), "R10: an older version was accepted");
    Ok(())
}

#[test]
fn the_formats_page_says_what_the_core_does() -> Result<()> {
    let key = SealingKey::from_bytes(KEY);
    for length in [0, 1, 250, 252, 253, 1000, 5000, 70_000] {
        let words = vec![0x42; length];
        let object = SealedObject {
            kind: wire::accounts::ObjectKind::Object,
            object_id: ObjectId([0xb2; 16]),
            version: 7,
            envelope: envelope::seal(&key, &place(), &words, &mut rand::thread_rng())?.into(),
        };
        let head = Head::of(AccountId([0xa1; 16]), &object);
        ensure!(insider::open(&KEY, &head, object.envelope.as_bytes())? == words, "{length} bytes, read");
        let sealed = insider::seal(&KEY, &head, &words)?;
        ensure!(sealed.len() == object.envelope.0.len(), "{length} bytes, padded differently");
        let opened =
            envelope::open(&key, &place(), &sealed).map_err(|error| anyhow::anyhow!("{length}: {error}"))?;
        ensure!(*opened == words, "{length} bytes, written");
    }
    Ok(())
}
