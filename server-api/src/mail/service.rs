//! The only door of the mail room, with [`submit`](super::submission::submit) for what clients send and
//! [`deliver`](super::arrivals::deliver) for what comes from outside beside it.

pub use super::arrivals::{Arrived, deliver, forget_arrivals};
use super::cursor::Place;
use super::store;
pub use super::submission::submit;
use crate::app::{App, now};
use crate::auth::Session;
use crate::errors::{ApiError, ApiResult};
use crate::vault::db::Tx;
use crate::vault::{blobs, feed, quota, sealed_shape};
use std::collections::BTreeSet;
use wire::error::ErrorCode;
use wire::ids::{AccountId, BlobId, FolderId, MessageId};
use wire::mail::{
    Action, ActionRequest, ActionResponse, Arrival, DraftPut, Flag, FolderRole, FolderView, MessageView,
};
use wire::page::Page;
use wire::sealed::{Digest, SealedMessage};
use wire::vault::Change;

/// The most entries of a page, and the page when the client names none.
const PAGE: usize = 1000;
/// The most messages of one action.
const ACTION: usize = 1000;
/// The largest summary, in bytes.
const MAX_SUMMARY: usize = 16 * 1024;

/// Makes the folders of a new account.
///
/// # Errors
/// From the database.
pub async fn make_folders(tx: &mut Tx, account: &AccountId) -> ApiResult<()> {
    store::insert_folders(tx, account).await
}

/// The account's folders with their counts.
///
/// # Errors
/// From the database.
pub async fn folders(app: &App, session: &Session) -> ApiResult<Vec<FolderView>> {
    store::folders(&mut app.db.read().await?, &session.account).await
}

/// A page of a folder, newest first.
///
/// # Errors
/// `not_found` unless it is the account's folder; `malformed` for a bad cursor or limit.
pub async fn list(
    app: &App,
    session: &Session,
    folder: &FolderId,
    before: Option<&str>,
    limit: Option<usize>,
) -> ApiResult<Page<MessageView>> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(ApiError::malformed("limit lies between 1 and 1000"));
    }
    let before = match before {
        None => Place::TOP,
        Some(cursor) => Place::parse(cursor)
            .ok_or_else(|| ApiError::malformed("before is not a cursor of this server"))?,
    };
    let mut tx = app.db.read().await?;
    if !store::owns_folder(&mut tx, &session.account, folder).await? {
        return Err(ApiError::not_found());
    }
    // One more than shown tells whether another page follows.
    let ask = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut items = store::page(&mut tx, &session.account, folder, before, ask).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|last| Place { received_at: last.received_at, id: last.id }.cursor());
    Ok(Page { items, next })
}

/// One message.
///
/// # Errors
/// `not_found` unless it is the account's.
pub async fn message(app: &App, session: &Session, id: &MessageId) -> ApiResult<MessageView> {
    let mut tx = app.db.read().await?;
    store::message(&mut tx, &session.account, id).await?.ok_or_else(ApiError::not_found)
}

/// Whether a summary may be stored.
pub(super) fn judge_summary(summary: &SealedMessage) -> ApiResult<()> {
    if summary.as_bytes().len() > MAX_SUMMARY {
        return Err(ApiError::new(ErrorCode::TooLarge, "a summary has at most 16 KiB"));
    }
    sealed_shape::check_message(summary.as_bytes())
}

/// Whether the account holds just these bytes under this id.
pub(super) async fn judge_blob(
    tx: &mut Tx,
    account: &AccountId,
    blob: &BlobId,
    digest: &Digest,
) -> ApiResult<()> {
    if blobs::stat(tx, account, blob).await?.sha256 == digest.as_bytes() {
        Ok(())
    } else {
        Err(ApiError::malformed("the blob does not have the digest named; upload it again"))
    }
}

/// Locks the account's row until commit. Where several accounts are needed: in ascending order of id.
pub(super) async fn lock(tx: &mut Tx, account: &AccountId) -> ApiResult<()> {
    // The row that counts bytes and feed places guards the account's messages too.
    quota::refund(tx, account, 0).await
}

