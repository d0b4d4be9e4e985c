//! What was proven of a mail: each piece that can be shown, bound to what its signatures say of exactly it.
//!
//! [`ClaimedMail`] is a mail whose seals are open and of which nothing is proven. Only its
//! [`verify`](ClaimedMail::verify) makes a [`VerifiedMail`], and only a [`VerifiedMail`] gives out text,
//! attachments and header, each with its author (R37, R38, R44). The certificate that judges them must be the
//! one known for the From address, and must name it.

use model::Millis;
use model::mail::{Attachment, Author, Person};
use seal::verify::Verdict;
use wire::plaintext::Address;

use super::covered::Claims;
use super::mime::{self, Head, Mail};
use crate::autocrypt;
use crate::keys::FetchedCert;

/// The certificate to check a sender's signature with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSigner {
    /// The certificate known (for [`SignerKind::Changed`], the one offered now).
    pub cert: FetchedCert,
    /// Since when it is known.
    pub since: Millis,
    /// What the pin book says of it.
    pub kind: SignerKind,
}

/// What the pin book says of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerKind {
    /// The person's own.
    You,
    /// Pinned.
    Known,
    /// Given out by the server just now, never seen before.
    New,
    /// Another one is pinned: a hard stop (R15).
    Changed {
        /// The fingerprint known, hexadecimal.
        known: String,
        /// The fingerprint offered now.
        offered: String,
    },
}

/// A piece of a mail, before anything is proven.
pub(super) struct ClaimedSection {
    pub(super) bytes: Vec<u8>,
    pub(super) claims: Claims,
    pub(super) text: String,
    pub(super) attachments: Vec<(Attachment, Vec<u8>)>,
}

/// A mail whose seals are open: nothing in it is proven.
pub struct ClaimedMail {
    pub(super) head: Head,
    /// Whether the claims on the only section cover the header too.
    pub(super) covers_head: bool,
    /// The author that stands outside all layers, if the header shown is from within.
    pub(super) outer: Option<Person>,
    /// Fields that must not go out in clear with an answer.
    pub(super) confidential: Vec<String>,
    /// Whether a seal of its author was opened to read it.
    pub(super) sealed: bool,
    pub(super) sections: Vec<ClaimedSection>,
    /// The header outside, where Autocrypt fields are looked for.
    pub(super) outermost: Vec<u8>,
    /// The bodies of `Autocrypt-Gossip` fields inside a seal.
    pub(super) gossip: Vec<String>,
}

impl core::fmt::Debug for ClaimedMail {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ClaimedMail({} sections)", self.sections.len())
    }
}

impl ClaimedMail {
    /// The address whose certificate has to judge it: there is one, if exactly one author is named.
    pub fn from_address(&self) -> Option<Address> {
        self.head.one_author.then(|| self.head.from.address.parse().ok()).flatten()
    }

    /// Whether anybody claims to have signed any of it.
    pub fn is_signed(&self) -> bool {
        self.sections.iter().any(|section| section.claims.any())
    }

    /// The author's Autocrypt field, if there is exactly one that is valid.
    pub fn autocrypt(&self) -> Option<autocrypt::Field> {
        if mime::is_report(&self.outermost) {
            return None;
        }
        let bodies = mime::fields(&self.outermost, "Autocrypt");
        autocrypt::of_author(bodies.iter().map(String::as_str), &self.from_address()?)
    }

    /// The certificates that the author gossips about those who got the mail too.
    pub fn gossip(&self) -> Vec<autocrypt::Field> {
        let Some(author) = self.from_address() else { return Vec::new() };
        let people = self.head.to.iter().chain(&self.head.cc);
        let recipients: Vec<Address> = people.filter_map(|person| person.address.parse().ok()).collect();
        autocrypt::gossip(self.gossip.iter().map(String::as_str), &author, &recipients)
    }

    /// Whether this signer made a good signature over any of it.
    pub fn is_by(&self, signer: &KnownSigner, now: Millis) -> bool {
        self.sections.iter().any(|section| {
            judge(&section.claims, self.from_address().as_ref(), Some(signer), now)
                .is_some_and(|author| is_good(&author))
        })
    }

    /// Says who wrote each piece. `signer` is the certificate known for [`from_address`](Self::from_address).
    pub fn verify(self, signer: Option<&KnownSigner>, now: Millis) -> VerifiedMail {
        let address = self.from_address();
        let wanted = self.is_signed() && signer.is_none();
        let sections: Vec<VerifiedSection> = self
            .sections
            .into_iter()
            .map(|section| VerifiedSection {
                author: judge(&section.claims, address.as_ref(), signer, now).unwrap_or(Author::Unsigned),
                bytes: section.bytes,
                text: section.text,
                attachments: section.attachments,
            })
            .collect();
        let author = match sections.as_slice() {
            [only] if self.covers_head => only.author.clone(),
            _ => Author::Unsigned,
        };
        let mut head = self.head;
        // A sealed header that nobody answers for must not name another author than the mail came from
        // (RFC 9788 section 4.4).
        if let Some(outer) = self.outer
            && !is_good(&author)
            && !outer.address.eq_ignore_ascii_case(&head.from.address)
        {
            head.from = outer;
        }
        VerifiedMail {
            wants_certificate_of: address.filter(|_| wanted),
            head,
            author,
            sections,
            sealed: self.sealed,
            confidential: self.confidential,
        }
    }
}

