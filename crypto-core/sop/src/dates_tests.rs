use super::*;

fn at(text: &str) -> i64 {
    parse(text, Edge::Start).unwrap().unwrap()
}

#[test]
fn iso_8601_in_its_common_forms() {
    let expected = 1_488_633_935; // 2017-03-04T13:25:35Z
    for text in [
        "2017-03-04T13:25:35Z",
        "20170304T132535Z",
        "2017-03-04T13:25:35",
        "2017-03-04T15:25:35+02:00",
        "2017-03-04T13:25:35.9Z",
    ] {
        assert_eq!(at(text), expected, "{text}");
    }
    assert_eq!(at("2017-03-04T13:25Z"), expected - 35);
}

#[test]
fn a_bare_day_begins_or_ends() {
    assert_eq!(at("1970-01-02"), 86_400);
    assert_eq!(parse("19700102", Edge::End).unwrap(), Some(2 * 86_400 - 1));
}

#[test]
fn no_bound_and_nonsense() {
    assert_eq!(parse("-", Edge::End).unwrap(), None);
    assert!(parse("now", Edge::End).unwrap().unwrap() > 1_700_000_000);
    for text in ["", "yesterday", "2017-13-01", "2017-02-30T00:00:00Z", "--"] {
        assert_eq!(parse(text, Edge::Start).unwrap_err().code(), Code::UnsupportedOption, "{text}");
    }
}

#[test]
fn a_time_comes_back_as_written() {
    assert_eq!(shown(at("2019-10-29T12:11:04Z")), "2019-10-29T12:11:04Z");
}
