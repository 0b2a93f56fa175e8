//! Which network a table trains, read off its formulas, and what the derivation crate says about it.
//!
//! Recognised are fully connected networks with one sample, squared error or softmax with cross-entropy: every weight
//! multiplies one source into one neuron. The reading is believed only where the derivation's own error and gradients come
//! out as the sheet's.

use std::collections::{BTreeMap, BTreeSet};

use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::network::{Network, Role};
use longhand_derivation::render::unicode::Unicode;
use longhand_derivation::render::{Leaf, written};
use longhand_derivation::spec::{Activation, Biases, Loss, NetworkDraft, NetworkSpec};

use super::address::Address;
use super::book::Book;
use super::examine::Case;
use super::softmax;
use super::symbolic::Symbolic;

/// Relative distance up to which the derivation's numbers count as the sheet's.
const SAME: f64 = 1e-6;

/// A network that was recognised.
pub(crate) struct Recognised {
    /// `2-2-2, sigmoid, no biases, squared error`.
    pub description: String,
    /// What each track is for.
    pub roles: Vec<String>,
    /// The derivative for each track as the derivation writes it.
    pub derivatives: Vec<String>,
}

/// A neuron as the formulas show it.
struct Neuron {
    net: NodeId,
    out: NodeId,
    activation: Activation,
    /// The tracks that lead into it, with where they come from.
    weights: Vec<(usize, NodeId)>,
    /// The track of its bias.
    bias: Option<usize>,
    /// A constant that is added.
    fixed: Option<NodeId>,
}

