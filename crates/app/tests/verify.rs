//! `longhand runs verify`, the real binary.

mod program;

use std::fs;

use program::{longhand, tiny_recipe};
use serde_json::Value;

#[test]
fn a_run_is_verified_and_what_is_not_so_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let trained = longhand(&["train", &recipe, "--data", "strokes"], folder.path());
    assert_eq!(trained.code, 0, "{}", trained.stderr);
    let run = fs::read_dir(folder.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    let name = run.to_str().unwrap();
    let same = longhand(&["runs", "verify", name, "--threads", "1"], folder.path());
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    assert!(same.stdout.contains("the same, to the bit: 2 epochs, and weights of SHA-256 "), "{}", same.stdout);

    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let mut lines: Vec<Value> = metrics.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    lines[0]["train_loss"] = (lines[0]["train_loss"].as_f64().unwrap() + 1e-9).into();
    let changed: String = lines.iter().map(|l| l.to_string() + "\n").collect();
    fs::write(run.join("metrics.jsonl"), changed).unwrap();
    let different = longhand(&["runs", "verify", name, "--json"], folder.path());
    assert_eq!(different.code, 1, "{}{}", different.stdout, different.stderr);
    let said: Value = serde_json::from_str(&different.stdout).expect("--json leaves nothing else on standard output");
    let verification = &said["verification"];
    assert_eq!(verification["verdict"], "different");
    assert_eq!((&verification["epoch"], &verification["figure"]), (&1.into(), &"train_loss".into()));
    assert!(different.stderr.contains("NOT the same: train_loss of epoch 1 is"), "{}", different.stderr);

    let record = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), record.replace("\"finished\"", "\"interrupted\"")).unwrap();
    let cannot = longhand(&["runs", "verify", name], folder.path());
    assert!(cannot.code == 2 && cannot.stderr.contains("only a finished run has bits to compare"), "{}", cannot.stderr);
}
