//! Convolution with bias, and the ReLU behind it where one follows.

use std::ops::Range;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::winograd::{self, Scratch, TransformedWeight};
use longhand_kernels::{Geometry, Isa, Lanes, relu};

use super::{Mode, Pass};
use crate::channel_blocks::{Sharing, cut, each, ranges};
use crate::lane_group::LaneGroup;
use crate::plan::Slot;
use crate::workspace::Use;

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
    /// Whether the batch norm directly behind sums the bias's gradient on its way back.
    pub(crate) bias_summed_behind: bool,
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
    /// By how many of `blocks` blocks of channels each part is shared: all parts that Winograd's way computes.
    pub(super) fn sharing(&self, blocks: usize) -> Sharing {
        let of = |channels: usize, shared: bool| if shared { ranges(channels, blocks).len() } else { 1 };
        let (inputs, outputs) = (self.input.activation.channels, self.output.activation.channels);
        Sharing {
            forward: of(outputs, self.winograd),
            parameters: of(outputs, self.kernel.size == winograd::SIZE),
            backward: of(inputs, self.winograd && self.needs_grad_input),
        }
    }

    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        if let (Mode::Inference, Some(behind)) = (pass.mode, &self.normalised) {
            return self.forward_normalised(pass, group, rows, behind);
        }
        let LaneGroup { activations, workspace, .. } = group;
        let scratch = &mut workspace.scratch;
        let (before, after) = activations.split_at_mut(self.slot + 1);
        let (x, y) = (&before[self.slot], &mut after[0]);
        let bias = self.bias.clone().map(|b| &pass.parameters[b]);
        let (x_geometry, y_geometry) = (self.input.activation, self.output.activation);
        if self.winograd {
            let weights = &pass.convolutions[self.ordinal].transformed;
            let call = Winograd { isa: pass.isa, padding: self.kernel.padding, rows: tile_rows(rows), relu: self.relu };
            call.forward(y, y_geometry, x, x_geometry, weights, pass.blocks, bias, scratch);
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
            &pass.convolutions[self.ordinal].transformed[0],
            self.bias.clone().map(|b| &pass.parameters[b]),
            self.relu,
            &pass.normalisers[behind.channels.clone()],
            behind.pooled,
            &mut workspace.scratch,
        );
    }

    /// ∂L/∂w and, unless the layer behind has made it, ∂L/∂b; and before that ∂L/∂(before ReLU) = ∂L/∂y · [y > 0], in place.
    pub(super) fn parameter_gradients(&self, pass: &Pass, group: &mut LaneGroup) {
        let LaneGroup { activations, gradients, grad_parameters, workspace, .. } = group;
        let (dy, dy_geometry) = (&mut gradients[self.slot + 1], self.output.gradient);
        if self.relu && self.relu_backward {
            let (y, y_geometry) = (&activations[self.slot + 1], self.output.activation);
            relu::backward(pass.isa, dy, dy_geometry, y, y_geometry);
        }
        let (x, x_geometry) = (&activations[self.slot], self.input.activation);
        let grad_weight = &mut grad_parameters[self.weight.clone()];
        if self.kernel.size == winograd::SIZE {
            let outputs = dy_geometry.channels;
            let room_each = winograd::grad_weight_room(x_geometry.channels, dy_geometry.width);
            let channels = ranges(outputs, pass.blocks);
            let wanted = Use::Sums(self.ordinal);
            let mut sums = workspace.sums(wanted, channels.len() * room_each);
            let (stride, taps) = (dy_geometry.channel_stride(), grad_weight.len() / outputs);
            let pieces = cut(grad_weight, &channels, taps).into_iter().zip(sums.chunks_exact_mut(room_each));
            each(pieces.collect(), |block, (grad_weight, sums)| {
                let k = &channels[block];
                let dy = &dy[k.start * stride..k.end * stride];
                let dy_geometry = dy_geometry.with_channels(k.len());
                let padding = self.kernel.padding;
                winograd::grad_weight(pass.isa, padding, grad_weight, dy, dy_geometry, x, x_geometry, sums);
            });
            workspace.give_back(wanted, sums);
        } else {
            conv2d::grad_weight(pass.isa, self.kernel, grad_weight, dy, dy_geometry, x, x_geometry);
        }
        if let Some(bias) = self.bias.clone().filter(|_| !self.bias_summed_behind) {
            conv2d::grad_bias(pass.isa, &mut grad_parameters[bias], dy, dy_geometry);
        }
    }

    /// ∂L/∂x, by the forward kernel with the flipped, transposed weights.
    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        group.write_over_next_activation(self.slot);
        let LaneGroup { gradients, workspace, .. } = group;
        let scratch = &mut workspace.scratch;
        let (dx, dy) = LaneGroup::gradient_pair(gradients, self.slot);
        let (dx_geometry, dy_geometry) = (self.input.gradient, self.output.gradient);
        let dx = &mut dx[..dx_geometry.len()];
        let weights = &pass.convolutions[self.ordinal];
        let kernel = self.kernel.of_input_gradient();
        if self.winograd {
            let call = Winograd {
                isa: pass.isa,
                padding: kernel.padding,
                rows: tile_rows(0..dx_geometry.height),
                relu: false,
            };
            let weights = &weights.transformed_flipped;
            call.forward(dx, dx_geometry, dy, dy_geometry, weights, pass.blocks, None, scratch);
        } else {
            let weight = &weights.flipped;
            conv2d::forward(pass.isa, kernel, dx, dx_geometry, dy, dy_geometry, weight, None, false);
        }
    }
}

/// What all blocks of one call share.
struct Winograd {
    isa: Isa,
    padding: usize,
    rows: Range<usize>,
    relu: bool,
}

impl Winograd {
    /// The forward kernel, its output channels shared by as many blocks as there are `weights`.
    #[allow(clippy::too_many_arguments)]
    fn forward(
        &self,
        y: &mut [Lanes],
        y_geometry: Geometry,
        x: &[Lanes],
        x_geometry: Geometry,
        weights: &[TransformedWeight],
        blocks: usize,
        bias: Option<&[f32]>,
        scratch: &mut Scratch,
    ) {
        let Winograd { isa, padding, ref rows, relu } = *self;
        if let [weight] = weights {
            winograd::forward(isa, padding, rows.clone(), y, y_geometry, x, x_geometry, weight, bias, relu, scratch);
            return;
        }
        let channels = ranges(y_geometry.channels, blocks);
        each(cut(y, &channels, y_geometry.channel_stride()), |block, y| {
            let k = channels[block].clone();
            let (geometry, bias) = (y_geometry.with_channels(k.len()), bias.map(|b| &b[k]));
            let (weight, rows) = (&weights[block], rows.clone());
            let scratch = &mut Scratch::default();
            winograd::forward(isa, padding, rows, y, geometry, x, x_geometry, weight, bias, relu, scratch);
        });
    }
}

/// The tile rows of rows that begin with a tile.
fn tile_rows(rows: Range<usize>) -> Range<usize> {
    debug_assert!(rows.start.is_multiple_of(winograd::TILE), "rows {rows:?} do not begin with a tile");
    rows.start / winograd::TILE..winograd::tiles_across(rows.end)
}
