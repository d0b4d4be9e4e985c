use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes([byte; 32])
}

fn context(kind: Kind) -> Context {
    Context {
        parent_id: ObjectId([0xC3; 16]),
        version: 7,
        ..Context::new(AccountId([0xA1; 16]), kind, ObjectId([0xB2; 16]), 7)
    }
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

#[test]
fn sealed_bytes_open_and_a_sealed_key_has_192_bytes() {
    for kind in [Kind::SlotPassphrase, Kind::SecretKey, Kind::State, Kind::Object] {
        let envelope = seal(&key(1), &context(kind), &[0x42; 32], &mut rng()).unwrap();
        assert_eq!(*open(&key(1), &context(kind), &envelope).unwrap(), [0x42; 32]);
        assert_eq!(envelope.len(), if kind.padded() { 160 + 256 } else { 192 });
    }
}

/// The layout is the one the research prototype had: with its label, its vector comes out.
#[test]
fn the_layout_agrees_with_the_prototype() {
    let context = Context {
        generation: 1,
        ..Context::new(AccountId([0xA1; 16]), Kind::SlotPassphrase, ObjectId([0xB2; 16]), 7)
    };
    let head = context.encode(32);
    assert_eq!(head.len(), CONTEXT_BYTES);
    let mut okm = [0u8; 64];
    Hkdf::<Sha512>::new(Some(&[0x5A; 32]), &[0x11; 32])
        .expand_multi_info(&[b"zkmail/v1/seal", &head], &mut okm)
        .unwrap();
    assert_eq!(hex::encode(&okm[32..40]), "8bb29f88dfcde40e");
    let aad = [&head[..], &[0x5A; 32], &okm[32..]].concat();
    let payload = Payload { msg: &[0x42; 32], aad: &aad };
    let sealed = Aes256Gcm::new_from_slice(&okm[..32]).unwrap().encrypt(&Nonce::default(), payload).unwrap();
    assert_eq!(hex::encode(&sealed[..8]), "1b01a412e62b18b2");
}

#[test]
fn every_flipped_bit_and_every_truncation_is_refused() {
    let envelope = seal(&key(1), &context(Kind::SlotPassphrase), &[0x42; 32], &mut rng()).unwrap();
    for bit in 0..envelope.len() * 8 {
        let mut changed = envelope.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&key(1), &context(Kind::SlotPassphrase), &changed).is_err(), "bit {bit}");
    }
    for len in 0..envelope.len() {
        assert!(open(&key(1), &context(Kind::SlotPassphrase), &envelope[..len]).is_err(), "length {len}");
    }
    let longer = [&envelope[..], &[0]].concat();
    assert!(open(&key(1), &context(Kind::SlotPassphrase), &longer).is_err());
}

#[test]
fn every_other_place_is_refused() {
    let asked = context(Kind::Object);
    let envelope = seal(&key(1), &asked, b"pins", &mut rng()).unwrap();
    let others = [
        Context { account_id: AccountId([0xA2; 16]), ..asked },
        Context { kind: Kind::State, ..asked },
        Context { object_id: ObjectId([0xB3; 16]), ..asked },
        Context { parent_id: ObjectId::default(), ..asked },
        Context { generation: 2, ..asked },
        Context { version: 8, ..asked },
        Context { version: 6, ..asked },
        Context { schema: 2, ..asked },
        Context { chunk: Part { index: 1, last: true }, ..asked },
        Context { chunk: Part { index: 0, last: false }, ..asked },
    ];
    for other in others {
        assert_eq!(open(&key(1), &other, &envelope).unwrap_err(), EnvelopeError::WrongContext, "{other:?}");
        // Rewriting the head to match does not help the server.
        let mut forged = other.encode((envelope.len() - OVERHEAD_BYTES) as u32);
        forged.extend_from_slice(&envelope[CONTEXT_BYTES..]);
        assert_eq!(open(&key(1), &other, &forged).unwrap_err(), EnvelopeError::WrongKey, "{other:?}");
    }
    assert_eq!(open(&key(2), &asked, &envelope).unwrap_err(), EnvelopeError::WrongKey);
}

#[test]
fn two_seals_of_the_same_bytes_share_nothing() {
    let mut rng = rng();
    let a = seal(&key(1), &context(Kind::Object), b"same", &mut rng).unwrap();
    let b = seal(&key(1), &context(Kind::Object), b"same", &mut rng).unwrap();
    assert_ne!(a[80..], b[80..]);
}

