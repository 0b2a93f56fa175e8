//! One training step: forward, loss and backward over all lane groups of a batch.
//!
//! Batch norm needs the statistics of the whole batch before any image can go on, and two sums over the whole batch
//! on the way back. So the step is a few *stretches* (`course`), each run by every lane group alone and in parallel, with
//! a short meeting after each in which the groups' parts are merged in the order of the groups' index:
//!
//! ```text
//! forward   [load … moments₁] meet [normalise₁ … moments₂] meet …
//! turn      [normalise_last … loss … gradient_sums_last] meet
//! backward  [grad_input_last … gradient_sums] meet … [… first layer] meet: sum the parameter gradients
//! ```
//!
//! The whole step is one parallel region (`crew`): threads are woken once, not for every stretch. Where a group's
//! convolutions are shared by several threads, which are jobs for rayon, every stretch is a parallel loop.

use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use longhand_kernels::batch_norm::{InputGradient, Moments, Normaliser};
use longhand_kernels::{Isa, LANES};

use crate::channel_blocks::channel_blocks;
use crate::convolution_weights::ConvolutionWeights;
use crate::course::{Leg, batch_norm, course};
use crate::crew::{self, Stage};
use crate::lane_group::LaneGroup;
use crate::layers::{Layer, Mode, ParameterGradient, Pass};
use crate::loss::Loss;
use crate::network::Network;
use crate::plan::Plan;
use crate::stretch::Stretch;
use crate::timing::{SharedTimings, Timed, timed_stretch};

/// Parameters whose gradient is summed in one piece, at least.
const SUMMED_TOGETHER: usize = 2048;
/// Pieces of that sum, at most.
const MOST_SUMS: usize = 64;
/// Why no lock of a step is ever found poisoned.
const UNPOISONED: &str = "a panic ends the step";

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
        let Network { plan, layout, parameters, gradient, running_mean, running_var, workspaces, .. } = self;
        let (plan, parameters, workspaces) = (Arc::clone(plan), &*parameters, &*workspaces);
        let threads = rayon::current_num_threads();
        let blocks = channel_blocks(threads, groups.len(), &plan.layers);

        let course = course(&plan);
        let legs = (0..course.len()).map(|leg| Stage { items: groups.len(), backwards: leg % 2 == 1 });
        let piece = SUMMED_TOGETHER.max(gradient.len().div_ceil(MOST_SUMS));
        let totals: Vec<_> = gradient.chunks_mut(piece).map(|total| Mutex::new(Timed::new(total))).collect();
        // Weights are transformed before the first stretch, by whoever is awake already.
        let mut convolutions = std::mem::take(&mut self.convolutions);
        let pieces = ConvolutionWeights::take_apart(&mut convolutions, &plan.layers, true, blocks);
        let pieces: Vec<_> = pieces.into_iter().map(|piece| Mutex::new(Timed::new(Some(piece)))).collect();
        let before = Stage { items: pieces.len(), backwards: false };
        let after = Stage { items: totals.len(), backwards: false };
        let stages: Vec<Stage> = [before].into_iter().chain(legs).chain([after]).collect();

        let channels = layout.batch_norm_channels();
        let mut moments = vec![Moments::default(); channels];
        let mut norm_gradients = vec![ParameterGradient::default(); channels];
        let met = RwLock::new(Met {
            convolutions,
            normalisers: vec![Normaliser::default(); channels],
            input_gradients: vec![InputGradient::default(); channels],
        });
        let groups: Vec<RwLock<&mut LaneGroup>> = groups.iter_mut().map(RwLock::new).collect();

        let work = |stage: usize, item: usize| {
            let Some(leg) = stage.checked_sub(1) else {
                return pieces[item].lock().expect(UNPOISONED).work(|piece| {
                    piece.as_mut().expect("not put together yet").make(&plan.layers, parameters);
                });
            };
            let Some(leg) = course.get(leg) else {
                return totals[item].lock().expect(UNPOISONED).work(|total| sum_part(total, item * piece, &groups));
            };
            let met = met.read().expect(UNPOISONED);
            let pass = met.pass(isa, parameters, blocks);
            let group: &mut LaneGroup = &mut groups[item].write().expect(UNPOISONED);
            if leg.loads {
                group.reclaim_activations(&plan);
            }
            workspaces.lend(|workspace| {
                group.enter(workspace);
                timed_stretch(group, |group| {
                    if leg.loads {
                        begin(item, group, batch, &load);
                    }
                    go(leg, &mut Stretch::new(&plan, &pass, group, leg.known), &plan, loss, batch);
                });
                group.leave(workspace, &plan);
            });
        };
        let meet = |stage: usize| {
            let met = &mut *met.write().expect(UNPOISONED);
            let Some(leg) = stage.checked_sub(1).and_then(|leg| course.get(leg)) else {
                if stage == 0 {
                    let pieces = pieces.iter().filter_map(|piece| piece.lock().expect(UNPOISONED).it.take());
                    ConvolutionWeights::put_together(&mut met.convolutions, pieces);
                }
                return;
            };
            let groups: Vec<_> = groups.iter().map(|group| group.read().expect(UNPOISONED)).collect();
            let groups: Vec<&LaneGroup> = groups.iter().map(|group| &***group).collect();
            if let Some(closing) = leg.forward.as_ref().and_then(|forward| forward.closing) {
                let layer = batch_norm(&plan, closing);
                layer.meet_forward(&groups, parameters, &mut moments, &mut met.normalisers, running_mean, running_var);
            }
            if let Some(opening) = leg.backward.as_ref().and_then(|backward| backward.opening) {
                let layer = batch_norm(&plan, opening);
                layer.meet_backward(&groups, parameters, &moments, &mut met.input_gradients, &mut norm_gradients);
            }
        };
        if blocks > 1 {
            crew::fork_and_join(&stages, work, meet);
        } else {
            crew::run(threads.min(groups.len()), &stages, work, meet);
        }

        fn spent<T>(pieces: Vec<Mutex<Timed<T>>>) -> Vec<Duration> {
            pieces.into_iter().map(|piece| piece.into_inner().expect(UNPOISONED).spent).collect()
        }
        self.shared_timings = SharedTimings { packing: spent(pieces), summing: spent(totals) };
        for layer in &plan.layers {
            if let Layer::BatchNorm(layer) = layer {
                layer.put_gradient(&norm_gradients, gradient);
            }
        }
        let seen = groups.iter().map(|group| group.read().expect(UNPOISONED).loss);
        let (sum, correct) = seen.fold((0.0, 0), |(sum, correct), g| (sum + g.sum, correct + g.correct));
        self.convolutions = met.into_inner().expect(UNPOISONED).convolutions;
        // A count for people, begun at whatever a file says.
        self.batches_tracked = self.batches_tracked.saturating_add(1);
        StepOutcome { loss: sum / batch as f64, correct }
    }
}

