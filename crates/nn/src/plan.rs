//! From a spec to layers that know where everything lies.
//!
//! Activations live in *slots*, one after another; ReLU and dropout work in place, and a max pooling directly behind a batch
//! norm shares its passes, as does a dropout behind the two or either. A slot is stored with the zero
//! border that its reader needs: a convolution's padding in its input, and `kernel − 1 − padding` in the gradient of
//! its output, so that no kernel ever asks where the edge is.

use longhand_kernels::conv2d::Kernel;
use longhand_kernels::{Geometry, winograd};

use crate::layers::{
    BatchNorm, BatchNormBehind, Conv2d, DepthwiseConv2d, Dropout, GlobalAveragePool, Layer, Linear, LogSoftmax,
    MaxPool2d, Relu,
};
use crate::memory_plan::MemoryPlan;
use crate::parameters::{ParameterKind, ParameterLayout};
use crate::shape::{Shape, SpecError, parameters_of};
use crate::spec::{LayerSpec, NetworkSpec};

/// How the activation of a slot and its gradient are stored: the same shape, each with the border its reader needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub(crate) activation: Geometry,
    pub(crate) gradient: Geometry,
}

/// A network laid out: slots, layers in order, and where the backward pass may stop.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub slots: Vec<Slot>,
    pub layers: Vec<Layer>,
    /// The first layer with trained parameters: nothing before it needs a gradient.
    pub first_trained: usize,
    /// Where activations and gradients live while training.
    pub memory: MemoryPlan,
}

/// Lays out `spec`: its layers, and the names and places of its parameters.
pub(crate) fn plan(spec: &NetworkSpec) -> Result<(Plan, ParameterLayout), SpecError> {
    let shapes = spec.shapes()?;
    let slots = slots(spec, &shapes);
    let mut layout = ParameterLayout::default();
    let mut layers: Vec<Layer> = Vec::with_capacity(spec.layers.len());
    let mut first_trained = None;
    let mut ordinals = Ordinals::default();
    let mut slot = 0;
    let mut convolutions = 0;
    let mut input_shape = spec.input_shape();
    for (spec_index, layer) in spec.layers.iter().enumerate() {
        let trained = parameters_of(layer, input_shape) > 0;
        let needs_grad_input = first_trained.is_some();
        let behind_relu = spec_index > 0 && matches!(spec.layers[spec_index - 1], LayerSpec::Relu {});
        let (input, output) = (slots[slot], *slots.get(slot + 1).unwrap_or(&slots[slot]));
        let position = layers.len();
        match *layer {
            LayerSpec::Conv { channels, kernel, padding, bias } => {
                let name = ordinals.next("conv");
                let inputs = input_shape.channels;
                let fan_in = inputs * kernel * kernel;
                let shape = vec![channels, inputs, kernel, kernel];
                let weight = layout.push(format!("{name}.weight"), shape, ParameterKind::Weight, fan_in);
                let bias =
                    bias.then(|| layout.push(format!("{name}.bias"), vec![channels], ParameterKind::Bias, fan_in));
                let Shape { height, width, .. } = shapes[spec_index];
                layers.push(Layer::Conv2d(Conv2d {
                    slot,
                    input,
                    output,
                    kernel: Kernel { size: kernel, padding },
                    ordinal: convolutions,
                    winograd: kernel == winograd::SIZE && winograd::pays(inputs, channels, height, width),
                    weight,
                    bias,
                    bias_summed_behind: false,
                    relu: false,
                    relu_backward: true,
                    normalised: None,
                    needs_grad_input,
                }));
                convolutions += 1;
                slot += 1;
            }
            LayerSpec::DepthwiseConv { kernel, padding, bias } => {
                // In PyTorch it is a `Conv2d` as well, and counted with the others.
                let name = ordinals.next("conv");
                let (channels, fan_in) = (input_shape.channels, kernel * kernel);
                let shape = vec![channels, 1, kernel, kernel];
                let weight = layout.push(format!("{name}.weight"), shape, ParameterKind::Weight, fan_in);
                let bias =
                    bias.then(|| layout.push(format!("{name}.bias"), vec![channels], ParameterKind::Bias, fan_in));
                let kernel = Kernel { size: kernel, padding };
                let ordinal = convolutions;
                layers.push(Layer::DepthwiseConv2d(DepthwiseConv2d {
                    slot,
                    input,
                    output,
                    kernel,
                    ordinal,
                    weight,
                    bias,
                    needs_grad_input,
                }));
                convolutions += 1;
                slot += 1;
            }
            LayerSpec::Relu {} => match layers.last_mut() {
                Some(Layer::Conv2d(conv)) => conv.relu = true,
                _ => layers.push(Layer::Relu(Relu { slot, shape: input, relu_backward: true })),
            },
            LayerSpec::BatchNorm { momentum, eps } => {
                let name = ordinals.next("batch_norm");
                let channels = input_shape.channels;
                if behind_relu && needs_grad_input {
                    match layers.last_mut() {
                        Some(Layer::Conv2d(conv)) => conv.relu_backward = false,
                        Some(Layer::Relu(relu)) => relu.relu_backward = false,
                        _ => unreachable!("a ReLU is a layer or part of a convolution"),
                    }
                }
                let mut push = |what: &str, kind| layout.push(format!("{name}.{what}"), vec![channels], kind, 1);
                let gamma = push("weight", ParameterKind::Scale);
                let beta = push("bias", ParameterKind::Shift);
                let channels = layout.push_batch_norm(name, channels);
                let pooled = is_pooled_at_once(spec, spec_index);
                let by_convolution = match layers.last_mut() {
                    Some(Layer::Conv2d(conv)) if conv.winograd => {
                        conv.normalised = Some(BatchNormBehind { channels: channels.clone(), pooled, output });
                        true
                    }
                    _ => false,
                };
                let bias_before = match layers.last_mut() {
                    Some(Layer::Conv2d(conv)) => {
                        conv.bias_summed_behind = true;
                        conv.bias.clone()
                    }
                    _ => None,
                };
                layers.push(Layer::BatchNorm(BatchNorm {
                    slot,
                    input,
                    output,
                    gamma,
                    beta,
                    channels,
                    momentum,
                    eps,
                    through_relu: behind_relu,
                    by_convolution,
                    pooled,
                    dropout: None,
                    bias_before,
                }));
                slot += 1;
            }
            LayerSpec::MaxPool {} if spec_index > 0 && is_pooled_at_once(spec, spec_index - 1) => {}
            LayerSpec::MaxPool {} => {
                layers.push(Layer::MaxPool2d(MaxPool2d { slot, input, output }));
                slot += 1;
            }
            LayerSpec::Dropout { rate } => {
                let ordinal = ordinals.count("dropout");
                let dropout = Dropout { slot, shape: input, rate, ordinal };
                match layers.last_mut() {
                    Some(Layer::BatchNorm(batch_norm)) if batch_norm.dropout.is_none() => {
                        batch_norm.dropout = Some(dropout);
                    }
                    _ => layers.push(Layer::Dropout(dropout)),
                }
            }
            LayerSpec::GlobalAveragePool {} => {
                layers.push(Layer::GlobalAveragePool(GlobalAveragePool { slot, input, output }));
                slot += 1;
            }
            LayerSpec::Linear { features, bias } => {
                let name = ordinals.next("linear");
                let fan_in = input_shape.elements();
                let weight =
                    layout.push(format!("{name}.weight"), vec![features, fan_in], ParameterKind::Weight, fan_in);
                let bias =
                    bias.then(|| layout.push(format!("{name}.bias"), vec![features], ParameterKind::Bias, fan_in));
                layers.push(Layer::Linear(Linear { slot, input, output, weight, bias }));
                slot += 1;
            }
            LayerSpec::LogSoftmax {} => {
                layers.push(Layer::LogSoftmax(LogSoftmax { slot, input }));
                slot += 1;
            }
        }
        if trained && first_trained.is_none() {
            first_trained = Some(position);
        }
        input_shape = shapes[spec_index];
    }
    let first_trained = first_trained.unwrap_or(layers.len());
    let memory = MemoryPlan::new(&slots, &layers);
    Ok((Plan { slots, layers, first_trained, memory }, layout))
}

