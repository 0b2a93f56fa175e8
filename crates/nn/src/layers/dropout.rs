//! Dropout, seeded per image.

use longhand_kernels::LANES;
use longhand_kernels::dropout::{self, Mask};

use super::{Mode, Pass};
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// y = x·m/(1−p) in place, m = 0 with probability p; ∂L/∂x = ∂L/∂y·m/(1−p). Nothing at all outside training. Directly
/// behind a batch norm, pooled or not, it is part of that layer.
#[derive(Clone, Debug)]
pub struct Dropout {
    pub(crate) slot: usize,
    pub(crate) shape: Slot,
    pub(crate) rate: f32,
    /// Which dropout layer of the network this is, so that two of them drop different elements.
    pub(crate) ordinal: u64,
}

impl Dropout {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup) {
        if let (Mode::Training, Some(mask)) = (pass.mode, self.mask(group)) {
            dropout::apply(pass.isa, &mut group.activations[self.slot], self.shape.activation, &mask);
        }
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        if let (Mode::Training, Some(mask)) = (pass.mode, self.mask(group)) {
            let gradient = &mut group.gradients[self.slot][..self.shape.gradient.len()];
            dropout::apply(pass.isa, gradient, self.shape.gradient, &mask);
        }
    }

    /// A key per image and layer: the top half of a 64-bit finaliser of the image's key and the layer's ordinal; `None` where
    /// nothing is dropped.
    pub(super) fn mask(&self, group: &LaneGroup) -> Option<Mask> {
        let key = |lane: usize| {
            let mut z = group.dropout_keys[lane].wrapping_add((self.ordinal + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 32) as u32
        };
        let mut keys = [0; LANES];
        for (lane, k) in keys.iter_mut().enumerate() {
            *k = key(lane);
        }
        (self.rate > 0.0).then_some(Mask { keys, rate: self.rate })
    }
}
