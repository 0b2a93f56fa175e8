//! A fully connected network as an expression graph, forward and backward, every quantity named.
//!
//! [`Network::build`] turns a [`NetworkSpec`] into one [`Graph`] that holds the weighted sums, the outputs, the errors,
//! `E_total`, the gradient of every quantity that has one, and the updated parameters. Everything else in this crate
//! is a view of that graph.

use crate::chain::count_paths;
use crate::derivative::gradients;
use crate::evaluation::Values;
use crate::expression::{Graph, NodeId};
use crate::spec::{Activation, Biases, Loss, NetworkSpec, READABLE_PATHS};
use crate::spec_error::SpecError;
use crate::symbol::{LEARNING_RATE, Symbol, TOTAL_ERROR};

/// One neuron behind the input, for one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Neuron {
    /// The weighted sum, `h1`.
    pub net: NodeId,
    /// What it passes on, `out_h1`.
    pub out: NodeId,
}

/// The quantities of one sample.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SampleNodes {
    /// `i1`, `i2`, …
    pub inputs: Vec<NodeId>,
    /// `t1`, `t2`, …
    pub targets: Vec<NodeId>,
    /// The neurons layer by layer: hidden layers first, the output layer last.
    pub layers: Vec<Vec<Neuron>>,
    /// `E1`, `E2`, …, one for each output.
    pub errors: Vec<NodeId>,
    /// The error of this sample: `E_total` itself where there is only one sample.
    pub error: NodeId,
}

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Role {
    /// It weighs what comes from neuron `from` of the layer before `layer` into neuron `to` (all from 0; layer 0 is the
    /// first behind the input).
    Weight {
        /// The layer it leads into.
        layer: usize,
        /// The neuron it comes from.
        from: usize,
        /// The neuron it leads into.
        to: usize,
    },
    /// It is added to the sum of neuron `to` of `layer`.
    Bias {
        /// The layer.
        layer: usize,
        /// The neuron.
        to: usize,
    },
}

impl Role {
    /// The layer whose sums it enters (0 is the first behind the input).
    pub fn layer(self) -> usize {
        match self {
            Role::Weight { layer, .. } | Role::Bias { layer, .. } => layer,
        }
    }
}

/// A number that training changes.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Parameter {
    /// Its variable, `w5`.
    pub node: NodeId,
    /// What it is for.
    pub role: Role,
    /// Its initial value.
    pub initial: f64,
    /// ∂E_total by it, `dE_dw5`.
    pub gradient: NodeId,
    /// Its value after one step, `w5_new`.
    pub updated: NodeId,
}

/// A bias that training does not change: one for all neurons of a layer.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct FixedBias {
    /// Its variable, `b1`.
    pub node: NodeId,
    /// The layer (0 is the first behind the input).
    pub layer: usize,
    /// Its value.
    pub value: f64,
}

/// A network as an expression graph.
#[derive(Debug, Clone)]
pub struct Network {
    /// What it was built from.
    pub spec: NetworkSpec,
    /// All its quantities.
    pub graph: Graph,
    /// The quantities of each sample.
    pub samples: Vec<SampleNodes>,
    /// What training changes: the weights in order, then the trained biases.
    pub parameters: Vec<Parameter>,
    /// The biases that training does not change.
    pub fixed_biases: Vec<FixedBias>,
    /// η.
    pub learning_rate: NodeId,
    /// `E_total`.
    pub total_error: NodeId,
}

