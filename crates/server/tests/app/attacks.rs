//! What others may try.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::json;

use crate::running::{App, small};

/// What stands in files that nobody may read.
const MARK: &str = "0f4b6c1e-nobody-reads-this";
const WORKBOOK: &str = "application/octet-stream";

#[test]
fn a_name_elsewhere_that_leads_here_is_not_answered_to() {
    let app = App::start();
    for host in ["evil.example", "evil.example:80", &format!("localhost.evil.example:{}", 80), "", "192.168.0.7"] {
        let answer = app.request("GET", "/api/state", &[("host", host)], None);
        assert_eq!(answer.status, 421, "{host}: {}", answer.text());
    }
    let port = app.host().rsplit(':').next().unwrap().to_owned();
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(app.request("GET", "/api/state", &[("host", &host)], None).status, 200, "{host}");
    }
    let no_host = app.raw(b"GET /api/state HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert!(no_host.status == 421 || no_host.status == 400, "{}", no_host.status);
}

#[test]
fn a_page_elsewhere_can_neither_post_nor_read() {
    let app = App::start();
    let body = small(json!({})).to_string();
    let own = format!("http://{}", app.host());
    let post = |headers: &[(&str, &str)]| app.request("POST", "/api/queue", headers, Some(body.as_bytes())).status;
    let kind = ("content-type", "application/json");
    assert_eq!(post(&[kind, ("origin", "http://evil.example")]), 403);
    assert_eq!(post(&[kind, ("origin", "null")]), 403);
    assert_eq!(post(&[kind, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]), 403);
    // A form elsewhere can send text, and no JSON.
    assert_eq!(post(&[("content-type", "text/plain")]), 415);
    assert_eq!(post(&[]), 415);
    let read = app.request("GET", "/api/runs", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], None);
    assert_eq!(read.status, 403);
    assert_eq!(app.get("/api/state").json()["queue"]["waiting"], json!([]));
    assert_eq!(post(&[kind, ("origin", &own), ("sec-fetch-site", "same-origin")]), 201);
}

#[test]
fn pages_are_closed_to_everything_outside() {
    let app = App::start();
    for path in ["/by-hand", "/train", "/runs", "/draw", "/api/state", "/assets/house.css", "/nothing"] {
        let answer = app.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    assert_eq!(app.get("/api/state").header("cache-control"), "no-store");
}

#[test]
fn with_a_host_the_token_is_asked_for() {
    let app = App::start_with(Some("127.0.0.1"), std::sync::Arc::new(tempfile::tempdir().unwrap()));
    let token = app.address.split("?token=").nth(1).expect("the address has it").to_owned();
    assert_eq!(token.len(), 32);
    for path in ["/", "/by-hand", "/api/state", "/assets/house.css", "/api/events", "/?token=", "/?token=0"] {
        assert_eq!(app.get(path).status, 403, "{path}");
    }
    let almost = format!("/?token={}0", &token[..31]);
    assert!(almost.ends_with(&token) || app.get(&almost).status == 403);
    let shown = app.get(&format!("/train?token={token}&a=1"));
    assert_eq!((shown.status, shown.header("location")), (303, "/train?a=1"));
    let cookie = shown.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(app.request("GET", "/api/state", &[("cookie", &cookie)], None).status, 200);
    let bearer = format!("Bearer {token}");
    assert_eq!(app.request("GET", "/api/state", &[("authorization", &bearer)], None).status, 200);
    // The token opens no door to pages elsewhere.
    let foreign = [("cookie", cookie.as_str()), ("origin", "http://evil.example")];
    assert_eq!(app.request("POST", "/api/queue/resume", &foreign, Some(b"{}")).status, 403);
    assert_eq!(app.request("POST", &format!("/api/queue/resume?token={token}"), &[], Some(b"{}")).status, 403);
}

#[test]
fn no_request_reaches_the_file_system() {
    let app = App::start();
    std::fs::write(app.folder().join("secret"), MARK).unwrap();
    for path in [
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets//etc/passwd",
        "/assets/app/frame.html",
        "/assets/fonts/make_fonts.sh",
        "/runs/../../secret/report",
        "/runs/..%2f..%2fsecret/report",
        "/runs/%2fetc/files/run.json",
        "/runs/x/files/..%2f..%2fsecret",
        "/by-hand/..%2fsecret",
        "/by-hand/audits/..%2f1",
        "/api/models/..%2f..%2fsecret/images/0",
        "/api/jobs/..%2f1/curves",
        "/%00",
    ] {
        let answer = app.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("[workspace]") && !answer.text().contains(MARK), "{path}");
    }
}

