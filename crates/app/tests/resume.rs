//! `longhand train --resume`, the real binary killed at random moments.

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use program::{Run, command, longhand, tiny_recipe};
use serde_json::Value;

/// Starts a training that goes on by itself, with checkpoints within its epochs too, which are over in a moment.
fn spawn(arguments: &[&str], folder: &Path) -> Child {
    let file = |name: &str| fs::File::create(folder.join(name)).unwrap();
    let mut command = command(arguments, folder);
    command.env("LONGHAND_CHECKPOINT_MS", "20").stdout(file("told")).stderr(file("said")).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The run folders below `runs` that have a record.
fn runs_in(runs: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(runs) else { return Vec::new() };
    entries.map(|e| e.unwrap().path()).filter(|p| p.join("run.json").exists()).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What must be the same of two runs: all files but for what the clock says.
#[derive(Debug, PartialEq)]
struct Story {
    record: Value,
    metrics: Vec<Value>,
    model: Vec<u8>,
    report: String,
    names: Vec<String>,
}

fn story(run: &Path) -> Story {
    let mut record = json(&run.join("run.json"));
    let seconds = record["result"]["train_seconds_per_epoch"].take();
    let started = record["started"].take();
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let mut metrics: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for line in &mut metrics {
        (line["train_seconds"], line["evaluation_seconds"]) = (Value::Null, Value::Null);
    }
    let mut names: Vec<String> =
        fs::read_dir(run).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(seconds.is_number() && started.is_string());
    Story {
        record,
        metrics,
        model: fs::read(run.join("model.safetensors")).unwrap(),
        report: timeless_report(run),
        names,
    }
}

/// The report without what the clock says: numbers of seconds and when it began.
fn timeless_report(run: &Path) -> String {
    let report = fs::read_to_string(run.join("report.html")).unwrap();
    let started = json(&run.join("run.json"))["started"].as_str().unwrap().to_owned();
    let (day, time) = started.trim_end_matches('Z').split_once('T').unwrap();
    let mut out = String::new();
    for line in report.lines() {
        if line.contains(day) || line.contains(time) || line.contains("seconds") || line.contains("\u{a0}s</") {
            continue;
        }
        // The last cell of an epoch's row is its seconds.
        let kept = if line.contains("<td") { line.rsplit_once("<td").map_or(line, |(kept, _)| kept) } else { line };
        out.push_str(kept);
        out.push('\n');
    }
    out
}

/// A random number, the same each time the test is run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *state >> 33
}

const ALL: [&str; 6] = ["--data", "strokes", "--threads", "2", "--epochs", "4"];

/// What else there is to be kept: an average, AdamW's moments and another split, weights that were none of the seed's.
const KINDS: [&[&str]; 3] = [
    &["--set", "averaging.decay=0.99", "--set", "augmentation.shift=1"],
    &["--set", "optimiser={type=\"adamw\"}", "--set", "schedule.learning_rate=0.001", "--validation"],
    &["--weights", "first.safetensors"],
];

/// As many kills of a run that has a record as `LONGHAND_KILLS` says, twelve where it says nothing, shared out among the
/// kinds; now and then Ctrl-C besides, in the middle of an epoch.
#[cfg(unix)]
#[test]
fn a_run_killed_at_random_moments_and_resumed_is_one_that_never_was() {
    let kills: usize = std::env::var("LONGHAND_KILLS").map_or(12, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let first = longhand(&["train", &recipe, "--data", "strokes", "--epochs", "1", "--runs", "first"], folder.path());
    assert_eq!(first.code, 0, "{}", first.stderr);
    let first = runs_in(&folder.path().join("first")).pop().unwrap();
    fs::copy(first.join("model.safetensors"), folder.path().join("first.safetensors")).unwrap();
    for (n, kind) in KINDS.iter().enumerate() {
        let share = kills / KINDS.len() + usize::from(n < kills % KINDS.len());
        kill(&[&["train", &recipe][..], &ALL, kind].concat(), share, folder.path(), &format!("kind-{n}"));
    }
}

/// Kills trainings with these arguments until as many kills as `kills` have hit one, each at random moments until it is
/// over, below the folder `below` of `folder`.
#[cfg(unix)]
fn kill(arguments: &[&str], kills: usize, folder: &Path, below: &str) {
    let train = |runs: &str| [arguments, &["--runs", runs]].concat().join("\n");
    let begun = Instant::now();
    let first = format!("{below}/whole");
    let whole = longhand(&train(&first).split('\n').collect::<Vec<_>>(), folder);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let milliseconds = begun.elapsed().as_millis() as u64;
    let whole = story(&runs_in(&folder.join(first))[0]);
    let (mut seed, mut killed, mut finished, mut within) = (kills as u64, 0, 0, 0);
    let said = || fs::read_to_string(folder.join("said")).unwrap();
    // A kill after the end of all leaves nothing to go on with.
    let is_over = || said().contains("is finished: all of its 4 epochs are done");
    let mut attempts = 0;
    let is_within = || {
        let told = fs::read_to_string(folder.join("told")).unwrap();
        told.contains("resumed  in epoch") && !told.contains(", after 0 of")
    };
    while killed < kills {
        let runs = folder.join(format!("{below}/{finished}"));
        let arguments = train(runs.to_str().unwrap());
        let mut resumes = 0;
        let run = loop {
            // Most of a short run is spent before its first record, and a kill there counts for nothing.
            attempts += 1;
            assert!(attempts <= 40 * (kills + 1), "{below}: {killed} of {kills} kills after {attempts} attempts");
            let found = runs_in(&runs).pop();
            let mut child = match &found {
                None => {
                    // A process that died before its first record leaves a folder that is no run.
                    let _ = fs::remove_dir_all(&runs);
                    spawn(&arguments.split('\n').collect::<Vec<_>>(), folder)
                }
                Some(run) => spawn(&["train", "--resume", run.to_str().unwrap(), "--threads", "2"], folder),
            };
            // As late as a whole run's end: half of the time may be over before the record is there, which counts.
            let deadline = if killed < kills { next(&mut seed) % (milliseconds + 1) } else { u64::MAX };
            let begun = Instant::now();
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break Some(status);
                }
                if begun.elapsed() >= Duration::from_millis(deadline) {
                    break None;
                }
                std::thread::sleep(Duration::from_micros(500));
            };
            match status {
                Some(status) => {
                    let run = runs_in(&runs).pop().unwrap();
                    assert!(status.success() || is_over(), "{status}, after {resumes} resumes: {}", said());
                    within += usize::from(is_within());
                    break run;
                }
                None if next(&mut seed).is_multiple_of(4) => {
                    signal(&child, "-INT");
                    let code = child.wait().unwrap().code();
                    // Before it listens Ctrl-C is the end of it, as everywhere.
                    assert!([Some(130), Some(0), None].contains(&code) || is_over(), "{code:?}: {}", said());
                }
                None => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    killed += usize::from(!runs_in(&runs).is_empty());
                }
            }
            resumes += 1;
            within += usize::from(is_within());
            if let Some(run) = runs_in(&runs).pop() {
                let listed = longhand(&["runs", "list", run.to_str().unwrap(), "--json"], folder);
                let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
                assert!(listed[0]["record"].is_object(), "readable at every moment: {listed}");
            }
        };
        assert_eq!(story(&run), whole, "{below}, after {resumes} resumes");
        finished += 1;
    }
    println!(
        "{below}: {killed} kills over {finished} runs, each of {milliseconds} ms, {within} times gone on with within an \
         epoch: all ended as the one that was never stopped"
    );
}

