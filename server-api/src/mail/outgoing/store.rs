//! The SQL of the queue. Private to it.

use crate::errors::ApiResult;
use crate::values;
use crate::vault::db::Tx;
use wire::Millis;
use wire::ids::AccountId;

/// Bytes of an account's mail in the queue.
pub(super) async fn waiting_bytes(tx: &mut Tx, account: &AccountId) -> ApiResult<u64> {
    tx.fetch_one(
        "SELECT CAST(COALESCE(SUM(LENGTH(message)), 0) AS BIGINT) FROM outgoing WHERE account_id = $1",
        values![account],
    )
    .await?
    .uint(0)
}

/// Writes a message's row.
pub(super) async fn insert(
    tx: &mut Tx,
    account: &AccountId,
    id: &[u8; 16],
    message: &[u8],
    times: (Millis, Millis),
) -> ApiResult<()> {
    tx.execute(
        "INSERT INTO outgoing (id, account_id, message, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        values![id, account, message, times.0, times.1],
    )
    .await?;
    Ok(())
}

/// Writes a route's row, due at once.
pub(super) async fn insert_route(
    tx: &mut Tx,
    outgoing: &[u8; 16],
    id: &[u8; 16],
    envelope: &[u8],
    due: Millis,
) -> ApiResult<()> {
    tx.execute(
        "INSERT INTO outgoing_routes (id, outgoing_id, envelope, attempts, next_at, lease_id, lease_until) \
         VALUES ($1, $2, $3, 0, $4, $5, 0)",
        values![id, outgoing, envelope, due, None::<&[u8]>],
    )
    .await?;
    Ok(())
}

/// A route as it is stored.
pub(super) struct Route {
    pub(super) id: [u8; 16],
    pub(super) outgoing: [u8; 16],
    pub(super) account: AccountId,
    pub(super) envelope: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) attempts: u64,
    pub(super) created_at: Millis,
    pub(super) expires_at: Millis,
}

/// Whether there is a route that may be taken now.
pub(super) async fn is_due(tx: &mut Tx, now: Millis) -> ApiResult<bool> {
    let due = tx
        .fetch_optional(
            "SELECT 1 FROM outgoing_routes WHERE next_at <= $1 AND lease_until <= $1 LIMIT 1",
            values![now],
        )
        .await?;
    Ok(due.is_some())
}

/// Takes the route that has been due longest, for as long as the lease lasts. None if there is none, or another process
/// was faster.
pub(super) async fn claim(
    tx: &mut Tx,
    lease: &[u8; 16],
    now: Millis,
    until: Millis,
) -> ApiResult<Option<Route>> {
    let taken = tx
        .fetch_optional(
            "UPDATE outgoing_routes SET lease_id = $1, lease_until = $2, attempts = attempts + 1 \
             WHERE id = (SELECT id FROM outgoing_routes WHERE next_at <= $3 AND lease_until <= $3 \
             ORDER BY next_at LIMIT 1) AND lease_until <= $3 RETURNING id, outgoing_id, envelope, attempts",
            values![lease, until, now],
        )
        .await?;
    let Some(taken) = taken else { return Ok(None) };
    let outgoing: [u8; 16] = taken.id(1)?;
    let whole = tx
        .fetch_one(
            "SELECT account_id, message, created_at, expires_at FROM outgoing WHERE id = $1",
            values![&outgoing],
        )
        .await?;
    Ok(Some(Route {
        id: taken.id(0)?,
        outgoing,
        account: whole.id(0)?,
        envelope: taken.bytes(2)?,
        message: whole.bytes(1)?,
        attempts: taken.uint(3)?,
        created_at: whole.int(2)?,
        expires_at: whole.int(3)?,
    }))
}

/// Keeps a route for longer; `false` if another process has it.
pub(super) async fn renew(tx: &mut Tx, id: &[u8; 16], lease: &[u8; 16], until: Millis) -> ApiResult<bool> {
    let done = tx
        .execute(
            "UPDATE outgoing_routes SET lease_until = $3 WHERE id = $1 AND lease_id = $2",
            values![id, lease, until],
        )
        .await?;
    Ok(done == 1)
}

/// Writes what became of a route so far, which stays taken; `false` if another process has it.
pub(super) async fn note(tx: &mut Tx, id: &[u8; 16], lease: &[u8; 16], envelope: &[u8]) -> ApiResult<bool> {
    let done = tx
        .execute(
            "UPDATE outgoing_routes SET envelope = $3 WHERE id = $1 AND lease_id = $2",
            values![id, lease, envelope],
        )
        .await?;
    Ok(done == 1)
}

/// Gives a route back, to be tried later.
pub(super) async fn put_back(
    tx: &mut Tx,
    id: &[u8; 16],
    lease: &[u8; 16],
    envelope: &[u8],
    next_at: Millis,
) -> ApiResult<()> {
    tx.execute(
        "UPDATE outgoing_routes SET envelope = $3, next_at = $4, lease_id = $5, lease_until = 0 \
         WHERE id = $1 AND lease_id = $2",
        values![id, lease, envelope, next_at, None::<&[u8]>],
    )
    .await?;
    Ok(())
}

/// Deletes a route, and the message with its last one.
pub(super) async fn finish(
    tx: &mut Tx,
    outgoing: &[u8; 16],
    id: &[u8; 16],
    lease: &[u8; 16],
) -> ApiResult<()> {
    // The message's row first: two last routes that end at once must see each other.
    tx.execute("UPDATE outgoing SET expires_at = expires_at WHERE id = $1", values![outgoing]).await?;
    tx.execute("DELETE FROM outgoing_routes WHERE id = $1 AND lease_id = $2", values![id, lease]).await?;
    tx.execute(
        "DELETE FROM outgoing WHERE id = $1 \
         AND NOT EXISTS (SELECT 1 FROM outgoing_routes WHERE outgoing_id = $1)",
        values![outgoing],
    )
    .await?;
    Ok(())
}

/// Ends every lease: right after the start of the only process on a database.
pub(super) async fn end_leases(tx: &mut Tx) -> ApiResult<()> {
    tx.execute(
        "UPDATE outgoing_routes SET lease_id = $1, lease_until = 0 WHERE lease_until > 0",
        values![None::<&[u8]>],
    )
    .await?;
    Ok(())
}

/// Deletes what was to be gone long before: rows that cannot be read, and of whose end nobody could be told.
pub(super) async fn purge(tx: &mut Tx, before: Millis) -> ApiResult<u64> {
    tx.execute("DELETE FROM outgoing WHERE expires_at < $1", values![before]).await
}
