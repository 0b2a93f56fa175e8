//! Gradients of random networks against finite differences of a forward pass that shares no code with the crate.

use longhand_derivation::chain::{ChainRule, count_paths};
use longhand_derivation::derivation::{Chain, Derivation, Work};
use longhand_derivation::derivative::derivative;
use longhand_derivation::network::{Network, Parameter};
use longhand_derivation::render::equation::Side;
use longhand_derivation::spec::{Activation, Biases, Loss, NetworkSpec, Sample};
use proptest::prelude::*;

/// The error of a network, by loops over plain numbers, and the least distance of any ReLU from its kink.
fn error_by_loops(spec: &NetworkSpec, weights: &[f64], biases: &[f64]) -> (f64, f64) {
    let (mut total, mut kink) = (0.0, f64::INFINITY);
    for sample in &spec.samples {
        let mut values = sample.inputs.clone();
        let (mut weight, mut neuron) = (0, 0);
        for layer in 1..spec.layers.len() {
            let mut next = Vec::new();
            for _ in 0..spec.layers[layer] {
                let mut net = match &spec.biases {
                    Biases::None => 0.0,
                    Biases::PerLayer(_) => biases[layer - 1],
                    Biases::PerNeuron(_) => biases[neuron],
                };
                for value in &values {
                    net += weights[weight] * value;
                    weight += 1;
                }
                neuron += 1;
                let is_output = layer + 1 == spec.layers.len();
                let activation = if is_output { spec.output_activation } else { spec.hidden_activation };
                next.push(match activation {
                    Activation::Sigmoid => 1.0 / (1.0 + (-net).exp()),
                    Activation::Tanh => net.tanh(),
                    Activation::Relu => {
                        kink = kink.min(net.abs());
                        net.max(0.0)
                    }
                    Activation::Identity => net,
                });
            }
            values = next;
        }
        match spec.loss {
            Loss::SquaredError => {
                total +=
                    values.iter().zip(&sample.targets).map(|(out, target)| (target - out).powi(2) / 2.0).sum::<f64>();
            }
            Loss::SoftmaxCrossEntropy => {
                let sum: f64 = values.iter().map(|out| out.exp()).sum();
                let cross = values.iter().zip(&sample.targets).map(|(out, target)| -target * (out.exp() / sum).ln());
                total += cross.sum::<f64>();
            }
        }
    }
    (total, kink)
}

/// The derivative of `f` at 0 by central differences at two distances, combined so that the error is of fourth order.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    let h = 1e-3;
    (4.0 * central(h / 2.0) - central(h)) / 3.0
}

fn parameter_of(network: &Network, chain: &Chain) -> Parameter {
    let parameters = &network.parameters;
    *parameters.iter().find(|parameter| parameter.node == chain.rule.with_respect_to).unwrap()
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::Sigmoid), Just(Activation::Tanh), Just(Activation::Relu), Just(Activation::Identity)]
}

