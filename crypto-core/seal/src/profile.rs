//! The OpenPGP profile: every algorithm, limit and rejection of Hedgerow, in this file and nowhere else.

use pgp::composed::KeyType;
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, PublicParams};

pub use bulk::limits::{
    MAX_ARMOR_BODY_LINE_BYTES, MAX_ARMOR_HEADER_BYTES, MAX_ARMOR_LINE_BYTES, MAX_ARMOR_PREAMBLE_BYTES,
    MAX_CHUNK_OCTET,
};

/// Largest certificate a person or program hands over, in bytes: some carry thousands of foreign signatures.
pub const MAX_CERT_BYTES: usize = 8 * 1024 * 1024;
/// Largest keyring, in bytes.
pub const MAX_KEYRING_BYTES: usize = 64 * 1024 * 1024;
/// Most certificates of a keyring.
pub const MAX_KEYRING_CERTS: usize = 10_000;
/// Most packets of a keyring.
pub const MAX_KEYRING_PACKETS: usize = 500_000;
/// Most user ids, subkeys or unknown packets kept of one certificate.
pub const MAX_KEPT_COMPONENTS: usize = 1_000;
/// Largest key packet, in bytes.
pub const MAX_KEY_PACKET_BYTES: usize = 64 * 1024;
/// Most bytes of detached signatures.
pub const MAX_DETACHED_BYTES: usize = 1024 * 1024;
/// Most signatures on one key or user id that are sorted through, which costs no mathematics.
pub const MAX_HELD_SIGNATURES: usize = 4_096;
/// From this second on (2023-02-01) SHA-1 binds nothing any more.
pub const SHA1_BINDS_UNTIL_SECONDS: i64 = 1_675_209_600;
/// Largest certificate taken from the network, in bytes (R41).
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;
/// Most bytes taken of an answer to a search for certificates: what is in it is minimised before
/// [`MAX_CERTIFICATE_BYTES`] counts.
pub const MAX_LOOKUP_BYTES: usize = 1024 * 1024;
/// Most certificates in such an answer.
pub const MAX_LOOKUP_CERTS: usize = 16;
/// Most user ids of a certificate (R41).
pub const MAX_USER_IDS: usize = 8;
/// Most subkeys of a certificate (R41).
pub const MAX_SUBKEYS: usize = 32;
/// Most signatures looked at on one key, user id or message; each costs a public-key operation.
pub const MAX_SIGNATURES: usize = 32;
/// Most signatures over one content that a caller may ask for who has all the time of a native program.
pub const MAX_CONTENT_SIGNATURES: usize = 512;
/// Most ways (hash, kind, salt) in which one content is hashed at once; signatures beyond cannot be checked.
pub const MAX_CONTENT_HASHERS: usize = 128;
/// Most session key packets of a message.
pub const MAX_RECIPIENTS: usize = 512;
/// Largest sealed message opened or made, in bytes (R42).
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;
/// Largest content of a message, in bytes, also after decompression (R42).
pub const MAX_CONTENT_BYTES: usize = 64 * 1024 * 1024;
/// Compressed content may grow by this factor at most (R42).
pub const MAX_EXPANSION: usize = 100;
/// … beyond these octets, so that short messages may be as repetitive as they like.
pub const FREE_EXPANSION_BYTES: u64 = 16 * 1024 * 1024;
/// Most layers of sealing and compression inside each other, the outermost included.
pub const MAX_LAYERS: usize = 16;
/// Longest session key packet: RSA with 16,384 bits and ML-KEM-1024 stay below.
pub const MAX_SESSION_KEY_PACKET_BYTES: usize = 8 * 1024;
/// Most octets of all signature packets of a message.
pub const MAX_SIGNATURES_BYTES: usize = 1024 * 1024;
/// Most memory that Argon2 may fill to open a message: 2 to this power, in kibibytes (1 GiB).
pub const MAX_ARGON2_MEMORY_EXPONENT: u32 = 20;
/// Most kibibytes that Argon2 may fill, passes and passwords counted, to open one message: about ten seconds.
pub const MAX_ARGON2_WORK_KIB: u64 = 4 * 1024 * 1024;
/// Most octets that iterated S2K may hash to open one message: sixteen passwords at its slowest.
pub const MAX_S2K_HASHED_BYTES: u64 = 1024 * 1024 * 1024;
/// Nested compression layers; GnuPG writes one.
pub const MAX_COMPRESSION_LAYERS: usize = 2;
/// Clocks differ: a signature may seem this many seconds young.
pub const CLOCK_SKEW_SECONDS: i64 = 24 * 60 * 60;
/// Life of a new key, in seconds: two years.
pub const KEY_LIFETIME_SECONDS: u32 = 2 * 365 * 24 * 60 * 60;

