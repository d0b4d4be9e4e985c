//! The rows about ciphertexts: who may read one, who is charged for it, when it goes.
//!
//! A blob is charged once to each account that holds it. Its uploader holds it from the start; with the
//! first [`reference`] the holding is tied to the uses, and ends with the last [`release`]. A blob that
//! nobody uses is removed [`GRACE`] later, so that a slow client may upload first and refer later.

use super::blob_store::Place;
pub use super::blob_store::{Blobs, Kept};
use super::db::{Db, Tx};
use super::quota;
use crate::app::now;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use futures::TryStreamExt as _;
use std::time::{Duration, SystemTime};
use wire::Millis;
use wire::ids::{AccountId, BlobId};

/// How long an unused blob is kept.
pub const GRACE: Duration = Duration::from_secs(24 * 3600);

/// What the server knows of a blob.
#[derive(Debug, Clone)]
pub struct BlobStat {
    /// Its name in the blob store.
    pub place: Place,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
}

/// A blob the account holds.
///
/// # Errors
/// `not_found` if it holds none of this id.
pub async fn stat(tx: &mut Tx, account: &AccountId, blob: &BlobId) -> ApiResult<BlobStat> {
    let row = tx
        .fetch_one(
            "SELECT b.place, b.size, b.sha256 FROM blobs b
             JOIN blob_holders h ON h.blob_id = b.id AND h.account_id = $2
             WHERE b.id = $1",
            values![blob, account],
        )
        .await?;
    let place =
        row.bytes(0)?.try_into().map_err(|_| ApiError::damaged("a stored place has the wrong length"))?;
    Ok(BlobStat { place, size: row.uint(1)?, sha256: row.bytes(2)? })
}

/// Ties one use of a blob to an account, and charges the account if it did not hold the blob before.
/// Whether the one who asks may use the blob is for the caller to decide, with [`stat`].
///
/// # Returns
/// The blob's size in bytes.
///
/// # Errors
/// `not_found` if there is no such blob, `quota_exceeded` if the account has no room for it.
pub async fn reference(tx: &mut Tx, account: &AccountId, blob: &BlobId) -> ApiResult<u64> {
    // The blob's row is locked first: the sweep judges by it.
    let size = tx
        .fetch_one(
            "UPDATE blobs SET refs = refs + 1, released_at = NULL WHERE id = $1 RETURNING size",
            values![blob],
        )
        .await?
        .uint(0)?;
    let held = tx
        .execute(
            "UPDATE blob_holders SET refs = refs + 1 WHERE blob_id = $1 AND account_id = $2",
            values![blob, account],
        )
        .await?;
    if held == 0 {
        quota::charge(tx, account, size).await?;
        tx.execute(
            "INSERT INTO blob_holders (blob_id, account_id, refs) VALUES ($1, $2, 1)",
            values![blob, account],
        )
        .await?;
    }
    Ok(size)
}

/// Unties one use. With the account's last use its holding ends and is refunded.
///
/// # Errors
/// From the database. A use that is not there is no error.
pub async fn release(tx: &mut Tx, account: &AccountId, blob: &BlobId) -> ApiResult<()> {
    let row = tx
        .fetch_optional(
            "UPDATE blobs SET refs = refs - 1,
                 released_at = CASE WHEN refs = 1 THEN $3 ELSE released_at END
             WHERE id = $1 AND EXISTS (
                 SELECT 1 FROM blob_holders WHERE blob_id = $1 AND account_id = $2 AND refs > 0)
             RETURNING size",
            values![blob, account, now()],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let left = tx
        .fetch_one(
            "UPDATE blob_holders SET refs = refs - 1 WHERE blob_id = $1 AND account_id = $2 RETURNING refs",
            values![blob, account],
        )
        .await?
        .int(0)?;
    if left == 0 {
        tx.execute("DELETE FROM blob_holders WHERE blob_id = $1 AND account_id = $2", values![blob, account])
            .await?;
        quota::refund(tx, account, row.uint(0)?).await?;
    }
    Ok(())
}

/// Whether an upload was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The id now names the kept bytes.
    New,
    /// The account had uploaded the same bytes under this id before; the kept ones are surplus.
    Repeated,
}

/// Gives kept bytes their id, charged to their uploader.
///
/// # Errors
/// `stale` if the id names other bytes, `quota_exceeded`.
pub async fn claim(tx: &mut Tx, account: &AccountId, blob: &BlobId, kept: &Kept) -> ApiResult<Claimed> {
    let size = i64::try_from(kept.size).map_err(|_| ApiError::malformed("a size is out of range"))?;
    let new = tx
        .execute(
            "INSERT INTO blobs (id, owner_id, place, size, sha256, refs, created_at, released_at)
             VALUES ($1, $2, $3, $4, $5, 0, $6, $6) ON CONFLICT (id) DO NOTHING",
            values![blob, account, &kept.place, size, &kept.sha256, now()],
        )
        .await?;
    if new == 0 {
        reclaim(tx, account, blob, kept.size, &kept.sha256).await?;
        return Ok(Claimed::Repeated);
    }
    hold(tx, account, blob, kept.size).await?;
    Ok(Claimed::New)
}

