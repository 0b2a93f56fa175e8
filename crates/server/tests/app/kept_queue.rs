//! The queue outlives the app: what was not done is offered by the next one on the same runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use longhand_data::strokes;
use longhand_server::Offline;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::running::App;

fn file(app: &App) -> PathBuf {
    app.folder().join("runs/.queue/queue.json")
}

fn on_disk(app: &App) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&fs::read(file(app)).unwrap()).unwrap();
    file["runs"].as_array().unwrap().clone()
}

fn left(app: &App) -> Value {
    app.get("/api/state").json()["queue"]["left"].take()
}

#[test]
fn what_was_not_done_is_offered_and_goes_on_in_its_order() {
    let app = App::start();
    assert!(!app.folder().join("runs").exists(), "nothing is made before there is something to keep");
    let long = app.train(json!({ "epochs": 2000 }));
    app.train(json!({ "seed": 2 }));
    let out = app.train(json!({ "seed": 3 }));
    app.train(json!({ "seed": 4, "optimiser.type": "adamw" }));
    app.post(&format!("/api/jobs/{}/stop", out["id"].as_str().unwrap()), json!({}));
    app.until("an epoch is done", |app| app.job(&long["id"])["epochs_done"].as_u64() >= Some(1));
    // What a program that is killed now leaves.
    let killed = on_disk(&app);
    let run = app.job(&long["id"])["run"].clone();
    assert_eq!(killed[0]["request"], json!({ "resume": { "run": run } }));
    assert_eq!(killed.iter().map(|kept| kept["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 2, 4]);
    let before = on_disk(&app);

    let (folder, waiting) = app.end();
    assert!(waiting.kept && waiting.commands.len() == 2, "{waiting:?}");
    let app = App::start_again(folder);
    assert_eq!(on_disk(&app), before, "the app's end leaves what a kill leaves");
    let shown = left(&app);
    assert_eq!(shown["runs"].as_array().unwrap().len(), 3, "{shown}");
    assert_eq!(shown["runs"][0], json!({ "recipe": "seed", "seed": 0, "epochs": 2000, "resumed": true }));
    assert_eq!(app.get("/api/state").json()["queue"]["running"], Value::Null, "nothing begins unasked");

    // What is new does not put out what was left.
    let new = app.train(json!({ "seed": 5 }));
    app.until_status(&new["id"], "finished");
    app.until("the new one is off the disk", |app| on_disk(app) == before);

    assert_eq!(app.post("/api/queue/left/add", json!({})).json(), json!({ "added": 3, "refused": [] }));
    assert_eq!(left(&app), json!({ "runs": [], "fault": null }));
    let queue = app.get("/api/state").json()["queue"].take();
    let seeds: Vec<u64> =
        queue["waiting"].as_array().unwrap().iter().map(|job| job["seed"].as_u64().unwrap()).collect();
    assert!(seeds.ends_with(&[2, 4]), "{queue}");
    app.until("the first goes on", |app| app.get("/api/state").json()["queue"]["running"]["resumed"] == true);
    let running = app.get("/api/state").json()["queue"]["running"].take();
    assert_eq!(running["run"], run);
    // A person stops it: it is not offered again, and those behind it come.
    app.post(&format!("/api/jobs/{}/stop", running["id"].as_str().unwrap()), json!({}));
    app.until("all is done", |app| {
        let queue = app.get("/api/state").json()["queue"].take();
        queue["running"].is_null() && queue["waiting"] == json!([])
    });
    app.until("nothing is left on disk", |app| on_disk(app).is_empty());
    let ended = app.get("/api/state").json()["queue"]["ended"].take();
    assert_eq!((&ended[0]["seed"], &ended[0]["status"]), (&json!(4), &json!("finished")), "{ended}");
}

#[test]
fn what_was_left_can_be_forgotten_and_what_cannot_go_on_says_why() {
    let app = App::start();
    let first = app.train(json!({ "epochs": 2000 }));
    app.train(json!({ "seed": 2 }));
    app.until("an epoch is done", |app| app.job(&first["id"])["epochs_done"].as_u64() >= Some(1));
    let run = app.runs().remove(0);
    let (folder, _) = app.end();
    fs::remove_dir_all(run).unwrap();
    let app = App::start_again(folder);
    let outcome = app.post("/api/queue/left/add", json!({})).json();
    assert_eq!(outcome["added"], 1);
    assert!(outcome["refused"][0]["message"].as_str().unwrap().contains("no such run"), "{outcome}");
    assert_eq!(left(&app)["runs"].as_array().unwrap().len(), 1, "still there");
    assert_eq!(app.post("/api/queue/left/forget", json!({})).status, 200);
    assert_eq!(left(&app)["runs"], json!([]));
    app.until("all is done", |app| on_disk(app).is_empty());
}

#[test]
fn one_app_keeps_the_queue_of_a_folder() {
    let app = App::start();
    app.train(json!({ "epochs": 2000 }));
    app.train(json!({ "seed": 2 }));
    app.until("the first has its run", |app| on_disk(app)[0]["request"]["resume"].is_object());
    let before = on_disk(&app);
    let other = App::start_again(app.shared_folder());
    assert_eq!(left(&other), json!({ "runs": [], "fault": null }), "what another app still does is not left");
    let long = other.train(json!({ "epochs": 2000, "seed": 7 }));
    other.until_status(&long["id"], "running");
    other.train(json!({ "seed": 8 }));
    assert_eq!(on_disk(&app), before);
    let (_, waiting) = other.end();
    assert!(!waiting.kept && waiting.commands.len() == 1, "{waiting:?}");
}

/// An app that trains nothing, to which another one left runs of these seeds and, before them, one that is not there any more.
fn left_behind(folder: &Path, seeds: std::ops::Range<u64>) -> Offline {
    let new = |seed| {
        json!({ "recipe": "seed", "seed": seed, "epochs": 20, "request": { "new": {
            "recipe": "seed", "changes": { "seed": seed }, "judged_on": "test" } } })
    };
    let mut runs =
        vec![json!({ "recipe": "seed", "seed": 99, "epochs": 20, "request": { "resume": { "run": "gone" } } })];
    runs.extend(seeds.map(new));
    fs::create_dir(folder.join(".queue")).unwrap();
    fs::write(folder.join(".queue/queue.json"), json!({ "format": 1, "runs": runs }).to_string()).unwrap();
    Offline::new(folder, strokes::generate(1, 60, 20))
}

fn kept_seeds(folder: &Path) -> Vec<u64> {
    let file: Value = serde_json::from_slice(&fs::read(folder.join(".queue/queue.json")).unwrap()).unwrap();
    let mut seeds: Vec<u64> =
        file["runs"].as_array().unwrap().iter().map(|run| run["seed"].as_u64().unwrap()).collect();
    seeds.sort_unstable();
    seeds
}

fn settle(app: &Offline, how: &str) -> Value {
    let path = format!("/api/queue/left/{how}");
    let answer = app.ask("POST", &path, &[("content-type", "application/json")], b"{}").unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn while_runs_are_queued_again_each_is_on_disk_all_the_time_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = left_behind(folder.path(), 0..20);
    let all: Vec<u64> = (0..20).chain([99]).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watched = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(kept_seeds(folder.path()), all, "what a program killed now leaves");
            }
        });
        let outcome = settle(&app, "add");
        is_over.store(true, Ordering::Relaxed);
        watched.join().unwrap();
        assert_eq!((&outcome["added"], outcome["refused"].as_array().unwrap().len()), (&json!(20), 1), "{outcome}");
    });
    assert_eq!(kept_seeds(folder.path()), all, "the refused one stays left");
}

