use super::*;

fn limits() -> Limits {
    crate::config::Config::load_with(None, [("HEDGEROW_LIMITS__ACCOUNT_LOGINS_PER_HOUR".into(), "3".into())])
        .unwrap()
        .limits
}

#[test]
fn wrong_logins_run_out_and_right_ones_do_not() {
    let limits = RateLimits::new(&limits());
    let (mallory, alice) = (AccountId([1; 16]), AccountId([2; 16]));
    for _ in 0..3 {
        limits.login_begun(&mallory).unwrap();
    }
    let refused = limits.login_begun(&mallory).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TooMany);
    assert!(refused.body().retry_after_s.is_some_and(|wait| (1..=1200).contains(&wait)));
    for _ in 0..50 {
        limits.login_begun(&alice).unwrap();
        limits.login_succeeded(&alice);
    }
}

#[test]
fn networks_are_24_and_64() {
    let network = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
    assert_eq!(network("192.0.2.1"), network("192.0.2.200"));
    assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
    assert_eq!(network("::ffff:192.0.2.9"), network("192.0.2.1"));
    assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
    assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    assert!(network("127.0.0.1").is_loopback() && network("::1").is_loopback());
    assert!(!network("192.0.2.1").is_loopback());
}

#[test]
fn only_this_machine_is_local() {
    for host in ["localhost:8080", "127.0.0.1:9", "[::1]:9", "localhost", "127.0.0.1"] {
        assert!(is_local(host), "{host}");
    }
    for host in ["evil.test:8080", "localhost.evil.test", "192.0.2.1:80"] {
        assert!(!is_local(host), "{host}");
    }
}
