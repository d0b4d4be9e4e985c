//! Our AES against FIPS 197 and against the `aes` crate.

use super::pair::Pair;
use super::sliced::Sliced;
use super::{Aes, Block};

fn key(length: u8) -> Vec<u8> {
    (0..length).collect()
}

#[test]
fn both_give_the_examples_of_fips_197() {
    let plain: Block = core::array::from_fn(|at| (at * 0x11) as u8);
    for (length, sealed) in [
        (16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (24, "dda97ca4864cdfe06eaf70a0ec0d7191"),
        (32, "8ea2b7ca516745bfeafc49904b496089"),
    ] {
        let mut blocks = [plain; 3];
        Aes::new(&key(length)).unwrap().encrypt(&mut blocks);
        assert_eq!(blocks.map(hex::encode), [sealed; 3]);
        let mut blocks = [plain; 9];
        let portable = Sliced::<Pair>::new(&key(length)).unwrap();
        portable.encrypt(&mut blocks);
        assert_eq!(blocks.map(hex::encode), [sealed; 9]);
        portable.decrypt(&mut blocks);
        assert_eq!(blocks, [plain; 9]);
    }
}

proptest::proptest! {
    #[test]
    fn portable_and_native_agree(
        key: [u8; 32],
        length in 0..3_usize,
        blocks in proptest::collection::vec(proptest::array::uniform16(0_u8..), 0..40),
    ) {
        let key = &key[..16 + 8 * length];
        let native = Aes::new(key).unwrap();
        let portable = Sliced::<Pair>::new(key).unwrap();
        let (mut one, mut other) = (blocks.clone(), blocks.clone());
        native.encrypt(&mut one);
        portable.encrypt(&mut other);
        proptest::prop_assert_eq!(&one, &other);
        native.decrypt(&mut one);
        portable.decrypt(&mut other);
        proptest::prop_assert_eq!(&one, &blocks);
        proptest::prop_assert_eq!(&other, &blocks);
    }
}

#[test]
fn keys_of_other_lengths_are_refused() {
    for length in [0, 15, 17, 31, 33] {
        assert!(Aes::new(&key(length)).is_err());
        assert!(Sliced::<Pair>::new(&key(length)).is_err());
    }
}