#[test]
fn of_several_pages_that_queue_them_again_at_once_each_run_goes_to_one() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let app = left_behind(folder.path(), 0..6);
        let added: u64 = thread::scope(|scope| {
            let pages: Vec<_> = (0..4).map(|_| scope.spawn(|| settle(&app, "add"))).collect();
            pages.into_iter().map(|page| page.join().unwrap()["added"].as_u64().unwrap()).sum()
        });
        assert_eq!(added, 6);
        assert_eq!(kept_seeds(folder.path()), [0, 1, 2, 3, 4, 5, 99], "no page wipes what another one was refused");
        settle(&app, "forget");
        assert_eq!(kept_seeds(folder.path()), [0, 1, 2, 3, 4, 5]);
    }
}

#[test]
fn what_is_forgotten_while_it_is_queued_again_stays_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let app = left_behind(folder.path(), 0..20);
    let queue = || {
        let state: Value = serde_json::from_slice(&app.ask("GET", "/api/state", &[], b"").unwrap().body).unwrap();
        state["queue"].clone()
    };
    thread::scope(|scope| {
        scope.spawn(|| settle(&app, "add"));
        while queue()["waiting"] == json!([]) {
            thread::yield_now();
        }
        settle(&app, "forget");
    });
    assert_eq!(queue()["left"]["runs"], json!([]), "the one that was refused meanwhile is not left again");
    assert_eq!(kept_seeds(folder.path()), (0..20).collect::<Vec<_>>());
}

