//! The symbolic chain rule as witness: a small network written out in `derivation`, every gradient held against `nn`'s.

use longhand_derivation::derivative::gradients;
use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::{Graph, NodeId};
use longhand_kernels::Isa;
use longhand_nn::{Initialisation, Loss, LossSpec, Network, NetworkSpec};

const IMAGES: usize = 3;
const SIDE: usize = 5;
const CHANNELS: usize = 2;
const CLASSES: usize = 3;
const SMOOTHING: f64 = 0.1;
const EPS: f64 = 1e-5;

fn spec() -> NetworkSpec {
    toml::from_str(
        r#"
        input = [1, 5, 5]
        layers = [
            { type = "conv", channels = 2, kernel = 3, padding = 1 },
            { type = "relu" },
            { type = "batch_norm" },
            { type = "depthwise_conv", kernel = 3, padding = 1 },
            { type = "max_pool" },
            { type = "linear", features = 3 },
            { type = "log_softmax" },
        ]
        "#,
    )
    .unwrap()
}

fn pixel(image: usize, at: usize) -> f32 {
    ((image * 97 + at * 31 + at * at * 7) % 41) as f32 / 20.0 - 1.0
}

fn label(image: usize) -> usize {
    image % CLASSES
}

/// The network above as expressions over its parameters, in the order in which `nn` lays them out.
fn as_graph(parameters: usize) -> (Graph, Vec<NodeId>, NodeId) {
    let mut g = Graph::new();
    let p: Vec<NodeId> = (0..parameters).map(|k| g.variable(format!("p{k}"))).collect();
    let (conv_weight, rest) = p.split_at(CHANNELS * 9);
    let (conv_bias, rest) = rest.split_at(CHANNELS);
    let (gamma, rest) = rest.split_at(CHANNELS);
    let (beta, rest) = rest.split_at(CHANNELS);
    let (depthwise_weight, rest) = rest.split_at(CHANNELS * 9);
    let (depthwise_bias, rest) = rest.split_at(CHANNELS);
    let (linear_weight, linear_bias) = rest.split_at(CLASSES * CHANNELS * 4);

    let mut relu = vec![vec![Vec::new(); CHANNELS]; IMAGES];
    for (n, of_image) in relu.iter_mut().enumerate() {
        for (k, of_channel) in of_image.iter_mut().enumerate() {
            for at in 0..SIDE * SIDE {
                let mut terms = vec![conv_bias[k]];
                for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                    let (row, column) = (at / SIDE + i, at % SIDE + j);
                    // The padding is a row and a column of zeros on every side.
                    if (1..=SIDE).contains(&row) && (1..=SIDE).contains(&column) {
                        let x = g.constant(f64::from(pixel(n, (row - 1) * SIDE + column - 1)));
                        terms.push(g.multiply(conv_weight[k * 9 + i * 3 + j], x));
                    }
                }
                let sum = g.sum(&terms);
                let sum = g.quantity(format!("conv{n}_{k}_{at}"), sum);
                let active = g.relu(sum);
                of_channel.push(g.quantity(format!("relu{n}_{k}_{at}"), active));
            }
        }
    }
    let m = g.constant((IMAGES * SIDE * SIDE) as f64);
    let eps = g.constant(EPS);
    for k in 0..CHANNELS {
        let all: Vec<NodeId> = relu.iter().flat_map(|image| image[k].clone()).collect();
        let sum = g.sum(&all);
        let mean = g.divide(sum, m);
        let mean = g.quantity(format!("mean{k}"), mean);
        let squares: Vec<NodeId> = all
            .iter()
            .map(|&x| {
                let deviation = g.subtract(x, mean);
                g.power(deviation, 2)
            })
            .collect();
        let sum = g.sum(&squares);
        let variance = g.divide(sum, m);
        let safe = g.add(variance, eps);
        let root = g.square_root(safe);
        let root = g.quantity(format!("deviation{k}"), root);
        for (n, image) in relu.iter_mut().enumerate() {
            for (at, x) in image[k].iter_mut().enumerate() {
                let difference = g.subtract(*x, mean);
                let x_hat = g.divide(difference, root);
                let scaled = g.multiply(gamma[k], x_hat);
                let y = g.add(scaled, beta[k]);
                *x = g.quantity(format!("norm{n}_{k}_{at}"), y);
            }
        }
    }
    for (n, image) in relu.iter_mut().enumerate() {
        for (k, channel) in image.iter_mut().enumerate() {
            *channel = (0..SIDE * SIDE)
                .map(|at| {
                    let mut terms = vec![depthwise_bias[k]];
                    for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                        let (row, column) = (at / SIDE + i, at % SIDE + j);
                        if (1..=SIDE).contains(&row) && (1..=SIDE).contains(&column) {
                            let x = channel[(row - 1) * SIDE + column - 1];
                            terms.push(g.multiply(depthwise_weight[k * 9 + i * 3 + j], x));
                        }
                    }
                    let sum = g.sum(&terms);
                    g.quantity(format!("depthwise{n}_{k}_{at}"), sum)
                })
                .collect();
        }
    }
    let mut losses = Vec::new();
    for (n, image) in relu.iter().enumerate() {
        let mut pooled = Vec::new();
        for (k, y) in image.iter().enumerate() {
            for (r, s) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let at = |i: usize, j: usize| y[(2 * r + i) * SIDE + 2 * s + j];
                let upper = g.maximum(at(0, 0), at(0, 1));
                let lower = g.maximum(at(1, 0), at(1, 1));
                let largest = g.maximum(upper, lower);
                pooled.push(g.quantity(format!("pool{n}_{k}_{r}{s}"), largest));
            }
        }
        let logits: Vec<NodeId> = (0..CLASSES)
            .map(|f| {
                let mut terms = vec![linear_bias[f]];
                for (e, &x) in pooled.iter().enumerate() {
                    terms.push(g.multiply(linear_weight[f * pooled.len() + e], x));
                }
                let sum = g.sum(&terms);
                g.quantity(format!("logit{n}_{f}"), sum)
            })
            .collect();
        for k in 0..CLASSES {
            let probability = g.softmax(k, &logits);
            let log = g.ln(probability);
            let target = SMOOTHING / CLASSES as f64 + if k == label(n) { 1.0 - SMOOTHING } else { 0.0 };
            let factor = g.constant(-target / IMAGES as f64);
            losses.push(g.multiply(factor, log));
        }
    }
    let loss = g.sum(&losses);
    let loss = g.quantity("loss", loss);
    (g, p, loss)
}

