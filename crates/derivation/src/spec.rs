//! The description of a small network: everything that decides its numbers.
//!
//! [`NetworkDraft`] is what a person writes, in a TOML file or as flags, with anything left out;
//! [`NetworkDraft::resolve`] fills in the rest and checks it; [`NetworkSpec`] is the complete result. Left out
//! altogether, it is the 2-2-2 network of the well-known exercise.
//!
//! ```
//! use longhand_derivation::spec::{NetworkSpec, Biases};
//! let spec: NetworkSpec = toml::from_str(r#"
//!     biases = { per_layer = [0.35, 0.60] }
//!     learning_rates = [0.5]
//! "#).unwrap();
//! assert_eq!(spec.layers, [2, 2, 2]);
//! assert_eq!(spec.biases, Biases::PerLayer(vec![0.35, 0.60]));
//! assert!(toml::from_str::<NetworkSpec>("weigths = [1]").is_err());
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::naming::Naming;
use crate::spec_error::SpecError;

/// The largest size of any number given, and of a learning rate.
pub const MAGNITUDE_LIMIT: f64 = 1e6;
/// The most weights that a network may have at all.
pub const WEIGHT_LIMIT: usize = 4096;
/// The most weights whose derivation is still readable.
pub const READABLE_WEIGHTS: usize = 64;
/// The most paths, written out from the error to one weight, whose derivation is still readable.
pub const READABLE_PATHS: usize = 64;
/// The most rows of a table.
pub const ROW_LIMIT: usize = 100_000;
/// The most samples.
pub const SAMPLE_LIMIT: usize = 64;
/// The most learning rates.
pub const COUNT_LIMIT: usize = 64;
/// The most numbers in all tables together.
const TABLE_LIMIT: usize = 20_000_000;

/// What a neuron makes of its weighted sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Activation {
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// max(0, x).
    Relu,
    /// The sum itself.
    Identity,
}

impl fmt::Display for Activation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::Identity => "identity",
        })
    }
}

impl FromStr for Activation {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "sigmoid" => Ok(Activation::Sigmoid),
            "tanh" => Ok(Activation::Tanh),
            "relu" => Ok(Activation::Relu),
            "identity" => Ok(Activation::Identity),
            _ => Err(SpecError::UnknownActivation { given: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for Activation {
    type Error = SpecError;

    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

/// How the outputs are held against the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Loss {
    /// ½ (target − out)², summed over the outputs.
    SquaredError,
    /// Softmax over the outputs, then −target · ln(out), summed over the outputs.
    SoftmaxCrossEntropy,
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Loss::SquaredError => "squared_error",
            Loss::SoftmaxCrossEntropy => "softmax_cross_entropy",
        })
    }
}

