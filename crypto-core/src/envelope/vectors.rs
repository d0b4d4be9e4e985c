//! Frozen vectors: `crypto-core/vectors/zke1/v1-*.txt`. New ones are added, old ones never change.

use super::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/zke1")
}

fn verdict(result: &Result<Plaintext, EnvelopeError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(EnvelopeError::Malformed) => "malformed",
        Err(EnvelopeError::WrongContext) => "wrong-context",
        Err(EnvelopeError::WrongKey) => "wrong-key",
        Err(EnvelopeError::Tampered) => "tampered",
        Err(EnvelopeError::TooLarge) => "too-large",
    }
}

fn kind(octet: u8) -> Kind {
    [
        Kind::SlotPassphrase,
        Kind::SlotRecovery,
        Kind::SecretKey,
        Kind::CollectionKey,
        Kind::State,
        Kind::Object,
        Kind::Chunk,
    ]
    .into_iter()
    .find(|kind| *kind as u8 == octet)
    .unwrap()
}

#[test]
fn frozen_vectors_give_the_frozen_verdicts() {
    let mut read = 0;
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let fields: BTreeMap<&str, &str> = head.lines().map(|line| line.split_once(": ").unwrap()).collect();
        let id = |name: &str| -> [u8; 16] { hex::decode(fields[name]).unwrap().try_into().unwrap() };
        let number = |name: &str| -> u64 { fields[name].parse().unwrap() };
        let context = Context {
            account_id: AccountId(id("account")),
            kind: kind(number("kind") as u8),
            object_id: ObjectId(id("object")),
            parent_id: ObjectId(id("parent")),
            generation: number("generation") as u32,
            version: number("version"),
            schema: number("schema") as u16,
            chunk: Part { index: number("chunk") as u32, last: fields["last"] == "true" },
        };
        let key = SealingKey::from_bytes(hex::decode(fields["key"]).unwrap().try_into().unwrap());
        let envelope = hex::decode(body.split_whitespace().collect::<String>()).unwrap();
        let opened = open(&key, &context, &envelope);
        assert_eq!(verdict(&opened), fields["expect"], "{}", path.display());
        if let Ok(plain) = opened {
            assert_eq!(hex::encode(&*plain), fields["plaintext"], "{}", path.display());
            let salt: [u8; 32] = envelope[80..112].try_into().unwrap();
            assert_eq!(seal_with_salt(&key, &context, &plain, &salt).unwrap(), envelope);
        }
        read += 1;
    }
    assert!(read >= 10, "{read} vectors");
}

/// Writes the vectors of version 1. Run once; a later format gets a later number.
#[test]
#[ignore = "the vectors are frozen; this documents how they were made"]
fn write_vectors() {
    let place = Context {
        parent_id: ObjectId([0xC3; 16]),
        ..Context::new(AccountId([0xA1; 16]), Kind::Object, ObjectId([0xB2; 16]), 7)
    };
    let slot = Context { parent_id: ObjectId::default(), kind: Kind::SlotPassphrase, ..place };
    let chunk = Context { kind: Kind::Chunk, chunk: Part { index: 3, last: false }, ..place };
    let key = [0x11; 32];
    let sealed = |context: &Context, plain: &[u8]| {
        seal_with_salt(&SealingKey::from_bytes(key), context, plain, &[0x5A; 32]).unwrap()
    };
    let flipped = |mut envelope: Vec<u8>, at: usize| {
        envelope[at] ^= 1;
        envelope
    };
    let write = |name: &str, asked: &Context, key: [u8; 32], envelope: Vec<u8>, plain: &[u8]| {
        let opened = open(&SealingKey::from_bytes(key), asked, &envelope);
        let mut text = format!(
            "expect: {}\nkey: {}\naccount: {}\nkind: {}\nobject: {}\nparent: {}\ngeneration: {}\nversion: {}\n\
             schema: {}\nchunk: {}\nlast: {}\nplaintext: {}\n\n",
            verdict(&opened),
            hex::encode(key),
            asked.account_id,
            asked.kind as u8,
            asked.object_id,
            asked.parent_id,
            asked.generation,
            asked.version,
            asked.schema,
            asked.chunk.index,
            asked.chunk.last,
            hex::encode(plain),
        );
        for line in envelope.chunks(32) {
            writeln!(text, "{}", hex::encode(line)).unwrap();
        }
        std::fs::write(folder().join(format!("v1-{name}.txt")), text).unwrap();
    };
    let pins = b"{\"pins\":{}}";
    write("slot", &slot, key, sealed(&slot, &[0x42; 32]), &[0x42; 32]);
    write("object", &place, key, sealed(&place, pins), pins);
    write("object-empty", &place, key, sealed(&place, b""), b"");
    write("object-padded", &place, key, sealed(&place, &[7; 300]), &[7; 300]);
    write("chunk", &chunk, key, sealed(&chunk, b"part"), b"part");
    write("wrong-key", &place, [0x12; 32], sealed(&place, pins), pins);
    write(
        "wrong-account",
        &Context { account_id: AccountId([0xA2; 16]), ..place },
        key,
        sealed(&place, pins),
        pins,
    );
    write("wrong-version", &Context { version: 6, ..place }, key, sealed(&place, pins), pins);
    write(
        "wrong-parent",
        &Context { parent_id: ObjectId::default(), ..place },
        key,
        sealed(&place, pins),
        pins,
    );
    let last = Context { chunk: Part { index: 3, last: true }, ..chunk };
    write("wrong-last-flag", &last, key, sealed(&chunk, b"part"), b"part");
    write("flipped-ciphertext", &place, key, flipped(sealed(&place, pins), 150), pins);
    write("flipped-commitment", &place, key, flipped(sealed(&place, pins), 120), pins);
    write("flipped-magic", &place, key, flipped(sealed(&place, pins), 0), pins);
    let mut cut = sealed(&place, pins);
    cut.truncate(100);
    write("cut-off", &place, key, cut, pins);
}
