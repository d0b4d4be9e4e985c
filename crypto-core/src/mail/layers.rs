//! Foreign mail taken apart, layer by layer from the root, never by searching: only what is the root of the
//! mail is opened and believed (R34, R37).

use model::error::{CoreError, CoreErrorCode};
use seal::cert::Fingerprint;

use super::covered::Covered;
use super::inline::{self, Piece};
use super::mime;
use super::pgpmime::{self, Shape};
use super::protected::{self, Own};
use super::verified::{ClaimedMail, ClaimedSection};
use crate::keys::Opened;

/// Opens a sealed part, if somebody can.
type OpenPart<'a> = dyn FnMut(&[u8]) -> Option<Result<Opened, CoreError>> + 'a;

/// Opens an OpenPGP message with whatever keys there are.
pub type Opener<'a> = dyn Fn(&[u8]) -> Result<Opened, CoreError> + 'a;

/// Layers taken off one mail: sealed, then signed, or the other way round.
const MAX_LAYERS: usize = 3;

impl ClaimedMail {
    /// Takes a mail apart as it came from the network: PGP/MIME, inline PGP, or neither.
    ///
    /// `open` is asked at most once, for the OpenPGP message that is the root of the mail; a caller without keys
    /// answers `NoKeyForMessage`, and sees the sealed message as an attachment. `reader` is who reads.
    ///
    /// # Errors
    /// `MalformedMail`, `TooLarge`; as [`UnlockedKey::open`](crate::keys::UnlockedKey::open), but for
    /// `NoKeyForMessage`.
    pub fn read(mail: &[u8], reader: Option<&Fingerprint>, open: &Opener<'_>) -> Result<Self, CoreError> {
        take_apart(Covered::unsigned(mail.to_vec()), reader, open, false)
    }

    /// The same for a mail that was sealed as a whole, header and all: by its author (`end_to_end`), or by a server
    /// when it arrived.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn sealed(
        opened: Opened,
        end_to_end: bool,
        reader: Option<&Fingerprint>,
        open: &Opener<'_>,
    ) -> Result<Self, CoreError> {
        take_apart(Covered::opened(opened), reader, open, end_to_end)
    }
}

fn take_apart(
    whole: Covered,
    reader: Option<&Fingerprint>,
    open: &Opener<'_>,
    mut sealed: bool,
) -> Result<ClaimedMail, CoreError> {
    let mut entity = whole;
    // The header outside all layers, once one was taken off.
    let mut outer: Option<Vec<u8>> = None;
    let mut asked = false;
    for _ in 0..MAX_LAYERS {
        let inner = match pgpmime::shape(entity.bytes())? {
            Shape::Encrypted(message) if !asked => {
                asked = true;
                match open(&message) {
                    Ok(opened) => {
                        sealed = true;
                        Covered::opened(opened)
                    }
                    Err(error) if error.code == CoreErrorCode::NoKeyForMessage => break,
                    Err(error) => return Err(error),
                }
            }
            Shape::Signed(parts) if !entity.is_signed() => {
                Covered::detached(parts.canonical(), &parts.signature, reader.cloned())
            }
            _ => break,
        };
        outer.get_or_insert_with(|| pgpmime::header(entity.bytes()).to_vec());
        entity = inner;
    }
    // A signature over what is still sealed says nothing of who wrote what is inside.
    if entity.is_signed() && matches!(pgpmime::shape(entity.bytes())?, Shape::Encrypted(_)) {
        entity = entity.without_claims();
    }

    let mut mail = mime::read(entity.bytes())?;
    let mut covers_head = true;
    let mut author_outside = None;
    if let Some(outer) = &outer {
        covers_head = protected::has_own_header(entity.bytes());
        let outer = mime::read_head(outer)?;
        author_outside = (outer.one_author && mail.head.has_author).then(|| outer.from.clone());
        match protected::own(entity.bytes()) {
            Own::Whole => {}
            Own::Older => mail.head.fill(outer),
            Own::Nothing => mail.head = outer,
        }
    }
    if entity.is_signed() && matches!(pgpmime::shape(entity.bytes())?, Shape::Signed(_)) {
        // Shown as one text, without the inner signature as an attachment.
        mail.attachments.retain(|(about, _)| about.media_type != "application/pgp-signature");
        mail.number_attachments();
    }
    let gossip = if sealed { mime::fields(entity.bytes(), "Autocrypt-Gossip") } else { Vec::new() };
    let outermost = outer.unwrap_or_else(|| pgpmime::header(entity.bytes()).to_vec());
    let mut claimed = ClaimedMail {
        outermost,
        gossip,
        head: mail.head.clone(),
        covers_head,
        outer: author_outside,
        confidential: protected::confidential(entity.bytes()),
        sealed,
        sections: Vec::new(),
    };
    if !entity.is_signed()
        && let Some(found) = sections(entity.bytes(), reader, &mut |message| {
            (!core::mem::replace(&mut asked, true)).then(|| open(message))
        })?
    {
        claimed.covers_head = false;
        claimed.sealed |= found.sealed;
        claimed.sections = found.sections;
        return Ok(claimed);
    }
    let (bytes, claims) = entity.into_parts();
    claimed.sections.push(ClaimedSection { bytes, claims, text: mail.text, attachments: mail.attachments });
    Ok(claimed)
}