impl Network {
    /// Builds the graph of a network, forward, backward and update.
    ///
    /// # Errors
    /// Where the description is not sound, see [`NetworkSpec::validate`].
    pub fn build(spec: NetworkSpec) -> Result<Self, SpecError> {
        spec.validate()?;
        let naming = spec.naming();
        let mut graph = Graph::new();

        let inputs_and_targets: Vec<(Vec<NodeId>, Vec<NodeId>)> = (0..spec.samples.len())
            .map(|sample| {
                let inputs = (0..spec.layers[0]).map(|k| graph.variable(naming.input(k, sample))).collect();
                let outputs = spec.layers[spec.layers.len() - 1];
                let targets = (0..outputs).map(|k| graph.variable(naming.target(k, sample))).collect();
                (inputs, targets)
            })
            .collect();
        let fixed_biases: Vec<FixedBias> = match &spec.biases {
            Biases::PerLayer(values) => values
                .iter()
                .enumerate()
                .map(|(layer, &value)| FixedBias { node: graph.variable(format!("b{}", layer + 1)), layer, value })
                .collect(),
            Biases::None | Biases::PerNeuron(_) => Vec::new(),
        };
        let trained = declare_parameters(&mut graph, &spec);
        let learning_rate = graph.variable(LEARNING_RATE);

        let mut samples: Vec<SampleNodes> = Vec::new();
        for (sample, (inputs, targets)) in inputs_and_targets.into_iter().enumerate() {
            let layers = forward(&mut graph, &spec, sample, &inputs, &trained, &fixed_biases);
            let outputs = layers.last().expect("at least one layer");
            let errors: Vec<NodeId> = outputs
                .iter()
                .zip(&targets)
                .enumerate()
                .map(|(k, (neuron, &target))| {
                    let error = output_error(&mut graph, spec.loss, target, neuron.out);
                    graph.quantity(naming.error(k, sample), error)
                })
                .collect();
            let sum = graph.sum(&errors);
            let name = if spec.samples.len() == 1 { TOTAL_ERROR.to_owned() } else { naming.sample_error(sample) };
            let error = graph.quantity(name, sum);
            samples.push(SampleNodes { inputs, targets, layers, errors, error });
        }
        let total_error = if let [only] = samples.as_slice() {
            only.error
        } else {
            let errors: Vec<NodeId> = samples.iter().map(|sample| sample.error).collect();
            let sum = graph.sum(&errors);
            graph.quantity(TOTAL_ERROR, sum)
        };

        let nodes: Vec<NodeId> = trained.iter().map(|(node, _, _)| *node).collect();
        let gradients = gradients(&mut graph, total_error, &nodes);
        let parameters = trained
            .into_iter()
            .zip(gradients)
            .map(|((node, role, initial), gradient)| {
                let step = graph.multiply(learning_rate, gradient);
                let next = graph.subtract(node, step);
                let name = Symbol::updated(graph.symbol(node).expect("parameters are named"));
                Parameter { node, role, initial, gradient, updated: graph.quantity(name, next) }
            })
            .collect();
        Ok(Network { samples, parameters, fixed_biases, learning_rate, total_error, graph, spec })
    }

    /// The variables that are not trained, with their values: inputs and targets sample by sample, then fixed biases.
    pub fn given(&self) -> Vec<(NodeId, f64)> {
        let mut given = Vec::new();
        for (nodes, sample) in self.samples.iter().zip(&self.spec.samples) {
            given.extend(nodes.inputs.iter().copied().zip(sample.inputs.iter().copied()));
            given.extend(nodes.targets.iter().copied().zip(sample.targets.iter().copied()));
        }
        given.extend(self.fixed_biases.iter().map(|bias| (bias.node, bias.value)));
        given
    }

    /// The initial values of [`Network::parameters`].
    pub fn initial_parameters(&self) -> Vec<f64> {
        self.parameters.iter().map(|parameter| parameter.initial).collect()
    }

    /// The value of every node for these parameter values and this learning rate. Panics on another number of values
    /// than there are parameters.
    pub fn values(&self, parameters: &[f64], learning_rate: f64) -> Values {
        assert_eq!(parameters.len(), self.parameters.len(), "a value for each parameter");
        let mut variables = self.given();
        variables.extend(self.parameters.iter().zip(parameters).map(|(parameter, &value)| (parameter.node, value)));
        variables.push((self.learning_rate, learning_rate));
        Values::of(&self.graph, &variables)
    }

    /// The value of every node at the initial parameters and the first learning rate.
    pub fn initial_values(&self) -> Values {
        self.values(&self.initial_parameters(), self.spec.learning_rates[0])
    }

    /// Whether the derivation is short enough to be read: at most
    /// [`READABLE_WEIGHTS`](crate::spec::READABLE_WEIGHTS) weights, and at most
    /// [`READABLE_PATHS`] paths that are written out to any of them.
    ///
    /// Behind softmax and cross-entropy paths begin with the gradient of an output's sum; of these gradients there are
    /// at most [`READABLE_PATHS`] too.
    pub fn is_readable(&self) -> bool {
        let sums = self.output_sums();
        let tops = match self.spec.loss {
            Loss::SquaredError => std::slice::from_ref(&self.total_error),
            Loss::SoftmaxCrossEntropy => sums.as_slice(),
        };
        let paths = |parameter: &Parameter| count_paths(&self.graph, tops, parameter.node);
        // The first weight lies deepest, so it has the most paths.
        self.spec.has_readable_weights()
            && tops.len() <= READABLE_PATHS
            && self.parameters.first().is_none_or(|first| paths(first) <= READABLE_PATHS)
    }

