//! Refusals in the house's form, whoever made them: JSON for programs, a page for people.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::frame;

/// More of a refusal than anybody reads.
const MOST_BYTES: usize = 64 << 10;

/// Gives every refusal its form; headers that it came with stay.
pub(crate) async fn in_form(request: Request, next: Next) -> Response {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let for_people = accept.contains("text/html") && !request.uri().path().starts_with("/api/");
    let asked = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    let mut refusal = match serde_json::from_slice::<Value>(&bytes) {
        Ok(refusal) if refusal["error"]["message"].is_string() => refusal,
        _ => json!({ "error": { "message": String::from_utf8_lossy(&bytes) } }),
    };
    if refusal["error"]["message"] == "" {
        refusal["error"]["message"] = match parts.status {
            StatusCode::METHOD_NOT_ALLOWED => {
                let allowed = parts.headers.get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or("other methods");
                format!("{asked} is nothing that can be asked for; this address takes {allowed}").into()
            }
            status => status.canonical_reason().unwrap_or("refused").into(),
        };
    }
    let new = match for_people {
        false => Json(&refusal).into_response(),
        true => page(refusal["error"]["message"].as_str().unwrap_or_default()).into_response(),
    };
    let (new_parts, new_body) = new.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let content_type = new_parts.headers.get(CONTENT_TYPE).cloned();
    parts.headers.insert(CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/json")));
    Response::from_parts(parts, Body::new(new_body))
}

/// A page that says why there is none.
fn page(message: &str) -> axum::response::Html<String> {
    let mut sentence = message.to_owned();
    if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
        sentence.replace_range(..1, &first);
    }
    let content = format!(
        "<header class=\"title\"><h1>Not here</h1></header>\n<main id=\"room\"><p class=\"lead\">{}.</p></main>",
        frame::escaped(sentence.trim_end_matches('.'))
    );
    frame::bare_page("Not here", &content)
}