/// What meetings leave to the stretches after them.
struct Met {
    convolutions: Vec<ConvolutionWeights>,
    normalisers: Vec<Normaliser>,
    input_gradients: Vec<InputGradient>,
}

impl Met {
    fn pass<'a>(&'a self, isa: Isa, parameters: &'a [f32], blocks: usize) -> Pass<'a> {
        let Met { convolutions, normalisers, input_gradients } = self;
        Pass { isa, parameters, convolutions, normalisers, input_gradients, mode: Mode::Training, blocks }
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

/// One group's work of a leg.
fn go(leg: &Leg, stretch: &mut Stretch, plan: &Plan, loss: &Loss, batch: usize) {
    if let Some(forward) = &leg.forward {
        stretch.forward(forward.slot, forward.closing.map(|index| (index, batch_norm(plan, index))));
        if forward.closing.is_none() {
            stretch.group.provide_gradient(forward.slot, plan.slots[forward.slot].gradient);
            turn_around(stretch.group, loss, batch);
        }
    }
    if let Some(backward) = &leg.backward {
        let opening = backward.opening.map(|index| (index, batch_norm(plan, index)));
        stretch.backward(backward.top, backward.layers.clone(), opening);
    }
}

/// The loss, and its gradient as the start of the way back.
fn turn_around(group: &mut LaneGroup, loss: &Loss, batch: usize) {
    let output = group.activations.last().expect("a plan has at least two slots");
    group.loss = loss.forward(output, &group.labels, group.active);
    let gradient = group.gradients.last_mut().expect("a plan has at least two slots");
    loss.backward(gradient, &group.labels, group.active, batch);
}

/// The gradient of the parameters from `first` on: the groups' parts added in index order.
///
/// Batch norm's are not among the parts; its meetings make them.
fn sum_part(total: &mut [f32], first: usize, groups: &[RwLock<&mut LaneGroup>]) {
    for (g, group) in groups.iter().enumerate() {
        let group = group.read().expect(UNPOISONED);
        let part = &group.grad_parameters[first..][..total.len()];
        if g == 0 {
            total.copy_from_slice(part);
        } else {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
    }
}
