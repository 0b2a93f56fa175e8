//! Fully connected layer.

use std::ops::Range;

use longhand_kernels::linear;

use super::Pass;
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// `y[f] = b[f] + Σ_e w[f,e]·x[e]` over all elements e of the input in the order channel, row, column.
///
/// `∂L/∂w[f,e] = Σ_n ∂L/∂y[n,f]·x[n,e]`; `∂L/∂b[f] = Σ_n ∂L/∂y[n,f]`; `∂L/∂x[e] = Σ_f w[f,e]·∂L/∂y[f]`.
#[derive(Clone, Debug)]
pub struct Linear {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
    pub(crate) output: Slot,
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Option<Range<usize>>,
}

impl Linear {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (x, y) = group.activation_pair(self.slot);
        let bias = self.bias.clone().map(|b| &pass.parameters[b]);
        linear::forward(pass.isa, y, self.output.activation, x, &pass.parameters[self.weight.clone()], bias);
    }

    pub(super) fn parameter_gradients(&self, pass: &Pass, group: &mut LaneGroup) {
        let LaneGroup { activations, gradients, grad_parameters, .. } = group;
        let dy = &gradients[self.slot + 1];
        let x = &activations[self.slot];
        linear::grad_weight(pass.isa, &mut grad_parameters[self.weight.clone()], dy, x);
        if let Some(bias) = self.bias.clone() {
            linear::grad_bias(&mut grad_parameters[bias], dy);
        }
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let (dx, dy) = LaneGroup::gradient_pair(&mut group.gradients, self.slot);
        linear::grad_input(pass.isa, dx, self.input.gradient, dy, &pass.parameters[self.weight.clone()]);
    }
}
