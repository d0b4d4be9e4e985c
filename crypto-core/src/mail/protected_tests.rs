//! Header protection: what RFC 9788 asks of a reader and a writer, and the older form.

use model::mail::Draft;

use super::compose::{Purpose, compose};
use super::protected::{confidential, own};
use super::tests::{NOW, address, rng};
use super::*;

fn draft() -> Draft {
    Draft {
        from_name: "Alice".into(),
        to: vec![model::mail::Person { name: String::new(), address: "bob@hedgerow.test".into() }],
        cc: vec![],
        subject: "a subject so long that it has to be folded, for it does not fit into one line of a header"
            .into(),
        text: "text".into(),
        attachments: vec![],
        in_reply_to: None,
        references: vec![],
    }
}

/// RFC 9788 section 2.2: each field outside is repeated inside, as it is outside.
#[test]
fn what_stands_outside_is_repeated_inside() {
    let composed = compose(&mut rng(), &draft(), &address("alice"), Purpose::Sending, NOW).unwrap();
    let outer = composed.outer();
    let entity = String::from_utf8(composed.entity(Some(&outer))).unwrap();
    for line in outer.lines() {
        let repeated = if line.starts_with(' ') { line.to_owned() } else { format!("HP-Outer: {line}") };
        assert!(entity.contains(&repeated), "{line}");
    }
    assert!(entity.contains("HP-Outer: Subject: ...\r\n"));
    assert_eq!(outer.matches("Subject").count(), 1);
    assert!(!outer.contains("folded"));
    assert_eq!(confidential(entity.as_bytes()), ["Subject"]);
    assert_eq!(own(entity.as_bytes()), protected::Own::Whole);
    // Made to be signed only: nothing was hidden.
    let clear = composed.entity(None);
    assert!(confidential(&clear).is_empty());
    assert!(!String::from_utf8(clear).unwrap().contains("HP-Outer"));
}

#[test]
fn a_field_is_confidential_unless_it_stood_outside_in_the_same_words() {
    let entity = "From: a@b.test\r\nTo: c@d.test,\r\n e@f.test\r\nSubject: s\r\nKeywords: k\r\nX-Thing: t\r\n\
                  HP-Outer: From: a@b.test\r\nHP-Outer: To: c@d.test,\r\n e@f.test\r\nHP-Outer: Subject: [...]\r\n\
                  HP-Outer: x-thing: t\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; hp=cipher\r\n\r\nx";
    assert_eq!(confidential(entity.as_bytes()), ["Subject", "Keywords"]);
    // Marked as made to be signed only: whoever sealed it hid nothing of the author's.
    assert!(confidential(entity.replace("hp=cipher", "hp=clear").as_bytes()).is_empty());
    assert!(confidential(entity.replace("; hp=cipher", "").as_bytes()).is_empty());
}

#[test]
fn copies_for_older_programs_are_not_shown() {
    let head = "From: a@b.test\r\nSubject: s\r\n";
    let text = |hp: &str, legacy: &str| {
        format!(
            "{head}Content-Type: text/plain{hp}{legacy}\r\n\r\nSubject: s\r\nFrom: a@b.test\r\n\r\nwords\r\n\r\nmore"
        )
    };
    let read = |entity: &str| mime::read(entity.as_bytes()).unwrap();
    let legacy = "; hp-legacy-display=1";
    assert_eq!(read(&text("; hp=\"cipher\"", legacy)).text, "words\n\nmore");
    // Only where the mark says that a seal hid them: nobody else may make words disappear.
    for (hp, legacy) in
        [("", legacy), ("; hp=clear", legacy), ("; hp=cipher", ""), ("; hp=cipher", "; hp-legacy-display=0")]
    {
        assert!(read(&text(hp, legacy)).text.starts_with("Subject: s"), "{hp}{legacy}");
    }
    let page = format!(
        "{head}Content-Type: text/html; hp=cipher; hp-legacy-display=\"1\"\r\n\r\n<html><body>\
         <div class=\"header-protection-legacy-display\"><pre>Subject: s</pre></div><p>words</p></body></html>"
    );
    assert_eq!(read(&page).text, "words");
    // The older form: a part of its own.
    for copy in ["text/rfc822-headers; protected-headers=\"v1\"", "text/plain; protected-headers=\"v1\""] {
        let mail = read(&format!(
            "{head}Content-Type: multipart/mixed; boundary=b; protected-headers=\"v1\"\r\n\r\n--b\r\n\
             Content-Type: {copy}\r\nContent-Disposition: inline\r\n\r\nSubject: s\r\n\r\n--b\r\n\
             Content-Type: text/plain\r\n\r\nwords\r\n--b--\r\n"
        ));
        assert_eq!((mail.text.as_str(), mail.attachments.len()), ("words", 0), "{copy}");
    }
    let plain = read(&format!("{head}Content-Type: text/plain; protected-headers=\"v1\"\r\n\r\nwords"));
    assert_eq!(plain.text, "words");
}
