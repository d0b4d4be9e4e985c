//! What is due is taken, tried, and its fate written down.

use super::client::{Fate, Parcel, Server, Trouble};
use super::dkim::Signers;
use super::notice;
use super::route::{NoRoute, Routes};
use crate::app::{App, now};
use crate::errors::ApiResult;
use crate::mail::outgoing::{self, Claimed, Failed, Reason, Waiting};
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use wire::Millis;

/// Routes in work at once in this process, each with its message in memory.
const AT_ONCE: usize = 8;
/// How often the queue is looked at when nobody says that there is something.
const LOOK: Duration = Duration::from_secs(2);
/// How long one attempt may take, over all servers of a domain.
const ATTEMPT: Duration = Duration::from_secs(1800);
/// The longest wait between two attempts.
const LONGEST_WAIT: Millis = 4 * 3600 * 1000;
/// The wait before a notice is tried again that could not be stored.
const NOTICE_WAIT: Millis = 3600 * 1000;

/// Who takes mail to other servers.
pub(crate) struct Worker {
    app: App,
    routes: Routes,
    signers: Signers,
    tls: Arc<ClientConfig>,
}

impl Worker {
    /// Makes everything ready; nothing if no mail leaves this server.
    ///
    /// # Errors
    /// `internal` if there is no resolver or no key; from the database.
    pub(crate) async fn new(app: &App) -> ApiResult<Option<Self>> {
        if !app.config.mail.outgoing.on {
            return Ok(None);
        }
        outgoing::begin(app).await?;
        Ok(Some(Self {
            routes: Routes::new(&app.config.mail)?,
            signers: Signers::of(app).await?,
            tls: crate::tls::to_anyone()?,
            app: app.clone(),
        }))
    }

