//! A convolution's weights in the forms that its kernels read, made once a step.

use longhand_kernels::winograd::{SIZE, TransformedWeight};
use longhand_kernels::{conv2d, depthwise_conv2d};

use crate::channel_blocks::ranges;
use crate::layers::{Conv2d, DepthwiseConv2d, Layer};

/// Weights of a pair of channels.
const TAPS: usize = SIZE * SIZE;

/// The weights of one convolution as its forward kernel and its input gradient read them.
#[derive(Clone, Debug, Default)]
pub struct ConvolutionWeights {
    /// Transformed, where Winograd's way is taken: one for each block of output channels.
    pub(crate) transformed: Vec<TransformedWeight>,
    /// Flipped, transposed and transformed, for the input gradient: one for each block of input channels.
    pub(crate) transformed_flipped: Vec<TransformedWeight>,
    /// Flipped, and transposed unless it is depthwise, for the input gradient by the definition.
    pub(crate) flipped: Vec<f32>,
}

impl ConvolutionWeights {
    /// Makes what the kernels of every convolution among `layers` read of `parameters` (overwrites).
    pub(crate) fn set_all(
        all: &mut Vec<ConvolutionWeights>,
        layers: &[Layer],
        parameters: &[f32],
        backward: bool,
        blocks: usize,
    ) {
        let is_convolution = |layer: &&Layer| matches!(layer, Layer::Conv2d(_) | Layer::DepthwiseConv2d(_));
        for (ordinal, layer) in layers.iter().filter(is_convolution).enumerate() {
            if all.len() == ordinal {
                all.push(ConvolutionWeights::default());
            }
            match layer {
                Layer::Conv2d(layer) => all[ordinal].set(layer, parameters, backward, blocks),
                Layer::DepthwiseConv2d(layer) => all[ordinal].set_depthwise(layer, parameters, backward),
                _ => unreachable!("only convolutions"),
            }
        }
    }

    /// Makes what `layer` reads of `parameters` (overwrites); what only the backward pass reads, where `backward`.
    fn set(&mut self, layer: &Conv2d, parameters: &[f32], backward: bool, blocks: usize) {
        let weight = &parameters[layer.weight.clone()];
        let (outputs, inputs) = (layer.output.activation.channels, layer.input.activation.channels);
        let backward = backward && layer.needs_grad_input;
        if layer.winograd {
            let ConvolutionWeights { transformed, transformed_flipped, .. } = self;
            let of_outputs = ranges(outputs, blocks);
            transformed.resize_with(of_outputs.len(), TransformedWeight::default);
            for (transformed, k) in transformed.iter_mut().zip(of_outputs) {
                let weight = &weight[k.start * inputs * TAPS..k.end * inputs * TAPS];
                transformed.set(weight, k.len(), inputs);
            }
            let of_inputs = if backward { ranges(inputs, blocks) } else { Vec::new() };
            transformed_flipped.resize_with(of_inputs.len(), TransformedWeight::default);
            for (transformed, c) in transformed_flipped.iter_mut().zip(of_inputs) {
                transformed.set_flipped(weight, outputs, inputs, c);
            }
        } else if backward {
            self.flipped.resize(weight.len(), 0.0);
            conv2d::flip_transpose(weight, outputs, inputs, layer.kernel.size, &mut self.flipped);
        }
    }

    /// [`ConvolutionWeights::set`] of a depthwise convolution.
    fn set_depthwise(&mut self, layer: &DepthwiseConv2d, parameters: &[f32], backward: bool) {
        if backward && layer.needs_grad_input {
            self.flipped.resize(layer.weight.len(), 0.0);
            depthwise_conv2d::flip(&parameters[layer.weight.clone()], layer.kernel.size, &mut self.flipped);
        }
    }
}
