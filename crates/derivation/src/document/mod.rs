//! Whole documents as text: the derivation for reading as it is, as LaTeX, and as a piece of HTML.

mod html;
mod latex;
mod latex_formulas;
mod markdown;

pub use html::html;
pub use latex::latex;
pub use latex_formulas::latex_formulas;
pub use markdown::markdown;

use crate::expression::NodeId;
use crate::number::Shown;
use crate::rules::{Rule, rule_name};
use crate::worksheet::Worksheet;

/// Rows of a table that a document shows: the first few and the last.
const FIRST_ROWS: usize = 3;

/// The rules that the forward formulas of a worksheet need, in the order of the table of rules.
fn rules_in_use(worksheet: &Worksheet) -> Vec<Rule> {
    let network = &worksheet.network;
    let needed = network.graph.needed_by(&[network.total_error]);
    let in_use: Vec<&'static str> = network
        .graph
        .ids()
        .filter(|id| needed[id.index()])
        .filter_map(|id| rule_name(network.graph.node(id).op))
        .collect();
    crate::rules::table().into_iter().filter(|rule| in_use.contains(&rule.name)).collect()
}

/// The rows that a summary shows: the first few, and the last.
fn summary_rows(rows: usize) -> Vec<usize> {
    (1..=rows).filter(|row| *row <= FIRST_ROWS || *row == rows).collect()
}

/// A cell of a summary, `overflow` where it has no value.
fn cell(value: Option<f64>, shown: impl Fn(Shown) -> String) -> String {
    value.map_or_else(|| "overflow".to_owned(), |value| shown(Shown::new(value)))
}

/// The names and values of quantities that are given, in order.
fn given(worksheet: &Worksheet) -> Vec<(NodeId, f64)> {
    let network = &worksheet.network;
    let parameters = network.parameters.iter().map(|parameter| (parameter.node, parameter.initial));
    network.given().into_iter().chain(parameters).collect()
}

/// One sentence about the network as a whole.
fn about(worksheet: &Worksheet) -> String {
    use crate::spec::{Activation, Biases, Loss};
    let spec = &worksheet.network.spec;
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
