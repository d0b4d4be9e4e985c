//! HTTP of the directory.

use super::service;
use crate::app::App;
use crate::auth::Session;
use crate::errors::{ApiResult, PathOf, Wire};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use wire::keys::DirectoryEntry;
use wire::plaintext::Address;

/// The room's routes, relative to [`wire::API`].
pub fn routes() -> Router<App> {
    Router::new().route("/directory/{address}", get(look_up))
}

async fn look_up(
    State(app): State<App>,
    session: Session,
    PathOf(address): PathOf<Address>,
) -> ApiResult<Wire<DirectoryEntry>> {
    service::look_up(&app, &session, address).await.map(Wire)
}
