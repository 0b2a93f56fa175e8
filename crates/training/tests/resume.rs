//! A training that is stopped and gone on with ends with the bits of one that never was.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_nn::{Network, Summary};
use longhand_training::experiment::{ExperimentObserver, Plan, RunOutcome, Runner, Shard, Suite, SuiteChanges};
use longhand_training::{
    Checkpoint, CheckpointFault, Ended, EpochDone, EpochMetrics, InitialWeights, NotTheSame, Observer, Occasion,
    Origin, Override, Progress, Recipe, ResumeError, RunFolder, RunStatus, Split, StoredRun, TrainError, Trained,
    built_in, train, train_from_checkpoint,
};
use proptest::prelude::*;

/// Three epochs of five steps, the last of them of eleven images.
const STEPS: usize = 5;
const EPOCHS: usize = 3;

fn data() -> Dataset {
    strokes::generate(3, 139, 40)
}

fn recipe(set: &[&str]) -> Recipe {
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    Recipe::from_toml("tiny", TINY, &overrides).unwrap()
}

const TINY: &str = r#"
name = "tiny"
epochs = 3
batch_size = 32

[schedule]
type = "cosine"
learning_rate = 0.05

[network]
input = [1, 28, 28]
layers = [
    { type = "max_pool" },
    { type = "conv", channels = 3, kernel = 3 },
    { type = "batch_norm" },
    { type = "relu" },
    { type = "max_pool" },
    { type = "dropout", rate = 0.05 },
    { type = "linear", features = 10 },
    { type = "log_softmax" },
]
"#;

