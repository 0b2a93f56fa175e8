//! The static files of the pages, embedded in the program; a build for development reads them from the disk.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::failure::Failure;

#[derive(RustEmbed)]
#[folder = "../../web"]
#[include = "house.css"]
#[include = "app/**"]
#[include = "report/report.css"]
#[include = "worksheet/*"]
#[include = "fonts/*.woff2"]
struct Web;

/// The names that are served. What a request names is looked up here, never on the disk.
static SERVED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let served = |name: &str| !name.ends_with(".html");
    Web::iter().map(|name| name.into_owned()).filter(|name| served(name)).collect()
});

/// The text of a file that is part of a page.
///
/// # Panics
/// When there is no such file: pages name files that are there.
pub(crate) fn text(name: &str) -> String {
    let file = Web::get(name).unwrap_or_else(|| panic!("web/{name} is embedded"));
    String::from_utf8(file.data.into_owned()).expect("pages are UTF-8")
}

/// `GET /assets/{*name}`.
pub(crate) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let file = SERVED.get(&name).and_then(|name| Web::get(name));
    let file = file.ok_or_else(|| Failure::not_found(format!("there is no file {name}")))?;
    let hash: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hash}\"");
    // The browser keeps the file and asks each time whether it is still the same: a new version of the program is seen at
    // once, and the answer is a few bytes.
    let kept = headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes());
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if kept {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Ok((about, [(header::CONTENT_TYPE, content_type(&name))], file.data.into_owned()).into_response())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pages_own_files_are_served() {
        for name in ["house.css", "app/app.css", "worksheet/main.js", "fonts/page-regular.woff2"] {
            assert!(SERVED.contains(name), "{name}");
        }
        for name in ["app/frame.html", "../Cargo.toml", "fonts/make_fonts.sh", "/etc/passwd", ""] {
            assert!(!SERVED.contains(name), "{name}");
        }
    }
}
