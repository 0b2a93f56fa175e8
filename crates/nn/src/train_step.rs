//! One training step: forward, loss and backward over all lane groups of a batch.
//!
//! Batch norm needs the statistics of the whole batch before any image can go on, and two sums over the whole batch
//! on the way back. So the step is a few *stretches*, each run by every lane group alone and in parallel, with a
//! short meeting after each in which the groups' parts are merged in the order of the groups' index:
//!
//! ```text
//! forward   [load … moments₁] meet [normalise₁ … moments₂] meet …
//! turn      [normalise_last … loss … gradient_sums_last] meet
//! backward  [grad_input_last … gradient_sums] meet … [… first layer] meet: sum the parameter gradients
//! ```

use std::sync::Arc;
use std::time::Instant;

use longhand_kernels::batch_norm::{InputGradient, Moments, Normaliser};
use longhand_kernels::{Isa, LANES};
use rayon::prelude::*;

use crate::channel_blocks::channel_blocks;
use crate::convolution_weights::ConvolutionWeights;
use crate::lane_group::LaneGroup;
use crate::layers::{BatchNorm, Layer, Pass};
use crate::loss::Loss;
use crate::network::Network;
use crate::stretch::Stretch;
use crate::timing::timed_stretch;

/// What a training step saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOutcome {
    /// The mean loss over the batch, before the parameters move.
    pub loss: f64,
    /// Images whose most probable class was their label.
    pub correct: usize,
}

impl Network {
    /// Computes the mean loss of a batch and the gradient of every parameter ([`Network::gradient`], overwritten), and
    /// moves the running statistics. The parameters stay: an optimiser moves them.
    ///
    /// `load(g, group)` puts images `16·g` and following of the batch, their labels and dropout keys into the group,
    /// in parallel; how many it must fill is [`LaneGroup::active`]. `groups` holds at least ⌈batch/16⌉ groups made by
    /// [`Network::training_group`]. Runs on the rayon pool it is called from.
    ///
    /// # Panics
    /// When `batch` is 0 or above `16 · groups.len()`.
    pub fn train_step(
        &mut self,
        isa: Isa,
        groups: &mut [LaneGroup],
        batch: usize,
        loss: &Loss,
        load: impl Fn(usize, &mut LaneGroup) + Sync,
    ) -> StepOutcome {
        assert!(batch > 0 && batch <= groups.len() * LANES, "a batch of {batch} in {} groups", groups.len());
        let groups = &mut groups[..batch.div_ceil(LANES)];
        let channels = self.layout.batch_norm_channels();
        let mut moments = vec![Moments::default(); channels];
        let mut normalisers = vec![Normaliser::default(); channels];
        let mut input_gradients = vec![InputGradient::default(); channels];
        let mut convolutions = std::mem::take(&mut self.convolutions);
        let blocks = channel_blocks(rayon::current_num_threads(), groups.len());
        self.set_convolution_weights(&mut convolutions, true, blocks);

        for group in &mut *groups {
            group.reclaim_activations(&self.plan);
        }
        let plan = Arc::clone(&self.plan);
        let layers = &plan.layers;
        let first_trained = self.plan.first_trained;
        let batch_norms: Vec<usize> = (0..layers.len()).filter(|&i| matches!(layers[i], Layer::BatchNorm(_))).collect();
        let batch_norm = |index: usize| -> &BatchNorm {
            match &layers[index] {
                Layer::BatchNorm(layer) => layer,
                _ => unreachable!("listed as batch norm"),
            }
        };

        // Forward, up to the last batch norm's moments.
        let mut known = 0;
        for (stretch, &closing) in batch_norms.iter().enumerate() {
            let pass = self.pass(isa, blocks, &convolutions, &normalisers, &input_gradients);
            let slot = batch_norm(closing).slot;
            self.each(groups, stretch % 2 == 1, &pass, known, |g, stretch| {
                if known == 0 {
                    begin(g, stretch.group, batch, &load);
                }
                stretch.forward(slot, Some((closing, batch_norm(closing))));
            });
            batch_norm(closing).meet_forward(
                groups,
                &self.parameters,
                &mut moments,
                &mut normalisers,
                &mut self.running_mean,
                &mut self.running_var,
            );
            known = slot + 1;
        }

        // The turn: to the loss and back to the last batch norm's gradient sums.
        let output = plan.slots.len() - 1;
        let (mut top, mut until) = (output, layers.len());
        for (turn, opening) in batch_norms.iter().rev().map(Some).chain([None]).enumerate() {
            // Everything behind the batch norm that opens this stretch, and that batch norm itself if nothing opens it.
            let back_to = opening.map_or(first_trained, |&o| o + 1);
            let opening = opening.map(|&o| (o, batch_norm(o)));
            let known = if turn == 0 { known } else { plan.slots.len() };
            let pass = self.pass(isa, blocks, &convolutions, &normalisers, &input_gradients);
            self.each(groups, (batch_norms.len() + turn) % 2 == 1, &pass, known, |g, stretch| {
                if turn == 0 {
                    if batch_norms.is_empty() {
                        begin(g, stretch.group, batch, &load);
                    }
                    stretch.forward(output, None);
                    stretch.group.provide_gradient(output, plan.slots[output].gradient);
                    turn_around(stretch.group, loss, batch);
                }
                stretch.backward(top, back_to..until, opening);
            });
            if let Some((index, opening)) = opening {
                opening.meet_backward(groups, &self.parameters, &moments, &mut input_gradients, &mut self.gradient);
                (top, until) = (opening.slot + 1, index + 1);
            }
        }

        self.convolutions = convolutions;
        // A count for people, begun at whatever a file says.
        self.batches_tracked = self.batches_tracked.saturating_add(1);
        self.sum_parameter_gradients(groups);
        let (sum, correct) =
            groups.iter().fold((0.0, 0), |(sum, correct), g| (sum + g.loss.sum, correct + g.loss.correct));
        StepOutcome { loss: sum / batch as f64, correct }
    }

