//! `longhand experiment` and `longhand runs`, the real binary end to end.

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use program::{Run, longhand};
use serde_json::Value;

/// Arguments of the built-in suite at one epoch: four runs of a moment each, two entries and two seeds.
const SHORT: [&str; 10] =
    ["experiment", "example", "--data", "digits", "--set", "epochs=1", "--threads", "1", "--at-once", "1"];
const RUNS: [&str; 4] = ["batch-norm-s0", "batch-norm-s1", "plain-s0", "plain-s1"];

/// Real MNIST where it is at hand: drawing the built-in digits takes each process seconds.
fn digits() -> &'static str {
    static CHOICE: OnceLock<String> = OnceLock::new();
    CHOICE.get_or_init(|| program::shared("data/mnist").map_or("strokes".into(), |p| p.display().to_string()))
}

/// The program with [`SHORT`] and `more`, in `folder`.
fn short<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SHORT.iter().map(|a| if *a == "digits" { digits() } else { *a }).chain(more.iter().copied()).collect()
}

fn experiment(folder: &Path, more: &[&str]) -> Run {
    longhand(&short(more), folder)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn suite(folder: &Path) -> PathBuf {
    folder.join("experiments/example")
}

/// The finished runs below `folder`, with their weights and the times they were started.
fn finished(folder: &Path) -> Vec<(String, String, String)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter_map(|p| {
            let record: Value = serde_json::from_str(&fs::read_to_string(p.join("run.json")).ok()?).ok()?;
            Some((p.file_name().unwrap().to_str().unwrap().to_owned(), record))
        })
        .filter(|(_, record)| record["status"] == "finished")
        .map(|(name, r)| (name, r["result"]["weights_sha256"].to_string(), r["started"].to_string()))
        .collect();
    found.sort();
    found
}

fn names(found: &[(String, String, String)]) -> Vec<&str> {
    found.iter().map(|(name, ..)| name.as_str()).collect()
}

