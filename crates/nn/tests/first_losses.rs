//! The seed network's first 30 training losses against PyTorch's, from the same weights and batches.
//!
//! `reference/golden_training.py` made `golden/first_losses.safetensors`, and its head says how near two correct
//! programs can come. At the learning rate 0.0003 (`slow`) they must agree to 10⁻⁴ over all 30 steps. At the recipe's
//! own 0.01 (`seed`) a rounding error decides some ReLU otherwise, and training is chaotic: there the file holds how far
//! PyTorch departs from itself when it computes in single precision or its weights are nudged by a rounding error, and
//! ours may depart a few times as far, or 10⁻⁴.

#[path = "witness/golden_file.rs"]
mod golden_file;
#[path = "witness/worst_difference.rs"]
mod worst_difference;

use std::path::{Path, PathBuf};

use golden_file::GoldenFile;
use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, Loss, LossSpec, Network, NetworkSpec, Sgd, SgdSpec};
use sha2::{Digest, Sha256};
use worst_difference::WorstDifferences;

const BATCH: usize = 128;
const STEPS: usize = 30;
/// How near the losses must be where rounding does not decide.
const LIMIT: f64 = 1e-4;
/// How many times farther than PyTorch from itself: that was the farthest of nine trainings, and ours is a tenth.
const TIMES_THE_SPREAD: f64 = 4.0;
/// Gradients of the first step, of the largest one in the tensor: four convolutions and batch norms deep.
const FIRST_GRADIENT: f64 = 2e-5;
/// Batch norm's β begins at 0 and is nothing but the sum of thirty gradients, in which a ReLU or two that rounding
/// decides otherwise weigh; so much farther may it be (25 is measured).
const SHIFT: f64 = 40.0;

/// The seed's network without its dropout.
const SEED: &str = r#"
    input = [1, 28, 28]
    layers = [
        { type = "conv", channels = 10, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "conv", channels = 20, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "max_pool" },
        { type = "conv", channels = 30, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "max_pool" },
        { type = "conv", channels = 40, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "max_pool" },
        { type = "global_average_pool" },
        { type = "linear", features = 10 },
        { type = "log_softmax" },
    ]
"#;

/// Images of 28 × 28 and their labels.
struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

#[test]
fn on_formula_images() {
    let file = GoldenFile::open("first_losses.safetensors");
    let images = formula_images();
    assert_eq!(images.pixels[..7840], file.u8("formula/first_images").values, "the first ten formula images");
    compare(&file, "formula", &images);
    file.assert_all_used(&["mnist/"]);
}

#[test]
fn on_mnist() {
    let folder = std::env::var_os("LONGHAND_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from)
        .join("data/mnist");
    if !folder.is_dir() {
        println!("skipped: there is no MNIST in {}", folder.display());
        return;
    }
    let train = longhand_data::mnist::load_folder(&folder).expect("MNIST").train.subset(0..STEPS * BATCH);
    let images = Images { pixels: train.pixels().to_vec(), labels: train.labels().to_vec() };
    let file = GoldenFile::open("first_losses.safetensors");
    compare(&file, "mnist", &images);
    file.assert_all_used(&["formula/"]);
}

/// Both trainings on `images`, held against the file.
fn compare(file: &GoldenFile, set: &str, images: &Images) {
    for (what, bytes) in [("images", &images.pixels), ("labels", &images.labels)] {
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, file.metadata()[&format!("{set}/{what}_sha256")], "SHA-256 of the {set} {what}");
    }
    let mut differences = WorstDifferences::default();
    for (rate, learning_rate) in [("seed", 0.01), ("slow", 0.0003)] {
        let path = |tensor: &str| format!("{set}/{rate}/{tensor}");
        let mut network = initial_network(file);
        let trained = train(&mut network, images, learning_rate);
        let truth = file.f64(&path("losses_f64")).values;
        let single: Vec<f64> = file.f32(&path("losses_f32")).values.into_iter().map(f64::from).collect();
        let spread = file.f64(&path("losses_spread")).values;
        for (wanted, name) in [(&truth, "losses_f64"), (&single, "losses_f32")] {
            assert_eq!(trained.losses.len(), wanted.len(), "{}", path(name));
            let departures = trained.losses.iter().zip(wanted).map(|(found, wanted)| (found / wanted - 1.0).abs());
            let worst = departures.clone().fold(0.0, f64::max);
            let agreeing = departures.clone().take_while(|d| *d <= LIMIT).count();
            println!("{}: worst departure {worst:.1e}; within {LIMIT:.0e} for {agreeing} steps", path(name));
            let limits = spread.iter().map(|s| if rate == "slow" { LIMIT } else { LIMIT.max(TIMES_THE_SPREAD * s) });
            let in_limits: Vec<f64> = departures.zip(limits).map(|(departure, limit)| departure / limit).collect();
            let name = format!("{}, departure in limits", path(name));
            differences.compare_to_scale("losses in limits", &name, &in_limits, &[0.0; STEPS], 1.0, 1.0);
        }
        if rate == "seed" {
            compare_first_gradient(file, set, &trained.first_gradient, &mut differences);
        }
        let limit = if rate == "slow" { LIMIT } else { LIMIT.max(TIMES_THE_SPREAD * spread[STEPS - 1]) };
        compare_final(file, &path("final"), &network, limit, &mut differences);
    }
    differences.finish();
}