/// The pieces of a mail that nobody signed as a whole.
struct Sections {
    sections: Vec<ClaimedSection>,
    sealed: bool,
}

/// Tells pieces apart where some are signed: the parts of a multipart that a mailing list put around a signed
/// mail, and blocks in texts. None if there are no such pieces.
fn sections(
    entity: &[u8],
    reader: Option<&Fingerprint>,
    open: &mut OpenPart<'_>,
) -> Result<Option<Sections>, CoreError> {
    let parts = match pgpmime::shape(entity)? {
        Shape::Multipart(parts) => parts,
        Shape::Other => {
            let Some(text) = mime::plain_text(entity)? else { return Ok(None) };
            return inline_sections(&text, reader, open);
        }
        Shape::Encrypted(_) | Shape::Signed(_) => return Ok(None),
    };
    let (mut sections, mut any) = (Vec::new(), false);
    for part in parts {
        let covered = match pgpmime::shape(part) {
            Ok(Shape::Signed(parts)) => {
                any = true;
                Covered::detached(parts.canonical(), &parts.signature, reader.cloned())
            }
            _ => Covered::unsigned(part.to_vec()),
        };
        // Nothing below the root is opened (R34): of the blocks in it, only signed texts are looked at.
        let inline = match mime::plain_text(covered.bytes()) {
            Ok(Some(text)) if !covered.is_signed() => inline_sections(&text, reader, &mut |_| None)?,
            _ => None,
        };
        if let Some(found) = inline {
            any = true;
            sections.extend(found.sections);
            continue;
        }
        let mail = mime::read(covered.bytes())?;
        let (bytes, claims) = covered.into_parts();
        sections.push(ClaimedSection { bytes, claims, text: mail.text, attachments: mail.attachments });
    }
    Ok(any.then_some(Sections { sections, sealed: false }))
}

/// The pieces of a text with OpenPGP blocks. A sealed block is opened only if it is all there is: words around
/// it could make a reader send back what only he can read (R35).
fn inline_sections(
    text: &[u8],
    reader: Option<&Fingerprint>,
    open: &mut OpenPart<'_>,
) -> Result<Option<Sections>, CoreError> {
    let Some(pieces) = inline::pieces(text) else { return Ok(None) };
    if let [Piece::Sealed(message)] = pieces.as_slice() {
        return match open(message) {
            Some(Ok(opened)) => {
                let sections = vec![section(Covered::opened(opened))];
                Ok(Some(Sections { sections, sealed: true }))
            }
            Some(Err(error)) if error.code != CoreErrorCode::NoKeyForMessage => Err(error),
            _ => Ok(None),
        };
    }
    let signed = pieces.iter().any(|piece| matches!(piece, Piece::Signed(_)));
    let sections = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) | Piece::Sealed(words) => section(Covered::unsigned(words.to_vec())),
            Piece::Signed(block) => section(Covered::cleartext(block, reader.cloned())),
        })
        .collect();
    Ok(signed.then_some(Sections { sections, sealed: false }))
}

fn section(covered: Covered) -> ClaimedSection {
    let (bytes, claims) = covered.into_parts();
    ClaimedSection { text: inline::to_text(&bytes), bytes, claims, attachments: Vec::new() }
}
