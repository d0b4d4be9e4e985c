//! Sending: every recipient and the sender's own copy in one transaction, once per submission id.

use super::outgoing::Prepared;
use super::service::{self, Entry};
use super::store;
use crate::app::{App, now, random};
use crate::auth::Session;
use crate::errors::{ApiError, ApiResult};
use crate::vault::db::Tx;
use crate::{accounts, keys};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use wire::Millis;
use wire::error::ErrorCode;
use wire::ids::{AccountId, MessageId};
use wire::mail::{Arrival, Delivery, Flag, FolderRole, MessageView, SubmitRequest, SubmitResponse};

/// The most recipients of one sending.
const RECIPIENTS: usize = 1000;

/// Delivers a sealed message to every recipient, or to none, and queues it for those outside. Once this returns it is
/// durable in every mailbox and in the queue. The same submission again repeats the reply and sends nothing.
///
/// # Errors
/// `no_such_recipient` and `quota_exceeded` naming the address; `not_found` without the blob;
/// `not_sealed`, `too_large`, `malformed`; `stale` if the id stands for another request; `too_many` outside.
pub async fn submit(app: &App, session: &Session, request: SubmitRequest) -> ApiResult<SubmitResponse> {
    judge(&request)?;
    let digest = &digest(&request)?;
    let outside = match &request.outside {
        None => None,
        Some(outside) => {
            let from = accounts::service::address(&mut app.db.read().await?, &session.account).await?;
            Some(Prepared::make(app, &from, outside).await?)
        }
    };
    let outside = outside.as_ref();
    let (account, request, sent, time) = (&session.account, &request, &MessageId(random()), now());
    let done = app
        .db
        .write(|mut tx| async move {
            let id = &request.submission_id;
            let done = if store::begin_submission(&mut tx, account, id, digest, sent, time).await? {
                if let Some(outside) = outside {
                    outside.enqueue(app, &mut tx, account, time).await?;
                }
                send(&mut tx, account, request, sent, time).await?
            } else {
                (repeat(&mut tx, account, request, digest).await?, BTreeMap::new())
            };
            Ok((tx, done))
        })
        .await;
    if let Err(error) = &done
        && error.code() == ErrorCode::NoSuchRecipient
    {
        // A recipient who is not here is an answer of the directory, and counted like one.
        app.limits.directory(account)?;
    }
    let (sent, notices) = done?;
    for (account, seq) in notices {
        app.notices.publish(&account, seq);
    }
    if outside.is_some() {
        app.queued.notify_one();
    }
    Ok(SubmitResponse { sent })
}

/// What can be judged without the database.
fn judge(request: &SubmitRequest) -> ApiResult<()> {
    let outside = request.outside.as_ref().map_or(0, |outside| outside.recipients.len());
    if !(1..=RECIPIENTS).contains(&request.deliveries.len().saturating_add(outside)) {
        return Err(ApiError::malformed("a message has between 1 and 1000 recipients"));
    }
    if let Some((_, flag)) = request.answers
        && !matches!(flag, Flag::Answered | Flag::Forwarded)
    {
        return Err(ApiError::malformed("sending sets the flag answered or forwarded only"));
    }
    service::judge_summary(&request.own_summary)?;
    request.deliveries.iter().try_for_each(|delivery| service::judge_summary(&delivery.summary))
}

/// Tells a repetition from another request under the same id.
fn digest(request: &SubmitRequest) -> ApiResult<[u8; 32]> {
    let text =
        serde_json::to_vec(request).map_err(|_| ApiError::internal("a request could not be hashed"))?;
    Ok(Sha256::digest(&text).into())
}

/// The reply to a sending that was done before.
async fn repeat(
    tx: &mut Tx,
    account: &AccountId,
    request: &SubmitRequest,
    digest: &[u8; 32],
) -> ApiResult<MessageView> {
    let earlier = store::submission(tx, account, &request.submission_id).await?;
    if earlier.request_digest != digest {
        return Err(ApiError::new(ErrorCode::Stale, "another message was sent under this submission id"));
    }
    if let Some(sent) = store::message(tx, account, &earlier.sent).await? {
        return Ok(sent);
    }
    // The sender destroyed the copy meanwhile; it was sent all the same.
    Ok(MessageView {
        id: earlier.sent,
        folder: store::folder_of(tx, account, FolderRole::Sent).await?,
        uid: 0,
        blob: request.blob,
        size: 0,
        received_at: earlier.created_at,
        flags: vec![Flag::Seen],
        seq: 0,
        arrival: Arrival::Sealed,
        summary: request.own_summary.clone(),
    })
}

/// Names the address with errors about its mailbox.
fn about(error: ApiError, delivery: &Delivery) -> ApiError {
    if error.code() == ErrorCode::QuotaExceeded { error.about(delivery.address.clone()) } else { error }
}

/// The accounts of the recipients, each once.
async fn resolve<'a>(
    tx: &mut Tx,
    deliveries: &'a [Delivery],
) -> ApiResult<BTreeMap<AccountId, &'a Delivery>> {
    let mut recipients = BTreeMap::new();
    for delivery in deliveries {
        let account = accounts::service::resolve(tx, &delivery.address)
            .await?
            .ok_or_else(|| keys::service::no_such_recipient(delivery.address.clone()))?;
        recipients.entry(account).or_insert(delivery);
    }
    Ok(recipients)
}

/// Sends. Returns the sender's copy, and whom to tell of which place in the feed.
async fn send(
    tx: &mut Tx,
    account: &AccountId,
    request: &SubmitRequest,
    sent: &MessageId,
    time: Millis,
) -> ApiResult<(MessageView, BTreeMap<AccountId, u64>)> {
    let recipients = resolve(tx, &request.deliveries).await?;
    let everyone: BTreeSet<&AccountId> = recipients.keys().chain([account]).collect();
    for member in everyone {
        service::lock(tx, member).await?;
    }
    service::judge_blob(tx, account, &request.blob, &request.blob_digest).await?;
    let mut notices = BTreeMap::new();
    for (recipient, delivery) in &recipients {
        let entry = Entry {
            id: MessageId(random()),
            role: FolderRole::Inbox,
            blob: request.blob,
            received_at: time,
            flags: &[],
            arrival: Arrival::Sealed,
            summary: &delivery.summary,
        };
        let message = service::enter(tx, recipient, entry).await.map_err(|error| about(error, delivery))?;
        notices.insert(*recipient, message.seq);
    }
    let entry = Entry {
        id: *sent,
        role: FolderRole::Sent,
        blob: request.blob,
        received_at: time,
        flags: &[Flag::Seen],
        arrival: Arrival::Sealed,
        summary: &request.own_summary,
    };
    let copy = service::enter(tx, account, entry).await?;
    let mut newest = copy.seq;
    if let Some((id, flag)) = request.answers
        && let Some(mut answered) = store::message(tx, account, &id).await?
        && service::set_flags(tx, account, &mut answered, &[flag], &[]).await?
    {
        newest = answered.seq;
    }
    if let Some(id) = request.draft
        && let Some(draft) = store::message(tx, account, &id).await?
        && draft.folder == store::folder_of(tx, account, FolderRole::Drafts).await?
    {
        newest = service::remove(tx, account, &draft).await?;
    }
    notices.insert(*account, newest);
    Ok((copy, notices))
}
