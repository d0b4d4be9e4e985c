//! Bytes an account stores.

use super::db::Tx;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use wire::error::ErrorCode;
use wire::ids::AccountId;

fn signed(bytes: u64) -> ApiResult<i64> {
    i64::try_from(bytes).map_err(|_| ApiError::malformed("a size is out of range"))
}

/// Adds `bytes` to what the account stores.
///
/// # Errors
/// `quota_exceeded` if that would be more than it may store; nothing is changed then.
pub async fn charge(tx: &mut Tx, account: &AccountId, bytes: u64) -> ApiResult<()> {
    let changed = tx
        .execute(
            "UPDATE accounts SET used_bytes = used_bytes + $2
             WHERE id = $1 AND used_bytes + $2 <= quota_bytes",
            values![account, signed(bytes)?],
        )
        .await?;
    if changed == 0 {
        return Err(ApiError::new(ErrorCode::QuotaExceeded, "the account's storage is used up"));
    }
    Ok(())
}

/// Takes `bytes` off what the account stores.
///
/// # Errors
/// From the database.
pub async fn refund(tx: &mut Tx, account: &AccountId, bytes: u64) -> ApiResult<()> {
    tx.execute(
        "UPDATE accounts SET used_bytes = CASE WHEN used_bytes > $2 THEN used_bytes - $2 ELSE 0 END
         WHERE id = $1",
        values![account, signed(bytes)?],
    )
    .await?;
    Ok(())
}

/// Charges or refunds the difference when something of `before` bytes becomes `after` bytes.
///
/// # Errors
/// As [`charge`].
pub async fn resize(tx: &mut Tx, account: &AccountId, before: u64, after: u64) -> ApiResult<()> {
    match after.cmp(&before) {
        std::cmp::Ordering::Greater => charge(tx, account, after - before).await,
        std::cmp::Ordering::Less => refund(tx, account, before - after).await,
        std::cmp::Ordering::Equal => Ok(()),
    }
}
