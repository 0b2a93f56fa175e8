//! Depthwise convolution: each channel by a kernel of its own.

use std::ops::Range;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::depthwise_conv2d;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// `y[c] = b[c] + w[c] ⋆ x[c]`.
///
/// `docs/gradients.md` derives the backward pass: `∂L/∂w[c,i,j] = Σ ∂L/∂y[c,r,s]·x[c,r+i−p,s+j−p]`,
/// `∂L/∂b[c] = Σ ∂L/∂y[c,r,s]`, and ∂L/∂x\[c\] as the convolution of ∂L/∂y\[c\] with the kernel turned by half a turn.
#[derive(Clone, Debug)]
pub struct DepthwiseConv2d {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
    pub(crate) output: Slot,
    pub(crate) kernel: Kernel,
    /// Which convolution of the network this is, those of all kinds counted.
    pub(crate) ordinal: usize,
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Option<Range<usize>>,
    /// Whether anything before this layer is trained.
    pub(crate) needs_grad_input: bool,
}

impl DepthwiseConv2d {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        let (before, after) = group.activations.split_at_mut(self.slot + 1);
        let (x, y) = (&before[self.slot], &mut after[0]);
        let weight = &pass.parameters[self.weight.clone()];
        let bias = self.bias.clone().map(|b| &pass.parameters[b]);
        let (x_geometry, y_geometry) = (self.input.activation, self.output.activation);
        depthwise_conv2d::forward_rows(pass.isa, self.kernel, rows, y, y_geometry, x, x_geometry, weight, bias, false);
    }

    /// ∂L/∂w and ∂L/∂b.
    pub(super) fn parameter_gradients(&self, pass: &Pass, group: &mut LaneGroup) {
        let (dy, dy_geometry) = (&group.gradients[self.slot + 1], self.output.gradient);
        let (x, x_geometry) = (&group.activations[self.slot], self.input.activation);
        let dy = &dy[..dy_geometry.len()];
        let grad_weight = &mut group.grad_parameters[self.weight.clone()];
        depthwise_conv2d::grad_weight(pass.isa, self.kernel, grad_weight, dy, dy_geometry, x, x_geometry);
        if let Some(bias) = self.bias.clone() {
            conv2d::grad_bias(pass.isa, &mut group.grad_parameters[bias], dy, dy_geometry);
        }
    }

    /// ∂L/∂x, by the forward kernel with the flipped weights.
    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        group.write_over_next_activation(self.slot);
        let (dx, dy) = LaneGroup::gradient_pair(&mut group.gradients, self.slot);
        let (dx_geometry, dy_geometry) = (self.input.gradient, self.output.gradient);
        let dx = &mut dx[..dx_geometry.len()];
        let (kernel, weight) = (self.kernel.of_input_gradient(), &pass.convolutions[self.ordinal].flipped);
        depthwise_conv2d::forward(pass.isa, kernel, dx, dx_geometry, dy, dy_geometry, weight, None, false);
    }
}
