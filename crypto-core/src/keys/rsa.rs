//! RSA with a secret key: the Chinese remainder theorem over constant-time Montgomery arithmetic.
//!
//! The crate `rsa` 0.9 computes in variable time (the Marvin attack) and slowly in WebAssembly. Here the
//! exponents are blinded, the table is read in constant time, the padding is judged without a branch on its
//! content, and every result is checked with the public key before it leaves (a fault would give the primes
//! away).

use core::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use hkdf::Hkdf;
use model::error::{CoreError, CoreErrorCode};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pkcs1::der::Encode as _;
use pkcs1::{ALGORITHM_ID, RsaPrivateKey, UintRef};
use pkcs8::PrivateKeyInfo;
use seal::profile;
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::octets::Octets;

/// The numbers of an RSA key, big-endian, as hosts make them (the members of a JWK). Wiped when dropped.
#[derive(Clone)]
pub struct RsaNumbers {
    /// The modulus.
    pub n: Vec<u8>,
    /// The public exponent.
    pub e: Vec<u8>,
    /// The private exponent.
    pub d: Zeroizing<Vec<u8>>,
    /// The first prime.
    pub p: Zeroizing<Vec<u8>>,
    /// The second prime.
    pub q: Zeroizing<Vec<u8>>,
    /// The inverse of the first prime modulo the second.
    pub u: Zeroizing<Vec<u8>>,
}

/// Shows the size only.
impl fmt::Debug for RsaNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaNumbers({} octets)", self.n.len())
    }
}

/// One prime with what is computed from it.
struct Prime {
    params: BoxedMontyParams,
    modulus: Zeroizing<BoxedUint>,
    /// The private exponent modulo the prime less one.
    exponent: Zeroizing<BoxedUint>,
    less_one: Zeroizing<BoxedUint>,
    /// Where SIMD does it: three times as fast as `crypto-bigint` there.
    #[cfg(target_arch = "wasm32")]
    kernel: bulk::montgomery::Modulus,
}

/// An RSA secret key whose public part was proven to belong to it.
pub(super) struct PrivateKey {
    n: BoxedMontyParams,
    e: BoxedUint,
    d: Zeroizing<BoxedUint>,
    p: Prime,
    q: Prime,
    /// The inverse of p modulo q, in Montgomery form.
    inverse: BoxedMontyForm,
    /// Octets of the modulus.
    size: usize,
}

fn substituted() -> CoreError {
    CoreError::with(CoreErrorCode::KeySubstituted, "public and secret parts do not belong together")
}

/// A number of just as many limbs as it needs.
pub(super) fn number(octets: &[u8]) -> Option<BoxedUint> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..)?;
    BoxedUint::from_be_slice(octets, u32::try_from(octets.len()).ok()?.max(1).checked_mul(8)?).ok()
}

pub(super) fn resized(number: &BoxedUint, bits: u32) -> BoxedUint {
    if number.bits_precision() >= bits { number.shorten(bits) } else { number.widen(bits) }
}

impl Prime {
    fn new(prime: &BoxedUint, e: &BoxedUint, d: &BoxedUint) -> Option<Self> {
        let bits = prime.bits_precision();
        if bits < 256 || prime.bits_vartime() < 256 {
            return None;
        }
        let odd = Odd::new(prime.clone()).into_option()?;
        let less_one = Zeroizing::new(prime.wrapping_sub(&BoxedUint::one_with_precision(bits)));
        // e·d = 1 modulo p-1 and modulo q-1, which is: modulo their least common multiple.
        let divisor = |bits| NonZero::new(resized(&less_one, bits)).into_option();
        let wide = d.bits_precision().max(bits);
        let exponent = Zeroizing::new(resized(&resized(d, wide).rem(&divisor(wide)?), bits));
        let product = Zeroizing::new(exponent.mul(e));
        let wide = product.bits_precision();
        if product.rem(&divisor(wide)?) != BoxedUint::one_with_precision(wide) {
            return None;
        }
        Some(Self {
            params: BoxedMontyParams::new(odd),
            modulus: Zeroizing::new(prime.clone()),
            exponent,
            less_one,
            #[cfg(target_arch = "wasm32")]
            kernel: Self::kernel(prime)?,
        })
    }

    #[cfg(target_arch = "wasm32")]
    fn kernel(prime: &BoxedUint) -> Option<bulk::montgomery::Modulus> {
        let octets = Zeroizing::new(prime.to_be_bytes());
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let octets = octets.get(zeros..)?;
        let shift = u32::try_from(2 * bulk::montgomery::radix_bits(octets.len())).ok()?;
        let bits = shift.checked_add(1)?.next_multiple_of(64);
        let divisor = NonZero::new(resized(prime, bits)).into_option()?;
        let square = Zeroizing::new((BoxedUint::one_with_precision(bits) << shift).rem(&divisor));
        bulk::montgomery::Modulus::new(octets, &Zeroizing::new(square.to_be_bytes()))
    }

