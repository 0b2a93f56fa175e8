//! The work on one lane group between two meetings.

use std::ops::Range;

use crate::lane_group::LaneGroup;
use crate::layers::Pass;
use crate::plan::Plan;
use crate::timing::{Part, timed};

/// A lane group with a thread's workspace, and which of the activations that are not kept have been made so far.
pub(crate) struct Stretch<'a> {
    pub group: &'a mut LaneGroup,
    plan: &'a Plan,
    made: Vec<bool>,
}

impl<'a> Stretch<'a> {
    pub(crate) fn new(plan: &'a Plan, group: &'a mut LaneGroup) -> Self {
        Stretch { group, plan, made: vec![false; plan.slots.len()] }
    }

    /// Runs the forward pass of `layers`.
    pub(crate) fn forward(&mut self, pass: &Pass, layers: Range<usize>) {
        for index in layers {
            let layer = &self.plan.layers[index];
            let slot = layer.written();
            let makes_it = self.plan.memory.writers[slot].first() == Some(&index);
            if makes_it && slot > 0 {
                self.ready(pass, slot - 1);
            }
            timed(self.group, index, Part::Forward, |group| layer.forward(pass, group));
            self.made[slot] = true;
        }
    }

    /// Runs the backward pass of `layers`, last to first.
    pub(crate) fn backward(&mut self, pass: &Pass, layers: Range<usize>) {
        for index in layers.rev() {
            let layer = &self.plan.layers[index];
            for slot in layer.read_backward() {
                self.ready(pass, slot);
            }
            timed(self.group, index, Part::Backward, |group| layer.backward(pass, group));
        }
    }

    /// Sees to it that the activation of `slot` is there: makes it again if it is not kept.
    pub(crate) fn ready(&mut self, pass: &Pass, slot: usize) {
        if !self.plan.memory.remade[slot] || self.made[slot] {
            return;
        }
        self.ready(pass, slot - 1);
        for &index in &self.plan.memory.writers[slot] {
            timed(self.group, index, Part::Again, |group| self.plan.layers[index].forward(pass, group));
        }
        self.made[slot] = true;
    }
}
