//! Bytes the server keeps but cannot read, and public or verifier bytes that travel beside them.
//! In JSON each is base64url without padding (RFC 4648 section 5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default, Hash)]
        pub struct $name(pub Vec<u8>);

        impl $name {
            /// The bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<Vec<u8>> for $name {
            fn from(bytes: Vec<u8>) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                URL_SAFE_NO_PAD.decode(text.as_bytes()).map(Self).map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some("^[A-Za-z0-9_-]*$"))
                    .content_encoding("base64url")
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use bytes;

bytes!(
    /// A ZKE1 envelope (formats, section 1): key-committing AES-256-GCM bound to its context.
    SealedEnvelope
);
bytes!(
    /// An OpenPGP message, binary: PKESK packets and one SEIPD packet (RFC 9580 section 10.3).
    SealedMessage
);
bytes!(
    /// An OpenPGP certificate, binary (RFC 9580 section 10.1). Public.
    Certificate
);
bytes!(
    /// A message of the OPAQUE protocol (RFC 9807) or the verifier record it leaves.
    OpaqueMessage
);
bytes!(
    /// SHA-256 of some sealed bytes, 32 bytes.
    Digest
);
bytes!(
    /// An Ed25519 public key, 32 bytes.
    VerifyingKey
);
bytes!(
    /// An Ed25519 signature, 64 bytes.
    Signature
);
bytes!(
    /// Random bytes of the server that a client signs, 32 bytes.
    Challenge
);
bytes!(
    /// A note the server wrote to itself and authenticated; clients hand it back unread.
    Ticket
);
