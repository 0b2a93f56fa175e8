//! Global average pooling.

use longhand_kernels::global_average_pool;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// `y[c] = (1/(H·W)) Σ x[c,r,s]`; `∂L/∂x[c,r,s] = ∂L/∂y[c]/(H·W)`.
#[derive(Clone, Debug)]
pub struct GlobalAveragePool {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
    pub(crate) output: Slot,
}

impl GlobalAveragePool {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (x, y) = group.activation_pair(self.slot);
        global_average_pool::forward(pass.isa, y, self.output.activation, x, self.input.activation);
    }

    pub(super) fn backward(&self, _pass: &Pass, group: &mut LaneGroup) {
        let (dx, dy) = LaneGroup::gradient_pair(&mut group.gradients, self.slot);
        global_average_pool::backward(dx, self.input.gradient, dy, self.output.gradient);
    }
}
