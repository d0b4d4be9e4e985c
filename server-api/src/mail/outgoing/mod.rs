//! The queue of plain mail for other servers.
//!
//! ```text
//! submission → Prepared::enqueue (in its transaction) → rows, sealed under the queue key
//! edges::smtp_out → claim → renew … → note → put_back or finish
//! ```
//!
//! At least once: a route that was taken and not given back is tried again when its lease ends. Its row says who has got
//! the mail already. A route that ends takes its row with it, the last one the message too.

mod judge;
mod sealed;
mod store;

#[cfg(test)]
mod tests;

pub use sealed::{Envelope, Failed, Reason, Waiting};

use crate::app::{App, now, random};
use crate::errors::{ApiError, ApiResult};
use crate::vault::db::{Dialect, Tx};
use sealed::{Purpose, QueueKey};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::Millis;
use wire::error::ErrorCode;
use wire::ids::AccountId;
use wire::mail::Outside;
use wire::plaintext::Address;
use zeroize::Zeroizing;

/// The most recipients outside of one message.
const RECIPIENTS: usize = 100;
/// The most recipients of one transaction with another server; every server takes 100 (RFC 5321 section 4.5.3.1.8).
const OF_A_ROUTE: usize = 50;
/// How many of the largest messages an account may have waiting.
const WAITING: u64 = 4;
/// How long after its expiry a message may stay, where its sender could not be told.
pub const REMAINS: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a route is taken for; [`renew`] takes it for longer.
const LEASE: Duration = Duration::from_secs(60);

/// A message sealed for the queue, with its routes.
pub(super) struct Prepared {
    id: [u8; 16],
    message: Vec<u8>,
    routes: Vec<([u8; 16], Vec<u8>)>,
    recipients: usize,
}

impl Prepared {
    /// Judges and seals what a person sends outside.
    ///
    /// # Errors
    /// `no_such_recipient` naming an address that is not outside, or the first if nothing leaves this server;
    /// `malformed`, `too_large`.
    pub(super) async fn make(app: &App, from: &Address, outside: &Outside) -> ApiResult<Self> {
        let first = outside.recipients.first().ok_or_else(|| ApiError::malformed("nobody is outside"))?;
        if !app.config.mail.outgoing.on {
            let words = "this server sends no mail to other servers";
            return Err(ApiError::new(ErrorCode::NoSuchRecipient, words).about(first.clone()));
        }
        if outside.recipients.len() > RECIPIENTS {
            return Err(ApiError::malformed("a message has at most 100 recipients at other servers"));
        }
        let mut domains: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
        for address in &outside.recipients {
            if address.domain() == app.config.accounts.domain {
                return Err(crate::keys::service::no_such_recipient(address.clone()));
            }
            let of_domain = domains.entry(address.domain()).or_default();
            if !of_domain.contains(&address) {
                of_domain.push(address);
            }
        }
        let message = &outside.message.0;
        if message.len() as u64 > app.config.limits.message_bytes {
            return Err(ApiError::new(ErrorCode::TooLarge, "the message is larger than the server takes"));
        }
        judge::message(message, from)?;
        let key = QueueKey::of(app).await?;
        let id = random();
        let mut routes = Vec::new();
        for (domain, addresses) in domains {
            for some in addresses.chunks(OF_A_ROUTE) {
                let envelope = Envelope {
                    from: from.as_str().to_owned(),
                    domain: domain.to_owned(),
                    open: some
                        .iter()
                        .map(|address| Waiting { address: address.as_str().to_owned(), last: None })
                        .collect(),
                    failed: Vec::new(),
                };
                let route = random();
                routes.push((route, seal(&key, &route, &envelope)?));
            }
        }
        Ok(Self {
            id,
            message: key.seal(Purpose::Message, &id, message)?,
            routes,
            recipients: outside.recipients.len(),
        })
    }

