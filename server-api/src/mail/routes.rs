//! HTTP of the mail room: forms in, forms out.

use super::{service, submission};
use crate::app::App;
use crate::auth::Session;
use crate::errors::{ApiResult, PathOf, QueryOf, Wire};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post, put};
use serde::Deserialize;
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
    Wire(request): Wire<SubmitRequest>,
) -> ApiResult<Wire<SubmitResponse>> {
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
