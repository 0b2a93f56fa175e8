//! Which quantities stand in the table, and in which order.
//!
//! `learning_rate, row`, then what is given (inputs, targets, fixed biases), then the parameters, then the forward
//! quantities neuron by neuron (`h1, out_h1, h2, out_h2, o1, …`), the errors, and the gradients of the parameters.
//!
//! A network with one hidden layer (or none), one sample and squared error has each gradient written out in one cell,
//! as a person does it. Any other network, or one too large to read, first gets a column for the gradient of each
//! neuron's output and sum (`dE_dout_o1, dE_do1, …`, last layer first), which the parameters' gradients then speak of.

use crate::expression::NodeId;
use crate::network::Network;
use crate::spec::Loss;

/// What kind of quantity a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// An input.
    Input,
    /// A target.
    Target,
    /// A bias that is not trained.
    FixedBias,
    /// A weight or a trained bias: in every row but the first it is the row above's parameter after its update.
    Parameter,
    /// A weighted sum.
    Net,
    /// What a neuron passes on.
    Out,
    /// An error of one output, of one sample, or of all.
    Error,
    /// The gradient of a neuron's output or sum.
    Delta,
    /// The gradient of a parameter.
    Gradient,
}

/// One column of the table.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Column {
    /// Its heading, the quantity's name.
    pub name: String,
    /// The quantity.
    pub node: NodeId,
    /// What kind of quantity it is.
    pub group: Group,
}

/// Whether the gradients of neurons have columns of their own, see the [module](self).
pub fn has_deltas(network: &Network) -> bool {
    let simple = network.spec.layers.len() <= 3
        && network.samples.len() == 1
        && network.spec.loss == Loss::SquaredError
        && network.is_readable();
    !simple
}

/// The columns of the table behind `learning_rate` and `row`.
pub fn columns(network: &Network) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut push = |node: NodeId, group: Group| {
        columns.push(Column { name: network.graph.name(node).to_owned(), node, group });
    };
    for sample in &network.samples {
        sample.inputs.iter().for_each(|&node| push(node, Group::Input));
        sample.targets.iter().for_each(|&node| push(node, Group::Target));
    }
    network.fixed_biases.iter().for_each(|bias| push(bias.node, Group::FixedBias));
    network.parameters.iter().for_each(|parameter| push(parameter.node, Group::Parameter));
    for sample in &network.samples {
        for neuron in sample.layers.iter().flatten() {
            push(neuron.net, Group::Net);
            push(neuron.out, Group::Out);
        }
        sample.errors.iter().for_each(|&node| push(node, Group::Error));
        if sample.error != network.total_error {
            push(sample.error, Group::Error);
        }
    }
    push(network.total_error, Group::Error);
    if has_deltas(network) {
        for sample in &network.samples {
            for neuron in sample.layers.iter().rev().flatten() {
                for quantity in [neuron.out, neuron.net] {
                    if let Some(gradient) = network.gradient_of(quantity) {
                        push(gradient, Group::Delta);
                    }
                }
            }
        }
    }
    network.parameters.iter().for_each(|parameter| push(parameter.gradient, Group::Gradient));
    columns
}