#[test]
fn every_gradient_is_the_symbolic_one() {
    let spec = spec();
    let mut network = Network::new(&spec, Initialisation::He, 3).unwrap();
    let (mut graph, p, loss) = as_graph(network.parameters().len());
    let symbolic = gradients(&mut graph, loss, &p);
    let given: Vec<(NodeId, f64)> = p.iter().copied().zip(network.parameters().iter().map(|&v| f64::from(v))).collect();
    let values = Values::of(&graph, &given);

    let mut groups = vec![network.training_group()];
    let settings = LossSpec { label_smoothing: SMOOTHING };
    let outcome = network.train_step(Isa::detect(), &mut groups, IMAGES, &Loss::new(&settings), |_, group| {
        for n in 0..IMAGES {
            group.set_image(n, (0..SIDE * SIDE).map(|at| pixel(n, at)));
            group.set_label(n, label(n) as u8);
        }
    });
    let exact = values.get(loss);
    assert!((outcome.loss - exact).abs() < 1e-6 * exact, "loss {} and {exact}", outcome.loss);
    for entry in &network.layout().entries {
        let symbolic: Vec<f64> = symbolic[entry.range.clone()].iter().map(|&id| values.get(id)).collect();
        let size = symbolic.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let worst = network.gradient()[entry.range.clone()]
            .iter()
            .zip(&symbolic)
            .map(|(&got, exact)| (f64::from(got) - exact).abs())
            .fold(0.0, f64::max);
        println!("{:<20} largest {size:.3e}, worst difference {:.1e} of it", entry.name, worst / size);
        assert!(size > 1e-3, "{}: a gradient of nothing shows nothing", entry.name);
        assert!(worst < 2e-6 * size, "{}: {worst:e} of {size:e}", entry.name);
    }
}
