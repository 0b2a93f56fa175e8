//! Convolution with bias, and the ReLU behind it where one follows.

use std::ops::Range;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Lanes, relu, winograd};

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
    /// Which convolution of the network this is.
    pub(crate) ordinal: usize,
    /// Whether it is computed by Winograd's minimal filtering: decided by its shape alone.
    pub(crate) winograd: bool,
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
        let LaneGroup { activations, scratch, .. } = group;
        let (before, after) = activations.split_at_mut(self.slot + 1);
        let (x, y) = (&before[self.slot], &mut after[0]);
        let bias = self.bias.clone().map(|b| &pass.parameters[b]);
        let (x_geometry, y_geometry) = (self.input.activation, self.output.activation);
        if self.winograd {
            let (padding, rows) = (self.kernel.padding, 0..winograd::tiles_across(y_geometry.height));
            let weight = &pass.convolutions[self.ordinal].transformed;
            winograd::forward(pass.isa, padding, rows, y, y_geometry, x, x_geometry, weight, bias, self.relu, scratch);
        } else {
            let weight = &pass.parameters[self.weight.clone()];
            conv2d::forward(pass.isa, self.kernel, y, y_geometry, x, x_geometry, weight, bias, self.relu);
        }
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let LaneGroup { activations, gradients, grad_parameters, sums, bias_sums, .. } = group;
        let (grad_input, grad_output) = (self.slot, self.slot + 1);
        if self.relu && self.relu_backward {
            // ∂L/∂(before ReLU) = ∂L/∂y · [y > 0]
            let dy = &mut gradients[grad_output];
            relu::backward(pass.isa, dy, self.output.gradient, &activations[grad_output], self.output.activation);
        }
        let (dy, dy_geometry) = (&gradients[grad_output], self.output.gradient);
        let (x, x_geometry) = (&activations[self.slot], self.input.activation);
        if self.winograd {
            let padding = self.kernel.padding;
            sums.resize(winograd::grad_weight_sums(dy_geometry.channels, x_geometry.channels), Lanes::ZERO);
            bias_sums.resize(dy_geometry.channels, Lanes::ZERO);
            let rows = 0..dy_geometry.height;
            winograd::grad_weight(pass.isa, padding, rows, sums, bias_sums, dy, dy_geometry, x, x_geometry);
            let (weight, bias) = split_gradient(grad_parameters, &self.weight, &self.bias);
            winograd::finish_grad_weight(pass.isa, weight, bias, sums, bias_sums);
        } else {
            let grad_weight = &mut grad_parameters[self.weight.clone()];
            conv2d::grad_weight(pass.isa, self.kernel, grad_weight, dy, dy_geometry, x, x_geometry);
            if let Some(bias) = self.bias.clone() {
                conv2d::grad_bias(pass.isa, &mut grad_parameters[bias], dy, dy_geometry);
            }
        }
        if self.needs_grad_input {
            let dx_geometry = self.input.gradient;
            group.write_over_next_activation(grad_input);
            let LaneGroup { gradients, scratch, .. } = group;
            let (dx, dy) = LaneGroup::gradient_pair(gradients, grad_input);
            let dx = &mut dx[..dx_geometry.len()];
            let weights = &pass.convolutions[self.ordinal];
            if self.winograd {
                let padding = self.kernel.of_input_gradient().padding;
                let rows = 0..winograd::tiles_across(dx_geometry.height);
                let weight = &weights.transformed_flipped;
                let isa = pass.isa;
                winograd::forward(isa, padding, rows, dx, dx_geometry, dy, dy_geometry, weight, None, false, scratch);
            } else {
                conv2d::grad_input(pass.isa, self.kernel, dx, dx_geometry, dy, dy_geometry, &weights.flipped);
            }
        }
    }
}

/// The gradients of a layer's weight and bias, of which the bias lies behind the weight.
fn split_gradient<'a>(
    gradient: &'a mut [f32],
    weight: &Range<usize>,
    bias: &Option<Range<usize>>,
) -> (&'a mut [f32], Option<&'a mut [f32]>) {
    let (before, after) = gradient.split_at_mut(weight.end);
    let bias = bias.as_ref().map(|b| &mut after[b.start - weight.end..b.end - weight.end]);
    (&mut before[weight.clone()], bias)
}
