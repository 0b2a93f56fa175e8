//! The first room.

use crate::running::{App, workbooks};

#[test]
fn the_worksheet_is_of_the_network_asked_for_and_says_what_cannot_be() {
    let app = App::start();
    let page = app.get("/by-hand?layers=3-4-2&activation=tanh&biases=per_layer&rows=20").text();
    assert!(page.contains("id=\"worksheet-data\"") && page.contains("\"layers\":[3,4,2]"), "{}", &page[..2000]);
    assert!(!page.contains("role=\"alert\""));
    let page = app.get("/by-hand?layers=%3Cb%3E").text();
    assert!(page.contains("role=\"alert\"") && page.contains("`&lt;b&gt;` is no layer size"), "{}", &page[..3000]);
    assert!(page.contains("\"layers\":[2,2,2]"), "the usual network is shown below");
}

#[test]
fn documents_are_of_the_same_network_and_numbers() {
    let app = App::start();
    for (file, begins) in [
        ("worksheet.xlsx", &b"PK"[..]),
        ("worksheet.html", b"<!doctype html>"),
        ("derivation.tex", b"\\documentclass"),
        ("derivation.md", b"# Back-propagation by hand: a 2-3-1 network"),
        ("curves.svg", b"<svg"),
        ("curves.png", b"\x89PNG"),
    ] {
        let answer = app.get(&format!("/by-hand/{file}?layers=2-3-1&rows=5"));
        assert_eq!(answer.status, 200, "{file}: {}", answer.text());
        assert!(answer.body.starts_with(begins), "{file}: {}", &answer.text()[..60.min(answer.text().len())]);
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{file}\""));
    }
    let table = app.get("/by-hand/table.csv?inputs=1,0&rows=3&learning_rates=.5").text();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert_eq!(app.get("/by-hand/table.csv?inputs=1").status, 422);
    assert_eq!(app.get("/by-hand/nothing.doc").status, 404);
}

#[test]
fn a_workbook_is_audited_and_its_corrected_copy_audits_clean() {
    let Some(books) = workbooks() else { return };
    let app = App::start();
    let audit = |bytes: &[u8], name: &str| {
        app.post_bytes(&format!("/api/audits?name={name}"), "application/octet-stream", bytes)
    };
    let clean = audit(&std::fs::read(books.join("clean.xlsx")).unwrap(), "clean.xlsx").json();
    assert_eq!((clean["verdict"].as_str(), clean["slips"].as_array().unwrap().len()), (Some("clean"), 0));
    assert!(clean["corrected"].is_null());
    let wrong = audit(&std::fs::read(books.join("wrong-update.xlsx")).unwrap(), "my%20book.xlsx").json();
    assert_eq!((wrong["verdict"].as_str(), wrong["file"].as_str()), (Some("slips"), Some("my book.xlsx")));
    assert_eq!(wrong["slips"].as_array().unwrap().len(), 2);
    let page = app.get(wrong["page"].as_str().unwrap());
    assert!(page.text().contains("<table") && page.header("content-security-policy").starts_with("sandbox"));
    let corrected = app.get(wrong["corrected"].as_str().unwrap());
    assert_eq!(corrected.header("content-disposition"), "attachment; filename=\"my-book-corrected.xlsx\"");
    assert_eq!(audit(&corrected.body, "corrected.xlsx").json()["verdict"], "clean");
}
