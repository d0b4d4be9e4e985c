//! Against `crypto-bigint`, which computes in another way.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use proptest::prelude::*;

use super::{Modulus, radix_bits};

fn number(octets: &[u8], bits: u32) -> BoxedUint {
    let mut wide = vec![0; bits as usize / 8 - octets.len()];
    wide.extend_from_slice(octets);
    BoxedUint::from_be_slice(&wide, bits).unwrap()
}

fn square(modulus: &[u8]) -> Vec<u8> {
    let shift = u32::try_from(2 * radix_bits(modulus.len())).unwrap();
    let bits = (shift + 1).next_multiple_of(64);
    let modulus = NonZero::new(number(modulus, bits)).unwrap();
    (BoxedUint::one_with_precision(bits) << shift).rem(&modulus).to_be_bytes().to_vec()
}

fn theirs(modulus: &[u8], base: &[u8], exponent: &[u8]) -> Vec<u8> {
    let bits = u32::try_from(modulus.len()).unwrap() * 8;
    let params = BoxedMontyParams::new(Odd::new(number(modulus, bits)).unwrap());
    let power = BoxedMontyForm::new(number(base, bits), params)
        .pow(&number(exponent, u32::try_from(exponent.len()).unwrap() * 8));
    power.retrieve().to_be_bytes().to_vec()
}

/// A modulus, a base below it, and an exponent.
fn cases() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, Vec<u8>)> {
    (1usize..=12).prop_flat_map(|words| {
        let octets = words * 16;
        (
            proptest::collection::vec(any::<u8>(), octets),
            proptest::collection::vec(any::<u8>(), octets),
            proptest::collection::vec(any::<u8>(), 1..40),
        )
            .prop_map(|(mut modulus, mut base, exponent)| {
                modulus[0] |= 0x80;
                *modulus.last_mut().unwrap() |= 1;
                base[0] &= 0x7f;
                (modulus, base, exponent)
            })
    })
}

proptest! {
    #[test]
    fn powers_are_those_of_crypto_bigint((modulus, base, exponent) in cases()) {
        let ours = Modulus::new(&modulus, &square(&modulus)).unwrap();
        prop_assert_eq!(&*ours.power(&base, &exponent), &theirs(&modulus, &base, &exponent));
    }
}

#[test]
fn the_largest_limbs_do_not_overflow() {
    // All ones: every product of limbs is as large as it gets.
    for octets in [64, 192, 256, 512] {
        let modulus = vec![0xff; octets];
        let mut base = modulus.clone();
        *base.last_mut().unwrap() = 0xfe;
        let exponent = [0xff; 24];
        let ours = Modulus::new(&modulus, &square(&modulus)).unwrap();
        assert_eq!(*ours.power(&base, &exponent), theirs(&modulus, &base, &exponent));
    }
}

#[test]
fn what_is_no_odd_modulus_is_refused() {
    assert!(Modulus::new(&[0x80; 64], &[1]).is_none());
    assert!(Modulus::new(&[0x81; 4], &[1]).is_none());
}
