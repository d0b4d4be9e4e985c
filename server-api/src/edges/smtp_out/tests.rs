use super::route::is_public;
use super::worker::next_attempt;
use std::net::IpAddr;

#[test]
fn ssrf_no_address_behind_the_server_is_gone_to() {
    for inside in [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2001::1",
        "3fff::1",
        "100::1",
    ] {
        assert!(!is_public(inside.parse::<IpAddr>().unwrap()), "{inside}");
    }
    for outside in
        ["8.8.8.8", "192.0.1.1", "100.128.0.1", "2a00:1450::1", "2001:4860::8888", "64:ff9b::8.8.8.8"]
    {
        assert!(is_public(outside.parse::<IpAddr>().unwrap()), "{outside}");
    }
}

#[test]
fn waits_grow_to_four_hours() {
    let waits: Vec<i64> = (1..=10).map(|attempt| next_attempt(300, attempt) / 1000).collect();
    assert_eq!(waits, [300, 600, 1200, 2400, 4800, 9600, 14_400, 14_400, 14_400, 14_400]);
    assert_eq!(next_attempt(1, 1), 1000);
    assert_eq!(next_attempt(86_400, 70), 86_400_000);
}
