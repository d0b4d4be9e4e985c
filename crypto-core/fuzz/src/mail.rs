//! What is inside sealed mail.

use std::cell::RefCell;

use crypto_core::autocrypt::setup;
use crypto_core::mail::{ClaimedMail, KnownSigner, SignerKind, open_message, open_summary};
use model::mail::Author;
use wire::mail::{Arrival, MessageView};

use crate::fixture::{KEYS, NOW, rng};

fn view(summary: Vec<u8>, arrival: Arrival) -> MessageView {
    MessageView {
        id: Default::default(),
        folder: Default::default(),
        uid: 1,
        blob: Default::default(),
        size: 0,
        received_at: NOW,
        flags: Vec::new(),
        seq: 1,
        arrival,
        summary: summary.into(),
    }
}

fn sealed(bytes: &[u8]) -> Vec<u8> {
    let key = &KEYS[0];
    key.seal_only(&mut rng(2), bytes.to_vec(), &[key.certificate()], NOW).expect("sealed").bytes
}

/// MIME content, as a stranger may seal it to us: whoever it names, the certificate of one author is asked for.
pub fn mail(bytes: &[u8]) {
    let asked = RefCell::new(0);
    let lookup = |_: &_| {
        *asked.borrow_mut() += 1;
        let cert = KEYS[1].certificate().cert().clone();
        Some(KnownSigner { cert, since: NOW, kind: SignerKind::Known })
    };
    let arrival = if bytes.len().is_multiple_of(2) { Arrival::Sealed } else { Arrival::SealedOnArrival };
    let _ = open_message(&KEYS[0], &view(Vec::new(), arrival), &sealed(bytes), &lookup, NOW);
    assert!(*asked.borrow() <= 1, "more than one author");

    let key = &KEYS[0];
    let open = |message: &[u8]| key.open(message, 1 << 20);
    if let Ok(mail) = ClaimedMail::read(bytes, Some(key.fingerprint()), &open) {
        let _ = (mail.autocrypt(), mail.gossip());
        // Nobody signed with a key that is known: nothing may carry a badge.
        let unknown = |author: &Author| matches!(author, Author::Unsigned | Author::Unchecked);
        assert!(mail.verify(None, NOW).sections().iter().all(|section| unknown(section.author())));
    }
    let _ = setup::code_begins(bytes);
}

/// The row of a message, as a stranger may seal it to us.
pub fn summary(bytes: &[u8]) {
    if let Ok(row) = open_summary(&KEYS[0], &view(sealed(bytes), Arrival::Sealed)) {
        let shown = [&row.subject, &row.snippet, &row.from.name, &row.from.address];
        for line in shown.into_iter().chain(row.to.iter().flat_map(|person| [&person.name, &person.address]))
        {
            assert!(line.chars().count() <= 254, "a line that is too long");
            assert!(!line.chars().any(char::is_control), "a line with control characters");
        }
    }
}