    /// Puts it into the queue, due at once.
    ///
    /// # Errors
    /// `too_many` if the account has used up its recipients of this hour, or has too much waiting.
    pub(super) async fn enqueue(
        &self,
        app: &App,
        tx: &mut Tx,
        account: &AccountId,
        time: Millis,
    ) -> ApiResult<()> {
        let waiting = store::waiting_bytes(tx, account).await?;
        if waiting > app.config.limits.message_bytes.saturating_mul(WAITING) {
            return Err(ApiError::too_many(3600));
        }
        app.limits.outgoing(account, self.recipients)?;
        let expiry = millis(Duration::from_secs(app.config.mail.outgoing.expiry_seconds));
        store::insert(tx, account, &self.id, &self.message, (time, time.saturating_add(expiry))).await?;
        for (id, envelope) in &self.routes {
            store::insert_route(tx, &self.id, id, envelope, time).await?;
        }
        Ok(())
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

fn seal(key: &QueueKey, route: &[u8; 16], envelope: &Envelope) -> ApiResult<Vec<u8>> {
    let json = serde_json::to_vec(envelope)
        .map(Zeroizing::new)
        .map_err(|_| ApiError::internal("an envelope could not be written"))?;
    key.seal(Purpose::Envelope, route, &json)
}

/// A route in work, and the message it is for.
pub struct Claimed {
    route: [u8; 16],
    outgoing: [u8; 16],
    lease: [u8; 16],
    key: QueueKey,
    /// Who sends it.
    pub account: AccountId,
    /// To whom, and what became of it.
    pub envelope: Envelope,
    /// The message in clear, in memory only.
    pub message: Zeroizing<Vec<u8>>,
    /// How often it was tried, with this time.
    pub attempts: u64,
    /// When it was sent.
    pub created_at: Millis,
    /// When it is given up.
    pub expires_at: Millis,
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claimed(…)")
    }
}

/// Makes the queue ready at the start. SQLite has one process: whatever is taken was taken by one that is gone.
///
/// # Errors
/// From the database.
pub async fn begin(app: &App) -> ApiResult<()> {
    if app.db.dialect() != Dialect::Sqlite {
        return Ok(());
    }
    app.db
        .write(|mut tx| async move {
            store::end_leases(&mut tx).await?;
            Ok((tx, ()))
        })
        .await
}

/// Takes a route that is due; none if there is none.
///
/// # Errors
/// From the database; `damaged` if it does not open.
pub async fn claim(app: &App) -> ApiResult<Option<Claimed>> {
    let (lease, time) = (random(), now());
    if !store::is_due(&mut app.db.read().await?, time).await? {
        return Ok(None);
    }
    let lease_of = &lease;
    let route = app
        .db
        .write(|mut tx| async move {
            let route = store::claim(&mut tx, lease_of, time, time.saturating_add(millis(LEASE))).await?;
            Ok((tx, route))
        })
        .await?;
    let Some(route) = route else { return Ok(None) };
    let key = QueueKey::of(app).await?;
    let envelope = key.open(Purpose::Envelope, &route.id, &route.envelope)?;
    let envelope = serde_json::from_slice(&envelope)
        .map_err(|_| ApiError::damaged("an envelope in the queue cannot be read"))?;
    let message = key.open(Purpose::Message, &route.outgoing, &route.message)?;
    Ok(Some(Claimed {
        route: route.id,
        outgoing: route.outgoing,
        lease,
        key,
        account: route.account,
        envelope,
        message,
        attempts: route.attempts,
        created_at: route.created_at,
        expires_at: route.expires_at,
    }))
}

/// Deletes what expired long ago all the same.
///
/// # Errors
/// From the database.
pub async fn purge(app: &App) -> ApiResult<u64> {
    let before = now().saturating_sub(millis(REMAINS));
    app.db
        .write(|mut tx| async move {
            let gone = store::purge(&mut tx, before).await?;
            Ok((tx, gone))
        })
        .await
}

/// How often a route in work must be taken for longer.
pub const RENEWAL: Duration = Duration::from_secs(LEASE.as_secs() / 4);

impl Claimed {
    /// Keeps the route for longer.
    ///
    /// # Errors
    /// From the database.
    ///
    /// # Returns
    /// `false` if another process has it meanwhile.
    pub async fn renew(&self, app: &App) -> ApiResult<bool> {
        let until = now().saturating_add(millis(LEASE));
        app.db
            .write(|mut tx| async move {
                let held = store::renew(&mut tx, &self.route, &self.lease, until).await?;
                Ok((tx, held))
            })
            .await
    }

    /// Writes down what became of it so far.
    ///
    /// # Errors
    /// From the database.
    ///
    /// # Returns
    /// `false` if another process has it meanwhile.
    pub async fn note(&self, app: &App) -> ApiResult<bool> {
        let envelope = &seal(&self.key, &self.route, &self.envelope)?;
        app.db
            .write(|mut tx| async move {
                let held = store::note(&mut tx, &self.route, &self.lease, envelope).await?;
                Ok((tx, held))
            })
            .await
    }

    /// Ends it: nobody is left to get it. Message and envelope are wiped with the last route.
    ///
    /// # Errors
    /// From the database.
    pub async fn finish(&self, app: &App) -> ApiResult<()> {
        app.db
            .write(|mut tx| async move {
                store::finish(&mut tx, &self.outgoing, &self.route, &self.lease).await?;
                Ok((tx, ()))
            })
            .await
    }

    /// Gives it back, to be tried again later.
    ///
    /// # Errors
    /// From the database.
    pub async fn put_back(&self, app: &App, next_at: Millis) -> ApiResult<()> {
        let envelope = &seal(&self.key, &self.route, &self.envelope)?;
        app.db
            .write(|mut tx| async move {
                store::put_back(&mut tx, &self.route, &self.lease, envelope, next_at).await?;
                Ok((tx, ()))
            })
            .await
    }

    /// Tells the notice about these failures when it comes a second time.
    ///
    /// # Errors
    /// None in practice.
    pub fn notice(&self) -> ApiResult<[u8; 32]> {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        hash.update(*self.key.derive(Purpose::Notice, &self.route)?);
        for failed in &self.envelope.failed {
            hash.update((failed.address.len() as u64).to_be_bytes());
            hash.update(failed.address.as_bytes());
        }
        Ok(hash.finalize().into())
    }
}
