//! What every handler shares, and the router: one line per room.

use crate::config::Config;
use crate::errors::{ApiError, ApiResult};
use crate::limits::RateLimits;
use crate::vault::blobs::Blobs;
use crate::vault::db::Db;
use crate::vault::events::Notices;
use crate::vault::secrets::Secrets;
use axum::Router;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use wire::Millis;

/// How many large submissions are read at once.
const LARGE: usize = 4;

/// The state of the server: configuration, stores, limits. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// What [`App`] holds.
#[derive(Debug)]
pub struct Parts {
    /// What the operator set.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// Ciphertext outside the database.
    pub blobs: Blobs,
    /// Change notices to open browsers.
    pub notices: Notices,
    /// Who asked how often.
    pub limits: RateLimits,
    /// The server's own secrets (OPAQUE setup, enumeration key).
    pub secrets: Secrets,
    /// Told when mail for other servers was queued.
    pub queued: Notify,
    /// Room for large submissions, each held in memory while it comes in.
    pub large: Semaphore,
    /// Cancelled when the server is stopping.
    pub stopping: CancellationToken,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the stores, migrates the database, reads or makes the secrets.
    ///
    /// # Errors
    /// `unavailable` if a store is out of reach, `internal` if the secrets are not this database's.
    pub async fn open(config: Config) -> ApiResult<Self> {
        crate::vault::folders::make_private(&config.data.dir)?;
        let db = Db::open(&config.data.database_url).await?;
        crate::vault::migrations::run(&db).await?;
        let blobs = Blobs::open(&config.data.blobs_url, config.limits.message_bytes)?;
        let stopping = CancellationToken::new();
        let notices = Notices::new(db.clone(), stopping.clone());
        let secrets = Secrets::open(db.clone(), config.data.secrets_file.clone()).await?;
        let limits = RateLimits::new(&config.limits);
        let (queued, large) = (Notify::new(), Semaphore::new(LARGE));
        let parts = Parts { config, db, blobs, notices, limits, secrets, queued, large, stopping };
        let app = Self(Arc::new(parts));
        crate::accounts::service::ready(&app).await?;
        Ok(app)
    }
}

/// The time now. Rooms take it from here, so that no other clock is in the tree.
pub fn now() -> Millis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| Millis::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, &mut bytes);
    bytes
}

/// Every room's routes, relative to [`wire::API`].
fn rooms() -> Router<App> {
    Router::new()
        .merge(crate::accounts::routes())
        .merge(crate::keys::routes())
        .merge(crate::mail::routes())
        .merge(crate::vault::routes())
        .merge(crate::openapi::routes())
}

/// The whole service: API, site, guards.
pub fn router(app: App) -> Router {
    let api = rooms()
        .fallback(|| async { ApiError::new(wire::error::ErrorCode::NotFound, "there is no such route") })
        .method_not_allowed_fallback(|| async { ApiError::malformed("this route has no such method") });
    let service = Router::new().nest(wire::API, crate::limits::guard(api, &app));
    crate::headers::wrap(crate::site::mount(service, &app), &app)
}
