//! Fingerprints in words, to be compared aloud.

use bip39::Language;
use seal::cert::Fingerprint;

const BITS: u32 = 11;

/// The whole fingerprint in words of the English BIP 39 list, 11 bits each from the front, the last filled up
/// with zeros: 15 words for version 4, 24 for version 6. Words left out would be work saved to whoever makes
/// keys until one sounds alike.
pub fn fingerprint_words(fingerprint: &Fingerprint) -> String {
    let list = Language::English.word_list();
    let mut words: Vec<&str> = Vec::new();
    let (mut held, mut bits) = (0u32, 0u32);
    let mut take = |held: u32| words.extend(list.get((held & 0x7ff) as usize));
    for octet in fingerprint.as_bytes() {
        held = held << 8 | u32::from(*octet);
        bits += 8;
        if bits >= BITS {
            bits -= BITS;
            take(held >> bits);
        }
    }
    if bits > 0 {
        take(held << (BITS - bits));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_fingerprint_is_in_its_words() {
        let of = |text: &str| fingerprint_words(&text.parse().unwrap());
        let four = of("00000000000000000000000000000000000000ff");
        assert_eq!(four.split(' ').count(), 15);
        assert!(four.starts_with("abandon abandon "), "{four}");
        let base = "d6c38e0c0123456789abcdef0123456789abcdef";
        for place in 0..base.len() {
            let mut other = base.to_owned();
            other.replace_range(place..=place, if base.as_bytes()[place] == b'0' { "1" } else { "0" });
            assert_ne!(of(&other), of(base), "digit {place}");
        }
        assert_eq!(of(&"f".repeat(64)).split(' ').count(), 24);
        assert!(of(&"f".repeat(64)).starts_with("zoo zoo "));
    }
}