/// The cipher of everything we seal.
pub const CIPHER: SymmetricKeyAlgorithm = SymmetricKeyAlgorithm::AES256;
/// The hash of everything we sign.
pub const HASH: HashAlgorithm = HashAlgorithm::Sha512;
/// The name of [`HASH`] in `multipart/signed` (RFC 3156 section 5).
pub const MICALG: &str = "pgp-sha512";
/// The mode of SEIPDv2 messages we seal: every reader of SEIPDv2 must have it (RFC 9580 section 9.6).
pub const AEAD: AeadAlgorithm = AeadAlgorithm::Ocb;
/// The chunks of SEIPDv2 messages we seal: the size that WebCrypto is fastest with.
pub const CHUNK: ChunkSize = ChunkSize::C256KiB;
/// Hashes we sign with, best first: the first that every recipient announces.
pub const SIGNING_HASHES: [HashAlgorithm; 3] =
    [HashAlgorithm::Sha512, HashAlgorithm::Sha384, HashAlgorithm::Sha256];
/// The coded count of iterated S2K in session key packets of passwords: 65,011,712 octets, as GnuPG may.
pub const S2K_ITERATIONS: u8 = 255;
/// Argon2id for session key packets of passwords: passes, lanes, and the power of two of KiB
/// (RFC 9106 section 4, second recommended choice).
pub const ARGON2: (u8, u8, u8) = (3, 4, 16);
/// Content up to this size is sealed into a packet of known length; more is streamed with partial lengths.
pub const MAX_WHOLE_BYTES: u64 = 256 * 1024 * 1024;
/// The hash that every program has (RFC 9580 section 9.5).
pub const COMMON_HASH: HashAlgorithm = HashAlgorithm::Sha256;
/// Ciphers of SEIPDv1 we seal with, best first: the first that every recipient takes. All take the last
/// (RFC 9580 section 9.3).
pub const SEALING_CIPHERS: [SymmetricKeyAlgorithm; 3] =
    [SymmetricKeyAlgorithm::AES256, SymmetricKeyAlgorithm::AES192, SymmetricKeyAlgorithm::AES128];
/// The suite of SEIPDv2 that hosts are fastest with: used if every recipient announces it.
pub const FAST_SUITE: (SymmetricKeyAlgorithm, AeadAlgorithm) = (CIPHER, AeadAlgorithm::Gcm);
/// The suite of SEIPDv2 for those whose lists leave [`CIPHER`] out.
pub const LEAST_SUITE: (SymmetricKeyAlgorithm, AeadAlgorithm) = (SymmetricKeyAlgorithm::AES128, AEAD);
/// Where no mode is in use.
pub const NO_MODE: AeadAlgorithm = AeadAlgorithm::None;
/// Ciphers a new certificate prefers.
pub const PREFERRED_CIPHERS: [SymmetricKeyAlgorithm; 2] =
    [SymmetricKeyAlgorithm::AES256, SymmetricKeyAlgorithm::AES128];
/// Hashes a new certificate prefers.
pub const PREFERRED_HASHES: [HashAlgorithm; 2] = [HashAlgorithm::Sha512, HashAlgorithm::Sha256];

/// What a new v4 key certifies and signs with. The legacy form: GnuPG 2.2 does not know the algorithm
/// numbers of RFC 9580.
pub const V4_PRIMARY: KeyType = KeyType::Ed25519Legacy;
/// What is sealed to with a new v4 key; legacy form too.
pub const V4_ENCRYPTION: KeyType = KeyType::ECDH(ECCCurve::Curve25519Legacy);
/// What a new v6 key certifies and signs with.
pub const V6_PRIMARY: KeyType = KeyType::Ed25519;
/// What is sealed to with a new v6 key.
pub const V6_ENCRYPTION: KeyType = KeyType::X25519;