fn network_spec() -> impl Strategy<Value = NetworkSpec> {
    let layers = prop_oneof![
        Just(vec![3, 4, 2]),
        Just(vec![2, 3, 3, 1]),
        Just(vec![2, 2, 2]),
        prop::collection::vec(1_usize..4, 2..5),
    ];
    (layers, activation(), activation(), any::<bool>(), 0_u8..3, 1_usize..4).prop_flat_map(
        |(layers, hidden, output, softmax, biases, samples)| {
            let outputs = layers[layers.len() - 1];
            let softmax = softmax && outputs > 1;
            let number = || -1.5_f64..1.5;
            let weight_count = layers.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>();
            let bias_count = match biases {
                0 => 0,
                1 => layers.len() - 1,
                _ => layers[1..].iter().sum(),
            };
            let sample = (prop::collection::vec(number(), layers[0]), prop::collection::vec(0.01_f64..1.0, outputs));
            (
                prop::collection::vec(number(), weight_count),
                prop::collection::vec(number(), bias_count),
                prop::collection::vec(sample, samples),
            )
                .prop_map(move |(weights, bias_values, samples)| NetworkSpec {
                    layers: layers.clone(),
                    hidden_activation: hidden,
                    output_activation: if softmax { Activation::Identity } else { output },
                    loss: if softmax { Loss::SoftmaxCrossEntropy } else { Loss::SquaredError },
                    biases: match biases {
                        0 => Biases::None,
                        1 => Biases::PerLayer(bias_values),
                        _ => Biases::PerNeuron(bias_values),
                    },
                    samples: samples
                        .into_iter()
                        .map(|(inputs, targets)| {
                            let sum: f64 = if softmax { targets.iter().sum() } else { 1.0 };
                            Sample { inputs, targets: targets.iter().map(|target| target / sum).collect() }
                        })
                        .collect(),
                    weights,
                    learning_rates: vec![0.5],
                    rows: 3,
                })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_gradient_is_the_slope_of_the_error(spec in network_spec()) {
        let (error, kink) = error_by_loops(&spec, &spec.weights, spec.bias_values());
        // Near the kink of a ReLU a finite difference is no derivative.
        prop_assume!(kink > 0.05);
        let network = Network::build(spec.clone()).unwrap();
        let values = network.initial_values();
        prop_assert!((values.get(network.total_error) - error).abs() <= 1e-12 * error.abs().max(1.0));
        for (place, parameter) in network.parameters.iter().enumerate() {
            let nudged = |nudge: f64| {
                let mut weights = spec.weights.clone();
                let mut biases = spec.bias_values().to_vec();
                match place.checked_sub(weights.len()) {
                    None => weights[place] += nudge,
                    Some(bias) => biases[bias] += nudge,
                }
                error_by_loops(&spec, &weights, &biases).0
            };
            let (found, expected) = (values.get(parameter.gradient), slope(nudged));
            let name = network.graph.name(parameter.gradient);
            prop_assert!((found - expected).abs() <= 1e-7 * expected.abs().max(1.0), "{name}: {found}, slope {expected}");
        }
    }

    #[test]
    fn paths_whole_derivative_and_gradient_agree(spec in network_spec()) {
        let mut network = Network::build(spec).unwrap();
        for parameter in network.parameters.clone() {
            let paths = count_paths(&network.graph, &[network.total_error], parameter.node);
            let chain = ChainRule::write(&mut network.graph, network.total_error, parameter.node);
            prop_assert_eq!(chain.paths.len(), paths);
            let whole = derivative(&mut network.graph, network.total_error, parameter.node);
            let values = network.initial_values();
            let gradient = values.get(parameter.gradient);
            let close = |other: f64| (other - gradient).abs() <= 1e-12 * gradient.abs().max(1.0);
            prop_assert!(close(values.get(whole)), "{} is not {gradient}", values.get(whole));
            prop_assert!(close(values.get(chain.sum)), "{} is not {gradient}", values.get(chain.sum));
            for path in &chain.paths {
                let product: f64 = path.factor_values(&values).iter().product();
                prop_assert!((product - values.get(path.product)).abs() <= 1e-12 * product.abs().max(1.0));
                for factor in &path.factors {
                    if let Some(working) = factor.working {
                        let (long, short) = (values.get(working), values.get(factor.derivative));
                        prop_assert!((long - short).abs() <= 1e-12 * short.abs().max(1.0));
                    }
                }
            }
        }
    }

    /// What the derivation writes is the whole derivative too; behind softmax its paths begin with what is known.
    #[test]
    fn the_paths_that_are_written_add_up_to_the_gradient(spec in network_spec()) {
        let mut network = Network::build(spec).unwrap();
        let derivation = Derivation::write(&mut network);
        let values = network.initial_values();
        let sums: Vec<_> = network.samples.iter().flat_map(|sample| sample.layers.last().unwrap()).collect();
        for (chain, parameter) in derivation.chains().map(|chain| (chain, parameter_of(&network, chain))) {
            let gradient = values.get(parameter.gradient);
            let close = |other: f64| (other - gradient).abs() <= 1e-12 * gradient.abs().max(1.0);
            prop_assert!(close(values.get(chain.rule.sum)), "{} is not {gradient}", values.get(chain.rule.sum));
            let products = chain.rule.paths.iter().map(|path| path.factor_values(&values).iter().product::<f64>());
            let added: f64 = products.sum();
            prop_assert!(close(added), "{added} is not {gradient}");
            for path in &chain.rule.paths {
                let first = &path.factors[0];
                prop_assert_eq!(first.upper, network.total_error);
                prop_assert_eq!(path.quantities.len(), path.factors.len() + 1);
                if network.spec.loss == Loss::SoftmaxCrossEntropy {
                    let known = network.gradient_of(first.lower).map(|known| values.get(known));
                    prop_assert!(sums.iter().any(|output| output.net == first.lower));
                    prop_assert!((values.get(first.derivative) - known.unwrap()).abs() <= 1e-12);
                }
            }
        }
    }

    /// Every stage of an equation, and the short form of a gradient behind softmax, is worth what the last one is.
    #[test]
    fn every_stage_of_an_equation_has_its_value(spec in network_spec()) {
        let mut network = Network::build(spec).unwrap();
        let derivation = Derivation::write(&mut network);
        let values = network.initial_values();
        for step in derivation.sections.iter().flat_map(|section| &section.steps) {
            let equation = match &step.work {
                Work::Formula(equation) => equation,
                Work::Chain(chain) => &chain.in_one_line,
            };
            let wanted = values.get(step.quantity);
            for side in &equation.right {
                if let Side::Expression(node) | Side::Definition(node) | Side::Gradient(node) = side {
                    let found = values.get(*node);
                    let close = (found - wanted).abs() <= 1e-12 * wanted.abs().max(1.0);
                    prop_assert!(close, "{}: {found}, not {wanted}", network.graph.name(step.quantity));
                }
            }
        }
    }

    #[test]
    fn the_table_is_the_graph_row_by_row(spec in network_spec()) {
        let network = Network::build(spec).unwrap();
        let table = longhand_derivation::table::Table::compute(&network);
        let mut parameters = network.initial_parameters();
        for row in 1..=table.rates[0].rows() {
            let values = network.values(&parameters, 0.5);
            for (place, column) in table.columns.iter().enumerate() {
                let cell = table.rates[0].row(row)[place];
                prop_assert_eq!(cell.to_bits(), values.get(column.node).to_bits());
            }
            parameters = network.parameters.iter().map(|parameter| values.get(parameter.updated)).collect();
        }
    }
}