/// Waits until `path` is there.
fn wait_for(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(300), "{} did not come within five minutes", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An experiment whose first run goes on for hours, begun and past its first epoch; its first run's folder.
fn long_one(folder: &Path) -> (Child, PathBuf) {
    let arguments: Vec<&str> = short(&[]).iter().map(|a| if *a == "epochs=1" { "epochs=9999" } else { *a }).collect();
    let child = program::command(&arguments, folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = suite(folder).join("plain-s0");
    wait_for(&run.join("metrics.jsonl"));
    (child, run)
}

#[test]
fn a_suite_runs_everything_once_and_the_second_time_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dry = experiment(folder.path(), &["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert!(dry.stdout.contains("0 done, 4 to do") && dry.stdout.contains("time     about"), "{}", dry.stdout);
    assert!(!suite(folder.path()).exists(), "a dry run writes nothing");

    let first = experiment(folder.path(), &["--json"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let board: Value = serde_json::from_str(&first.stdout).expect("--json leaves nothing else on standard output");
    let suite = suite(folder.path());
    assert_eq!(board, json(&suite.join("leaderboard.json")));
    assert_eq!(board["data"]["evaluated_on"], "validation");
    let rows = board["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(
            (row["seeds"].to_string(), &row["missing"], &row["diverged"]),
            ("[0,1]".into(), &0.into(), &0.into())
        );
        let accuracies: Vec<f64> = row["accuracies"].as_array().unwrap().iter().map(|a| a.as_f64().unwrap()).collect();
        assert!((row["accuracy"]["mean"].as_f64().unwrap() - (accuracies[0] + accuracies[1]) / 2.0).abs() < 1e-12);
    }
    assert!(rows[0]["accuracy"]["mean"].as_f64() >= rows[1]["accuracy"]["mean"].as_f64(), "the best first");
    assert!(rows[0]["difference"].is_null() && rows[1]["difference"]["from"] == rows[0]["entry"]);
    let page = fs::read_to_string(suite.join("leaderboard.md")).unwrap();
    assert!(page.contains("Welch") && page.contains("not corrected") && page.contains("validation images"), "{page}");

    let before = finished(&suite);
    assert_eq!(names(&before), RUNS);
    let mut files: Vec<_> = fs::read_dir(suite.join("plain-s0")).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["metrics.jsonl", "model.safetensors", "report.html", "run.json"]);

    let second = experiment(folder.path(), &[]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stdout.contains("4 done, 0 to do"), "{}", second.stdout);
    assert_eq!(finished(&suite), before, "nothing was run again");

    // The same on other threads, two at once, all judged in the suite's order: the same weights.
    let mut arguments = short(&["--runs", "again", "--order", "suite"]);
    for (flag, value) in [("--threads", "3"), ("--at-once", "2")] {
        let at = arguments.iter().position(|a| *a == flag).unwrap();
        arguments[at + 1] = value;
    }
    let again = longhand(&arguments, folder.path());
    assert_eq!(again.code, 0, "{}", again.stderr);
    let weights = |f: &[(String, String, String)]| f.iter().map(|(n, w, _)| (n.clone(), w.clone())).collect::<Vec<_>>();
    assert_eq!(weights(&finished(&folder.path().join("again"))), weights(&before));
    assert_eq!(json(&folder.path().join("again/leaderboard.json"))["rows"][0]["entry"], "plain");
}

#[test]
fn two_shares_are_everything_once_and_are_merged_counting_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    for (shard, runs) in [("1/2", "a"), ("2/2", "b")] {
        let run = experiment(folder.path(), &["--shard", shard, "--runs", runs]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains(&format!("share    {shard} of 4 runs")), "{}", run.stdout);
    }
    let (a, b) = (finished(&folder.path().join("a")), finished(&folder.path().join("b")));
    let mut all = [names(&a), names(&b)].concat();
    all.sort_unstable();
    assert_eq!(all, RUNS);

    // One of them copied, as people do: counted once, and said.
    fs::create_dir_all(folder.path().join("c/copy")).unwrap();
    for file in ["run.json", "metrics.jsonl"] {
        fs::copy(folder.path().join("a/plain-s0").join(file), folder.path().join("c/copy").join(file)).unwrap();
    }
    let merged = longhand(&["runs", "compare", "a", "b", "c", "--json"], folder.path());
    assert_eq!(merged.code, 0, "{}", merged.stderr);
    assert!(merged.stderr.contains("are the same run: counted once"), "{}", merged.stderr);
    let board: Value = serde_json::from_str(&merged.stdout).unwrap();
    for row in board["rows"].as_array().unwrap() {
        assert_eq!(row["accuracy"]["n"], 2, "{row}");
    }
    assert_eq!(board["suite"], "example");

    // Test images and held-out ones make no mean.
    let tested = experiment(folder.path(), &["--test", "--runs", "tested", "--seeds", "1"]);
    assert_eq!(tested.code, 0, "{}", tested.stderr);
    let refused = longhand(&["runs", "compare", "a", "tested"], folder.path());
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("10000 test images") && refused.stderr.contains("validation images"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_process_killed_in_the_middle_leaves_what_can_be_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, run) = long_one(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(json(&run.join("run.json"))["status"], "running");
    // The same suite, no longer for hours: the killed run is of another recipe, and is left alone.
    let other = experiment(folder.path(), &[]);
    assert_eq!(other.code, 2, "{}", other.stdout);
    assert!(
        other.stderr.contains("plain-s0: holds another run") && other.stderr.contains("epochs 9999 → 1"),
        "{}",
        other.stderr
    );
    assert_eq!(names(&finished(&suite(folder.path()))), [RUNS[0], RUNS[1], RUNS[3]], "the rest went on");
    // Once its record says one epoch it is the wanted run, begun and never ended; its checkpoint is of another: it starts
    // over.
    let text = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), text.replace("9999", "1")).unwrap();
    let on = experiment(folder.path(), &[]);
    assert_eq!(on.code, 0, "{}", on.stderr);
    assert!(on.stdout.contains("3 done, 1 to do"), "{}", on.stdout);
    assert_eq!(names(&finished(&suite(folder.path()))), RUNS);
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 1, "of the new run alone");
}