/// A message about to enter a mailbox.
pub(super) struct Entry<'a> {
    pub(super) id: MessageId,
    pub(super) role: FolderRole,
    pub(super) blob: BlobId,
    pub(super) received_at: wire::Millis,
    pub(super) flags: &'a [Flag],
    pub(super) arrival: Arrival,
    pub(super) summary: &'a SealedMessage,
}

/// Puts a message into a mailbox: blob use, quota, UID, feed, row.
pub(super) async fn enter(tx: &mut Tx, account: &AccountId, entry: Entry<'_>) -> ApiResult<MessageView> {
    let size = blobs::reference(tx, account, &entry.blob).await?;
    quota::charge(tx, account, entry.summary.as_bytes().len() as u64).await?;
    let folder = store::folder_of(tx, account, entry.role).await?;
    let uid = store::take_uids(tx, account, &folder, 1).await?;
    let seq = feed::append(tx, account, &Change::Message { id: entry.id, folder }).await?;
    let message = MessageView {
        id: entry.id,
        folder,
        uid,
        blob: entry.blob,
        size,
        received_at: entry.received_at,
        flags: entry.flags.to_vec(),
        seq,
        arrival: entry.arrival,
        summary: entry.summary.clone(),
    };
    store::insert(tx, account, &message).await?;
    Ok(message)
}

/// Takes a message out of a mailbox for good.
pub(super) async fn remove(tx: &mut Tx, account: &AccountId, message: &MessageView) -> ApiResult<u64> {
    store::delete(tx, account, &message.id).await?;
    blobs::release(tx, account, &message.blob).await?;
    quota::refund(tx, account, message.summary.as_bytes().len() as u64).await?;
    feed::append(tx, account, &Change::MessageGone { id: message.id }).await
}

/// Saves a draft in place of its earlier version. The same request again changes nothing.
///
/// # Errors
/// `not_found` without the blob; `not_sealed`, `too_large`, `quota_exceeded`; `stale` if the message has
/// left Drafts.
pub async fn put_draft(
    app: &App,
    session: &Session,
    id: &MessageId,
    draft: DraftPut,
) -> ApiResult<MessageView> {
    judge_summary(&draft.summary)?;
    let (account, draft) = (&session.account, &draft);
    let message = app
        .db
        .write(|mut tx| async move {
            lock(&mut tx, account).await?;
            judge_blob(&mut tx, account, &draft.blob, &draft.blob_digest).await?;
            let message = match store::message(&mut tx, account, id).await? {
                Some(old) => replace_draft(&mut tx, account, old, draft).await?,
                None => {
                    let entry = Entry {
                        id: *id,
                        role: FolderRole::Drafts,
                        blob: draft.blob,
                        received_at: now(),
                        flags: &[Flag::Seen],
                        arrival: Arrival::Sealed,
                        summary: &draft.summary,
                    };
                    enter(&mut tx, account, entry).await?
                }
            };
            Ok((tx, message))
        })
        .await?;
    app.notices.publish(account, message.seq);
    Ok(message)
}

async fn replace_draft(
    tx: &mut Tx,
    account: &AccountId,
    old: MessageView,
    draft: &DraftPut,
) -> ApiResult<MessageView> {
    if old.folder != store::folder_of(tx, account, FolderRole::Drafts).await? {
        return Err(ApiError::new(ErrorCode::Stale, "this message is no draft any more"));
    }
    if old.blob == draft.blob && old.summary == draft.summary {
        return Ok(old);
    }
    // First the new use, then the end of the old one: the blob may be the same.
    let size = blobs::reference(tx, account, &draft.blob).await?;
    blobs::release(tx, account, &old.blob).await?;
    let lengths = (old.summary.as_bytes().len() as u64, draft.summary.as_bytes().len() as u64);
    quota::resize(tx, account, lengths.0, lengths.1).await?;
    let seq = feed::append(tx, account, &Change::Message { id: old.id, folder: old.folder }).await?;
    let message = MessageView {
        // New content under an old UID would mislead an IMAP client (RFC 9051 section 2.3.1.1).
        uid: store::take_uids(tx, account, &old.folder, 1).await?,
        blob: draft.blob,
        size,
        received_at: now(),
        seq,
        summary: draft.summary.clone(),
        ..old
    };
    store::update(tx, account, &message).await?;
    Ok(message)
}

