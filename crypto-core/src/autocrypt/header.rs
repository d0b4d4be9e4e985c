//! The header fields `Autocrypt` and `Autocrypt-Gossip` (Autocrypt Level 1, sections 2.1 and 2.4): a certificate
//! that travels with a mail. Nobody vouches for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Millis;
use seal::cert::{Cert, FetchedCert, TrustedCert};
use seal::profile;
use wire::plaintext::Address;

/// Largest field body read: base64 of the largest certificate, folded, and the attributes.
const MAX_FIELD_BYTES: usize = profile::MAX_CERTIFICATE_BYTES / 2 * 3;
/// Characters of base64 in a line of a field.
const LINE: usize = 72;

/// What a sender wishes for mail to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// Nothing.
    #[default]
    None,
    /// Sealed by default, if the other side wishes so too.
    Mutual,
}

/// A field as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Whose certificate it is.
    pub address: Address,
    /// The wish.
    pub preference: Preference,
    /// The certificate, within the limits of R41.
    pub cert: FetchedCert,
}

/// Reads the body of one field. None if it is not valid: an attribute that is not known and does not begin with
/// `_` makes it so, as does a certificate with a secret in it.
pub fn parse(body: &str) -> Option<Field> {
    if body.len() > MAX_FIELD_BYTES {
        return None;
    }
    let (mut address, mut preference, mut keydata) = (None, Preference::None, None);
    for attribute in body.split(';').map(str::trim).filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute.split_once('=')?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "addr" if address.is_none() => address = Some(value.parse::<Address>().ok()?),
            "prefer-encrypt" if value == "mutual" => preference = Preference::Mutual,
            "prefer-encrypt" => {}
            "keydata" if keydata.is_none() => {
                let tight: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                keydata = Some(STANDARD.decode(tight).ok()?);
            }
            _ if name.starts_with('_') => {}
            _ => return None,
        }
    }
    Some(Field { address: address?, preference, cert: FetchedCert::parse(&keydata?).ok()? })
}

/// The one valid field of a mail that is by its author: none if there are several, or none is for the address in
/// From (section 2.3).
pub fn of_author<'a>(bodies: impl Iterator<Item = &'a str>, author: &Address) -> Option<Field> {
    let mut valid = bodies.filter_map(parse).filter(|field| field.address == *author);
    let only = valid.next()?;
    valid.next().is_none().then_some(only)
}

/// The gossip of a mail that was sealed: fields about those who got it too. What is said of others, and of the
/// author, is not taken (section 2.4).
pub fn gossip<'a>(
    bodies: impl Iterator<Item = &'a str>,
    author: &Address,
    recipients: &[Address],
) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    for field in bodies.take(profile::MAX_RECIPIENTS).filter_map(parse) {
        let known = found.iter().any(|other| other.address == field.address);
        if field.address != *author && recipients.contains(&field.address) && !known {
            found.push(Field { preference: Preference::None, ..field });
        }
    }
    found
}

/// The body of a field, folded. The certificate has no more in it than is needed to seal to this address.
pub fn write(address: &Address, preference: Preference, cert: &Cert, now: Millis) -> String {
    let wish = match preference {
        Preference::Mutual => " prefer-encrypt=mutual;",
        Preference::None => "",
    };
    let keydata = STANDARD.encode(cert.exportable().minimised_for(address.as_str(), now).to_bytes());
    let mut out = format!("addr={};{wish} keydata=", address.as_str());
    let mut rest = keydata.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        out.push_str("\r\n ");
        out.push_str(line);
        rest = after;
    }
    out
}

/// The fields that go into a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    own: String,
    gossip: String,
}

impl Fields {
    /// The sender's own certificate. Outside the seal, where programs look for it.
    #[must_use]
    pub fn with_own(mut self, address: &Address, preference: Preference, cert: &Cert, now: Millis) -> Self {
        self.own = format!("Autocrypt: {}\r\n", write(address, preference, cert, now));
        self
    }

    /// The certificates of those who get the mail, so that each can answer all. Inside the seal; none if there
    /// is but one recipient.
    #[must_use]
    pub fn with_gossip(mut self, recipients: &[(Address, TrustedCert)], now: Millis) -> Self {
        self.gossip.clear();
        if recipients.len() > 1 {
            for (address, cert) in recipients {
                let body = write(address, Preference::None, cert.cert().cert(), now);
                self.gossip.push_str(&format!("Autocrypt-Gossip: {body}\r\n"));
            }
        }
        self
    }

    /// The field outside, or nothing.
    pub(crate) fn own(&self) -> &str {
        &self.own
    }

    /// The fields inside.
    pub(crate) fn gossip(&self) -> &str {
        &self.gossip
    }
}
