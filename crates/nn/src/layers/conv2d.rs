//! Convolution with bias, and the ReLU behind it where one follows.

use std::ops::Range;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Lanes, relu, winograd};

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;
use crate::workspace::{UnfinishedGradient, Use};

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
    /// The batch norm directly behind, where inference computes both at once.
    pub(crate) normalised: Option<BatchNormBehind>,
    /// Whether anything before this layer is trained.
    pub(crate) needs_grad_input: bool,
}

/// What a convolution has to know of a batch norm behind it to compute it as well.
#[derive(Clone, Debug)]
pub(crate) struct BatchNormBehind {
    /// Its channels among those of all batch norm layers.
    pub channels: Range<usize>,
    /// Whether it pools.
    pub pooled: bool,
    /// What it writes, two slots behind the convolution's input.
    pub output: Slot,
}

impl Conv2d {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        if let (false, Some(behind)) = (pass.training, &self.normalised) {
            return self.forward_normalised(pass, group, rows, behind);
        }
        let LaneGroup { activations, workspace, .. } = group;
        let scratch = &mut workspace.scratch;
        let (before, after) = activations.split_at_mut(self.slot + 1);
        let (x, y) = (&before[self.slot], &mut after[0]);
        let bias = self.bias.clone().map(|b| &pass.parameters[b]);
        let (x_geometry, y_geometry) = (self.input.activation, self.output.activation);
        if self.winograd {
            let (padding, rows) = (self.kernel.padding, tile_rows(rows));
            let weight = &pass.convolutions[self.ordinal].transformed;
            winograd::forward(pass.isa, padding, rows, y, y_geometry, x, x_geometry, weight, bias, self.relu, scratch);
        } else {
            let weight = &pass.parameters[self.weight.clone()];
            conv2d::forward_rows(pass.isa, self.kernel, rows, y, y_geometry, x, x_geometry, weight, bias, self.relu);
        }
    }

    /// The forward pass of this layer and of the batch norm behind it, whose statistics are known.
    fn forward_normalised(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>, behind: &BatchNormBehind) {
        let LaneGroup { activations, workspace, .. } = group;
        let (before, after) = activations.split_at_mut(self.slot + 2);
        let (x, y) = (&before[self.slot], &mut after[0]);
        winograd::forward_normalised(
            pass.isa,
            self.kernel.padding,
            tile_rows(rows),
            y,
            behind.output.activation,
            x,
            self.input.activation,
            &pass.convolutions[self.ordinal].transformed,
            self.bias.clone().map(|b| &pass.parameters[b]),
            self.relu,
            &pass.normalisers[behind.channels.clone()],
            behind.pooled,
            &mut workspace.scratch,
        );
    }

    /// ∂L/∂w and ∂L/∂b, and before that ∂L/∂(before ReLU) = ∂L/∂y · [y > 0], in place.
    pub(super) fn parameter_gradients(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        let LaneGroup { activations, gradients, grad_parameters, sums, workspace, .. } = group;
        let (dy, dy_geometry) = (&mut gradients[self.slot + 1], self.output.gradient);
        if self.relu && self.relu_backward {
            let (y, y_geometry) = (&activations[self.slot + 1], self.output.activation);
            relu::backward_rows(pass.isa, rows.clone(), dy, dy_geometry, y, y_geometry);
        }
        let (x, x_geometry) = (&activations[self.slot], self.input.activation);
        let complete = rows.end == dy_geometry.height;
        if self.kernel.size == winograd::SIZE {
            if sums.len() <= self.ordinal {
                sums.resize_with(self.ordinal + 1, UnfinishedGradient::default);
            }
            let UnfinishedGradient { weight, bias } = &mut sums[self.ordinal];
            if rows.start == 0 {
                let len = winograd::grad_weight_sums(dy_geometry.channels, x_geometry.channels);
                *weight = workspace.sums(Use::Sums(self.ordinal), len);
                bias.resize(dy_geometry.channels, Lanes::ZERO);
            }
            let padding = self.kernel.padding;
            winograd::grad_weight(pass.isa, padding, rows, weight, bias, dy, dy_geometry, x, x_geometry);
            if complete {
                let (grad_weight, grad_bias) = split_gradient(grad_parameters, &self.weight, &self.bias);
                winograd::finish_grad_weight(pass.isa, grad_weight, grad_bias, weight, bias);
                workspace.give_back(Use::Sums(self.ordinal), std::mem::take(weight));
            }
        } else if complete {
            let grad_weight = &mut grad_parameters[self.weight.clone()];
            conv2d::grad_weight(pass.isa, self.kernel, grad_weight, dy, dy_geometry, x, x_geometry);
            if let Some(bias) = self.bias.clone() {
                conv2d::grad_bias(pass.isa, &mut grad_parameters[bias], dy, dy_geometry);
            }
        }
    }

    /// ∂L/∂x, by the forward kernel with the flipped, transposed weights.
    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        group.write_over_next_activation(self.slot);
        let LaneGroup { gradients, workspace, .. } = group;
        let scratch = &mut workspace.scratch;
        let (dx, dy) = LaneGroup::gradient_pair(gradients, self.slot);
        let (dx_geometry, dy_geometry) = (self.input.gradient, self.output.gradient);
        let dx = &mut dx[..dx_geometry.len()];
        let weights = &pass.convolutions[self.ordinal];
        let kernel = self.kernel.of_input_gradient();
        if self.winograd {
            let (isa, rows, weight) = (pass.isa, tile_rows(rows), &weights.transformed_flipped);
            let padding = kernel.padding;
            winograd::forward(isa, padding, rows, dx, dx_geometry, dy, dy_geometry, weight, None, false, scratch);
        } else {
            let weight = &weights.flipped;
            conv2d::forward_rows(pass.isa, kernel, rows, dx, dx_geometry, dy, dy_geometry, weight, None, false);
        }
    }
}

/// The tile rows of rows that begin with a tile.
fn tile_rows(rows: Range<usize>) -> Range<usize> {
    debug_assert!(rows.start.is_multiple_of(winograd::TILE), "rows {rows:?} do not begin with a tile");
    rows.start / winograd::TILE..winograd::tiles_across(rows.end)
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