/// Reads the network off a table.
pub(crate) fn recognise(book: &Book, case: &Case, factor: f64) -> Option<Recognised> {
    let table = &case.table;
    let step = if table.steps().contains(&table.anchor) { table.anchor } else { table.first };
    let symbolic = Symbolic::of(book, table, step)?;
    let graph = &symbolic.graph;
    let cells: BTreeMap<NodeId, Address> = symbolic.nodes.iter().map(|(&cell, &node)| (node, cell)).collect();
    let error = *symbolic.nodes.get(&table.at(table.error, step)?)?;
    let tracks: Vec<NodeId> =
        table.tracks.iter().map(|track| symbolic.nodes.get(&track.weight_at(step)?).copied()).collect::<Option<_>>()?;
    let neurons = neurons(graph, error, &tracks)?;
    let layers = layers(graph, &neurons)?;

    let value = |node: NodeId| -> Option<f64> {
        let cell = cells.get(&peeled(graph, node)).or_else(|| cells.get(&node))?;
        case.values.get(cell).copied().or_else(|| book.cells.get(cell)?.value.number())
    };
    let inputs: Vec<NodeId> = neurons[layers[0][0]].weights.iter().map(|(_, source)| *source).collect();
    let outputs = layers.last()?;
    let number = |node: NodeId| match graph.node(peeled(graph, node)).op {
        Op::Constant(value) => Some(value),
        _ => value(node),
    };
    let of_squares: Option<Vec<NodeId>> = outputs.iter().map(|&k| target(graph, error, neurons[k].out)).collect();
    let (loss, targets): (Loss, Vec<f64>) = match of_squares {
        Some(targets) => (Loss::SquaredError, targets.into_iter().map(value).collect::<Option<_>>()?),
        None => {
            let nets: Vec<NodeId> = outputs.iter().map(|&k| neurons[k].out).collect();
            (Loss::SoftmaxCrossEntropy, softmax::targets(graph, error, &nets, &number)?)
        }
    };
    let mut sizes = vec![inputs.len()];
    sizes.extend(layers.iter().map(Vec::len));
    // The derivation's order of parameters: layer, neuron, source.
    let mut order: Vec<usize> = Vec::new();
    for (depth, layer) in layers.iter().enumerate() {
        let sources: Vec<NodeId> = match depth {
            0 => inputs.iter().map(|&input| peeled(graph, input)).collect(),
            depth => layers[depth - 1].iter().map(|&k| peeled(graph, neurons[k].out)).collect(),
        };
        for &k in layer {
            for source in &sources {
                let found = neurons[k].weights.iter().find(|(_, from)| peeled(graph, *from) == *source)?;
                order.push(found.0);
            }
        }
    }
    let weight_count = order.len();
    let all: Vec<&Neuron> = layers.iter().flatten().map(|&k| &neurons[k]).collect();
    let trained: Vec<usize> = all.iter().filter_map(|neuron| neuron.bias).collect();
    // The derivation has a trained bias for each neuron.
    let distinct: BTreeSet<usize> = trained.iter().copied().collect();
    if distinct.len() < trained.len() {
        return None;
    }
    let weight = |track: usize| case.weights[track].get(&step).copied();
    let biases = if trained.len() == all.len() {
        let values = trained.iter().map(|&track| weight(track)).collect::<Option<_>>()?;
        order.extend(&trained);
        Biases::PerNeuron(values)
    } else if !trained.is_empty() {
        return None;
    } else if all.iter().all(|neuron| neuron.fixed.is_none()) {
        Biases::None
    } else {
        let of_layer = |layer: &Vec<usize>| {
            let values: Vec<f64> = layer.iter().map(|&k| value(neurons[k].fixed?)).collect::<Option<_>>()?;
            values.iter().all(|value| *value == values[0]).then_some(values[0])
        };
        Biases::PerLayer(layers.iter().map(of_layer).collect::<Option<_>>()?)
    };
    let activation = |layer: &[usize]| {
        let first = neurons[layer[0]].activation;
        layer.iter().all(|&k| neurons[k].activation == first).then_some(first)
    };
    let hidden: Vec<Activation> =
        layers[..layers.len() - 1].iter().map(|layer| activation(layer)).collect::<Option<_>>()?;
    let output_activation = activation(outputs)?;
    // A network without a hidden layer may have any for it.
    let hidden_activation = match (hidden.first(), loss) {
        (Some(&hidden), _) => hidden,
        (None, Loss::SquaredError) => output_activation,
        (None, Loss::SoftmaxCrossEntropy) => Activation::Sigmoid,
    };
    if hidden.iter().any(|activation| *activation != hidden_activation) {
        return None;
    }
    let draft = NetworkDraft {
        layers: Some(sizes),
        hidden_activation: Some(hidden_activation),
        output_activation: Some(output_activation),
        loss: Some(loss),
        biases: Some(biases),
        inputs: Some(inputs.iter().map(|&node| value(node)).collect::<Option<_>>()?),
        targets: Some(targets),
        weights: Some(order[..weight_count].iter().map(|&track| weight(track)).collect::<Option<_>>()?),
        learning_rates: Some(vec![1.0]),
        rows: Some(1),
        ..NetworkDraft::default()
    };
    let mut network = Network::build(draft.resolve().ok()?).ok()?;
    let values = network.initial_values();
    // Believed only if the numbers are the sheet's.
    let own_error = table.at(table.error, step).and_then(|cell| case.values.get(&cell))?;
    let close = |x: f64, y: f64| (x - y).abs() <= SAME * x.abs().max(y.abs()) + 1e-12;
    if !close(values.get(network.total_error), own_error * factor) {
        return None;
    }
    let mut roles = vec![String::new(); table.tracks.len()];
    let mut derivatives = vec![String::new(); table.tracks.len()];
    let short = match loss {
        Loss::SquaredError => vec![None; order.len()],
        Loss::SoftmaxCrossEntropy => softmax::short_gradients(&mut network),
    };
    for ((parameter, &track), short) in network.parameters.iter().zip(&order).zip(short) {
        if let Some(estimate) = case.derivatives[0][track].get(&step)
            && !close(values.get(parameter.gradient), estimate.value * factor)
        {
            return None;
        }
        roles[track] = role(&network, parameter.role);
        let name = network.graph.symbol(parameter.gradient).map(|symbol| symbol.unicode()).unwrap_or_default();
        derivatives[track] = format!("{name} = {}", opened(&network.graph, short.unwrap_or(parameter.gradient)));
    }
    Some(Recognised { description: description(&network.spec), roles, derivatives })
}