    fn rest(&self, number: &BoxedUint) -> Option<BoxedUint> {
        let bits = self.modulus.bits_precision();
        let wide = number.bits_precision().max(bits);
        let divisor = NonZero::new(resized(&self.modulus, wide)).into_option()?;
        Some(resized(&resized(number, wide).rem(&divisor), bits))
    }

    fn reduced(&self, number: &BoxedUint) -> Option<BoxedMontyForm> {
        Some(BoxedMontyForm::new(self.rest(number)?, self.params.clone()))
    }

    /// `base` to the private exponent. A random multiple of `prime - 1` hides the exponent.
    fn power(&self, base: &BoxedUint, blind: u64) -> Option<BoxedUint> {
        let multiple = Zeroizing::new(self.less_one.mul(&BoxedUint::from(blind)));
        let bits = multiple.bits_precision();
        let exponent = Zeroizing::new(multiple.wrapping_add(&resized(&self.exponent, bits)));
        #[cfg(target_arch = "wasm32")]
        {
            let base = Zeroizing::new(self.rest(base)?.to_be_bytes());
            let power = self.kernel.power(&base, &Zeroizing::new(exponent.to_be_bytes()));
            let bits = self.modulus.bits_precision();
            let mut octets =
                Zeroizing::new(vec![0; usize::try_from(bits / 8).ok()?.checked_sub(power.len())?]);
            octets.extend_from_slice(&power);
            BoxedUint::from_be_slice(&octets, bits).ok()
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            let base = self.reduced(base)?;
            Some(base.pow_bounded_exp(&exponent, self.modulus.bits_precision() + 64).retrieve())
        }
    }
}

impl PrivateKey {
    /// Reads the secret octets (d, p, q, u), and proves that the public numbers are theirs (R4): n is the
    /// product of the primes, and the exponents are inverse.
    ///
    /// # Errors
    /// `KeySubstituted`.
    pub(super) fn read(n: &[u8], e: &[u8], octets: &[u8]) -> Result<Self, CoreError> {
        let mut rest = Octets(octets);
        let numbers = (rest.mpi(), rest.mpi(), rest.mpi(), rest.mpi());
        let (Some(d), Some(p), Some(q), Some(u)) = numbers else { return Err(substituted()) };
        if !rest.0.is_empty() {
            return Err(substituted());
        }
        Self::build(n, e, d, p, q, u).ok_or_else(substituted)
    }

    /// As [`read`](Self::read), of numbers a host made.
    pub(super) fn of_numbers(numbers: &RsaNumbers) -> Result<Self, CoreError> {
        Self::build(&numbers.n, &numbers.e, &numbers.d, &numbers.p, &numbers.q, &numbers.u)
            .ok_or_else(substituted)
    }

    fn build(n: &[u8], e: &[u8], d: &[u8], p: &[u8], q: &[u8], u: &[u8]) -> Option<Self> {
        // More than this would only keep the processor busy.
        if n.len().max(d.len()) > profile::MAX_RSA_BITS.div_ceil(8) || e.len() > n.len() {
            return None;
        }
        let (n, e, d) = (number(n)?, number(e)?, Zeroizing::new(number(d)?));
        let (p, q) = (Zeroizing::new(number(p)?), Zeroizing::new(number(q)?));
        if *p == *q {
            return None;
        }
        let product = p.mul(&q);
        let wide = product.bits_precision().max(n.bits_precision());
        if resized(&product, wide) != resized(&n, wide) {
            return None;
        }
        let size = usize::try_from(n.bits_vartime().div_ceil(8)).ok()?;
        let (p, q) = (Prime::new(&p, &e, &d)?, Prime::new(&q, &e, &d)?);
        // Programs differ in whose inverse they keep; computing it takes longer than checking it.
        let of_p = q.reduced(&p.modulus)?;
        let kept = q.reduced(&Zeroizing::new(number(u)?))?;
        let inverse = if of_p.mul(&kept) == BoxedMontyForm::one(q.params.clone()) {
            kept
        } else {
            of_p.invert().into_option()?
        };
        let n = BoxedMontyParams::new_vartime(Odd::new(n).into_option()?);
        Some(Self { n, e, d, p, q, inverse, size })
    }

