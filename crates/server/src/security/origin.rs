//! Requests that change something come from the app's own pages.
//!
//! A page elsewhere can make the person's browser post to this computer without their knowing. Browsers say in `Origin`
//! and `Sec-Fetch-Site` which page asks; programs that are no browsers say neither, and are the person's own.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};

use crate::failure::Failure;

/// Refuses what a page elsewhere asks for.
pub(crate) fn check(request: &Request) -> Result<(), Failure> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_safe = request.method().is_safe();
    let refused = || Failure::forbidden("a page elsewhere asked for this, and only the app's own pages may");
    if let Some(origin) = header(ORIGIN.as_str()) {
        // Pages of the app name it as the address they were opened at.
        let own = header(HOST.as_str()).map(|host| format!("http://{host}"));
        if own.as_deref().is_none_or(|own| !own.eq_ignore_ascii_case(origin)) {
            return Err(refused());
        }
    }
    match header("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        // Following a link to a page of the app from elsewhere changes nothing; frames in pages elsewhere are no links.
        Some(_)
            if is_safe
                && header("sec-fetch-mode") == Some("navigate")
                && header("sec-fetch-dest") == Some("document") =>
        {
            Ok(())
        }
        Some(_) => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asked(method: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method(method).uri("/api/queue").header(HOST, "localhost:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn own_pages_and_programs_may_ask() {
        assert!(check(&asked("POST", &[])).is_ok());
        assert!(
            check(&asked("POST", &[("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")])).is_ok()
        );
        assert!(check(&asked("GET", &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")])).is_ok());
        assert!(
            check(&asked(
                "GET",
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
            ))
            .is_ok()
        );
    }

    #[test]
    fn pages_elsewhere_may_not() {
        for origin in
            ["http://evil.example", "null", "http://localhost:9999", "https://localhost:8080", "http://localhost"]
        {
            assert!(check(&asked("POST", &[("origin", origin)])).is_err(), "{origin}");
            assert!(check(&asked("GET", &[("origin", origin)])).is_err(), "{origin}");
        }
        assert!(check(&asked("POST", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")])).is_err());
        let frame = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        assert!(check(&asked("GET", &frame)).is_err());
        assert!(check(&asked("GET", &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")])).is_err());
    }
}
