//! How hard a passphrase is to guess, judged on this device: no network, no large list.
//!
//! The cheapest way to put the passphrase together from known pieces (common passwords, words, runs,
//! repeats, keyboard rows, years) and single characters is searched; its cost in bits is the verdict.

use crate::secret::{PASSPHRASE_CHARS, Passphrase};
use bip39::Language;
use model::accounts::{Advice, Strength};
use zeroize::Zeroizing;

/// The most used passwords of public leak statistics, folded to lower case.
const COMMON: &[&str] = &[
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "111111",
    "000000",
    "123123",
    "654321",
    "666666",
    "password",
    "passwort",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "passphrase",
    "qwerty",
    "qwertz",
    "azerty",
    "qwerty123",
    "qwertyuiop",
    "1q2w3e4r",
    "1qaz2wsx",
    "q1w2e3r4",
    "zaq12wsx",
    "abc123",
    "admin",
    "administrator",
    "letmein",
    "welcome",
    "login",
    "master",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "basketball",
    "soccer",
    "iloveyou",
    "sunshine",
    "princess",
    "shadow",
    "superman",
    "batman",
    "trustno1",
    "starwars",
    "whatever",
    "michael",
    "jennifer",
    "jordan",
    "thomas",
    "daniel",
    "andrew",
    "joshua",
    "matthew",
    "jessica",
    "ashley",
    "charlie",
    "michelle",
    "nicole",
    "hunter",
    "harley",
    "ranger",
    "buster",
    "killer",
    "george",
    "robert",
    "summer",
    "winter",
    "spring",
    "autumn",
    "sommer",
    "hallo",
    "hallo123",
    "geheim",
    "schatz",
    "ficken",
    "bonjour",
    "soleil",
    "doudou",
    "motdepasse",
    "loulou",
    "ciao",
    "juventus",
    "amore",
    "andrea",
    "francesco",
    "wachtwoord",
    "welkom",
    "welkom01",
    "hola",
    "contrasena",
    "tequiero",
    "estrella",
    "bismillah",
    "senha",
    "changeme",
    "secret",
    "default",
    "computer",
    "internet",
    "samsung",
    "google",
    "facebook",
    "linkedin",
    "cheese",
    "pepper",
    "ginger",
    "cookie",
    "chocolate",
    "banana",
    "orange",
    "purple",
    "yellow",
    "flower",
    "freedom",
    "mustang",
    "corvette",
    "ferrari",
    "mercedes",
    "porsche",
    "liverpool",
    "chelsea",
    "arsenal",
    "lovely",
    "lovers",
    "babygirl",
    "angel",
    "blessed",
    "jesus",
    "maggie",
    "tigger",
    "biteme",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "test",
    "test123",
    "testing",
    "guest",
    "root",
    "toor",
    "user",
    "demo",
    "hedgerow",
    "correcthorsebatterystaple",
];

const ROWS: &[&str] = &[
    "`1234567890-=",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiopü",
    "asdfghjklöä",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Single,
    Word,
    Pattern,
    Common,
}

struct Match {
    len: usize,
    bits: f64,
    piece: Piece,
}

fn single_bits(c: char) -> f64 {
    match c {
        'a'..='z' | '0'..='9' => 4.2,
        'A'..='Z' => 4.7,
        ' ' => 1.0,
        _ if c.is_ascii() => 5.0,
        _ => 6.0,
    }
}

fn log2(n: usize) -> f64 {
    (n.max(1) as f64).log2()
}

/// The length of the run at the start of `text` in which each next character stands beside the last in a row.
fn row_run(text: &[char]) -> usize {
    let longest = |row: &str| {
        let row: Vec<char> = row.chars().collect();
        let place = |c: &char| row.iter().position(|r| r == c);
        let step = |pair: &[char]| match pair {
            [a, b] => Some(place(b)? as isize - place(a)? as isize),
            _ => None,
        };
        let first = text.get(..2).and_then(step).filter(|step| step.abs() == 1)?;
        Some(text.windows(2).take_while(|pair| step(pair) == Some(first)).count() + 1)
    };
    ROWS.iter().filter_map(|row| longest(row)).max().unwrap_or(0)
}

/// The length of the run at the start of `text` with one step between code points (abcd, 8642, aaaa).
fn step_run(text: &[char]) -> usize {
    let step = |pair: &[char]| match pair {
        [a, b] => Some(i64::from(u32::from(*b)) - i64::from(u32::from(*a))),
        _ => None,
    };
    match text.get(..2).and_then(step) {
        Some(first) if first.abs() <= 2 => {
            text.windows(2).take_while(|pair| step(pair) == Some(first)).count() + 1
        }
        _ => 0,
    }
}

/// How often the block of `len` characters at the start of `text` follows itself.
fn repeats(text: &[char], len: usize) -> usize {
    let mut blocks = text.chunks_exact(len);
    let Some(first) = blocks.next() else { return 0 };
    blocks.take_while(|block| *block == first).count()
}

fn looks_like_a_word(text: &[char]) -> bool {
    let vowels = text.iter().filter(|c| "aeiouyäöüéèàáíóú".contains(**c)).count();
    let mut consonants = 0usize;
    let mut longest = 0usize;
    for c in text {
        consonants = if "aeiouyäöüéèàáíóú".contains(*c) { 0 } else { consonants + 1 };
        longest = longest.max(consonants);
    }
    longest <= 4 && vowels * 5 >= text.len() && vowels * 3 <= text.len() * 2
}

