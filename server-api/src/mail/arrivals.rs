//! What comes from outside, sealed by the server: into every mailbox or into none, once.

use super::service::{self, Entry};
use super::store;
use crate::app::{App, now, random};
use crate::edges::sealing::SealedOnArrival;
use crate::errors::{ApiError, ApiResult};
use crate::vault::blobs::{self, Kept};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;
use wire::Millis;
use wire::ids::{AccountId, BlobId, MessageId};
use wire::mail::{Arrival, FolderRole};

/// How long a repeated message is known. Senders give up after five days (RFC 5321 section 4.5.4.1).
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A message from outside, sealed for one mailbox.
#[derive(Debug)]
pub struct Arrived {
    /// Whose.
    pub account: AccountId,
    /// The sealed message and its summary.
    pub sealed: SealedOnArrival,
    /// Where it goes.
    pub folder: FolderRole,
    /// What tells it when it comes again; nothing if it is not to be told.
    pub once: Option<[u8; 32]>,
}

/// Stores messages in their mailboxes, or none of them. Once this returns they are durable. A mailbox that has
/// the message already is passed over: the sender did not hear our answer.
///
/// # Errors
/// `quota_exceeded`, `storage_full`, `too_large`, `unavailable`.
pub async fn deliver(app: &App, arrived: Vec<Arrived>, time: Millis) -> ApiResult<()> {
    let mut ready: BTreeMap<AccountId, Ready> = BTreeMap::new();
    for one in arrived {
        service::judge_summary(&one.sealed.summary)?;
        let body = futures::stream::iter([Ok::<_, Infallible>(Bytes::from(one.sealed.blob))]);
        let kept = match app.blobs.keep(body, u64::MAX).await {
            Ok(kept) => kept,
            Err(error) => {
                discard(app, ready.values()).await;
                return Err(error);
            }
        };
        ready.insert(
            one.account,
            Ready {
                kept,
                blob: BlobId(random()),
                summary: one.sealed.summary,
                folder: one.folder,
                once: one.once,
            },
        );
    }
    let ready = &ready;
    let stored = app
        .db
        .write(|mut tx| async move {
            let mut notices = BTreeMap::new();
            // In ascending order of id, as everywhere.
            for (account, one) in ready {
                service::lock(&mut tx, account).await?;
                if let Some(fingerprint) = &one.once
                    && !store::begin_arrival(&mut tx, account, fingerprint, time).await?
                {
                    continue;
                }
                blobs::claim(&mut tx, account, &one.blob, &one.kept).await?;
                let entry = Entry {
                    id: MessageId(random()),
                    role: one.folder,
                    blob: one.blob,
                    received_at: time,
                    flags: &[],
                    arrival: Arrival::SealedOnArrival,
                    summary: &one.summary,
                };
                let message = service::enter(&mut tx, account, entry).await?;
                notices.insert(*account, message.seq);
            }
            Ok((tx, notices))
        })
        .await;
    let notices = match stored {
        Ok(notices) => notices,
        Err(error) => {
            discard(app, ready.values()).await;
            return Err(error);
        }
    };
    discard(app, ready.iter().filter(|(account, _)| !notices.contains_key(account)).map(|(_, one)| one))
        .await;
    for (account, seq) in notices {
        app.notices.publish(&account, seq);
    }
    Ok(())
}

/// A sealed message whose bytes are in the blob store.
struct Ready {
    kept: Kept,
    blob: BlobId,
    summary: wire::sealed::SealedMessage,
    folder: FolderRole,
    once: Option<[u8; 32]>,
}

/// Takes back bytes that no row names. What cannot be taken back now is swept later.
async fn discard(app: &App, ready: impl Iterator<Item = &Ready>) {
    for one in ready {
        let _: Result<(), ApiError> = app.blobs.discard(&one.kept.place).await;
    }
}

/// Forgets, once an hour, the arrivals that are too old to come again.
pub async fn forget_arrivals(app: App) {
    let age = i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX);
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
            () = app.stopping.cancelled() => return,
        }
        let done = app
            .db
            .write(|mut tx| async move {
                let gone = store::forget_arrivals(&mut tx, now().saturating_sub(age)).await?;
                Ok((tx, gone))
            })
            .await;
        if let Err(error) = done {
            tracing::warn!(%error, "old arrivals were not forgotten; the next hour tries again");
        }
    }
}
