//! HTTP of the mail room: forms in, forms out.

use super::{service, submission};
use crate::app::App;
use crate::auth::Session;
use crate::errors::{ApiError, ApiResult, PathOf, QueryOf, Wire};
use axum::extract::{Request, State};
use axum::http::header;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use std::time::Duration;
use wire::error::ErrorCode;
use wire::ids::{FolderId, MessageId};
use wire::mail::{
    ActionRequest, ActionResponse, DraftPut, FolderView, MessageView, SubmitRequest, SubmitResponse,
};
use wire::page::Page;

/// The room's routes, relative to [`wire::API`].
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mail/folders", get(folders))
        .route("/mail/folders/{id}/messages", get(list))
        .route("/mail/messages/{id}", get(message))
        .route("/mail/submissions", post(submit))
        .route("/mail/drafts/{id}", put(put_draft))
        .route("/mail/actions", post(act))
}

/// How long a submission may take to come in.
const PATIENCE: Duration = Duration::from_secs(600);

/// Which page of a folder.
#[derive(Debug, Deserialize)]
struct Window {
    before: Option<String>,
    limit: Option<usize>,
}

async fn folders(State(app): State<App>, session: Session) -> ApiResult<Wire<Vec<FolderView>>> {
    service::folders(&app, &session).await.map(Wire)
}

async fn list(
    State(app): State<App>,
    session: Session,
    PathOf(folder): PathOf<FolderId>,
    QueryOf(window): QueryOf<Window>,
) -> ApiResult<Wire<Page<MessageView>>> {
    service::list(&app, &session, &folder, window.before.as_deref(), window.limit).await.map(Wire)
}

async fn message(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<MessageId>,
) -> ApiResult<Wire<MessageView>> {
    service::message(&app, &session, &id).await.map(Wire)
}

async fn submit(
    State(app): State<App>,
    session: Session,
    request: Request,
) -> ApiResult<Wire<SubmitResponse>> {
    let json = usize::try_from(app.config.limits.json_bytes).unwrap_or(usize::MAX);
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let large =
        announced.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > json as u64);
    // A whole mail in base64 is more than other requests hold; few of them are in memory at once.
    let whole = app.config.limits.message_bytes.saturating_mul(4) / 3;
    let most = if large { json.saturating_add(usize::try_from(whole).unwrap_or(usize::MAX)) } else { json };
    let _room = if large { app.large.acquire().await.ok() } else { None };
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, most)).await;
    let body = match read {
        Err(_) => return Err(ApiError::new(ErrorCode::Unavailable, "the request took too long; repeat it")),
        Ok(Err(_)) => {
            return Err(ApiError::new(ErrorCode::TooLarge, "the request is larger than the server takes"));
        }
        Ok(Ok(body)) => body,
    };
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(ApiError::malformed("the content type must be application/json"));
    }
    let Json(request) = Json::<SubmitRequest>::from_bytes(&body)?;
    submission::submit(&app, &session, request).await.map(Wire)
}

async fn put_draft(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<MessageId>,
    Wire(draft): Wire<DraftPut>,
) -> ApiResult<Wire<MessageView>> {
    service::put_draft(&app, &session, &id, draft).await.map(Wire)
}

async fn act(
    State(app): State<App>,
    session: Session,
    Wire(request): Wire<ActionRequest>,
) -> ApiResult<Wire<ActionResponse>> {
    service::act(&app, &session, request).await.map(Wire)
}
