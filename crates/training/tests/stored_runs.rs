//! Records with anything at all written into them.

mod damage;

use std::path::Path;
use std::sync::LazyLock;

use damage::write_over;
use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_training::experiment::{Leaderboard, Order, SuiteResult};
use longhand_training::{
    EpochMetrics, Recipe, ResultRecord, RunFolder, RunRecord, RunStatus, Scores, Split, StoredRun, StoredRunError,
    built_in, differences,
};
use proptest::prelude::*;

/// `run.json` and `metrics.jsonl` of a run that is over after three epochs.
static TEXTS: LazyLock<(String, String)> = LazyLock::new(|| {
    let recipe = Recipe::from_toml("seed", built_in("seed").unwrap(), &[]).unwrap();
    let data = strokes::generate(3, 20, 10);
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), &recipe, &Split::testing(&data), 18_800, Isa::detect(), 2).unwrap();
    let lines: Vec<EpochMetrics> = (1..=3)
        .map(|epoch| EpochMetrics {
            epoch,
            learning_rate: 0.1,
            steps: 1,
            train_images: 20,
            train_loss: 1.5e-9,
            train_accuracy: 0.5,
            scores: Scores::Test {
                test_loss: if epoch == 2 { f64::NAN } else { 0.25 },
                test_accuracy: 0.9,
                test_errors: 1,
            },
            train_seconds: 1.25,
            evaluation_seconds: 0.125,
        })
        .collect();
    let result = ResultRecord::of(&lines, "0".repeat(64));
    let record = RunRecord { status: RunStatus::Finished, result, ..folder.record().clone() };
    (serde_json::to_string_pretty(&record).unwrap(), written_lines(&lines))
});

fn written_lines(lines: &[EpochMetrics]) -> String {
    lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect()
}

fn read(record: &str, metrics: &str) -> Result<StoredRun, StoredRunError> {
    StoredRun::from_texts(Path::new("run"), record, metrics)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    /// They are refused, and the refusal names the file; or they are written to texts that read the same.
    #[test]
    fn are_refused_or_read_the_same_again(
        writes in prop::collection::vec((
            any::<bool>(), any::<prop::sample::Index>(), 0usize..4,
            prop::sample::select(vec![
                "", "\n", ":", "[", "]", "{", "}", "\"", "-", "9", "0", ",", "é", "null", "NaN", "1e999", "\u{0}", "true", "\\u0000",
                "\"running\"", "\"finished\"", "18446744073709551616",
            ]),
        ), 1..4),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let (mut record, mut metrics) = TEXTS.clone();
        if let Some(cut) = cut {
            metrics.truncate(cut.index(metrics.len()));
        }
        for (of_the_record, index, over, with) in writes {
            write_over(if of_the_record { &mut record } else { &mut metrics }, index, over, with);
        }
        match read(&record, &metrics) {
            Err(StoredRunError::Io { .. }) => prop_assert!(false, "nothing is read from a disk"),
            Err(error) => {
                let told = error.to_string();
                prop_assert!(told.contains("run.json") || told.contains("metrics.jsonl"), "{}", told);
            }
            Ok(run) => {
                let written = (serde_json::to_string(&run.record).unwrap(), written_lines(&run.epochs));
                let again = read(&written.0, &written.1).unwrap();
                // As texts: a loss that is no number is not equal to itself.
                prop_assert_eq!((serde_json::to_string(&again.record).unwrap(), written_lines(&again.epochs)), written);
                judge(run);
            }
        }
    }
}

/// What the commands and the pages do with runs that were read: nothing in one is worth a panic.
fn judge(run: StoredRun) {
    let sound = read(&TEXTS.0, &TEXTS.1).unwrap();
    differences(&run.record.resolved_recipe, &sound.record.resolved_recipe);
    if let Ok((result, _)) = SuiteResult::gather("runs", vec![sound, run]) {
        Leaderboard::of(&result, Order::Mean);
    }
}

#[test]
fn a_record_whose_recipe_cannot_be_is_refused() {
    let record: serde_json::Value = serde_json::from_str(&TEXTS.0).unwrap();
    let refusal = |key: &str, pointer: &str, value: serde_json::Value| {
        let mut record = record.clone();
        record["unchanged_recipe"] = record["resolved_recipe"].clone();
        *record[key].pointer_mut(pointer).unwrap() = value;
        match read(&record.to_string(), &TEXTS.1) {
            Err(StoredRunError::Recipe { reason, .. }) => reason,
            other => panic!("{pointer}: {other:?}"),
        }
    };
    for key in ["resolved_recipe", "unchanged_recipe"] {
        let even = refusal(key, "/network/layers/0/kernel", 2.into());
        assert!(even.starts_with(&format!("{key}.network.layers.0: ")), "{even}");
        let none = refusal(key, "/network/layers", serde_json::json!([]));
        assert!(none.starts_with(&format!("{key}.network")), "{none}");
        let many = refusal(key, "/epochs", 10_000_000_000_000_000_000_u64.into());
        assert!(many.starts_with(&format!("{key}.epochs: epochs = 10000000000000000000 cannot be")), "{many}");
    }
}

#[test]
fn a_label_that_looks_like_the_name_of_a_variant_is_a_label() {
    let run = |label: &str, epochs: usize, seed: u64| {
        let mut run = read(&TEXTS.0, &TEXTS.1).unwrap();
        (run.record.recipe, run.record.seed) = (label.to_owned(), seed);
        run.record.resolved_recipe.epochs = epochs;
        run
    };
    let named = |runs: Vec<StoredRun>| {
        let (result, _) = SuiteResult::gather("runs", runs).unwrap();
        result.entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(named(vec![run("a (2)", 20, 0), run("a", 20, 1)]), ["a (2)", "a"]);
    assert_eq!(named(vec![run("a, epochs 3", 20, 0), run("a", 20, 1), run("a", 3, 2)]), ["a, epochs 3", "a", "a (2)"]);
    assert_eq!(
        named(vec![run("a (2)", 20, 0), run("a, epochs 3", 20, 0), run("a", 3, 1), run("a", 20, 2)])[2..],
        ["a (3)", "a"]
    );
}

#[test]
fn what_is_written_into_is_sound_before() {
    let (record, metrics) = &*TEXTS;
    let run = read(record, metrics).unwrap();
    assert_eq!(run.epochs.len(), 3);
    assert!(run.epochs[1].scores.loss().is_nan());
    // A line too few is the file of another run, or a half of one.
    let (short, _) = metrics.trim_end().rsplit_once('\n').unwrap();
    assert!(matches!(read(record, short), Err(StoredRunError::Torn { said: 3, found: 2, .. })));
}
