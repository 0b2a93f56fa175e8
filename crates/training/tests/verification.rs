//! `verify`: a run trained once more is its record, or the first thing that is not is named.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_nn::Summary;
use longhand_training::{
    Accuracy, Difference, EpochDone, InitialWeights, InitialWeightsRecord, NotTheSame, Observer, Override, Progress,
    Recipe, RunFolder, Split, StoredRun, Verification, VerifyError, built_in, train, verify,
};

struct Keeper(RunFolder);

impl Observer for Keeper {
    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.keep_epoch(done.metrics, done.network)?)
    }
}

fn finished(runs: &Path, split: &Split<'_>) -> StoredRun {
    let overrides: Vec<Override> = ["epochs=2", "batch_size=40"].iter().map(|s| s.parse().unwrap()).collect();
    let recipe = Recipe::from_toml("seed", built_in("seed").unwrap(), &overrides).unwrap();
    let parameters = Summary::of(&recipe.network).unwrap().parameters();
    let folder = RunFolder::create(runs, &recipe, split, parameters, Isa::detect(), 2).unwrap();
    let mut keeper = Keeper(folder);
    let trained = train(&recipe, split, Isa::detect(), 2, &mut keeper).unwrap();
    let (status, words) = trained.ended.in_words(&recipe, split.train.len());
    keeper.0.end(status, words, &trained.network).unwrap();
    let path = keeper.0.path().to_owned();
    keeper.0.close().unwrap();
    StoredRun::read(&path).unwrap()
}

fn on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_run_is_its_record_and_whatever_is_changed_in_it_is_named() {
    let data = strokes::generate(3, 89, 40);
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = finished(runs.path(), &split);
    let sha = run.record.result.as_ref().unwrap().weights_sha256.clone();
    let isa = Isa::detect();
    let of = |run: &StoredRun| verify(run, &split, isa, 1, None, &mut on);
    assert_eq!(of(&run).unwrap(), Verification::Same { weights_sha256: sha.clone() });

    let mut other = run.clone();
    other.epochs[1].train_loss = f64::from_bits(other.epochs[1].train_loss.to_bits() + 1);
    let Verification::Different(Difference { epoch, figure, recorded, found }) = of(&other).unwrap() else {
        panic!("one bit of a loss is a difference")
    };
    assert_eq!((epoch, figure.as_str()), (Some(2), "train_loss"));
    assert_eq!(recorded, other.epochs[1].train_loss.to_string());
    assert_eq!(found, run.epochs[1].train_loss.to_string());

    let mut other = run.clone();
    other.record.resolved_recipe.seed = 1;
    other.record.seed = 1;
    let Verification::Different(Difference { epoch, .. }) = of(&other).unwrap() else { panic!("another seed") };
    assert_eq!(epoch, Some(1));

    let mut other = run.clone();
    other.record.result.as_mut().unwrap().weights_sha256 = "0".repeat(64);
    let Verification::Different(Difference { epoch, figure, found, .. }) = of(&other).unwrap() else {
        panic!("other weights")
    };
    assert_eq!((epoch, figure.as_str(), found), (None, "model.safetensors", sha.clone()));

    let mut stop = |_| ControlFlow::Break(());
    assert_eq!(verify(&run, &split, isa, 1, None, &mut stop).unwrap(), Verification::Stopped);
}

#[test]
fn what_has_nothing_to_be_compared_with_is_refused() {
    let data = strokes::generate(3, 89, 40);
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = finished(runs.path(), &split);
    let refused = |run: &StoredRun, split: &Split<'_>| verify(run, split, Isa::detect(), 1, None, &mut on).unwrap_err();
    let other = strokes::generate(4, 89, 40);
    let error = refused(&run, &Split::testing(&other));
    assert!(matches!(error, VerifyError::NotTheSame(NotTheSame::OtherData { .. })), "{error}");
    let mut half = run.clone();
    half.record.status = longhand_training::RunStatus::Interrupted;
    assert!(refused(&half, &split).to_string().contains("is interrupted, and only a finished run has bits to compare"));
    let mut short = run.clone();
    short.epochs.pop();
    assert!(refused(&short, &split).to_string().contains("has 1 of 2 epochs"));
    let mut from = run.clone();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/pytorch_model.safetensors");
    from.record.initial_weights = Some(longhand_training::InitialWeightsRecord {
        file: golden.display().to_string(),
        weights_sha256: "0".repeat(64),
    });
    assert!(refused(&from, &split).to_string().contains("put its own there"));
    from.record.initial_weights.as_mut().unwrap().file = "nowhere.safetensors".into();
    assert!(refused(&from, &split).to_string().contains("nowhere.safetensors"));
    fs::remove_file(run.path.join("model.safetensors")).unwrap();
    assert!(matches!(refused(&run, &split), VerifyError::Model(_)));
}

