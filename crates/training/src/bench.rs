//! Measurements: the machine's peak, each convolution's kernels, and a training step layer by layer.
//!
//! Every kernel's answer is checked against the plain form, bit for bit, before it is timed.

use std::time::{Duration, Instant};

use longhand_data::ImageSet;
use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Geometry, Isa, LANES, Lanes, peak};
use longhand_nn::{LaneGroup, LayerSpec, Loss, Network, NetworkSpec, Sgd, SpecError};
use serde::Serialize;

use crate::recipe::Recipe;
use crate::train::Loader;

/// Images of an MNIST epoch.
const EPOCH_IMAGES: usize = 60_000;

/// A kernel's speed.
#[derive(Clone, Debug, Serialize)]
pub struct KernelSpeed {
    /// The layer, such as `conv 3×3 10→20, 28×28`.
    pub layer: String,
    /// `forward`, `grad_input` or `grad_weight`.
    pub direction: &'static str,
    /// Floating-point operations for one image, two a multiply-add.
    pub flop_per_image: usize,
    /// Median speed of one thread.
    pub gflop_per_second: f64,
}

/// The time of a training step.
#[derive(Clone, Debug, Serialize)]
pub struct StepTime {
    /// Median seconds of a step.
    pub seconds: f64,
    /// Fastest and slowest step.
    pub spread: (f64, f64),
    /// Steps timed.
    pub steps: usize,
    /// Steps of an epoch of 60,000 images.
    pub steps_per_epoch: usize,
    /// Where the time of all threads goes: a share per part, of 1, largest first.
    pub shares: Vec<(String, f64)>,
}

impl StepTime {
    /// Seconds of an epoch of 60,000 images, evaluation not counted.
    pub fn seconds_per_epoch(&self) -> f64 {
        self.seconds * self.steps_per_epoch as f64
    }
}

/// The most floating-point operations a second that `threads` threads do at once, in GFLOP/s: the best of several.
pub fn peak_gflops(isa: Isa, threads: usize) -> f64 {
    // A few milliseconds a try, and the best of many: on a machine with neighbours the others show the neighbours.
    let rounds = if matches!(isa, Isa::Plain) { 100_000 } else { 1_000_000 };
    let run = || {
        std::thread::scope(|scope| {
            let started = Instant::now();
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(|| peak::multiply_adds(isa, rounds))).collect();
            let flop: u64 = handles.into_iter().map(|h| h.join().expect("multiply-adds do not panic")).sum();
            flop as f64 / started.elapsed().as_secs_f64() / 1e9
        })
    };
    (0..40).map(|_| run()).fold(0.0, f64::max)
}

/// Times the three directions of every convolution of `spec` on one thread.
///
/// # Errors
/// When the spec is impossible.
///
/// # Panics
/// When a fast kernel's answer is not the plain form's.
pub fn convolutions(spec: &NetworkSpec, isa: Isa) -> Result<Vec<KernelSpeed>, SpecError> {
    let shapes = spec.shapes()?;
    let mut input = spec.input_shape();
    let mut speeds = Vec::new();
    for (layer, &output) in spec.layers.iter().zip(&shapes) {
        if let LayerSpec::Conv { kernel, padding, .. } = *layer {
            let kernel = Kernel { size: kernel, padding };
            let x = Geometry::new(input.channels, input.height, input.width, padding);
            let back = kernel.of_input_gradient().padding;
            let y = Geometry::new(output.channels, output.height, output.width, back);
            let name =
                format!("{}→{} {}×{}, {}×{}", x.channels, y.channels, kernel.size, kernel.size, y.height, y.width);
            let flop = 2 * y.elements() * x.channels * kernel.size * kernel.size;
            let mut speed = |direction, seconds: f64| {
                let gflop_per_second = (flop * LANES) as f64 / seconds / 1e9;
                speeds.push(KernelSpeed { layer: name.clone(), direction, flop_per_image: flop, gflop_per_second });
            };
            let buffers = Buffers::new(kernel, x, y);
            speed("forward", buffers.check_and_time(isa, Buffers::forward));
            speed("grad_input", buffers.check_and_time(isa, Buffers::grad_input));
            speed("grad_weight", buffers.check_and_time(isa, Buffers::grad_weight));
        }
        input = output;
    }
    Ok(speeds)
}

/// The operands of one convolution.
struct Buffers {
    kernel: Kernel,
    x: Geometry,
    y: Geometry,
    input: Vec<Lanes>,
    grad_output: Vec<Lanes>,
    weight: Vec<f32>,
    flipped: Vec<f32>,
}

impl Buffers {
    fn new(kernel: Kernel, x: Geometry, y: Geometry) -> Self {
        let number = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5;
        let tensor = |g: Geometry| {
            let mut values = vec![Lanes::ZERO; g.len()];
            for c in 0..g.channels {
                for r in 0..g.height {
                    for s in 0..g.width {
                        let at = g.index(c, r, s);
                        values[at] = Lanes(std::array::from_fn(|l| number(at * LANES + l)));
                    }
                }
            }
            values
        };
        let weight: Vec<f32> = (0..x.channels * y.channels * kernel.size * kernel.size).map(number).collect();
        let mut flipped = vec![0.0; weight.len()];
        conv2d::flip_transpose(&weight, y.channels, x.channels, kernel.size, &mut flipped);
        Buffers { kernel, x, y, input: tensor(x), grad_output: tensor(y), weight, flipped }
    }