impl FromStr for Loss {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text.trim().to_ascii_lowercase().replace('-', "_").as_str() {
            "squared_error" => Ok(Loss::SquaredError),
            "softmax_cross_entropy" => Ok(Loss::SoftmaxCrossEntropy),
            _ => Err(SpecError::UnknownLoss { given: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for Loss {
    type Error = SpecError;

    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

/// What is added to each weighted sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Biases {
    /// Nothing.
    None,
    /// One number for all neurons of a layer, never changed: one for each layer behind the input.
    #[serde(alias = "per-layer")]
    PerLayer(Vec<f64>),
    /// One number for each neuron, trained like a weight: layer by layer.
    #[serde(alias = "per-neuron")]
    PerNeuron(Vec<f64>),
}

/// One input with what should come out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// A number for each input.
    pub inputs: Vec<f64>,
    /// A number for each output.
    pub targets: Vec<f64>,
}

/// The complete description of a network and of its training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "NetworkDraft")]
pub struct NetworkSpec {
    /// Layer sizes, inputs first, outputs last.
    pub layers: Vec<usize>,
    /// The activation of every hidden neuron.
    pub hidden_activation: Activation,
    /// The activation of every output neuron; [`Activation::Identity`] under softmax.
    pub output_activation: Activation,
    /// The error of one output.
    pub loss: Loss,
    /// What is added to each weighted sum.
    pub biases: Biases,
    /// Inputs and targets; the error is summed over the samples.
    pub samples: Vec<Sample>,
    /// The initial weights, by layer, then by the neuron they lead into, then by where they come from.
    pub weights: Vec<f64>,
    /// One table for each.
    pub learning_rates: Vec<f64>,
    /// Rows of each table; row 1 has the initial weights.
    pub rows: usize,
}

impl Default for NetworkSpec {
    fn default() -> Self {
        NetworkDraft::default().resolve().expect("the default network is sound")
    }
}

impl TryFrom<NetworkDraft> for NetworkSpec {
    type Error = SpecError;

    fn try_from(draft: NetworkDraft) -> Result<Self, SpecError> {
        draft.resolve()
    }
}

/// A description with anything left out; see the fields of [`NetworkSpec`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkDraft {
    /// Left out: 2, 2, 2.
    pub layers: Option<Vec<usize>>,
    /// Left out: sigmoid.
    pub hidden_activation: Option<Activation>,
    /// Left out: that of the hidden neurons; none under softmax.
    pub output_activation: Option<Activation>,
    /// Left out: squared error.
    pub loss: Option<Loss>,
    /// Left out: none. With an empty list: 0.35 for the first layer, 0.60 for the second, and so on.
    pub biases: Option<Biases>,
    /// The inputs of the only sample. Left out: 0.05, 0.10, 0.15, …
    pub inputs: Option<Vec<f64>>,
    /// The targets of the only sample. Left out: 0.01, 0.99 by turns; under softmax 1 for the last output, else 0.
    pub targets: Option<Vec<f64>>,
    /// Several samples, instead of `inputs` and `targets`.
    pub samples: Option<Vec<Sample>>,
    /// Left out: 0.15, 0.20, 0.25, …, see [`usual_weights`].
    pub weights: Option<Vec<f64>>,
    /// Left out: 0.1, 0.2, 0.5, 0.8, 1.0, 2.0.
    pub learning_rates: Option<Vec<f64>>,
    /// Left out: 181.
    pub rows: Option<usize>,
}

impl NetworkDraft {
    /// Fills in what was left out and checks the whole.
    ///
    /// # Errors
    /// Says what is wrong, see [`SpecError`].
    pub fn resolve(self) -> Result<NetworkSpec, SpecError> {
        let layers = self.layers.unwrap_or_else(|| vec![2, 2, 2]);
        check_layers(&layers)?;
        let (input_count, output_count) = (layers[0], layers[layers.len() - 1]);
        let loss = self.loss.unwrap_or(Loss::SquaredError);
        let hidden_activation = self.hidden_activation.unwrap_or(Activation::Sigmoid);
        let output_activation = self.output_activation.unwrap_or(match loss {
            Loss::SquaredError => hidden_activation,
            Loss::SoftmaxCrossEntropy => Activation::Identity,
        });
        let samples = match (self.samples, self.inputs, self.targets) {
            (Some(samples), None, None) => samples,
            (Some(_), _, _) => return Err(SpecError::SamplesTwice),
            (None, inputs, targets) => vec![Sample {
                inputs: inputs
                    .unwrap_or_else(|| (0..input_count).map(|k| hundredths(5 + 5 * (k as i64 % 20))).collect()),
                targets: targets.unwrap_or_else(|| match loss {
                    Loss::SquaredError => (0..output_count).map(|k| hundredths([1, 99][k % 2])).collect(),
                    Loss::SoftmaxCrossEntropy => (1..=output_count).map(|k| f64::from(k == output_count)).collect(),
                }),
            }],
        };
        let layer_bias = |layer: usize| hundredths(35 + 25 * (layer as i64 % 3));
        let biases = match self.biases.unwrap_or(Biases::None) {
            Biases::PerLayer(given) if given.is_empty() => {
                Biases::PerLayer((0..layers.len() - 1).map(layer_bias).collect())
            }
            Biases::PerNeuron(given) if given.is_empty() => Biases::PerNeuron(
                layers[1..].iter().enumerate().flat_map(|(layer, &size)| vec![layer_bias(layer); size]).collect(),
            ),
            given => given,
        };
        let spec = NetworkSpec {
            hidden_activation,
            output_activation,
            loss,
            biases,
            samples,
            weights: self.weights.unwrap_or_else(|| usual_weights(&layers)),
            learning_rates: self.learning_rates.unwrap_or_else(|| [10, 20, 50, 80, 100, 200].map(hundredths).to_vec()),
            rows: self.rows.unwrap_or(181),
            layers,
        };
        spec.validate()?;
        Ok(spec)
    }
}

/// The double that is nearest to so many hundredths.
fn hundredths(count: i64) -> f64 {
    count as f64 / 100.0
}

/// The initial weights of the exercise, carried on for any layers: 0.15, 0.20, 0.25, 0.30, then, one step left out at
/// the next layer, 0.40, 0.45, 0.50, 0.55. Past 0.55 the same steps follow below zero (−0.16, −0.21, …, a hundredth
/// further each time round, so that no two neurons start alike).
pub fn usual_weights(layers: &[usize]) -> Vec<f64> {
    let mut weights = Vec::new();
    let mut step: i64 = 0;
    for pair in layers.windows(2) {
        for _ in 0..pair[0] * pair[1] {
            let (round, place) = (step / 9, step % 9);
            let size = 15 + 5 * place + round % 5;
            weights.push(hundredths(if round % 2 == 0 { size } else { -size }));
            step += 1;
        }
        step += 1;
    }
    weights
}

impl NetworkSpec {
    /// Checks every field against every other.
    ///
    /// # Errors
    /// The first thing that is wrong, see [`SpecError`].
    pub fn validate(&self) -> Result<(), SpecError> {
        check_layers(&self.layers)?;
        let naming = self.naming();
        let needed = naming.weight_count();
        if self.weights.len() != needed {
            return Err(SpecError::WeightCount { given: self.weights.len(), needed, order: naming.weight_order() });
        }
        check_range("w", &self.weights)?;
        let (bias_count, order) = match &self.biases {
            Biases::None => (0, ""),
            Biases::PerLayer(_) => (self.layers.len() - 1, "one for each layer behind the input"),
            Biases::PerNeuron(_) => (naming.neuron_count(), "one for each hidden and output neuron, layer by layer"),
        };
        let biases = self.bias_values();
        if biases.len() != bias_count {
            return Err(SpecError::BiasCount { given: biases.len(), needed: bias_count, order });
        }
        check_range("b", biases)?;
        self.check_samples()?;
        if self.loss == Loss::SoftmaxCrossEntropy {
            self.check_softmax()?;
        }
        self.check_training()
    }

