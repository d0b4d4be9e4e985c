//! Secret keys, as a person may bring them from anywhere.

use crypto_core::keys::{DerivationKind, SecretCert};
use seal::cert::Cert;

use crate::fixture::{NOW, PASSWORD};

/// Most octets hashed for one derivation: the caps of the profile are for people, who can wait.
const CHEAP_OCTETS: usize = 1 << 17;
/// Argon2 with up to 2^7 KiB.
const CHEAP_MEMORY: u8 = 7;

/// Secret keys: read, unlocked where that is cheap, locked again and written; what is written is read again.
pub fn secret_key(bytes: &[u8]) {
    let Ok(keys) = SecretCert::parse_many(bytes) else { return };
    for mut key in keys.into_iter().take(3) {
        let _ = key.keys();
        let written = key.to_bytes().expect("what was read is written");
        let again = SecretCert::parse(&written).expect("what was written is read");
        assert_eq!(again.fingerprint(), key.fingerprint());
        assert_eq!(*again.to_bytes().expect("the same"), *written, "written differently the second time");
        let public = key.cert().to_bytes();
        assert!(
            Cert::parse(&public).is_ok_and(|cert| !cert.came_with_secrets()),
            "a certificate with secrets"
        );
        for derivation in key.derivations().iter().take(3) {
            let cheap = match derivation.kind() {
                DerivationKind::Argon2 { passes, lanes, memory, .. } => {
                    *passes <= 2 && *lanes <= 4 && *memory <= CHEAP_MEMORY
                }
                _ => derivation.hashes().iter().all(|hash| hash.octets <= CHEAP_OCTETS),
            };
            if let (true, Ok(derived)) = (cheap, derivation.derive(PASSWORD)) {
                let _ = key.unlock_with(derivation, &derived);
            }
        }
        let _ = key.signing_keys(NOW);
        key.lock();
        assert_eq!(*key.to_bytes().expect("written again"), *written, "unlocking changed what is written");
    }
}
