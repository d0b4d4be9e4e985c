use super::*;
use model::mail::{Author, Readers};
use wire::ids::MessageId;

fn good(text: &str) -> Vec<(String, String)> {
    recipients(text)
        .into_iter()
        .filter_map(|typed| match typed {
            Typed::Person(name, address) => Some((name, address.as_str().to_owned())),
            Typed::Bad(..) => None,
        })
        .collect()
}

fn person(address: &str) -> Person {
    Person { name: String::new(), address: address.into() }
}

fn message() -> OpenedMessage {
    OpenedMessage {
        id: MessageId([1; 16]),
        from: person("ana@x.test"),
        to: vec![person("me@x.test"), person("ben@x.test")],
        cc: vec![person("Ana@x.test"), person("carl@x.test")],
        subject: "Hello".into(),
        date: 0,
        message_id: "<3@x>".into(),
        references: vec!["<1@x>".into(), "<2@x>".into()],
        text: String::new(),
        attachments: Vec::new(),
        readers: Readers::EndToEnd,
        author: Author::Unsigned,
        wants_certificate_of: None,
        summary_differs: false,
        domain_word: None,
    }
}

#[test]
fn recipients_are_split_as_people_write_them() {
    let expected = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, address)| ((*name).into(), (*address).into())).collect()
    };
    assert_eq!(good("Ana@X.test"), expected(&[("", "ana@x.test")]));
    assert_eq!(
        good("ana@x.test, Ben B <ben@x.test>; \"Doe, Carl\" <carl@x.test>,\n"),
        expected(&[("", "ana@x.test"), ("Ben B", "ben@x.test"), ("Doe, Carl", "carl@x.test")])
    );
    assert_eq!(good("ana@x.test ben@x.test"), expected(&[("", "ana@x.test"), ("", "ben@x.test")]));
    assert_eq!(good("mailto:ana@x.test"), expected(&[("", "ana@x.test")]));
    assert_eq!(good("  "), expected(&[]));
}

#[test]
fn what_is_no_address_is_named() {
    assert_eq!(recipients("ana"), [Typed::Bad("ana".into(), MalformedAddress::NoAt)]);
    assert_eq!(
        recipients("Ben <be n@x.test>"),
        [Typed::Bad("Ben <be n@x.test>".into(), MalformedAddress::BadCharacter)]
    );
}

#[test]
fn subjects_get_their_prefix_once() {
    assert_eq!(prefixed("Re", "Hello"), "Re: Hello");
    assert_eq!(prefixed("Re", "RE: Hello"), "RE: Hello");
    assert_eq!(prefixed("Re", "Reading list"), "Re: Reading list");
    assert_eq!(prefixed("Fwd", "é"), "Fwd: é");
}

#[test]
fn quotes_stand_below_the_room_to_write() {
    assert_eq!(quote("Ana wrote:", "one\n\n> two\n"), "\n\nAna wrote:\n> one\n>\n>> two\n");
}

#[test]
fn answers_reach_whom_they_should() {
    let addresses = |people: Vec<Person>| people.into_iter().map(|p| p.address).collect::<Vec<_>>();
    let (to, cc) = answer_to(&message(), "me@x.test", false);
    assert_eq!((addresses(to), cc.len()), (vec!["ana@x.test".to_owned()], 0));
    let (to, cc) = answer_to(&message(), "ME@x.test", true);
    assert_eq!(addresses(to), ["ana@x.test"]);
    assert_eq!(addresses(cc), ["ben@x.test", "carl@x.test"]);
    // Answering one's own mail goes on to its recipients.
    let (to, _) = answer_to(&message(), "ana@x.test", false);
    assert_eq!(addresses(to), ["me@x.test", "ben@x.test"]);
    assert!(has_others(&message(), "me@x.test"));
}

#[test]
fn threads_stay_short_and_keep_their_root() {
    assert_eq!(thread(&message()), ["<1@x>", "<2@x>", "<3@x>"]);
    let long = OpenedMessage { references: (0..40).map(|n| format!("<{n}>")).collect(), ..message() };
    let ids = thread(&long);
    assert_eq!((ids.len(), ids[0].as_str(), ids[19].as_str()), (20, "<0>", "<3@x>"));
}