    /// The numbers, for a host that signs.
    pub(super) fn numbers(&self) -> RsaNumbers {
        let octets = |number: &BoxedUint| {
            let octets = Zeroizing::new(number.to_be_bytes());
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            octets.get(zeros..).unwrap_or_default().to_vec()
        };
        RsaNumbers {
            n: octets(self.n.modulus()),
            e: octets(&self.e),
            d: Zeroizing::new(octets(&self.d)),
            p: Zeroizing::new(octets(&self.p.modulus)),
            q: Zeroizing::new(octets(&self.q.modulus)),
            u: Zeroizing::new(octets(&self.inverse.retrieve())),
        }
    }

    /// Octets of the modulus.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The key in PKCS #8 (RFC 5958), which WebCrypto and node:crypto import.
    pub(super) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let numbers = self.numbers();
        let exponents = [&self.q.exponent, &self.p.exponent].map(|it| Zeroizing::new(it.to_be_bytes()));
        let inverse = Zeroizing::new(self.inverse.retrieve().to_be_bytes());
        let [exponent1, exponent2] = &exponents;
        let uint = |octets| UintRef::new(octets).ok();
        let key = RsaPrivateKey {
            modulus: uint(&numbers.n)?,
            public_exponent: uint(&numbers.e)?,
            private_exponent: uint(&numbers.d)?,
            // OpenPGP keeps the inverse of its first prime, PKCS #1 that of its second.
            prime1: uint(&numbers.q)?,
            prime2: uint(&numbers.p)?,
            exponent1: uint(exponent1)?,
            exponent2: uint(exponent2)?,
            coefficient: uint(&inverse)?,
            other_prime_infos: None,
        };
        let key = Zeroizing::new(key.to_der().ok()?);
        PrivateKeyInfo::new(ALGORITHM_ID, &key).to_der().map(Zeroizing::new).ok()
    }

    /// The secret octets of a key packet.
    pub(super) fn to_octets(&self) -> Zeroizing<Vec<u8>> {
        let numbers = self.numbers();
        let inverse = Zeroizing::new(self.inverse.retrieve().to_be_bytes());
        let mut octets = Zeroizing::new(Vec::with_capacity(8 + 4 * self.size));
        for number in [numbers.d.as_slice(), &numbers.p, &numbers.q, &inverse] {
            let zeros = number.iter().take_while(|octet| **octet == 0).count();
            let number = number.get(zeros..).unwrap_or_default();
            let unused = number.first().map_or(0, |octet| octet.leading_zeros());
            let bits = (number.len() * 8).saturating_sub(usize::try_from(unused).unwrap_or(0));
            octets.extend_from_slice(&u16::try_from(bits).unwrap_or(u16::MAX).to_be_bytes());
            octets.extend_from_slice(number);
        }
        octets
    }

    /// The private operation. `None` if the input is not below the modulus, or if the processor erred.
    fn private(&self, input: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let bits = self.n.bits_precision();
        let input = number(input)?;
        if input.bits_vartime() > bits {
            return None;
        }
        let input = resized(&input, bits);
        if input >= **self.n.modulus() {
            return None;
        }
        // Secret and different for every input, and needs no generator.
        let mut blinds = Zeroizing::new([0; 16]);
        let secret = Zeroizing::new(self.d.to_be_bytes());
        Hkdf::<Sha256>::new(Some(&input.to_be_bytes()), &secret)
            .expand(b"RSA blinding", &mut *blinds)
            .ok()?;
        let (first, second) = blinds.split_first_chunk::<8>()?;
        let blinds = (u64::from_be_bytes(*first), u64::from_be_bytes(second.try_into().ok()?));

        let of_p = Zeroizing::new(self.p.power(&input, blinds.0)?);
        let of_q: Zeroizing<BoxedUint> = Zeroizing::new(self.q.power(&input, blinds.1)?);
        // Garner: m = m_p + p · ((m_q - m_p) / p mod q).
        let of_q = BoxedMontyForm::new((*of_q).clone(), self.q.params.clone());
        let lacking = Zeroizing::new((of_q.sub(&self.q.reduced(&of_p)?)).mul(&self.inverse).retrieve());
        let upper = Zeroizing::new(self.p.modulus.mul(&lacking));
        let wide = upper.bits_precision().max(bits);
        let sum = resized(&upper, wide).wrapping_add(&resized(&of_p, wide));
        let result = Zeroizing::new(resized(&sum, bits));

        let again = BoxedMontyForm::new((*result).clone(), self.n.clone())
            .pow_bounded_exp(&self.e, self.e.bits_vartime())
            .retrieve();
        if again != input {
            return None;
        }
        let octets = Zeroizing::new(result.to_be_bytes());
        let skipped = octets.len().checked_sub(self.size)?;
        Some(Zeroizing::new(octets.get(skipped..)?.to_vec()))
    }

    /// A PKCS #1 v1.5 signature over a digest. `None` for hashes without an identifier.
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Option<Vec<u8>> {
        let prefix = digest_prefix(hash)?;
        if hash.digest_size() != Some(digest.len()) {
            return None;
        }
        let padding = self.size.checked_sub(prefix.len() + digest.len() + 3)?;
        if padding < 8 {
            return None;
        }
        let mut block = vec![0, 1];
        block.resize(2 + padding, 0xff);
        block.push(0);
        block.extend_from_slice(prefix);
        block.extend_from_slice(digest);
        self.private(&block).map(|signature| signature.to_vec())
    }

    /// Opens the session key of a PKESK. A block with wrong padding gives a key too, which follows from the
    /// block and opens nothing: whoever sends damaged blocks learns nothing from the answer.
    pub(super) fn open(&self, sealed: &[u8], version: u8) -> Option<RsaSessionKey> {
        let block = self.private(sealed)?;
        self.unpad(sealed, &block, version)
    }

    /// As [`open`](Self::open), of a block that a host decrypted.
    pub(super) fn unpad(&self, sealed: &[u8], block: &[u8], version: u8) -> Option<RsaSessionKey> {
        let mut instead = Zeroizing::new([0; 32]);
        let secret = Zeroizing::new(self.d.to_be_bytes());
        Hkdf::<Sha256>::new(Some(sealed), &secret).expand(b"RSA implicit rejection", &mut *instead).ok()?;
        if block.len() != self.size {
            return None;
        }
        Some(unpadded(block, version, &instead))
    }
}