/// One of each kind of state that there is.
fn recipes() -> [(&'static str, Recipe); 3] {
    let augmented = "augmentation={rotation=10.0, scale=0.1, shear=0.1, shift=2.0}";
    [
        ("sgd, averaged", recipe(&["optimiser={momentum=0.9, nesterov=true}", "averaging.decay=0.8", augmented])),
        ("adamw", recipe(&["optimiser={type=\"adamw\", weight_decay=0.1}", "averaging.decay=0.8"])),
        ("sgd", recipe(&["optimiser={momentum=0.9, weight_decay=0.001}"])),
    ]
}

/// Keeps every checkpoint that it is offered, and stops after so many steps.
#[derive(Default)]
struct Keeper {
    stop_after: Option<usize>,
    steps: usize,
    due: Vec<Occasion>,
    checkpoints: Vec<(Occasion, Checkpoint)>,
}

impl Observer for Keeper {
    fn step(&mut self, _: Progress) -> ControlFlow<()> {
        self.steps += 1;
        if self.stop_after == Some(self.steps) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, _: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        self.due.push(occasion);
        true
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        // Through the file's bytes, as in life.
        let bytes = checkpoint.to_bytes();
        let again = Checkpoint::from_bytes(&bytes).unwrap();
        // As bytes: a number that is none is not equal to itself.
        assert!(again.to_bytes() == bytes, "read and written again it is another file");
        self.checkpoints.push((*self.due.last().unwrap(), again));
        Ok(())
    }
}

/// Everything of a training that must be the same: all but the seconds.
fn bits(trained: &Trained) -> (String, String, String) {
    let timeless = |m: &EpochMetrics| EpochMetrics { train_seconds: 0.0, evaluation_seconds: 0.0, ..m.clone() };
    let epochs: Vec<EpochMetrics> = trained.epochs.iter().map(timeless).collect();
    // As text: a loss that is no number is not equal to itself.
    (weights_sha256(&trained.network), format!("{epochs:?}"), format!("{:?}", trained.ended))
}

#[test]
fn from_any_step_it_goes_on_to_the_same_bits() {
    let data = data();
    let split = Split::testing(&data);
    let isas = Isa::available();
    for (name, recipe) in recipes() {
        let mut keeper = Keeper::default();
        let whole = train(&recipe, &split, Isa::detect(), 2, &mut keeper).unwrap();
        assert_eq!(whole.ended, Ended::Finished);
        assert_eq!(keeper.checkpoints.len(), EPOCHS * STEPS, "every step but an epoch's last, and every epoch");
        for (n, (occasion, checkpoint)) in keeper.checkpoints.iter().enumerate() {
            let epochs = whole.epochs[..checkpoint.epochs_done()].to_vec();
            let (isa, threads) = (isas[n % isas.len()], 1 + n % 3);
            let again =
                train_from_checkpoint(checkpoint, epochs, &recipe, &split, isa, threads, &mut Keeper::default());
            assert_eq!(bits(&again.unwrap()), bits(&whole), "{name}, checkpoint {n} ({occasion:?}), {isa}");
        }
        for k in 1..EPOCHS * STEPS {
            let mut keeper = Keeper { stop_after: Some(k), ..Keeper::default() };
            let stopped = train(&recipe, &split, Isa::detect(), 2, &mut keeper).unwrap();
            let (epoch, step) = ((k - 1) / STEPS + 1, (k - 1) % STEPS + 1);
            assert_eq!(stopped.ended, Ended::Interrupted { epoch, step }, "{name}");
            let (occasion, last) = keeper.checkpoints.last().unwrap();
            assert_eq!(*occasion, Occasion::Stopped);
            assert_eq!((last.epoch, last.so_far.steps), (epoch, step), "{name}: one is had when it is stopped");
            let again =
                train_from_checkpoint(last, stopped.epochs, &recipe, &split, Isa::detect(), 1, &mut Keeper::default())
                    .unwrap();
            assert_eq!(bits(&again), bits(&whole), "{name}, stopped after {k} steps");
        }
    }
}

#[test]
fn a_loss_that_is_no_number_is_met_again_with_the_same_weights_kept() {
    let data = data();
    let split = Split::testing(&data);
    let set = ["schedule={type=\"constant\", learning_rate=1000.0}", "optimiser.weight_decay=1.0", "epochs=8"];
    for averaging in ["averaging.decay=0", "averaging.decay=0.9"] {
        let recipe = recipe(&[&set[..], &[averaging]].concat());
        let mut keeper = Keeper::default();
        let whole = train(&recipe, &split, Isa::detect(), 2, &mut keeper).unwrap();
        assert!(matches!(whole.ended, Ended::Diverged { .. }), "{:?}", whole.ended);
        assert!(!keeper.checkpoints.is_empty());
        for (_, checkpoint) in &keeper.checkpoints {
            let epochs = whole.epochs[..checkpoint.epochs_done()].to_vec();
            let again =
                train_from_checkpoint(checkpoint, epochs, &recipe, &split, Isa::detect(), 2, &mut Keeper::default())
                    .unwrap();
            assert_eq!(bits(&again), bits(&whole));
        }
    }
}

#[test]
fn seconds_of_an_epoch_that_was_stopped_are_counted_together() {
    let data = data();
    let split = Split::testing(&data);
    let recipe = recipe(&[]);
    let mut keeper = Keeper { stop_after: Some(3), ..Keeper::default() };
    train(&recipe, &split, Isa::detect(), 1, &mut keeper).unwrap();
    let mut checkpoint = keeper.checkpoints.pop().unwrap().1;
    assert!(checkpoint.so_far.seconds > 0.0);
    checkpoint.so_far.seconds = 1000.0;
    let again = train_from_checkpoint(&checkpoint, Vec::new(), &recipe, &split, Isa::detect(), 1, &mut keeper).unwrap();
    assert!((1000.0..1100.0).contains(&again.epochs[0].train_seconds), "{:?}", again.epochs[0]);
    assert!(again.epochs[1].train_seconds < 100.0);
}

/// Keeps a run in its folder as the program does.
struct InFolder {
    folder: RunFolder,
    stop_after: usize,
    steps: usize,
}

impl Observer for InFolder {
    fn step(&mut self, _: Progress) -> ControlFlow<()> {
        self.steps += 1;
        if self.stop_after == self.steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.folder.keep_epoch(done.metrics, done.network)?)
    }

    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        self.folder.checkpoint_due(occasion)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.folder.keep_checkpoint(checkpoint)?)
    }
}

fn begun(runs: &Path, recipe: &Recipe, split: &Split<'_>) -> RunFolder {
    let parameters = Summary::of(&recipe.network).unwrap().parameters();
    RunFolder::create(runs, recipe, split, parameters, Isa::detect(), 1).unwrap()
}

