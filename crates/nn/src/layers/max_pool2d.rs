//! 2×2 max pooling.

use std::ops::Range;

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
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        let (x, y) = group.activation_pair(self.slot);
        max_pool2d::forward_rows(pass.isa, rows, y, self.output.activation, x, self.input.activation);
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (dx, dy) = LaneGroup::gradient_pair(&mut group.gradients, self.slot);
        let x = &group.activations[self.slot];
        let (dx_geometry, dy_geometry, x_geometry) = (self.input.gradient, self.output.gradient, self.input.activation);
        max_pool2d::backward(pass.isa, dx, dx_geometry, dy, dy_geometry, x, x_geometry);
    }
}
