//! `longhand train`, the real binary end to end.

mod program;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use program::{Run, longhand, tiny_recipe};
use serde_json::Value;

/// The only run folder under `runs`.
fn only_run(runs: &std::path::Path) -> PathBuf {
    let folders: Vec<_> = fs::read_dir(runs).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders[0].clone()
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_training_leaves_a_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let runs = folder.path().join("runs");
    let Run { code, stdout, stderr } = longhand(
        &["train", &recipe, "--data", "strokes", "--runs", runs.to_str().unwrap(), "--threads", "2", "--seed", "7"],
        folder.path(),
    );
    assert_eq!(code, 0, "{stdout}{stderr}");
    for wanted in ["multiply-adds", "machine", "stroke digits (not MNIST)", "last epoch", "best epoch", "run folder"] {
        assert!(stdout.contains(wanted), "{wanted:?} in {stdout}");
    }
    let run = only_run(&runs);
    let record = json(run.join("run.json"));
    assert_eq!(record["recipe"], "tiny");
    assert_eq!(record["seed"], 7);
    assert_eq!(record["status"], "finished");
    assert_eq!(record["parameters"], 106);
    assert_eq!((&record["epochs"], &record["batch_size"], &record["threads"]), (&2.into(), &500.into(), &2.into()));
    assert_eq!(record["data"]["name"], "strokes");
    assert_eq!((&record["data"]["train_images"], &record["data"]["test_images"]), (&60000.into(), &10000.into()));
    assert_eq!(record["resolved_recipe"]["seed"], 7);
    let result = &record["result"];
    let last = result["last_test_accuracy"].as_f64().unwrap();
    assert!(last > 0.3, "even this network learns something: {last}");
    assert!(result["best_test_accuracy"].as_f64().unwrap() >= last);
    assert!(result["best_epoch"].as_u64().is_some() && result["train_seconds_per_epoch"].as_f64().is_some());
    assert_eq!(result["weights_sha256"].as_str().unwrap().len(), 64);
    assert!(record["isa"].as_str().is_some());

    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let epochs: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(epochs.len(), 2);
    assert_eq!(epochs[1]["epoch"], 2);
    assert_eq!(epochs[1]["test_accuracy"].as_f64().unwrap(), last);
    let names: Vec<_> = fs::read_dir(&run).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "run.json, metrics.jsonl, model.safetensors, report.html, none half-written: {names:?}");
    let report = fs::read_to_string(run.join("report.html")).unwrap();
    let errors = result["last_test_errors"].as_u64().unwrap();
    assert_eq!(
        report.matches("alt=\"image ").count() as u64,
        errors.min(400),
        "a picture for each mistake, 400 at most"
    );
    for wanted in [
        format!("{:.2}\u{a0}%</dd>", 100.0 * last),
        result["weights_sha256"].as_str().unwrap().to_owned(),
        "<dd>106</dd>".to_owned(),
        "An epoch is 120 steps of 500 images: 60,000 images.".to_owned(),
        ", from seed 7, ".to_owned(),
    ] {
        assert!(report.contains(&wanted), "{wanted} in the report");
    }
    assert!(report.len() < 1_000_000, "{} bytes", report.len());

    // The model that was kept is the model that was tested, on the data that its record names.
    let evaluated = longhand(&["evaluate", run.to_str().unwrap(), "--json"], folder.path());
    assert_eq!(evaluated.code, 0, "{}", evaluated.stderr);
    assert!(!evaluated.stderr.contains("warning"), "{}", evaluated.stderr);
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    assert_eq!(evaluated["test_accuracy"].as_f64().unwrap(), last);

    // The same again on one thread and another instruction set: the same weights.
    let again = folder.path().join("again");
    let run = longhand(
        &[
            "train",
            &recipe,
            "--data",
            "strokes",
            "--runs",
            again.to_str().unwrap(),
            "--threads",
            "1",
            "--seed",
            "7",
            "--json",
        ],
        folder.path(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let second: Value = serde_json::from_str(&run.stdout).expect("--json leaves nothing else on standard output");
    assert_eq!(second["result"]["weights_sha256"], result["weights_sha256"]);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_keeps_the_good_weights() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let run = longhand(
        &[
            "train",
            &recipe,
            "--data",
            "strokes",
            "--runs",
            "runs",
            "--learning-rate",
            "1000",
            "--set",
            "optimiser.momentum=1",
        ],
        folder.path(),
    );
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("at step") && run.stderr.contains("learning rate"), "{}", run.stderr);
    let path = only_run(&folder.path().join("runs"));
    assert_eq!(json(path.join("run.json"))["status"], "diverged");
    let report = fs::read_to_string(path.join("report.html")).unwrap();
    assert!(report.contains("This run diverged.") && report.contains("<code>optimiser.momentum</code>"));
    let bytes = fs::read(path.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for (name, view) in tensors.tensors() {
        if view.dtype() == safetensors::Dtype::F32 {
            let finite = view.data().chunks_exact(4).all(|b| f32::from_le_bytes(b.try_into().unwrap()).is_finite());
            assert!(finite, "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_cleanly_and_keeps_what_was_learned() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let mut child = program::command(&["train", &recipe, "--data", "strokes", "--epochs", "500"], folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let runs = folder.path().join("runs");
    let begun = Instant::now();
    let metrics = loop {
        let found =
            fs::read_dir(&runs).ok().and_then(|mut d| d.next()).map(|e| e.unwrap().path().join("metrics.jsonl"));
        match found {
            Some(path) if path.exists() => break path,
            _ => assert!(begun.elapsed() < Duration::from_secs(300), "no epoch within five minutes"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let run = metrics.parent().unwrap();
    let record = json(run.join("run.json"));
    assert_eq!(record["status"], "interrupted");
    assert!(record["ended"].as_str().unwrap().contains("Stopped in epoch"), "{record}");
    assert!(record["result"]["epochs_done"].as_u64().unwrap() >= 1);
    assert!(run.join("model.safetensors").exists());
    assert!(fs::read_to_string(run.join("report.html")).unwrap().contains("This run was stopped before its end."));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_nothing_is_said_and_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    // Files may not grow at all: every write fails as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} train {recipe} --data strokes --epochs 1 > /dev/null",
        program::binary().display()
    );
    let output = std::process::Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("cannot write") && stderr.contains("run.json"), "{stderr}");
    assert_eq!(fs::read_dir(folder.path().join("runs")).unwrap().count(), 0, "no folder of a run that never was");
}

#[test]
fn what_cannot_be_is_refused_with_exit_code_2_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    fs::write(folder.path().join("a-file"), "").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["--epochs", "0"], "epochs = 0 cannot be"),
        (&["--batch-size", "0"], "batch_size = 0 cannot be"),
        (&["--learning-rate", "nan"], "learning_rate = NaN cannot be"),
        (&["--set", "optimiser.weigth_decay=1"], "unknown field `weigth_decay`"),
        (&["--set", "network.layers.2.kernel=4"], "kernel must be 1, 3 or 5"),
        (&["--set", "batch_size=12.5"], "expected a whole number, 0 or above"),
        (&["--data", "strokes", "--set", "network.layers.9.features=5"], "tells 5 classes apart"),
        (&["--data", "strokes", "--set", "network.input=[1,32,32]"], "change network.input"),
        (&["--data", "nowhere"], "nowhere"),
        (&["--isa", "mmx"], "mmx"),
        (&["--threads", "0"], "--threads"),
        (&["--data", "strokes", "--runs", "a-file/runs"], "cannot make the folder"),
    ];
    for (arguments, wanted) in cases {
        let mut all = vec!["train", &recipe];
        all.extend(*arguments);
        let run = longhand(&all, folder.path());
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(wanted), "{arguments:?}: {}", run.stderr);
        assert!(!folder.path().join("runs").exists(), "{arguments:?} left a folder");
    }
    let run = longhand(&["train", "no-such-recipe"], folder.path());
    assert!(run.code == 2 && run.stderr.contains("default, seed"), "{}", run.stderr);
}

#[test]
fn real_mnist_is_learned_from_the_real_files() {
    let Some(mnist) = program::shared("data/mnist") else {
        println!("skipped: the real MNIST files are not at hand");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let run = longhand(&["train", &recipe, "--data", mnist.to_str().unwrap(), "--json"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let record: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(record["data"]["name"], "mnist");
    assert_eq!(record["data"]["train_images"], 60000);
    assert!(record["result"]["last_test_accuracy"].as_f64().unwrap() > 0.3);
    // Nobody has to say again where the data are: the record does.
    let run = only_run(&folder.path().join("runs"));
    let verified = longhand(&["runs", "verify", run.to_str().unwrap()], folder.path());
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn a_validation_run_judges_on_held_out_training_images_and_never_names_the_test_set() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let runs = folder.path().join("runs");
    let arguments =
        ["train", &recipe, "--epochs", "1", "--validation", "--data", "strokes", "--runs", runs.to_str().unwrap()];
    let run = longhand(&arguments, folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = only_run(&runs);
    let record = json(run.join("run.json"));
    let data = &record["data"];
    assert_eq!(data["evaluated_on"], "validation");
    assert_eq!((&data["train_images"], &data["validation_images"]), (&50_000.into(), &10_000.into()));
    assert_eq!(data["test_images"], 0);
    assert!(record["result"]["last_validation_accuracy"].as_f64().unwrap() > 0.3);
    assert!(record["result"].get("last_test_accuracy").is_none());
    assert!(!fs::read_to_string(run.join("metrics.jsonl")).unwrap().contains("test_"));
}

#[test]
fn a_learning_rate_is_found_and_nothing_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let arguments = ["train", &recipe, "--data", "strokes", "--find-learning-rate"];
    let Run { code, stdout, stderr } = longhand(&arguments, folder.path());
    assert_eq!(code, 0, "{stdout}{stderr}");
    for wanted in ["smoothed", "lowest", "suggestion  --learning-rate ", "learning-rate.svg"] {
        assert!(stdout.contains(wanted), "{wanted:?} in {stdout}");
    }
    assert!(fs::read_to_string(folder.path().join("learning-rate.svg")).unwrap().starts_with("<svg"));
    assert_eq!(fs::read(folder.path().join("learning-rate.png")).unwrap()[1..4], *b"PNG");
    assert!(!folder.path().join("runs").exists(), "no run is kept");

    let Run { code, stdout, .. } = longhand(&[&arguments[..], &["--json", "--validation"]].concat(), folder.path());
    let test: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, 0);
    let suggestion = test["suggestion"].as_f64().unwrap();
    assert!((1e-4..10.0).contains(&suggestion), "{suggestion}");
    assert!(test["points"].as_array().unwrap().len() > 50);
}
