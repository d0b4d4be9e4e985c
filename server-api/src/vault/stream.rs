//! `GET /vault/events`: server-sent events. The first `change` tells the newest place at once; a comment
//! every 20 s keeps proxies from closing the stream. It ends with its session, after the event `ended` (a
//! client that came back would only be refused), and with the server.

use super::feed;
use crate::app::App;
use crate::auth::{self, Session};
use crate::errors::{ApiError, ApiResult};
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, interval_at};
use wire::vault::Notice;

const HEARTBEAT: Duration = Duration::from_secs(20);

pub(super) async fn events(State(app): State<App>, session: Session) -> ApiResult<Response> {
    // Subscribe first: what changes between the two is told twice rather than not at all.
    let changed = app.notices.subscribe(&session.account, app.config.limits.events_per_account)?;
    let mut tx = app.db.read().await?;
    let seq = feed::newest(&mut tx, &session.account).await?;
    drop(tx);
    let stream = Sse::new(stream(app, session, changed, seq));
    // `no` keeps nginx from buffering the stream.
    Ok((
        [(header::CACHE_CONTROL, "no-store"), (header::HeaderName::from_static("x-accel-buffering"), "no")],
        stream,
    )
        .into_response())
}

fn stream(
    app: App,
    session: Session,
    changed: watch::Receiver<u64>,
    seq: u64,
) -> impl Stream<Item = ApiResult<Event>> {
    let heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    futures::stream::unfold(Some((app, changed, heartbeat, Some(seq), 0)), move |state| async move {
        let (app, mut changed, mut heartbeat, first, told) = state?;
        if let Some(seq) = first {
            return Some((notice(seq), Some((app, changed, heartbeat, None, seq))));
        }
        loop {
            tokio::select! {
                () = app.stopping.cancelled() => return None,
                more = changed.changed() => {
                    more.ok()?;
                    let seq = *changed.borrow_and_update();
                    if seq > told {
                        // The end of a session is told to its streams by a notice, so ask before each.
                        if let Ok(false) = auth::is_live(&app, &session).await {
                            return Some((Ok(ended()), None));
                        }
                        return Some((notice(seq), Some((app, changed, heartbeat, None, seq))));
                    }
                }
                _ = heartbeat.tick() => {
                    // A database out of reach for a moment ends no stream; an ended session does.
                    if let Ok(false) = auth::is_live(&app, &session).await {
                        return Some((Ok(ended()), None));
                    }
                    let beat = Event::default().comment("");
                    return Some((Ok(beat), Some((app, changed, heartbeat, None, told))));
                }
            }
        }
    })
}

/// The session is over.
fn ended() -> Event {
    Event::default().event("ended").data("{}")
}

fn notice(seq: u64) -> ApiResult<Event> {
    Event::default()
        .event("change")
        .json_data(Notice { seq })
        .map_err(|_| ApiError::internal("a notice could not be written"))
}