fn matches(text: &[char], folded: &[char]) -> Vec<Match> {
    let mut found = Vec::new();
    if let Some(first) = text.first() {
        found.push(Match { len: 1, bits: single_bits(*first), piece: Piece::Single });
    }
    let run = step_run(folded).max(row_run(folded));
    if run >= 3 {
        found.push(Match { len: run, bits: 4.0 + log2(run), piece: Piece::Pattern });
    }
    for len in 2..=folded.len() / 2 {
        let times = repeats(folded, len);
        if times > 0 {
            // The block itself is priced by whatever stands before; what repeats it is nearly free.
            let block: f64 = text.iter().take(len).map(|c| single_bits(*c)).sum();
            let bits = block.min(4.0 + 2.0 * len as f64) + log2(times + 1);
            found.push(Match { len: len * (times + 1), bits, piece: Piece::Pattern });
        }
    }
    for common in COMMON {
        let len = common.chars().count();
        if folded.len() >= len && common.chars().zip(folded).all(|(a, b)| a == *b) {
            found.push(Match { len, bits: 7.0, piece: Piece::Common });
        }
    }
    let letters = folded.iter().take_while(|c| c.is_alphabetic()).count();
    let words = Language::English.word_list();
    for len in 3..=letters.min(8) {
        let word = Zeroizing::new(folded.iter().take(len).collect::<String>());
        if words.binary_search(&word.as_str()).is_ok() {
            found.push(Match { len, bits: 11.0, piece: Piece::Word });
        }
    }
    if letters >= 3 && folded.get(..letters).is_some_and(looks_like_a_word) {
        found.push(Match { len: letters, bits: 8.0 + 1.5 * letters as f64, piece: Piece::Word });
    }
    if let Some([a, b, c, d]) = folded.get(..4)
        && matches!((a, b), ('1', '9') | ('2', '0'))
        && c.is_ascii_digit()
        && d.is_ascii_digit()
    {
        found.push(Match { len: 4, bits: 6.5, piece: Piece::Pattern });
    }
    let capitals = text.iter().zip(folded).take(1).filter(|(a, b)| a != b).count();
    for entry in &mut found {
        if entry.piece != Piece::Single {
            entry.bits += capitals as f64;
        }
    }
    found
}

/// Judges a passphrase.
pub fn rate(text: &str) -> Strength {
    let passphrase = Passphrase::given(text);
    let text: Zeroizing<Vec<char>> = Zeroizing::new(passphrase.expose().chars().take(128).collect());
    let folded: Zeroizing<Vec<char>> =
        Zeroizing::new(text.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect());
    // best[i]: cheapest cost of the first i characters, and how many of them are patterns or common.
    let mut best: Vec<(f64, usize, bool)> = vec![(f64::INFINITY, 0, false); text.len() + 1];
    if let Some(first) = best.first_mut() {
        *first = (0.0, 0, false);
    }
    for at in 0..text.len() {
        let Some(&(bits, patterned, common)) = best.get(at) else { continue };
        let (Some(rest), Some(rest_folded)) = (text.get(at..), folded.get(at..)) else { continue };
        for found in matches(rest, rest_folded) {
            let cost = bits + found.bits;
            if let Some(cell) = best.get_mut(at + found.len)
                && cost < cell.0
            {
                let in_pattern = if found.piece == Piece::Pattern { found.len } else { 0 };
                *cell = (cost, patterned + in_pattern, common || found.piece == Piece::Common);
            }
        }
    }
    let (bits, patterned, common) = best.last().copied().unwrap_or_default();
    let bits = if bits.is_finite() { bits.round().clamp(0.0, 999.0) as u16 } else { 0 };
    let too_short = text.len() < PASSPHRASE_CHARS;
    let score = match bits {
        _ if too_short => 0,
        0..20 => 0,
        20..35 => 1,
        35..48 => 2,
        48..62 => 3,
        _ => 4,
    };
    let advice = if too_short {
        Advice::Longer
    } else if score == 4 {
        Advice::Fine
    } else if common {
        Advice::NotCommon
    } else if patterned * 3 >= text.len() {
        Advice::FewerPatterns
    } else {
        Advice::AddWord
    };
    Strength { score, bits, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrases_are_ordered_as_people_expect() {
        let score = |text| rate(text).score;
        assert_eq!(score("short"), 0);
        assert_eq!(score("aaaaaaaaaaaaaaaa"), 0);
        assert_eq!(score("passwordpassword"), 0);
        assert_eq!(score("123456789012"), 0);
        assert_eq!(score("abcabcabcabcabc"), 0);
        assert!(score("Password1234!") <= 2, "{:?}", rate("Password1234!"));
        assert!(score("qwertyuiop1987") <= 1, "{:?}", rate("qwertyuiop1987"));
        assert!(score("correct horse battery staple") >= 3);
        assert_eq!(score("ocean velvet hammer noble rabbit tunnel"), 4);
        assert_eq!(score("zQ8#vT1!mX5$kR"), 4);
    }

    #[test]
    fn the_advice_fits() {
        assert_eq!(rate("short").advice, Advice::Longer);
        assert_eq!(rate("password and me").advice, Advice::NotCommon);
        assert_eq!(rate("aaaabbbbccccdddd").advice, Advice::FewerPatterns);
        assert_eq!(rate("ocean velvet xy").advice, Advice::AddWord);
        assert_eq!(rate("ocean velvet hammer noble rabbit tunnel").advice, Advice::Fine);
    }

    #[test]
    fn any_text_is_rated_without_fault() {
        for text in [
            "",
            " ",
            "a",
            "ключ от квартиры",
            "密码密码密码密码密码密码",
            "🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔",
            &"x".repeat(10_000),
        ] {
            assert!(rate(text).score <= 4);
        }
    }
}
