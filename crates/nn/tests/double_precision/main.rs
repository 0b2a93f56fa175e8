//! Every gradient against finite differences of a plain double-precision form.
//!
//! [`plain`] states each layer's forward pass as the textbook does. [`finite_difference`] differentiates the loss of a
//! whole network, or a weighted sum of one layer's outputs, numerically. What is compared with it is what training uses:
//! [`longhand_nn::Network::train_step`] in single precision, and the kernels' input gradients.

#[path = "../witness/batch_norm_passes.rs"]
mod batch_norm_passes;
#[path = "../witness/lane_packing.rs"]
mod lane_packing;
#[path = "../witness/worst_difference.rs"]
mod worst_difference;

mod finite_difference;
mod input_gradients;
mod networks;
mod numbers;
mod plain;
mod random_networks;
mod whole_network;

use std::collections::BTreeMap;

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, LayerSpec, Loss, LossSpec, Network, ParameterKind, ParameterLayout};
use rayon::prelude::*;

use networks::{Witnessed, networks};
use numbers::Numbers;
use plain::Tensor;
use whole_network::{Batch, Mode, PlainNetwork};
use worst_difference::{WorstDifferences, largest};

/// Single precision keeps 6·10⁻⁸ of each number; a gradient is a sum of up to some thousand products of numbers that a
/// dozen layers have rounded, and batch norm over few elements divides by small deviations.
const LIMIT: f64 = 1e-5;
/// A gradient that is zero by rights, as that of a bias in front of a batch norm, has no size to be measured against.
/// A tensor is taken for such a one if it is nowhere above this share of the network's largest gradient; then its
/// difference is measured against that largest gradient.
const ZERO_BY_RIGHTS: f64 = 1e-4;
/// What rounding may leave where all terms of a sum should cancel.
const LEFT_OF_ZERO: f64 = 2e-6;
/// No ReLU or max pool may be decided by less: single precision could decide otherwise.
const LEAST_MARGIN: f64 = 1e-6;

#[test]
fn every_gradient_is_the_finite_difference_of_the_loss() {
    let networks = networks();
    let mut differences = WorstDifferences::default();
    for found in rayon_map(networks.len() as u64, |i| witness(&networks[i as usize], i)) {
        differences.append(found);
    }
    differences.finish();
}

/// What `work` makes of 0, 1, … `count − 1`, in that order, worked out in parallel.
fn rayon_map<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync + Send) -> Vec<T> {
    (0..count).into_par_iter().map(work).collect()
}

/// A network with random parameters, and a random batch for it.
struct Prepared {
    network: Network,
    layout: ParameterLayout,
    label_smoothing: f64,
    batch: Batch,
    /// The batch's pixels in single precision.
    pixels: Vec<f32>,
    /// The parameters before any step.
    parameters: Vec<f64>,
}

impl Prepared {
    fn new(witnessed: &Witnessed, seed: u64) -> Self {
        let Witnessed { name, spec, batch: images, label_smoothing } = witnessed;
        let mut numbers = Numbers::new(seed);
        let mut network = Network::new(spec, Initialisation::He, seed).unwrap_or_else(|e| panic!("{name}: {e}"));
        let state = unsettled_state(&network, &mut numbers);
        network.load_state(&state, 0).expect("its own names and shapes");
        let (batch, pixels) = random_batch(spec.input, *images, network.classes(), &mut numbers);
        Prepared {
            layout: network.layout().clone(),
            label_smoothing: *label_smoothing,
            batch,
            pixels,
            parameters: doubles(network.parameters()),
            network,
        }
    }

