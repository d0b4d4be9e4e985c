//! HTTP of the accounts room: forms in, forms out.

use super::service;
use crate::app::App;
use crate::auth::{self, NewSession, Session};
use crate::errors::{ApiResult, PathOf, Wire};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Router};
use wire::accounts::{
    AccountView, LoginFinishRequest, LoginStartRequest, LoginStartResponse, PassphraseFinishRequest,
    PassphraseStartRequest, PassphraseStartResponse, PhraseFinishRequest, RecoveryFinishRequest,
    RecoveryOpenRequest, RecoveryOpenResponse, RecoveryStartRequest, RecoveryStartResponse, RegisterRequest,
    RegisterStartRequest, RegisterStartResponse, ServerInfo, SessionLabel, SessionView, StateAccepted,
    StateChange,
};
use wire::ids::SessionId;

/// The room's routes, relative to [`wire::API`].
pub fn routes() -> Router<App> {
    Router::new()
        .route("/server", get(server_info))
        .route("/accounts/start", post(register_start))
        .route("/accounts", post(register))
        .route("/sessions/start", post(login_start))
        .route("/sessions", get(sessions).post(login))
        .route("/sessions/current", delete(end_current))
        .route("/sessions/current/label", put(label))
        .route("/sessions/others", delete(end_others))
        .route("/sessions/{id}", delete(end_one))
        .route("/account", get(view))
        .route("/account/state", post(change_state))
        .route("/account/passphrase/start", post(passphrase_start))
        .route("/account/passphrase", post(passphrase_finish))
        .route("/account/recovery", post(phrase_finish))
        .route("/recovery/start", post(recovery_start))
        .route("/recovery/open", post(recovery_open))
        .route("/recovery", post(recovery_finish))
}

/// The account, and the cookie of a session just begun.
fn signed_in((view, session): (AccountView, NewSession)) -> ApiResult<Response> {
    let mut response = Wire(view).into_response();
    response.headers_mut().insert(header::SET_COOKIE, session.cookie()?);
    Ok(response)
}

async fn server_info(State(app): State<App>) -> Wire<ServerInfo> {
    Wire(service::server_info(&app))
}

async fn register_start(
    State(app): State<App>,
    Wire(request): Wire<RegisterStartRequest>,
) -> ApiResult<Wire<RegisterStartResponse>> {
    service::register_start(&app, request).await.map(Wire)
}

async fn register(State(app): State<App>, Wire(request): Wire<RegisterRequest>) -> ApiResult<Response> {
    signed_in(service::register(&app, request).await?)
}

async fn login_start(
    State(app): State<App>,
    Wire(request): Wire<LoginStartRequest>,
) -> ApiResult<Wire<LoginStartResponse>> {
    service::login_start(&app, request).await.map(Wire)
}

async fn login(
    State(app): State<App>,
    earlier: Option<Extension<Session>>,
    Wire(request): Wire<LoginFinishRequest>,
) -> ApiResult<Response> {
    // The guard around the API has looked the cookie up already.
    let earlier = earlier.map(|Extension(session)| session);
    signed_in(service::login(&app, earlier, request).await?)
}

async fn sessions(State(app): State<App>, session: Session) -> ApiResult<Wire<Vec<SessionView>>> {
    service::sessions(&app, &session).await.map(Wire)
}

async fn label(
    State(app): State<App>,
    session: Session,
    Wire(request): Wire<SessionLabel>,
) -> ApiResult<StatusCode> {
    service::label_session(&app, &session, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end_current(State(app): State<App>, session: Session) -> ApiResult<Response> {
    service::end_session(&app, &session, &session.id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, auth::clear_cookie()?);
    Ok(response)
}

async fn end_others(State(app): State<App>, session: Session) -> ApiResult<StatusCode> {
    service::end_other_sessions(&app, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end_one(
    State(app): State<App>,
    session: Session,
    PathOf(id): PathOf<SessionId>,
) -> ApiResult<Response> {
    if id == session.id {
        return end_current(State(app), session).await;
    }
    service::end_session(&app, &session, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn view(State(app): State<App>, session: Session) -> ApiResult<Wire<AccountView>> {
    service::view(&app, &session).await.map(Wire)
}

async fn change_state(
    State(app): State<App>,
    session: Session,
    Wire(change): Wire<StateChange>,
) -> ApiResult<Wire<StateAccepted>> {
    service::change_state(&app, &session, change).await.map(Wire)
}

async fn passphrase_start(
    State(app): State<App>,
    session: Session,
    Wire(request): Wire<PassphraseStartRequest>,
) -> ApiResult<Wire<PassphraseStartResponse>> {
    service::passphrase_start(&app, &session, request).await.map(Wire)
}

async fn passphrase_finish(
    State(app): State<App>,
    session: Session,
    Wire(request): Wire<PassphraseFinishRequest>,
) -> ApiResult<Wire<StateAccepted>> {
    service::passphrase_finish(&app, &session, request).await.map(Wire)
}

async fn phrase_finish(
    State(app): State<App>,
    session: Session,
    Wire(request): Wire<PhraseFinishRequest>,
) -> ApiResult<Wire<StateAccepted>> {
    service::phrase_finish(&app, &session, request).await.map(Wire)
}

async fn recovery_start(
    State(app): State<App>,
    Wire(request): Wire<RecoveryStartRequest>,
) -> ApiResult<Wire<RecoveryStartResponse>> {
    service::recovery_start(&app, request).await.map(Wire)
}

async fn recovery_open(
    State(app): State<App>,
    Wire(request): Wire<RecoveryOpenRequest>,
) -> ApiResult<Wire<RecoveryOpenResponse>> {
    service::recovery_open(&app, request).await.map(Wire)
}

async fn recovery_finish(
    State(app): State<App>,
    Wire(request): Wire<RecoveryFinishRequest>,
) -> ApiResult<Response> {
    signed_in(service::recovery_finish(&app, request).await?)
}
