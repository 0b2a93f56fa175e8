//! The third room.

use serde_json::json;

use crate::running::App;

#[test]
fn runs_are_listed_judged_over_seeds_compared_and_handed_out() {
    let app = App::start();
    assert_eq!(app.get("/api/runs").json()["runs"], json!([]));
    assert_eq!(app.get("/api/leaderboard").json()["boards"], json!([]));
    let jobs: Vec<_> = (0..3).map(|seed| app.train(json!({ "seed": seed }))).collect();
    let ids: Vec<String> =
        jobs.iter().map(|job| app.until_status(&job["id"], "finished")["run"].as_str().unwrap().to_owned()).collect();
    let folders = app.runs();
    std::fs::create_dir(app.folder().join("runs/broken")).unwrap();
    std::fs::write(app.folder().join("runs/broken/run.json"), "{").unwrap();

    let list = app.get("/api/runs").json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 3);
    for run in list["runs"].as_array().unwrap() {
        assert_eq!((run["status"].as_str(), run["epochs_done"].as_u64()), (Some("finished"), Some(2)), "{run}");
        assert!(run["has_report"] == true && run["has_model"] == true && run["resumable"] == false, "{run}");
    }
    assert!(list["unreadable"][0]["why"].as_str().unwrap().contains("run.json"), "{}", list["unreadable"]);

    let board = app.get("/api/leaderboard").json();
    let row = &board["boards"][0]["rows"][0];
    assert_eq!((row["n"].as_u64(), row["seeds"].clone()), (Some(3), json!([0, 1, 2])));
    let of = |run: &serde_json::Value| run["last_accuracy"].as_f64().unwrap();
    let mean = list["runs"].as_array().unwrap().iter().map(of).sum::<f64>() / 3.0;
    assert!((row["accuracy"]["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    let some = app.get(&format!("/api/leaderboard?ids={},{}", ids[0], ids[2])).json();
    assert_eq!(some["boards"][0]["rows"][0]["seeds"], json!([0, 2]));

    // Records that somebody wrote by hand, of recipes that cannot be.
    for (name, from, to) in [
        ("nothing", "\"channels\": 4", "\"channels\": 0"),
        ("even", "\"kernel\": 3", "\"kernel\": 2"),
        ("endless", "\"epochs\": 2,", "\"epochs\": 10000000000000000000,"),
    ] {
        let folder = app.folder().join("runs").join(name);
        std::fs::create_dir(&folder).unwrap();
        for file in ["run.json", "metrics.jsonl"] {
            let text = std::fs::read_to_string(folders[0].join(file)).unwrap();
            std::fs::write(folder.join(file), text.replace(from, to)).unwrap();
        }
        let board = app.get("/api/leaderboard").json();
        assert_eq!(board["boards"][0]["rows"][0]["n"], 3, "{name}: {board}");
        let list = app.get("/api/runs").json();
        let why =
            list["unreadable"].as_array().unwrap().iter().find(|run| run["path"].as_str().unwrap().ends_with(name));
        assert!(why.unwrap()["why"].as_str().unwrap().contains("resolved_recipe."), "{list}");
    }

    let curves = app.get(&format!("/api/compare?ids={}", ids.join(","))).text();
    assert_eq!(curves.matches("<figure>").count(), 2);
    assert!(curves.contains("class=\"plot wide\"") && curves.contains("class=\"plot narrow\""));
    let many = (0..13).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert!(app.get(&format!("/api/compare?ids={many}")).refusal().contains("at most 12"));
    assert_eq!(app.get("/api/compare?ids=0123").status, 404);

    let model = app.get(&format!("/runs/{}/files/model.safetensors", ids[1]));
    assert_eq!(model.body, std::fs::read(folders[1].join("model.safetensors")).unwrap());
    assert!(app.get(&format!("/runs/{}/files/run.json", ids[1])).text().contains("\"seed\": 1"));
    assert_eq!(app.get(&format!("/runs/{}/files/report.html", ids[1])).status, 404);
    assert!(app.get(&format!("/runs/{}/report", ids[1])).text().contains("What was taken for what"));
}