/// Goes on for so many steps, and gives the folder back, closed if the run is over.
fn carry_on(folder: RunFolder, start: &Checkpoint, split: &Split<'_>, steps: usize) -> StoredRun {
    let (recipe, epochs) = (folder.record().resolved_recipe.clone(), folder.epochs().to_vec());
    let mut keeper = InFolder { folder, stop_after: steps, steps: 0 };
    let trained = train_from_checkpoint(start, epochs, &recipe, split, Isa::detect(), 1, &mut keeper).unwrap();
    let (status, words) = trained.ended.in_words(&recipe, split.train.len());
    let mut folder = keeper.folder;
    folder.end(status, words, &trained.network).unwrap();
    let path = folder.path().to_owned();
    folder.close().unwrap();
    StoredRun::read(&path).unwrap()
}

fn start(recipe: &Recipe, split: &Split<'_>) -> Checkpoint {
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed).unwrap();
    Checkpoint::beginning(recipe, split, &network)
}

/// What of a stored run must be the same.
fn story(run: &StoredRun) -> (String, Vec<EpochMetrics>, RunStatus, Option<String>) {
    let timeless = |m: &EpochMetrics| EpochMetrics { train_seconds: 0.0, evaluation_seconds: 0.0, ..m.clone() };
    let weights = run.record.result.as_ref().unwrap().weights_sha256.clone();
    (weights, run.epochs.iter().map(timeless).collect(), run.record.status, run.record.ended.clone())
}

#[test]
fn a_run_stopped_every_two_steps_ends_as_one_that_never_was_and_its_checkpoint_goes_with_its_end() {
    let (data, recipe) = (data(), recipe(&["averaging.decay=0.5"]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let whole = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, usize::MAX);
    let names = |path: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&whole.path), ["metrics.jsonl", "model.safetensors", "run.json"]);

    let mut run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 2);
    let mut resumed = 0;
    while run.record.status == RunStatus::Interrupted {
        assert!(names(&run.path).contains(&"checkpoint.safetensors".to_owned()));
        let (folder, checkpoint) = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap();
        let busy = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap_err();
        assert!(matches!(busy, ResumeError::Busy { .. }), "{busy}");
        assert_eq!(StoredRun::read(&run.path).unwrap().record.status, RunStatus::Running);
        run = carry_on(folder, &checkpoint, &split, 2);
        resumed += 1;
    }
    assert!(resumed >= 6, "{resumed}");
    assert_eq!(story(&run), story(&whole));
    assert_eq!(
        fs::read(run.path.join("model.safetensors")).unwrap(),
        fs::read(whole.path.join("model.safetensors")).unwrap()
    );
    assert_eq!(names(&run.path), names(&whole.path));
    let refused = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(refused.contains("is finished: all of its 3 epochs are done"), "{refused}");
    assert_eq!(names(&run.path), names(&whole.path), "a refusal leaves nothing behind");
}