/// Whether signatures with this hash count: no MD5, SHA-1, RIPEMD-160 (R43).
pub fn hash_counts(hash: HashAlgorithm) -> bool {
    matches!(
        hash,
        HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha224
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}

/// Whether a self-signature with this hash, made at `made` (in seconds), counts, or why not. Binding something
/// by SHA-1 needs a second preimage to forge, which nobody can make yet; what is newer has no excuse.
///
/// # Errors
/// Why not, in English, for a sentence.
pub fn self_signature_hash_counts(hash: HashAlgorithm, made: i64) -> Result<(), &'static str> {
    match hash {
        HashAlgorithm::Sha1 if made < SHA1_BINDS_UNTIL_SECONDS => Ok(()),
        HashAlgorithm::Sha1 => Err("its hash is SHA-1, after 2023-02-01"),
        hash if hash_counts(hash) => Ok(()),
        _ => Err("its hash is too weak"),
    }
}

/// Whether a passphrase hashed with this must not lock a version 6 key (RFC 9580 section 9.5).
pub fn is_broken_for_derivations(hash: HashAlgorithm) -> bool {
    matches!(hash, HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160)
}

/// Whether a revocation with this hash counts. It only takes away, so SHA-1 does at any time.
pub fn revocation_hash_counts(hash: HashAlgorithm) -> bool {
    hash_counts(hash) || hash == HashAlgorithm::Sha1
}

/// Whether content under this cipher is opened: only ciphers with 128-bit blocks (R43).
pub fn cipher_counts(cipher: SymmetricKeyAlgorithm) -> bool {
    matches!(
        cipher,
        SymmetricKeyAlgorithm::AES128
            | SymmetricKeyAlgorithm::AES192
            | SymmetricKeyAlgorithm::AES256
            | SymmetricKeyAlgorithm::Twofish
            | SymmetricKeyAlgorithm::Camellia128
            | SymmetricKeyAlgorithm::Camellia192
            | SymmetricKeyAlgorithm::Camellia256
    )
}

/// The ciphers of old mail, with blocks of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldCipher {
    /// Triple DES.
    Tripled,
    /// CAST5.
    Cast5,
    /// Blowfish.
    Blowfish,
    /// IDEA.
    Idea,
}

/// Which cipher of old mail it is, if it is one: read by those who ask for it (`Limits::old_ciphers`), where the
/// content is protected against changes all the same.
pub fn old_cipher(cipher: SymmetricKeyAlgorithm) -> Option<OldCipher> {
    match cipher {
        SymmetricKeyAlgorithm::TripleDES => Some(OldCipher::Tripled),
        SymmetricKeyAlgorithm::CAST5 => Some(OldCipher::Cast5),
        SymmetricKeyAlgorithm::Blowfish => Some(OldCipher::Blowfish),
        SymmetricKeyAlgorithm::IDEA => Some(OldCipher::Idea),
        _ => None,
    }
}

/// The bits of a brainpool curve, if it is one that is computed with here.
pub fn brainpool_bits(curve: &ECCCurve) -> Option<u32> {
    match curve {
        ECCCurve::BrainpoolP256r1 => Some(256),
        ECCCurve::BrainpoolP384r1 => Some(384),
        ECCCurve::BrainpoolP512r1 => Some(512),
        _ => None,
    }
}

/// Whether keys of this algorithm make RSA signatures.
pub fn is_rsa_signature(algorithm: PublicKeyAlgorithm) -> bool {
    matches!(algorithm, PublicKeyAlgorithm::RSA | PublicKeyAlgorithm::RSASign)
}

/// Whether it is AES, which hosts have in hardware.
pub fn is_aes(cipher: SymmetricKeyAlgorithm) -> bool {
    SEALING_CIPHERS.contains(&cipher)
}

/// Whether it is the mode that hosts have.
pub fn is_gcm(mode: AeadAlgorithm) -> bool {
    mode == AeadAlgorithm::Gcm
}

/// Octets of the nonce of a mode that is opened (RFC 9580 section 9.6).
pub fn nonce_octets(mode: AeadAlgorithm) -> Option<usize> {
    mode_counts(mode).then(|| mode.nonce_size())
}

/// Whether content in this mode is opened.
pub fn mode_counts(mode: AeadAlgorithm) -> bool {
    matches!(mode, AeadAlgorithm::Eax | AeadAlgorithm::Ocb | AeadAlgorithm::Gcm)
}

