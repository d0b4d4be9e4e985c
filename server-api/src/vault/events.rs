//! Change notices to open browsers.
//!
//! A notice says only "the account's feed is now at place N". Within a process it goes through a `watch`
//! channel per account, which keeps the newest place and so never overflows; between processes on one
//! PostgreSQL it goes by `LISTEN`/`NOTIFY`. A lost notice costs nothing but time: the next one, or the
//! first of a new stream, carries the newest place again.

use super::db::Db;
use crate::errors::{ApiError, ApiResult};
use crate::values;
use sqlx::postgres::PgListener;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::ids::AccountId;

const CHANNEL: &str = "hedgerow_changes";

type Streams = Mutex<HashMap<AccountId, watch::Sender<u64>>>;

/// Who waits for changes of which account. Cheap to clone.
#[derive(Clone)]
pub struct Notices {
    db: Db,
    streams: Arc<Streams>,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notices(…)")
    }
}

impl Notices {
    /// Notices over this database; on PostgreSQL a task listens until `stopping`.
    pub fn new(db: Db, stopping: CancellationToken) -> Self {
        let notices = Self { db, streams: Arc::default() };
        if let Db::Postgres(pool) = &notices.db {
            let (pool, notices) = (pool.clone(), notices.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = notices.listen(pool) => {}
                    () = stopping.cancelled() => {}
                }
            });
        }
        notices
    }

    /// Tells every open browser of the account, on every process, that its feed is at `seq`. Call it
    /// after the transaction is committed. Never waits.
    pub fn publish(&self, account: &AccountId, seq: u64) {
        self.tell(account, seq);
        if let Db::Postgres(pool) = &self.db {
            let (pool, payload) = (pool.clone(), format!("{account}:{seq}"));
            tokio::spawn(async move {
                let told = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(&pool);
                if told.await.is_err() {
                    tracing::warn!("a change notice did not reach the other processes");
                }
            });
        }
    }

    /// Waits for changes of an account. Read the feed's newest place after this, not before.
    ///
    /// # Errors
    /// `too_many` if the account has `most` streams open already.
    pub fn subscribe(&self, account: &AccountId, most: u32) -> ApiResult<watch::Receiver<u64>> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|_, sender| sender.receiver_count() > 0);
        let sender = streams.entry(*account).or_insert_with(|| watch::channel(0).0);
        if sender.receiver_count() >= most as usize {
            return Err(ApiError::too_many(20));
        }
        Ok(sender.subscribe())
    }

    fn tell(&self, account: &AccountId, seq: u64) {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = streams.get(account) {
            sender.send_if_modified(|newest| {
                let newer = seq > *newest;
                *newest = seq.max(*newest);
                newer
            });
        }
    }

    async fn listen(&self, pool: sqlx::PgPool) {
        loop {
            if let Ok(mut listener) = PgListener::connect_with(&pool).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                self.catch_up().await;
                // `None`: the connection broke and notices may be lost; begin anew.
                while let Ok(Some(notification)) = listener.try_recv().await {
                    if let Some((account, seq)) = notification.payload().split_once(':')
                        && let (Ok(account), Ok(seq)) = (account.parse(), seq.parse())
                    {
                        self.tell(&account, seq);
                    }
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Reads the newest place of every account somebody waits for.
    async fn catch_up(&self) {
        let waiting: Vec<AccountId> =
            self.streams.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        for account in waiting {
            let Ok(mut tx) = self.db.read().await else { return };
            let row =
                tx.fetch_optional("SELECT feed_seq FROM accounts WHERE id = $1", values![&account]).await;
            if let Ok(Some(row)) = row
                && let Ok(seq) = row.uint(0)
            {
                self.tell(&account, seq);
            }
        }
    }
}
