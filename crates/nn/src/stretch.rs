//! The work on one lane group between two meetings.
//!
//! In inference a stretch goes down the image in strips: a few rows of the last activation are made, for which a few rows of
//! the activation before are made first, and so on; so what one layer writes is still in the cache when the next reads it.
//! In training, where all activations of a batch do not fit a cache in any case, each layer goes over the whole image, which
//! memory serves faster. How the rows are cut changes no bit.

use std::ops::Range;

use longhand_kernels::Geometry;

use crate::lane_group::LaneGroup;
use crate::layers::{BatchNorm, Layer, Pass};
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
    /// Rows of each slot's gradient that are there.
    gradient_rows: Vec<usize>,
}

impl<'a> Stretch<'a> {
    /// A stretch before which the activations of the first `known` slots were made; those that are kept are there.
    pub(crate) fn new(plan: &'a Plan, pass: &'a Pass<'a>, group: &'a mut LaneGroup, known: usize) -> Self {
        let there = |slot: usize| slot < known && !plan.memory.remade[slot];
        let rows = (0..plan.slots.len()).map(|s| if there(s) { plan.slots[s].activation.height } else { 0 }).collect();
        Stretch { group, plan, pass, rows, gradient_rows: vec![0; plan.slots.len()] }
    }

    /// Makes the activation of `slot`, and adds it to the moments of the batch norm that reads it, if one is given.
    pub(crate) fn forward(&mut self, slot: usize, closing: Option<(usize, &BatchNorm)>) {
        let geometry = self.plan.slots[slot].activation;
        let mut from = 0;
        while from < geometry.height {
            let rows = from..(from + strip(geometry, self.pass)).min(geometry.height);
            self.ready(slot, rows.end, Part::Forward);
            // A convolution may make more rows than were asked for.
            let rows = from..self.rows[slot];
            if let Some((index, batch_norm)) = closing {
                let (pass, rows) = (self.pass, rows.clone());
                timed(self.group, index, Part::Statistics, |group| batch_norm.add_moments(pass, group, rows));
            }
            from = rows.end;
        }
    }

    /// Sees to it that the first `rows` rows of the activation of `slot` are there.
    fn ready(&mut self, slot: usize, rows: usize, part: Part) {
        let (plan, pass) = (self.plan, self.pass);
        let geometry = plan.slots[slot].activation;
        let writers = &plan.memory.writers[slot];
        if plan.memory.remade[slot] {
            self.group.provide_activation(slot, geometry);
        } else if self.rows[slot] < rows {
            // Rows that a pooling left out are made on the way back, when a gradient may lie over those before them.
            self.group.read_activation_again(slot);
        }
        while self.rows[slot] < rows {
            let from = self.rows[slot];
            let mut to = rows.min(from + strip(geometry, self.pass));
            for &index in writers {
                let layer = &plan.layers[index];
                if layer.read() < slot {
                    to = layer.rows_written(to, geometry.height);
                    let height = plan.slots[slot - 1].activation.height;
                    self.ready(slot - 1, layer.rows_read(to, height), part);
                }
                timed(self.group, index, part, |group| layer.forward(pass, group, from..to));
            }
            self.rows[slot] = to;
        }
    }

    /// Takes the gradient of `top`, which is there, back through `layers`: to the gradients of their parameters and to
    /// the gradient of the first one's input, or of its output if nothing before it is trained; and adds that to the
    /// sums of the batch norm that wrote this slot, if one is given.
    pub(crate) fn backward(&mut self, top: usize, layers: Range<usize>, opening: Option<(usize, &BatchNorm)>) {
        let plan = self.plan;
        let height = plan.slots[top].gradient.height;
        self.gradient_rows[top] = height;
        self.arrive(top, 0..height, &layers);
        let bottom = match opening {
            Some((_, batch_norm)) => batch_norm.slot + 1,
            // The first trained layer has nothing to pass on.
            None => layers.clone().next().map_or(top, |first| plan.layers[first].written()),
        };
        let geometry = plan.slots[bottom].gradient;
        let mut from = 0;
        while from < geometry.height {
            let to = (from + strip(geometry, self.pass)).min(geometry.height);
            self.gradient(bottom, to, &layers);
            let rows = from..self.gradient_rows[bottom];
            from = rows.end;
            if let Some((index, batch_norm)) = opening {
                let pass = self.pass;
                let read = batch_norm.rows_under(rows.end);
                self.ready(batch_norm.slot, read, Part::Again);
                timed(self.group, index, Part::Statistics, |group| batch_norm.add_gradient_sums(pass, group, rows));
            }
        }
    }

