//! The layers: one file each, the forward pass beside the backward pass.
//!
//! A layer reads the activation of its input *slot* and writes that of the next slot, or works in place on one slot
//! (ReLU, dropout). Backward it reads the gradient of its output slot and writes that of its input slot, and puts the
//! gradient of its own parameters, summed over the group's images, into the group's `grad_parameters`.

mod batch_norm;
mod conv2d;
mod depthwise_conv2d;
mod dropout;
mod global_average_pool;
mod linear;
mod log_softmax;
mod max_pool2d;
mod relu;

pub use batch_norm::BatchNorm;
pub(crate) use batch_norm::ParameterGradient;
pub(crate) use conv2d::BatchNormBehind;
pub use conv2d::Conv2d;
pub use depthwise_conv2d::DepthwiseConv2d;
pub use dropout::Dropout;
pub use global_average_pool::GlobalAveragePool;
pub use linear::Linear;
pub use log_softmax::LogSoftmax;
pub use max_pool2d::MaxPool2d;
pub use relu::Relu;

use std::ops::Range;

use longhand_kernels::batch_norm::{InputGradient, Normaliser};
use longhand_kernels::{Isa, winograd};

use crate::channel_blocks::Sharing;
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
    /// The coefficients of each batch norm channel's input gradient; empty in inference.
    pub input_gradients: &'a [InputGradient],
    /// What it is for.
    pub mode: Mode,
    /// Blocks of channels that each group's convolutions are shared by.
    pub blocks: usize,
}

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To train: dropout drops.
    Training,
    /// To see what each batch norm reads: nothing is dropped, and every layer does its own work alone.
    Statistics,
    /// To classify: statistics are known, so that a convolution does the work of the batch norm behind it as well.
    Inference,
}

