//! A trained network as it classifies: what the writers of other programs' formats translate.
//!
//! Dropout is gone, names are PyTorch's, and all numbers are double, so that what [`fold`] computes is rounded once, on
//! being written.

mod fold;
mod not_finite;

pub(crate) use fold::fold;
pub use not_finite::NotFinite;
pub(crate) use not_finite::ensure_finite;

use std::collections::HashMap;

use longhand_nn::{LayerSpec, Network, Shape};

use crate::model::Model;

/// One operation of a classifying network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// The layer's name, counted within its kind: `conv1`, `relu1`, …
    pub name: String,
    /// What it does.
    pub operation: Operation,
    /// What it reads.
    pub input: Shape,
    /// What it writes.
    pub output: Shape,
}

/// What a [`Step`] does with each image.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    /// (p/255 − mean)/std of every pixel.
    Normalise { mean: f32, std: f32 },
    /// Convolution, stride 1; `depthwise` where each output channel reads the input channel of its own number alone.
    Convolution { weights: Weights, kernel: usize, padding: usize, depthwise: bool },
    /// max(x, 0), or max(x, floor) with a floor per channel.
    Relu { floor: Option<Vec<f64>> },
    /// γ·(x − mean)/√(var + eps) + β in each channel.
    BatchNorm { gamma: Vec<f64>, beta: Vec<f64>, mean: Vec<f64>, var: Vec<f64>, eps: f64 },
    /// scale·x + shift in each channel.
    ScaleShift(ScaleShift),
    /// 2×2 max pooling, stride 2, an odd last row or column left out.
    MaxPool,
    /// The mean of each channel.
    GlobalAveragePool,
    /// Fully connected, over channels, then rows, then columns.
    Linear { weights: Weights },
    /// x − ln Σ exp x over the classes.
    LogSoftmax,
}

/// The weights of a convolution (`[output][input][row][column]`, of a depthwise one `[channel][row][column]`) or linear
/// layer (`[output][input]`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weights {
    pub weight: Vec<f64>,
    /// One per output; none where the layer has none.
    pub bias: Option<Vec<f64>>,
}

/// A factor and a summand per channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScaleShift {
    pub scale: Vec<f64>,
    pub shift: Vec<f64>,
}

/// The steps of `model`'s network on normalised pixels, or, with `raw`, on pixels of 0 to 255.
pub(crate) fn steps(model: &Model, raw: bool) -> Vec<Step> {
    let network = &model.network;
    let input = network.spec().input_shape();
    let mut steps = Vec::new();
    if raw {
        let operation = Operation::Normalise { mean: model.normalisation.mean, std: model.normalisation.std };
        steps.push(Step { name: "normalisation".into(), operation, input, output: input });
    }
    steps.extend(network_steps(network));
    steps
}

fn network_steps(network: &Network) -> Vec<Step> {
    let spec = network.spec();
    let state: HashMap<String, Vec<f64>> = network
        .state()
        .into_iter()
        .map(|(name, _, values)| (name, values.iter().map(|&v| f64::from(v)).collect()))
        .collect();
    let tensor = |layer: &str, what: &str| state[&format!("{layer}.{what}")].clone();
    let weights =
        |name: &str, bias: bool| Weights { weight: tensor(name, "weight"), bias: bias.then(|| tensor(name, "bias")) };
    let shapes = spec.shapes().expect("a network's spec is sound");
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut input = spec.input_shape();
    let mut steps = Vec::new();
    for (layer, output) in spec.layers.iter().zip(shapes) {
        let kind = match layer {
            // Counted with the others.
            LayerSpec::DepthwiseConv { .. } => "conv",
            other => other.type_name(),
        };
        let count = counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}{count}");
        let operation = match *layer {
            LayerSpec::Conv { kernel, padding, bias, .. } => {
                Operation::Convolution { weights: weights(&name, bias), kernel, padding, depthwise: false }
            }
            LayerSpec::DepthwiseConv { kernel, padding, bias } => {
                Operation::Convolution { weights: weights(&name, bias), kernel, padding, depthwise: true }
            }
            LayerSpec::Relu {} => Operation::Relu { floor: None },
            LayerSpec::BatchNorm { eps, .. } => Operation::BatchNorm {
                gamma: tensor(&name, "weight"),
                beta: tensor(&name, "bias"),
                mean: tensor(&name, "running_mean"),
                var: tensor(&name, "running_var"),
                eps,
            },
            LayerSpec::MaxPool {} => Operation::MaxPool,
            LayerSpec::Dropout { .. } => continue,
            LayerSpec::GlobalAveragePool {} => Operation::GlobalAveragePool,
            LayerSpec::Linear { bias, .. } => Operation::Linear { weights: weights(&name, bias) },
            LayerSpec::LogSoftmax {} => Operation::LogSoftmax,
        };
        steps.push(Step { name, operation, input, output });
        input = output;
    }
    steps
}

/// Each number rounded to the nearest single.
pub(crate) fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}
