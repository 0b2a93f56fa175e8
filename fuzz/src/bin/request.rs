//! A request to the web app: its method and address on the first line, its body behind it. Whatever it is, the answer is no fault
//! of the app's, is closed to everything outside, and a refusal says in a sentence why.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use longhand_data::strokes;
use longhand_server::Offline;

static APP: LazyLock<Offline> = LazyLock::new(|| {
    let runs = std::env::temp_dir().join(format!("longhand-fuzz-{}", std::process::id()));
    Offline::new(&runs, strokes::generate(1, 60, 20))
});

fuzz_target!(|data: &[u8]| {
    let line = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let Ok(first) = std::str::from_utf8(&data[..line]) else { return };
    let Some((method, address)) = first.split_once(' ') else { return };
    let body = data.get(line + 1..).unwrap_or_default();
    let kind = if body.starts_with(b"{") { "application/json" } else { "application/octet-stream" };
    let Some(answer) = APP.ask(method, address, &[("content-type", kind)], body) else { return };
    assert!(answer.status < 500, "{method} {address}: {}", String::from_utf8_lossy(&answer.body));
    let policy = answer.policy.expect("every answer has a policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    if answer.status >= 400 && method != "HEAD" {
        let refusal: serde_json::Value = serde_json::from_slice(&answer.body).expect("a refusal is JSON");
        assert!(!refusal["error"]["message"].as_str().expect("and says why").is_empty());
    }
});
