//! The sentence with which a document introduces its network.

use crate::spec::{Activation, Biases, Loss, NetworkSpec};

/// One sentence about the network as a whole.
pub(super) fn about(spec: &NetworkSpec) -> String {
    let activation = |activation: Activation| match activation {
        Activation::Sigmoid => "the sigmoid",
        Activation::Tanh => "the hyperbolic tangent",
        Activation::Relu => "ReLU",
        Activation::Identity => "no activation",
    };
    let outputs = match spec.loss {
        Loss::SquaredError => activation(spec.output_activation).to_owned(),
        Loss::SoftmaxCrossEntropy => "softmax".to_owned(),
    };
    let neurons = match (spec.layers.len(), activation(spec.hidden_activation)) {
        (2, _) => format!("{outputs} in the outputs"),
        (_, hidden) if hidden == outputs => format!("{hidden} in every neuron"),
        (_, hidden) => format!("{hidden} in the hidden neurons, {outputs} in the outputs"),
    };
    let biases = match spec.biases {
        Biases::None => "no biases",
        Biases::PerLayer(_) => "one fixed bias for each layer",
        Biases::PerNeuron(_) => "a trained bias for each neuron",
    };
    let loss = match spec.loss {
        Loss::SquaredError => "half the squared error",
        Loss::SoftmaxCrossEntropy => "cross-entropy",
    };
    let over = match spec.samples.len() {
        1 => "summed over the outputs".to_owned(),
        samples => format!("summed over the outputs and over {samples} samples"),
    };
    format!(
        "A network of {} neurons, layer by layer, with {neurons}, {biases}; the error is {loss}, {over}.",
        spec.shape()
    )
}
