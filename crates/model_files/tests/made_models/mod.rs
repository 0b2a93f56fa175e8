//! Models with made-up weights, images to run them on, and what the network itself says of them.
#![allow(dead_code, reason = "not every test file needs everything")]

use std::path::PathBuf;

use longhand_data::random::{Purpose, Stream, stream};
use longhand_data::{ImageSet, Normalisation, mnist, strokes};
use longhand_kernels::Isa;
use longhand_model_files::Model;
use longhand_nn::{Initialisation, LayerSpec, Network, NetworkSpec};

/// Networks by name: the recipes', and odd ones in which layers stand where nobody would put them.
pub fn networks() -> Vec<(&'static str, NetworkSpec)> {
    let recipe = |text: &str| -> NetworkSpec {
        let recipe: toml::Table = toml::from_str(text).unwrap();
        recipe["network"].clone().try_into().unwrap()
    };
    let odd = |text: &str| -> NetworkSpec { toml::from_str(text).unwrap() };
    vec![
        ("default", recipe(include_str!("../../../../recipes/default.toml"))),
        ("seed", recipe(include_str!("../../../../recipes/seed.toml"))),
        (
            "linear on an unpooled map, kernels 5 and 1",
            odd(r#"
                input = [1, 28, 28]
                layers = [
                    { type = "conv", channels = 3, kernel = 5 },
                    { type = "relu" },
                    { type = "conv", channels = 4, kernel = 1, padding = 0 },
                    { type = "batch_norm" },
                    { type = "dropout", rate = 0.5 },
                    { type = "linear", features = 7, bias = false },
                    { type = "batch_norm" },
                    { type = "relu" },
                    { type = "linear", features = 10 },
                    { type = "log_softmax" },
                ]
            "#),
        ),
        (
            "batch norm first and last, twice, around poolings",
            odd(r#"
                input = [1, 28, 28]
                layers = [
                    { type = "batch_norm" },
                    { type = "max_pool" },
                    { type = "batch_norm" },
                    { type = "conv", channels = 5, kernel = 3, padding = 2, bias = false },
                    { type = "max_pool" },
                    { type = "batch_norm", eps = 0.001 },
                    { type = "relu" },
                    { type = "batch_norm" },
                    { type = "max_pool" },
                    { type = "conv", channels = 6, kernel = 5, padding = 4 },
                    { type = "relu" },
                    { type = "relu" },
                    { type = "batch_norm" },
                    { type = "batch_norm" },
                    { type = "global_average_pool" },
                    { type = "batch_norm" },
                    { type = "log_softmax" },
                ]
            "#),
        ),
        (
            "convolutions behind a linear layer",
            odd(r#"
                input = [1, 28, 28]
                layers = [
                    { type = "max_pool" },
                    { type = "max_pool" },
                    { type = "linear", features = 12 },
                    { type = "relu" },
                    { type = "batch_norm" },
                    { type = "conv", channels = 8, kernel = 3, padding = 1 },
                    { type = "global_average_pool" },
                    { type = "conv", channels = 10, kernel = 1 },
                    { type = "relu" },
                    { type = "log_softmax" },
                ]
            "#),
        ),
        (
            "poolings in place at the far end of the work area",
            odd(r#"
                input = [1, 28, 28]
                layers = [
                    { type = "conv", channels = 12, kernel = 3, padding = 1 },
                    { type = "relu" },
                    { type = "max_pool" },
                    { type = "max_pool" },
                    { type = "conv", channels = 40, kernel = 3, padding = 1 },
                    { type = "relu" },
                    { type = "linear", features = 10 },
                    { type = "log_softmax" },
                ]
            "#),
        ),
        (
            "depthwise convolutions, pooled, averaged, behind and before batch norm",
            odd(r#"
                input = [1, 28, 28]
                layers = [
                    { type = "depthwise_conv", kernel = 5 },
                    { type = "conv", channels = 6, kernel = 3, padding = 1, bias = false },
                    { type = "relu" },
                    { type = "batch_norm" },
                    { type = "depthwise_conv", kernel = 3, padding = 1, bias = false },
                    { type = "batch_norm" },
                    { type = "max_pool" },
                    { type = "conv", channels = 7, kernel = 1 },
                    { type = "relu" },
                    { type = "dropout", rate = 0.2 },
                    { type = "depthwise_conv", kernel = 1 },
                    { type = "relu" },
                    { type = "max_pool" },
                    { type = "batch_norm" },
                    { type = "depthwise_conv", kernel = 3, bias = false },
                    { type = "relu" },
                    { type = "batch_norm" },
                    { type = "global_average_pool" },
                    { type = "linear", features = 10 },
                    { type = "log_softmax" },
                ]
            "#),
        ),
        (
            "no weights before the last layer",
            odd(r#"
                input = [1, 28, 28]
                layers = [
                    { type = "relu" },
                    { type = "linear", features = 10 },
                    { type = "log_softmax" },
                ]
            "#),
        ),
    ]
}

/// A model of `spec`: weights, batch norm and running statistics drawn from `seed`; γ of either sign where that is odd.
pub fn model(spec: &NetworkSpec, seed: u64) -> Model {
    let mut network = Network::new(spec, Initialisation::He, seed).unwrap();
    let mut random = stream(seed, 0, 0, Purpose::Initialisation);
    let tensors: Vec<_> = network
        .state()
        .into_iter()
        .map(|(name, shape, values)| (value(&mut random, &name, values, seed % 2 == 1), name, shape))
        .map(|(values, name, shape)| (name, shape, values))
        .collect();
    network.load_state(&tensors, 1).unwrap();
    Model { network, normalisation: Normalisation::default(), recipe: "made".into() }
}

fn value(random: &mut Stream, name: &str, values: &[f32], either_sign: bool) -> Vec<f32> {
    let batch_norm = name.starts_with("batch_norm");
    let mut draw = |old: f32| match name.rsplit('.').next().unwrap() {
        "weight" if batch_norm => {
            let gamma = random.uniform(0.5, 1.5);
            if either_sign && random.chance(0.5) { -gamma } else { gamma }
        }
        "running_mean" | "bias" => random.uniform(-0.5, 0.5),
        "running_var" => random.uniform(0.3, 2.0),
        _ => old,
    };
    values.iter().map(|&v| draw(v)).collect()
}

/// A network of up to eight random layers that fit together, and an end.
pub fn random_network(seed: u64) -> NetworkSpec {
    random_layers(seed, false)
}

/// The same, with a depthwise convolution among its layers.
pub fn random_depthwise_network(seed: u64) -> NetworkSpec {
    let is_depthwise = |spec: &NetworkSpec| spec.layers.iter().any(|l| matches!(l, LayerSpec::DepthwiseConv { .. }));
    (0..).map(|n| random_layers(seed + 1000 * n, true)).find(is_depthwise).expect("endlessly many")
}

fn random_layers(seed: u64, depthwise: bool) -> NetworkSpec {
    let mut random = stream(seed, 1, 0, Purpose::Initialisation);
    let mut below = |n: u32| random.below(n) as usize;
    let input = [1 + below(3), 1 + below(9), 1 + below(9)];
    let wanted = 1 + below(8);
    let end = [LayerSpec::Linear { features: 2 + below(9), bias: below(2) == 0 }, LayerSpec::LogSoftmax {}];
    let mut layers = Vec::new();
    while layers.len() < wanted {
        let kernel = [1, 3, 5][below(3)];
        layers.push(match below(if depthwise { 10 } else { 9 }) {
            0 | 1 => {
                LayerSpec::Conv { channels: 1 + below(4), kernel, padding: below(kernel as u32), bias: below(3) > 0 }
            }
            2 => LayerSpec::Relu {},
            3 | 4 => LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 },
            5 => LayerSpec::MaxPool {},
            6 => LayerSpec::Dropout { rate: 0.2 },
            7 => LayerSpec::GlobalAveragePool {},
            9 => LayerSpec::DepthwiseConv { kernel, padding: below(kernel as u32), bias: below(3) > 0 },
            _ => LayerSpec::Linear { features: 1 + below(6), bias: below(3) > 0 },
        });
        if (NetworkSpec { input, layers: layers.iter().chain(&end).cloned().collect() }).shapes().is_err() {
            layers.pop();
        }
    }
    layers.extend(end);
    NetworkSpec { input, layers }
}

/// The first `count` MNIST test images, or, where there is no MNIST, stroke digits.
pub fn test_images(count: usize) -> ImageSet {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let folder = std::env::var_os("LONGHAND_SHARED").map_or_else(beside, PathBuf::from).join("data").join("mnist");
    if folder.is_dir() {
        return mnist::load_folder(&folder).unwrap().test.subset(0..count);
    }
    eprintln!("no MNIST in {}: on stroke digits instead", folder.display());
    strokes::generate(0, 0, count).test
}

/// What the network itself says of each image of 0 to 255: the log-probability of each class.
pub fn log_probabilities(model: &Model, images: &[&[u8]]) -> Vec<Vec<f32>> {
    let mut network = model.network.one_image();
    let normalised =
        |pixels: &[u8]| -> Vec<f32> { pixels.iter().map(|&p| model.normalisation.apply(f32::from(p))).collect() };
    images
        .iter()
        .map(|image| network.log_probabilities(Isa::detect(), normalised(image).into_iter()).to_vec())
        .collect()
}

/// The class with the largest value, the first of equals.
pub fn largest(values: &[f32]) -> usize {
    (0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

/// Holds `found` against `wanted`: each within 1e-5 of the largest of `wanted`, and the same class where that decides.
///
/// # Panics
/// When they differ.
pub fn compare(what: &str, found: &[f32], wanted: &[f32]) {
    let size = wanted.iter().fold(0.0f32, |size, v| size.max(v.abs()));
    let tolerance = 1e-5 * size;
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (f, w) in found.iter().zip(wanted) {
        assert!((f - w).abs() <= tolerance, "{what}: {f} where the network says {w}, of {found:?} and {wanted:?}");
    }
    let class = largest(wanted);
    let clear = wanted.iter().enumerate().all(|(k, v)| k == class || wanted[class] - v > 2.0 * tolerance);
    assert!(!clear || largest(found) == class, "{what}: {found:?} and {wanted:?}");
}