#[test]
fn what_cannot_be_gone_on_with_is_refused_with_a_reason_and_the_folder_left_as_it_is() {
    let (data, recipe) = (data(), recipe(&[]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 7);
    let path = &run.path;
    let (record, checkpoint) = (path.join("run.json"), path.join("checkpoint.safetensors"));
    let resume = |split: &Split<'_>| RunFolder::resume(path, split, Isa::detect(), 1).map(|_| ()).unwrap_err();
    let (json, bytes) = (fs::read_to_string(&record).unwrap(), fs::read(&checkpoint).unwrap());
    let good = Checkpoint::from_bytes(&bytes).unwrap();

    let other = strokes::generate(4, 139, 40);
    assert!(matches!(resume(&Split::testing(&other)), ResumeError::NotTheSame(NotTheSame::OtherData { .. })));
    let told = resume(&Split::testing(&other)).to_string();
    assert!(told.contains("give its own with --data") && told.contains(&other.fingerprint), "{told}");
    let told = resume(&Split::validating(&data, 20).unwrap()).to_string();
    assert!(told.contains("trains on 139 images and is judged on 40 test images"), "{told}");

    let says = |from: &str, to: &str, wanted: &str| {
        assert!(json.contains(from), "{from} in {json}");
        fs::write(&record, json.replacen(from, to, 1)).unwrap();
        let told = resume(&split).to_string();
        assert!(told.contains(wanted), "{told}");
        fs::write(&record, &json).unwrap();
    };
    says("\"format\": 1", "\"format\": 2", "has the layout 2, and this version of the program knows 1");
    says("\"batch_size\": 32,\n    \"", "\"batch_size\": 0,\n    \"", "batch_size = 0 cannot be");
    says("{", "[", "is no record of this program");
    fs::remove_file(&checkpoint).unwrap();
    says("\"interrupted\"", "\"diverged\"", "diverged, and would again");

    let with = |bytes: &[u8], wanted: &str| {
        fs::write(&checkpoint, bytes).unwrap();
        let told = resume(&split).to_string();
        assert!(told.contains(wanted) && told.contains("checkpoint.safetensors"), "{told}");
        assert!(told.contains("goes on from its beginning, to the same bits"), "{told}");
    };
    with(&bytes[..bytes.len() - 1], "cut short");
    with(b"", "cut short");
    with(&[0; 64], "no safetensors file");
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    with(&flipped, "it is damaged");
    with(&fs::read(path.join("model.safetensors")).unwrap(), "a safetensors file of another kind");
    with(&[&bytes[..], &[0; 2 << 20]].concat(), "bytes, and a checkpoint of this run has at most");
    let changed = |change: fn(&mut Checkpoint), wanted: &str| {
        let mut checkpoint = good.clone();
        change(&mut checkpoint);
        with(&checkpoint.to_bytes(), wanted);
    };
    changed(|c| c.run = "0".repeat(64), "it belongs to another run");
    changed(|c| c.epoch = 5, "in epoch 5 of 3");
    changed(|c| c.epoch = 0, "in epoch 0 of 3");
    changed(|c| c.epoch = 3, "it stands after 2 epochs, and metrics.jsonl has 1");
    changed(|c| c.so_far.steps = 6, "after 6 steps of epoch 2, which has 5");
    changed(|c| c.so_far.images = 65, "images recognised, and they are 64");
    changed(|c| c.so_far.correct = 65, "with 65 of 64 images recognised");
    changed(|c| c.so_far.loss_sum = f64::NAN, "with a loss of NaN");
    changed(|c| c.so_far.seconds = -1.0, "-1 seconds");
    changed(|c| c.network.parameters.truncate(2), "its network: parameters has");
    changed(
        |c| c.good.running_var.truncate(2),
        "its network to fall back on: running_var has 2 numbers and 3 are wanted",
    );
    changed(
        |c| c.average = Some(longhand_training::AverageState { network: c.network.clone(), updates: 7 }),
        "it has an average of the weights, and the recipe keeps none",
    );
    changed(
        |c| {
            let mean = vec![0.0; c.network.parameters.len()];
            let mean_square = mean.clone();
            c.optimiser = longhand_nn::OptimiserState::AdamW { mean, mean_square, powers: [0.9, 0.99] };
        },
        "it holds the state of adamw and sgd is trained with",
    );
    fs::remove_file(&checkpoint).unwrap();
    fs::create_dir(&checkpoint).unwrap();
    assert!(matches!(resume(&split), ResumeError::Unreadable { .. }));
    fs::remove_dir(&checkpoint).unwrap();
    assert_eq!(StoredRun::read(path).unwrap(), run, "all this changed nothing");

    // And without any checkpoint it starts over, to the same bits.
    let (folder, from) = RunFolder::resume(path, &split, Isa::detect(), 1).unwrap();
    assert_eq!((from.epoch, from.so_far.steps, folder.epochs().len()), (1, 0, 0));
    let over = carry_on(folder, &from, &split, usize::MAX);
    let whole = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, usize::MAX);
    assert_eq!(story(&over), story(&whole));

    let mut other = good.clone();
    other.epoch = 2;
    let recipe = Recipe { seed: 1, ..recipe };
    let told = train_from_checkpoint(&other, run.epochs, &recipe, &split, Isa::detect(), 1, &mut Keeper::default());
    assert!(matches!(told, Err(TrainError::Checkpoint(CheckpointFault::OtherRun))));
}