/// Moves, flags or destroys messages. Unknown ids are passed over; what is so already stays untouched.
///
/// # Errors
/// `malformed` for more than 1,000 ids; `not_found` unless the folder is the account's.
pub async fn act(app: &App, session: &Session, request: ActionRequest) -> ApiResult<ActionResponse> {
    if request.messages.len() > ACTION {
        return Err(ApiError::malformed("at most 1000 messages at a time"));
    }
    let ids: BTreeSet<MessageId> = request.messages.iter().copied().collect();
    let (account, ids, action) = (&session.account, &ids, &request.action);
    let (messages, seq) = app
        .db
        .write(|mut tx| async move {
            lock(&mut tx, account).await?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(store::message(&mut tx, account, id).await?);
            }
            // In the order they were received, so that UIDs keep it.
            found.sort_by_key(|message| (message.received_at, message.id));
            let done = match action {
                Action::Move { folder } => move_all(&mut tx, account, found, folder).await?,
                Action::Flag { add, remove } => flag_all(&mut tx, account, found, add, remove).await?,
                Action::Destroy => destroy_all(&mut tx, account, found).await?,
            };
            Ok((tx, done))
        })
        .await?;
    if let Some(seq) = seq {
        app.notices.publish(account, seq);
    }
    Ok(ActionResponse { messages })
}

/// The messages as they are now, and the newest place in the feed if anything changed.
type Done = (Vec<MessageView>, Option<u64>);

async fn move_all(
    tx: &mut Tx,
    account: &AccountId,
    mut messages: Vec<MessageView>,
    folder: &FolderId,
) -> ApiResult<Done> {
    let moving = messages.iter().filter(|message| message.folder != *folder).count();
    let mut uid = store::take_uids(tx, account, folder, moving).await?;
    let mut newest = None;
    for message in messages.iter_mut().filter(|message| message.folder != *folder) {
        message.folder = *folder;
        message.uid = uid;
        uid = uid.saturating_add(1);
        message.seq = feed::append(tx, account, &Change::Message { id: message.id, folder: *folder }).await?;
        store::update(tx, account, message).await?;
        newest = Some(message.seq);
    }
    Ok((messages, newest))
}

async fn flag_all(
    tx: &mut Tx,
    account: &AccountId,
    mut messages: Vec<MessageView>,
    add: &[Flag],
    remove: &[Flag],
) -> ApiResult<Done> {
    let mut newest = None;
    for message in &mut messages {
        if set_flags(tx, account, message, add, remove).await? {
            newest = Some(message.seq);
        }
    }
    Ok((messages, newest))
}

/// Sets and clears flags of one message; whether that changed it.
pub(super) async fn set_flags(
    tx: &mut Tx,
    account: &AccountId,
    message: &mut MessageView,
    add: &[Flag],
    remove: &[Flag],
) -> ApiResult<bool> {
    let before = store::bits(&message.flags);
    let after = (before | store::bits(add)) & !store::bits(remove);
    if before == after {
        return Ok(false);
    }
    message.flags = Flag::from_bits(after);
    let change = Change::Message { id: message.id, folder: message.folder };
    message.seq = feed::append(tx, account, &change).await?;
    store::update(tx, account, message).await?;
    Ok(true)
}

async fn destroy_all(tx: &mut Tx, account: &AccountId, messages: Vec<MessageView>) -> ApiResult<Done> {
    let mut newest = None;
    for message in &messages {
        newest = Some(remove(tx, account, message).await?);
    }
    Ok((Vec::new(), newest))
}
