//! A convolution's weights in the forms that its kernels read, made once a step.

use longhand_kernels::conv2d;
use longhand_kernels::winograd::TransformedWeight;

use crate::layers::Conv2d;

/// The weights of one convolution as its forward kernel and its input gradient read them.
#[derive(Clone, Debug, Default)]
pub struct ConvolutionWeights {
    /// Transformed, where Winograd's way is taken.
    pub(crate) transformed: TransformedWeight,
    /// Flipped, transposed and transformed, for the input gradient.
    pub(crate) transformed_flipped: TransformedWeight,
    /// Flipped and transposed, for the input gradient by the definition.
    pub(crate) flipped: Vec<f32>,
}

impl ConvolutionWeights {
    /// Makes what `layer` reads of `parameters` (overwrites); what only the backward pass reads, where `backward`.
    pub(crate) fn set(&mut self, layer: &Conv2d, parameters: &[f32], backward: bool) {
        let weight = &parameters[layer.weight.clone()];
        let (outputs, inputs) = (layer.output.activation.channels, layer.input.activation.channels);
        let backward = backward && layer.needs_grad_input;
        if layer.winograd {
            let ConvolutionWeights { transformed, transformed_flipped, .. } = self;
            rayon::join(
                || transformed.set(weight, outputs, inputs),
                || {
                    if backward {
                        transformed_flipped.set_flipped(weight, outputs, inputs);
                    }
                },
            );
        } else if backward {
            self.flipped.resize(weight.len(), 0.0);
            conv2d::flip_transpose(weight, outputs, inputs, layer.kernel.size, &mut self.flipped);
        }
    }
}
