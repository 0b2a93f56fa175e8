//! The second room: what is queued is trained, kept, and told of.

use std::io::{BufRead, BufReader, Write};

use longhand_training::StoredRun;
use serde_json::{Value, json};

use crate::running::{App, small};

/// The events of a stream, up to and with the one of that kind: number, kind, data.
fn events(app: &App, path: &str, headers: &str, last: &str) -> Vec<(Option<u64>, String, Value)> {
    let mut connection = app.connect();
    write!(connection, "GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", app.host()).unwrap();
    let mut found = Vec::new();
    let (mut id, mut kind) = (None, String::new());
    for line in BufReader::new(connection).lines() {
        let line = line.unwrap();
        if let Some(value) = line.strip_prefix("id: ") {
            id = Some(value.parse().unwrap());
        } else if let Some(value) = line.strip_prefix("event: ") {
            kind = value.to_owned();
        } else if let Some(data) = line.strip_prefix("data: ") {
            found.push((None, kind.clone(), serde_json::from_str(data).unwrap()));
        } else if line.is_empty() {
            if let Some(event) = found.last_mut().filter(|_| !kind.is_empty()) {
                event.0 = id.take();
            }
            if kind == last {
                return found;
            }
            kind.clear();
        }
    }
    panic!("the stream ended before {last}: {found:?}");
}

#[test]
fn a_recipe_is_planned_before_anything_is_trained() {
    let app = App::start();
    let recipes = app.get("/api/recipes").json();
    assert_eq!(recipes[0]["name"], "default");
    let plan = app.post("/api/plan", json!({ "recipe": "seed", "changes": {} })).json();
    assert_eq!((plan["parameters"].as_u64(), plan["receptive_field"].as_u64()), (Some(18_800), Some(24)));
    assert_eq!((plan["train_images"].as_u64(), plan["steps_per_epoch"].as_u64()), (Some(600), Some(5)));
    let runs = app.folder().join("runs");
    // What the app was started with counts at a command line too.
    let command = format!("longhand train seed --data mnist --runs {}", runs.display());
    assert_eq!(plan["command"], command.as_str());
    assert_eq!(app.get("/api/runs").json()["train_command"], command.replace(" seed", "").as_str());
    assert_eq!(plan["time"]["how"], "measured");
    let seconds = plan["time"]["seconds"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < 600.0, "{seconds}");
    let field = |plan: &Value, key: &str| plan["fields"].as_array().unwrap().iter().find(|f| f["key"] == key).cloned();
    assert!(field(&plan, "optimiser.momentum").is_some() && field(&plan, "optimiser.eps").is_none());
    let other = app.post("/api/plan", json!({ "recipe": "seed", "changes": { "optimiser.type": "adamw" } })).json();
    assert!(field(&other, "optimiser.momentum").is_none() && field(&other, "optimiser.eps").is_some());
    let refused = app.post("/api/plan", json!({ "recipe": "seed", "changes": { "epochs": "few" } }));
    assert_eq!((refused.status, refused.json()["error"]["field"].as_str()), (422, Some("epochs")));
}