    fn pass<'a>(
        &'a self,
        isa: Isa,
        blocks: usize,
        convolutions: &'a [ConvolutionWeights],
        normalisers: &'a [Normaliser],
        input_gradients: &'a [InputGradient],
    ) -> Pass<'a> {
        Pass { isa, parameters: &self.parameters, convolutions, normalisers, input_gradients, training: true, blocks }
    }

    /// Runs `work` for every group, in parallel, each with the workspace of the thread it runs on.
    ///
    /// Every other stretch goes through the groups `backwards`: it begins with those whose memory the stretch before
    /// used last, which the cache is likeliest to hold still.
    fn each(
        &self,
        groups: &mut [LaneGroup],
        backwards: bool,
        pass: &Pass,
        known: usize,
        work: impl Fn(usize, &mut Stretch) + Sync,
    ) {
        let one = |(g, group): (usize, &mut LaneGroup)| {
            self.workspaces.lend(|workspace| {
                group.enter(workspace);
                timed_stretch(group, |group| work(g, &mut Stretch::new(&self.plan, pass, group, known)));
                group.leave(workspace, &self.plan);
            });
        };
        let each = groups.par_iter_mut().enumerate().with_max_len(1);
        if backwards { each.rev().for_each(one) } else { each.for_each(one) }
    }

    /// The gradient of every convolution and linear parameter: the groups' parts added in index order.
    ///
    /// Batch norm's have been written by its meeting already.
    fn sum_parameter_gradients(&mut self, groups: &[LaneGroup]) {
        for layer in &self.plan.layers {
            let (weight, bias) = match layer {
                Layer::Conv2d(layer) => (&layer.weight, &layer.bias),
                Layer::DepthwiseConv2d(layer) => (&layer.weight, &layer.bias),
                Layer::Linear(layer) => (&layer.weight, &layer.bias),
                _ => continue,
            };
            for range in [Some(weight), bias.as_ref()].into_iter().flatten() {
                let total = &mut self.gradient[range.clone()];
                total.copy_from_slice(&groups[0].grad_parameters[range.clone()]);
                for group in &groups[1..] {
                    for (total, part) in total.iter_mut().zip(&group.grad_parameters[range.clone()]) {
                        *total += part;
                    }
                }
            }
        }
    }
}

/// Tells the group how many images it holds and has them loaded.
fn begin(g: usize, group: &mut LaneGroup, batch: usize, load: &(impl Fn(usize, &mut LaneGroup) + Sync)) {
    group.set_active((batch - g * LANES).min(LANES));
    let started = group.timings.is_some().then(Instant::now);
    load(g, group);
    if let (Some(started), Some(timings)) = (started, &mut group.timings) {
        timings.loading += started.elapsed();
    }
}

/// The loss, and its gradient as the start of the way back.
fn turn_around(group: &mut LaneGroup, loss: &Loss, batch: usize) {
    let output = group.activations.last().expect("a plan has at least two slots");
    group.loss = loss.forward(output, &group.labels, group.active);
    let gradient = group.gradients.last_mut().expect("a plan has at least two slots");
    loss.backward(gradient, &group.labels, group.active, batch);
}
