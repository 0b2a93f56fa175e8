//! The worksheet page as a file: self-contained, small enough to mail, closed to everything outside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use longhand_derivation::worksheet::Worksheet;
use longhand_report::worksheet_page;
use sha2::{Digest, Sha256};

fn page(description: &str) -> String {
    worksheet_page(&Worksheet::work_out(toml::from_str(description).unwrap()).unwrap())
}

/// What stands between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[test]
fn the_exercise_fits_into_a_mail() {
    let page = page("");
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert_eq!(page, self::page(""), "the same worksheet gives the same bytes");
}

#[test]
fn nothing_is_fetched() {
    let page = page("");
    // The only address is the name of the SVG vocabulary.
    let addresses: Vec<&str> = page.match_indices("://").map(|(at, _)| &page[at - 5..at + 20]).collect();
    assert!(addresses.iter().all(|address| address.contains("http://www.w3.org/")), "{addresses:?}");
    for tag in ["<link", "<img", "<iframe", " src=", "@import", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!page.contains(tag), "{tag}");
    }
}

#[test]
fn the_policy_allows_exactly_this_script_and_this_style() {
    let page = page("");
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text.as_bytes())));
    assert!(policy.contains(&format!("style-src {};", hash(between(&page, "<style>", "</style>")))), "{policy}");
    let script = between(&page, "<script type=\"module\">", "</script>");
    assert!(policy.contains(&format!("script-src {};", hash(script))), "{policy}");
}

#[test]
fn the_data_are_json_that_cannot_end_their_script() {
    let page = page("layers = [2, 3, 3, 1]");
    let data = between(&page, "id=\"worksheet-data\">", "</script>");
    assert!(!data.contains('<'));
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["shape"], "2-3-3-1");
    // Each factor stands once, however many paths pass it.
    let factors = data["factors"].as_array().unwrap();
    let mut ends: Vec<_> = factors.iter().map(|factor| (factor["upper"].as_u64(), factor["lower"].as_u64())).collect();
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), factors.len());
    // No formula is told in full where it can be told shortly.
    assert!(!data.to_string().contains("data-node"));
}