/// Who wrote some bytes, from the verdicts on every signature over them. None if there is no signature.
fn judge(
    claims: &Claims,
    address: Option<&Address>,
    signer: Option<&KnownSigner>,
    now: Millis,
) -> Option<Author> {
    if !claims.any() {
        return None;
    }
    let (Some(address), Some(signer)) = (address, signer) else { return Some(Author::Unchecked) };
    let cert = signer.cert.cert();
    let verdicts: Vec<Verdict> =
        claims.found().iter().map(|claim| cert.check_for(claim, claims.reader(), now)).collect();
    if verdicts.iter().any(Verdict::is_good) {
        let fingerprint = cert.fingerprint().to_string();
        if !cert.names(address.as_str(), now) {
            return Some(Author::SomeoneElse { signer: fingerprint });
        }
        return Some(match &signer.kind {
            SignerKind::You => Author::You,
            SignerKind::Known => Author::Known { since: signer.since, fingerprint },
            SignerKind::New => Author::New { fingerprint },
            SignerKind::Changed { known, offered } => {
                Author::Changed { known: known.clone(), offered: offered.clone() }
            }
        });
    }
    let broken = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Broken | Verdict::DoesNotCount(_)));
    Some(match claims.found().first() {
        Some(claim) if !broken => Author::SomeoneElse { signer: claim.claimed_signer() },
        _ => Author::Broken,
    })
}

fn is_good(author: &Author) -> bool {
    matches!(author, Author::You | Author::Known { .. } | Author::New { .. } | Author::Changed { .. })
}

/// A piece of a mail with what was proven of exactly its bytes. Made by [`ClaimedMail::verify`] only.
pub struct VerifiedSection {
    bytes: Vec<u8>,
    text: String,
    attachments: Vec<(Attachment, Vec<u8>)>,
    author: Author,
}

impl core::fmt::Debug for VerifiedSection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "VerifiedSection({} bytes)", self.bytes.len())
    }
}

impl VerifiedSection {
    /// Who wrote exactly this piece.
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// The bytes that were judged: a MIME entity, or the text of a block inside a text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their text, as it may be shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Their attachments.
    pub fn attachments(&self) -> impl Iterator<Item = (&Attachment, &[u8])> {
        self.attachments.iter().map(|(about, bytes)| (about, bytes.as_slice()))
    }
}

/// A mail, and who wrote it. Made by [`ClaimedMail::verify`] only.
pub struct VerifiedMail {
    head: Head,
    author: Author,
    sections: Vec<VerifiedSection>,
    sealed: bool,
    confidential: Vec<String>,
    wants_certificate_of: Option<Address>,
}

impl core::fmt::Debug for VerifiedMail {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "VerifiedMail({} sections)", self.sections.len())
    }
}

impl VerifiedMail {
    /// Who wrote all of it, header included. [`Author::Unsigned`] if a part is not covered: then the
    /// [`sections`](Self::sections) have authors of their own.
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// Who wrote the text and the attachments, all of them, whatever the header says. [`Author::Unsigned`] if
    /// there are pieces by nobody or by different people.
    pub fn body_author(&self) -> &Author {
        match self.sections.as_slice() {
            [only] => &only.author,
            _ => &Author::Unsigned,
        }
    }

    /// The pieces, in their order.
    pub fn sections(&self) -> &[VerifiedSection] {
        &self.sections
    }

    /// The header, as it may be shown. [`author`](Self::author) speaks of it, and no other.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Whether a seal of its author was opened to read it.
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Names of header fields that an answer must not send in clear (RFC 9788 section 4.3).
    pub fn confidential_fields(&self) -> &[String] {
        &self.confidential
    }

    /// The author's address, if it is signed and there was no certificate to judge it with.
    pub fn wants_certificate_of(&self) -> Option<&Address> {
        self.wants_certificate_of.as_ref()
    }

    /// All pieces as one mail, with the one author to name: that of all of it, or else of all but the header.
    pub(super) fn into_whole(self) -> (Mail, Author, Option<Address>) {
        let author = match (self.author, self.sections.as_slice()) {
            (Author::Unsigned, [VerifiedSection { author, .. }]) => match author {
                Author::Known { fingerprint, .. } | Author::New { fingerprint } => {
                    Author::TextOnly { fingerprint: fingerprint.clone() }
                }
                Author::Changed { .. } => author.clone(),
                _ => Author::Unsigned,
            },
            (author, _) => author,
        };
        let mut mail = Mail { head: self.head, text: String::new(), attachments: Vec::new() };
        for section in self.sections {
            if !mail.text.is_empty() && !mail.text.ends_with('\n') {
                mail.text.push('\n');
            }
            mail.text.push_str(&section.text);
            mail.attachments.extend(section.attachments);
        }
        mail.number_attachments();
        (mail, author, self.wants_certificate_of)
    }
}
