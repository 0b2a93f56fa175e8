//! What every answer says about itself: pages are closed to everything outside.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName};
use axum::middleware::Next;
use axum::response::Response;

/// Of the app's own pages: scripts, styles and fonts from its own files, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'self'";

/// Of pages that are whole by themselves, such as a run's report: their own style, no script, no origin.
pub(crate) const PAGE_OF_ITS_OWN: &str = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; \
                                          font-src data:; img-src data:; base-uri 'none'; form-action 'none'; \
                                          frame-ancestors 'self'";

/// A policy as a header of an answer.
pub(crate) fn closed(policy: &'static str) -> [(HeaderName, HeaderValue); 1] {
    [(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))]
}

/// Adds what an answer does not say yet.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let always = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in always {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
