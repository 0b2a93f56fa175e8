//! `--weights`, the real binary end to end: weights from PyTorch judged, weights to begin a training from, refusals.

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use program::{Run, longhand, tiny_recipe};
use serde_json::Value;

/// A state dict that PyTorch saved.
fn from_pytorch() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/pytorch_model.safetensors");
    path.to_str().unwrap().to_owned()
}

fn parsed(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    serde_json::from_str(&run.stdout).expect("--json leaves nothing else on standard output")
}

#[test]
fn weights_from_pytorch_are_judged_in_the_network_of_a_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let weights = from_pytorch();
    let evaluate = ["evaluate", "--recipe", "seed", "--weights", &weights, "--data"];
    let run = longhand(&[&evaluate[..], &["strokes"]].concat(), folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let words = ["network of the recipe seed", "pytorch_model.safetensors", "is \\ taken for", "of 10,000 images"];
    assert!(words.iter().all(|w| run.stdout.contains(w)), "{}", run.stdout);

    // Another normalisation is another answer.
    let json =
        |more: &[&str]| parsed(&longhand(&[&evaluate[..], &["strokes", "--json"], more].concat(), folder.path()));
    let (own, other) = (json(&[]), json(&["--set", "normalisation.mean=0.5"]));
    assert_eq!((&own["recipe"], &own["weights_sha256"]), (&"seed".into(), &other["weights_sha256"]));
    assert_ne!(own["test_loss"], other["test_loss"]);

    let Some(mnist) = program::shared("data/mnist") else {
        println!("skipped: the real MNIST files are not at hand");
        return;
    };
    let found = parsed(&longhand(&[&evaluate[..], &[mnist.to_str().unwrap(), "--json"]].concat(), folder.path()));
    let outputs = fs::read(from_pytorch().replace("model.", "model_outputs.")).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&outputs).unwrap();
    let wanted: u64 = header.metadata().as_ref().unwrap()["test_errors"].parse().unwrap();
    assert_eq!(found["test_errors"], wanted, "as many errors as in PyTorch");
}

/// The only run folder under `runs` and its record.
fn only_run(runs: &Path) -> (PathBuf, Value) {
    let folders: Vec<_> = fs::read_dir(runs).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let record = serde_json::from_str(&fs::read_to_string(folders[0].join("run.json")).unwrap()).unwrap();
    (folders[0].clone(), record)
}

