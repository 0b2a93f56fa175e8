//! Runs of changed recipes beside those of the unchanged one: what a leaderboard calls them.

use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_training::experiment::SuiteResult;
use longhand_training::{
    EpochMetrics, InitialWeightsRecord, Override, Recipe, ResultRecord, RunFolder, RunStatus, Scores, Split, StoredRun,
    built_in,
};

/// A run of `recipe` that is over.
fn run(recipe: &Recipe) -> StoredRun {
    let data = strokes::generate(3, 20, 10);
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), recipe, &Split::testing(&data), 1, Isa::detect(), 1).unwrap();
    let epoch = EpochMetrics {
        epoch: 1,
        learning_rate: 0.1,
        steps: 1,
        train_images: 20,
        train_loss: 1.5,
        train_accuracy: 0.5,
        scores: Scores::Test { test_loss: 0.25, test_accuracy: 0.9, test_errors: 1 },
        train_seconds: 1.25,
        evaluation_seconds: 0.125,
    };
    let mut record = folder.record().clone();
    record.status = RunStatus::Finished;
    record.result = ResultRecord::of(std::slice::from_ref(&epoch), "0".repeat(64));
    StoredRun { path: folder.path().to_owned(), record, epochs: vec![epoch] }
}

fn built_in_with(changes: &[&str]) -> StoredRun {
    let changes: Vec<Override> = changes.iter().map(|change| change.parse().unwrap()).collect();
    run(&Recipe::from_toml("sprint", built_in("sprint").unwrap(), &changes).unwrap())
}

fn names(runs: Vec<StoredRun>) -> (Vec<String>, Vec<String>) {
    let (result, said) = SuiteResult::gather("runs", runs).unwrap();
    (result.entries.into_iter().map(|entry| entry.name).collect(), said)
}

#[test]
fn the_unchanged_recipe_keeps_its_name_and_a_changed_one_says_what_differs() {
    let quick = || built_in_with(&["schedule.learning_rate=0.1", "seed=3"]);
    let (called, said) = names(vec![quick(), built_in_with(&[])]);
    assert_eq!(called, ["sprint, schedule.learning_rate 0.1", "sprint"], "whichever is read first");
    assert_eq!(said.len(), 1);
    let unlike = "sprint, schedule.learning_rate 0.1 is another recipe than sprint: schedule.learning_rate ";
    assert!(said[0].starts_with(unlike) && said[0].ends_with(" → 0.1"), "{said:?}");
    // Nobody is called by the plain name where no run is of the plain recipe.
    let (called, said) = names(vec![quick(), built_in_with(&["epochs=3", "averaging.decay=0.9"])]);
    assert_eq!(called, ["sprint, schedule.learning_rate 0.1", "sprint, averaging.decay 0.9, epochs 3"]);
    assert!(said[1].contains("is another recipe than the unchanged sprint: averaging.decay "), "{said:?}");
    // One alone needs no telling apart.
    assert_eq!(names(vec![quick()]).0, ["sprint"]);
}

#[test]
fn where_that_would_be_long_they_are_numbered_and_the_differences_said() {
    let long = |epochs: &str| built_in_with(&[epochs, "batch_size=16", "schedule.learning_rate=0.1"]);
    let (called, said) = names(vec![long("epochs=3"), long("epochs=4"), built_in_with(&[])]);
    assert_eq!(called, ["sprint (2)", "sprint (3)", "sprint"]);
    assert!(said[0].starts_with("sprint (2) is another recipe than sprint: batch_size "), "{said:?}");
    assert!(said[0].contains("epochs ") && said[0].contains("schedule.learning_rate "), "{said:?}");
    assert_eq!(names(vec![long("epochs=3"), long("epochs=4")]).0, ["sprint (1)", "sprint (2)"]);
}

#[test]
fn other_beginnings_and_recipes_from_files_are_told_apart_too() {
    let mut begun = built_in_with(&["seed=1"]);
    let weights = InitialWeightsRecord { file: "m.safetensors".into(), weights_sha256: "1a2b3c4d".repeat(8) };
    begun.record.initial_weights = Some(weights);
    let (called, said) = names(vec![begun, built_in_with(&[])]);
    assert_eq!(called, ["sprint, from weights 1a2b3c4d", "sprint"]);
    assert_eq!(said, ["sprint, from weights 1a2b3c4d began from other initial weights than sprint"]);
    // A recipe of a file is known from the record of a run of it that was changed.
    let own = |changes: &[&str]| {
        let mut run = built_in_with(changes);
        (run.record.recipe, run.record.resolved_recipe.name) = ("own".into(), "own".into());
        run
    };
    let mut changed = own(&["epochs=3"]);
    changed.record.unchanged_recipe = Some(own(&[]).record.resolved_recipe);
    assert_eq!(names(vec![changed, own(&["seed=4"])]).0, ["own, epochs 3", "own"]);
    // Without one, the first stands for it.
    assert_eq!(names(vec![own(&["epochs=3"]), own(&["epochs=4"])]).0, ["own", "own, epochs 4"]);
}
