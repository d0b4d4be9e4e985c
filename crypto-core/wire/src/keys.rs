//! The certificate directory.
//!
//! | Method and path | Request | Reply |
//! |---|---|---|
//! | `GET /directory/{address}` | – | [`DirectoryEntry`], or `no_such_recipient` |
//!
//! What comes from here is a claim of the server. The client judges it (pins, R15).

use crate::plaintext::Address;
use crate::sealed::Certificate;
use serde::{Deserialize, Serialize};

/// The certificate the server says belongs to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectoryEntry {
    /// The address asked for.
    pub address: Address,
    /// Its certificate.
    pub certificate: Certificate,
}
