//! Certificates and detached signatures as a directory or a stranger may send them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::cert::FetchedCert;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(cert) = FetchedCert::parse(bytes) {
        let _ = cert.judge(1_795_500_000_000, Some("alice@hedgerow.test"));
        let again = FetchedCert::parse(cert.bytes()).expect("what was read and written is read again");
        assert_eq!(again.fingerprint(), cert.fingerprint());
    }
    let _ = seal::verify::detached(bytes);
});