#[test]
fn a_training_begins_from_weights_says_so_and_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let train = |runs: &str, more: &[&str]| {
        let run = longhand(
            &[&["train", &recipe, "--data", "strokes", "--epochs", "1", "--runs", runs], more].concat(),
            folder.path(),
        );
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let (path, record) = only_run(&folder.path().join(runs));
        (run, path, record)
    };
    let (_, first, from_random) = train("first", &[]);
    assert!(from_random.get("initial_weights").is_none());
    let first = first.to_str().unwrap();

    let (run, second, record) = train("second", &["--weights", first, "--threads", "2"]);
    let begun = &record["initial_weights"];
    let digest = from_random["result"]["weights_sha256"].as_str().unwrap();
    assert_eq!(begun["weights_sha256"], digest);
    assert!(begun["file"].as_str().unwrap().ends_with("model.safetensors"), "{begun}");
    assert!(run.stdout.contains("weights  begin as in ") && run.stdout.contains(digest), "{}", run.stdout);
    assert_ne!(record["result"]["weights_sha256"], digest, "it learned on");
    let accuracy = |record: &Value| record["result"]["last_test_accuracy"].as_f64().unwrap();
    assert!(accuracy(&record) > accuracy(&from_random), "and the better for it");
    assert!(fs::read_to_string(second.join("report.html")).unwrap().contains(digest));
    let second = second.to_str().unwrap();
    let shown = longhand(&["runs", "show", second], folder.path());
    assert!(shown.stdout.contains("began from") && shown.stdout.contains(digest), "{}", shown.stdout);
    let shown = parsed(&longhand(&["runs", "show", second, "--json"], folder.path()));
    assert_eq!(&shown["record"]["initial_weights"], begun);

    // The file itself in the place of its folder, other threads, another instruction set: the same bits.
    let file = format!("{first}/model.safetensors");
    let (.., again) = train("again", &["--weights", &file, "--threads", "1", "--isa", "plain"]);
    assert_eq!(again["result"]["weights_sha256"], record["result"]["weights_sha256"]);
    assert_eq!(again["initial_weights"]["weights_sha256"], digest);

    // A run from given weights is in no mean with one from random ones.
    let compared = longhand(&["runs", "compare", "first", "second"], folder.path());
    assert_eq!(compared.code, 0, "{}", compared.stderr);
    let said = format!("{}{}", compared.stdout, compared.stderr);
    let name = format!("tiny, epochs 1, from weights {}", &digest[..8]);
    assert!(said.contains(&name) && said.contains("; it began from other initial weights, too"), "{said}");

    // Pixels normalised otherwise are worth a warning.
    let arguments = ["evaluate", "--recipe", &recipe, "--weights", first, "--data", "strokes", "--set"];
    let warned = longhand(&[&arguments[..], &["normalisation.std=0.5"]].concat(), folder.path());
    assert!(warned.code == 0 && warned.stderr.contains("std 0.3081, and the recipe"), "{}", warned.stderr);

    let rates = ["train", &recipe, "--data", "strokes", "--find-learning-rate", "--json"];
    let random = parsed(&longhand(&rates, folder.path()));
    let given = parsed(&longhand(&[&rates[..], &["--weights", first]].concat(), folder.path()));
    let loss = |test: &Value| test["points"][0]["loss"].as_f64().unwrap();
    assert!(
        loss(&given) < loss(&random) - 0.5,
        "{} from given weights, {} from random ones",
        loss(&given),
        loss(&random)
    );
}

#[test]
fn what_is_no_weights_of_the_network_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let pytorch = from_pytorch();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let zip = file("model.pth", b"PK\x03\x04\x00\x00\x08\x08\x00\x00model/data.pkl\x80\x02}q");
    let onnx = file("model.onnx", b"\x08\x0a\x12\x07pytorch\x1a\x052.9.0:\xb2\x0a");
    let cut = file("cut.safetensors", &fs::read(&pytorch).unwrap()[..50_000]);
    let cases: [(&[&str], &str); 12] = [
        (&["train", &recipe, "--weights", &pytorch], "does not fit the network of the recipe tiny"),
        (&["train", "seed", "--set", "network.layers.0.channels=16", "--weights", &pytorch], "wants [16, 1, 3, 3]"),
        (&["train", "seed", "--weights", &zip], "save_file(state, \"model.safetensors\")"),
        (&["train", "seed", "--weights", "nowhere.safetensors"], "nowhere.safetensors"),
        (&["evaluate", "--recipe", "seed", "--weights", &onnx], "an ONNX model, and safetensors is wanted"),
        (&["evaluate", "--recipe", "seed", "--weights", &cut], "is cut short"),
        (&["evaluate", "--recipe", "under6k", "--weights", &pytorch], "it would fit the built-in seed, seed-tuned"),
        (&["evaluate", "--weights", &pytorch], "required arguments were not provided:\n  --recipe"),
        (&["evaluate", "--recipe", "seed"], "required arguments were not provided:\n  <MODEL|--weights <FILE>>"),
        // What is given with a model that has its own recipe would be passed over.
        (&["evaluate", &pytorch, "--recipe", "seed"], "cannot be used with"),
        (&["evaluate", &pytorch, "--set", "normalisation.mean=0.5"], "cannot be used with"),
        (&["evaluate", &pytorch], "Its tensors fit the built-in recipes seed, seed-tuned"),
    ];
    for (arguments, wanted) in cases {
        let run = longhand(&[arguments, &["--data", "strokes"]].concat(), folder.path());
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(wanted), "{arguments:?}: {}", run.stderr);
        // Said once, though errors lie in errors.
        assert_eq!(run.stderr.matches(wanted).count(), 1, "{arguments:?}: {}", run.stderr);
        assert!(!folder.path().join("runs").exists(), "{arguments:?} left a folder");
    }
}
