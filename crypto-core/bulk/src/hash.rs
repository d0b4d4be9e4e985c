//! Hashes of content: this program's, or those of a host that has hardware for them (node:crypto). A host's hash is
//! told every octet in turn; only the arithmetic is elsewhere.

use std::sync::OnceLock;

use digest::DynDigest;
use pgp::crypto::hash::HashAlgorithm;

/// A hash that is chosen at run time.
pub type Hasher = Box<dyn DynDigest + Send>;

/// Makes the host's hash of this name (as WebCrypto calls it), if it has one.
pub type MakeHasher = fn(name: &'static str) -> Option<Hasher>;

static HOST: OnceLock<MakeHasher> = OnceLock::new();

/// Lets a host hash content from now on. The first one stays.
pub fn use_host(make: MakeHasher) {
    let _ = HOST.set(make);
}

/// The hash as WebCrypto and node:crypto call it: `SHA-512`. `None` for those they do not have.
pub fn name(hash: HashAlgorithm) -> Option<&'static str> {
    Some(match hash {
        HashAlgorithm::Sha224 => "SHA-224",
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
        HashAlgorithm::Sha512 => "SHA-512",
        HashAlgorithm::Sha3_256 => "SHA3-256",
        HashAlgorithm::Sha3_512 => "SHA3-512",
        _ => return None,
    })
}

/// A hasher for content. `None` if the hash is not known.
pub fn hasher(hash: HashAlgorithm) -> Option<Hasher> {
    let host = HOST.get().zip(name(hash)).and_then(|(make, name)| make(name));
    host.or_else(|| hash.new_hasher().ok())
}

/// The SHA-1 of the modification detection code.
pub(crate) fn sha1() -> Hasher {
    HOST.get().and_then(|make| make("SHA-1")).unwrap_or_else(|| Box::new(sha1::Sha1::default()))
}