/// Whether layer `index` is a batch norm directly before a max pooling: the two share their passes over memory.
fn is_pooled_at_once(spec: &NetworkSpec, index: usize) -> bool {
    matches!(spec.layers[index..], [LayerSpec::BatchNorm { .. }, LayerSpec::MaxPool {}, ..])
}

/// The slots of `spec`: the input, then one for every layer that does not work in place.
fn slots(spec: &NetworkSpec, shapes: &[Shape]) -> Vec<Slot> {
    let mut found: Vec<(Shape, usize, usize)> = vec![(spec.input_shape(), 0, 0)];
    for (index, (layer, &shape)) in spec.layers.iter().zip(shapes).enumerate() {
        match *layer {
            LayerSpec::BatchNorm { .. } if is_pooled_at_once(spec, index) => {}
            LayerSpec::Relu {} | LayerSpec::Dropout { .. } => {}
            LayerSpec::Conv { kernel, padding, .. } | LayerSpec::DepthwiseConv { kernel, padding, .. } => {
                found.last_mut().expect("the input is there").1 = padding;
                found.push((shape, 0, kernel - 1 - padding));
            }
            _ => found.push((shape, 0, 0)),
        }
    }
    let geometry = |shape: Shape, border| Geometry::new(shape.channels, shape.height, shape.width, border);
    found
        .into_iter()
        .map(|(shape, read, written)| Slot { activation: geometry(shape, read), gradient: geometry(shape, written) })
        .collect()
}

/// Counts layers of each kind, for their names.
#[derive(Default)]
struct Ordinals(Vec<(&'static str, u64)>);

impl Ordinals {
    /// How many of this kind came before.
    fn count(&mut self, kind: &'static str) -> u64 {
        match self.0.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, n)) => {
                *n += 1;
                *n - 1
            }
            None => {
                self.0.push((kind, 1));
                0
            }
        }
    }

    /// `conv1`, `conv2`, …
    fn next(&mut self, kind: &'static str) -> String {
        format!("{kind}{}", self.count(kind) + 1)
    }
}
