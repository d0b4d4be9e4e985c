//! Opening session keys with an ElGamal key: GnuPG made such keys for twenty years, and their owners have mail.
//! Nothing is sealed to them any more. Native programs only.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use hkdf::Hkdf;
use model::error::{CoreError, CoreErrorCode};
use pgp::ser::Serialize as _;
use pgp::types::ElgamalPublicParams;
use seal::profile;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::octets::Octets;
use super::rsa::{RsaSessionKey, number, resized, unpadded};

/// An ElGamal secret key whose public part was proven to belong to it.
pub(super) struct ElgamalKey {
    prime: BoxedMontyParams,
    exponent: Zeroizing<BoxedUint>,
    /// Octets of the prime.
    size: usize,
}

impl ElgamalKey {
    /// Reads the secret octets (x), and proves that the public number y is g to the power of it (R4). None if the
    /// numbers are larger than this program computes with.
    ///
    /// # Errors
    /// `KeySubstituted`.
    pub(super) fn read(params: &ElgamalPublicParams, octets: &[u8]) -> Result<Option<Self>, CoreError> {
        let substituted = || {
            CoreError::with(CoreErrorCode::KeySubstituted, "public and secret parts do not belong together")
        };
        let public = params.to_bytes().map_err(super::internal)?;
        let (mut public, mut secret) = (Octets(&public), Octets(octets));
        let numbers = (public.mpi(), public.mpi(), public.mpi(), secret.mpi());
        let (Some(p), Some(g), Some(y), Some(x)) = numbers else { return Err(substituted()) };
        if p.len() > profile::MAX_RSA_BITS.div_ceil(8) || x.len() > p.len() {
            return Ok(None);
        }
        Self::build(p, g, y, x).filter(|_| secret.0.is_empty()).map(Some).ok_or_else(substituted)
    }

    fn build(p: &[u8], g: &[u8], y: &[u8], x: &[u8]) -> Option<Self> {
        let p = number(p)?;
        if p.bits_vartime() < 512 {
            return None;
        }
        let size = usize::try_from(p.bits_vartime().div_ceil(8)).ok()?;
        let prime = BoxedMontyParams::new_vartime(Odd::new(p).into_option()?);
        let exponent = Zeroizing::new(resized(&number(x)?, prime.bits_precision()));
        let key = Self { prime, exponent, size };
        (key.power(g)?.retrieve() == key.below(y)?.retrieve()).then_some(key)
    }

    /// A number of the group.
    fn below(&self, octets: &[u8]) -> Option<BoxedMontyForm> {
        let number = number(octets)?;
        let bits = self.prime.bits_precision();
        if number.bits_vartime() > bits || number.bits_vartime() == 0 {
            return None;
        }
        let number = resized(&number, bits);
        (number < **self.prime.modulus()).then(|| BoxedMontyForm::new(number, self.prime.clone()))
    }

    fn power(&self, base: &[u8]) -> Option<BoxedMontyForm> {
        Some(self.below(base)?.pow_bounded_exp(&self.exponent, self.prime.bits_precision()))
    }

    /// Opens the session key of a PKESK of version 3, the only one there may be. As with RSA, a block with wrong
    /// padding gives a key that opens nothing.
    pub(super) fn open(&self, first: &[u8], second: &[u8]) -> Option<RsaSessionKey> {
        let mask = self.power(first)?.invert().into_option()?;
        let block = Zeroizing::new(self.below(second)?.mul(&mask).retrieve().to_be_bytes());
        let block = block.get(block.len().checked_sub(self.size)?..)?;
        let mut instead = Zeroizing::new([0; 32]);
        let secret = Zeroizing::new(self.exponent.to_be_bytes());
        let salt = [first, second].concat();
        Hkdf::<Sha256>::new(Some(&salt[..]), &secret)
            .expand(b"ElGamal implicit rejection", &mut *instead)
            .ok()?;
        Some(unpadded(block, 3, &instead))
    }
}