    /// Whether there are few enough weights for a readable derivation.
    pub(crate) fn has_readable_weights(&self) -> bool {
        self.weights.len() <= READABLE_WEIGHTS
    }

    /// The shape in the usual way, such as `2-2-2`.
    pub fn shape(&self) -> String {
        self.layers.iter().map(ToString::to_string).collect::<Vec<_>>().join("-")
    }

    /// The bias values, none where there are none.
    pub fn bias_values(&self) -> &[f64] {
        match &self.biases {
            Biases::None => &[],
            Biases::PerLayer(values) | Biases::PerNeuron(values) => values,
        }
    }

    pub(crate) fn naming(&self) -> Naming<'_> {
        Naming { layers: &self.layers, samples: self.samples.len() }
    }

    fn check_samples(&self) -> Result<(), SpecError> {
        match self.samples.len() {
            0 => return Err(SpecError::NoSamples),
            1..=SAMPLE_LIMIT => {}
            given => return Err(SpecError::TooManySamples { given }),
        }
        let needed = [self.layers[0], self.layers[self.layers.len() - 1]];
        for (index, sample) in self.samples.iter().enumerate() {
            let sides = [("inputs", "i", &sample.inputs), ("targets", "t", &sample.targets)];
            for ((what, letter, values), needed) in sides.into_iter().zip(needed) {
                if values.len() != needed {
                    return Err(SpecError::SampleSize { sample: index + 1, what, given: values.len(), needed });
                }
                check_range(letter, values)?;
            }
        }
        Ok(())
    }

    fn check_softmax(&self) -> Result<(), SpecError> {
        if self.layers[self.layers.len() - 1] == 1 {
            return Err(SpecError::SoftmaxOfOne);
        }
        if self.output_activation != Activation::Identity {
            return Err(SpecError::SoftmaxAndActivation { given: self.output_activation });
        }
        for (index, sample) in self.samples.iter().enumerate() {
            let sum: f64 = sample.targets.iter().sum();
            if sample.targets.iter().any(|target| *target < 0.0) || (sum - 1.0).abs() > 1e-9 {
                return Err(SpecError::SoftmaxTargets { sample: index + 1, sum });
            }
        }
        Ok(())
    }

    fn check_training(&self) -> Result<(), SpecError> {
        match self.learning_rates.len() {
            0 => return Err(SpecError::NoLearningRates),
            1..=COUNT_LIMIT => {}
            given => return Err(SpecError::TooManyLearningRates { given }),
        }
        for (index, &value) in self.learning_rates.iter().enumerate() {
            if !(value > 0.0 && value <= MAGNITUDE_LIMIT) {
                return Err(SpecError::LearningRate { value });
            }
            if self.learning_rates[..index].contains(&value) {
                return Err(SpecError::RepeatedLearningRate { value });
            }
        }
        if !(1..=ROW_LIMIT).contains(&self.rows) {
            return Err(SpecError::Rows { given: self.rows });
        }
        let (rates, rows, columns) = (self.learning_rates.len(), self.rows, self.about_how_many_columns());
        if rates.saturating_mul(rows).saturating_mul(columns) > TABLE_LIMIT {
            return Err(SpecError::TableTooLarge { rates, rows, columns });
        }
        Ok(())
    }

    /// No fewer columns than the table will have.
    fn about_how_many_columns(&self) -> usize {
        let of_a_sample = 2 * self.layers.iter().sum::<usize>() + 4 * self.naming().neuron_count();
        2 * (self.weights.len() + self.bias_values().len()) + self.samples.len() * of_a_sample + 3
    }
}

fn check_layers(layers: &[usize]) -> Result<(), SpecError> {
    if layers.len() < 2 {
        return Err(SpecError::TooFewLayers { given: layers.len() });
    }
    if let Some(layer) = layers.iter().position(|size| *size == 0) {
        return Err(SpecError::EmptyLayer { layer: layer + 1 });
    }
    let needed = Naming { layers, samples: 1 }.weight_count();
    if needed > WEIGHT_LIMIT {
        return Err(SpecError::TooManyWeights { needed });
    }
    Ok(())
}

fn check_range(letter: &str, values: &[f64]) -> Result<(), SpecError> {
    for (index, &value) in values.iter().enumerate() {
        // No range contains NaN.
        if !(-MAGNITUDE_LIMIT..=MAGNITUDE_LIMIT).contains(&value) {
            return Err(SpecError::OutOfRange { name: format!("{letter}{}", index + 1), value });
        }
    }
    Ok(())
}
