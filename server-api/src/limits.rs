//! How much anyone may ask of the server: bodies, time, rates; and the guard against other sites.

use crate::app::App;
use crate::auth::{self, Session};
use crate::config::Limits;
use crate::errors::{ApiError, ApiResult};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wire::error::ErrorCode;
use wire::ids::AccountId;

/// A client's network: IPv4 /24 or IPv6 /64. Kept in memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The first three octets.
    V4([u8; 3]),
    /// The first eight octets.
    V6([u8; 8]),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

impl Network {
    fn is_loopback(self) -> bool {
        self == Self::from(IpAddr::V4(Ipv4Addr::LOCALHOST))
            || self == Self::from(IpAddr::V6(Ipv6Addr::LOCALHOST))
    }
}

/// Who asked how often. In memory, per process: with several processes each grants its own share.
pub struct RateLimits {
    account: DefaultKeyedRateLimiter<AccountId>,
    directory: DefaultKeyedRateLimiter<AccountId>,
    outgoing: DefaultKeyedRateLimiter<AccountId>,
    network: DefaultKeyedRateLimiter<Network>,
    network_logins: DefaultKeyedRateLimiter<Network>,
    logins: Mutex<HashMap<AccountId, Level>>,
    logins_per_hour: f64,
    loopback: bool,
}

impl std::fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RateLimits(…)")
    }
}

/// A bucket that leaks.
#[derive(Clone, Copy)]
struct Level {
    level: f64,
    at: Instant,
}

impl Level {
    fn now(self, per_hour: f64) -> f64 {
        (self.level - self.at.elapsed().as_secs_f64() * per_hour / 3600.0).max(0.0)
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn check<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> ApiResult<()> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        ApiError::too_many(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    })
}

impl RateLimits {
    /// Nobody has asked yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            account: RateLimiter::keyed(Quota::per_minute(at_least_one(limits.account_per_minute))),
            directory: RateLimiter::keyed(Quota::per_hour(at_least_one(limits.directory_per_hour))),
            outgoing: RateLimiter::keyed(Quota::per_hour(at_least_one(limits.outgoing_per_hour))),
            network: RateLimiter::keyed(Quota::per_minute(at_least_one(limits.network_per_minute))),
            network_logins: RateLimiter::keyed(Quota::per_hour(at_least_one(limits.network_logins_per_hour))),
            logins: Mutex::default(),
            logins_per_hour: f64::from(limits.account_logins_per_hour),
            loopback: limits.loopback,
        }
    }

    /// Counts a login or recovery begun for an account, also one that does not exist. An OPAQUE client
    /// learns from the server's first answer whether its guess was right, so beginning is what counts.
    ///
    /// # Errors
    /// `too_many` once the account's attempts of this hour are used up.
    pub fn login_begun(&self, account: &AccountId) -> ApiResult<()> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if logins.len() > 10_000 {
            logins.retain(|_, level| level.now(self.logins_per_hour) > 0.0);
        }
        let level = logins.get(account).map_or(0.0, |level| level.now(self.logins_per_hour));
        if level + 1.0 > self.logins_per_hour {
            let wait = (level + 1.0 - self.logins_per_hour) * 3600.0 / self.logins_per_hour;
            return Err(ApiError::too_many(wait.ceil() as u32));
        }
        logins.insert(*account, Level { level: level + 1.0, at: Instant::now() });
        Ok(())
    }

    /// Takes back the attempt of a login or recovery that succeeded.
    pub fn login_succeeded(&self, account: &AccountId) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(level) = logins.get_mut(account) {
            *level = Level { level: (level.now(self.logins_per_hour) - 1.0).max(0.0), at: Instant::now() };
        }
    }

    /// Counts a look-up in the directory.
    ///
    /// # Errors
    /// `too_many` once the account's look-ups of this hour are used up.
    pub fn directory(&self, account: &AccountId) -> ApiResult<()> {
        check(&self.directory, account)
    }

    /// Counts recipients at other servers.
    ///
    /// # Errors
    /// `too_many` once the account's recipients of this hour are used up, or if there never can be so many.
    pub fn outgoing(&self, account: &AccountId, recipients: usize) -> ApiResult<()> {
        let count = at_least_one(u32::try_from(recipients).unwrap_or(u32::MAX));
        match self.outgoing.check_key_n(account, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(ApiError::too_many(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)))
            }
            Err(_) => Err(ApiError::too_many(3600)),
        }
    }

    fn network(&self, network: Network, login: bool) -> ApiResult<()> {
        if network.is_loopback() && !self.loopback {
            return Ok(());
        }
        check(&self.network, &network)?;
        if login { check(&self.network_logins, &network) } else { Ok(()) }
    }

    /// Forgets who has not asked for a while.
    pub fn forget_old(&self) {
        self.account.retain_recent();
        self.network.retain_recent();
        self.network_logins.retain_recent();
        self.directory.retain_recent();
        self.outgoing.retain_recent();
    }
}

