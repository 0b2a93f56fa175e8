//! Convolution with bias, and the ReLU behind it where one follows.

use std::ops::Range;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::relu;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// `y[k] = b[k] + Σ_c w[k,c] ⋆ x[c]`, then max(y, 0) if a ReLU follows at once.
///
/// `docs/gradients.md` derives the backward pass: `∂L/∂w[k,c,i,j] = Σ ∂L/∂y[k,r,s]·x[c,r+i−p,s+j−p]`,
/// `∂L/∂b[k] = Σ ∂L/∂y[k,r,s]`, and ∂L/∂x as the convolution of ∂L/∂y with the flipped weights.
#[derive(Clone, Debug)]
pub struct Conv2d {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
    pub(crate) output: Slot,
    pub(crate) kernel: Kernel,
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Option<Range<usize>>,
    /// Whether the output passes through a ReLU while still in registers.
    pub(crate) relu: bool,
    /// Whether this layer has to undo that ReLU itself; a batch norm behind it does so on its own way.
    pub(crate) relu_backward: bool,
    /// Whether anything before this layer is trained.
    pub(crate) needs_grad_input: bool,
}

impl Conv2d {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (x, y) = group.activation_pair(self.slot);
        conv2d::forward(
            pass.isa,
            self.kernel,
            y,
            self.output.activation,
            x,
            self.input.activation,
            &pass.parameters[self.weight.clone()],
            self.bias.clone().map(|b| &pass.parameters[b]),
            self.relu,
        );
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let LaneGroup { activations, gradients, grad_parameters, .. } = group;
        let (grad_input, grad_output) = (self.slot, self.slot + 1);
        if self.relu && self.relu_backward {
            // ∂L/∂(before ReLU) = ∂L/∂y · [y > 0]
            let dy = &mut gradients[grad_output];
            relu::backward(pass.isa, dy, self.output.gradient, &activations[grad_output], self.output.activation);
        }
        conv2d::grad_weight(
            pass.isa,
            self.kernel,
            &mut grad_parameters[self.weight.clone()],
            &gradients[grad_output],
            self.output.gradient,
            &activations[self.slot],
            self.input.activation,
        );
        if let Some(bias) = self.bias.clone() {
            conv2d::grad_bias(pass.isa, &mut grad_parameters[bias], &gradients[grad_output], self.output.gradient);
        }
        if self.needs_grad_input {
            let (dx, dy) = LaneGroup::gradient_pair(gradients, grad_input);
            let flipped = &pass.flipped[self.weight.clone()];
            conv2d::grad_input(pass.isa, self.kernel, dx, self.input.gradient, dy, self.output.gradient, flipped);
        }
    }

    /// Writes the flipped, transposed weights that the input gradient needs where the weights lie in `flipped`.
    pub(crate) fn flip(&self, parameters: &[f32], flipped: &mut [f32]) {
        if self.needs_grad_input {
            conv2d::flip_transpose(
                &parameters[self.weight.clone()],
                self.output.activation.channels,
                self.input.activation.channels,
                self.kernel.size,
                &mut flipped[self.weight.clone()],
            );
        }
    }
}