/// Repeats an upload whose bytes are known to be there.
///
/// # Errors
/// `stale` if the id names other bytes or another account's.
pub async fn reclaim(
    tx: &mut Tx,
    account: &AccountId,
    blob: &BlobId,
    size: u64,
    sha256: &[u8; 32],
) -> ApiResult<()> {
    // The update locks the row against the sweep and begins the grace anew.
    let row = tx
        .fetch_optional(
            "UPDATE blobs SET released_at = CASE WHEN refs = 0 THEN $2 ELSE released_at END
             WHERE id = $1 RETURNING owner_id, size, sha256",
            values![blob, now()],
        )
        .await?;
    let Some(row) = row else { return Err(ApiError::stale()) };
    if row.id::<AccountId>(0)? != *account || row.uint(1)? != size || row.bytes(2)? != sha256 {
        return Err(ApiError::new(
            wire::error::ErrorCode::Stale,
            "this id names other bytes; upload under a new one",
        ));
    }
    let held = tx
        .fetch_optional(
            "SELECT 1 FROM blob_holders WHERE blob_id = $1 AND account_id = $2",
            values![blob, account],
        )
        .await?;
    if held.is_none() { hold(tx, account, blob, size).await } else { Ok(()) }
}

async fn hold(tx: &mut Tx, account: &AccountId, blob: &BlobId, size: u64) -> ApiResult<()> {
    quota::charge(tx, account, size).await?;
    tx.execute(
        "INSERT INTO blob_holders (blob_id, account_id, refs) VALUES ($1, $2, 0)",
        values![blob, account],
    )
    .await?;
    Ok(())
}

/// Removes blobs that nobody has used since `before`, at most 500.
///
/// # Returns
/// How many.
///
/// # Errors
/// From the database or the blob store.
pub async fn sweep(db: &Db, blobs: &Blobs, before: Millis) -> ApiResult<usize> {
    let candidates = db
        .read()
        .await?
        .fetch_all("SELECT id FROM blobs WHERE refs = 0 AND released_at < $1 LIMIT 500", values![before])
        .await?;
    let mut removed = 0;
    for row in candidates {
        let id: BlobId = row.id(0)?;
        if let Some(place) = forget(db, &id, before).await? {
            blobs.discard(&place).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

async fn forget(db: &Db, id: &BlobId, before: Millis) -> ApiResult<Option<Place>> {
    db.write(|mut tx| async move {
        let row = tx
            .fetch_optional(
                "UPDATE blobs SET refs = 0 WHERE id = $1 AND refs = 0 AND released_at < $2
                 RETURNING place, size",
                values![id, before],
            )
            .await?;
        let Some(row) = row else { return Ok((tx, None)) };
        let holders = tx
            .fetch_all("DELETE FROM blob_holders WHERE blob_id = $1 RETURNING account_id", values![id])
            .await?;
        for holder in holders {
            quota::refund(&mut tx, &holder.id(0)?, row.uint(1)?).await?;
        }
        tx.execute("DELETE FROM blobs WHERE id = $1", values![id]).await?;
        Ok((tx, row.bytes(0)?.try_into().ok()))
    })
    .await
}

/// Removes objects that no row names: what a crash, or the end of an account, left behind.
///
/// # Returns
/// How many.
///
/// # Errors
/// From the database or the blob store.
pub async fn sweep_unlisted(db: &Db, blobs: &Blobs, before: SystemTime) -> ApiResult<usize> {
    let mut removed = 0;
    let mut old = blobs.older_than(before);
    while let Some(place) = old.try_next().await? {
        let mut tx = db.read().await?;
        if tx.fetch_optional("SELECT 1 FROM blobs WHERE place = $1", values![&place]).await?.is_none() {
            blobs.discard(&place).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Sweeps every hour, and once a day for unlisted objects.
pub async fn sweep_forever(app: crate::app::App) {
    let grace = Millis::try_from(GRACE.as_millis()).unwrap_or(Millis::MAX);
    for hour in 0u64.. {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
            () = app.stopping.cancelled() => return,
        }
        match sweep(&app.db, &app.blobs, now().saturating_sub(grace)).await {
            Ok(count) => tracing::info!(count, "swept unused blobs"),
            Err(error) => tracing::warn!(%error, "the sweep of unused blobs failed"),
        }
        let before = SystemTime::now().checked_sub(GRACE);
        if hour % 24 == 0
            && let Some(before) = before
            && let Err(error) = sweep_unlisted(&app.db, &app.blobs, before).await
        {
            tracing::warn!(%error, "the sweep of unlisted blobs failed");
        }
    }
}
