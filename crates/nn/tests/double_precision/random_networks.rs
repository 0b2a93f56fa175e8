//! Networks put together at random: the slope of the loss along a random direction in every tensor.

use longhand_nn::{LayerSpec, NetworkSpec};

use crate::finite_difference::gradient;
use crate::networks::Witnessed;
use crate::numbers::Numbers;
use crate::worst_difference::WorstDifferences;
use crate::{LEAST_MARGIN, Prepared, rayon_map};

/// How many networks.
const NETWORKS: u64 = 200;
/// A direction's slope adds up a whole tensor's rounding errors, and what is thrown together at random is less well
/// conditioned than what a person would build: batch norm over five elements, again and again.
const LIMIT: f64 = 5e-4;
/// Batch norm multiplies by 1/√(σ²+ε): a channel that ReLU left almost dead multiplies rounding errors three hundredfold.
const LEAST_VARIANCE: f64 = 1e-4;

#[test]
fn the_loss_of_random_networks_slopes_as_their_gradients_say() {
    let found = rayon_map(NETWORKS, |seed| {
        let mut numbers = Numbers::new(1_000 + seed);
        let witnessed = random_network(&mut numbers);
        let prepared = Prepared::new(&witnessed, seed);
        let truth = prepared.plain().run(&prepared.parameters, &prepared.batch, crate::Mode::Training);
        let variances = truth.statistics.values().flatten().map(|&(_, variance)| variance);
        let well_conditioned = variances.fold(f64::INFINITY, f64::min) > LEAST_VARIANCE;
        // Too near a kink, single precision may rightly decide otherwise.
        (truth.branches.margin > LEAST_MARGIN && well_conditioned)
            .then(|| compare_slopes(&witnessed, seed, prepared, &mut numbers))
    });
    let compared = found.iter().flatten().count();
    println!("{compared} of {NETWORKS} random networks compared, the others are badly conditioned");
    assert!(compared as u64 > NETWORKS * 3 / 4, "only {compared} networks compared");
    let mut differences = WorstDifferences::default();
    found.into_iter().flatten().for_each(|d| differences.append(d));
    differences.finish();
}

/// Along a random direction in each tensor: the finite difference, and the sum of gradient times direction.
fn compare_slopes(witnessed: &Witnessed, seed: u64, mut prepared: Prepared, numbers: &mut Numbers) -> WorstDifferences {
    prepared.train_step();
    let found = crate::doubles(prepared.network.gradient());
    let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let size = norm(&found);
    let mut differences = WorstDifferences::default();
    let plain = prepared.plain();
    for entry in &prepared.layout.entries {
        let direction: Vec<f64> = entry.range.clone().map(|_| f64::from(numbers.normal())).collect();
        let unit: Vec<f64> = direction.iter().map(|d| d / norm(&direction)).collect();
        let wanted = gradient(&[0.0], |along| {
            let mut moved = prepared.parameters.clone();
            moved[entry.range.clone()].iter_mut().zip(&unit).for_each(|(p, u)| *p += along[0] * u);
            let outcome = plain.run(&moved, &prepared.batch, crate::Mode::Training);
            (outcome.loss, outcome.branches)
        });
        let tensor = &found[entry.range.clone()];
        let slope: f64 = tensor.iter().zip(&unit).map(|(g, u)| g * u).sum();
        let kinds: Vec<&str> = witnessed.spec.layers.iter().map(LayerSpec::type_name).collect();
        let name = format!("seed {seed} {} of {}", entry.name, kinds.join(" "));
        let scale = norm(tensor).max(crate::ZERO_BY_RIGHTS.sqrt() * size);
        differences.compare_to_scale("slopes", &name, &[slope], &wanted, scale, LIMIT);
    }
    differences
}

/// A network of up to eight random layers that fit, and an end.
fn random_network(numbers: &mut Numbers) -> Witnessed {
    let mut below = |n: usize| (numbers.unit() * n as f64) as usize;
    let input = [1 + below(3), 1 + below(9), 1 + below(9)];
    let batch = [3, 5, 16, 19, 37][below(5)];
    let wanted = 1 + below(8);
    let end = [LayerSpec::Linear { features: 2 + below(4), bias: below(2) == 0 }, LayerSpec::LogSoftmax {}];
    let mut layers = Vec::new();
    while layers.len() < wanted {
        let kernel = [1, 3, 5][below(3)];
        let next = match below(9) {
            0 | 1 => LayerSpec::Conv { channels: 1 + below(4), kernel, padding: below(kernel), bias: below(3) > 0 },
            2 => LayerSpec::Relu {},
            3 => LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 },
            4 => LayerSpec::MaxPool {},
            5 => LayerSpec::Dropout { rate: 0.2 },
            6 => LayerSpec::GlobalAveragePool {},
            7 => LayerSpec::DepthwiseConv { kernel, padding: below(kernel), bias: below(3) > 0 },
            _ => LayerSpec::Linear { features: 1 + below(6), bias: below(3) > 0 },
        };
        layers.push(next);
        let spec = NetworkSpec { input, layers: layers.iter().chain(&end).cloned().collect() };
        if spec.shapes().is_err() {
            layers.pop();
        }
    }
    layers.extend(end);
    let spec = NetworkSpec { input, layers };
    Witnessed { name: "random", spec, batch, label_smoothing: 0.05 }
}
