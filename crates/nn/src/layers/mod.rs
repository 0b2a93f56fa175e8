//! The layers: one file each, the forward pass beside the backward pass.
//!
//! A layer reads the activation of its input *slot* and writes that of the next slot, or works in place on one slot
//! (ReLU, dropout). Backward it reads the gradient of its output slot and writes that of its input slot, and puts the
//! gradient of its own parameters, summed over the group's images, into the group's `grad_parameters`.

mod batch_norm;
mod conv2d;
mod dropout;
mod global_average_pool;
mod linear;
mod log_softmax;
mod max_pool2d;
mod relu;

pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use global_average_pool::GlobalAveragePool;
pub use linear::Linear;
pub use log_softmax::LogSoftmax;
pub use max_pool2d::MaxPool2d;
pub use relu::Relu;

use longhand_kernels::Isa;
use longhand_kernels::batch_norm::{InputGradient, Normaliser};

use crate::convolution_weights::ConvolutionWeights;
use crate::lane_group::LaneGroup;

/// What every layer and group of one pass shares.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The instruction set of the kernels.
    pub isa: Isa,
    /// All parameters.
    pub parameters: &'a [f32],
    /// The weights of each convolution as its kernels read them.
    pub convolutions: &'a [ConvolutionWeights],
    /// What normalises each batch norm channel.
    pub normalisers: &'a [Normaliser],
    /// The coefficients of each batch norm channel's input gradient; empty before the backward pass reaches any.
    pub input_gradients: &'a [InputGradient],
    /// Whether dropout drops.
    pub training: bool,
}

/// A layer of a planned network.
#[derive(Clone, Debug)]
pub enum Layer {
    /// See [`Conv2d`].
    Conv2d(Conv2d),
    /// See [`Relu`].
    Relu(Relu),
    /// See [`BatchNorm`].
    BatchNorm(BatchNorm),
    /// See [`MaxPool2d`].
    MaxPool2d(MaxPool2d),
    /// See [`Dropout`].
    Dropout(Dropout),
    /// See [`GlobalAveragePool`].
    GlobalAveragePool(GlobalAveragePool),
    /// See [`Linear`].
    Linear(Linear),
    /// See [`LogSoftmax`].
    LogSoftmax(LogSoftmax),
}

impl Layer {
    /// What the layer is, for tables: `conv2d + ReLU`, `batch norm`, …
    pub fn name(&self) -> &'static str {
        match self {
            Layer::Conv2d(layer) if layer.relu => "conv + ReLU",
            Layer::Conv2d(_) => "conv",
            Layer::Relu(_) => "ReLU",
            Layer::BatchNorm(layer) if layer.pooled => "batch norm + max pool",
            Layer::BatchNorm(_) => "batch norm",
            Layer::MaxPool2d(_) => "max pool",
            Layer::Dropout(_) => "dropout",
            Layer::GlobalAveragePool(_) => "global average pool",
            Layer::Linear(_) => "linear",
            Layer::LogSoftmax(_) => "log-softmax",
        }
    }

    /// The slot whose activation the layer writes.
    pub(crate) fn written(&self) -> usize {
        match self {
            Layer::Conv2d(layer) => layer.slot + 1,
            Layer::Relu(layer) => layer.slot,
            Layer::BatchNorm(layer) => layer.slot + 1,
            Layer::MaxPool2d(layer) => layer.slot + 1,
            Layer::Dropout(layer) => layer.slot,
            Layer::GlobalAveragePool(layer) => layer.slot + 1,
            Layer::Linear(layer) => layer.slot + 1,
            Layer::LogSoftmax(layer) => layer.slot + 1,
        }
    }

    /// The slots whose activations the backward pass reads.
    pub(crate) fn read_backward(&self) -> std::ops::Range<usize> {
        match self {
            // Its own ReLU is undone by looking at what came out.
            Layer::Conv2d(layer) if layer.relu && layer.relu_backward => layer.slot..layer.slot + 2,
            Layer::Conv2d(layer) => layer.slot..layer.slot + 1,
            Layer::Relu(layer) => layer.slot..layer.slot + 1,
            Layer::BatchNorm(layer) => layer.slot..layer.slot + 1,
            Layer::MaxPool2d(layer) => layer.slot..layer.slot + 1,
            Layer::Linear(layer) => layer.slot..layer.slot + 1,
            Layer::LogSoftmax(layer) => layer.slot + 1..layer.slot + 2,
            Layer::Dropout(_) | Layer::GlobalAveragePool(_) => 0..0,
        }
    }

    /// Computes the layer's output activation (overwritten).
    pub(crate) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        match self {
            Layer::Conv2d(layer) => layer.forward(pass, group),
            Layer::Relu(layer) => layer.forward(pass, group),
            Layer::BatchNorm(layer) => layer.forward(pass, group),
            Layer::MaxPool2d(layer) => layer.forward(pass, group),
            Layer::Dropout(layer) => layer.forward(pass, group),
            Layer::GlobalAveragePool(layer) => layer.forward(pass, group),
            Layer::Linear(layer) => layer.forward(pass, group),
            Layer::LogSoftmax(layer) => layer.forward(pass, group),
        }
    }

    /// Computes the gradients of the layer's parameters and input (overwritten).
    pub(crate) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        match self {
            Layer::Conv2d(layer) => layer.backward(pass, group),
            Layer::Relu(layer) => layer.backward(pass, group),
            Layer::BatchNorm(layer) => layer.backward(pass, group),
            Layer::MaxPool2d(layer) => layer.backward(pass, group),
            Layer::Dropout(layer) => layer.backward(pass, group),
            Layer::GlobalAveragePool(layer) => layer.backward(pass, group),
            Layer::Linear(layer) => layer.backward(pass, group),
            Layer::LogSoftmax(layer) => layer.backward(pass, group),
        }
    }
}