/// Whether keys of this kind count.
///
/// # Errors
/// Which algorithm and why, in English.
pub fn key_counts(algorithm: PublicKeyAlgorithm, params: &PublicParams) -> Result<(), &'static str> {
    match params {
        PublicParams::RSA(rsa) => {
            if bits_of_first_number(rsa) < 2048 {
                Err("RSA keys under 2048 bits are too weak")
            } else {
                Ok(())
            }
        }
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::X25519(_)
        | PublicParams::X448(_) => Ok(()),
        #[cfg(not(target_arch = "wasm32"))]
        PublicParams::MlDsa65Ed25519(_)
        | PublicParams::MlDsa87Ed448(_)
        | PublicParams::SlhDsaShake128s(_)
        | PublicParams::SlhDsaShake128f(_)
        | PublicParams::SlhDsaShake256s(_)
        | PublicParams::MlKem768X25519(_)
        | PublicParams::MlKem1024X448(_) => Ok(()),
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::P384 { .. } | EcdsaPublicParams::P521 { .. },
        ) => Ok(()),
        #[cfg(not(target_arch = "wasm32"))]
        PublicParams::ECDSA(EcdsaPublicParams::Unsupported { curve, .. })
            if brainpool_bits(curve).is_some() =>
        {
            Ok(())
        }
        #[cfg(not(target_arch = "wasm32"))]
        PublicParams::ECDH(
            EcdhPublicParams::Brainpool256 { alg_sym, .. }
            | EcdhPublicParams::Brainpool384 { alg_sym, .. }
            | EcdhPublicParams::Brainpool512 { alg_sym, .. },
        ) => wraps(*alg_sym),
        PublicParams::ECDH(
            EcdhPublicParams::Curve25519Legacy { alg_sym, .. }
            | EcdhPublicParams::P256 { alg_sym, .. }
            | EcdhPublicParams::P384 { alg_sym, .. }
            | EcdhPublicParams::P521 { alg_sym, .. },
        ) => wraps(*alg_sym),
        PublicParams::DSA(dsa) => match bits_of_first_number(dsa) {
            0..2048 => Err("DSA keys under 2048 bits are too weak"),
            2048..=4096 => Ok(()),
            _ => Err("DSA keys over 4096 bits are not supported"),
        },
        PublicParams::Elgamal(_) => Err("ElGamal keys are not supported"),
        _ => Err(match algorithm {
            PublicKeyAlgorithm::ECDSA | PublicKeyAlgorithm::ECDH | PublicKeyAlgorithm::EdDSALegacy => {
                "this elliptic curve is not supported"
            }
            _ => "this key algorithm is not supported",
        }),
    }
}

/// Whether a key of this kind cannot even be checked signatures with, so that nothing its owner said is known.
pub fn is_unread(params: &PublicParams) -> bool {
    match params {
        PublicParams::Unknown { .. }
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Unsupported { .. }) => true,
        PublicParams::ECDSA(EcdsaPublicParams::Unsupported { curve, .. }) => {
            cfg!(target_arch = "wasm32") || brainpool_bits(curve).is_none()
        }
        _ => false,
    }
}

/// What would wrap a session key: nothing with blocks of 64 bits.
fn wraps(cipher: SymmetricKeyAlgorithm) -> Result<(), &'static str> {
    if cipher_counts(cipher) {
        Ok(())
    } else {
        Err("its key asks for session keys to be wrapped with a weak cipher")
    }
}

/// Whether keys of this algorithm can receive a session key.
pub fn can_seal_to(algorithm: PublicKeyAlgorithm) -> bool {
    matches!(
        algorithm,
        PublicKeyAlgorithm::RSA
            | PublicKeyAlgorithm::RSAEncrypt
            | PublicKeyAlgorithm::ECDH
            | PublicKeyAlgorithm::X25519
            | PublicKeyAlgorithm::X448
    ) || is_post_quantum_encryption(algorithm)
}

/// Post-quantum algorithms are in native programs only: they would not fit into the page's byte budget.
#[cfg(not(target_arch = "wasm32"))]
fn is_post_quantum_encryption(algorithm: PublicKeyAlgorithm) -> bool {
    matches!(algorithm, PublicKeyAlgorithm::MlKem768X25519 | PublicKeyAlgorithm::MlKem1024X448)
}

#[cfg(target_arch = "wasm32")]
fn is_post_quantum_encryption(_: PublicKeyAlgorithm) -> bool {
    false
}

#[cfg(not(target_arch = "wasm32"))]
fn is_post_quantum_signature(algorithm: PublicKeyAlgorithm) -> bool {
    matches!(
        algorithm,
        PublicKeyAlgorithm::MlDsa65Ed25519
            | PublicKeyAlgorithm::MlDsa87Ed448
            | PublicKeyAlgorithm::SlhDsaShake128s
            | PublicKeyAlgorithm::SlhDsaShake128f
            | PublicKeyAlgorithm::SlhDsaShake256s
    )
}

