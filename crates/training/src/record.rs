//! What a run writes down: `run.json` and the lines of `metrics.jsonl`.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::recipe::Recipe;

/// One line of `metrics.jsonl`: an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Counted from 1.
    pub epoch: usize,
    /// The rate of the epoch's last step.
    pub learning_rate: f64,
    /// Steps taken.
    pub steps: usize,
    /// Images trained on.
    pub train_images: usize,
    /// Mean loss over the training images as they were trained on (augmented, with dropout).
    pub train_loss: f64,
    /// Share of them recognised, of 1.
    pub train_accuracy: f64,
    /// Mean negative log-likelihood over the test images.
    pub test_loss: f64,
    /// Share of them recognised, of 1.
    pub test_accuracy: f64,
    /// How many of them were not.
    pub test_errors: usize,
    /// Seconds of training, evaluation not counted.
    pub train_seconds: f64,
    /// Seconds of evaluation.
    pub test_seconds: f64,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Not ended, or ended without a chance to say so.
    Running,
    /// All epochs done.
    Finished,
    /// Stopped by whoever ran it.
    Interrupted,
    /// The loss stopped being a number.
    Diverged,
}

/// The data a run was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRecord {
    /// `mnist` or `strokes`.
    pub name: String,
    /// What names the bytes.
    pub fingerprint: String,
    /// Where they came from.
    pub source: String,
    /// Images trained on.
    pub train_images: usize,
    /// Images tested on; never used to choose anything but the figure labelled best.
    pub test_images: usize,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// Epochs done.
    pub epochs_done: usize,
    /// Test accuracy after the last epoch done, of 1: the figure to quote.
    pub last_test_accuracy: f64,
    /// Test errors after the last epoch done.
    pub last_test_errors: usize,
    /// The best test accuracy of any epoch, of 1: chosen on the test set.
    pub best_test_accuracy: f64,
    /// The epoch it belongs to, counted from 1.
    pub best_epoch: usize,
    /// Median seconds of training an epoch, evaluation not counted.
    pub train_seconds_per_epoch: f64,
    /// SHA-256 over all parameters and running statistics, little-endian, in the order of the state.
    pub weights_sha256: String,
}

/// `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The layout of this record; 1.
    pub format: u32,
    /// How the run stands.
    pub status: RunStatus,
    /// A sentence about how it ended, where there is more to say than the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The recipe's name.
    pub recipe: String,
    /// The seed.
    pub seed: u64,
    /// Trained parameters.
    pub parameters: usize,
    /// Epochs asked for.
    pub epochs: usize,
    /// Images a step.
    pub batch_size: usize,
    /// Steps an epoch: with `batch_size` against `data.train_images`, a leak would show.
    pub steps_per_epoch: usize,
    /// Threads.
    pub threads: usize,
    /// Instruction set of the kernels.
    pub isa: String,
    /// When it began, UTC.
    pub started: String,
    /// Version of the program.
    pub version: String,
    /// The machine.
    pub machine: Machine,
    /// The data.
    pub data: DataRecord,
    /// The whole recipe, every default written out, overrides applied.
    pub resolved_recipe: Recipe,
    /// What came of it, once an epoch is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultRecord>,
}

impl ResultRecord {
    /// The result of the epochs so far; `None` before the first.
    pub fn of(epochs: &[EpochMetrics], weights_sha256: String) -> Option<Self> {
        let last = epochs.last()?;
        // The first of equals: the earlier epoch.
        let best = epochs.iter().rev().max_by(|a, b| a.test_accuracy.total_cmp(&b.test_accuracy))?;
        let mut seconds: Vec<f64> = epochs.iter().map(|e| e.train_seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let middle = seconds.len() / 2;
        let median =
            if seconds.len() % 2 == 1 { seconds[middle] } else { (seconds[middle - 1] + seconds[middle]) / 2.0 };
        Some(ResultRecord {
            epochs_done: epochs.len(),
            last_test_accuracy: last.test_accuracy,
            last_test_errors: last.test_errors,
            best_test_accuracy: best.test_accuracy,
            best_epoch: best.epoch,
            train_seconds_per_epoch: median,
            weights_sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize, test_accuracy: f64, train_seconds: f64) -> EpochMetrics {
        EpochMetrics {
            epoch,
            learning_rate: 0.1,
            steps: 1,
            train_images: 1,
            train_loss: 1.0,
            train_accuracy: 0.5,
            test_loss: 1.0,
            test_accuracy,
            test_errors: 1,
            train_seconds,
            test_seconds: 0.1,
        }
    }

    #[test]
    fn the_first_of_equal_bests_and_the_median_are_taken() {
        let epochs = [epoch(1, 0.9, 5.0), epoch(2, 0.95, 1.0), epoch(3, 0.95, 2.0), epoch(4, 0.94, 100.0)];
        let result = ResultRecord::of(&epochs, String::new()).unwrap();
        assert_eq!((result.best_epoch, result.last_test_accuracy), (2, 0.94));
        assert_eq!(result.train_seconds_per_epoch, 3.5);
        assert!(ResultRecord::of(&[], String::new()).is_none());
    }
}
