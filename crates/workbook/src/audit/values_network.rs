//! Which network a table of values belongs to: the one that has its error in every row.

use longhand_derivation::network::Network;
use longhand_derivation::spec::{NetworkDraft, NetworkSpec};

/// Relative distance up to which a value counts as the derivation's: values may have been rounded for display.
const SAME: f64 = 1e-6;

/// The numbers of a table, row by row.
#[derive(Default)]
pub(crate) struct Numbers {
    pub inputs: Vec<Vec<f64>>,
    pub targets: Vec<Vec<f64>>,
    pub weights: Vec<Vec<f64>>,
    pub errors: Vec<f64>,
}

/// What the derivation says of a table.
pub(crate) struct Derived {
    pub spec: NetworkSpec,
    /// The gradients by row and weight.
    pub gradients: Vec<Vec<f64>>,
}

/// The networks without biases and with one hidden layer at most that have as many weights.
///
/// There may be two: sixteen weights between four inputs and four outputs are those of 4-4 and those of 4-2-4.
pub(crate) fn shapes(inputs: usize, outputs: usize, weights: usize) -> Vec<Vec<usize>> {
    let mut shapes = Vec::new();
    if inputs * outputs == weights {
        shapes.push(vec![inputs, outputs]);
    }
    let hidden = weights / (inputs + outputs).max(1);
    if hidden * (inputs + outputs) == weights && hidden > 0 {
        shapes.push(vec![inputs, hidden, outputs]);
    }
    shapes
}

/// The gradients that the weights of each row have in a network of this shape; `None` where its error is not the table's.
pub(crate) fn derived(shape: &[usize], numbers: &Numbers) -> Option<Derived> {
    let mut gradients = Vec::new();
    let mut spec = None;
    for (row, &told) in numbers.errors.iter().enumerate() {
        let network = network(shape, numbers, row)?;
        let values = network.initial_values();
        let own = values.get(network.total_error);
        if (own - told).abs() > SAME * own.abs().max(told.abs()) + 1e-9 {
            return None;
        }
        gradients.push(network.parameters.iter().map(|parameter| values.get(parameter.gradient)).collect());
        spec.get_or_insert(network.spec);
    }
    Some(Derived { spec: spec?, gradients })
}

/// The network as it stands in one row.
fn network(shape: &[usize], numbers: &Numbers, row: usize) -> Option<Network> {
    let draft = NetworkDraft {
        layers: Some(shape.to_vec()),
        inputs: Some(numbers.inputs[row].clone()),
        targets: Some(numbers.targets[row].clone()),
        weights: Some(numbers.weights[row].clone()),
        learning_rates: Some(vec![1.0]),
        rows: Some(1),
        ..NetworkDraft::default()
    };
    Network::build(draft.resolve().ok()?).ok()
}
