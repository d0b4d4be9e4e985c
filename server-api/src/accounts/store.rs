//! The SQL of the accounts room. Private to it.

use super::aliases::Mailbox;
use crate::app::now;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use crate::vault::db::{Row, Tx};
use crate::vault::digests::{check, digest};
use wire::Millis;
use wire::accounts::{AccountView, ObjectKind, SealedObject, SessionView};
use wire::error::ErrorCode;
use wire::ids::{AccountId, ObjectId, SessionId};
use wire::plaintext::Address;
use wire::sealed::{Certificate, SealedEnvelope};

/// A new account.
pub(super) struct NewAccount<'a> {
    pub(super) id: &'a AccountId,
    pub(super) address: &'a Address,
    pub(super) record: &'a [u8],
    pub(super) recovery_key: &'a [u8],
    pub(super) certificate: &'a [u8],
    pub(super) quota_bytes: u64,
}

/// The columns that have a digest beside them.
const RECORD: &str = "accounts.opaque_record";
const RECOVERY_KEY: &str = "accounts.recovery_key";
const CERTIFICATE: &str = "accounts.certificate";

/// What a login needs of an account.
pub(super) struct Credentials {
    pub(super) account: AccountId,
    pub(super) record: Vec<u8>,
}

fn signed(number: u64) -> ApiResult<i64> {
    i64::try_from(number).map_err(|_| ApiError::malformed("a number is out of range"))
}

/// Writes the account's row; `address_taken` if the address, or the ticket's account, is there already.
pub(super) async fn insert(tx: &mut Tx, account: NewAccount<'_>) -> ApiResult<()> {
    let done = tx
        .execute(
            "INSERT INTO accounts (id, address, suite, opaque_record, recovery_key, certificate, epoch, \
             used_bytes, quota_bytes, feed_seq, created_at, opaque_record_sha256, recovery_key_sha256, \
             certificate_sha256) \
             VALUES ($1, $2, $3, $4, $5, $6, 1, 0, $7, 0, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            values![
                account.id,
                account.address.as_str(),
                i64::from(super::opaque::SUITE),
                account.record,
                account.recovery_key,
                account.certificate,
                signed(account.quota_bytes)?,
                now(),
                &digest(RECORD, account.id.as_bytes(), account.record),
                &digest(RECOVERY_KEY, account.id.as_bytes(), account.recovery_key),
                &digest(CERTIFICATE, account.id.as_bytes(), account.certificate),
            ],
        )
        .await?;
    if done == 0 { Err(taken()) } else { Ok(()) }
}

/// The address is taken.
pub(super) fn taken() -> ApiError {
    ApiError::new(ErrorCode::AddressTaken, "the address is taken")
}

/// The account of an address, with its OPAQUE record; `damaged` if that does not agree with its digest.
pub(super) async fn credentials(tx: &mut Tx, address: &Address) -> ApiResult<Option<Credentials>> {
    tx.fetch_optional(
        "SELECT id, opaque_record, opaque_record_sha256 FROM accounts WHERE address = $1",
        values![address.as_str()],
    )
    .await?
    .map(|row| {
        let account: AccountId = row.id(0)?;
        let record = whole(&row, &account, RECORD, "a stored login verifier is damaged")?;
        Ok(Credentials { account, record })
    })
    .transpose()
}

/// Column 1 of a row, if column 2 is its digest.
fn whole(row: &Row, account: &AccountId, place: &str, what: &'static str) -> ApiResult<Vec<u8>> {
    let value = row.bytes(1)?;
    check(place, account.as_bytes(), &value, row.opt_bytes(2)?.as_deref(), what)?;
    Ok(value)
}

/// The account of an address.
pub(super) async fn find(tx: &mut Tx, address: &Address) -> ApiResult<Option<AccountId>> {
    tx.fetch_optional("SELECT id FROM accounts WHERE address = $1", values![address.as_str()])
        .await?
        .map(|row| row.id(0))
        .transpose()
}

/// The certificate of an address; `damaged` if it does not agree with its digest.
pub(super) async fn certificate(tx: &mut Tx, address: &Address) -> ApiResult<Option<Certificate>> {
    tx.fetch_optional(
        "SELECT id, certificate, certificate_sha256 FROM accounts WHERE address = $1",
        values![address.as_str()],
    )
    .await?
    .map(|row| whole(&row, &row.id(0)?, CERTIFICATE, "a stored certificate is damaged").map(Certificate))
    .transpose()
}