/// What a block held, or a key that opens nothing.
pub(super) struct RsaSessionKey {
    pub(super) cipher: Option<SymmetricKeyAlgorithm>,
    pub(super) key: Zeroizing<Vec<u8>>,
    /// Whether the padding was right. Only for tests and for trying several keys on one block.
    pub(super) right: Choice,
}

/// Judges the padding for each possible length of key, always all of them and all octets.
pub(super) fn unpadded(block: &[u8], version: u8, instead: &[u8; 32]) -> RsaSessionKey {
    let mut cipher = u8::from(profile::CIPHER);
    let mut length = 32u8;
    let mut key = Zeroizing::new(*instead);
    let mut right = Choice::from(0);
    for key_len in [16u8, 24, 32] {
        let named = usize::from(version == 3);
        let message_len = named + usize::from(key_len) + 2;
        let Some(at) = block.len().checked_sub(message_len) else { continue };
        let (head, message) = block.split_at(at);
        let Some((zero, head)) = head.split_last() else { continue };
        let Some((start, padding)) = head.split_first_chunk::<2>() else { continue };
        if padding.len() < 8 {
            continue;
        }
        let mut good = start.ct_eq(&[0, 2]) & zero.ct_eq(&0);
        for octet in padding {
            good &= !octet.ct_eq(&0);
        }
        let (name, rest) = message.split_at(named);
        let Some((content, sum)) = rest.split_last_chunk::<2>() else { continue };
        let added = content.iter().fold(0u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        good &= added.to_be_bytes().ct_eq(sum);
        let mut number = u8::from(profile::CIPHER);
        if let [name] = name {
            number = *name;
            good &= of_length(number, key_len);
        }
        right |= good;
        cipher.conditional_assign(&number, good);
        length.conditional_assign(&key_len, good);
        for (octet, content) in key.iter_mut().zip(content) {
            octet.conditional_assign(content, good);
        }
    }
    let mut taken = Zeroizing::new(Vec::with_capacity(32));
    taken.extend(key.iter().take(usize::from(length)));
    RsaSessionKey { cipher: (version == 3).then(|| SymmetricKeyAlgorithm::from(cipher)), key: taken, right }
}

/// Whether the cipher of this number has keys of this length (RFC 9580 section 9.3).
fn of_length(number: u8, length: u8) -> Choice {
    const LENGTHS: [(u8, u8); 11] = [
        (1, 16),
        (2, 24),
        (3, 16),
        (4, 16),
        (7, 16),
        (8, 24),
        (9, 32),
        (10, 32),
        (11, 16),
        (12, 24),
        (13, 32),
    ];
    LENGTHS
        .iter()
        .fold(Choice::from(0), |found, (cipher, its)| found | (number.ct_eq(cipher) & length.ct_eq(its)))
}

/// The DER in front of a digest (RFC 8017 section 9.2, note 1).
fn digest_prefix(hash: HashAlgorithm) -> Option<&'static [u8]> {
    Some(match hash {
        HashAlgorithm::Sha224 => {
            b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c"
        }
        HashAlgorithm::Sha256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
        }
        HashAlgorithm::Sha384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
        }
        HashAlgorithm::Sha512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
        }
        HashAlgorithm::Sha3_256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08\x05\x00\x04\x20"
        }
        HashAlgorithm::Sha3_512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x0a\x05\x00\x04\x40"
        }
        _ => return None,
    })
}