/// `2-2-2, sigmoid, no biases, squared error`.
pub(crate) fn description(spec: &NetworkSpec) -> String {
    let sizes: Vec<String> = spec.layers.iter().map(usize::to_string).collect();
    let (output, loss) = match spec.loss {
        Loss::SquaredError => (spec.output_activation.to_string(), "squared error"),
        Loss::SoftmaxCrossEntropy => ("softmax".to_owned(), "cross-entropy"),
    };
    let hidden = spec.hidden_activation.to_string();
    let activation =
        if hidden == output || spec.layers.len() == 2 { output } else { format!("{hidden} then {output}") };
    let biases = match spec.biases {
        Biases::None => "no biases",
        Biases::PerLayer(_) => "fixed biases",
        Biases::PerNeuron(_) => "trained biases",
    };
    format!("{}, {activation}, {biases}, {loss}", sizes.join("-"))
}

/// A gradient in terms of what a row holds: the gradients of other quantities in it are written out.
fn opened(graph: &Graph, gradient: NodeId) -> String {
    let is_gradient = |node| graph.symbol(node).is_some_and(|symbol| symbol.gradient_with_respect_to().is_some());
    written(graph, gradient, &Unicode, &|node| if is_gradient(node) { Leaf::Formula } else { Leaf::Name })
}

/// `i1 → h2`.
fn role(network: &Network, role: Role) -> String {
    let graph = &network.graph;
    let sample = &network.samples[0];
    match role {
        Role::Weight { layer, from, to } => {
            let source = if layer == 0 { sample.inputs[from] } else { sample.layers[layer - 1][from].out };
            format!("{} → {}", graph.name(source), graph.name(sample.layers[layer][to].net))
        }
        Role::Bias { layer, to } => format!("bias of {}", graph.name(sample.layers[layer][to].net)),
    }
}

/// The node behind other names for the same thing.
pub(crate) fn peeled(graph: &Graph, node: NodeId) -> NodeId {
    let mut here = node;
    while graph.node(here).op == Op::Identity {
        here = graph.node(here).operands[0];
    }
    here
}

fn neurons(graph: &Graph, error: NodeId, tracks: &[NodeId]) -> Option<Vec<Neuron>> {
    let needed = graph.needed_by(&[error]);
    let mut parents: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for id in graph.ids().filter(|id| needed[id.index()]) {
        for &operand in &graph.node(id).operands {
            parents.entry(operand).or_default().push(id);
        }
    }
    let above = |node: NodeId| parents.get(&node).map_or(&[][..], Vec::as_slice);
    // Up through other names to the places of use.
    let users = |node: NodeId| -> Vec<NodeId> {
        let (mut found, mut pending) = (Vec::new(), vec![node]);
        while let Some(here) = pending.pop() {
            for &next in above(here) {
                if graph.node(next).op == Op::Identity { pending.push(next) } else { found.push(next) }
            }
        }
        found
    };
    let top = |start: NodeId| -> NodeId {
        let mut here = start;
        while let [only] = above(here) {
            if !matches!(graph.node(*only).op, Op::Add | Op::Identity) {
                break;
            }
            here = *only;
        }
        here
    };
    let mut found: BTreeMap<NodeId, Neuron> = BTreeMap::new();
    let mut own_terms: BTreeSet<NodeId> = BTreeSet::new();
    for (k, &weight) in tracks.iter().enumerate() {
        let places = users(weight);
        // A bias may be one for several neurons, a weight not.
        if places.is_empty() || places.len() > 1 && places.iter().any(|place| graph.node(*place).op != Op::Add) {
            return None;
        }
        for place in places {
            let (net, source) = match graph.node(place).op {
                Op::Multiply => {
                    let mut operands = graph.node(place).operands.iter().copied();
                    own_terms.insert(place);
                    (top(place), Some(operands.find(|&operand| peeled(graph, operand) != weight)?))
                }
                Op::Add => {
                    own_terms.insert(weight);
                    (top(place), None)
                }
                _ => return None,
            };
            let (out, activation) = match above(net) {
                [only] => match graph.node(*only).op {
                    Op::Sigmoid => (*only, Activation::Sigmoid),
                    Op::Tanh => (*only, Activation::Tanh),
                    Op::Relu => (*only, Activation::Relu),
                    _ => (net, Activation::Identity),
                },
                _ => (net, Activation::Identity),
            };
            let neuron = found.entry(net).or_insert(Neuron {
                net,
                out,
                activation,
                weights: Vec::new(),
                bias: None,
                fixed: None,
            });
            match source {
                Some(source) => neuron.weights.push((k, source)),
                None if neuron.bias.is_none() => neuron.bias = Some(k),
                None => return None,
            }
        }
    }
    // What else is added into a neuron must be one constant.
    for neuron in found.values_mut() {
        let mut pending = vec![neuron.net];
        while let Some(node) = pending.pop() {
            let content = graph.node(node);
            match content.op {
                _ if own_terms.contains(&peeled(graph, node)) => {}
                Op::Add | Op::Identity => pending.extend(&content.operands),
                Op::Variable if neuron.fixed.is_none() => neuron.fixed = Some(node),
                _ => return None,
            }
        }
    }
    let mut neurons: Vec<Neuron> = found.into_values().collect();
    neurons.sort_by_key(|neuron| neuron.weights.first().map(|weight| weight.0));
    Some(neurons)
}