/// A layer of a planned network.
#[derive(Clone, Debug)]
pub enum Layer {
    /// See [`Conv2d`].
    Conv2d(Conv2d),
    /// See [`DepthwiseConv2d`].
    DepthwiseConv2d(DepthwiseConv2d),
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
            Layer::DepthwiseConv2d(_) => "depthwise conv",
            Layer::Relu(_) => "ReLU",
            Layer::BatchNorm(layer) => match (layer.pooled, &layer.dropout) {
                (true, Some(_)) => "norm + max pool + dropout",
                (true, None) => "batch norm + max pool",
                (false, Some(_)) => "batch norm + dropout",
                (false, None) => "batch norm",
            },
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
            Layer::DepthwiseConv2d(layer) => layer.slot + 1,
            Layer::Relu(layer) => layer.slot,
            Layer::BatchNorm(layer) => layer.slot + 1,
            Layer::MaxPool2d(layer) => layer.slot + 1,
            Layer::Dropout(layer) => layer.slot,
            Layer::GlobalAveragePool(layer) => layer.slot + 1,
            Layer::Linear(layer) => layer.slot + 1,
            Layer::LogSoftmax(layer) => layer.slot + 1,
        }
    }

    /// The slot that the layer reads, which is the one it writes where it works in place.
    pub(crate) fn read(&self) -> usize {
        match self {
            Layer::Conv2d(layer) => layer.slot,
            Layer::DepthwiseConv2d(layer) => layer.slot,
            Layer::Relu(layer) => layer.slot,
            Layer::BatchNorm(layer) => layer.slot,
            Layer::MaxPool2d(layer) => layer.slot,
            Layer::Dropout(layer) => layer.slot,
            Layer::GlobalAveragePool(layer) => layer.slot,
            Layer::Linear(layer) => layer.slot,
            Layer::LogSoftmax(layer) => layer.slot,
        }
    }

    /// How many of the `height` rows it reads must be there before it can write `rows` rows.
    pub(crate) fn rows_read(&self, rows: usize, height: usize) -> usize {
        match self {
            Layer::Conv2d(Conv2d { kernel, .. }) | Layer::DepthwiseConv2d(DepthwiseConv2d { kernel, .. }) => {
                (rows + kernel.size - 1 - kernel.padding).min(height)
            }
            Layer::BatchNorm(layer) if layer.pooled => 2 * rows,
            Layer::MaxPool2d(_) => 2 * rows,
            Layer::Relu(_) | Layer::BatchNorm(_) | Layer::Dropout(_) => rows,
            Layer::GlobalAveragePool(_) | Layer::Linear(_) | Layer::LogSoftmax(_) => height,
        }
    }

    /// How many rows it writes where at least `rows` of `height` are wanted.
    pub(crate) fn rows_written(&self, rows: usize, height: usize) -> usize {
        match self {
            Layer::Conv2d(layer) if layer.winograd => rows.next_multiple_of(winograd::TILE).min(height),
            _ => rows,
        }
    }

    /// By how many of `blocks` blocks of channels each part of its work on a lane group is shared.
    pub fn sharing(&self, blocks: usize) -> Sharing {
        match self {
            Layer::Conv2d(layer) => layer.sharing(blocks),
            _ => Sharing::NONE,
        }
    }

    /// Computes `rows` of the layer's output activation (those overwritten).
    pub(crate) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        match self {
            Layer::Conv2d(layer) => layer.forward(pass, group, rows),
            Layer::DepthwiseConv2d(layer) => layer.forward(pass, group, rows),
            Layer::Relu(layer) => layer.forward(pass, group, rows),
            Layer::BatchNorm(layer) => layer.forward(pass, group, rows),
            Layer::MaxPool2d(layer) => layer.forward(pass, group, rows),
            // In training alone, where rows are all rows.
            Layer::Dropout(layer) => layer.forward(pass, group),
            Layer::GlobalAveragePool(layer) => layer.forward(pass, group),
            Layer::Linear(layer) => layer.forward(pass, group),
            Layer::LogSoftmax(layer) => layer.forward(pass, group),
        }
    }

    /// Computes the layer's output activation once more (overwritten), on the way back.
    pub(crate) fn forward_again(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        match self {
            Layer::BatchNorm(layer) => layer.forward_again(pass, group),
            _ => self.forward(pass, group, rows),
        }
    }

    /// The slot whose activation [`Layer::backward`] reads.
    pub(crate) fn activation_read_backward(&self) -> Option<usize> {
        match self {
            Layer::Relu(layer) => Some(layer.slot),
            Layer::BatchNorm(layer) => Some(layer.slot),
            Layer::MaxPool2d(layer) => Some(layer.slot),
            Layer::LogSoftmax(layer) => Some(layer.slot + 1),
            Layer::Conv2d(_)
            | Layer::DepthwiseConv2d(_)
            | Layer::Dropout(_)
            | Layer::GlobalAveragePool(_)
            | Layer::Linear(_) => None,
        }
    }

    /// Computes the gradient of the layer's input (overwritten).
    pub(crate) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        match self {
            Layer::Conv2d(layer) => layer.backward(pass, group),
            Layer::DepthwiseConv2d(layer) => layer.backward(pass, group),
            Layer::Relu(layer) => layer.backward(pass, group),
            Layer::BatchNorm(layer) => layer.backward(pass, group),
            Layer::MaxPool2d(layer) => layer.backward(pass, group),
            Layer::Dropout(layer) => layer.backward(pass, group),
            Layer::GlobalAveragePool(layer) => layer.backward(pass, group),
            Layer::Linear(layer) => layer.backward(pass, group),
            Layer::LogSoftmax(layer) => layer.backward(pass, group),
        }
    }

    /// Computes the gradients of the layer's parameters (overwritten). Batch norm's are made when all groups meet.
    pub(crate) fn parameter_gradients(&self, pass: &Pass, group: &mut LaneGroup) {
        match self {
            Layer::Conv2d(layer) => layer.parameter_gradients(pass, group),
            Layer::DepthwiseConv2d(layer) => layer.parameter_gradients(pass, group),
            Layer::Linear(layer) => layer.parameter_gradients(pass, group),
            _ => {}
        }
    }
}
