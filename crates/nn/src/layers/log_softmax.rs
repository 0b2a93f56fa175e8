//! Log-softmax, the last layer.

use longhand_kernels::log_softmax;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// `y[k] = x[k] − ln Σ_j e^x[j]`; `∂L/∂x[k] = ∂L/∂y[k] − e^y[k]·Σ_j ∂L/∂y[j]`.
#[derive(Clone, Debug)]
pub struct LogSoftmax {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
}

impl LogSoftmax {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (x, y) = group.activation_pair(self.slot);
        log_softmax::forward(pass.isa, y, x);
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let LaneGroup { activations, gradients, .. } = group;
        let (dx, dy) = LaneGroup::gradient_pair(gradients, self.slot);
        log_softmax::backward(pass.isa, dx, self.input.gradient, dy, &activations[self.slot + 1]);
    }
}