/// The mailboxes of the accounts with an address, which is one or none.
pub(super) async fn mailboxes_of_account(tx: &mut Tx, address: &str) -> ApiResult<Vec<Mailbox>> {
    let rows = tx
        .fetch_all(
            "SELECT id, certificate, certificate_sha256, \
             CASE WHEN quota_bytes > used_bytes THEN quota_bytes - used_bytes ELSE 0 END \
             FROM accounts WHERE address = $1",
            values![address],
        )
        .await?;
    rows.iter().map(mailbox).collect()
}

/// The mailboxes that an alias leads to.
pub(super) async fn mailboxes_of_alias(tx: &mut Tx, alias: &str) -> ApiResult<Vec<Mailbox>> {
    let rows = tx
        .fetch_all(
            "SELECT a.id, a.certificate, a.certificate_sha256, \
             CASE WHEN a.quota_bytes > a.used_bytes THEN a.quota_bytes - a.used_bytes ELSE 0 END \
             FROM aliases l JOIN accounts a ON a.id = l.account_id WHERE l.address = $1 ORDER BY a.id",
            values![alias],
        )
        .await?;
    rows.iter().map(mailbox).collect()
}

/// `damaged` if its certificate does not agree with its digest.
fn mailbox(row: &Row) -> ApiResult<Mailbox> {
    let account: AccountId = row.id(0)?;
    let certificate = Certificate(whole(row, &account, CERTIFICATE, "a stored certificate is damaged")?);
    Ok(Mailbox { account, certificate, room: row.uint(3)? })
}

/// Every alias with the address of an account it leads to.
pub(super) async fn aliases(tx: &mut Tx) -> ApiResult<Vec<(String, String)>> {
    let rows = tx
        .fetch_all(
            "SELECT l.address, a.address FROM aliases l JOIN accounts a ON a.id = l.account_id \
             ORDER BY l.address, a.address",
            &[],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

/// Makes an alias lead to an account too.
pub(super) async fn insert_alias(tx: &mut Tx, alias: &str, account: &AccountId) -> ApiResult<()> {
    tx.execute(
        "INSERT INTO aliases (address, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        values![alias, account],
    )
    .await?;
    Ok(())
}

/// Removes an alias; how many accounts it led to.
pub(super) async fn delete_alias(tx: &mut Tx, alias: &str) -> ApiResult<u64> {
    tx.execute("DELETE FROM aliases WHERE address = $1", values![alias]).await
}

/// The key that verifies signatures of the recovery phrase; `damaged` if it does not agree with its digest.
pub(super) async fn recovery_key(tx: &mut Tx, account: &AccountId) -> ApiResult<Option<Vec<u8>>> {
    tx.fetch_optional(
        "SELECT id, recovery_key, recovery_key_sha256 FROM accounts WHERE id = $1",
        values![account],
    )
    .await?
    .map(|row| whole(&row, account, RECOVERY_KEY, "a stored recovery key is damaged"))
    .transpose()
}

/// Replaces the OPAQUE record.
pub(super) async fn set_record(tx: &mut Tx, account: &AccountId, record: &[u8]) -> ApiResult<()> {
    tx.execute(
        "UPDATE accounts SET opaque_record = $2, opaque_record_sha256 = $3 WHERE id = $1",
        values![account, record, &digest(RECORD, account.as_bytes(), record)],
    )
    .await?;
    Ok(())
}

/// An account as the world knows it.
pub(super) struct Identity {
    pub(super) id: AccountId,
    pub(super) address: String,
    pub(super) certificate: Vec<u8>,
    pub(super) created_at: Millis,
}

/// Up to 500 accounts, in the order of their ids, from after this one on.
pub(super) async fn identities(tx: &mut Tx, after: &AccountId) -> ApiResult<Vec<Identity>> {
    let rows = tx
        .fetch_all(
            "SELECT id, address, certificate, created_at FROM accounts WHERE id > $1 ORDER BY id LIMIT 500",
            values![after],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Identity {
                id: row.id(0)?,
                address: row.text(1)?,
                certificate: row.bytes(2)?,
                created_at: row.int(3)?,
            })
        })
        .collect()
}