#[test]
fn a_run_is_gone_on_with_though_its_events_for_tensorboard_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let trained = longhand(&["train", &recipe, "--data", "strokes", "--epochs", "1"], folder.path());
    assert_eq!(trained.code, 0, "{}", trained.stderr);
    let run = runs_in(&folder.path().join("runs")).pop().unwrap();
    let name = run.to_str().unwrap();
    // Over, and without its report: something is missing, and `show` says how it is made.
    let shown = |run: &str| longhand(&["runs", "show", run], folder.path()).stdout;
    assert!(!shown(name).contains("go on by"));
    fs::remove_file(run.join("report.html")).unwrap();
    let record = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), record.replace("\"finished\"", "\"interrupted\"")).unwrap();
    fs::create_dir(run.join("events.out.tfevents.1.longhand")).unwrap();
    assert!(shown(name).contains("go on by"), "{}", shown(name));
    let resumed = longhand(&["train", "--resume", name], folder.path());
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(resumed.stderr.contains("the training goes on without TensorBoard's events"), "{}", resumed.stderr);
    assert!(run.join("report.html").exists() && !run.join("checkpoint.safetensors").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_what_to_type_and_a_run_whose_process_died_is_shown_as_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let wait_for_epoch = |child: &mut Child| {
        let begun = Instant::now();
        loop {
            if let Some(run) =
                runs_in(&folder.path().join("my runs")).pop().filter(|r| r.join("metrics.jsonl").exists())
            {
                break run;
            }
            assert!(begun.elapsed() < Duration::from_secs(300) && child.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let mut child = command(
        &["train", &recipe, "--data", "strokes", "--epochs", "500", "--runs", "my runs", "--tensorboard"],
        folder.path(),
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::null())
    .spawn()
    .unwrap();
    let run = wait_for_epoch(&mut child);
    let listed = longhand(&["runs", "list", "my runs"], folder.path()).stdout;
    assert!(listed.contains("running"), "{listed}");
    let name = run.to_str().unwrap().to_owned();
    let Run { code, stderr, .. } = longhand(&["train", "--resume", &name], folder.path());
    assert!(code == 2 && stderr.contains("is being written by another process"), "{stderr}");
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let relative = format!("my runs/{}", run.file_name().unwrap().to_str().unwrap());
    assert!(stdout.contains(&format!("longhand train --resume '{relative}'\n")), "{stdout}");

    let mut child = spawn(&["train", "--resume", &name], folder.path());
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    if json(&run.join("run.json"))["status"] == "running" {
        let listed = longhand(&["runs", "list", "my runs"], folder.path()).stdout;
        assert!(listed.contains("stopped") && !listed.contains("running"), "{listed}");
        let shown = longhand(&["runs", "show", &name], folder.path()).stdout;
        assert!(shown.contains("longhand train --resume"), "{shown}");
    }
    let clash = longhand(&["train", "seed", "--resume", &name], folder.path());
    assert!(clash.code == 2 && clash.stderr.contains("cannot be used with"), "{}", clash.stderr);
    let clash = longhand(&["train", "--resume", &name, "--epochs", "3"], folder.path());
    assert!(clash.code == 2 && clash.stderr.contains("cannot be used with"), "{}", clash.stderr);
    let nothing = longhand(&["train", "--resume", "nowhere"], folder.path());
    assert!(nothing.code == 2 && nothing.stderr.contains("nowhere/run.json"), "{}", nothing.stderr);
    assert!(!folder.path().join("nowhere").exists());
}
