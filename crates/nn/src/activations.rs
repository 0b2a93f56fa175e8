//! What every layer makes of one image, for people to look at.

use std::ops::Range;

use longhand_kernels::{Geometry, Isa, Lanes};

use crate::convolution_weights::ConvolutionWeights;
use crate::layers::{Layer, Mode, Pass};
use crate::network::Network;
use crate::shape::Shape;
use crate::spec::LayerSpec;

/// What came out of a layer for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerActivation {
    /// What the layer is: `conv + ReLU`, `batch norm + max pool`, …
    pub name: &'static str,
    /// Which layers of the spec it stands for, counted from 0; more than one where they are computed together.
    pub layers: Range<usize>,
    /// The shape of what came out.
    pub shape: Shape,
    /// `[channel][row][column]`.
    pub values: Vec<f32>,
}

impl Network {
    /// Computes what every layer but dropout, which does nothing outside training, makes of one image, in their order.
    ///
    /// `image` is `[channel][row][column]`, normalised. Running statistics serve, as in [`crate::Inference::infer`], and the
    /// last activation holds the same log-probabilities to the bit. Slow: it is for looking, not for classifying.
    ///
    /// # Panics
    /// When `image` is not of the network's input shape.
    pub fn activations(&self, isa: Isa, image: &[f32]) -> Vec<LayerActivation> {
        let normalisers = self.running_normalisers();
        let mut convolutions = Vec::new();
        ConvolutionWeights::set_all(&mut convolutions, &self.plan.layers, &self.parameters, false, 1);
        let pass = Pass {
            isa,
            parameters: self.parameters(),
            convolutions: &convolutions,
            normalisers: &normalisers,
            input_gradients: &[],
            mode: Mode::Inference,
            blocks: 1,
        };
        let mut group = self.inference_group();
        group.set_active(1);
        group.set_image(0, image.iter().copied());
        let mut activations = Vec::new();
        let mut next = 0;
        for layer in self.layers() {
            let skipped = dropouts(layer);
            let layer = alone(layer);
            let geometry = self.plan.slots[layer.written()].activation;
            layer.forward(&pass, &mut group, 0..geometry.height);
            let layers = next..next + layers_of_spec(&layer, &self.spec().layers[next..]);
            next = layers.end + skipped;
            if !matches!(layer, Layer::Dropout(_)) {
                let values = first_lane(&group.activations[layer.written()], geometry);
                let Geometry { channels, height, width, .. } = geometry;
                let shape = Shape { channels, height, width };
                activations.push(LayerActivation { name: layer.name(), layers, shape, values });
            }
        }
        activations
    }
}

/// The layer without the arrangement by which a convolution does the work of the batch norm behind it, and without dropout,
/// which does nothing here.
fn alone(layer: &Layer) -> Layer {
    let mut layer = layer.clone();
    match &mut layer {
        Layer::Conv2d(conv) => conv.normalised = None,
        Layer::BatchNorm(batch_norm) => {
            batch_norm.by_convolution = false;
            batch_norm.dropout = None;
        }
        _ => {}
    }
    layer
}

/// How many dropout layers of the spec are part of this one.
fn dropouts(layer: &Layer) -> usize {
    usize::from(matches!(layer, Layer::BatchNorm(batch_norm) if batch_norm.dropout.is_some()))
}

/// How many layers of the spec, of those that `follow`, a planned layer stands for.
fn layers_of_spec(layer: &Layer, follow: &[LayerSpec]) -> usize {
    match layer {
        // Any number of ReLUs behind one another are one.
        Layer::Conv2d(_) => 1 + follow[1..].iter().take_while(|l| matches!(l, LayerSpec::Relu {})).count(),
        Layer::BatchNorm(batch_norm) if batch_norm.pooled => 2,
        _ => 1,
    }
}

fn first_lane(activation: &[Lanes], geometry: Geometry) -> Vec<f32> {
    let mut values = Vec::with_capacity(geometry.elements());
    for c in 0..geometry.channels {
        for r in 0..geometry.height {
            values.extend(activation[geometry.index(c, r, 0)..][..geometry.width].iter().map(|cell| cell.0[0]));
        }
    }
    values
}
