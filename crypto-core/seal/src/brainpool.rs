//! ECDH and ECDSA over the brainpool curves (RFC 5639), which rPGP reads and does not compute with. GnuPG and RNP
//! make such keys. Native programs only.
//!
//! Points are added by the complete formulas of Renes, Costello and Batina (2016, algorithm 1), which have no
//! special cases to branch on, and multiplied by a ladder that takes the same steps for every scalar.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConstantTimeSelect as _, Odd};
use pgp::crypto::aes_kw;
use pgp::crypto::ecdh::{build_ecdh_param, kdf};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::errors::Error as PgpError;
use pgp::types::{
    EcdhPublicParams, EcdsaPublicParams, EncryptionKey, EskType, Fingerprint, KeyDetails, KeyId, KeyVersion,
    Mpi, PkeskBytes, PublicParams, Timestamp,
};
use rand::{CryptoRng, Rng};
use subtle::Choice;
use zeroize::Zeroizing;

use crate::profile;

/// p, a, b, the base point's x and y, and its order n (RFC 5639 sections 3.4, 3.6 and 3.7).
type Numbers = [&'static str; 6];

const P256: Numbers = [
    "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
    "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
    "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
    "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
    "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
    "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
];
const P384: Numbers = [
    "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
    "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
    "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
    "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
    "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
    "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
];
const P512: Numbers = [
    "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
    "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
    "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
    "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
    "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
];

type Field = BoxedMontyForm;

/// One of the curves.
pub struct Curve {
    bits: u32,
    prime: BoxedMontyParams,
    order: BoxedMontyParams,
    a: Field,
    b: Field,
    three_b: Field,
    base: Point,
}

impl core::fmt::Debug for Curve {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Curve({})", self.bits)
    }
}

/// A point in projective coordinates.
#[derive(Clone)]
struct Point {
    x: Field,
    y: Field,
    z: Field,
}

/// The octets of a number, padded with zeros on the left to what the curve has.
fn fixed(octets: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..)?;
    let mut out = Zeroizing::new(vec![0; length.checked_sub(octets.len())?]);
    out.extend_from_slice(octets);
    Some(out)
}

fn uncompressed(x: &BoxedUint, y: &BoxedUint) -> Vec<u8> {
    let mut out = vec![4];
    out.extend_from_slice(&x.to_be_bytes());
    out.extend_from_slice(&y.to_be_bytes());
    out
}

impl Curve {
    /// The curve with this many bits.
    pub fn of(bits: u32) -> Option<Self> {
        let [p, a, b, x, y, n] = match bits {
            256 => P256,
            384 => P384,
            512 => P512,
            _ => return None,
        };
        let number = |hex: &str| BoxedUint::from_be_hex(hex, bits).into_option();
        let prime = BoxedMontyParams::new_vartime(Odd::new(number(p)?).into_option()?);
        let order = BoxedMontyParams::new_vartime(Odd::new(number(n)?).into_option()?);
        let field = |hex: &str| Some(Field::new(number(hex)?, prime.clone()));
        let b = field(b)?;
        let base = Point { x: field(x)?, y: field(y)?, z: Field::one(prime.clone()) };
        Some(Self { bits, a: field(a)?, three_b: b.add(&b).add(&b), b, base, order, prime })
    }

    fn octets(&self) -> usize {
        usize::try_from(self.bits / 8).unwrap_or(0)
    }

    /// Reads an uncompressed point, which has to be on the curve.
    fn point(&self, octets: &[u8]) -> Option<Point> {
        let (form, coordinates) = octets.split_first()?;
        if *form != 4 || coordinates.len() != 2 * self.octets() {
            return None;
        }
        let (x, y) = coordinates.split_at_checked(self.octets())?;
        let read = |octets: &[u8]| {
            let number = BoxedUint::from_be_slice(octets, self.bits).ok()?;
            (number < **self.prime.modulus()).then(|| Field::new(number, self.prime.clone()))
        };
        let (x, y) = (read(x)?, read(y)?);
        let right = x.square().add(&self.a).mul(&x).add(&self.b);
        (y.square() == right).then(|| Point { x, y, z: Field::one(self.prime.clone()) })
    }