#[test]
fn a_file_that_cannot_be_read_is_said_and_left_as_it_is() {
    let app = App::start();
    let (folder, _) = app.end();
    let kept = folder.path().join("runs/.queue/queue.json");
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    for (text, why) in [
        ("{\"format\": 1, \"runs\": [", "EOF"),
        ("{\"format\": 2, \"runs\": []}", "its format is 2"),
        (&" ".repeat(5 << 20), "larger than 4 MB"),
    ] {
        fs::write(&kept, text).unwrap();
        let app = App::start_again(folder.clone());
        let fault = left(&app)["fault"].as_str().unwrap().to_owned();
        assert!(fault.contains("queue.json cannot be read") && fault.contains(why), "{fault}");
        let job = app.train(json!({ "epochs": 1 }));
        app.until_status(&job["id"], "finished");
        assert_eq!(fs::read_to_string(&kept).unwrap(), text);
    }
    // What is no file would be waited for without end.
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    let app = App::start_again(folder);
    assert!(left(&app)["fault"].as_str().unwrap().contains("no regular file"), "{}", left(&app));
}

const KEPT: &str = r#"{"format":1,"runs":[
{"recipe":"seed","seed":0,"epochs":20,"request":{"new":{"recipe":"seed","changes":{"epochs":1,"batch_size":"64"},"judged_on":"test"}}},
{"recipe":"seed","seed":0,"epochs":20,"request":{"resume":{"run":"0123456789abcdef"}}}]}"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is written into the file, the app begins, says what is left or why it cannot, and adds or refuses it.
    #[test]
    fn any_file_is_offered_or_refused_with_a_reason(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, "[\\x00-\\x7f]{0,4}"), 0..4)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut text = KEPT.to_owned();
        for (index, over, with) in edits {
            let from = index.index(text.len() + 1);
            let to = (from + over).min(text.len());
            text.replace_range(from..to, &with);
        }
        fs::create_dir(folder.path().join(".queue")).unwrap();
        fs::write(folder.path().join(".queue/queue.json"), &text).unwrap();
        let app = Offline::new(folder.path(), strokes::generate(1, 60, 20));
        let ask = |method, path| app.ask(method, path, &[("content-type", "application/json")], b"{}").unwrap();
        let state: Value = serde_json::from_slice(&ask("GET", "/api/state").body).unwrap();
        let left = &state["queue"]["left"];
        let runs = left["runs"].as_array().unwrap().len();
        prop_assert!(runs == 0 || left["fault"].is_null(), "{left}");
        let outcome = ask("POST", "/api/queue/left/add");
        prop_assert_eq!(outcome.status, 200);
        let outcome: Value = serde_json::from_slice(&outcome.body).unwrap();
        let refused = outcome["refused"].as_array().unwrap();
        prop_assert_eq!(outcome["added"].as_u64().unwrap() as usize + refused.len(), runs);
        for run in refused {
            prop_assert!(run["message"].as_str().is_some_and(|message| message.len() > 10), "{run}");
        }
    }
}
