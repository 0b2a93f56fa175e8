//! What a training says as it goes, and how it ends.

use longhand_training::{EpochMetrics, EvaluatedOn, Progress};

/// Where a training stands after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The epoch being trained, counted from 1.
    pub epoch: usize,
    /// How many epochs there are.
    pub epochs: usize,
    /// Steps of this epoch done.
    pub step: usize,
    /// How many steps an epoch has.
    pub steps: usize,
    /// Images of this epoch done.
    pub images: usize,
    /// The loss of the last batch.
    pub loss: f64,
}

/// An epoch that is done and judged.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// How many epochs there are.
    pub epochs: usize,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Mean loss over the training images as they were trained on (augmented, with dropout).
    pub train_loss: f64,
    /// Share of them recognised, of 1.
    pub train_accuracy: f64,
    /// Whether it was judged on training images held out; otherwise on the test images.
    pub held_out: bool,
    /// Mean negative log-likelihood over the images that it was judged on.
    pub loss: f64,
    /// Share of them recognised, of 1.
    pub accuracy: f64,
    /// How many of them were not.
    pub errors: usize,
    /// Seconds of training, judging not counted.
    pub train_seconds: f64,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// A callback stopped it after `step` of the `steps` steps of `epoch`; after the last one, if the epoch was done
    /// and judged.
    Stopped {
        /// The epoch, counted from 1.
        epoch: usize,
        /// Its steps that were done.
        step: usize,
        /// How many steps an epoch has.
        steps: usize,
    },
    /// The loss was not a finite number: the learning rate is probably too high.
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step of that epoch, counted from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
}

impl Step {
    pub(crate) fn of(progress: Progress, steps: usize, epochs: usize) -> Self {
        let Progress { epoch, step, images, loss } = progress;
        Step { epoch, epochs, step, steps, images, loss }
    }
}

impl Epoch {
    pub(crate) fn of(metrics: &EpochMetrics, epochs: usize) -> Self {
        Epoch {
            epoch: metrics.epoch,
            epochs,
            learning_rate: metrics.learning_rate,
            train_loss: metrics.train_loss,
            train_accuracy: metrics.train_accuracy,
            held_out: metrics.scores.evaluated_on() == EvaluatedOn::Validation,
            loss: metrics.scores.loss(),
            accuracy: metrics.scores.accuracy(),
            errors: metrics.scores.errors(),
            train_seconds: metrics.train_seconds,
        }
    }
}

impl Ended {
    pub(crate) fn of(ended: longhand_training::Ended, steps: usize) -> Self {
        match ended {
            longhand_training::Ended::Finished => Ended::Finished,
            longhand_training::Ended::Interrupted { epoch, step } => Ended::Stopped { epoch, step, steps },
            longhand_training::Ended::Diverged { epoch, step, loss } => Ended::Diverged { epoch, step, loss },
        }
    }
}
