//! A network spec run in double precision, layer after layer.

use std::collections::BTreeMap;

use longhand_kernels::dropout::{self, Mask};
use longhand_kernels::{Geometry, Isa, LANES, Lanes};
use longhand_nn::{LayerSpec, NetworkSpec, ParameterLayout};

use crate::lane_packing::unpack;
use crate::plain::{self, Branches, Tensor};

/// What a batch holds.
pub struct Batch {
    pub images: Tensor,
    pub labels: Vec<u8>,
    pub dropout_keys: Vec<u64>,
}

/// Which statistics batch norm uses, and whether dropout drops.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    Training,
    /// With the running statistics (mean, variance) of every batch norm's channels, by name.
    Inference(&'a BTreeMap<String, Vec<(f64, f64)>>),
}

/// A network in double precision.
pub struct PlainNetwork<'a> {
    spec: &'a NetworkSpec,
    layout: &'a ParameterLayout,
    /// What each dropout layer multiplies the batch by, by index of the layer.
    masks: BTreeMap<usize, Vec<f64>>,
    label_smoothing: f64,
}

/// What comes out of a pass.
pub struct Outcome {
    pub loss: f64,
    pub log_probabilities: Tensor,
    pub branches: Branches,
    /// Mean and unbiased variance of every batch norm's channels, by name.
    pub statistics: BTreeMap<String, Vec<(f64, f64)>>,
}

impl<'a> PlainNetwork<'a> {
    pub fn new(spec: &'a NetworkSpec, layout: &'a ParameterLayout, label_smoothing: f64, batch: &Batch) -> Self {
        let shapes = spec.shapes().expect("a sound spec");
        let mut masks = BTreeMap::new();
        for (index, layer) in spec.layers.iter().enumerate() {
            if let LayerSpec::Dropout { rate } = *layer {
                let shape = shapes[index];
                let geometry = Geometry::new(shape.channels, shape.height, shape.width, 0);
                masks.insert(index, dropout_mask(rate, masks.len() as u64, geometry, &batch.dropout_keys));
            }
        }
        PlainNetwork { spec, layout, masks, label_smoothing }
    }

    /// Runs the batch through the network with the given parameters, in the order of the layout.
    pub fn run(&self, parameters: &[f64], batch: &Batch, mode: Mode) -> Outcome {
        let tensor = |name: String| {
            let entry = self.layout.entries.iter().find(|e| e.name == name)?;
            Some(&parameters[entry.range.clone()])
        };
        let (mut convolutions, mut batch_norms, mut linears) = (0, 0, 0);
        let mut branches = Branches::none();
        let mut statistics = BTreeMap::new();
        let mut x = batch.images.clone();
        for (index, layer) in self.spec.layers.iter().enumerate() {
            x = match *layer {
                LayerSpec::Conv { channels, kernel, padding, bias } => {
                    convolutions += 1;
                    let weight = tensor(format!("conv{convolutions}.weight")).expect("a weight");
                    let offset = tensor(format!("conv{convolutions}.bias"));
                    assert_eq!(offset.is_some(), bias);
                    plain::conv2d(&x, weight, offset, channels, kernel, padding)
                }
                LayerSpec::DepthwiseConv { kernel, padding, bias } => {
                    convolutions += 1;
                    let weight = tensor(format!("conv{convolutions}.weight")).expect("a weight");
                    let offset = tensor(format!("conv{convolutions}.bias"));
                    assert_eq!(offset.is_some(), bias);
                    plain::depthwise_conv2d(&x, weight, offset, kernel, padding)
                }
                LayerSpec::Linear { features, bias } => {
                    linears += 1;
                    let weight = tensor(format!("linear{linears}.weight")).expect("a weight");
                    let offset = tensor(format!("linear{linears}.bias"));
                    assert_eq!(offset.is_some(), bias);
                    plain::linear(&x, weight, offset, features)
                }
                LayerSpec::BatchNorm { eps, .. } => {
                    batch_norms += 1;
                    let name = format!("batch_norm{batch_norms}");
                    let gamma = tensor(format!("{name}.weight")).expect("γ");
                    let beta = tensor(format!("{name}.bias")).expect("β");
                    let used = match mode {
                        Mode::Training => plain::statistics(&x),
                        Mode::Inference(running) => running[&name].clone(),
                    };
                    let count = (x.images * x.height * x.width) as f64;
                    let unbiased = |&(mean, variance): &(f64, f64)| (mean, variance * count / (count - 1.0).max(1.0));
                    statistics.insert(name, used.iter().map(unbiased).collect());
                    plain::batch_norm(x, &used, gamma, beta, eps)
                }
                LayerSpec::Relu {} => plain::relu(x, &mut branches),
                LayerSpec::MaxPool {} => plain::max_pool(&x, &mut branches),
                LayerSpec::Dropout { .. } => match mode {
                    Mode::Training => plain::dropout(x, &self.masks[&index]),
                    Mode::Inference(_) => x,
                },
                LayerSpec::GlobalAveragePool {} => plain::global_average_pool(&x),
                LayerSpec::LogSoftmax {} => plain::log_softmax(x),
            };
        }
        let loss = plain::negative_log_likelihood(&x, &batch.labels, self.label_smoothing);
        Outcome { loss, log_probabilities: x, branches, statistics }
    }
}

/// What the `ordinal`-th dropout layer multiplies every element of the batch by: the kernel applied to ones.
fn dropout_mask(rate: f32, ordinal: u64, geometry: Geometry, image_keys: &[u64]) -> Vec<f64> {
    let groups: Vec<Vec<Lanes>> = image_keys
        .chunks(LANES)
        .map(|image_keys| {
            let mut keys = [0; LANES];
            keys.iter_mut().zip(image_keys).for_each(|(key, &image)| *key = layer_key(image, ordinal));
            let mut ones = vec![Lanes::splat(1.0); geometry.len()];
            dropout::apply(Isa::Plain, &mut ones, geometry, &Mask { keys, rate });
            ones
        })
        .collect();
    unpack(&groups, image_keys.len(), geometry)
}

/// The key of an image in the `ordinal`-th dropout layer: the top half of SplitMix64's output from the image's key
/// (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014), `ordinal` steps on.
fn layer_key(image_key: u64, ordinal: u64) -> u32 {
    let mut z = image_key.wrapping_add(0x9E37_79B9_7F4A_7C15u64.wrapping_mul(ordinal + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 32) as u32
}