#[test]
fn a_run_is_kept_as_the_command_keeps_it_and_every_event_is_told_once() {
    let app = App::start();
    let job = app.train(json!({ "epochs": 3, "seed": 5 }));
    let id = job["id"].as_str().unwrap();
    let told = events(&app, &format!("/api/events?job={id}"), "", "ended");
    let numbered: Vec<u64> = told.iter().filter_map(|(id, _, _)| *id).collect();
    assert_eq!(numbered, (1..=numbered.len() as u64).collect::<Vec<_>>(), "none lost, none twice");
    let of = |kind: &str| told.iter().filter(|(_, k, _)| k == kind).map(|(_, _, data)| data).collect::<Vec<_>>();
    assert_eq!((of("begun").len(), of("epoch").len(), of("point").len()), (1, 3, 36));
    assert_eq!(of("ended")[0]["status"], "finished");

    let folder = app.runs().remove(0);
    let run = StoredRun::read(&folder).unwrap();
    assert_eq!((run.record.seed, run.epochs.len()), (5, 3));
    for (told, kept) in of("epoch").iter().zip(&run.epochs) {
        assert_eq!(told["accuracy"].as_f64().unwrap(), kept.scores.accuracy());
        assert_eq!(told["train_loss"].as_f64().unwrap(), kept.train_loss);
    }
    for file in ["run.json", "metrics.jsonl", "model.safetensors", "report.html"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    for piece in ["curves", "classes", "mistakes"] {
        let html = app.get(&format!("/api/jobs/{id}/{piece}"));
        assert_eq!(html.status, 200, "{piece}");
        assert!(html.text().contains('<') && !html.text().contains("style="), "{piece}");
    }
    assert!(app.get(&format!("/api/jobs/{id}/classes")).text().contains("class=\"confusion\""));

    // A page that was cut off goes on behind what it saw, by its own word or the browser's.
    let after = 10;
    for (path, headers) in [
        (format!("/api/events?job={id}&after={after}"), String::new()),
        (format!("/api/events?job={id}&after=3"), format!("last-event-id: {after}\r\n")),
    ] {
        let rest = events(&app, &path, &headers, "ended");
        let rest: Vec<u64> = rest.iter().filter_map(|(id, _, _)| *id).collect();
        assert_eq!(rest, numbered[after..], "{path}");
    }
}

#[test]
fn runs_queue_and_a_waiting_one_can_be_taken_out() {
    let app = App::start();
    let long = app.train(json!({ "epochs": 1000 }));
    let (second, third) = (app.train(json!({ "seed": 2 })), app.train(json!({ "seed": 3 })));
    app.until_status(&long["id"], "running");
    assert_eq!(app.job(&second["id"])["status"], "waiting");
    let out = app.post(&format!("/api/jobs/{}/stop", second["id"].as_str().unwrap()), json!({})).json();
    assert_eq!(out["status"], "stopped");
    app.post(&format!("/api/jobs/{}/stop", long["id"].as_str().unwrap()), json!({}));
    app.until_status(&long["id"], "stopped");
    app.until_status(&third["id"], "finished");
    assert_eq!(app.runs().len(), 2, "what was taken out left no folder");
    assert_eq!(app.post("/api/jobs/99/stop", json!({})).status, 404);
}

#[test]
fn a_training_that_diverges_says_so() {
    let app = App::start();
    let job = app.train(json!({ "schedule.learning_rate": 1000, "epochs": 20 }));
    let job = app.until_status(&job["id"], "diverged");
    assert!(job["message"].as_str().unwrap().contains("learning rate is probably too high"), "{job}");
}

/// The weights and the metrics, the seconds in them aside.
fn outcome(folder: &std::path::Path) -> (String, Vec<(f64, f64, f64, f64)>) {
    let run = StoredRun::read(folder).unwrap();
    let figures =
        run.epochs.iter().map(|e| (e.train_loss, e.train_accuracy, e.scores.loss(), e.scores.accuracy())).collect();
    (run.record.result.unwrap().weights_sha256, figures)
}

/// Where the curves of a job that are drawn by step begin, in epochs: of the training loss, and of the learning rate.
fn begins(app: &App, id: &Value) -> [f64; 2] {
    let curves = app.get(&format!("/api/jobs/{}/curves", id.as_str().unwrap())).text();
    ["training: from ", "now: from "].map(|line| {
        let (_, behind) = curves.split_once(line).unwrap_or_else(|| panic!("no {line}"));
        behind.split(' ').nth(2).unwrap().parse().unwrap()
    })
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_same_bits_even_in_another_process() {
    let app = App::start();
    let whole = app.train(json!({ "epochs": 60 }));
    app.until_status(&whole["id"], "finished");
    let stopped = app.train(json!({ "epochs": 60 }));
    app.until("some epochs are done", |app| app.job(&stopped["id"])["epochs_done"].as_u64() >= Some(3));
    app.post(&format!("/api/jobs/{}/stop", stopped["id"].as_str().unwrap()), json!({}));
    let stopped = app.until_status(&stopped["id"], "stopped");
    assert_eq!(stopped["resumable"], true);
    let run = stopped["run"].as_str().unwrap().to_owned();

    // Stopped by a page, it goes on, and is stopped once more by the end of the program.
    let again = app.post("/api/queue/resume", json!({ "run": run }));
    assert_eq!(again.status, 201, "{}", again.text());
    let again = again.json();
    let done = stopped["epochs_done"].as_u64().unwrap();
    app.until("it goes on", |app| app.job(&again["id"])["epochs_done"].as_u64() > Some(done));
    let began = begins(&app, &stopped["id"]);
    assert!(began.iter().all(|&epochs| epochs < 1.0), "{began:?}");
    assert_eq!(begins(&app, &again["id"]), began, "its curves are whole");
    assert_eq!(app.post("/api/queue/resume", json!({ "run": run })).status, 409, "one at a time");
    let waiting = app.train(json!({ "seed": 9 }));
    assert_eq!(waiting["status"], "waiting");
    let (folder, left) = app.end();
    let [command] = &left.commands[..] else { panic!("{left:?}") };
    assert!(command.starts_with("longhand train seed") && command.contains("--seed 9"), "{command}");

    let app = App::start_again(folder);
    let of_run = |app: &App| {
        let runs = app.get("/api/runs").json();
        runs["runs"].as_array().unwrap().iter().find(|r| r["id"] == run.as_str()).cloned().unwrap()
    };
    assert_eq!(
        (of_run(&app)["status"].as_str(), of_run(&app)["resumable"].as_bool()),
        (Some("interrupted"), Some(true))
    );
    let last = app.post("/api/queue/resume", json!({ "run": run })).json();
    assert_ne!(last["id"], again["id"], "names of an earlier process mean nothing now");
    let told = events(&app, &format!("/api/events?job={}", last["id"].as_str().unwrap()), "", "ended");
    assert_eq!(told.iter().filter(|(_, kind, _)| kind == "epoch").count(), 60, "those before are told too");
    app.until_status(&last["id"], "finished");
    assert_eq!(begins(&app, &last["id"]), [1.0, 1.0], "what an earlier process drew is gone; its epochs are there");
    assert_eq!(app.post("/api/queue/resume", json!({ "run": run })).status, 409, "finished");
    let folders = app.runs();
    assert_eq!(folders.len(), 2);
    assert_eq!(outcome(&folders[0]), outcome(&folders[1]));
}

#[test]
fn closing_every_page_stops_nothing_and_ten_pages_are_fine() {
    let app = App::start();
    let job = app.train(json!({ "epochs": 30 }));
    let id = job["id"].as_str().unwrap();
    let mut pages: Vec<_> = (0..10)
        .map(|_| {
            let mut page = app.connect();
            write!(page, "GET /api/events?job={id} HTTP/1.1\r\nhost: {}\r\n\r\n", app.host()).unwrap();
            page
        })
        .collect();
    app.until("an epoch is done", |app| app.job(&job["id"])["epochs_done"].as_u64() >= Some(2));
    pages.clear();
    app.until_status(&job["id"], "finished");
}

#[test]
fn the_end_comes_soon_while_the_data_are_still_looked_for() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let app = App::start_loading(folder);
    assert_eq!(app.get("/api/state").json()["data"]["state"], "loading");
    let job = app.train(json!({}));
    assert_eq!(app.get("/api/models/built-in/mistakes").status, 409);
    app.until("it waits for the data", |app| app.get("/api/state").json()["queue"]["running"]["id"] == job["id"]);
    let began = std::time::Instant::now();
    app.end();
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn two_apps_on_one_folder_do_not_meet_in_a_run() {
    let app = App::start();
    let long = app.train(json!({ "epochs": 2000 }));
    app.until("it goes on", |app| app.job(&long["id"])["epochs_done"].as_u64() >= Some(1));
    let other = App::start_again(app.shared_folder());
    let run = app.job(&long["id"])["run"].as_str().unwrap().to_owned();
    let seen = other.get("/api/runs").json()["runs"][0].clone();
    assert_eq!((seen["id"].as_str(), seen["status"].as_str()), (Some(run.as_str()), Some("running")));
    assert_eq!(other.post("/api/queue/resume", json!({ "run": run })).status, 409);
    assert!(!app.job(&long["id"])["status"].is_null());
}

#[test]
fn a_run_that_cannot_be_kept_fails_in_a_sentence_and_the_next_one_begins() {
    let app = App::start();
    let long = app.train(json!({ "epochs": 2000 }));
    let next = app.train(json!({ "seed": 2 }));
    app.until("an epoch is done", |app| app.job(&long["id"])["epochs_done"].as_u64() >= Some(1));
    // Moved away in one step: a folder that is taken apart can be given a new file meanwhile.
    std::fs::rename(app.runs().remove(0), app.folder().join("moved away")).unwrap();
    let failed = app.until_status(&long["id"], "failed");
    assert!(failed["message"].as_str().unwrap().contains("cannot write"), "{failed}");
    app.until_status(&next["id"], "finished");
}

#[test]
fn the_command_that_a_plan_names_is_what_is_trained() {
    let app = App::start();
    let asked = small(json!({ "epochs": 1, "augmentation.rotation": 5 }));
    let command = app.post("/api/plan", asked.clone()).json()["command"].as_str().unwrap().to_owned();
    assert!(command.contains("--epochs 1") && command.contains("--batch-size 50"), "{command}");
    assert!(command.contains("'network.layers=[") && command.contains("augmentation.rotation=5"), "{command}");
}
