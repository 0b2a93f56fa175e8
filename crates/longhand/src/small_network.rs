//! The description of a network small enough for paper.

pub use longhand_derivation::spec::{Activation, Loss};
use longhand_derivation::spec::{Biases, NetworkDraft, Sample};

use crate::error::{Error, ErrorKind};

/// A fully connected network small enough to be worked out by hand; what is left out is as in the well-known 2-2-2
/// exercise: sigmoid, half the squared error, no biases, weights .15, .20, .25 and so on, six learning rates, 181 rows.
///
/// ```
/// use longhand::{Activation, SmallNetwork, derive};
///
/// let network = SmallNetwork::new([2, 3, 1])
///     .hidden_activation(Activation::Tanh)
///     .sample([0.0, 1.0], [1.0])
///     .sample([1.0, 1.0], [0.0])
///     .learning_rates([0.5])
///     .rows(50);
/// assert!(derive(network)?.to_markdown().starts_with("# Back-propagation by hand: a 2-3-1 network"));
/// # Ok::<(), longhand::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct SmallNetwork(NetworkDraft);

impl SmallNetwork {
    /// A network of these layer sizes, inputs first, outputs last.
    pub fn new(layers: impl Into<Vec<usize>>) -> Self {
        SmallNetwork(NetworkDraft { layers: Some(layers.into()), ..NetworkDraft::default() })
    }

    /// A network described in TOML, as `longhand worksheet FILE` takes it.
    ///
    /// # Errors
    /// When the text is not TOML or has a key that a network has not.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map(SmallNetwork).map_err(|e| Error::new(ErrorKind::Network, e))
    }

    /// What hidden neurons make of their weighted sums.
    pub fn hidden_activation(mut self, activation: Activation) -> Self {
        self.0.hidden_activation = Some(activation);
        self
    }

    /// What output neurons make of theirs; left out, the same as hidden neurons.
    pub fn output_activation(mut self, activation: Activation) -> Self {
        self.0.output_activation = Some(activation);
        self
    }

    /// How outputs are held against targets.
    pub fn loss(mut self, loss: Loss) -> Self {
        self.0.loss = Some(loss);
        self
    }

    /// One fixed bias for each layer behind the input; of an empty list, .35, .60 and so on.
    pub fn biases_per_layer(mut self, biases: impl Into<Vec<f64>>) -> Self {
        self.0.biases = Some(Biases::PerLayer(biases.into()));
        self
    }

    /// A trained bias for each neuron, layer by layer; of an empty list, .35 in the first layer, .60 in the next.
    pub fn biases_per_neuron(mut self, biases: impl Into<Vec<f64>>) -> Self {
        self.0.biases = Some(Biases::PerNeuron(biases.into()));
        self
    }

    /// One more sample: an input with what should come out. The error is summed over the samples.
    pub fn sample(mut self, inputs: impl Into<Vec<f64>>, targets: impl Into<Vec<f64>>) -> Self {
        let sample = Sample { inputs: inputs.into(), targets: targets.into() };
        self.0.samples.get_or_insert_default().push(sample);
        self
    }

    /// The initial weights, by layer, then by the neuron they lead into, then by where they come from.
    pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.0.weights = Some(weights.into());
        self
    }

    /// The learning rates, a table for each.
    pub fn learning_rates(mut self, learning_rates: impl Into<Vec<f64>>) -> Self {
        self.0.learning_rates = Some(learning_rates.into());
        self
    }

    /// Rows of each table.
    pub fn rows(mut self, rows: usize) -> Self {
        self.0.rows = Some(rows);
        self
    }

    pub(crate) fn into_draft(self) -> NetworkDraft {
        self.0
    }
}