/// Replaces the key that recoveries are checked with.
pub(super) async fn set_recovery_key(tx: &mut Tx, account: &AccountId, key: &[u8]) -> ApiResult<()> {
    tx.execute(
        "UPDATE accounts SET recovery_key = $2, recovery_key_sha256 = $3 WHERE id = $1",
        values![account, key, &digest(RECOVERY_KEY, account.as_bytes(), key)],
    )
    .await?;
    Ok(())
}

/// Writes the digests of accounts that have none, at most 500 at a time; how many there were.
pub(super) async fn add_digests(tx: &mut Tx) -> ApiResult<usize> {
    let rows = tx
        .fetch_all(
            "SELECT id, opaque_record, recovery_key, certificate FROM accounts \
             WHERE opaque_record_sha256 IS NULL OR recovery_key_sha256 IS NULL OR certificate_sha256 IS NULL \
             ORDER BY id LIMIT 500",
            &[],
        )
        .await?;
    for row in &rows {
        let id: AccountId = row.id(0)?;
        let of = |place, column| Ok::<_, ApiError>(digest(place, id.as_bytes(), &row.bytes(column)?));
        tx.execute(
            "UPDATE accounts SET opaque_record_sha256 = COALESCE(opaque_record_sha256, $2), \
             recovery_key_sha256 = COALESCE(recovery_key_sha256, $3), \
             certificate_sha256 = COALESCE(certificate_sha256, $4) WHERE id = $1",
            values![&id, &of(RECORD, 1)?, &of(RECOVERY_KEY, 2)?, &of(CERTIFICATE, 3)?],
        )
        .await?;
    }
    Ok(rows.len())
}

/// Moves the epoch one on and locks the account until commit; `stale` if it is not `expected` now.
pub(super) async fn advance_epoch(tx: &mut Tx, account: &AccountId, expected: u64) -> ApiResult<u64> {
    tx.fetch_optional(
        "UPDATE accounts SET epoch = epoch + 1 WHERE id = $1 AND epoch = $2 RETURNING epoch",
        values![account, signed(expected)?],
    )
    .await?
    .ok_or_else(ApiError::stale)?
    .uint(0)
}

/// The epoch, if the newest state is byte for byte the one among `objects`. No two states are: each
/// envelope has a salt of its own.
pub(super) async fn has_state(
    tx: &mut Tx,
    account: &AccountId,
    objects: &[SealedObject],
) -> ApiResult<Option<u64>> {
    let kind = ObjectKind::State;
    let Some(state) = objects.iter().find(|object| object.kind == kind) else { return Ok(None) };
    tx.fetch_optional(
        "SELECT version FROM account_objects WHERE account_id = $1 AND kind = $2 AND envelope = $3",
        values![account, i64::from(kind.octet()), state.envelope.as_bytes()],
    )
    .await?
    .map(|row| row.uint(0))
    .transpose()
}

/// Writes one object and returns by how many bytes the account grew and shrank. The version must be the
/// next one: another is `stale`, since the epoch said that the client knew the object.
pub(super) async fn put_object(
    tx: &mut Tx,
    account: &AccountId,
    object: &SealedObject,
) -> ApiResult<(u64, u64)> {
    let kind = i64::from(object.kind.octet());
    let before = tx
        .fetch_optional(
            "SELECT version, CAST(LENGTH(envelope) AS BIGINT) FROM account_objects \
             WHERE account_id = $1 AND kind = $2 AND object_id = $3",
            values![account, kind, &object.object_id],
        )
        .await?;
    let (version, size) = match before {
        Some(row) => (row.uint(0)?, row.uint(1)?),
        None => (0, 0),
    };
    if object.version.checked_sub(1) != Some(version) {
        return Err(ApiError::stale());
    }
    tx.execute(
        "INSERT INTO account_objects (account_id, kind, object_id, version, envelope) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, kind, object_id) \
         DO UPDATE SET version = excluded.version, envelope = excluded.envelope",
        values![account, kind, &object.object_id, signed(object.version)?, object.envelope.as_bytes(),],
    )
    .await?;
    Ok((size, object.envelope.as_bytes().len() as u64))
}

