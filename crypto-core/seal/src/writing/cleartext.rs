//! Text signed in the open (RFC 9580 section 7): readable without any OpenPGP program.

use pgp::types::SigningKey;
use rand::{CryptoRng, RngCore};
use wire::Millis;

use super::signatures::{self, ContentKind, Draft, Signed, SignerKey, ToSign};
use crate::SealError;
use crate::hashing::ContentHasher;
use bulk::armor::{self, Kind};

/// Writes a text signed in the open: push the text, then finish.
///
/// Lines that begin with a dash are escaped. White space at the ends of lines is written but not signed, as
/// the format wants it. Line ends are written as they are and signed as CR LF.
#[derive(Debug)]
pub struct Cleartext {
    drafts: Vec<Draft>,
    hashers: Option<Vec<ContentHasher>>,
    head: Vec<u8>,
    line_begins: bool,
    /// White space that is signed only if something else follows it in its line.
    blank: Vec<u8>,
}

impl Cleartext {
    /// Begins a signed text.
    ///
    /// # Errors
    /// `Misused` without a signer, `TooLarge` with too many.
    pub fn new<R: RngCore + CryptoRng>(
        signers: &[SignerKey],
        rng: &mut R,
        now: Millis,
    ) -> Result<Self, SealError> {
        let drafts = Draft::of_all(signers, ContentKind::Text, rng, now)?;
        let hashers = drafts.iter().map(Draft::exact_hasher).collect::<Result<_, _>>()?;
        let mut head = String::from("-----BEGIN PGP SIGNED MESSAGE-----\n");
        let mut names: Vec<String> = Vec::new();
        // Version 6 signatures carry all that is needed (RFC 9580 section 7).
        for key in signers.iter().filter(|key| key.version() == 4) {
            let name = key.hash().to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            head.push_str("Hash: ");
            head.push_str(&names.join(","));
            head.push('\n');
        }
        head.push('\n');
        Ok(Self {
            drafts,
            hashers: Some(hashers),
            head: head.into_bytes(),
            line_begins: true,
            blank: Vec::new(),
        })
    }

    fn hash(&mut self, bytes: &[u8]) {
        for hasher in self.hashers.iter_mut().flatten() {
            hasher.update(bytes);
        }
    }

    /// Takes the next piece of the text and appends what is written of it to `out`.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        out.append(&mut self.head);
        for piece in text.split_inclusive(|octet| *octet == b'\n') {
            let (line, ends) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            if self.line_begins && line.first() == Some(&b'-') {
                out.extend_from_slice(b"- ");
            }
            self.line_begins = ends;
            out.extend_from_slice(piece);
            let kept = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t' | b'\r'));
            let (signed, blank) = line.split_at(kept.map_or(0, |last| last + 1));
            if !signed.is_empty() {
                let before = core::mem::take(&mut self.blank);
                self.hash(&before);
                self.hash(signed);
            }
            self.blank.extend_from_slice(blank);
            if ends {
                self.end_line();
                self.hash(b"\r\n");
            }
        }
    }

    /// A line ends: of what is blank behind it, its own CR and the spaces before that are not signed. Another CR is
    /// no line end and no space.
    fn end_line(&mut self) {
        let blank = core::mem::take(&mut self.blank);
        let blank = blank.strip_suffix(b"\r").unwrap_or(&blank);
        let last = blank.iter().rposition(|octet| *octet == b'\r');
        let (signed, _) = blank.split_at(last.map_or(0, |last| last + 1));
        self.hash(signed);
    }

    /// The text has ended: what is to be signed, in the order of the signers.
    ///
    /// # Errors
    /// `TooLarge` if a signature would be.
    pub fn to_sign(&mut self, out: &mut Vec<u8>) -> Result<Vec<ToSign>, SealError> {
        out.append(&mut self.head);
        self.end_line();
        signatures::to_sign(&self.drafts, self.hashers.take())
    }

    /// Writes the signatures, the answers to [`to_sign`](Self::to_sign) in its order.
    ///
    /// # Errors
    /// `Misused` if the answers are of other signers.
    pub fn conclude(&mut self, signed: &[Signed], out: &mut Vec<u8>) -> Result<(), SealError> {
        let packets = signatures::packets(&self.drafts, signed)?;
        // The line end before the signatures is not part of the text, whether the text ends in one or not.
        out.push(b'\n');
        out.extend_from_slice(armor::armored_for_all(Kind::Signature, &packets).as_bytes());
        Ok(())
    }

    /// Signs with the keys, in the order of the signers, and ends the text.
    ///
    /// # Errors
    /// `Misused` if the keys are others, `Failed` if one refuses.
    pub fn finish(&mut self, keys: &[&dyn SigningKey], out: &mut Vec<u8>) -> Result<(), SealError> {
        let signed = signatures::sign_all(&self.to_sign(out)?, keys)?;
        self.conclude(&signed, out)
    }
}

/// Signs a text in the open with `keys`.
///
/// # Errors
/// As [`Cleartext::new`] and [`Cleartext::finish`].
pub fn cleartext_sign<R: RngCore + CryptoRng>(
    text: &[u8],
    keys: &[&dyn SigningKey],
    rng: &mut R,
    now: Millis,
) -> Result<Vec<u8>, SealError> {
    let signers: Vec<SignerKey> = keys.iter().map(|key| SignerKey::of(*key)).collect::<Result<_, _>>()?;
    let mut cleartext = Cleartext::new(&signers, rng, now)?;
    let mut out = Vec::with_capacity(text.len().saturating_add(2048));
    cleartext.push(text, &mut out);
    cleartext.finish(keys, &mut out)?;
    Ok(out)
}
