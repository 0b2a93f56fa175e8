//! Requests with anything at all written into them, without a connection: what they come to is the app's own doing.

use std::sync::LazyLock;

use longhand_data::strokes;
use longhand_server::Offline;
use proptest::prelude::*;
use serde_json::Value;

static APP: LazyLock<Offline> = LazyLock::new(|| {
    // A folder of its own in which an earlier run of this test left no queue.
    let runs = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
    Offline::new(&runs, strokes::generate(1, 60, 20))
});

/// What pages ask for: method and address, and the body.
const ASKED: [(&str, &str); 21] = [
    ("GET /", ""),
    ("GET /by-hand?layers=2-3-1&activation=tanh&biases=per_layer&bias_values=.1,.2&learning_rates=.5&rows=4", ""),
    ("GET /by-hand/table.csv?sample=0,1:1&sample=1,0:0&layers=2-2-1&rows=3", ""),
    ("GET /by-hand/worksheet.xlsx?rows=3", ""),
    ("POST /api/audits?name=mine.xlsx", "PK\u{3}\u{4}"),
    ("GET /train", ""),
    (
        "POST /api/plan",
        r#"{"recipe":"seed","changes":{"epochs":"3","optimiser.type":"adamw"},"judged_on":"validation"}"#,
    ),
    ("POST /api/queue", r#"{"recipe":"seed","changes":{"epochs":1,"batch_size":64}}"#),
    ("POST /api/queue/resume", r#"{"run":"0123456789abcdef"}"#),
    ("POST /api/queue/left/add", "{}"),
    ("POST /api/queue/left/forget", "{}"),
    ("POST /api/jobs/1-1/stop", "{}"),
    ("POST /api/models/built-in/look", "0000000000000000"),
    ("GET /api/models/built-in/mistakes?from=3", ""),
    ("GET /api/compare?ids=0123,4567", ""),
    ("GET /api/events?job=1-1&after=3", ""),
    ("GET /runs?group=seed", ""),
    ("GET /api/leaderboard?ids=0123,4567", ""),
    ("GET /runs/0123456789abcdef/files/run.json", ""),
    ("GET /api/models/built-in/images/3", ""),
    ("GET /assets/app/app.css", ""),
];

fn texts() -> Vec<&'static str> {
    vec![
        "",
        " ",
        "/",
        "//",
        "..",
        "%2e%2e",
        "%00",
        "%",
        "?",
        "&",
        "=",
        "#",
        ",",
        "-",
        "9",
        "0",
        ".",
        "1e999",
        "nan",
        "é",
        "\u{0}",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ":",
        "null",
        "true",
        "-1",
        "18446744073709551616",
        "layers=999-999-999",
        "\\ud800",
        "\r\nhost: elsewhere",
    ]
}

fn write(text: &mut String, index: prop::sample::Index, over: usize, with: &str) {
    let place = |text: &str, at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
    let from = place(text, index.index(text.len() + 1));
    let to = place(text, from + over).max(from);
    text.replace_range(from..to, with);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// No answer is a fault of the app's, every one is closed to everything outside, and a refusal says why in a sentence.
    #[test]
    fn is_answered_or_refused_with_a_reason(
        asked in prop::sample::select(ASKED.to_vec()),
        of_the_address in prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, prop::sample::select(texts())), 0..3),
        of_the_body in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, prop::sample::select(texts())), 0..4),
    ) {
        let (mut line, mut body) = (asked.0.to_owned(), asked.1.to_owned());
        for (index, over, with) in of_the_address {
            write(&mut line, index, over, with);
        }
        for (index, over, with) in of_the_body {
            write(&mut body, index, over, with);
        }
        let Some((method, address)) = line.split_once(' ') else { return Ok(()) };
        let kind = if body.starts_with('{') { "application/json" } else { "application/octet-stream" };
        // What is no address never comes as far as the app.
        let Some(answer) = APP.ask(method, address, &[("content-type", kind)], body.as_bytes()) else { return Ok(()) };
        prop_assert!(answer.status < 500, "{}: {}", line, String::from_utf8_lossy(&answer.body));
        prop_assert!(answer.policy.is_some_and(|policy| policy.contains("default-src 'none'")), "{}", line);
        if answer.status >= 400 && method != "HEAD" {
            let refusal: Value = serde_json::from_slice(&answer.body).expect("a refusal is JSON");
            prop_assert!(refusal["error"]["message"].as_str().is_some_and(|message| message.len() > 10), "{refusal}");
        }
    }
}

#[test]
fn unchanged_most_are_answered() {
    let answered = |(line, body): &(&str, &str)| {
        let (method, address) = line.split_once(' ').unwrap();
        let kind = if body.starts_with('{') { "application/json" } else { "application/octet-stream" };
        APP.ask(method, address, &[("content-type", kind)], body.as_bytes()).unwrap().status
    };
    let statuses: Vec<(&str, u16)> = ASKED.iter().map(|asked| (asked.0, answered(asked))).collect();
    assert!(2 * statuses.iter().filter(|(_, status)| *status < 400).count() > ASKED.len(), "{statuses:?}");
}