/// Puts the guards around the API. The first named is the innermost.
pub fn guard(api: Router<App>, app: &App) -> Router {
    let json_bytes = usize::try_from(app.config.limits.json_bytes).unwrap_or(usize::MAX);
    api.layer(DefaultBodyLimit::max(json_bytes))
        .layer(from_fn_with_state(app.clone(), in_time))
        .layer(from_fn_with_state(app.clone(), within_rates))
        .layer(from_fn_with_state(app.clone(), same_site))
        .layer(from_fn(read_to_the_end))
        .layer(from_fn(crate::logging::requests))
        .with_state(app.clone())
}

/// Reads the rest of a refused upload, within reason. A browser that is still sending when the connection
/// closes reports a network error and never sees why it was refused.
async fn read_to_the_end(request: Request, next: Next) -> Response {
    const MOST: usize = 256 << 20;
    const PATIENCE: Duration = Duration::from_secs(30);
    if !matches!(*request.method(), Method::PUT | Method::POST) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let incoming = Arc::new(tokio::sync::Mutex::new(body.into_data_stream()));
    let forwarded = futures::stream::unfold(incoming.clone(), |incoming| async move {
        let chunk = incoming.lock().await.next().await?;
        Some((chunk, incoming))
    });
    let response = next.run(Request::from_parts(parts, Body::from_stream(forwarded))).await;
    if !response.status().is_success() {
        let rest = async {
            let (mut incoming, mut read) = (incoming.lock().await, 0);
            while let Some(Ok(chunk)) = incoming.next().await {
                read += chunk.len();
                if read > MOST {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, rest).await;
    }
    response
}

/// Refuses changes asked for by another site: a form cannot set our header, and a script of another
/// origin cannot either without a preflight, which nothing here answers.
async fn same_site(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && !from_own_site(request.headers(), &app) {
        return ApiError::new(
            ErrorCode::CrossSite,
            "the request must come from this site and carry the header x-hedgerow: 1",
        )
        .into_response();
    }
    next.run(request).await
}

fn from_own_site(headers: &HeaderMap, app: &App) -> bool {
    if headers.get(wire::GUARD_HEADER).is_none_or(|value| value != "1") {
        return false;
    }
    if headers.get("sec-fetch-site").is_some_and(|value| value != "same-origin" && value != "none") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let http = &app.config.http;
    if origin == http.origin() || http.dev_origin.as_deref() == Some(origin) {
        return true;
    }
    // Without a public URL of its own (a tunnel, a test on a free port) the server is where it was asked.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    http.public_url.scheme() == "http"
        && host.is_some_and(|host| origin.strip_prefix("http://") == Some(host) && is_local(host))
}

/// Whether a `Host` is this machine, so that DNS rebinding cannot make another site look like it.
fn is_local(host: &str) -> bool {
    host.parse::<SocketAddr>().map(|address| address.ip().is_loopback()).unwrap_or_else(|_| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

async fn within_rates(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let session = match auth::find(&app, request.headers()).await {
        Ok(session) => session,
        Err(error) => return error.into_response(),
    };
    let allowed = match session {
        Some(Session { account, .. }) => check(&app.limits.account, &account),
        None => Ok(()),
    };
    let login = request.method() == Method::POST && begins_login(request.uri().path());
    let allowed = allowed.and_then(|()| match client(&app, &request) {
        Some(network) if session.is_none() || login => app.limits.network(network, login),
        _ => Ok(()),
    });
    if let Err(error) = allowed {
        return error.into_response();
    }
    if let Some(session) = session {
        request.extensions_mut().insert(session);
    }
    next.run(request).await
}

/// The path as the layer sees it may or may not have lost its prefix.
fn begins_login(path: &str) -> bool {
    let path = path.strip_prefix(wire::API).unwrap_or(path);
    matches!(path, "/sessions/start" | "/accounts/start" | "/recovery/start")
}

/// The network the request came from.
fn client(app: &App, request: &Request) -> Option<Network> {
    if app.config.http.behind_proxy {
        let last = request.headers().get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        return last.rsplit(',').next()?.trim().parse::<IpAddr>().ok().map(Network::from);
    }
    let ConnectInfo(address) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip().into())
}

/// Ends a request that takes too long. Blobs have their own patience, the event stream never ends.
async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.contains("/vault/blobs/") || path.ends_with("/vault/events") {
        return next.run(request).await;
    }
    let mut limit = Duration::from_secs(app.config.limits.request_seconds);
    if path.ends_with("/mail/submissions") {
        // It may hold a whole mail, and come over a slow line.
        limit *= 20;
    }
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            ApiError::new(ErrorCode::Unavailable, "the request took too long; repeat it").into_response()
        }
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