    /// The sums of the outputs, `o1`, `o2`, …, sample by sample.
    fn output_sums(&self) -> Vec<NodeId> {
        self.samples.iter().filter_map(|sample| sample.layers.last()).flatten().map(|output| output.net).collect()
    }

    /// The gradient of E_total with respect to a quantity, where the graph has it by name.
    pub fn gradient_of(&self, quantity: NodeId) -> Option<NodeId> {
        self.graph.find(Symbol::gradient_of(self.graph.symbol(quantity)?).name())
    }
}

/// The variables of weights and trained biases, each with its role and initial value.
fn declare_parameters(graph: &mut Graph, spec: &NetworkSpec) -> Vec<(NodeId, Role, f64)> {
    let mut parameters = Vec::new();
    for (layer, pair) in spec.layers.windows(2).enumerate() {
        for to in 0..pair[1] {
            for from in 0..pair[0] {
                let place = parameters.len();
                let node = graph.variable(format!("w{}", place + 1));
                parameters.push((node, Role::Weight { layer, from, to }, spec.weights[place]));
            }
        }
    }
    if let Biases::PerNeuron(values) = &spec.biases {
        let neurons =
            spec.layers[1..].iter().enumerate().flat_map(|(layer, &size)| (0..size).map(move |to| (layer, to)));
        for (place, ((layer, to), &value)) in neurons.zip(values).enumerate() {
            let node = graph.variable(format!("b{}", place + 1));
            parameters.push((node, Role::Bias { layer, to }, value));
        }
    }
    parameters
}

/// The neurons of one sample, layer by layer.
fn forward(
    graph: &mut Graph,
    spec: &NetworkSpec,
    sample: usize,
    inputs: &[NodeId],
    parameters: &[(NodeId, Role, f64)],
    fixed_biases: &[FixedBias],
) -> Vec<Vec<Neuron>> {
    let naming = spec.naming();
    let mut layers: Vec<Vec<Neuron>> = Vec::new();
    let mut before = inputs.to_vec();
    // Weights stand in exactly the order in which they are used here.
    let mut weights = parameters.iter().map(|(node, _, _)| *node);
    let bias_of = |layer: usize, to: usize| {
        let trained = parameters.iter().find(|(_, role, _)| *role == Role::Bias { layer, to }).map(|found| found.0);
        trained.or_else(|| fixed_biases.iter().find(|bias| bias.layer == layer).map(|bias| bias.node))
    };
    for (layer, &size) in spec.layers[1..].iter().enumerate() {
        let nets: Vec<NodeId> = (0..size)
            .map(|k| {
                let mut terms: Vec<NodeId> = before
                    .iter()
                    .map(|&from| {
                        let weight = weights.next().expect("as many weights as connections");
                        graph.multiply(weight, from)
                    })
                    .collect();
                terms.extend(bias_of(layer, k));
                let sum = graph.sum(&terms);
                graph.quantity(naming.net(layer + 1, k, sample), sum)
            })
            .collect();
        let is_output = layer + 2 == spec.layers.len();
        let neurons: Vec<Neuron> = (0..size)
            .map(|k| {
                let out = match (is_output, spec.loss) {
                    (true, Loss::SoftmaxCrossEntropy) => graph.softmax(k, &nets),
                    (true, Loss::SquaredError) => activate(graph, spec.output_activation, nets[k]),
                    (false, _) => activate(graph, spec.hidden_activation, nets[k]),
                };
                Neuron { net: nets[k], out: graph.quantity(naming.out(layer + 1, k, sample), out) }
            })
            .collect();
        before = neurons.iter().map(|neuron| neuron.out).collect();
        layers.push(neurons);
    }
    layers
}

fn activate(graph: &mut Graph, activation: Activation, net: NodeId) -> NodeId {
    match activation {
        Activation::Sigmoid => graph.sigmoid(net),
        Activation::Tanh => graph.tanh(net),
        Activation::Relu => graph.relu(net),
        Activation::Identity => net,
    }
}

/// The error of one output.
fn output_error(graph: &mut Graph, loss: Loss, target: NodeId, out: NodeId) -> NodeId {
    match loss {
        Loss::SquaredError => {
            let half = graph.constant(0.5);
            let difference = graph.subtract(target, out);
            let square = graph.power(difference, 2);
            graph.multiply(half, square)
        }
        Loss::SoftmaxCrossEntropy => {
            let logarithm = graph.ln(out);
            let product = graph.multiply(target, logarithm);
            graph.negate(product)
        }
    }
}
