//! `--tensorboard`, the real binary end to end. What is in the files is tested where they are made, and judged by
//! TensorBoard itself: `reference/judge_tensorboard.py`.

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use program::{longhand, tiny_recipe};
use serde_json::Value;

/// Run folders below `folder`, in alphabetical order.
fn runs(folder: &Path) -> Vec<PathBuf> {
    longhand_training::find_runs(folder).unwrap()
}

fn events(run: &Path) -> Vec<PathBuf> {
    longhand_tensorboard::event_files(run).unwrap()
}

fn holds(file: &Path, tag: &str) -> bool {
    fs::read(file).unwrap().windows(tag.len()).any(|bytes| bytes == tag.as_bytes())
}

#[test]
fn a_training_leaves_events_and_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let mut weights = Vec::new();
    for (runs_folder, flags) in [("with", &["--tensorboard"][..]), ("without", &[])] {
        let arguments = ["train", &recipe, "--data", "strokes", "--runs", runs_folder];
        let run = longhand(&[&arguments, flags].concat(), folder.path());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let run = &runs(&folder.path().join(runs_folder))[0];
        assert_eq!(events(run).len(), flags.len(), "only where asked for");
        let record: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        weights.push(record["result"]["weights_sha256"].clone());
    }
    assert_eq!(weights[0], weights[1], "what watches changes nothing");
    let file = &events(&runs(&folder.path().join("with"))[0])[0];
    for tag in ["loss/train", "accuracy/test", "weights/conv1.weight", "mistakes/24 ", "session_end_info"] {
        assert!(holds(file, tag), "{tag} in {}", file.display());
    }
}

#[test]
fn every_run_of_a_suite_leaves_events_and_goes_on_with_them_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    tiny_recipe(folder.path());
    let suite = "name = \"two\"\nseeds = 2\nset = [\"epochs=1\"]\n[[entry]]\nrecipe = \"tiny.toml\"\n";
    fs::write(folder.path().join("two.toml"), suite).unwrap();
    let arguments = ["experiment", "two.toml", "--data", "strokes", "--tensorboard"];
    let first = longhand(&arguments, folder.path());
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    let found = runs(&folder.path().join("experiments/two"));
    assert_eq!(found.len(), 2);
    for run in &found {
        assert_eq!(events(run).len(), 1);
        assert!(
            holds(&events(run)[0], "two/tiny") && holds(&events(run)[0], "accuracy/validation"),
            "{}",
            run.display()
        );
    }

    // As though one had been killed before its first checkpoint: it goes on from its beginning, and so do its events.
    let record = found[0].join("run.json");
    let text = fs::read_to_string(&record).unwrap().replace("\"finished\"", "\"running\"");
    fs::write(&record, text).unwrap();
    let old = found[0].join("events.out.tfevents.0000000001.longhand");
    fs::rename(&events(&found[0])[0], &old).unwrap();
    let second = longhand(&arguments, folder.path());
    assert_eq!(second.code, 0, "{}{}", second.stdout, second.stderr);
    assert_eq!(events(&found[0]), std::slice::from_ref(&old));
    let epochs = |file: &Path| {
        let (bytes, tag) = (fs::read(file).unwrap(), b"accuracy/validation");
        bytes.windows(tag.len()).filter(|window| window == tag).count()
    };
    assert_eq!(epochs(&old), epochs(&events(&found[1])[0]), "no epoch is there twice");
}

#[test]
fn stored_runs_are_written_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    assert_eq!(longhand(&["train", &recipe, "--data", "strokes"], folder.path()).code, 0);
    let written = longhand(&["runs", "tensorboard", "runs"], folder.path());
    assert_eq!(written.code, 0, "{}{}", written.stdout, written.stderr);
    let run = &runs(&folder.path().join("runs"))[0];
    let file = &events(run)[0];
    assert!(written.stdout.contains("events.out.tfevents."), "{}", written.stdout);
    for tag in ["loss/train", "accuracy/test", "weights/conv1.weight", "session_end_info"] {
        assert!(holds(file, tag), "{tag} in {}", file.display());
    }
    let bytes = fs::read(file).unwrap();

    let again = longhand(&["runs", "tensorboard", "runs"], folder.path());
    assert_eq!(again.code, 0);
    assert!(again.stderr.contains("has events already"), "{}", again.stderr);
    assert_eq!(events(run).len(), 1);
    assert_eq!(fs::read(file).unwrap(), bytes, "as it was");
}
