//! The built site: `index.html` and hashed assets, each beside its brotli form.

use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use std::convert::Infallible;
use std::path::PathBuf;
use tower::ServiceExt as _;
use tower_http::services::{ServeDir, ServeFile};

/// Serves the site beside the API, if there is one: files as they are, any other path of a page as
/// `index.html`, because the page routes by itself.
pub fn mount(service: Router, app: &App) -> Router {
    let Some(dir) = &app.config.http.web_dir else {
        return service.fallback(|| async { StatusCode::NOT_FOUND });
    };
    let index = dir.join("index.html");
    let pages = tower::service_fn(move |request: Request| page(index.clone(), request));
    let site = ServeDir::new(dir).precompressed_br().fallback(pages);
    service.fallback_service(Router::new().fallback_service(site).layer(from_fn(cache)))
}

async fn page(index: PathBuf, request: Request) -> Result<Response, Infallible> {
    let path = request.uri().path();
    let last = path.rsplit('/').next().unwrap_or_default();
    // A missing file is missing; only what may be a page of the application becomes one.
    if path.starts_with("/api/") || path.starts_with("/assets/") || last.contains('.') {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    Ok(match ServeFile::new(index).precompressed_br().oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => match error {},
    })
}

async fn cache(request: Request, next: Next) -> Response {
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let value = match (hashed, response.status().is_success()) {
        (true, true) => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}
