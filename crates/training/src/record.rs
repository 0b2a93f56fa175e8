//! What a run writes down: `run.json` and the lines of `metrics.jsonl`.

use serde::{Deserialize, Deserializer, Serialize};

use crate::evaluation::Evaluation;
use crate::initial_weights::InitialWeightsRecord;
use crate::machine::Machine;
use crate::recipe::Recipe;
use crate::split::{EvaluatedOn, Split};

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
    /// How it did on images it was not trained on.
    #[serde(flatten)]
    pub scores: Scores,
    /// Seconds of training, evaluation not counted.
    pub train_seconds: f64,
    /// Seconds of evaluation.
    #[serde(alias = "test_seconds")]
    pub evaluation_seconds: f64,
}

/// How a network did on the images it is judged on; the keys say which images those were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scores {
    /// On the test images.
    Test {
        /// Mean negative log-likelihood over the test images.
        #[serde(deserialize_with = "number_or_nan")]
        test_loss: f64,
        /// Share of them recognised, of 1.
        test_accuracy: f64,
        /// How many of them were not.
        test_errors: usize,
    },
    /// On training images held out of training.
    Validation {
        /// Mean negative log-likelihood over the held-out images.
        #[serde(deserialize_with = "number_or_nan")]
        validation_loss: f64,
        /// Share of them recognised, of 1.
        validation_accuracy: f64,
        /// How many of them were not.
        validation_errors: usize,
    },
}

/// A network may be judged that gives no numbers any more, before the next step finds that it diverged: JSON has `null`
/// for such a loss.
fn number_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Scores {
    /// What `evaluation`, on the images that `evaluated_on` names, found.
    pub fn new(evaluated_on: EvaluatedOn, evaluation: &Evaluation) -> Self {
        let (loss, accuracy, errors) = (evaluation.loss, evaluation.accuracy(), evaluation.errors());
        match evaluated_on {
            EvaluatedOn::Test => Scores::Test { test_loss: loss, test_accuracy: accuracy, test_errors: errors },
            EvaluatedOn::Validation => {
                Scores::Validation { validation_loss: loss, validation_accuracy: accuracy, validation_errors: errors }
            }
        }
    }

    /// Mean negative log-likelihood.
    pub fn loss(&self) -> f64 {
        match *self {
            Scores::Test { test_loss: loss, .. } | Scores::Validation { validation_loss: loss, .. } => loss,
        }
    }

    /// Share of the images recognised, of 1.
    pub fn accuracy(&self) -> f64 {
        match *self {
            Scores::Test { test_accuracy: share, .. } | Scores::Validation { validation_accuracy: share, .. } => share,
        }
    }

    /// Images not recognised.
    pub fn errors(&self) -> usize {
        match *self {
            Scores::Test { test_errors: n, .. } | Scores::Validation { validation_errors: n, .. } => n,
        }
    }

    /// Which images they were.
    pub fn evaluated_on(&self) -> EvaluatedOn {
        match self {
            Scores::Test { .. } => EvaluatedOn::Test,
            Scores::Validation { .. } => EvaluatedOn::Validation,
        }
    }
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
    /// Whether the run was judged on the test images or on training images held out.
    #[serde(default = "on_test_images")]
    pub evaluated_on: EvaluatedOn,
    /// Images tested on, which nothing is chosen by but the figure labelled best; 0 in a run for choosing.
    pub test_images: usize,
    /// Training images held out, which choices are made by; 0 in a run for testing.
    #[serde(default)]
    pub validation_images: usize,
}

/// What the records of the first version, which knew nothing else, were judged on.
fn on_test_images() -> EvaluatedOn {
    EvaluatedOn::Test
}

impl DataRecord {
    /// The record of `split`.
    pub fn of(split: &Split<'_>) -> Self {
        let judged = |on| if split.evaluated_on == on { split.evaluation.len() } else { 0 };
        DataRecord {
            name: split.data.name.clone(),
            fingerprint: split.data.fingerprint.clone(),
            source: split.data.source.clone(),
            train_images: split.train.len(),
            evaluated_on: split.evaluated_on,
            test_images: judged(EvaluatedOn::Test),
            validation_images: judged(EvaluatedOn::Validation),
        }
    }

    /// Images the run is judged on.
    pub fn evaluation_images(&self) -> usize {
        // Of a record that anybody may have written: no sum of it is worth a panic.
        self.test_images.saturating_add(self.validation_images)
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// Epochs done.
    pub epochs_done: usize,
    /// Accuracy after the last epoch done, and of the best one.
    #[serde(flatten)]
    pub accuracy: Accuracy,
    /// The best epoch, counted from 1.
    pub best_epoch: usize,
    /// Median seconds of training an epoch, evaluation not counted.
    pub train_seconds_per_epoch: f64,
    /// SHA-256 over all parameters and running statistics, little-endian, in the order of the state.
    pub weights_sha256: String,
}

/// The accuracies of a run; the keys say which images they are on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Accuracy {
    /// On the test images.
    Test {
        /// After the last epoch done, of 1: the figure to quote.
        last_test_accuracy: f64,
        /// Errors after the last epoch done.
        last_test_errors: usize,
        /// The best of any epoch, of 1: chosen on the test set.
        best_test_accuracy: f64,
    },
    /// On training images held out of training.
    Validation {
        /// After the last epoch done, of 1: the figure to choose by.
        last_validation_accuracy: f64,
        /// Errors after the last epoch done.
        last_validation_errors: usize,
        /// The best of any epoch, of 1.
        best_validation_accuracy: f64,
    },
}

