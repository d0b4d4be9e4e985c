//! Accounts: registration, login, sessions, passphrase change, recovery, the account's sealed objects.
//!
//! [`service`] is the only door; what is in the database is behind the private `store`.

mod aliases;
mod handshakes;
mod opaque;
mod routes;
mod rules;
pub mod service;
mod store;
mod ticket;

#[cfg(test)]
pub(crate) mod test_client;
#[cfg(test)]
mod tests;

pub use routes::routes;

use crate::errors::ApiError;
use std::borrow::Cow;
use wire::error::ErrorCode;

/// The sentence for developers that goes with a refusal of this room.
fn refused(code: ErrorCode) -> ApiError {
    let message: Cow<'static, str> = match code {
        ErrorCode::Malformed => "the request does not have the documented form".into(),
        ErrorCode::NotSealed => "an object does not have the shape of the envelope it claims to be".into(),
        ErrorCode::WrongCredentials => "the address or the passphrase is wrong".into(),
        ErrorCode::HandshakeExpired => "this took too long or was done already; begin again".into(),
        ErrorCode::AddressNotAllowed => "this server does not give out this address".into(),
        ErrorCode::TooLarge => "an object is larger than the server takes".into(),
        ErrorCode::Damaged => return ApiError::damaged("a stored credential is damaged"),
        ErrorCode::Internal => return ApiError::internal("a secret of the server cannot be used"),
        other => other.as_str().into(),
    };
    ApiError::new(code, message)
}
