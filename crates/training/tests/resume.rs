//! A training that is stopped and gone on with ends with the bits of one that never was.

mod tiny;

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_training::{
    Checkpoint, CheckpointFault, Ended, EpochDone, EpochMetrics, InitialWeights, NotTheSame, Observer, Occasion,
    Origin, Override, Progress, Recipe, ResumeError, RunFolder, RunStatus, Split, StoredRun, TrainError, Trained,
    built_in, train, train_from_checkpoint,
};
use proptest::prelude::*;
use tiny::{EPOCHS, InFolder, STEPS, begun, carry_on, data, names, recipe, start, story};

/// One of each kind of state that there is.
fn recipes() -> [(&'static str, Recipe); 4] {
    let augmented = "augmentation={rotation=10.0, scale=0.1, shear=0.1, shift=2.0}";
    [
        ("sgd, averaged", recipe(&["optimiser={momentum=0.9, nesterov=true}", "averaging.decay=0.8", augmented])),
        ("averaged, precise", recipe(&["averaging.decay=0.8", "precise_batch_norm=true", augmented])),
        ("adamw", recipe(&["optimiser={type=\"adamw\", weight_decay=0.1}", "averaging.decay=0.8"])),
        ("sgd, precise", recipe(&["optimiser={momentum=0.9, weight_decay=0.001}", "precise_batch_norm=true"])),
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

#[test]
fn a_run_stopped_every_two_steps_ends_as_one_that_never_was_and_its_checkpoint_goes_with_its_end() {
    let (data, recipe) = (data(), recipe(&["averaging.decay=0.5"]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let whole = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, usize::MAX);
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

    // Killed before its first checkpoint: the file is read again.
    let killed = begin();
    let path = killed.path().to_owned();
    drop(killed);
    let (folder, checkpoint) = RunFolder::resume(&path, &split, Isa::detect(), 1).unwrap();
    assert_eq!(checkpoint, from);
    drop(folder);
    let json = fs::read_to_string(path.join("run.json")).unwrap();
    let with = |json: String| {
        fs::write(path.join("run.json"), json).unwrap();
        RunFolder::resume(&path, &split, Isa::detect(), 1).map(drop).unwrap_err().to_string()
    };
    let told = with(json.replace("pytorch_model.safetensors", "nothing.safetensors"));
    assert!(told.contains("has no checkpoint, and it began from the weights in") && told.contains("cannot"), "{told}");
    let told = with(json.replace(&record.weights_sha256, &"0".repeat(64)));
    assert!(
        told.contains(&format!("it holds those of SHA-256 {} now. Put its own there", record.weights_sha256)),
        "{told}"
    );
    fs::write(path.join("run.json"), json).unwrap();
    fs::write(path.join("checkpoint.safetensors"), start(&recipe, &split).to_bytes()).unwrap();
    let told = RunFolder::resume(&path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(told.contains("it belongs to a run that began from other weights"), "{told}");
    // And the other way round: one that began from random weights does not take the checkpoint of one that did not.
    let random = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 1);
    fs::write(random.path.join("checkpoint.safetensors"), from.to_bytes()).unwrap();
    let told = RunFolder::resume(&random.path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(told.contains("it belongs to a run that began from other weights"), "{told}");
}

#[test]
fn a_checkpoint_that_the_clock_had_written_within_an_epoch_is_gone_on_from() {
    let data = data();
    let split = Split::testing(&data);
    for (name, recipe) in recipes() {
        let runs = tempfile::tempdir().unwrap();
        let whole = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, usize::MAX);
        for n in 1..STEPS {
            let mut keeper = InFolder { die_after: Some(n), ..InFolder::new(begun(runs.path(), &recipe, &split)) };
            keeper.folder.keep_checkpoints_every(Duration::ZERO);
            let died = train(&recipe, &split, Isa::detect(), 1, &mut keeper).unwrap_err();
            assert_eq!(died.to_string(), "it dies");
            let path = keeper.folder.path().to_owned();
            drop(keeper);
            assert_eq!(StoredRun::read(&path).unwrap().record.status, RunStatus::Running);
            let (folder, from) = RunFolder::resume(&path, &split, Isa::detect(), 2).unwrap();
            assert_eq!((from.epoch, from.so_far.steps), (1, n), "{name}: in the middle of the first epoch");
            assert_eq!(story(&carry_on(folder, &from, &split, usize::MAX)), story(&whole), "{name}, {n}");
        }
    }
}

#[test]
fn a_checkpoint_of_a_version_of_other_bits_is_refused_and_that_version_named() {
    let (data, recipe) = (data(), recipe(&[]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 7);
    let file = run.path.join("checkpoint.safetensors");
    fs::write(&file, tiny::of_other_bits(&fs::read(&file).unwrap())).unwrap();
    let told = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap_err().to_string();
    let version = env!("CARGO_PKG_VERSION");
    assert!(told.contains(&format!("it was written by version {version} of the program, whose trainings")), "{told}");
    assert!(told.contains("from its beginning, to those of this version, which may be other bits"), "{told}");
    // A run that goes on from its beginning is this version's, whoever began it.
    fs::remove_file(&file).unwrap();
    let json = fs::read_to_string(run.path.join("run.json")).unwrap();
    fs::write(
        run.path.join("run.json"),
        json.replace(&format!("\"version\": \"{version}\""), "\"version\": \"0.0.1\""),
    )
    .unwrap();
    assert_eq!(StoredRun::read(&run.path).unwrap().record.version, "0.0.1");
    let (folder, _) = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap();
    assert_eq!(folder.record().version, version);
}

#[test]
fn counts_that_a_file_made_up_are_counted_on_from_without_a_panic() {
    let (data, recipe) = (data(), recipe(&["averaging.decay=0.5"]));
    let split = Split::testing(&data);
    let mut from = start(&recipe, &split);
    for state in [&mut from.network, &mut from.good, &mut from.average.as_mut().unwrap().network] {
        state.batches_tracked = u64::MAX;
    }
    let whole = train(&recipe, &split, Isa::detect(), 1, &mut Keeper::default()).unwrap();
    let again =
        train_from_checkpoint(&from, Vec::new(), &recipe, &split, Isa::detect(), 1, &mut Keeper::default()).unwrap();
    assert_eq!(bits(&again).1, bits(&whole).1, "it is a figure for people, and decides nothing");

    let runs = tempfile::tempdir().unwrap();
    let run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 7);
    let json = fs::read_to_string(run.path.join("run.json")).unwrap();
    let hostile = json.replace("\"test_images\": 40", "\"test_images\": 18446744073709551615");
    let hostile = hostile.replace("\"validation_images\": 0", "\"validation_images\": 18446744073709551615");
    assert_ne!(hostile, json);
    fs::write(run.path.join("run.json"), hostile).unwrap();
    let told = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(told.contains("is judged on 18446744073709551615 test images"), "{told}");
    let hostile = json.replace("\"seed\": 0", "\"seed\": 18446744073709551615");
    fs::write(run.path.join("run.json"), hostile).unwrap();
    let told = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap_err().to_string();
    assert!(told.contains("seed = 18446744073709551615 cannot be"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_checkpoints_place_is_not_waited_for() {
    let (data, recipe) = (data(), recipe(&[]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 7);
    let file = run.path.join("checkpoint.safetensors");
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let told = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap_err();
    assert!(matches!(told, ResumeError::Unreadable { .. }) && told.to_string().contains("no regular file"), "{told}");
}

#[test]
fn what_processes_that_died_left_half_written_goes_when_the_run_goes_on() {
    let (data, recipe) = (data(), recipe(&[]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 7);
    let stale = [".checkpoint.safetensors.123.tmp", ".metrics.jsonl.7.tmp", ".report.html.99999999.tmp"];
    let others = [".notes.1.tmp", ".run.json.swp", "checkpoint.safetensors.1.tmp"];
    for name in stale.iter().chain(&others) {
        fs::write(run.path.join(name), "half").unwrap();
    }
    let (folder, from) = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap();
    carry_on(folder, &from, &split, usize::MAX);
    let mut wanted = [&others[..], &["metrics.jsonl", "model.safetensors", "run.json"]].concat();
    wanted.sort();
    assert_eq!(names(&run.path), wanted);
}

#[test]
fn what_can_go_on_is_told_by_the_record_the_lock_and_the_checkpoint() {
    let (data, recipe) = (data(), recipe(&[]));
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = carry_on(begun(runs.path(), &recipe, &split), &start(&recipe, &split), &split, 7);
    assert!(run.can_go_on(), "it was stopped");
    let (folder, from) = RunFolder::resume(&run.path, &split, Isa::detect(), 1).unwrap();
    let read = || StoredRun::read(&run.path).unwrap();
    assert!(!read().can_go_on(), "a process is at it");
    drop(folder);
    assert!(read().can_go_on(), "its process died");
    let (folder, from) = RunFolder::resume(&run.path, &split, Isa::detect(), 1).map(|(f, _)| (f, from)).unwrap();
    carry_on(folder, &from, &split, usize::MAX);
    assert!(!read().can_go_on(), "it is over");
    fs::write(run.path.join("checkpoint.safetensors"), from.to_bytes()).unwrap();
    assert!(read().can_go_on(), "it is over, and something of it may be missing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes change, the reader refuses, or reads what was written.
    #[test]
    fn changed_bytes_are_refused_or_mean_the_same(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<usize>()),
    ) {
        let (data, recipe) = (strokes::generate(3, 40, 10), recipe(&["averaging.decay=0.9"]));
        let split = Split::testing(&data);
        let good = start(&recipe, &split);
        let mut bytes = good.to_bytes();
        change(&mut bytes, &changes, cut);
        if let Ok(read) = Checkpoint::from_bytes(&bytes) {
            prop_assert_eq!(read, good);
        }
    }

    /// And where the checksum is right, as somebody may have made it, no claim makes the check fall over: bytes of the
    /// header, most of which are numbers, are changed into digits.
    #[test]
    fn no_claim_makes_the_check_fall_over(
        changes in prop::collection::vec((0usize..2000, prop::sample::select(&b"0123456789-.e\"{}[],"[..])), 1..6),
        adamw in any::<bool>(),
    ) {
        let data = strokes::generate(3, 40, 10);
        let optimiser = if adamw { "optimiser={type=\"adamw\"}" } else { "optimiser.momentum=0.9" };
        let recipe = recipe(&["averaging.decay=0.9", optimiser]);
        let split = Split::testing(&data);
        let mut bytes = start(&recipe, &split).to_bytes();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let changes: Vec<_> = changes.into_iter().map(|(at, to)| (8 + at % header, to)).collect();
        change(&mut bytes, &changes, None);
        if let Some(mended) = Checkpoint::with_right_checksum(&bytes) {
            let read = Checkpoint::from_bytes(&mended).unwrap();
            let _ = read.check(&recipe, &split);
        }
    }
}

fn change(bytes: &mut Vec<u8>, changes: &[(usize, u8)], cut: Option<usize>) {
    let length = bytes.len();
    for &(at, to) in changes {
        bytes[at % length] = to;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut % length);
    }
}