    fn sum(&self, one: &Point, other: &Point) -> Point {
        let xx = one.x.mul(&other.x);
        let yy = one.y.mul(&other.y);
        let zz = one.z.mul(&other.z);
        let xy = one.x.add(&one.y).mul(&other.x.add(&other.y)).sub(&xx.add(&yy));
        let xz = one.x.add(&one.z).mul(&other.x.add(&other.z)).sub(&xx.add(&zz));
        let yz = one.y.add(&one.z).mul(&other.y.add(&other.z)).sub(&yy.add(&zz));
        let part = self.three_b.mul(&zz).add(&self.a.mul(&xz));
        let (less, more) = (yy.sub(&part), yy.add(&part));
        let azz = self.a.mul(&zz);
        let slope = xx.add(&xx).add(&xx).add(&azz);
        let rest = self.three_b.mul(&xz).add(&self.a.mul(&xx.sub(&azz)));
        Point {
            x: xy.mul(&less).sub(&yz.mul(&rest)),
            y: less.mul(&more).add(&slope.mul(&rest)),
            z: yz.mul(&more).add(&xy.mul(&slope)),
        }
    }

    fn selected(&self, one: &Point, other: &Point, choice: Choice) -> Point {
        let of = |one: &Field, other: &Field| {
            let number = BoxedUint::ct_select(one.as_montgomery(), other.as_montgomery(), choice);
            Field::from_montgomery(number, self.prime.clone())
        };
        Point { x: of(&one.x, &other.x), y: of(&one.y, &other.y), z: of(&one.z, &other.z) }
    }

    fn multiple(&self, point: &Point, scalar: &[u8]) -> Point {
        let (zero, one) = (Field::zero(self.prime.clone()), Field::one(self.prime.clone()));
        let mut sum = Point { x: zero.clone(), y: one, z: zero };
        for octet in scalar {
            for bit in (0..8).rev() {
                sum = self.sum(&sum, &sum);
                let more = self.sum(&sum, point);
                sum = self.selected(&sum, &more, Choice::from(octet >> bit & 1));
            }
        }
        sum
    }

    /// The coordinates of a point; none at infinity.
    fn affine(&self, point: &Point) -> Option<(BoxedUint, BoxedUint)> {
        let inverse = point.z.invert().into_option()?;
        Some((point.x.mul(&inverse).retrieve(), point.y.mul(&inverse).retrieve()))
    }

    /// The x coordinate of the product, as ECDH shares it. None if the point is not on the curve.
    pub fn shared(&self, point: &[u8], scalar: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let scalar = fixed(scalar, self.octets())?;
        let (x, _) = self.affine(&self.multiple(&self.point(point)?, &scalar))?;
        Some(Zeroizing::new(x.to_be_bytes().to_vec()))
    }

    /// The public point of a secret scalar, uncompressed.
    pub fn public(&self, scalar: &[u8]) -> Option<Vec<u8>> {
        let scalar = fixed(scalar, self.octets())?;
        let (x, y) = self.affine(&self.multiple(&self.base, &scalar))?;
        Some(uncompressed(&x, &y))
    }

    /// Whether `(r, s)` is an ECDSA signature of the digest under the point.
    pub fn verifies(&self, point: &[u8], digest: &[u8], r: &[u8], s: &[u8]) -> bool {
        self.checked(point, digest, r, s).unwrap_or(false)
    }

    fn checked(&self, point: &[u8], digest: &[u8], r: &[u8], s: &[u8]) -> Option<bool> {
        let order = &**self.order.modulus();
        let number = |octets: &[u8]| {
            let number = BoxedUint::from_be_slice(&fixed(octets, self.octets())?, self.bits).ok()?;
            (!bool::from(number.is_zero()) && number < *order).then_some(number)
        };
        let (r, s) = (number(r)?, number(s)?);
        let scalar = |number: BoxedUint| Field::new(number, self.order.clone());
        // As many bits of the digest as the order has, which is all of its octets.
        let digest = fixed(digest.get(..self.octets()).unwrap_or(digest), self.octets())?;
        let digest = BoxedUint::from_be_slice(&digest, self.bits).ok()?;
        let inverse = scalar(s).invert().into_option()?;
        let of_base = scalar(digest).mul(&inverse).retrieve().to_be_bytes();
        let of_point = scalar(r.clone()).mul(&inverse).retrieve().to_be_bytes();
        let sum =
            self.sum(&self.multiple(&self.base, &of_base), &self.multiple(&self.point(point)?, &of_point));
        let (x, _) = self.affine(&sum)?;
        Some(scalar(x).retrieve() == r)
    }

    fn random<R: Rng + CryptoRng>(&self, rng: &mut R) -> Option<Zeroizing<Vec<u8>>> {
        // Each trial fits with more than even odds.
        for _ in 0..256 {
            let mut octets = Zeroizing::new(vec![0; self.octets()]);
            rng.fill_bytes(&mut octets);
            let number = Zeroizing::new(BoxedUint::from_be_slice(&octets, self.bits).ok()?);
            if !bool::from(number.is_zero()) && *number < **self.order.modulus() {
                return Some(octets);
            }
        }
        None
    }
}

