//! Certificates and detached signatures, as a directory or a stranger may send them.

use seal::armor::dearmored;
use seal::cert::{Cert, FetchedCert, Purpose};
use seal::signature::SignaturePacket;
use seal::verify::{SignatureClaim, detached};

use crate::fixture::{ADDRESS, KEYS, NOW};

/// Certificates: read, judged, merged and made smaller; what is written is read again as the same.
pub fn certificate(bytes: &[u8]) {
    if let Ok(cert) = FetchedCert::parse(bytes) {
        let _ = cert.judge(NOW, Some(ADDRESS));
        let again = FetchedCert::parse(cert.bytes()).expect("what was read and written is read again");
        assert_eq!(again.fingerprint(), cert.fingerprint());
        assert_eq!(again.bytes(), cert.bytes(), "written differently the second time");
    }
    let Ok(certs) = Cert::parse_many(bytes) else { return };
    for cert in certs.iter().take(4) {
        judged(cert);
        let written = cert.to_bytes();
        let again = Cert::parse(&written).expect("what was read and written is read again");
        assert_eq!(again.to_bytes(), written, "written differently the second time");
        let (_, unarmored) = dearmored(cert.to_armor().as_bytes()).expect("its armor is read");
        assert_eq!(unarmored, written, "armor changed it");
        let mut merged = cert.clone();
        merged.merge(&again).expect("a copy of itself");
        assert_eq!(merged.to_bytes().len(), written.len(), "merging with itself added something");
        for smaller in [cert.minimised(NOW), cert.minimised_for(ADDRESS, NOW), cert.exportable()] {
            assert_eq!(smaller.fingerprint(), cert.fingerprint());
            assert!(smaller.to_bytes().len() <= written.len(), "less is more");
            let usable = (cert.usable(NOW).is_ok(), smaller.usable(NOW).is_ok());
            assert!(usable.0 || !usable.1, "a certificate became usable by leaving things out");
        }
    }
}

fn judged(cert: &Cert) {
    let _ = cert.judged(NOW);
    let _ = cert.announced(NOW);
    let _ = cert.expires(NOW);
    for purpose in [Purpose::Communication, Purpose::Storage] {
        let _ = cert.encryption_keys_for(purpose, NOW);
    }
    let _ = cert.signing_keys(NOW);
    let _ = cert.valid_user_ids(NOW);
    let _ = cert.names(ADDRESS, NOW);
}

/// Detached signatures: none is good over two different contents.
pub fn signatures(bytes: &[u8]) {
    let contents: [&[u8]; 2] = [b"Hedgerow\r\n", b"Hedgehog\r\n"];
    if let Ok(found) = detached(bytes) {
        for one in found.iter().take(8) {
            let packet = one.packet();
            let again = SignaturePacket::parse(packet.body()).expect("a body that was read");
            assert_eq!(&again, packet);
            check(&contents.map(|content| one.over(content)));
        }
    }
    if let Ok(packet) = SignaturePacket::parse(bytes) {
        check(&contents.map(|content| SignatureClaim::over(packet.clone(), content)));
    }
}

fn check(claims: &[SignatureClaim; 2]) {
    for key in KEYS.iter() {
        let cert = key.certificate().cert().cert();
        let good = claims.iter().filter(|claim| cert.check(claim, NOW).is_good()).count();
        assert!(good < 2, "one signature over two contents");
    }
}
