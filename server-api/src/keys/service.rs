//! The only door of the directory.

use crate::accounts;
use crate::app::App;
use crate::auth::Session;
use crate::errors::{ApiError, ApiResult};
use wire::error::ErrorCode;
use wire::keys::DirectoryEntry;
use wire::plaintext::Address;

/// The certificate of an address. Only account holders may ask, and not without limit: the directory
/// must not become a list of who is here.
///
/// # Errors
/// `no_such_recipient` naming the address; `too_many`.
pub async fn look_up(app: &App, session: &Session, address: Address) -> ApiResult<DirectoryEntry> {
    app.limits.directory(&session.account)?;
    let mut tx = app.db.read().await?;
    match accounts::service::certificate(&mut tx, &address).await? {
        Some(certificate) => Ok(DirectoryEntry { address, certificate }),
        None => Err(no_such_recipient(address)),
    }
}

/// No account here has this address.
pub fn no_such_recipient(address: Address) -> ApiError {
    ApiError::new(ErrorCode::NoSuchRecipient, "no account on this server has this address").about(address)
}
