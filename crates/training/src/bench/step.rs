//! A real training step, run again and again with a clock.

use std::time::{Duration, Instant};

use longhand_data::Dataset;
use longhand_kernels::{Isa, LANES};
use longhand_nn::layers::Layer;
use longhand_nn::{LaneGroup, LayerCost, LayerTiming, Loss, Network, NetworkSpec, Optimiser, SharedTimings, SpecError};
use serde::Serialize;

use super::parts::{ClassTotal, Part, Step, parts, totals};
use super::work::{Work, left_when_shared};
use super::{EPOCH_IMAGES, extremes, median, quantile};
use crate::recipe::Recipe;
use crate::train::{Loader, TrainError};

/// Steps that are not counted, before those that are.
const WARM_UP: usize = 5;

/// The time of a training step.
#[derive(Clone, Debug, Serialize)]
pub struct StepTime {
    /// Median seconds of a step.
    pub seconds: f64,
    /// A quarter of the steps were as fast as the first, a quarter as slow as the second.
    pub quartiles: (f64, f64),
    /// Fastest and slowest step.
    pub spread: (f64, f64),
    /// Steps timed.
    pub steps: usize,
    /// Steps of an epoch of 60,000 images.
    pub steps_per_epoch: usize,
}

impl StepTime {
    fn of(seconds: &[f64], batch_size: usize) -> Self {
        StepTime {
            seconds: median(seconds),
            quartiles: (quantile(seconds, 0.25), quantile(seconds, 0.75)),
            spread: extremes(seconds),
            steps: seconds.len(),
            steps_per_epoch: EPOCH_IMAGES.div_ceil(batch_size),
        }
    }

    /// Seconds of an epoch of 60,000 images, evaluation not counted.
    pub fn seconds_per_epoch(&self) -> f64 {
        self.seconds * self.steps_per_epoch as f64
    }
}

/// What direct convolution at the machine's peak would take.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Floor {
    /// Operations of all convolutions, forward and backward, for one image.
    pub operations_per_image: usize,
    /// Seconds of an epoch of 60,000 images of nothing else, at the peak.
    pub seconds_per_epoch: f64,
}

impl Floor {
    /// The floor of a network with these layers on a machine of this peak.
    pub fn of(operations_per_image: usize, peak_gflops: f64) -> Floor {
        let seconds_per_epoch = (operations_per_image * EPOCH_IMAGES) as f64 / (peak_gflops * 1e9);
        Floor { operations_per_image, seconds_per_epoch }
    }
}

/// A training step layer by layer.
#[derive(Clone, Debug)]
pub struct StepProfile {
    /// The step as a whole.
    pub time: StepTime,
    /// Where its time goes, in the order of layers: means over the steps between the quartiles.
    pub parts: Vec<Part>,
    /// The convolutions, and everything else.
    pub totals: Vec<ClassTotal>,
    /// What more threads could do.
    pub work: Work,
    /// Median seconds of a step on one thread.
    pub one_thread_seconds: f64,
}

/// Operations of `spec`'s convolutions by definition, for one image of a training step.
///
/// # Errors
/// When the spec is impossible.
pub fn direct_convolution_operations(spec: &NetworkSpec) -> Result<usize, SpecError> {
    let network = Network::new(spec, Default::default(), 0)?;
    let all = |c: &LayerCost| c.forward.operations + c.parameters.operations + c.backward.operations;
    Ok(network
        .layers()
        .iter()
        .zip(network.costs())
        .filter(|(l, _)| matches!(l, Layer::Conv2d(_) | Layer::DepthwiseConv2d(_)))
        .map(|(_, c)| all(&c))
        .sum())
}