    fn plain(&self) -> PlainNetwork<'_> {
        PlainNetwork::new(self.network.spec(), &self.layout, self.label_smoothing, &self.batch)
    }

    /// One training step in single precision: the loss, and the log-probabilities image after image.
    fn train_step(&mut self) -> (f64, Vec<f64>) {
        let Prepared { network, batch, pixels, .. } = self;
        let images = batch.images.images;
        let elements = pixels.len() / images;
        let mut groups: Vec<LaneGroup> = (0..images.div_ceil(LANES)).map(|_| network.training_group()).collect();
        let loss = Loss::new(&LossSpec { label_smoothing: self.label_smoothing });
        let outcome = network.train_step(Isa::detect(), &mut groups, images, &loss, |g, group| {
            for lane in 0..group.active() {
                let n = g * LANES + lane;
                group.set_image(lane, pixels[n * elements..][..elements].iter().copied());
                group.set_label(lane, batch.labels[n]);
                group.set_dropout_key(lane, batch.dropout_keys[n]);
            }
        });
        let log_probabilities =
            (0..images).flat_map(|n| groups[n / LANES].log_probabilities(n % LANES)).map(f64::from).collect();
        (outcome.loss, log_probabilities)
    }
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// Compares loss, log-probabilities, running statistics and every gradient of one training step.
fn witness(witnessed: &Witnessed, seed: u64) -> WorstDifferences {
    let Witnessed { name, spec, .. } = witnessed;
    let mut prepared = Prepared::new(witnessed, seed);
    let inferred = infer(&prepared.network, &prepared.batch, &prepared.pixels);
    let running = running_statistics(&prepared.network);
    let (loss, log_probabilities) = prepared.train_step();
    let plain = prepared.plain();
    let Prepared { network, layout, batch, parameters, .. } = &prepared;

    let truth = plain.run(parameters, batch, Mode::Training);
    assert!(truth.branches.margin > LEAST_MARGIN, "{name}: a branch within {:.1e}", truth.branches.margin);
    let mut differences = WorstDifferences::default();
    let mut compare = |kind: &str, tensor: &str, found: &[f64], wanted: &[f64]| {
        differences.compare(kind, &format!("{name}: {tensor}"), found, wanted, LIMIT);
    };
    compare("loss", "loss", &[loss], &[truth.loss]);
    let wanted = &truth.log_probabilities.values;
    compare("log-probabilities", "log-probabilities", &log_probabilities, wanted);
    let wanted = plain.run(parameters, batch, Mode::Inference(&running)).log_probabilities.values;
    compare("log-probabilities", "log-probabilities in inference", &inferred, &wanted);

    let momenta = spec.layers.iter().filter_map(|layer| match layer {
        LayerSpec::BatchNorm { momentum, .. } => Some(*momentum),
        _ => None,
    });
    let after = running_statistics(network);
    for ((batch_norm, before), momentum) in running.iter().zip(momenta) {
        let moved = |before: f64, seen: f64| (1.0 - momentum) * before + momentum * seen;
        let pairs = || before.iter().zip(&truth.statistics[batch_norm]);
        let mean: Vec<f64> = pairs().map(|(b, s)| moved(b.0, s.0)).collect();
        let variance: Vec<f64> = pairs().map(|(b, s)| moved(b.1, s.1)).collect();
        let found: (Vec<f64>, Vec<f64>) = after[batch_norm].iter().copied().unzip();
        compare("running mean", &format!("{batch_norm}.running_mean"), &found.0, &mean);
        compare("running variance", &format!("{batch_norm}.running_var"), &found.1, &variance);
    }

    let wanted = finite_difference::gradient(parameters, |parameters| {
        let outcome = plain.run(parameters, batch, Mode::Training);
        (outcome.loss, outcome.branches)
    });
    let found = doubles(network.gradient());
    let size = largest(&wanted);
    for entry in &layout.entries {
        let layer = entry.name.split(|c: char| c.is_ascii_digit()).next().expect("a layer's name");
        let what = match entry.kind {
            ParameterKind::Weight | ParameterKind::Scale => "weight",
            ParameterKind::Bias | ParameterKind::Shift => "bias",
        };
        let (found, wanted) = (&found[entry.range.clone()], &wanted[entry.range.clone()]);
        let tensor = format!("{name}: gradient of {}", entry.name);
        if largest(wanted) > ZERO_BY_RIGHTS * size {
            differences.compare(&format!("gradient of {layer}.{what}"), &tensor, found, wanted, LIMIT);
        } else {
            let tensor = format!("{tensor}, zero by rights");
            differences.compare_to_scale("gradient zero by rights", &tensor, found, wanted, size, LEFT_OF_ZERO);
        }
    }
    differences
}

/// Parameters and running statistics none of which is where it begins: γ is not 1, no bias is 0.
fn unsettled_state(network: &Network, numbers: &mut Numbers) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let state = network.state();
    let unsettled = state.into_iter().map(|(name, shape, values)| {
        let values = if name.ends_with("running_var") || (name.starts_with("batch_norm") && name.ends_with("weight")) {
            values.iter().map(|_| numbers.between(0.5, 1.5)).collect()
        } else if name.ends_with("bias") || name.ends_with("running_mean") {
            values.iter().map(|_| numbers.between(-0.5, 0.5)).collect()
        } else {
            values.to_vec()
        };
        (name, shape, values)
    });
    unsettled.collect()
}

fn random_batch(input: [usize; 3], images: usize, classes: usize, numbers: &mut Numbers) -> (Batch, Vec<f32>) {
    let [channels, height, width] = input;
    let pixels = numbers.normals(images * channels * height * width);
    let values = doubles(&pixels);
    let batch = Batch {
        images: Tensor { images, channels, height, width, values },
        labels: (0..images).map(|_| (numbers.unit() * classes as f64) as u8).collect(),
        dropout_keys: (0..images).map(|_| (numbers.unit() * 1e18) as u64).collect(),
    };
    (batch, pixels)
}

/// The log-probabilities of inference, image after image.
fn infer(network: &Network, batch: &Batch, pixels: &[f32]) -> Vec<f64> {
    let images = batch.images.images;
    let mut group = network.inference_group();
    let mut found = Vec::new();
    for chunk in pixels.chunks(pixels.len() / images * LANES) {
        let elements = pixels.len() / images;
        group.set_active(chunk.len() / elements);
        for (lane, image) in chunk.chunks_exact(elements).enumerate() {
            group.set_image(lane, image.iter().copied());
        }
        network.inference().infer(Isa::detect(), &mut group);
        (0..group.active()).for_each(|lane| found.extend(group.log_probabilities(lane).map(f64::from)));
    }
    found
}

/// Running mean and variance of every batch norm's channels, by name.
fn running_statistics(network: &Network) -> BTreeMap<String, Vec<(f64, f64)>> {
    let state: BTreeMap<String, Vec<f64>> = network.state().into_iter().map(|(n, _, v)| (n, doubles(v))).collect();
    let names = network.layout().batch_norms.iter().map(|(name, _)| name);
    names
        .map(|name| {
            let (mean, var) = (&state[&format!("{name}.running_mean")], &state[&format!("{name}.running_var")]);
            (name.clone(), mean.iter().copied().zip(var.iter().copied()).collect())
        })
        .collect()
}
