use super::*;

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; length];
    rand::RngCore::fill_bytes(&mut rand::thread_rng(), &mut bytes);
    bytes
}

fn envelope(plaintext: usize) -> Vec<u8> {
    let mut bytes = b"ZKE1\x01\x09\0\0".to_vec();
    bytes.extend(random(68));
    bytes.extend((plaintext as u32).to_be_bytes());
    bytes.extend(random(64 + plaintext + TAG));
    bytes
}

fn message(body: usize) -> Vec<u8> {
    let mut bytes = vec![0xc1, 94, 3];
    bytes.extend(random(93));
    bytes.extend([0xd2, 255]);
    bytes.extend((body as u32 + 1).to_be_bytes());
    bytes.push(1);
    bytes.extend(random(body));
    bytes
}

#[test]
fn ciphertext_passes() {
    for size in [0, 32, 200, 5000] {
        check_envelope(&envelope(size)).unwrap();
        check_blob_start(&envelope(size), true).unwrap();
        check_message(&message(size)).unwrap();
        check_blob_start(&message(size), true).unwrap();
    }
    check_blob_start(&envelope(200_000)[..SAMPLE], false).unwrap();
}

#[test]
fn other_things_do_not() {
    let mut text_inside = message(0);
    text_inside
        .extend(b"To: alice\r\nSubject: the plan\r\n\r\nMeet me at the old oak at nine.\r\n".repeat(9));
    let mut cut = envelope(500);
    cut.pop();
    let mut flagged = envelope(500);
    flagged[7] = 1;
    for bad in [
        b"".as_slice(),
        b"Subject: hello\r\n\r\nplain".as_slice(),
        b"-----BEGIN PGP MESSAGE-----".as_slice(),
        b"ZKE1".as_slice(),
        &random(1),
        &cut,
        &flagged,
        &text_inside,
    ] {
        assert!(check_blob_start(bad, true).is_err(), "{:?}", bad.get(..16));
        assert!(check_envelope(bad).is_err());
    }
}