#[test]
fn a_run_that_another_process_is_at_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, run) = long_one(folder.path());
    // To this process the run in progress is the wanted one.
    let text = fs::read_to_string(run.join("run.json")).unwrap().replace("9999", "1");
    let lock = fs::File::options().write(true).open(run.join(".lock")).unwrap();
    assert!(lock.try_lock().is_err(), "it is locked while it goes on");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(run.join("run.json"), text).unwrap();
    lock.try_lock().expect("the system let the lock go with its process");
    let metrics = fs::read(run.join("metrics.jsonl")).unwrap();
    let second = experiment(folder.path(), &[]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stdout.contains("Left to another process, which is at it: plain-s0"), "{}", second.stdout);
    assert_eq!(fs::read(run.join("metrics.jsonl")).unwrap(), metrics, "untouched");
    assert_eq!(names(&finished(&suite(folder.path()))), [RUNS[0], RUNS[1], RUNS[3]]);
    let board = json(&suite(folder.path()).join("leaderboard.json"));
    let plain = board["rows"].as_array().unwrap().iter().find(|r| r["entry"] == "plain").unwrap();
    assert_eq!((&plain["accuracy"]["n"], &plain["missing"]), (&1.into(), &1.into()));
}

#[test]
fn two_processes_on_one_folder_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let arguments = short(&["--seeds", "3"]);
        program::command(&arguments, folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let ran: usize = outputs
        .iter()
        .map(|o| {
            assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
            String::from_utf8_lossy(&o.stdout).matches(" validation, 1 epoch in ").count()
        })
        .sum();
    assert_eq!(ran, 6, "every run by one of them");
    assert_eq!(finished(&suite(folder.path())).len(), 6);
    let board = json(&suite(folder.path()).join("leaderboard.json"));
    assert!(board["rows"].as_array().unwrap().iter().all(|r| r["accuracy"]["n"] == 3), "the last has seen everything");
}

#[test]
fn what_is_in_the_way_is_named_left_alone_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let suite = suite(folder.path());
    fs::create_dir_all(suite.join("plain-s0")).unwrap();
    fs::write(suite.join("plain-s0/notes.txt"), "mine").unwrap();
    fs::create_dir_all(suite.join("plain-s1")).unwrap();
    fs::write(suite.join("plain-s1/run.json"), "{ half").unwrap();
    fs::write(suite.join("batch-norm-s0"), "a file").unwrap();
    let run = experiment(folder.path(), &[]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    for wanted in
        ["plain-s0: holds notes.txt and no run.json", "plain-s1/run.json is no record", "batch-norm-s0: cannot be read"]
    {
        assert!(run.stderr.contains(wanted), "{wanted:?} in {}", run.stderr);
    }
    assert_eq!(fs::read_to_string(suite.join("plain-s0/notes.txt")).unwrap(), "mine");
    assert_eq!(fs::read_dir(suite.join("plain-s0")).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(suite.join("plain-s1/run.json")).unwrap(), "{ half");
    assert_eq!(names(&finished(&suite)), ["batch-norm-s1"]);

    let list = longhand(&["runs", "list"], folder.path());
    assert_eq!(list.code, 0, "{}", list.stderr);
    assert!(list.stdout.contains("UNREADABLE") && list.stdout.contains("batch-norm-s1"), "{}", list.stdout);
}

