//! What can be wrong with a description of a network.

use crate::spec::{COUNT_LIMIT, MAGNITUDE_LIMIT, ROW_LIMIT, SAMPLE_LIMIT, WEIGHT_LIMIT};

/// A description of a network that cannot be built; the message says what was given, what is allowed, what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// Fewer than two layers.
    #[error("{given} layer sizes given; give at least two, inputs first and outputs last, such as 2, 2, 2")]
    TooFewLayers {
        /// How many there were.
        given: usize,
    },
    /// A layer of size 0.
    #[error("layer {layer} has no neurons; every layer needs at least 1")]
    EmptyLayer {
        /// Which, the inputs being layer 1.
        layer: usize,
    },
    /// More weights than anybody could tabulate.
    #[error("these layers need {needed} weights; the most that a table holds is {WEIGHT_LIMIT}: use smaller layers")]
    TooManyWeights {
        /// How many they need.
        needed: usize,
    },
    /// The wrong number of weights.
    #[error("{given} weights given, {needed} needed, in this order: {order}")]
    WeightCount {
        /// How many were given.
        given: usize,
        /// How many the layers need.
        needed: usize,
        /// Which weight leads where.
        order: String,
    },
    /// The wrong number of biases.
    #[error("{given} biases given, {needed} needed: {order}")]
    BiasCount {
        /// How many were given.
        given: usize,
        /// How many are needed.
        needed: usize,
        /// One for each what.
        order: &'static str,
    },
    /// No sample.
    #[error("no samples; give the inputs and targets of at least one")]
    NoSamples,
    /// More samples than fit.
    #[error("{given} samples given; at most {SAMPLE_LIMIT} fit")]
    TooManySamples {
        /// How many were given.
        given: usize,
    },
    /// Samples given in both ways.
    #[error("give either samples or inputs and targets, not both")]
    SamplesTwice,
    /// The wrong number of inputs or targets in a sample.
    #[error("sample {sample} has {given} {what}, {needed} needed, one for each of the {what} of the network")]
    SampleSize {
        /// Which sample, from 1.
        sample: usize,
        /// `inputs` or `targets`.
        what: &'static str,
        /// How many it has.
        given: usize,
        /// How many the layers need.
        needed: usize,
    },
    /// Not the name of an activation.
    #[error("{given:?} is not an activation; choose sigmoid, tanh, relu or identity")]
    UnknownActivation {
        /// What was given.
        given: String,
    },
    /// Not the name of a loss.
    #[error("{given:?} is not a loss; choose squared_error or softmax_cross_entropy")]
    UnknownLoss {
        /// What was given.
        given: String,
    },
    /// NaN, infinite or huge.
    #[error("{name} is {value}; it must be a number from -{MAGNITUDE_LIMIT} to {MAGNITUDE_LIMIT}")]
    OutOfRange {
        /// The name of the quantity.
        name: String,
        /// Its value.
        value: f64,
    },
    /// No learning rate.
    #[error("no learning rates; give at least one")]
    NoLearningRates,
    /// More learning rates than fit.
    #[error("{given} learning rates given; at most {COUNT_LIMIT} fit")]
    TooManyLearningRates {
        /// How many were given.
        given: usize,
    },
    /// A learning rate that is not a positive number.
    #[error("learning rate {value}; it must be above 0 and at most {MAGNITUDE_LIMIT}")]
    LearningRate {
        /// Its value.
        value: f64,
    },
    /// The same learning rate twice.
    #[error("learning rate {value} is given twice; give each once")]
    RepeatedLearningRate {
        /// Its value.
        value: f64,
    },
    /// No rows or too many.
    #[error("{given} rows; give from 1 to {ROW_LIMIT}")]
    Rows {
        /// How many were given.
        given: usize,
    },
    /// A table that would not fit in memory or in a spreadsheet.
    #[error("{rates} tables of {rows} rows and about {columns} columns are too large; ask for fewer rows or rates")]
    TableTooLarge {
        /// The number of learning rates.
        rates: usize,
        /// Rows of each.
        rows: usize,
        /// Columns of each.
        columns: usize,
    },
    /// A softmax over a single output, which is always 1.
    #[error("softmax over 1 output is always 1 and learns nothing; use at least 2 outputs or squared_error")]
    SoftmaxOfOne,
    /// Another output activation beside softmax.
    #[error("softmax takes the place of the output activation; leave output_activation out (it is {given})")]
    SoftmaxAndActivation {
        /// The activation that was given.
        given: crate::spec::Activation,
    },
    /// Targets that are no probabilities.
    #[error(
        "the targets of sample {sample} must be probabilities for cross-entropy: none below 0, together 1; they make {sum}"
    )]
    SoftmaxTargets {
        /// Which sample, from 1.
        sample: usize,
        /// What they add up to.
        sum: f64,
    },
}
