//! One error format, with a closed list of stable codes.

use crate::plaintext::Address;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal;)+) => {
        /// Why the server refused. The text form is stable; the UI owns the words and the remedy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable text form.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The HTTP status it travels with.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }
        }
    };
}

codes! {
    /// The request is not of the documented form.
    Malformed = "malformed", 400;
    /// The bytes offered as ciphertext do not look like ciphertext; nothing was stored.
    NotSealed = "not_sealed", 400;
    /// The certificate offered cannot be used.
    BadCertificate = "bad_certificate", 400;
    /// There is no session, or it has ended.
    NotSignedIn = "not_signed_in", 401;
    /// Address or passphrase is wrong (which of them is never said).
    WrongCredentials = "wrong_credentials", 401;
    /// The login, change or recovery under way is too old or was used; begin again.
    HandshakeExpired = "handshake_expired", 401;
    /// The request came from another site.
    CrossSite = "cross_site", 403;
    /// Registration is closed.
    RegistrationClosed = "registration_closed", 403;
    /// The invitation is missing, unknown or used.
    BadInvitation = "bad_invitation", 403;
    /// No such object, or not this account's.
    NotFound = "not_found", 404;
    /// No account on this server has this address.
    NoSuchRecipient = "no_such_recipient", 404;
    /// The address is taken.
    AddressTaken = "address_taken", 409;
    /// The address cannot be given out by this server.
    AddressNotAllowed = "address_not_allowed", 409;
    /// Another device changed it first; read again, then repeat.
    Stale = "stale", 409;
    /// Larger than the server takes.
    TooLarge = "too_large", 413;
    /// Too many requests; wait `retry_after_s`.
    TooMany = "too_many", 429;
    /// The account's storage is used up.
    QuotaExceeded = "quota_exceeded", 507;
    /// The server's disk is full; nothing was stored.
    StorageFull = "storage_full", 507;
    /// The stored bytes are missing or damaged.
    Damaged = "damaged", 500;
    /// Something broke in the server; the request may be repeated.
    Internal = "internal", 500;
    /// The server is stopping or its database is out of reach.
    Unavailable = "unavailable", 503;
}

/// The body of every error reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The stable code.
    pub code: ErrorCode,
    /// An English sentence for developers; holds nothing private.
    pub message: String,
    /// Seconds to wait, with [`ErrorCode::TooMany`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The address refused, with [`ErrorCode::NoSuchRecipient`] and [`ErrorCode::QuotaExceeded`] on sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}