#[test]
fn a_run_folder_cannot_lead_elsewhere() {
    let app = App::start();
    let job = app.train(json!({ "epochs": 1 }));
    let job = app.until_status(&job["id"], "finished");
    let folder = app.runs().remove(0);
    let report = format!("/runs/{}/report", job["run"].as_str().unwrap());
    let page = app.get(&report);
    assert_eq!(page.status, 200);
    // Whatever a report holds, it can run nothing.
    assert!(page.header("content-security-policy").starts_with("sandbox"), "{:?}", page.headers);
    assert!(!page.header("content-security-policy").contains("script-src"));
    #[cfg(unix)]
    {
        std::fs::write(app.folder().join("secret"), MARK).unwrap();
        std::fs::remove_file(folder.join("report.html")).unwrap();
        std::os::unix::fs::symlink(app.folder().join("secret"), folder.join("report.html")).unwrap();
        let answer = app.get(&report);
        assert!(answer.status == 422 && !answer.text().contains(MARK), "{} {}", answer.status, answer.text());
    }
}

#[test]
fn what_is_sent_is_bounded() {
    let app = App::start();
    let megabytes = |n: usize| vec![b' '; n << 20];
    assert_eq!(app.post_bytes("/api/queue", "application/json", &megabytes(1)).status, 413);
    assert_eq!(app.post_bytes("/api/plan", "application/json", &megabytes(1)).status, 413);
    assert_eq!(app.post_bytes("/api/audits?name=x", WORKBOOK, &megabytes(17)).status, 413);
    assert_eq!(app.post_bytes("/api/models/built-in/look", "image/png", &megabytes(9)).status, 413);
    let long = format!("/by-hand?weights={}", "1,".repeat(300_000));
    let answer = app.get(&long);
    assert!(matches!(answer.status, 400 | 414 | 431), "{}", answer.status);
    // JSON as deep as it goes, unknown fields, other types.
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for body in [deep.as_str(), "{\"recipe\":\"default\",\"x\":1}", "[]", "null", "{\"recipe\":7}", "{", ""] {
        let answer = app.post_bytes("/api/queue", "application/json", body.as_bytes());
        assert!(matches!(answer.status, 400 | 422), "{} {}", answer.status, &body[..body.len().min(40)]);
    }
    assert_eq!(app.get("/api/state").status, 200);
}

#[test]
fn a_hostile_workbook_or_picture_is_refused_in_a_sentence() {
    let app = App::start();
    let half = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/model/under10k.safetensors")).unwrap();
    for bytes in [&b""[..], b"PK\x03\x04", b"w1,w2\n1,2\n", &half, &[0; 1000]] {
        let audit = app.post_bytes("/api/audits?name=%3Cscript%3E.xlsx", WORKBOOK, bytes);
        assert_eq!(audit.status, 422, "{}", audit.text());
        assert!(audit.refusal().len() > 20);
        let look = app.post_bytes("/api/models/built-in/look", "image/png", bytes);
        assert_eq!(look.status, 422, "{}", look.text());
        assert!(look.refusal().len() > 20);
    }
    // A header that promises more pixels than memory has.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bomb.extend_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 6, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(app.post_bytes("/api/models/built-in/look", "image/png", &bomb).status, 422);
}

#[test]
fn more_runs_than_may_wait_and_more_than_can_be_trained_are_refused() {
    let app = App::start();
    let waiting = |app: &App| app.get("/api/state").json()["queue"]["waiting"].as_array().unwrap().len();
    let mut refused = None;
    for _ in 0..40 {
        let answer = app.post("/api/queue", small(json!({ "epochs": 1000 })));
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("not forty of them");
    assert_eq!(refused.status, 429);
    assert!(refused.refusal().contains("wait already"), "{}", refused.refusal());
    assert_eq!(waiting(&app), 32);
    let wide =
        "{ type = \"linear\", features = 60000 }\n{ type = \"linear\", features = 10 }\n{ type = \"log_softmax\" }";
    for changes in [json!({ "network.layers": wide }), json!({ "epochs": 10_001 }), json!({ "batch_size": 9000 })] {
        let answer = app.post("/api/queue", small(changes));
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
}

#[test]
fn streams_and_slow_connections_do_not_shut_others_out() {
    let app = App::start();
    let mut streams = Vec::new();
    for _ in 0..80 {
        let mut stream = app.connect();
        write!(stream, "GET /api/events HTTP/1.1\r\nhost: {}\r\n\r\n", app.host()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        streams.push((stream, String::from_utf8_lossy(&first[9..]).into_owned()));
    }
    let count = |status: &str| streams.iter().filter(|(_, found)| found == status).count();
    assert_eq!((count("200"), count("429")), (64, 16));
    // Half a request, and nothing more, from more than there is room for: they are cut off, and others are answered.
    let mut slow: Vec<_> = (0..300).map(|_| app.connect()).collect();
    for connection in &mut slow {
        connection.write_all(b"GET /api/state HTTP/1.1\r\nhost:").unwrap();
    }
    assert_eq!(app.get("/api/state").status, 200);
    drop(streams);
    std::thread::sleep(Duration::from_millis(100));
    app.until("a place is free again", |app| {
        let mut stream = app.connect();
        write!(stream, "GET /api/events HTTP/1.1\r\nhost: {}\r\n\r\n", app.host()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).is_ok() && &first[9..] == b"200"
    });
}
