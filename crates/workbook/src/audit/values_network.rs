//! Which network a table of values belongs to: the one that has its error in every row.

use longhand_derivation::network::Network;
use longhand_derivation::spec::{NetworkDraft, NetworkSpec};

use super::values_rounding::Units;

/// Relative distance up to which an error counts as the derivation's, beside what its own rounding and that of the
/// weights account for: inputs may have been rounded too.
const SAME: f64 = 1e-6;
/// In one row at least rounding has to leave this much of the error, or any network might have it.
const SURE: f64 = 1e-4;
/// How far a weight is moved to see what that does to the gradients.
const NUDGE: f64 = 1e-6;

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
    /// Whether the error is written precisely enough for its agreement to mean something.
    pub is_sure: bool,
    /// The largest distance between the errors, over the one allowed there.
    pub misfit: f64,
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
pub(crate) fn derived(shape: &[usize], numbers: &Numbers, units: &Units) -> Option<Derived> {
    let mut gradients = Vec::new();
    let mut spec = None;
    let (mut is_sure, mut misfit) = (false, 0.0f64);
    for (row, &told) in numbers.errors.iter().enumerate() {
        let network = network(shape, numbers, row)?;
        let values = network.initial_values();
        let right: Vec<f64> = network.parameters.iter().map(|parameter| values.get(parameter.gradient)).collect();
        let own = values.get(network.total_error);
        let by_weights: f64 = right.iter().zip(&units.weights[row]).map(|(gradient, unit)| gradient.abs() * unit).sum();
        let rounding = (units.errors[row] + by_weights) / 2.0;
        let size = own.abs().max(told.abs());
        let (distance, allowed) = ((own - told).abs(), SAME * size + rounding + 1e-9);
        if distance > allowed {
            return None;
        }
        is_sure |= rounding <= SURE * size;
        misfit = misfit.max(distance / allowed);
        gradients.push(right);
        spec.get_or_insert(network.spec);
    }
    Some(Derived { spec: spec?, gradients, is_sure, misfit })
}

/// How far the gradient of a weight may be off because the weights of its row were rounded.
///
/// ∂²E/∂w∂v is ∂²E/∂v∂w: what a nudge of the weight does to all gradients is what nudges of all weights do to its own.
pub(crate) fn unsteadiness(shape: &[usize], numbers: &Numbers, units: &Units, row: usize, k: usize) -> f64 {
    let Some(network) = network(shape, numbers, row) else { return 0.0 };
    let mut weights = numbers.weights[row].clone();
    let before = network.values(&weights, 1.0);
    weights[k] += NUDGE;
    let after = network.values(&weights, 1.0);
    let moved = network.parameters.iter().zip(&units.weights[row]).map(|(parameter, unit)| {
        (after.get(parameter.gradient) - before.get(parameter.gradient)).abs() / NUDGE * unit / 2.0
    });
    moved.sum()
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