    fn forward(&self, isa: Isa, out: &mut Output) {
        out.lanes.resize(self.y.len(), Lanes::ZERO);
        conv2d::forward(isa, self.kernel, &mut out.lanes, self.y, &self.input, self.x, &self.weight, None, false);
    }

    fn grad_input(&self, isa: Isa, out: &mut Output) {
        out.lanes.resize(self.x.len(), Lanes::ZERO);
        conv2d::grad_input(isa, self.kernel, &mut out.lanes, self.x, &self.grad_output, self.y, &self.flipped);
    }

    fn grad_weight(&self, isa: Isa, out: &mut Output) {
        out.floats.resize(self.weight.len(), 0.0);
        conv2d::grad_weight(isa, self.kernel, &mut out.floats, &self.grad_output, self.y, &self.input, self.x);
    }

    /// The median seconds of a call, its answer checked before.
    fn check_and_time(&self, isa: Isa, call: fn(&Buffers, Isa, &mut Output)) -> f64 {
        let (mut fast, mut plain) = (Output::default(), Output::default());
        call(self, isa, &mut fast);
        call(self, Isa::Plain, &mut plain);
        assert!(fast == plain, "{isa} gives another answer than the plain form");
        median((0..25).map(|_| {
            let started = Instant::now();
            call(self, isa, &mut fast);
            started.elapsed().as_secs_f64()
        }))
    }
}

#[derive(Default, PartialEq)]
struct Output {
    lanes: Vec<Lanes>,
    floats: Vec<f32>,
}

/// Times `steps` training steps of `recipe` on images of `data`, after a few that are not counted.
///
/// # Errors
/// When the network is impossible.
pub fn training_step(
    recipe: &Recipe,
    data: &ImageSet,
    isa: Isa,
    threads: usize,
    steps: usize,
) -> Result<StepTime, SpecError> {
    let mut network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
    let loss = Loss::new(&recipe.loss);
    let mut optimiser = Sgd::new(recipe.optimiser.clone(), network.layout());
    let loader = Loader::new(recipe, data, 1);
    let order: Vec<u32> = (0..data.len() as u32).collect();
    let mut groups: Vec<LaneGroup> = (0..recipe.batch_size.div_ceil(LANES)).map(|_| network.training_group()).collect();
    let warm_up = 5;
    let mut seconds = Vec::with_capacity(steps);
    pool.install(|| {
        for (step, batch) in order.chunks_exact(recipe.batch_size).cycle().take(warm_up + steps).enumerate() {
            if step == warm_up {
                groups.iter_mut().for_each(LaneGroup::keep_timings);
            }
            let started = Instant::now();
            network.train_step(isa, &mut groups, batch.len(), &loss, |g, group| {
                loader.load(&batch[g * LANES..], group);
            });
            let (parameters, gradient) = network.parameters_and_gradient();
            // A rate of zero: the weights stay where no recipe can diverge, and the work is the same.
            optimiser.step(parameters, gradient, 0.0);
            if step >= warm_up {
                seconds.push(started.elapsed().as_secs_f64());
            }
        }
    });
    let total = seconds.iter().sum::<f64>() * threads as f64;
    seconds.sort_by(f64::total_cmp);
    Ok(StepTime {
        seconds: seconds[seconds.len() / 2],
        spread: (seconds[0], seconds[seconds.len() - 1]),
        steps,
        steps_per_epoch: EPOCH_IMAGES.div_ceil(recipe.batch_size),
        shares: shares(&network, &groups, total),
    })
}

/// Every part's share of `total` thread-seconds, largest first, and what no part accounts for.
fn shares(network: &Network, groups: &[LaneGroup], total: f64) -> Vec<(String, f64)> {
    let sum = |of: &dyn Fn(&longhand_nn::Timings) -> Duration| -> f64 {
        groups.iter().filter_map(LaneGroup::timings).map(|t| of(t).as_secs_f64()).sum()
    };
    let mut parts = vec![("loading and augmentation".to_owned(), sum(&|t| t.loading))];
    for (i, layer) in network.layers().iter().enumerate() {
        let name = format!("{}. {}", i + 1, layer.name());
        parts.push((format!("{name}, forward"), sum(&|t| t.layers[i].forward)));
        parts.push((format!("{name}, backward"), sum(&|t| t.layers[i].backward)));
        parts.push((format!("{name}, parameters"), sum(&|t| t.layers[i].parameters)));
        parts.push((format!("{name}, statistics"), sum(&|t| t.layers[i].statistics)));
        parts.push((format!("{name}, forward again"), sum(&|t| t.layers[i].again)));
    }
    let accounted: f64 = parts.iter().map(|(_, s)| s).sum();
    parts.push(("optimiser, sums over groups, waiting".to_owned(), (total - accounted).max(0.0)));
    parts.iter_mut().for_each(|(_, s)| *s /= total);
    parts.retain(|(_, share)| *share >= 0.0005);
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    parts
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