#[test]
fn a_run_that_diverges_is_done_and_in_no_mean() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["--set", "schedule={type=\"constant\", learning_rate=1000}", "--set", "optimiser.momentum=1"];
    let run = experiment(folder.path(), &set);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("DIVERGED"), "{}", run.stdout);
    let board = json(&suite(folder.path()).join("leaderboard.json"));
    let plain = board["rows"].as_array().unwrap().iter().find(|r| r["entry"] == "plain").unwrap();
    assert_eq!((&plain["diverged"], &plain["missing"], &plain["accuracy"]), (&2.into(), &0.into(), &Value::Null));
    let again = experiment(folder.path(), &set);
    assert!(again.stdout.contains("4 done, 0 to do"), "{}", again.stdout);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_after_the_step_and_leaves_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, run) = long_one(folder.path());
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(json(&run.join("run.json"))["status"], "interrupted");
    assert!(run.join("checkpoint.safetensors").exists());
    assert!(suite(folder.path()).join("leaderboard.json").exists());
    assert_eq!(fs::read_dir(suite(folder.path())).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count(), 1);
}

#[test]
fn bad_suites_and_environments_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("clash.toml"),
        "name = \"clash\"\nseeds = 1\nset = [\"epochs=1\"]\n[[entry]]\nrecipe = \"seed\"\nset = [\"epochs=2\"]\n",
    )
    .unwrap();
    let clash = longhand(&["experiment", "clash.toml"], folder.path());
    assert_eq!(clash.code, 2);
    assert!(clash.stderr.contains("set the same field") && clash.stderr.contains("clash.toml:6:8"), "{}", clash.stderr);
    let unknown = longhand(&["experiment", "no-such-suite"], folder.path());
    assert!(unknown.code == 2 && unknown.stderr.contains("the built-in ones are example"), "{}", unknown.stderr);
    let half = program::command(&["experiment", "example"], folder.path()).env("PMI_RANK", "0").output().unwrap();
    assert_eq!(half.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&half.stderr).contains("no PMI_SIZE"));
    assert!(!folder.path().join("experiments").exists());
}

#[test]
fn mpirun_spreads_a_suite_over_its_ranks() {
    if std::process::Command::new("mpirun").arg("--version").output().is_err() {
        println!("skipped: mpirun is not at hand");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("mpirun")
        .args(["-n", "2", "--oversubscribe"])
        .arg(program::binary())
        .args(short(&[]))
        .current_dir(folder.path())
        .envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")])
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    for share in ["share    1/2 of 4 runs, as Open MPI", "share    2/2 of 4 runs, as Open MPI"] {
        assert!(stdout.contains(share), "{share:?} in {stdout}");
    }
    assert_eq!(stdout.matches(" validation, 1 epoch in ").count(), 4, "every run once: {stdout}");
    assert_eq!(names(&finished(&suite(folder.path()))), RUNS);
    let merged = longhand(&["runs", "compare", "experiments", "--json"], folder.path());
    let board: Value = serde_json::from_str(&merged.stdout).unwrap();
    assert!(board["rows"].as_array().unwrap().iter().all(|r| r["accuracy"]["n"] == 2), "{board}");
}

#[test]
fn records_are_shown_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let run = experiment(folder.path(), &["--seeds", "1"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let show = longhand(&["runs", "show", "experiments/example/plain-s0"], folder.path());
    assert_eq!(show.code, 0, "{}", show.stderr);
    for wanted in ["entry plain of suite example", "SHA-256", "validation images", "last epoch"] {
        assert!(show.stdout.contains(wanted), "{wanted:?} in {}", show.stdout);
    }
    for out in ["curves.svg", "curves.png"] {
        let plot = longhand(&["runs", "plot", "experiments", "--out", out], folder.path());
        assert_eq!(plot.code, 0, "{}", plot.stderr);
        assert!(fs::metadata(folder.path().join(out)).unwrap().len() > 1000);
    }
    let wrong = longhand(&["runs", "plot", "experiments", "--out", "curves.gif"], folder.path());
    assert!(wrong.code == 2 && wrong.stderr.contains(".svg or .png"), "{}", wrong.stderr);
    let nothing = longhand(&["runs", "show", "nowhere"], folder.path());
    assert!(nothing.code == 2 && nothing.stderr.contains("nowhere/run.json"), "{}", nothing.stderr);
}
