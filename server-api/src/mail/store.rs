//! The SQL of the mail room. Private to it. Every statement names the account.

use super::cursor::Place;
use crate::app::{now, random};
use crate::errors::{ApiError, ApiResult};
use crate::values;
use crate::vault::db::{Row, Tx};
use wire::Millis;
use wire::ids::{AccountId, BlobId, FolderId, MessageId, SubmissionId};
use wire::mail::{Arrival, Flag, FolderRole, FolderView, MessageView};
use wire::sealed::{SealedEnvelope, SealedMessage};

fn arrival_number(arrival: Arrival) -> i64 {
    match arrival {
        Arrival::Sealed => 1,
        Arrival::SealedOnArrival => 2,
    }
}

fn signed(number: u64) -> ApiResult<i64> {
    i64::try_from(number).map_err(|_| ApiError::malformed("a number is out of range"))
}

fn small(row: &Row, column: usize) -> ApiResult<u32> {
    u32::try_from(row.int(column)?).map_err(|_| ApiError::damaged("a stored number is out of range"))
}

/// The bits of a set of flags.
pub(super) fn bits(flags: &[Flag]) -> i64 {
    flags.iter().fold(0, |bits, flag| bits | flag.bit())
}

/// Makes the six folders of a new account.
pub(super) async fn insert_folders(tx: &mut Tx, account: &AccountId) -> ApiResult<()> {
    // Seconds fit 32 bits until 2106 (RFC 9051 section 2.3.1.1 asks for a rising value).
    let validity = (now() / 1000).clamp(1, i64::from(u32::MAX));
    for role in FolderRole::ALL {
        tx.execute(
            "INSERT INTO folders (id, account_id, role, name, uid_validity, uid_next) \
             VALUES ($1, $2, $3, $4, $5, 1)",
            values![&FolderId(random()), account, role.as_str(), None::<&[u8]>, validity],
        )
        .await?;
    }
    Ok(())
}

/// Every folder with its counts, in the order people see them.
pub(super) async fn folders(tx: &mut Tx, account: &AccountId) -> ApiResult<Vec<FolderView>> {
    let rows = tx
        .fetch_all(
            "SELECT f.id, f.role, f.name, f.uid_validity, f.uid_next, \
             (SELECT COUNT(*) FROM messages m WHERE m.folder_id = f.id), \
             (SELECT COUNT(*) FROM messages m WHERE m.folder_id = f.id AND (m.flags & 1) = 0) \
             FROM folders f WHERE f.account_id = $1",
            values![account],
        )
        .await?;
    let mut folders = rows.iter().map(folder).collect::<ApiResult<Vec<_>>>()?;
    let place =
        |folder: &FolderView| FolderRole::ALL.iter().position(|role| Some(*role) == folder.role).unwrap_or(6);
    folders.sort_by_key(|folder| (place(folder), folder.id));
    Ok(folders)
}

fn folder(row: &Row) -> ApiResult<FolderView> {
    let role = match row.opt_text(1)? {
        None => None,
        Some(text) => Some(
            FolderRole::ALL
                .into_iter()
                .find(|role| role.as_str() == text)
                .ok_or_else(|| ApiError::damaged("a stored folder has an unknown role"))?,
        ),
    };
    Ok(FolderView {
        id: row.id(0)?,
        role,
        name: row.opt_bytes(2)?.map(SealedEnvelope),
        total: row.uint(5)?,
        unread: row.uint(6)?,
        uid_validity: small(row, 3)?,
        uid_next: small(row, 4)?,
    })
}

/// The folder of a role; each account has one.
pub(super) async fn folder_of(tx: &mut Tx, account: &AccountId, role: FolderRole) -> ApiResult<FolderId> {
    tx.fetch_optional(
        "SELECT id FROM folders WHERE account_id = $1 AND role = $2",
        values![account, role.as_str()],
    )
    .await?
    .ok_or_else(|| ApiError::damaged("an account lacks a folder"))?
    .id(0)
}

/// Whether the folder is the account's.
pub(super) async fn owns_folder(tx: &mut Tx, account: &AccountId, folder: &FolderId) -> ApiResult<bool> {
    let row = tx
        .fetch_optional("SELECT id FROM folders WHERE account_id = $1 AND id = $2", values![account, folder])
        .await?;
    Ok(row.is_some())
}

/// Takes `count` UIDs of a folder and returns the first; `not_found` unless it is the account's.
pub(super) async fn take_uids(
    tx: &mut Tx,
    account: &AccountId,
    folder: &FolderId,
    count: usize,
) -> ApiResult<u32> {
    let count = i64::try_from(count).map_err(|_| ApiError::malformed("a number is out of range"))?;
    let row = tx
        .fetch_one(
            "UPDATE folders SET uid_next = uid_next + $3 WHERE account_id = $1 AND id = $2 \
             RETURNING uid_next - $3",
            values![account, folder, count],
        )
        .await?;
    small(&row, 0)
}

