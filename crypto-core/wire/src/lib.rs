//! The contract between Hedgerow's clients and its server.
//!
//! Serde types only: no cryptography, no input or output. What crosses the wire is
//! sealed bytes ([`sealed`]), random ids ([`ids`]), times in milliseconds since 1970 (UTC), sizes in
//! bytes, and flags. Everything a person typed that the server must read is in the closed list
//! [`plaintext`], each entry with its reason; any other string here is a defect.
//!
//! One file per room, with the same name as the room elsewhere in the house.
//!
//! On the wire everything is JSON: bytes are base64, ids hexadecimal, times numbers.
//!
//! ```
//! use wire::accounts::{ObjectKind, SealedObject};
//!
//! # fn main() -> serde_json::Result<()> {
//! let object: SealedObject = serde_json::from_str(
//!     r#"{"kind":"object","object_id":"000102030405060708090a0b0c0d0e0f","version":3,"envelope":"WktFMQ"}"#,
//! )?;
//! assert_eq!((object.kind, object.version), (ObjectKind::Object, 3));
//! assert_eq!(object.envelope.as_bytes(), b"ZKE1");
//!
//! // An address is judged and folded when it is decoded, so that no handler ever holds a malformed one.
//! let address: wire::plaintext::Address = serde_json::from_str(r#""Alice@Hedgerow.test""#)?;
//! assert_eq!(address.as_str(), "alice@hedgerow.test");
//! assert!(serde_json::from_str::<wire::plaintext::Address>(r#""alice at home""#).is_err());
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod accounts;
pub mod error;
pub mod ids;
pub mod keys;
pub mod mail;
pub mod page;
pub mod plaintext;
pub mod sealed;
pub mod vault;

/// Path prefix of every API route.
pub const API: &str = "/api/v1";

/// Name of the header a client must set on every request that changes state; a cross-site form
/// cannot set it (CSRF guard beside `SameSite=Strict` and the `Origin` check). The value is `1`.
pub const GUARD_HEADER: &str = "x-hedgerow";

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;