#[test]
fn sizes_are_padded_by_at_most_an_eighth() {
    assert_eq!([0, 1, 256, 257, 1000, 1 << 20].map(padded_len), [256, 256, 256, 272, 1024, 1 << 20]);
    for len in 257..20_000 {
        let padded = padded_len(len);
        assert!(padded >= len && (padded - len) * 100 <= len * 12, "{len} -> {padded}");
        assert_eq!(padded_len(padded), padded);
    }
}

#[test]
fn foreign_padding_is_refused() {
    let mut framed = frame(b"abc").unwrap();
    framed[100] = 1;
    assert_eq!(unframe(framed).unwrap_err(), EnvelopeError::Malformed);
    let mut framed = frame(b"abc").unwrap();
    framed[0] = 0xff;
    assert_eq!(unframe(framed).unwrap_err(), EnvelopeError::Malformed);
}

mod in_chunks {
    use super::*;

    fn sealed(total: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
        let plain: Vec<u8> = (0..total).map(|at| (at / 1000) as u8).collect();
        let mut sealer = ChunkSealer::new(key(1), context(Kind::Object));
        let mut rng = rng();
        let mut parts = Vec::new();
        let mut rest = &plain[..];
        while rest.len() > CHUNK_BYTES {
            let (part, after) = rest.split_at(CHUNK_BYTES);
            parts.push(sealer.seal(part, &mut rng).unwrap());
            rest = after;
        }
        parts.push(sealer.finish(rest, &mut rng).unwrap());
        (plain, parts)
    }

    fn opened(parts: &[Vec<u8>], total: usize) -> Result<Vec<u8>, EnvelopeError> {
        let mut opener = ChunkOpener::new(key(1), context(Kind::Object), total as u64);
        let mut plain = Vec::new();
        for part in parts {
            plain.extend_from_slice(&opener.open(part)?);
        }
        opener.finish()?;
        Ok(plain)
    }

    #[test]
    fn any_length_comes_back() {
        for total in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 77] {
            let (plain, parts) = sealed(total);
            assert!(opened(&parts, total).unwrap() == plain, "{total}");
        }
    }

    #[test]
    fn reordered_dropped_doubled_and_cut_off_parts_are_refused() {
        let total = 2 * CHUNK_BYTES + 77;
        let (_, parts) = sealed(total);
        let pick = |which: &[usize]| -> Vec<Vec<u8>> { which.iter().map(|at| parts[*at].clone()).collect() };
        for which in [&[1, 0, 2][..], &[0, 2], &[0, 0, 1, 2], &[0, 1], &[0], &[], &[0, 1, 2, 2], &[2]] {
            assert!(opened(&pick(which), total).is_err(), "{which:?}");
        }
        // A server cannot shorten the object to a part boundary either.
        assert!(opened(&pick(&[0, 1]), 2 * CHUNK_BYTES).is_err());
    }

    #[test]
    fn parts_of_another_version_are_refused() {
        let (_, parts) = sealed(10);
        let newer = Context { version: 8, ..context(Kind::Object) };
        assert!(ChunkOpener::new(key(1), newer, 10).open(&parts[0]).is_err());
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(plain in proptest::collection::vec(any::<u8>(), 0..3000), version: u64, schema: u16) {
        let context = Context { version, schema, ..context(Kind::Object) };
        let envelope = seal(&key(1), &context, &plain, &mut rng()).unwrap();
        prop_assert_eq!(&*open(&key(1), &context, &envelope).unwrap(), &plain);
        prop_assert_eq!(envelope.len(), OVERHEAD_BYTES + padded_len(plain.len() + 4));
    }

    #[test]
    fn any_change_is_refused(
        plain in proptest::collection::vec(any::<u8>(), 0..600),
        at: proptest::sample::Index,
        with in 1u8..,
    ) {
        let mut envelope = seal(&key(1), &context(Kind::Object), &plain, &mut rng()).unwrap();
        let at = at.index(envelope.len());
        envelope[at] ^= with;
        prop_assert!(open(&key(1), &context(Kind::Object), &envelope).is_err());
    }

    #[test]
    fn foreign_bytes_are_refused_without_fault(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&key(1), &context(Kind::Object), &bytes).is_err());
    }
}
