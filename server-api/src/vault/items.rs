//! Collections and their sealed items.

use super::blobs;
use super::db::{Row, Tx};
use super::{feed, quota, sealed_shape};
use crate::app::now;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use std::collections::HashMap;
use wire::error::ErrorCode;
use wire::ids::{AccountId, BlobId, CollectionId, ItemId};
use wire::sealed::SealedEnvelope;
use wire::vault::{Change, CollectionPut, CollectionView, ItemPage, ItemPut, ItemView};

/// The largest sealed item; what is larger goes into chunks.
pub const ITEM_BYTES: usize = 256 << 10;
/// The most chunks of an item.
pub const CHUNKS: usize = 4096;
/// A page of items ends after this many bytes …
const PAGE_BYTES: u64 = 4 << 20;
/// … or this many items.
const PAGE: usize = 500;

fn check_sealed(sealed: &SealedEnvelope) -> ApiResult<u64> {
    if sealed.0.len() > ITEM_BYTES {
        return Err(ApiError::new(ErrorCode::TooLarge, "a sealed item is larger than the server takes"));
    }
    sealed_shape::check_envelope(&sealed.0)?;
    Ok(sealed.0.len() as u64)
}

fn next(revision: u64) -> ApiResult<i64> {
    i64::try_from(revision)
        .ok()
        .and_then(|revision| revision.checked_add(1))
        .ok_or_else(|| ApiError::malformed("a revision is out of range"))
}

/// Every collection of an account.
///
/// # Errors
/// From the database.
pub async fn collections(tx: &mut Tx, account: &AccountId) -> ApiResult<Vec<CollectionView>> {
    tx.fetch_all(
        "SELECT id, key, head, revision, seq FROM collections WHERE account_id = $1 ORDER BY seq",
        values![account],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(CollectionView {
            id: row.id(0)?,
            key: SealedEnvelope(row.bytes(1)?),
            head: SealedEnvelope(row.bytes(2)?),
            revision: row.uint(3)?,
            seq: row.uint(4)?,
        })
    })
    .collect()
}

/// Makes a collection or replaces its head.
///
/// # Errors
/// `not_sealed`, `too_large`, `stale`, `quota_exceeded`; `malformed` if the key would change.
pub async fn put_collection(
    tx: &mut Tx,
    account: &AccountId,
    id: &CollectionId,
    put: &CollectionPut,
) -> ApiResult<CollectionView> {
    let size = check_sealed(&put.key)? + check_sealed(&put.head)?;
    // Locks the account's row, so that the judgement below holds until commit.
    let seq = feed::append(tx, account, &Change::Collection { id: *id }).await?;
    let old = tx
        .fetch_optional(
            "SELECT revision, key, head FROM collections WHERE account_id = $1 AND id = $2",
            values![account, id],
        )
        .await?;
    let (revision, before) = match &old {
        None => (0, 0),
        Some(row) => (row.uint(0)?, (row.bytes(1)?.len() + row.bytes(2)?.len()) as u64),
    };
    if revision != put.expected_revision {
        return Err(ApiError::stale());
    }
    if let Some(row) = &old
        && row.bytes(1)? != put.key.0
    {
        return Err(ApiError::malformed("the key of a collection does not change"));
    }
    quota::resize(tx, account, before, size).await?;
    tx.execute(
        "INSERT INTO collections (account_id, id, key, head, revision, seq) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, id)
         DO UPDATE SET head = excluded.head, revision = excluded.revision, seq = excluded.seq",
        values![account, id, &put.key.0, &put.head.0, next(revision)?, signed(seq)?],
    )
    .await?;
    Ok(CollectionView { id: *id, key: put.key.clone(), head: put.head.clone(), revision: revision + 1, seq })
}

fn signed(seq: u64) -> ApiResult<i64> {
    i64::try_from(seq).map_err(|_| ApiError::malformed("since is out of range"))
}