/// Times `steps` training steps of `recipe` on `data`, the [`super::images`] of `recipe`, and a few more on one thread.
///
/// # Errors
/// When the network is impossible or the threads cannot be started.
pub fn profile(
    recipe: &Recipe,
    data: &Dataset,
    isa: Isa,
    threads: usize,
    steps: usize,
    peak_gflops: f64,
) -> Result<StepProfile, TrainError> {
    let mut run = Run::new(recipe, data, isa, threads)?;
    let together = run.steps(steps);
    let alone = match threads {
        1 => together.clone(),
        _ => Run::new(recipe, data, isa, 1)?.steps((steps / 4).max(2)),
    };
    let (mean, mean_alone) = (Step::middle(&together), Step::middle(&alone));
    // What only one thread can do, the optimiser apart: measured where nobody waits for anybody.
    let shared = mean_alone.in_stretches() + mean_alone.shared();
    let meetings = (mean_alone.seconds - shared - mean_alone.optimiser).max(0.0);
    let parts = parts(&run.network, &mean, meetings, recipe.batch_size, threads, peak_gflops);
    let items = run.network.work_items(recipe.batch_size);
    let totals = totals(&parts, mean.seconds, peak_gflops);
    let work = Work::of(
        &items,
        &mean_alone,
        meetings + mean_alone.optimiser,
        |threads| run.network.channel_blocks(threads, recipe.batch_size),
        |blocks| left_when_shared(run.network.layers(), &mean_alone, blocks),
    );
    let seconds = |steps: &[Step]| steps.iter().map(|s| s.seconds).collect::<Vec<_>>();
    Ok(StepProfile {
        time: StepTime::of(&seconds(&together), recipe.batch_size),
        totals,
        parts,
        work,
        one_thread_seconds: median(&seconds(&alone)),
    })
}

/// A network in training, with its pool of threads.
pub(super) struct Run<'a> {
    pub network: Network,
    pub groups: Vec<LaneGroup>,
    recipe: &'a Recipe,
    data: &'a Dataset,
    isa: Isa,
    pool: rayon::ThreadPool,
    optimiser: Optimiser,
}

impl<'a> Run<'a> {
    pub(super) fn new(recipe: &'a Recipe, data: &'a Dataset, isa: Isa, threads: usize) -> Result<Self, TrainError> {
        let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| TrainError::Threads { threads, reason: e.to_string() })?;
        let groups = (0..recipe.batch_size.div_ceil(LANES)).map(|_| network.training_group()).collect();
        let optimiser = Optimiser::new(&recipe.optimiser, network.layout());
        Ok(Run { network, groups, recipe, data, isa, pool, optimiser })
    }

    /// The times of so many steps, after a few that are not counted.
    pub(super) fn steps(&mut self, steps: usize) -> Vec<Step> {
        let Run { network, groups, recipe, data, isa, pool, optimiser } = self;
        let loss = Loss::new(&recipe.loss);
        let loader = Loader::new(recipe, &data.train, 1);
        let order: Vec<u32> = (0..data.train.len() as u32).collect();
        let batches = order.chunks_exact(recipe.batch_size).cycle().take(WARM_UP + steps);
        let one = |batch: &[u32]| {
            groups.iter_mut().for_each(LaneGroup::keep_timings);
            let started = Instant::now();
            network.train_step(*isa, groups, batch.len(), &loss, |g, group| loader.load(&batch[g * LANES..], group));
            let trained = started.elapsed();
            let (parameters, gradient) = network.parameters_and_gradient();
            // A rate of zero: the weights stay where no recipe can diverge, and the work is the same.
            optimiser.step(parameters, gradient, 0.0);
            step_of(groups, network.shared_timings(), started.elapsed(), trained)
        };
        pool.install(|| batches.map(one).skip(WARM_UP).collect())
    }
}

/// What the timings tell about one step that took `whole`, the optimiser coming after `trained`.
fn step_of(groups: &[LaneGroup], shared: &SharedTimings, whole: Duration, trained: Duration) -> Step {
    let timings: Vec<_> = groups.iter().filter_map(LaneGroup::timings).collect();
    let layers = timings.first().map_or(0, |t| t.layers.len());
    let stretches = timings.first().map_or(0, |t| t.stretches.len());
    let sum = |i: usize, part: fn(&LayerTiming) -> Duration| -> f64 {
        timings.iter().map(|t| part(&t.layers[i]).as_secs_f64()).sum()
    };
    let layer = |i| {
        [
            sum(i, |t| t.forward),
            sum(i, |t| t.again),
            sum(i, |t| t.statistics),
            sum(i, |t| t.parameters),
            sum(i, |t| t.backward),
        ]
    };
    let seconds = |pieces: &[Duration]| pieces.iter().map(Duration::as_secs_f64).collect();
    Step {
        seconds: whole.as_secs_f64(),
        optimiser: (whole - trained).as_secs_f64(),
        loading: timings.iter().map(|t| t.loading.as_secs_f64()).sum(),
        layers: (0..layers).map(layer).collect(),
        stretches: (0..stretches).map(|s| timings.iter().map(|t| t.stretches[s].as_secs_f64()).collect()).collect(),
        packing: seconds(&shared.packing),
        summing: seconds(&shared.summing),
    }
}