/// The address of an account.
pub(super) async fn address(tx: &mut Tx, account: &AccountId) -> ApiResult<Address> {
    tx.fetch_one("SELECT address FROM accounts WHERE id = $1", values![account])
        .await?
        .text(0)?
        .parse()
        .map_err(|_| ApiError::damaged("a stored address is none"))
}

/// The account as its owner sees it.
pub(super) async fn view(tx: &mut Tx, account: &AccountId) -> ApiResult<AccountView> {
    let row = tx
        .fetch_one(
            "SELECT address, certificate, certificate_sha256, used_bytes, quota_bytes FROM accounts \
             WHERE id = $1",
            values![account],
        )
        .await?;
    let address = row.text(0)?.parse().map_err(|_| ApiError::damaged("a stored address does not parse"))?;
    let objects = tx
        .fetch_all(
            "SELECT kind, object_id, version, envelope FROM account_objects \
             WHERE account_id = $1 ORDER BY kind, object_id",
            values![account],
        )
        .await?;
    Ok(AccountView {
        account_id: *account,
        address,
        certificate: Certificate(whole(&row, account, CERTIFICATE, "a stored certificate is damaged")?),
        objects: objects.iter().map(object).collect::<ApiResult<_>>()?,
        used_bytes: row.uint(3)?,
        quota_bytes: row.uint(4)?,
    })
}

fn object(row: &Row) -> ApiResult<SealedObject> {
    let kind = u8::try_from(row.int(0)?)
        .ok()
        .and_then(ObjectKind::from_octet)
        .ok_or_else(|| ApiError::damaged("a stored object has an unknown kind"))?;
    Ok(SealedObject {
        kind,
        object_id: row.id::<ObjectId>(1)?,
        version: row.uint(2)?,
        envelope: SealedEnvelope(row.bytes(3)?),
    })
}

/// Whether an invitation may still be used.
pub(super) async fn invitation_is_good(tx: &mut Tx, code_hash: &[u8; 32]) -> ApiResult<bool> {
    let row = tx
        .fetch_optional(
            "SELECT 1 FROM invitations WHERE code_hash = $1 AND used_at IS NULL",
            values![code_hash],
        )
        .await?;
    Ok(row.is_some())
}

/// Uses an invitation up; whether it was there to be used.
pub(super) async fn use_invitation(tx: &mut Tx, code_hash: &[u8; 32]) -> ApiResult<bool> {
    let done = tx
        .execute(
            "UPDATE invitations SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL",
            values![code_hash, now()],
        )
        .await?;
    Ok(done == 1)
}

/// The account's sessions that began after `since`, the newest first.
pub(super) async fn sessions(
    tx: &mut Tx,
    account: &AccountId,
    current: &SessionId,
    since: Millis,
) -> ApiResult<Vec<SessionView>> {
    let rows = tx
        .fetch_all(
            "SELECT id, created_at, seen_at, label FROM sessions \
             WHERE account_id = $1 AND created_at > $2 ORDER BY created_at DESC, id",
            values![account, since],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let id: SessionId = row.id(0)?;
            Ok(SessionView {
                id,
                created_at: row.int(1)?,
                seen_at: row.int(2)?,
                current: id == *current,
                label: row.opt_bytes(3)?.map(SealedEnvelope),
            })
        })
        .collect()
}

/// Names a session.
pub(super) async fn label_session(
    tx: &mut Tx,
    account: &AccountId,
    session: &SessionId,
    label: &[u8],
) -> ApiResult<()> {
    tx.execute(
        "UPDATE sessions SET label = $3 WHERE account_id = $1 AND id = $2",
        values![account, session, label],
    )
    .await?;
    Ok(())
}

/// Ends one session; whether it was this account's.
pub(super) async fn end_session(tx: &mut Tx, account: &AccountId, session: &SessionId) -> ApiResult<bool> {
    let done = tx
        .execute("DELETE FROM sessions WHERE account_id = $1 AND id = $2", values![account, session])
        .await?;
    Ok(done == 1)
}

/// Ends every session of the account except `keep`.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    account: &AccountId,
    keep: Option<&SessionId>,
) -> ApiResult<()> {
    // No session has the id zero.
    let none = SessionId::default();
    tx.execute(
        "DELETE FROM sessions WHERE account_id = $1 AND id <> $2",
        values![account, keep.unwrap_or(&none)],
    )
    .await?;
    Ok(())
}
