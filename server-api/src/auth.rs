//! Sessions: the cookie, the extractor every private route takes, and the kill switch.
//!
//! A session is 32 random bytes in the cookie `__Host-sid`; the server keeps their SHA-256 only. Event
//! streams ask [`is_live`] before each event, and ending a session makes one, so they end with it.

use crate::app::{App, now, random};
use crate::errors::{ApiError, ApiResult};
use crate::vault::db::Tx;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use wire::Millis;
use wire::ids::{AccountId, SessionId};

/// The cookie's name. The prefix makes browsers insist on Secure, Path=/ and no Domain.
pub const COOKIE: &str = "__Host-sid";
/// How long a session lasts.
pub const LIFETIME: Millis = 30 * 24 * 3600 * 1000;
/// How coarse `seen_at` is, so that the list says little and reading seldom writes.
const SEEN_STEP: Millis = 5 * 60 * 1000;

/// The session a request came with. As a parameter of a handler it refuses requests without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Whose; every query of a handler is scoped by it.
    pub account: AccountId,
    /// Which.
    pub id: SessionId,
}

impl FromRequestParts<App> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(session) = parts.extensions.get::<Self>() {
            return Ok(*session);
        }
        let session = find(app, &parts.headers).await?.ok_or_else(ApiError::not_signed_in)?;
        parts.extensions.insert(session);
        Ok(session)
    }
}

/// The SHA-256 under which a session is kept.
fn digest(secret: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The secret in the request's cookie.
fn secret(headers: &HeaderMap) -> Option<[u8; 32]> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .find_map(|(_, value)| URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok())
}

/// The live session a request's cookie stands for.
///
/// # Errors
/// From the database.
pub async fn find(app: &App, headers: &HeaderMap) -> ApiResult<Option<Session>> {
    let Some(secret) = secret(headers) else { return Ok(None) };
    let (token, time) = (digest(&secret), now());
    let mut tx = app.db.read().await?;
    let row = tx
        .fetch_optional(
            "SELECT account_id, id, seen_at FROM sessions WHERE token_hash = $1 AND created_at > $2",
            crate::values![&token, time - LIFETIME],
        )
        .await?;
    drop(tx);
    let Some(row) = row else { return Ok(None) };
    let session = Session { account: row.id(0)?, id: row.id(1)? };
    let seen = time - time.rem_euclid(SEEN_STEP);
    if row.int(2)? < seen {
        let noted = app.db.write(|mut tx| async move {
            tx.execute(
                "UPDATE sessions SET seen_at = $1 WHERE id = $2 AND account_id = $3 AND seen_at < $1",
                crate::values![seen, &session.id, &session.account],
            )
            .await?;
            Ok((tx, ()))
        });
        // On a full disk a person still reads; only the list of sessions is less fresh.
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the use of a session was not noted");
        }
    }
    Ok(Some(session))
}

/// Whether a session has not ended since it was found.
///
/// # Errors
/// From the database.
pub async fn is_live(app: &App, session: &Session) -> ApiResult<bool> {
    let mut tx = app.db.read().await?;
    let row = tx
        .fetch_optional(
            "SELECT 1 FROM sessions WHERE id = $1 AND account_id = $2 AND created_at > $3",
            crate::values![&session.id, &session.account, now() - LIFETIME],
        )
        .await?;
    Ok(row.is_some())
}

/// A session just made: its row is in the transaction, its secret goes into the cookie.
#[derive(Clone, Copy)]
pub(crate) struct NewSession {
    secret: [u8; 32],
}

impl NewSession {
    /// Begins a session of the account.
    pub(crate) async fn begin(tx: &mut Tx, account: &AccountId) -> ApiResult<Self> {
        let (secret, id, time) = (random::<32>(), SessionId(random()), now());
        tx.execute("DELETE FROM sessions WHERE created_at <= $1", crate::values![time - LIFETIME]).await?;
        tx.execute(
            "INSERT INTO sessions (id, account_id, token_hash, created_at, seen_at) \
             VALUES ($1, $2, $3, $4, $5)",
            crate::values![&id, account, &digest(&secret), time, time - time.rem_euclid(SEEN_STEP)],
        )
        .await?;
        Ok(Self { secret })
    }

    /// The header that gives the client its session.
    pub(crate) fn cookie(&self) -> ApiResult<HeaderValue> {
        cookie(&URL_SAFE_NO_PAD.encode(self.secret), LIFETIME / 1000)
    }
}

/// The header that takes the cookie away.
pub(crate) fn clear_cookie() -> ApiResult<HeaderValue> {
    cookie("", 0)
}

fn cookie(value: &str, seconds: Millis) -> ApiResult<HeaderValue> {
    let text = format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    let mut header =
        HeaderValue::from_str(&text).map_err(|_| ApiError::internal("a cookie could not be made"))?;
    header.set_sensitive(true);
    Ok(header)
}
