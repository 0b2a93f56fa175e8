//! 2×2 max pooling.

use longhand_kernels::max_pool2d;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// `y[c,r,s] = max x[c,2r+{0,1},2s+{0,1}]`; ∂L/∂x is ∂L/∂y where x was the (first) maximum, 0 elsewhere.
#[derive(Clone, Debug)]
pub struct MaxPool2d {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
    pub(crate) output: Slot,
}

impl MaxPool2d {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (x, y) = group.activation_pair(self.slot);
        max_pool2d::forward(pass.isa, y, self.output.activation, x, self.input.activation);
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (dx, dy) = LaneGroup::gradient_pair(&mut group.gradients, self.slot);
        let x = &group.activations[self.slot];
        max_pool2d::backward(pass.isa, dx, self.input.gradient, dy, self.output.gradient, x, self.input.activation);
    }
}
