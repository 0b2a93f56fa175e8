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

use crate::lane_group::LaneGroup;

/// What every layer and group of one pass shares.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The instruction set of the kernels.
    pub isa: Isa,
    /// All parameters.
    pub parameters: &'a [f32],
    /// Convolution weights flipped and transposed, each where its weights lie in `parameters`; empty in inference.
    pub flipped: &'a [f32],
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