/// The curve and the point of an ECDSA key on one of these curves.
pub fn of_ecdsa(params: &EcdsaPublicParams) -> Option<(Curve, Vec<u8>)> {
    let EcdsaPublicParams::Unsupported { curve, opaque } = params else { return None };
    let curve = Curve::of(profile::brainpool_bits(curve)?)?;
    let point = Mpi::try_from_reader(&opaque[..]).ok()?;
    Some((curve, point.as_ref().to_vec()))
}

/// The curve and the point of an ECDH key on one of these curves.
pub fn of_ecdh(params: &EcdhPublicParams) -> Option<(Curve, &[u8])> {
    match params {
        EcdhPublicParams::Brainpool256 { p, .. }
        | EcdhPublicParams::Brainpool384 { p, .. }
        | EcdhPublicParams::Brainpool512 { p, .. } => {
            Some((Curve::of(profile::brainpool_bits(&params.curve())?)?, p.as_ref()))
        }
        _ => None,
    }
}

/// How a session key is derived and wrapped, as such a key says.
pub fn derivation(params: &EcdhPublicParams) -> Option<(HashAlgorithm, SymmetricKeyAlgorithm)> {
    match params {
        EcdhPublicParams::Brainpool256 { hash, alg_sym, .. }
        | EcdhPublicParams::Brainpool384 { hash, alg_sym, .. }
        | EcdhPublicParams::Brainpool512 { hash, alg_sym, .. } => Some((*hash, *alg_sym)),
        _ => None,
    }
}

/// A key on one of these curves, to seal session keys to.
#[derive(Debug)]
pub(crate) struct Recipient<'a, K>(pub(crate) &'a K);

impl<K: KeyDetails + core::fmt::Debug> EncryptionKey for Recipient<'_, K> {
    fn encrypt<R: CryptoRng + Rng>(
        &self,
        mut rng: R,
        plain: &[u8],
        _: EskType,
    ) -> Result<PkeskBytes, PgpError> {
        let failed = || PgpError::InvalidKeyLength;
        let PublicParams::ECDH(params) = self.public_params() else { return Err(failed()) };
        let (hash, wrapping) = derivation(params).ok_or_else(failed)?;
        let (curve, point) = of_ecdh(params).ok_or_else(failed)?;
        let secret = curve.random(&mut rng).ok_or_else(failed)?;
        let shared = curve.shared(point, &secret).ok_or_else(failed)?;
        let public = curve.public(&secret).ok_or_else(failed)?;
        let about = build_ecdh_param(&params.curve().oid(), wrapping, hash, self.fingerprint().as_bytes());
        let key = Zeroizing::new(kdf(hash, &shared, wrapping.key_size(), &about)?);
        // To whole blocks of eight octets, each added octet saying how many they are (RFC 9580 section 11.5).
        let added = 8 - plain.len() % 8;
        let mut padded = Zeroizing::new(plain.to_vec());
        padded.resize(plain.len() + added, u8::try_from(added).unwrap_or(0));
        let sealed = aes_kw::wrap(&key, &padded).map_err(|_| failed())?;
        Ok(PkeskBytes::Ecdh { public_point: Mpi::from_slice(&public), encrypted_session_key: sealed.into() })
    }
}

impl<K: KeyDetails + core::fmt::Debug> KeyDetails for Recipient<'_, K> {
    fn version(&self) -> KeyVersion {
        self.0.version()
    }

    fn legacy_key_id(&self) -> KeyId {
        self.0.legacy_key_id()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.0.algorithm()
    }

    fn created_at(&self) -> Timestamp {
        self.0.created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.0.legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &PublicParams {
        self.0.public_params()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_point_has_the_order_of_its_curve() {
        for bits in [256, 384, 512] {
            let curve = Curve::of(bits).unwrap();
            let order = curve.order.modulus().to_be_bytes();
            assert!(curve.affine(&curve.multiple(&curve.base, &order)).is_none());
            let one = curve.public(&[1]).unwrap();
            assert!(curve.point(&one).is_some());
            assert_eq!(curve.public(&[3]).unwrap(), {
                let two = curve.sum(&curve.base, &curve.base);
                let (x, y) = curve.affine(&curve.sum(&two, &curve.base)).unwrap();
                uncompressed(&x, &y)
            });
        }
    }

    #[test]
    fn a_point_beside_the_curve_shares_nothing() {
        let curve = Curve::of(256).unwrap();
        let mut point = curve.public(&[7]).unwrap();
        assert!(curve.shared(&point, &[5]).is_some());
        *point.last_mut().unwrap() ^= 1;
        assert!(curve.shared(&point, &[5]).is_none());
    }
}
