//! The closed list of what a person typed and the server must read.
//!
//! | Entry | Why the server must read it |
//! |---|---|
//! | [`Address`] | mail is routed by it; it is the account's login name |
//! | [`Invitation`] | the server made it and must recognise it |
//! | [`PlainMessage`] | it leaves for servers that know no seal, by the person's own word; kept encrypted until it has left |

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A mail address, `local@domain`, lower case, at most 254 bytes.
///
/// Local part: letters, digits and `.!#$%&'*+/=?^_{|}~-` of RFC 5321 dot-string, at most 64 bytes, no
/// leading, trailing or double dot. Domain: LDH labels. Hedgerow's own addresses take only
/// `a-z 0-9 . _ -` in the local part ([`Address::may_be_registered`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MalformedAddress {
    /// There is no `@`, or nothing before or behind it.
    NoAt,
    /// A character, dot or hyphen stands where it may not.
    BadCharacter,
    /// Longer than RFC 5321 section 4.5.3.1 allows.
    TooLong,
}

impl fmt::Display for MalformedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAt => "an address has the form name@domain",
            Self::BadCharacter => "the address contains a character that may not stand there",
            Self::TooLong => "the address is too long",
        })
    }
}

impl core::error::Error for MalformedAddress {}

impl Address {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether Hedgerow gives out addresses with this local part.
    pub fn may_be_registered(&self) -> bool {
        self.local().bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
    }
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl FromStr for Address {
    type Err = MalformedAddress;

    fn from_str(text: &str) -> Result<Self, MalformedAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(MalformedAddress::NoAt)?;
        if local.is_empty() || domain.is_empty() {
            return Err(MalformedAddress::NoAt);
        }
        if local.len() > 64 || text.len() > 254 {
            return Err(MalformedAddress::TooLong);
        }
        let local_ok = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom));
        if !local_ok || !domain.split('.').all(is_label) {
            return Err(MalformedAddress::BadCharacter);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address is private in logs: `Debug` hides it.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A code that lets one person register where registration is by invitation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation(pub String);

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invitation(…)")
    }
}

crate::sealed::bytes!(
    /// A message (RFC 5322, CRLF line ends) that leaves as plain mail; base64url in JSON.
    PlainMessage
);

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Address {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::Custom("email".into())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Address {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_folded_and_judged() {
        let address: Address = " Alice.B@Hedgerow.test ".parse().unwrap();
        assert_eq!(address.as_str(), "alice.b@hedgerow.test");
        assert_eq!((address.local(), address.domain()), ("alice.b", "hedgerow.test"));
        for bad in
            ["", "alice", "@x.test", "a@", "a..b@x.test", ".a@x.test", "a b@x.test", "a@-x.test", "a@x..test"]
        {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        assert!(!"a+b@x.test".parse::<Address>().unwrap().may_be_registered());
    }
}
