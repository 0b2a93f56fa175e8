//! A suite that was stopped goes on where its runs were, and throws nothing away but what is no good.

mod tiny;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use longhand_data::Dataset;
use longhand_kernels::Isa;
use longhand_nn::Network;
use longhand_training::experiment::{
    ExperimentObserver, Plan, PlannedRun, RunOutcome, Runner, Shard, Suite, SuiteChanges,
};
use longhand_training::{CheckpointFault, Progress, RunFolder, Split, StoredRun};
use tiny::{EPOCHS, STEPS, TINY, data, names, story};

/// Tells which steps were done, and stops after so many; may fail to write a report.
struct Steps {
    seen: Mutex<Vec<(usize, usize)>>,
    started_over: Mutex<Vec<String>>,
    stop: AtomicBool,
    after: usize,
    has_report: bool,
}

impl ExperimentObserver for Steps {
    fn step(&self, _: usize, progress: Progress) {
        let mut seen = self.seen.lock().unwrap();
        seen.push((progress.epoch, progress.step));
        self.stop.store(seen.len() >= self.after, Ordering::Relaxed);
    }

    fn starts_over(&self, _: usize, _: &PlannedRun, why: &CheckpointFault) {
        self.started_over.lock().unwrap().push(why.to_string());
    }

    fn finished(&self, _: &PlannedRun, folder: &RunFolder, _: &Network, _: usize) -> bool {
        self.has_report && fs::write(folder.path().join("report.html"), "a report").is_ok()
    }
}

/// A suite of one run.
struct Small {
    data: Dataset,
    folder: tempfile::TempDir,
    text: String,
}

struct CarriedOut {
    run: PathBuf,
    outcome: RunOutcome,
    steps: Vec<(usize, usize)>,
    started_over: Vec<String>,
}

impl Small {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
        let text = "name = \"mine\"\nseeds = 1\nvalidation = false\n[[entry]]\nrecipe = \"tiny.toml\"\n".to_owned();
        Small { data: data(), folder, text }
    }

    /// Carries it out in the folder `name`, for so many steps.
    fn carry_out(&self, name: &str, after: usize, has_report: bool) -> CarriedOut {
        let split = Split::testing(&self.data);
        let suite = Suite::from_toml("mine.toml", &self.text, self.folder.path(), &SuiteChanges::default()).unwrap();
        let plan = Plan::new(suite, &self.folder.path().join(name), "1/1".parse::<Shard>().unwrap());
        let (seen, started_over, stop) = Default::default();
        let steps = Steps { seen, started_over, stop, after, has_report };
        let (isa, threads, stop, observer) = (Isa::detect(), vec![1], &steps.stop, &steps);
        let runner = Runner { plan: &plan, split: &split, isa, threads, stop, observer };
        let (run, outcome) = runner.run().pop().unwrap();
        let (seen, started_over) = (steps.seen.into_inner().unwrap(), steps.started_over.into_inner().unwrap());
        CarriedOut { run: run.folder, outcome, steps: seen, started_over }
    }

    fn whole(&self) -> StoredRun {
        let CarriedOut { run, outcome, steps, .. } = self.carry_out("whole", usize::MAX, true);
        assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
        assert_eq!(steps.len(), EPOCHS * STEPS);
        StoredRun::read(&run).unwrap()
    }

    fn stopped(&self, name: &str) -> PathBuf {
        let CarriedOut { run, outcome, .. } = self.carry_out(name, 7, true);
        assert!(matches!(outcome, RunOutcome::Interrupted), "{outcome:?}");
        run
    }
}

const ALL: [&str; 4] = ["metrics.jsonl", "model.safetensors", "report.html", "run.json"];

