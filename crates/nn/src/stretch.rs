//! The work on one lane group between two meetings.
//!
//! In inference a stretch goes down the image in strips: a few rows of the last activation are made, for which a few rows of
//! the activation before are made first, and so on; so what one layer writes is still in the cache when the next reads it.
//! In training, where all activations of a batch do not fit a cache in any case, each layer goes over the whole image, which
//! memory serves faster. How the rows are cut changes no bit.

use std::ops::Range;

use longhand_kernels::Geometry;

use crate::lane_group::LaneGroup;
use crate::layers::{BatchNorm, Layer, Mode, Pass};
use crate::memory_plan::GradientHome;
use crate::plan::Plan;
use crate::timing::{Part, timed};

/// Vectors of a strip, about: what all layers of a stretch have under way should fit the second-level cache.
const STRIP: usize = 2560;

/// A lane group with a thread's workspace, and how far its work has come.
pub(crate) struct Stretch<'a> {
    pub group: &'a mut LaneGroup,
    plan: &'a Plan,
    pass: &'a Pass<'a>,
    /// Rows of each slot's activation that are there.
    rows: Vec<usize>,
}

impl<'a> Stretch<'a> {
    /// A stretch before which the activations of the first `known` slots were made; those that are kept are there.
    pub(crate) fn new(plan: &'a Plan, pass: &'a Pass<'a>, group: &'a mut LaneGroup, known: usize) -> Self {
        let there = |slot: usize| slot < known && !plan.memory.remade[slot];
        let rows = (0..plan.slots.len()).map(|s| if there(s) { plan.slots[s].activation.height } else { 0 }).collect();
        Stretch { group, plan, pass, rows }
    }

    /// Makes the activation of `slot`, and its moments for the batch norm that reads it, if one is given.
    pub(crate) fn forward(&mut self, slot: usize, closing: Option<(usize, &BatchNorm)>) {
        self.all_rows(slot, Part::Forward);
        if let Some((index, batch_norm)) = closing {
            let pass = self.pass;
            timed(self.group, index, Part::Statistics, |group| batch_norm.moments(pass, group));
        }
    }

    /// Sees to it that the activation of `slot` is there.
    fn all_rows(&mut self, slot: usize, part: Part) {
        self.ready(slot, self.plan.slots[slot].activation.height, part);
    }

    /// Sees to it that the first `rows` rows of the activation of `slot` are there.
    fn ready(&mut self, slot: usize, rows: usize, part: Part) {
        let (plan, pass) = (self.plan, self.pass);
        let geometry = plan.slots[slot].activation;
        if plan.memory.remade[slot] {
            self.group.provide_activation(slot, geometry);
        }
        while self.rows[slot] < rows {
            let from = self.rows[slot];
            let mut to = rows.min(from + strip(geometry, pass));
            for &index in &plan.memory.writers[slot] {
                let layer = &plan.layers[index];
                if layer.read() < slot {
                    to = layer.rows_written(to, geometry.height);
                    let height = plan.slots[slot - 1].activation.height;
                    // On the way back, rows that a pooling left out are read as well.
                    let read = if pass.mode == Mode::Training { height } else { layer.rows_read(to, height) };
                    self.ready(slot - 1, read, part);
                }
                timed(self.group, index, part, |group| match part {
                    Part::Again => layer.forward_again(pass, group, from..to),
                    _ => layer.forward(pass, group, from..to),
                });
            }
            self.rows[slot] = to;
        }
    }

    /// Takes the gradient of `top`, which is there, back through `layers`: to the gradients of their parameters and to
    /// the gradient of the first one's input, or of its output if nothing before it is trained; and makes of that the
    /// sums for the batch norm that wrote this slot, if one is given.
    pub(crate) fn backward(&mut self, top: usize, layers: Range<usize>, opening: Option<(usize, &BatchNorm)>) {
        let (plan, pass) = (self.plan, self.pass);
        let bottom = match opening {
            Some((_, batch_norm)) => batch_norm.slot + 1,
            // The first trained layer has nothing to pass on.
            None => layers.clone().next().map_or(top, |first| plan.layers[first].written()),
        };
        self.arrive(top, &layers);
        for slot in (bottom..top).rev() {
            if plan.memory.gradients[slot] == GradientHome::Thread {
                self.group.provide_gradient(slot, plan.slots[slot].gradient);
            }
            self.through(plan.memory.writers[slot + 1][0]);
            self.arrive(slot, &layers);
        }
        if let Some((index, batch_norm)) = opening {
            if batch_norm.sums_read_input(self.group) {
                self.all_rows(batch_norm.slot, Part::Again);
            }
            timed(self.group, index, Part::Statistics, |group| batch_norm.gradient_sums(pass, group));
        }
    }

    /// Takes the gradient of `slot` back through the layers that worked on this activation in place, and into the gradients
    /// of the parameters of the layer that made it.
    fn arrive(&mut self, slot: usize, layers: &Range<usize>) {
        let (plan, pass) = (self.plan, self.pass);
        for &index in plan.memory.writers[slot].iter().rev().filter(|index| layers.contains(index)) {
            let layer = &plan.layers[index];
            if layer.read() == slot {
                self.through(index);
            } else {
                if let Layer::Conv2d(_) | Layer::DepthwiseConv2d(_) | Layer::Linear(_) = layer {
                    self.all_rows(slot - 1, Part::Again);
                    self.all_rows(slot, Part::Again);
                }
                timed(self.group, index, Part::Parameters, |group| layer.parameter_gradients(pass, group));
            }
        }
    }

    /// Takes the gradient of the output of the layer at this place to that of its input.
    fn through(&mut self, index: usize) {
        let (plan, pass) = (self.plan, self.pass);
        let layer = &plan.layers[index];
        if let Some(slot) = layer.activation_read_backward() {
            self.all_rows(slot, Part::Again);
        }
        timed(self.group, index, Part::Backward, |group| layer.backward(pass, group));
    }
}

/// Rows of a strip: in training all; else of about [`STRIP`] vectors, and an even number, for tiles and pooled rows.
///
/// Where debug assertions are on, as in tests, strips are as narrow as can be, so that small networks cross their edges.
fn strip(geometry: Geometry, pass: &Pass) -> usize {
    if pass.mode == Mode::Training {
        geometry.height.max(1)
    } else if cfg!(debug_assertions) {
        2
    } else {
        (STRIP / (geometry.channels * geometry.width)).next_multiple_of(2).max(2)
    }
}