impl Accuracy {
    /// After the last epoch done, of 1.
    pub fn last(&self) -> f64 {
        match *self {
            Accuracy::Test { last_test_accuracy: share, .. }
            | Accuracy::Validation { last_validation_accuracy: share, .. } => share,
        }
    }

    /// Errors after the last epoch done.
    pub fn last_errors(&self) -> usize {
        match *self {
            Accuracy::Test { last_test_errors: n, .. } | Accuracy::Validation { last_validation_errors: n, .. } => n,
        }
    }

    /// The best of any epoch, of 1.
    pub fn best(&self) -> f64 {
        match *self {
            Accuracy::Test { best_test_accuracy: share, .. }
            | Accuracy::Validation { best_validation_accuracy: share, .. } => share,
        }
    }
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
    /// The suite the run is part of, if it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// The suite's entry it is a run of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The weights it began from, where they were not random ones from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_weights: Option<InitialWeightsRecord>,
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
    /// The recipe before anything was changed for this run, where it is known and not a built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_recipe: Option<Recipe>,
    /// What came of it, once an epoch is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultRecord>,
}

impl ResultRecord {
    /// The result of the epochs so far; `None` before the first.
    pub fn of(epochs: &[EpochMetrics], weights_sha256: String) -> Option<Self> {
        let last = epochs.last()?;
        // The first of equals: the earlier epoch.
        let best = epochs.iter().rev().max_by(|a, b| a.scores.accuracy().total_cmp(&b.scores.accuracy()))?;
        let mut seconds: Vec<f64> = epochs.iter().map(|e| e.train_seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let middle = seconds.len() / 2;
        let median =
            if seconds.len() % 2 == 1 { seconds[middle] } else { (seconds[middle - 1] + seconds[middle]) / 2.0 };
        Some(ResultRecord {
            epochs_done: epochs.len(),
            accuracy: match last.scores.evaluated_on() {
                EvaluatedOn::Test => Accuracy::Test {
                    last_test_accuracy: last.scores.accuracy(),
                    last_test_errors: last.scores.errors(),
                    best_test_accuracy: best.scores.accuracy(),
                },
                EvaluatedOn::Validation => Accuracy::Validation {
                    last_validation_accuracy: last.scores.accuracy(),
                    last_validation_errors: last.scores.errors(),
                    best_validation_accuracy: best.scores.accuracy(),
                },
            },
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
            scores: Scores::Test { test_loss: 1.0, test_accuracy, test_errors: 1 },
            train_seconds,
            evaluation_seconds: 0.1,
        }
    }

    #[test]
    fn the_first_of_equal_bests_and_the_median_are_taken() {
        let epochs = [epoch(1, 0.9, 5.0), epoch(2, 0.95, 1.0), epoch(3, 0.95, 2.0), epoch(4, 0.94, 100.0)];
        let result = ResultRecord::of(&epochs, String::new()).unwrap();
        assert_eq!((result.best_epoch, result.accuracy.last()), (2, 0.94));
        assert_eq!(result.train_seconds_per_epoch, 3.5);
        assert!(ResultRecord::of(&[], String::new()).is_none());
    }

    #[test]
    fn a_loss_that_is_no_number_reads_back() {
        let scores = Scores::Test { test_loss: f64::INFINITY, test_accuracy: 0.1, test_errors: 36 };
        let line = serde_json::to_string(&EpochMetrics { scores, ..epoch(1, 0.1, 1.0) }).unwrap();
        let read: EpochMetrics = serde_json::from_str(&line).unwrap();
        assert!(line.contains("\"test_loss\":null") && read.scores.loss().is_nan(), "{line}");
        assert_eq!(serde_json::to_string(&read).unwrap(), line);
        assert!(serde_json::from_str::<EpochMetrics>(&line.replace("\"test_loss\":null,", "")).is_err(), "missing");
    }

    #[test]
    fn the_keys_of_a_line_say_which_images_were_judged_on_and_read_back_the_same() {
        let tested = epoch(1, 0.9, 1.0);
        let scores = Scores::Validation { validation_loss: 1.0, validation_accuracy: 0.9, validation_errors: 1 };
        let validated = EpochMetrics { scores, ..tested.clone() };
        for (metrics, key, other) in
            [(&tested, "test_accuracy", "validation_accuracy"), (&validated, "validation_accuracy", "test_accuracy")]
        {
            let line = serde_json::to_string(metrics).unwrap();
            assert!(line.contains(&format!("\"{key}\":0.9")) && !line.contains(&format!("\"{other}\"")), "{line}");
            assert_eq!(&serde_json::from_str::<EpochMetrics>(&line).unwrap(), metrics);
            let result = ResultRecord::of(std::slice::from_ref(metrics), String::new()).unwrap();
            let json = serde_json::to_string(&result).unwrap();
            assert!(json.contains(&format!("\"last_{key}\":0.9")) && !json.contains(other), "{json}");
            assert_eq!(serde_json::from_str::<ResultRecord>(&json).unwrap(), result);
        }
    }
}