#[test]
fn a_run_that_began_from_weights_in_a_file_needs_its_checkpoint_and_no_more_the_file() {
    let data = strokes::generate(3, 100, 20);
    let split = Split::testing(&data);
    let overrides: Vec<Override> = ["epochs=1", "batch_size=50"].iter().map(|s| s.parse().unwrap()).collect();
    let recipe = Recipe::from_toml("seed", built_in("seed").unwrap(), &overrides).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/pytorch_model.safetensors");
    let InitialWeights { network, record, .. } = InitialWeights::read(&file, &recipe).unwrap();
    let runs = tempfile::tempdir().unwrap();
    let origin = Origin { initial_weights: Some(&record), unchanged: None };
    let begin = || RunFolder::create_from(origin, runs.path(), &recipe, &split, 0, Isa::detect(), 1).unwrap();
    let from = Checkpoint::beginning(&recipe, &split, &network);
    let whole = carry_on(begin(), &from, &split, usize::MAX);
    let stopped = carry_on(begin(), &from, &split, 1);
    let (folder, checkpoint) = RunFolder::resume(&stopped.path, &split, Isa::detect(), 1).unwrap();
    assert_eq!(folder.record().initial_weights.as_ref(), Some(&record));
    assert_eq!(story(&carry_on(folder, &checkpoint, &split, usize::MAX)), story(&whole));

    let killed = begin();
    let path = killed.path().to_owned();
    drop(killed);
    let told = RunFolder::resume(&path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(told.contains("has no checkpoint, and it began from the weights in"), "{told}");
    fs::write(path.join("checkpoint.safetensors"), start(&recipe, &split).to_bytes()).unwrap();
    let told = RunFolder::resume(&path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(told.contains("it belongs to a run that began from other weights"), "{told}");
}

/// Tells which steps were done, and stops after so many.
struct Steps {
    seen: std::sync::Mutex<Vec<(usize, usize)>>,
    stop: std::sync::atomic::AtomicBool,
    after: usize,
}

impl Steps {
    fn new(after: usize) -> Self {
        Steps { seen: Vec::new().into(), stop: false.into(), after }
    }
}

impl ExperimentObserver for Steps {
    fn step(&self, _: usize, progress: Progress) {
        let mut seen = self.seen.lock().unwrap();
        seen.push((progress.epoch, progress.step));
        self.stop.store(seen.len() >= self.after, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_suite_goes_on_with_its_stopped_run_where_it_was_or_from_the_beginning_where_its_checkpoint_is_no_good() {
    let data = data();
    let split = Split::testing(&data);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let text = "name = \"mine\"\nseeds = 1\nvalidation = false\n[[entry]]\nrecipe = \"tiny.toml\"\n";
    let suite = || Suite::from_toml("mine.toml", text, folder.path(), &SuiteChanges::default()).unwrap();
    let carry_out = |name: &str, after: usize| {
        let plan = Plan::new(suite(), &folder.path().join(name), "1/1".parse::<Shard>().unwrap());
        let steps = Steps::new(after);
        let runner = Runner {
            plan: &plan,
            split: &split,
            isa: Isa::detect(),
            threads: vec![1],
            stop: &steps.stop,
            observer: &steps,
        };
        let (run, outcome) = runner.run().pop().unwrap();
        (run.folder, outcome, steps.seen.into_inner().unwrap())
    };
    let (whole, outcome, steps) = carry_out("whole", usize::MAX);
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
    assert_eq!(steps.len(), EPOCHS * STEPS);
    let whole = story(&StoredRun::read(&whole).unwrap());
    for spoil in [false, true] {
        let name = format!("stopped, {spoil}");
        let (run, outcome, _) = carry_out(&name, 7);
        assert!(matches!(outcome, RunOutcome::Interrupted), "{outcome:?}");
        if spoil {
            fs::write(run.join("checkpoint.safetensors"), "nonsense").unwrap();
        }
        let (run, outcome, steps) = carry_out(&name, usize::MAX);
        assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
        assert_eq!(steps[0], if spoil { (1, 1) } else { (2, 3) });
        assert_eq!(story(&StoredRun::read(&run).unwrap()), whole);
        assert!(!run.join("checkpoint.safetensors").exists() && !run.join(".lock").exists());
        let (_, outcome, steps) = carry_out(&name, usize::MAX);
        assert!(matches!(outcome, RunOutcome::AlreadyDone(_)) && steps.is_empty(), "{outcome:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes change, the reader refuses, or reads what was written; and no claim makes it fall over.
    #[test]
    fn changed_bytes_are_refused_or_mean_the_same(changes in prop::collection::vec((0usize..6000, any::<u8>()), 1..4), cut in 0usize..8000) {
        let (data, recipe) = (strokes::generate(3, 40, 10), recipe(&["averaging.decay=0.9"]));
        let split = Split::testing(&data);
        let good = start(&recipe, &split);
        let mut bytes = good.to_bytes();
        let length = bytes.len();
        for (at, to) in changes {
            bytes[at % length] = to;
        }
        bytes.truncate(cut.max(length / 4));
        if let Ok(read) = Checkpoint::from_bytes(&bytes) {
            prop_assert_eq!(read, good);
        }
    }
}
