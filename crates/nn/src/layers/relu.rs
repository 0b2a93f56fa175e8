//! ReLU on its own, where it does not directly follow a convolution.

use std::ops::Range;

use longhand_kernels::relu;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// y = max(x, 0), in place; `∂L/∂x = ∂L/∂y · [y > 0]`.
#[derive(Clone, Debug)]
pub struct Relu {
    pub(crate) slot: usize,
    pub(crate) shape: Slot,
    /// False where the batch norm behind it undoes it.
    pub(crate) relu_backward: bool,
}

impl Relu {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        relu::forward_rows(pass.isa, rows, &mut group.activations[self.slot], self.shape.activation);
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        if self.relu_backward {
            let (dy, y) = (&mut group.gradients[self.slot][..self.shape.gradient.len()], &group.activations[self.slot]);
            relu::backward(pass.isa, dy, self.shape.gradient, y, self.shape.activation);
        }
    }
}
