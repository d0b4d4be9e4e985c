//! The vault's routes. The paths, requests and replies are those of `wire::vault`.

use super::{blobs, feed, items, stream};
use crate::app::App;
use crate::auth::Session;
use crate::errors::{ApiError, ApiResult, PathOf, QueryOf, Wire};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde::Deserialize;
use wire::error::ErrorCode;
use wire::ids::{BlobId, CollectionId, ItemId};
use wire::vault::{Changes, CollectionPut, CollectionView, ItemPage, ItemPut, ItemView};

/// The vault's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/vault/blobs/{id}", put(put_blob).get(get_blob).layer(DefaultBodyLimit::disable()))
        .route("/vault/collections", get(list_collections))
        .route("/vault/collections/{id}", put(put_collection))
        .route("/vault/collections/{id}/items", get(list_items))
        .route("/vault/collections/{id}/items/{item}", put(put_item))
        .route("/vault/changes", get(changes))
        .route("/vault/events", get(stream::events))
}

/// A place in the feed as a query.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn put_blob(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<BlobId>,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<StatusCode> {
    let account = session.account;
    let announced: Option<u64> =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|size| size > app.config.limits.message_bytes) {
        return Err(ApiError::new(ErrorCode::TooLarge, "the blob is larger than the server takes"));
    }
    let mut tx = app.db.read().await?;
    let known = tx.fetch_optional("SELECT 1 FROM blobs WHERE id = $1", crate::values![&id]).await?;
    let account_row = tx
        .fetch_one("SELECT quota_bytes - used_bytes FROM accounts WHERE id = $1", crate::values![&account])
        .await?;
    drop(tx);
    if known.is_some() {
        let (size, sha256) = app.blobs.measure(body.into_data_stream()).await?;
        app.db
            .write(|mut tx| async move {
                blobs::reclaim(&mut tx, &account, &id, size, &sha256).await?;
                Ok((tx, ()))
            })
            .await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    let room = u64::try_from(account_row.int(0)?).unwrap_or(0);
    if announced.is_some_and(|size| size > room) {
        return Err(ApiError::new(ErrorCode::QuotaExceeded, "the account's storage is used up"));
    }
    let kept = app.blobs.keep(body.into_data_stream(), room).await?;
    let claimed = app
        .db
        .write(|mut tx| {
            let kept = &kept;
            async move {
                let claimed = blobs::claim(&mut tx, &account, &id, kept).await?;
                Ok((tx, claimed))
            }
        })
        .await;
    if !matches!(claimed, Ok(blobs::Claimed::New)) {
        // Surplus bytes; if they cannot be removed now, the sweep of unlisted objects does it. After an
        // error of the database they are left to it, too: the row may be there after all.
        if claimed.is_ok() {
            let _ = app.blobs.discard(&kept.place).await;
        }
    }
    claimed.map(|_| StatusCode::NO_CONTENT)
}

async fn get_blob(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<BlobId>,
) -> ApiResult<Response> {
    let mut tx = app.db.read().await?;
    let stat = blobs::stat(&mut tx, &session.account, &id).await?;
    drop(tx);
    let (size, bytes) = app.blobs.fetch(&stat.place).await?;
    if size != stat.size {
        return Err(ApiError::damaged("a stored blob has the wrong size"));
    }
    // An id never names other bytes, and the bytes are ciphertext: this browser may keep them.
    Ok((
        [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::CONTENT_LENGTH, size.to_string()),
            (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
        ],
        Body::from_stream(bytes),
    )
        .into_response())
}

async fn list_collections(State(app): State<App>, session: Session) -> ApiResult<Wire<Vec<CollectionView>>> {
    Ok(Wire(items::collections(&mut app.db.read().await?, &session.account).await?))
}

async fn put_collection(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<CollectionId>,
    Wire(request): Wire<CollectionPut>,
) -> ApiResult<Wire<CollectionView>> {
    let (account, request) = (session.account, &request);
    let view = app
        .db
        .write(|mut tx| async move {
            let view = items::put_collection(&mut tx, &account, &id, request).await?;
            Ok((tx, view))
        })
        .await?;
    app.notices.publish(&account, view.seq);
    Ok(Wire(view))
}

async fn list_items(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<CollectionId>,
    QueryOf(query): QueryOf<Since>,
) -> ApiResult<Wire<ItemPage>> {
    Ok(Wire(items::page(&mut app.db.read().await?, &session.account, &id, query.since).await?))
}

async fn put_item(
    State(app): State<App>,
    session: Session,
    PathOf((collection, id)): PathOf<(CollectionId, ItemId)>,
    Wire(request): Wire<ItemPut>,
) -> ApiResult<Wire<ItemView>> {
    let (account, request) = (session.account, &request);
    let view = app
        .db
        .write(|mut tx| async move {
            let view = items::put_item(&mut tx, &account, &collection, &id, request).await?;
            Ok((tx, view))
        })
        .await?;
    app.notices.publish(&account, view.seq);
    Ok(Wire(view))
}

async fn changes(
    State(app): State<App>,
    session: Session,
    QueryOf(query): QueryOf<Since>,
) -> ApiResult<Wire<Changes>> {
    Ok(Wire(feed::since(&mut app.db.read().await?, &session.account, query.since).await?))
}