    /// Works until the server stops.
    pub(crate) async fn run(self) {
        tokio::spawn(purge(self.app.clone()));
        let (worker, slots) = (Arc::new(self), Arc::new(Semaphore::new(AT_ONCE)));
        let app = worker.app.clone();
        loop {
            let free = tokio::select! {
                free = slots.clone().acquire_owned() => free,
                () = app.stopping.cancelled() => return,
            };
            let Ok(free) = free else { return };
            match outgoing::claim(&app).await {
                Ok(Some(claimed)) => {
                    let worker = worker.clone();
                    tokio::spawn(async move {
                        worker.work(claimed).await;
                        drop(free);
                    });
                    continue;
                }
                Ok(None) => {}
                // Not readable or not reachable: what is taken is free again when its lease ends.
                Err(error) => tracing::warn!(%error, "the queue of outgoing mail could not be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = app.queued.notified() => {}
                () = app.stopping.cancelled() => return,
            }
        }
    }

    /// One attempt of a route, as long as it is ours.
    async fn work(&self, mut claimed: Claimed) {
        let sending = async {
            let mut fates = Vec::new();
            if !claimed.envelope.open.is_empty() && now() < claimed.expires_at {
                fates = tokio::time::timeout(ATTEMPT, self.attempt(&claimed)).await.unwrap_or_default();
            }
            fates
        };
        let kept = async {
            loop {
                tokio::time::sleep(outgoing::RENEWAL).await;
                // What cannot be renewed now may be the next time; who else has it, has it.
                if matches!(claimed.renew(&self.app).await, Ok(false)) {
                    return;
                }
            }
        };
        let fates = tokio::select! {
            fates = sending => fates,
            () = kept => return,
        };
        apply(&mut claimed, fates);
        if let Err(error) = self.settle(&mut claimed).await {
            tracing::warn!(%error, "the fate of outgoing mail could not be written down; it may be sent again");
        }
    }

    /// Writes down what became of it, tells the sender of failures, and lets it go.
    async fn settle(&self, claimed: &mut Claimed) -> ApiResult<()> {
        let app = &self.app;
        if !claimed.envelope.failed.is_empty() {
            if !claimed.note(app).await? {
                return Ok(());
            }
            match notice::tell(app, claimed).await {
                Ok(()) => claimed.envelope.failed.clear(),
                Err(error) => {
                    tracing::warn!(%error, "a notice about outgoing mail could not be stored");
                    return claimed.put_back(app, now().saturating_add(NOTICE_WAIT)).await;
                }
            }
        }
        if claimed.envelope.open.is_empty() {
            return claimed.finish(app).await;
        }
        let next = next_attempt(app.config.mail.outgoing.retry_seconds, claimed.attempts);
        // At the end of its time, and not an hour later.
        claimed.put_back(app, now().saturating_add(next).min(claimed.expires_at)).await
    }

    /// Tries the servers of the domain, best first, until one has said something of the recipients.
    async fn attempt(&self, claimed: &Claimed) -> Vec<Fate> {
        let to: Vec<String> = claimed.envelope.open.iter().map(|one| one.address.clone()).collect();
        let all = |fate: &dyn Fn() -> Fate| to.iter().map(|_| fate()).collect::<Vec<Fate>>();
        let later = |status: &str, said: &str| Reason { status: status.into(), said: said.into(), by: None };
        let hosts = match self.routes.hosts(&claimed.envelope.domain).await {
            Ok(hosts) => hosts,
            Err(NoRoute::Never(status, said)) => return all(&|| Fate::Never(later(status, said))),
            Err(NoRoute::Later(status, said)) => return all(&|| Fate::Later(later(status, said))),
        };
        let signed = tokio::task::block_in_place(|| self.signers.sign(&claimed.message));
        let Ok(trace) = signed else {
            return all(&|| Fate::Later(later("4.3.0", "The mail could not be signed.")));
        };
        let header = claimed.message.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_default();
        let parcel = Parcel {
            from: &claimed.envelope.from,
            utf8: !claimed.message.get(..header).unwrap_or_default().is_ascii()
                || to.iter().any(|address| !address.is_ascii()),
            to: &to,
            trace: &trace,
            message: &claimed.message,
        };
        let (mut soft, mut hard) = (None, None);
        for host in &hosts {
            let addresses = match self.routes.addresses(host).await {
                Ok(addresses) => addresses,
                Err(NoRoute::Never(status, said)) => {
                    hard = Some(later(status, said));
                    continue;
                }
                Err(NoRoute::Later(status, said)) => {
                    soft = Some(later(status, said));
                    continue;
                }
            };
            for address in addresses {
                let server = Server {
                    address: SocketAddr::new(address, self.app.config.mail.outgoing.port),
                    name: host,
                    own_name: &self.app.config.mail.hostname,
                    tls: &self.tls,
                };
                match server.send(&parcel).await {
                    Ok(fates) => return fates,
                    Err(Trouble::Later(why)) => soft = Some(why),
                    Err(Trouble::Never(why)) => hard = Some(why),
                }
            }
        }
        match (soft, hard) {
            (Some(why), _) => all(&|| Fate::Later(why.clone())),
            (None, Some(why)) => all(&|| Fate::Never(why.clone())),
            (None, None) => all(&|| Fate::Later(later("4.4.4", "The domain has no server."))),
        }
    }
}

/// Writes the fates of the open recipients, in their order, into the envelope. Whose time is over has failed.
pub(super) fn apply(claimed: &mut Claimed, fates: Vec<Fate>) {
    let over = now() >= claimed.expires_at;
    let envelope = &mut claimed.envelope;
    let mut fates = fates.into_iter();
    for one in std::mem::take(&mut envelope.open) {
        let last = match fates.next() {
            Some(Fate::Taken) => continue,
            Some(Fate::Never(reason)) => {
                envelope.failed.push(Failed { address: one.address, reason });
                continue;
            }
            Some(Fate::Later(reason)) => Some(reason),
            None => one.last,
        };
        if over {
            let said = last.as_ref().map_or("Nobody answered.", |reason| reason.said.as_str());
            let reason = Reason {
                // RFC 3463: delivery time expired.
                status: "4.4.7".to_owned(),
                said: format!("Given up. At last: {said}"),
                by: last.as_ref().and_then(|reason| reason.by.clone()),
            };
            envelope.failed.push(Failed { address: one.address, reason });
        } else {
            envelope.open.push(Waiting { address: one.address, last });
        }
    }
}

/// Milliseconds until the next attempt.
pub(super) fn next_attempt(first_seconds: u64, attempts: u64) -> Millis {
    let first = Millis::try_from(first_seconds).unwrap_or(Millis::MAX).saturating_mul(1000);
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    first.saturating_mul(1 << doublings).min(LONGEST_WAIT.max(first))
}

async fn purge(app: App) {
    loop {
        if let Err(error) = outgoing::purge(&app).await {
            tracing::warn!(%error, "old outgoing mail was not deleted; the next hour tries again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
            () = app.stopping.cancelled() => return,
        }
    }
}