    /// Sees to it that the first `rows` rows of the gradient of `slot` are there.
    fn gradient(&mut self, slot: usize, rows: usize, layers: &Range<usize>) {
        let (plan, pass) = (self.plan, self.pass);
        let geometry = plan.slots[slot].gradient;
        if plan.memory.gradients[slot] == GradientHome::Thread {
            self.group.provide_gradient(slot, geometry);
        }
        while self.gradient_rows[slot] < rows {
            let from = self.gradient_rows[slot];
            let index = plan.memory.writers[slot + 1][0];
            let layer = &plan.layers[index];
            let to = rows.min(from + strip(geometry, self.pass));
            let to = layer.gradient_rows_written(to, geometry.height);
            let height = plan.slots[slot + 1].gradient.height;
            self.gradient(slot + 1, layer.gradient_rows_read(to, height), layers);
            self.ready_for(layer, to);
            timed(self.group, index, Part::Backward, |group| layer.backward(pass, group, from..to));
            self.arrive(slot, from..to, layers);
            self.gradient_rows[slot] = to;
        }
    }

    /// Takes `rows` of the gradient of `slot` back through the layers that worked on this activation in place, and into
    /// the gradients of the parameters of the layer that made it.
    fn arrive(&mut self, slot: usize, rows: Range<usize>, layers: &Range<usize>) {
        let (plan, pass) = (self.plan, self.pass);
        for &index in plan.memory.writers[slot].iter().rev().filter(|index| layers.contains(index)) {
            let (layer, rows) = (&plan.layers[index], rows.clone());
            if layer.read() == slot {
                self.ready_for(layer, rows.end);
                timed(self.group, index, Part::Backward, |group| layer.backward(pass, group, rows));
            } else {
                let height = plan.slots[slot - 1].activation.height;
                if let Layer::Conv2d(_) | Layer::DepthwiseConv2d(_) | Layer::Linear(_) = layer {
                    self.ready(slot - 1, layer.rows_read(rows.end, height), Part::Again);
                    self.ready(slot, rows.end, Part::Again);
                    self.group.read_activation_again(slot);
                }
                timed(self.group, index, Part::Parameters, |group| layer.parameter_gradients(pass, group, rows));
            }
        }
    }

    /// Makes the activations ready that a layer reads for `rows` rows of its input's gradient.
    fn ready_for(&mut self, layer: &Layer, rows: usize) {
        if let Some((slot, rows)) = layer.activation_read_backward(rows) {
            self.ready(slot, rows, Part::Again);
            self.group.read_activation_again(slot);
        }
    }
}

/// Rows of a strip: in inference of about [`STRIP`] vectors, and an even number, for tiles and pooled rows; in training all.
/// All as well where several threads share a strip, so that each has enough to do to be worth handing it over.
///
/// Where debug assertions are on, as in tests, one thread's strips are as narrow as can be, in training too, so that small
/// networks cross their edges, and any order of rows gives the same bits as another.
fn strip(geometry: Geometry, pass: &Pass) -> usize {
    if pass.blocks == 1 && cfg!(debug_assertions) {
        2
    } else if pass.blocks == 1 && !pass.training {
        (STRIP / (geometry.channels * geometry.width)).next_multiple_of(2).max(2)
    } else {
        geometry.height.max(1)
    }
}