#[test]
fn what_the_record_says_twice_it_says_alike_and_the_model_is_its_own_to_the_byte() {
    let data = strokes::generate(3, 89, 40);
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let run = finished(runs.path(), &split);
    type Falsify = fn(&mut StoredRun);
    let falsified: [(&str, Falsify); 9] = [
        ("recipe", |run| run.record.recipe = "default".into()),
        ("seed", |run| run.record.seed = 7),
        ("parameters", |run| run.record.parameters += 1),
        ("epochs", |run| run.record.epochs = 9),
        ("batch_size", |run| run.record.batch_size = 1),
        ("steps_per_epoch", |run| run.record.steps_per_epoch += 1),
        ("data.test_images", |run| (run.record.data.test_images, run.record.data.validation_images) = (0, 40)),
        ("result.last_errors", |run| {
            let result = run.record.result.as_mut().unwrap();
            result.accuracy = Accuracy::Test {
                last_test_accuracy: result.accuracy.last(),
                last_test_errors: 1,
                best_test_accuracy: 1.0,
            };
        }),
        ("result.epochs_done", |run| run.record.result.as_mut().unwrap().epochs_done = 1),
    ];
    for (wanted, falsify) in falsified {
        let mut other = run.clone();
        falsify(&mut other);
        let Verification::Different(Difference { epoch: None, figure, .. }) =
            verify(&other, &split, Isa::detect(), 1, None, &mut on).unwrap()
        else {
            panic!("{wanted} was falsified")
        };
        assert_eq!(figure, wanted);
    }
    let model = run.path.join("model.safetensors");
    let bytes = fs::read(&model).unwrap();
    let std = b"0.3081";
    let at = bytes.windows(std.len()).position(|w| w == std).expect("the model says how images are normalised");
    let mut other = bytes.clone();
    other[at + 2] = b'9';
    for other in [other, [&bytes[..], b" "].concat()] {
        fs::write(&model, &other).unwrap();
        match verify(&run, &split, Isa::detect(), 1, None, &mut on) {
            Ok(Verification::Different(difference)) => {
                assert_eq!(difference.figure, "the whole of model.safetensors");
                assert!(difference.recorded.starts_with("SHA-256 ") && difference.recorded != difference.found);
            }
            Err(VerifyError::Model(_)) => assert!(other.len() > bytes.len(), "something appended is not even read"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_weights_begun_from_may_lie_elsewhere_by_now() {
    let data = strokes::generate(3, 89, 40);
    let split = Split::testing(&data);
    let runs = tempfile::tempdir().unwrap();
    let mut run = finished(runs.path(), &split);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/pytorch_model.safetensors");
    let begun_from = InitialWeights::read(&golden, &run.record.resolved_recipe).unwrap().record;
    run.record.initial_weights = Some(InitialWeightsRecord { file: "moved.safetensors".into(), ..begun_from });
    let of = |weights: Option<&Path>| verify(&run, &split, Isa::detect(), 1, weights, &mut on);
    assert!(matches!(of(None), Err(VerifyError::InitialWeights(_))));
    // It was in truth begun from random ones.
    assert!(matches!(of(Some(&golden)), Ok(Verification::Different(Difference { epoch: Some(1), .. }))));
    let model = run.path.join("model.safetensors");
    let Err(VerifyError::OtherWeights { file, .. }) = of(Some(&model)) else { panic!("those are others") };
    assert_eq!(file, model.display().to_string());
}