/// The seed's network with the weights that PyTorch began with.
fn initial_network(file: &GoldenFile) -> Network {
    let spec: NetworkSpec = toml::from_str(SEED).expect("a sound spec");
    let mut network = Network::new(&spec, Initialisation::Pytorch, 0).expect("a sound spec");
    assert_eq!(network.parameters().len(), 18_800);
    let tensors: Vec<_> = file
        .names("initial/")
        .into_iter()
        .map(|name| {
            let tensor = file.f32(&name);
            (our_name(&name["initial/".len()..]), tensor.shape, tensor.values)
        })
        .collect();
    network.load_state(&tensors, 0).expect("PyTorch's weights fit");
    network
}

/// PyTorch's `linear` is our first linear layer; every other name is the same.
fn our_name(pytorch: &str) -> String {
    pytorch.replace("linear.", "linear1.")
}

struct Trained {
    losses: Vec<f64>,
    first_gradient: Vec<(String, Vec<f64>)>,
}

fn train(network: &mut Network, images: &Images, learning_rate: f64) -> Trained {
    let mut sgd = Sgd::new(SgdSpec { momentum: 0.9, ..SgdSpec::default() }, network.layout());
    let mut groups: Vec<LaneGroup> = (0..BATCH / LANES).map(|_| network.training_group()).collect();
    let loss = Loss::new(&LossSpec::default());
    let mut trained = Trained { losses: Vec::new(), first_gradient: Vec::new() };
    for step in 0..STEPS {
        let outcome = network.train_step(Isa::detect(), &mut groups, BATCH, &loss, |g, group| {
            for lane in 0..group.active() {
                let n = step * BATCH + g * LANES + lane;
                let pixels = images.pixels[n * 784..][..784].iter();
                group.set_image(lane, pixels.map(|&p| (f32::from(p) / 255.0 - 0.1307) / 0.3081));
                group.set_label(lane, images.labels[n]);
            }
        });
        trained.losses.push(outcome.loss);
        if step == 0 {
            let tensors = network.layout().entries.iter();
            let gradient = |range: &std::ops::Range<usize>| doubles(&network.gradient()[range.clone()]);
            trained.first_gradient = tensors.map(|e| (e.name.clone(), gradient(&e.range))).collect();
        }
        let (parameters, gradient) = network.parameters_and_gradient();
        sgd.step(parameters, gradient, learning_rate);
    }
    trained
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// The gradients of the first batch, which the file holds for the formula images.
fn compare_first_gradient(
    file: &GoldenFile,
    set: &str,
    found: &[(String, Vec<f64>)],
    differences: &mut WorstDifferences,
) {
    let prefix = format!("{set}/first_gradient/");
    for name in file.names(&prefix) {
        let wanted = doubles(&file.f32(&name).values);
        let ours = our_name(&name[prefix.len()..]);
        let (_, found) = found.iter().find(|(name, _)| *name == ours).expect("a gradient of that name");
        differences.compare(&prefix, &name, found, &wanted, FIRST_GRADIENT);
    }
}

/// Sum and Euclidean norm of every tensor after the last step.
fn compare_final(file: &GoldenFile, path: &str, network: &Network, limit: f64, differences: &mut WorstDifferences) {
    let names = file.names(&format!("{path}/"));
    let state = network.state();
    assert_eq!(names.len(), state.len(), "tensors under {path}");
    for name in names {
        let wanted = file.f64(&name).values;
        let ours = our_name(&name[path.len() + 1..]);
        let (.., values) = state.iter().find(|(name, ..)| *name == ours).expect("a tensor of that name");
        let values = doubles(values);
        let is_shift = name.contains("/batch_norm") && name.ends_with(".bias");
        let limit = if is_shift { SHIFT * limit } else { limit };
        let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
        // Nothing bounds a sum in which all may cancel; it is measured against what n numbers of this norm may sum to.
        let scale = wanted[1] * (values.len() as f64).sqrt();
        let sum: f64 = values.iter().sum();
        let kind = format!("{path}, {}", if is_shift { "β" } else { "all but β" });
        differences.compare_to_scale(&kind, &format!("{name} sum"), &[sum], &wanted[..1], scale, limit);
        differences.compare(&kind, &format!("{name} norm"), &[norm], &wanted[1..], limit);
    }
}

/// The images of the formula in `reference/golden_training.py`.
fn formula_images() -> Images {
    let count = STEPS * BATCH;
    let mut pixels = Vec::with_capacity(count * 784);
    for n in 0..count {
        let c = n % 10;
        for row in 0..28 {
            for column in 0..28 {
                let along = if c < 5 { row } else { column };
                let stripe = if (along + n / 10) % (3 + c % 5) < 2 { 160 } else { 16 };
                let scramble = |h: u32| h.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let h = scramble((784 * n + 28 * row + column) as u32);
                let h = scramble(h ^ (h >> 16));
                pixels.push(stripe + (h >> 26) as u8);
            }
        }
    }
    Images { pixels, labels: (0..count).map(|n| (n % 10) as u8).collect() }
}
