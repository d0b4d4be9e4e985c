//! Inline PGP: OpenPGP blocks in the text of a mail, from before PGP/MIME. Read, never written: the header and
//! whatever stands around the blocks are not covered.

/// Most blocks told apart in a text; what follows is text.
const MAX_BLOCKS: usize = 32;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words between blocks.
    Words(&'a [u8]),
    /// A block of the cleartext framework, from its BEGIN line to the END of its signature.
    Signed(&'a [u8]),
    /// An armored message.
    Sealed(&'a [u8]),
}

/// The pieces of a text, if there is any block in it. A block that does not end is words.
pub(super) fn pieces(text: &[u8]) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    // Where the words or the block being read began, and the line that ends the block.
    let (mut words, mut block): (usize, Option<(usize, &[u8])>) = (0, None);
    let mut at = 0usize;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len();
        let line = line.trim_ascii_end();
        match block {
            None if pieces.len() >= 2 * MAX_BLOCKS => break,
            None => {
                block = match line {
                    b"-----BEGIN PGP SIGNED MESSAGE-----" => Some((start, b"-----END PGP SIGNATURE-----")),
                    b"-----BEGIN PGP MESSAGE-----" => Some((start, b"-----END PGP MESSAGE-----")),
                    _ => None,
                };
            }
            Some((begun, end)) if line == end => {
                let (before, whole) = (text.get(words..begun)?, text.get(begun..at)?);
                if !before.trim_ascii().is_empty() {
                    pieces.push(Piece::Words(before));
                }
                let signed = end == b"-----END PGP SIGNATURE-----";
                pieces.push(if signed { Piece::Signed(whole) } else { Piece::Sealed(whole) });
                (words, block) = (at, None);
            }
            Some(_) => {}
        }
    }
    if pieces.is_empty() {
        return None;
    }
    let after = text.get(words..)?;
    if !after.trim_ascii().is_empty() {
        pieces.push(Piece::Words(after));
    }
    Some(pieces)
}

/// Octets as text, whatever charset the mail names: its header is not signed, and must not decide how signed
/// octets are read. UTF-8, or else each octet as one character (ISO 8859-1).
pub(super) fn to_text(bytes: &[u8]) -> String {
    let text = core::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned);
    text.replace("\r\n", "\n").replace(['\r', '\0'], "")
}
