//! The headers of every reply, and what happens when a handler panics.

use crate::app::App;
use crate::errors::ApiError;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;

/// What the page may do. `wasm-unsafe-eval` compiles WebAssembly and nothing else; there is no inline
/// script or style; the two Trusted Types policies are the page's own and the one of the wasm glue.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
    manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types default wasm-bindgen";

const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), \
         encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
         midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), usb=(), xr-spatial-tracking=()",
    ),
];

/// Puts the headers on every reply that does not bring its own, and turns panics into `internal`.
pub fn wrap(service: Router, app: &App) -> Router {
    let secure = app.config.http.public_url.scheme() == "https";
    service.layer(CatchPanicLayer::custom(answer_panic)).layer(map_response(move |mut response: Response| {
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if secure {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=63072000; includeSubDomains"),
            );
        }
        std::future::ready(response)
    }))
}

/// The payload may hold anything, so it is dropped unread; where it happened is logged by the hook of
/// [`crate::logging`].
fn answer_panic(_payload: Box<dyn std::any::Any + Send>) -> axum::http::Response<axum::body::Body> {
    ApiError::internal("a handler panicked").into_response()
}