#[cfg(target_arch = "wasm32")]
fn is_post_quantum_signature(_: PublicKeyAlgorithm) -> bool {
    false
}

/// Whether keys of this algorithm can sign.
pub fn can_sign(algorithm: PublicKeyAlgorithm) -> bool {
    matches!(
        algorithm,
        PublicKeyAlgorithm::RSA
            | PublicKeyAlgorithm::RSASign
            | PublicKeyAlgorithm::ECDSA
            | PublicKeyAlgorithm::EdDSALegacy
            | PublicKeyAlgorithm::Ed25519
            | PublicKeyAlgorithm::Ed448
    ) || is_post_quantum_signature(algorithm)
}

/// The algorithm's name, as RFC 9580 section 9.1 writes it.
pub fn algorithm_name(algorithm: PublicKeyAlgorithm) -> &'static str {
    use PublicKeyAlgorithm as A;
    match algorithm {
        A::RSA | A::RSAEncrypt | A::RSASign => "RSA",
        A::Elgamal | A::ElgamalEncrypt => "Elgamal",
        A::DSA => "DSA",
        A::ECDH => "ECDH",
        A::ECDSA => "ECDSA",
        A::EdDSALegacy => "EdDSALegacy",
        A::X25519 => "X25519",
        A::X448 => "X448",
        A::Ed25519 => "Ed25519",
        A::Ed448 => "Ed448",
        algorithm if algorithm.is_pqc() => "post-quantum",
        _ => "unknown",
    }
}

/// Whether signatures of keys of this algorithm are checked: DSA signs no more, and is still believed.
pub fn can_verify(algorithm: PublicKeyAlgorithm) -> bool {
    can_sign(algorithm) || algorithm == PublicKeyAlgorithm::DSA
}

/// The bits of the modulus of RSA or the prime of DSA: the first multiprecision integer of the key, which
/// begins with two octets of bit count.
fn bits_of_first_number(numbers: &impl pgp::ser::Serialize) -> usize {
    let mut bytes = Vec::new();
    if numbers.to_writer(&mut bytes).is_err() {
        return 0;
    }
    match bytes.first_chunk::<2>() {
        Some(count) => usize::from(u16::from_be_bytes(*count)),
        None => 0,
    }
}

/// What a new post-quantum key certifies and signs with (RFC 9980).
#[cfg(not(target_arch = "wasm32"))]
pub const PQ_PRIMARY: KeyType = KeyType::MlDsa65Ed25519;
/// What is sealed to with a new post-quantum key.
#[cfg(not(target_arch = "wasm32"))]
pub const PQ_ENCRYPTION: KeyType = KeyType::MlKem768X25519;
/// RSA for those who must.
pub const RSA_3072: KeyType = KeyType::Rsa(3072);
/// The same, longer.
pub const RSA_4096: KeyType = KeyType::Rsa(4096);
/// The hash of the derivation from before there was a specifier (RFC 9580 section 5.5.3): read, never written.
pub const OLDEST_DERIVATION_HASH: HashAlgorithm = HashAlgorithm::Md5;
/// The hash of iterated derivations that lock secret keys: GnuPG 2.2 reads it.
pub const LOCK_HASH: HashAlgorithm = HashAlgorithm::Sha256;
/// The coded count of these derivations, the highest there is: 65,011,712 octets.
pub const LOCK_COUNT: u8 = 255;
/// Argon2id that locks secret keys: passes, lanes, and the power of two of KiB (RFC 9106 section 4).
pub const LOCK_ARGON2: (u8, u8, u8) = (3, 4, 16);
/// The most memory that Argon2 gets for unlocking a secret key, as a power of two of KiB: 128 MiB (R42).
pub const MAX_ARGON2_MEMORY: u8 = 17;
/// The most work that it gets: passes times KiB.
pub const MAX_ARGON2_WORK: u64 = 16 << 16;
/// Largest RSA secret key read, in bits.
pub const MAX_RSA_BITS: usize = 8192;
/// Largest ring of secret keys read, in bytes.
pub const MAX_SECRET_RING_BYTES: usize = 4 * 1024 * 1024;
/// Most keys of such a ring.
pub const MAX_SECRET_RING_KEYS: usize = 256;
/// Longest user id written, in bytes.
pub const MAX_USER_ID_BYTES: usize = 1024;
/// Most trials to open the session keys of one message; each costs a private-key operation.
pub const MAX_SESSION_KEY_TRIALS: usize = 64;