/// Writes a message's row.
pub(super) async fn insert(tx: &mut Tx, account: &AccountId, message: &MessageView) -> ApiResult<()> {
    tx.execute(
        "INSERT INTO messages (account_id, id, folder_id, uid, blob_id, size, received_at, flags, seq, \
         arrival, summary) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            account,
            &message.id,
            &message.folder,
            message.uid,
            &message.blob,
            signed(message.size)?,
            message.received_at,
            bits(&message.flags),
            signed(message.seq)?,
            arrival_number(message.arrival),
            message.summary.as_bytes(),
        ],
    )
    .await?;
    Ok(())
}

/// Writes what may change of a message: its place, its flags, and for a draft its content.
pub(super) async fn update(tx: &mut Tx, account: &AccountId, message: &MessageView) -> ApiResult<()> {
    tx.execute(
        "UPDATE messages SET folder_id = $3, uid = $4, blob_id = $5, size = $6, received_at = $7, \
         flags = $8, seq = $9, summary = $10 WHERE account_id = $1 AND id = $2",
        values![
            account,
            &message.id,
            &message.folder,
            message.uid,
            &message.blob,
            signed(message.size)?,
            message.received_at,
            bits(&message.flags),
            signed(message.seq)?,
            message.summary.as_bytes(),
        ],
    )
    .await?;
    Ok(())
}

/// Deletes a message's row.
pub(super) async fn delete(tx: &mut Tx, account: &AccountId, id: &MessageId) -> ApiResult<()> {
    tx.execute("DELETE FROM messages WHERE account_id = $1 AND id = $2", values![account, id]).await?;
    Ok(())
}

fn message_of(row: &Row) -> ApiResult<MessageView> {
    Ok(MessageView {
        id: row.id(0)?,
        folder: row.id(1)?,
        uid: small(row, 2)?,
        blob: row.id::<BlobId>(3)?,
        size: row.uint(4)?,
        received_at: row.int(5)?,
        flags: Flag::from_bits(row.int(6)?),
        seq: row.uint(7)?,
        arrival: match row.int(8)? {
            1 => Arrival::Sealed,
            2 => Arrival::SealedOnArrival,
            _ => return Err(ApiError::damaged("a stored message has an unknown arrival")),
        },
        summary: SealedMessage(row.bytes(9)?),
    })
}

/// One message.
pub(super) async fn message(
    tx: &mut Tx,
    account: &AccountId,
    id: &MessageId,
) -> ApiResult<Option<MessageView>> {
    tx.fetch_optional(
        "SELECT id, folder_id, uid, blob_id, size, received_at, flags, seq, arrival, summary \
         FROM messages WHERE account_id = $1 AND id = $2",
        values![account, id],
    )
    .await?
    .as_ref()
    .map(message_of)
    .transpose()
}

/// The messages of a folder before a place, newest first.
pub(super) async fn page(
    tx: &mut Tx,
    account: &AccountId,
    folder: &FolderId,
    before: Place,
    limit: i64,
) -> ApiResult<Vec<MessageView>> {
    let rows = tx
        .fetch_all(
            "SELECT id, folder_id, uid, blob_id, size, received_at, flags, seq, arrival, summary \
             FROM messages WHERE account_id = $1 AND folder_id = $2 AND (received_at, id) < ($3, $4) \
             ORDER BY received_at DESC, id DESC LIMIT $5",
            values![account, folder, before.received_at, &before.id, limit],
        )
        .await?;
    rows.iter().map(message_of).collect()
}

/// What is known of an earlier sending.
pub(super) struct Submission {
    pub(super) request_digest: Vec<u8>,
    pub(super) sent: MessageId,
    pub(super) created_at: Millis,
}

/// Notes a sending; `false` if one of this id is there. On PostgreSQL a second request waits here for
/// the first to commit.
pub(super) async fn begin_submission(
    tx: &mut Tx,
    account: &AccountId,
    id: &SubmissionId,
    digest: &[u8; 32],
    sent: &MessageId,
    time: Millis,
) -> ApiResult<bool> {
    let done = tx
        .execute(
            "INSERT INTO submissions (account_id, submission_id, request_digest, sent_message_id, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            values![account, id, digest, sent, time],
        )
        .await?;
    Ok(done == 1)
}

/// An earlier sending.
pub(super) async fn submission(tx: &mut Tx, account: &AccountId, id: &SubmissionId) -> ApiResult<Submission> {
    let row = tx
        .fetch_one(
            "SELECT request_digest, sent_message_id, created_at FROM submissions \
             WHERE account_id = $1 AND submission_id = $2",
            values![account, id],
        )
        .await?;
    Ok(Submission { request_digest: row.bytes(0)?, sent: row.id(1)?, created_at: row.int(2)? })
}

/// Notes the arrival of a message from outside; `false` if it has arrived before.
pub(super) async fn begin_arrival(
    tx: &mut Tx,
    account: &AccountId,
    fingerprint: &[u8; 32],
    time: Millis,
) -> ApiResult<bool> {
    let done = tx
        .execute(
            "INSERT INTO arrivals (account_id, fingerprint, arrived_at) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
            values![account, fingerprint, time],
        )
        .await?;
    Ok(done == 1)
}

/// Forgets arrivals before a time.
pub(super) async fn forget_arrivals(tx: &mut Tx, before: Millis) -> ApiResult<u64> {
    tx.execute("DELETE FROM arrivals WHERE arrived_at < $1", values![before]).await
}