/// Items of a collection changed after `since`, oldest first.
///
/// # Errors
/// `not_found` if there is no such collection.
pub async fn page(
    tx: &mut Tx,
    account: &AccountId,
    collection: &CollectionId,
    since: u64,
) -> ApiResult<ItemPage> {
    let from = signed(since)?;
    tx.fetch_one("SELECT 1 FROM collections WHERE account_id = $1 AND id = $2", values![account, collection])
        .await?;
    let newest = feed::newest(tx, account).await?;
    let sizes = tx
        .fetch_all(
            "SELECT seq, CAST(COALESCE(LENGTH(sealed), 0) AS BIGINT) FROM items
             WHERE account_id = $1 AND collection_id = $2 AND seq > $3 ORDER BY seq LIMIT 501",
            values![account, collection, from],
        )
        .await?;
    let (mut until, mut bytes, mut count) = (since, 0, 0);
    for row in &sizes {
        bytes += row.uint(1)?;
        if count == PAGE || (count > 0 && bytes > PAGE_BYTES) {
            break;
        }
        until = row.uint(0)?;
        count += 1;
    }
    let more = count < sizes.len();
    let range = values![account, collection, from, signed(until)?];
    let rows = tx
        .fetch_all(
            "SELECT id, revision, seq, changed_at, sealed FROM items
             WHERE account_id = $1 AND collection_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq",
            range,
        )
        .await?;
    let mut chunks: HashMap<ItemId, Vec<BlobId>> = HashMap::new();
    for row in tx
        .fetch_all(
            "SELECT c.item_id, c.blob_id FROM item_chunks c JOIN items i
                 ON i.account_id = c.account_id AND i.collection_id = c.collection_id AND i.id = c.item_id
             WHERE i.account_id = $1 AND i.collection_id = $2 AND i.seq > $3 AND i.seq <= $4
             ORDER BY c.item_id, c.position",
            range,
        )
        .await?
    {
        chunks.entry(row.id(0)?).or_default().push(row.id(1)?);
    }
    let items = rows
        .iter()
        .map(|row| {
            let id = row.id(0)?;
            view(row, id, chunks.remove(&id).unwrap_or_default())
        })
        .collect::<ApiResult<_>>()?;
    Ok(ItemPage { items, seq: if more { until } else { newest }, more })
}

fn view(row: &Row, id: ItemId, chunks: Vec<BlobId>) -> ApiResult<ItemView> {
    Ok(ItemView {
        id,
        revision: row.uint(1)?,
        seq: row.uint(2)?,
        changed_at: row.int(3)?,
        sealed: row.opt_bytes(4)?.map(SealedEnvelope),
        chunks,
    })
}

/// Writes or deletes an item.
///
/// # Errors
/// `not_found` for an unknown collection or chunk, `not_sealed`, `too_large`, `stale`, `quota_exceeded`.
pub async fn put_item(
    tx: &mut Tx,
    account: &AccountId,
    collection: &CollectionId,
    id: &ItemId,
    put: &ItemPut,
) -> ApiResult<ItemView> {
    let size = put.sealed.as_ref().map_or(Ok(0), check_sealed)?;
    if put.chunks.len() > CHUNKS {
        return Err(ApiError::new(ErrorCode::TooLarge, "an item has too many chunks"));
    }
    if put.sealed.is_none() && !put.chunks.is_empty() {
        return Err(ApiError::malformed("a deleted item has no chunks"));
    }
    let seq = feed::append(tx, account, &Change::Item { collection: *collection, id: *id }).await?;
    tx.fetch_one("SELECT 1 FROM collections WHERE account_id = $1 AND id = $2", values![account, collection])
        .await?;
    let name = values![account, collection, id];
    let old = tx
        .fetch_optional(
            "SELECT revision, CAST(COALESCE(LENGTH(sealed), 0) AS BIGINT) FROM items
             WHERE account_id = $1 AND collection_id = $2 AND id = $3",
            name,
        )
        .await?;
    let (revision, before) = match &old {
        None => (0, 0),
        Some(row) => (row.uint(0)?, row.uint(1)?),
    };
    if revision != put.expected_revision {
        return Err(ApiError::stale());
    }
    let old_chunks = tx
        .fetch_all(
            "DELETE FROM item_chunks WHERE account_id = $1 AND collection_id = $2 AND item_id = $3
             RETURNING blob_id",
            name,
        )
        .await?;
    quota::resize(tx, account, before, size).await?;
    let time = now();
    tx.execute(
        "INSERT INTO items (account_id, collection_id, id, revision, seq, changed_at, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (account_id, collection_id, id)
         DO UPDATE SET revision = excluded.revision, seq = excluded.seq,
             changed_at = excluded.changed_at, sealed = excluded.sealed",
        values![
            account,
            collection,
            id,
            next(revision)?,
            signed(seq)?,
            time,
            put.sealed.as_ref().map(|sealed| sealed.0.as_slice())
        ],
    )
    .await?;
    // New uses first, so that a chunk that stays is never without one.
    for (position, blob) in (0i64..).zip(&put.chunks) {
        blobs::stat(tx, account, blob).await?;
        blobs::reference(tx, account, blob).await?;
        tx.execute(
            "INSERT INTO item_chunks (account_id, collection_id, item_id, position, blob_id)
             VALUES ($1, $2, $3, $4, $5)",
            values![account, collection, id, position, blob],
        )
        .await?;
    }
    for row in old_chunks {
        blobs::release(tx, account, &row.id(0)?).await?;
    }
    Ok(ItemView {
        id: *id,
        revision: revision + 1,
        seq,
        changed_at: time,
        sealed: put.sealed.clone(),
        chunks: put.chunks.clone(),
    })
}