#[test]
fn it_goes_on_with_its_stopped_run_where_it_was_or_from_the_beginning_where_its_checkpoint_is_no_good() {
    let suite = Small::new();
    let whole = story(&suite.whole());
    for spoil in [false, true] {
        let name = format!("stopped, {spoil}");
        let run = suite.stopped(&name);
        fs::write(run.join(".run.json.1.tmp"), "half").unwrap();
        if spoil {
            fs::write(run.join("checkpoint.safetensors"), "nonsense").unwrap();
        }
        let CarriedOut { outcome, steps, started_over, .. } = suite.carry_out(&name, usize::MAX, true);
        assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
        assert_eq!(steps[0], if spoil { (1, 1) } else { (2, 3) });
        assert_eq!(started_over.len(), usize::from(spoil), "{started_over:?}");
        assert_eq!(story(&StoredRun::read(&run).unwrap()), whole);
        assert_eq!(names(&run), ALL);
        let CarriedOut { outcome, steps, .. } = suite.carry_out(&name, usize::MAX, true);
        assert!(matches!(outcome, RunOutcome::AlreadyDone(_)) && steps.is_empty(), "{outcome:?}");
    }
}

#[test]
fn it_goes_on_though_its_recipe_is_told_of_in_other_words_by_now() {
    let mut suite = Small::new();
    let whole = story(&suite.whole());
    let run = suite.stopped("stopped");
    let worded = format!("about = \"In other words.\"\nreason = \"Why not.\"\n{TINY}");
    fs::write(suite.folder.path().join("tiny.toml"), worded).unwrap();
    suite.text += "reason = \"Because.\"\n";
    let CarriedOut { outcome, steps, .. } = suite.carry_out("stopped", usize::MAX, true);
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
    assert_eq!(steps[0], (2, 3));
    assert_eq!(story(&StoredRun::read(&run).unwrap()), whole);
}

/// What is in a folder, but the lock: names and bytes.
fn contents(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let names = names(folder).into_iter().filter(|name| name != ".lock");
    names.map(|name| (name.clone(), fs::read(folder.join(name)).ok())).collect()
}

#[test]
fn what_cannot_be_read_or_is_of_another_version_fails_and_is_left_as_it_is() {
    let suite = Small::new();
    let run = suite.stopped("stopped");
    let checkpoint = run.join("checkpoint.safetensors");
    let good = fs::read(&checkpoint).unwrap();
    let is_left = |wanted: &str| {
        let before = contents(&run);
        let CarriedOut { outcome, steps, started_over, .. } = suite.carry_out("stopped", usize::MAX, true);
        let RunOutcome::Failed(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains(wanted), "{why}");
        assert!(steps.is_empty() && started_over.is_empty());
        assert_eq!(contents(&run), before);
    };
    fs::write(&checkpoint, tiny::of_other_bits(&good)).unwrap();
    is_left("go on with that version");
    fs::remove_file(&checkpoint).unwrap();
    fs::create_dir(&checkpoint).unwrap();
    is_left("no regular file");
    fs::remove_dir(&checkpoint).unwrap();
    fs::write(&checkpoint, &good).unwrap();
    let json = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), json.replace("\"format\": 1", "\"format\": 2")).unwrap();
    is_left("has the layout 2");
    fs::write(run.join("run.json"), json).unwrap();
    let CarriedOut { outcome, steps, .. } = suite.carry_out("stopped", usize::MAX, true);
    assert!(matches!(outcome, RunOutcome::Done(_)) && steps[0] == (2, 3), "{outcome:?}");
}

#[test]
fn a_report_that_could_not_be_written_is_made_when_the_suite_is_run_again() {
    let suite = Small::new();
    let CarriedOut { run, outcome, .. } = suite.carry_out("again", usize::MAX, false);
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
    assert!(StoredRun::read(&run).unwrap().can_go_on());
    let CarriedOut { outcome, steps, .. } = suite.carry_out("again", usize::MAX, true);
    assert!(matches!(outcome, RunOutcome::Done(_)) && steps.is_empty(), "{outcome:?}, {steps:?}");
    assert_eq!(names(&run), ALL);
}

#[test]
fn the_record_says_what_was_changed_for_the_run() {
    let mut suite = Small::new();
    suite.text += "set = [\"epochs=1\"]\n";
    let CarriedOut { run, .. } = suite.carry_out("changed", usize::MAX, true);
    let record = StoredRun::read(&run).unwrap().record;
    assert_eq!((record.resolved_recipe.epochs, record.unchanged_recipe.unwrap().epochs), (1, EPOCHS));
}
