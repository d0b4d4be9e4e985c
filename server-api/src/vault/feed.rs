//! The change feed: one place per change, counted per account without gaps in what is visible.
//!
//! The number is taken from the account's row in the transaction that makes the change. That row stays
//! locked until commit, so a reader that has seen place N has seen every smaller one that will ever be.
//! Only the newest change of each object is kept: a client that was away long still reads each once.

use super::db::{Row, Tx};
use crate::errors::{ApiError, ApiResult};
use crate::values;
use wire::ids::AccountId;
use wire::vault::{Change, Changes};

/// The most changes in one reply.
pub const PAGE: usize = 1000;

const MESSAGE: i64 = 1;
const ITEM: i64 = 2;
const COLLECTION: i64 = 3;
const ACCOUNT: i64 = 4;
const NONE: [u8; 16] = [0; 16];

/// Takes the next place in the account's feed for `change`. After commit, tell open browsers with
/// [`Notices::publish`](super::events::Notices::publish).
///
/// # Errors
/// `not_found` if there is no such account; else from the database.
pub async fn append(tx: &mut Tx, account: &AccountId, change: &Change) -> ApiResult<u64> {
    let seq = tx
        .fetch_one(
            "UPDATE accounts SET feed_seq = feed_seq + 1 WHERE id = $1 RETURNING feed_seq",
            values![account],
        )
        .await?
        .int(0)?;
    let (class, scope, object, folder): (i64, &[u8; 16], &[u8; 16], Option<&[u8]>) = match change {
        Change::Message { id, folder } => (MESSAGE, &NONE, &id.0, Some(&folder.0)),
        Change::MessageGone { id } => (MESSAGE, &NONE, &id.0, None),
        Change::Item { collection, id } => (ITEM, &collection.0, &id.0, None),
        Change::Collection { id } => (COLLECTION, &NONE, &id.0, None),
        Change::Account => (ACCOUNT, &NONE, &account.0, None),
    };
    tx.execute(
        "INSERT INTO feed (account_id, class, scope_id, object_id, seq, folder_id)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, class, scope_id, object_id)
         DO UPDATE SET seq = excluded.seq, folder_id = excluded.folder_id",
        values![account, class, scope, object, seq, folder],
    )
    .await?;
    u64::try_from(seq).map_err(|_| ApiError::damaged("a stored number is negative"))
}

/// The newest place.
///
/// # Errors
/// `not_found` if there is no such account; else from the database.
pub async fn newest(tx: &mut Tx, account: &AccountId) -> ApiResult<u64> {
    tx.fetch_one("SELECT feed_seq FROM accounts WHERE id = $1", values![account]).await?.uint(0)
}

/// What changed after `since`, oldest first.
///
/// # Errors
/// From the database.
pub async fn since(tx: &mut Tx, account: &AccountId, since: u64) -> ApiResult<Changes> {
    let since = i64::try_from(since).map_err(|_| ApiError::malformed("since is out of range"))?;
    let newest = newest(tx, account).await?;
    let rows = tx
        .fetch_all(
            "SELECT class, scope_id, object_id, folder_id, seq FROM feed
             WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT 1001",
            values![account, since],
        )
        .await?;
    let more = rows.len() > PAGE;
    let page = rows.get(..PAGE).unwrap_or(&rows);
    let seq = match page.last() {
        Some(last) if more => last.uint(4)?,
        _ => newest,
    };
    Ok(Changes { changes: page.iter().map(change).collect::<ApiResult<_>>()?, seq, more })
}

fn change(row: &Row) -> ApiResult<Change> {
    Ok(match row.int(0)? {
        MESSAGE => match row.opt_bytes(3)? {
            Some(_) => Change::Message { id: row.id(2)?, folder: row.id(3)? },
            None => Change::MessageGone { id: row.id(2)? },
        },
        ITEM => Change::Item { collection: row.id(1)?, id: row.id(2)? },
        COLLECTION => Change::Collection { id: row.id(2)? },
        ACCOUNT => Change::Account,
        _ => return Err(ApiError::damaged("the feed holds an unknown class")),
    })
}
