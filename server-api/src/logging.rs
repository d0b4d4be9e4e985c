//! Logs: JSON lines that hold nothing private.
//!
//! Only events of this crate are written, since what a dependency logs cannot be vouched for. A request
//! is one line of method, route pattern, status and time: no path (it holds ids), no query, no address of
//! a person or a machine. Every field is listed in `inventory.toml`.

use crate::config::Log;
use crate::errors::ApiResult;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Mutex;
use std::time::Instant;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, filter, fmt};

/// Starts logging for this process. The second call does nothing.
///
/// # Errors
/// `internal` or `storage_full` if the log file cannot be opened.
pub fn start(log: &Log) -> ApiResult<()> {
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let own = filter::filter_fn(|metadata| {
        metadata.target().starts_with("server_api") || metadata.target().starts_with("hedgerow_server")
    });
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let lines = match &log.file {
        None => lines.with_writer(std::io::stderr).boxed(),
        Some(path) => {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                crate::vault::folders::make_private(parent)?;
            }
            let mut options = std::fs::OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            lines.with_writer(Mutex::new(options.open(path)?)).boxed()
        }
    };
    if tracing_subscriber::registry().with(lines.with_filter(own)).with(filter).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            // The place only: the payload may quote what was being handled.
            let place = panic.location().map(|place| format!("{}:{}", file_name(place.file()), place.line()));
            tracing::error!(place = place.unwrap_or_default(), "panic");
        }));
    }
    Ok(())
}

/// Without the folders of the machine it was built on.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// One line per request of the API.
pub async fn requests(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    tracing::info!(
        method = method.as_str(),
        route = route.as_ref().map_or("(none)", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    response
}
