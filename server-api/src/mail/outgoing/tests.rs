use super::judge;
use super::sealed::{Purpose, QueueKey};
use std::sync::Arc;
use wire::plaintext::Address;

const GOOD: &str = "From: \"Doe, Alice\" <alice@hedgerow.test>\r\nTo: <zoe@sender.example>\r\nSubject: s\r\n\
                    Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@hedgerow.test>\r\n\r\ntext\r\n";

fn judged(message: &str) -> bool {
    let alice: Address = "alice@hedgerow.test".parse().unwrap();
    judge::message(message.as_bytes(), &alice).is_ok()
}

#[test]
fn only_mail_from_the_own_address_leaves() {
    assert!(judged(GOOD));
    assert!(judged(&GOOD.replace("alice@hedgerow", "Alice@Hedgerow")));
    let own = "\"Doe, Alice\" <alice@hedgerow.test>";
    for from in [
        "<bob@hedgerow.test>",
        "<alice@hedgerow.test>, <bob@hedgerow.test>",
        "<bob@hedgerow.test>, <alice@hedgerow.test>",
        "bob@hedgerow.test <alice@hedgerow.test>, x",
        "group: <bob@hedgerow.test>, <alice@hedgerow.test>;",
        "\"<bob@hedgerow.test>\" <alice@hedgerow.test>",
        "alice@hedgerow.test",
        "",
    ] {
        assert!(!judged(&GOOD.replace(own, from)), "{from}");
    }
}

#[test]
fn nothing_leaves_that_tells_more_than_a_mail_must() {
    for field in [
        "Bcc: <eve@sender.example>",
        "User-Agent: Hedgerow",
        "X-Mailer: x",
        "X-Originating-IP: [192.0.2.1]",
        "Received: from [192.0.2.1]",
        "Sender: <bob@hedgerow.test>",
        "Reply-To: <bob@hedgerow.test>",
        "Return-Path: <bob@hedgerow.test>",
        "DKIM-Signature: v=1",
        "From: <bob@hedgerow.test>",
        "Date: Tue, 24 Nov 2026 12:00:00 +0000",
        "no field",
    ] {
        assert!(!judged(&format!("{field}\r\n{GOOD}")), "{field}");
        assert!(!judged(&GOOD.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"))), "{field}");
    }
}

#[test]
fn smuggling_and_odd_bytes_stay_here() {
    for bad in [
        GOOD.replace("text\r\n", "text"),
        GOOD.replace("text", "one\n.\r\ntwo"),
        GOOD.replace("text", "one\r.\r\ntwo"),
        GOOD.replace("text", "one\r\n.\rtwo"),
        GOOD.replace("text", "a\0b"),
        GOOD.replace("text", "ümlaut"),
        GOOD.replace("text", &"x".repeat(999)),
        GOOD.replace("Message-ID: <1@hedgerow.test>\r\n", ""),
        GOOD.replace("1@hedgerow.test", "1@192.0.2.1"),
        GOOD.replace("Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n", ""),
        "\r\ntext\r\n".to_owned(),
        String::new(),
    ] {
        assert!(!judged(&bad), "{bad:?}");
    }
    assert!(judged(&GOOD.replace("text", "one\r\n.\r\ntwo")), "a dot is the client's business to double");
}

#[test]
fn a_stolen_row_opens_with_its_own_key_only() {
    let key = |byte| QueueKey(Arc::from(vec![byte; 32]));
    let sealed = key(1).seal(Purpose::Message, &[7; 16], b"plain").unwrap();
    assert!(!sealed.windows(5).any(|five| five == b"plain"));
    assert_eq!(key(1).open(Purpose::Message, &[7; 16], &sealed).unwrap().as_slice(), b"plain");
    assert!(key(2).open(Purpose::Message, &[7; 16], &sealed).is_err());
    assert!(key(1).open(Purpose::Envelope, &[7; 16], &sealed).is_err());
    assert!(key(1).open(Purpose::Message, &[8; 16], &sealed).is_err());
    let mut bent = sealed;
    bent[20] ^= 1;
    assert!(key(1).open(Purpose::Message, &[7; 16], &bent).is_err());
}
