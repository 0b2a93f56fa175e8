//! The entries of a suite, judged by their finished runs.

use serde::Serialize;

use super::statistics::{Sample, Welch, median, welch};
use super::suite_result::{EntryResult, SuiteResult};
use crate::record::{DataRecord, RunStatus};

/// How rows are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The best mean first; entries without a finished run last.
    #[default]
    Mean,
    /// As the suite lists them.
    Suite,
}

/// A leaderboard, plain data: `leaderboard.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leaderboard {
    /// The suite's name.
    pub suite: String,
    /// One sentence about it; may be empty.
    pub about: String,
    /// The data, and which images were judged on.
    pub data: DataRecord,
    /// How the rows are ordered.
    pub order: Order,
    /// The test behind each row's `difference`.
    pub test: &'static str,
    /// A row per entry.
    pub rows: Vec<LeaderboardRow>,
}

/// The test, by name.
const TEST: &str = "Welch's t-test, two-sided, of the last-epoch accuracies over seeds; p is not corrected for many \
                    comparisons";

/// One entry, judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeaderboardRow {
    /// The entry.
    pub entry: String,
    /// The name of its recipe.
    pub recipe: String,
    /// What it changes and why.
    pub reason: String,
    /// Trained parameters.
    pub parameters: usize,
    /// Multiply-adds of a forward pass for one image.
    pub multiply_adds: usize,
    /// Epochs of each run.
    pub epochs: usize,
    /// The seeds of the runs that count.
    pub seeds: Vec<u64>,
    /// Their last-epoch accuracies, of 1.
    pub accuracies: Vec<f64>,
    /// Mean and deviation of those; `None` where no run finished.
    pub accuracy: Option<Sample>,
    /// Mean of each run's best epoch, of 1: chosen on the images judged on.
    pub best_epoch_mean: Option<f64>,
    /// Median seconds of a run, training and evaluation.
    pub seconds: Option<f64>,
    /// Runs whose loss stopped being a number: done, and in no mean.
    pub diverged: usize,
    /// Runs asked for that have not ended.
    pub missing: usize,
    /// How it differs from the row above.
    pub difference: Option<RowDifference>,
}

/// A row against the row above it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowDifference {
    /// The entry of the row above.
    pub from: String,
    /// This row's mean less that one's, of 1.
    pub difference: f64,
    /// The test; `None` where a row has a single run or none varies.
    pub test: Option<Welch>,
}

impl Leaderboard {
    /// Judges the entries of `result`.
    pub fn of(result: &SuiteResult, order: Order) -> Self {
        let mut rows: Vec<LeaderboardRow> = result.entries.iter().map(LeaderboardRow::of).collect();
        if order == Order::Mean {
            // Stable: entries of equal means stay in the suite's order.
            let mean = |row: &LeaderboardRow| row.accuracy.map_or(f64::NEG_INFINITY, |a| a.mean);
            rows.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
        }
        for i in 1..rows.len() {
            let (above, row) = (&rows[i - 1], &rows[i]);
            let difference = above.accuracy.zip(row.accuracy).map(|(a, b)| RowDifference {
                from: above.entry.clone(),
                difference: b.mean - a.mean,
                test: welch(&b, &a),
            });
            rows[i].difference = difference;
        }
        Leaderboard {
            suite: result.name.clone(),
            about: result.about.clone(),
            data: result.data.clone(),
            order,
            test: TEST,
            rows,
        }
    }
}

impl LeaderboardRow {
    fn of(entry: &EntryResult) -> Self {
        let results: Vec<_> = entry.finished().filter_map(|r| Some((r, r.record.result.as_ref()?))).collect();
        let accuracies: Vec<f64> = results.iter().map(|(_, result)| result.accuracy.last()).collect();
        let best: Vec<f64> = results.iter().map(|(_, result)| result.accuracy.best()).collect();
        let seconds: Vec<f64> = results.iter().map(|(run, _)| run.seconds()).collect();
        let diverged = entry.runs.iter().filter(|r| r.record.status == RunStatus::Diverged).count();
        LeaderboardRow {
            entry: entry.name.clone(),
            recipe: entry.recipe.name.clone(),
            reason: entry.recipe.reason.clone(),
            parameters: entry.parameters,
            multiply_adds: entry.multiply_adds,
            epochs: entry.recipe.epochs,
            seeds: results.iter().map(|(run, _)| run.record.seed).collect(),
            accuracy: Sample::of(&accuracies),
            accuracies,
            best_epoch_mean: Sample::of(&best).map(|s| s.mean),
            seconds: median(&seconds),
            diverged,
            missing: entry.wanted.saturating_sub(entry.runs.len()),
            difference: None,
        }
    }
}