/// Whether the weights make a fully connected network: every neuron of a layer with every output of the layer before,
/// each once, and with the same activation.
pub(crate) fn is_fully_connected(graph: &Graph, error: NodeId, weights: &[NodeId]) -> bool {
    let Some(neurons) = neurons(graph, error, weights) else { return false };
    let Some(layers) = layers(graph, &neurons) else { return false };
    let sources = |k: usize| -> BTreeSet<NodeId> {
        neurons[k].weights.iter().map(|(_, source)| peeled(graph, *source)).collect()
    };
    let mut before: Option<BTreeSet<NodeId>> = None;
    layers.iter().all(|layer| {
        let first = layer[0];
        let own = sources(first);
        let is_alike = |&k: &usize| {
            let neuron = &neurons[k];
            sources(k) == own && neuron.weights.len() == own.len() && neuron.activation == neurons[first].activation
        };
        let is_next = before.as_ref().is_none_or(|before| *before == own);
        before = Some(layer.iter().map(|&k| peeled(graph, neurons[k].out)).collect());
        is_next && layer.iter().all(is_alike)
    })
}

/// The neurons layer by layer, each layer fully connected to the one before.
fn layers(graph: &Graph, neurons: &[Neuron]) -> Option<Vec<Vec<usize>>> {
    let by_out: BTreeMap<NodeId, usize> =
        neurons.iter().enumerate().map(|(k, neuron)| (peeled(graph, neuron.out), k)).collect();
    let mut depth: Vec<Option<usize>> = vec![None; neurons.len()];
    for _ in 0..neurons.len() {
        for (k, neuron) in neurons.iter().enumerate() {
            let sources: Vec<Option<usize>> =
                neuron.weights.iter().map(|(_, source)| by_out.get(&peeled(graph, *source)).copied()).collect();
            depth[k] = match sources.first()? {
                None if sources.iter().all(Option::is_none) => Some(0),
                Some(_) if sources.iter().all(Option::is_some) => {
                    let depths: Option<Vec<usize>> = sources.iter().map(|source| depth[(*source)?]).collect();
                    depths.filter(|depths| depths.iter().all(|d| *d == depths[0])).map(|depths| depths[0] + 1)
                }
                _ => return None,
            };
        }
    }
    let depth: Vec<usize> = depth.into_iter().collect::<Option<_>>()?;
    let mut layers = vec![Vec::new(); depth.iter().max()? + 1];
    for (k, &depth) in depth.iter().enumerate() {
        layers[depth].push(k);
    }
    let mut before: Option<usize> = None;
    for layer in &layers {
        let fan_in = neurons[*layer.first()?].weights.len();
        if layer.iter().any(|&k| neurons[k].weights.len() != fan_in) || before.is_some_and(|before| before != fan_in) {
            return None;
        }
        before = Some(layer.len());
    }
    Some(layers)
}

/// What an output is held against.
fn target(graph: &Graph, error: NodeId, out: NodeId) -> Option<NodeId> {
    let needed = graph.needed_by(&[error]);
    let out = peeled(graph, out);
    graph.ids().filter(|id| needed[id.index()] && graph.node(*id).op == Op::Subtract).find_map(|id| {
        let operands = &graph.node(id).operands;
        let place = operands.iter().position(|&operand| peeled(graph, operand) == out)?;
        let other = peeled(graph, operands[1 - place]);
        (graph.node(other).op == Op::Variable).then_some(other)
    })
}
