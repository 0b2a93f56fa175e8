//! The learning-rate range test: a short training whose rate rises from far too low to far too high (Smith 2015,
//! "Cyclical learning rates for training neural networks").

use std::ops::ControlFlow;

use longhand_data::shuffle::permutation;
use longhand_kernels::{Isa, LANES};
use longhand_nn::{LaneGroup, Loss, Network, Optimiser};
use serde::Serialize;

use crate::recipe::Recipe;
use crate::split::Split;
use crate::train::{Loader, TrainError, check_data, thread_pool};

/// Rates from `from` to `to`, each step's the same multiple of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateRange {
    /// The rate of the first step.
    pub from: f64,
    /// The rate of the last step.
    pub to: f64,
    /// How many steps; at least 2.
    pub steps: usize,
}

impl Default for RateRange {
    /// 200 steps from 10⁻⁵ to 10.
    fn default() -> Self {
        RateRange { from: 1e-5, to: 10.0, steps: 200 }
    }
}

impl RateRange {
    /// The rate of a step, counted from 0.
    pub fn rate(&self, step: usize) -> f64 {
        let share = step as f64 / (self.steps.max(2) - 1) as f64;
        self.from * libm::exp(share * libm::log(self.to / self.from))
    }
}

/// One step of a range test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatePoint {
    /// The rate of the step.
    pub learning_rate: f64,
    /// The loss of the batch before the weights moved.
    pub loss: f64,
    /// The mean of the losses nearest to it.
    pub smoothed_loss: f64,
}

/// How a range test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RateTestEnd {
    /// The loss ran away, or was no number any more.
    Diverged,
    /// All rates were tried, and none made the loss run away.
    RangeDone,
    /// Whoever watched stopped it.
    Interrupted,
}

/// What a range test found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateTest {
    /// The rates tried.
    pub range: RateRange,
    /// A point per step that gave a number.
    pub points: Vec<RatePoint>,
    /// How it ended.
    pub ended: RateTestEnd,
    /// The rate at which the smoothed loss was lowest.
    pub lowest: Option<f64>,
    /// A tenth of that, for a rate or the top of a one-cycle: near the top of what works, with room for the rates at
    /// which a training of many epochs goes astray and one of a few steps does not yet. `None` when the loss never fell.
    ///
    /// The rule is that of fastai's `lr_find` (`minimum`), by Gugger 2018, "How do you find a good learning rate".
    pub suggestion: Option<f64>,
}

/// A loss so many times the lowest so far, both smoothed, has run away (Gugger 2018).
const RUN_AWAY: f64 = 4.0;
/// The share of the running mean kept at each step; it decides when to stop and nothing else.
const KEPT: f64 = 0.9;
/// A point is smoothed over itself and a twentieth of the steps on either side, so that the curve does not lag behind.
const NEIGHBOURS: usize = 20;

/// Trains a network of `recipe` from its initial weights on the training images of `split`, one step for each rate of
/// `range`, until the loss runs away; `watch` is told each step's number, from 1, and its point, and may stop it.
///
/// Nothing is judged on any image held out, and nothing of the network is kept: a training that follows begins from the
/// same initial weights.
///
/// # Errors
/// When network and data do not fit, or the threads cannot be started.
pub fn find_learning_rate(
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    range: RateRange,
    watch: &mut (dyn FnMut(usize, RatePoint) -> ControlFlow<()> + Send),
) -> Result<RateTest, TrainError> {
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
    find_learning_rate_from(network, recipe, split, isa, threads, range, watch)
}

/// Like [`find_learning_rate`], from the weights of `network` instead of random ones.
///
/// # Errors
/// As [`find_learning_rate`].
///
/// # Panics
/// When `network` is not the recipe's.
pub fn find_learning_rate_from(
    network: Network,
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    range: RateRange,
    watch: &mut (dyn FnMut(usize, RatePoint) -> ControlFlow<()> + Send),
) -> Result<RateTest, TrainError> {
    assert_eq!(network.spec(), &recipe.network, "the network to begin from is the recipe's");
    check_data(recipe, &network, &[&split.train])?;
    let (points, ended) = thread_pool(threads)?.install(|| steps(recipe, split, isa, range, network, watch));
    Ok(RateTest::new(range, points, ended))
}

fn steps(
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    range: RateRange,
    mut network: Network,
    watch: &mut (dyn FnMut(usize, RatePoint) -> ControlFlow<()> + Send),
) -> (Vec<RatePoint>, RateTestEnd) {
    let images = split.train.len();
    let loss = Loss::new(&recipe.loss);
    let mut optimiser = Optimiser::new(&recipe.optimiser, network.layout());
    let batch = recipe.batch_size.min(images);
    let mut groups: Vec<LaneGroup> = (0..batch.div_ceil(LANES)).map(|_| network.training_group()).collect();
    let mut points = Vec::with_capacity(range.steps);
    let (mut running, mut lowest) = (0.0, f64::INFINITY);
    for epoch in 1.. {
        let order = permutation(recipe.seed, epoch, images);
        let loader = Loader::new(recipe, &split.train, epoch);
        // Whole batches only: a small last one would show as a jump of the loss.
        for batch in order.chunks_exact(batch) {
            let step = points.len();
            if step == range.steps {
                return (points, RateTestEnd::RangeDone);
            }
            let learning_rate = range.rate(step);
            let outcome = network.train_step(isa, &mut groups, batch.len(), &loss, |g, group| {
                loader.load(&batch[g * LANES..], group);
            });
            if !outcome.loss.is_finite() {
                return (points, RateTestEnd::Diverged);
            }
            running = KEPT * running + (1.0 - KEPT) * outcome.loss;
            // A mean that begins at 0 is too low by the share it has not yet seen.
            let unseen = (0..=step).fold(1.0, |power, _| power * KEPT);
            let smoothed_loss = running / (1.0 - unseen);
            let point = RatePoint { learning_rate, loss: outcome.loss, smoothed_loss };
            points.push(point);
            lowest = smoothed_loss.min(lowest);
            if smoothed_loss > RUN_AWAY * lowest {
                return (points, RateTestEnd::Diverged);
            }
            if watch(points.len(), point).is_break() {
                return (points, RateTestEnd::Interrupted);
            }
            let (parameters, gradient) = network.parameters_and_gradient();
            optimiser.step(parameters, gradient, learning_rate);
        }
    }
    unreachable!("some epoch has the last step")
}

impl RateTest {
    fn new(range: RateRange, mut points: Vec<RatePoint>, ended: RateTestEnd) -> Self {
        let losses: Vec<f64> = points.iter().map(|p| p.loss).collect();
        let reach = range.steps / NEIGHBOURS;
        for (index, point) in points.iter_mut().enumerate() {
            // As many on either side, so that a falling curve is not bent at its ends.
            let reach = reach.min(index).min(losses.len() - 1 - index);
            let near = &losses[index - reach..=index + reach];
            point.smoothed_loss = near.iter().sum::<f64>() / near.len() as f64;
        }
        let lowest = points.iter().min_by(|a, b| a.smoothed_loss.total_cmp(&b.smoothed_loss));
        // At the very first rates the loss has not moved yet: lowest there means that it never fell.
        let fell = lowest.zip(points.first()).is_some_and(|(l, first)| l.smoothed_loss < 0.9 * first.smoothed_loss);
        let lowest = lowest.filter(|_| fell).map(|l| l.learning_rate);
        RateTest { range, ended, lowest, suggestion: lowest.map(|rate| rate / 10.0), points }
    }

    /// Whether the loss was still falling when the rates ended, so that a higher range would say more.
    pub fn range_too_low(&self) -> bool {
        let last_tenth = self.range.rate(self.range.steps - self.range.steps / 10);
        self.ended == RateTestEnd::RangeDone && self.lowest.is_some_and(|rate| rate >= last_tenth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_of(loss: impl Fn(f64) -> f64, ended: RateTestEnd) -> RateTest {
        let range = RateRange { from: 1e-4, to: 1.0, steps: 81 };
        let points = (0..81).map(|step| {
            let learning_rate = range.rate(step);
            RatePoint { learning_rate, loss: loss(learning_rate), smoothed_loss: f64::NAN }
        });
        RateTest::new(range, points.collect(), ended)
    }

    #[test]
    fn rates_are_even_in_their_logarithm() {
        let range = RateRange { from: 1e-4, to: 1.0, steps: 5 };
        for (step, wanted) in [1e-4, 1e-3, 1e-2, 1e-1, 1.0].into_iter().enumerate() {
            assert!((range.rate(step) / wanted - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_tenth_of_the_rate_of_the_lowest_loss_is_suggested() {
        // A valley at .1 in the logarithm of the rate, with a wiggle from step to step.
        let valley = |rate: f64| (rate.log10() + 1.0).powi(2) + 0.5;
        let found = test_of(|rate| valley(rate) + 0.1 * (1e4 * rate).sin(), RateTestEnd::Diverged);
        let suggestion = found.suggestion.unwrap();
        assert!((0.006..0.016).contains(&suggestion), "{suggestion}");
        assert!(!found.range_too_low());
        let off = |of: fn(&RatePoint) -> f64| -> f64 {
            found.points[10..70].iter().map(|p| (of(p) - valley(p.learning_rate)).abs()).sum()
        };
        let (smoothed, raw) = (off(|p| p.smoothed_loss), off(|p| p.loss));
        assert!(smoothed < 0.7 * raw, "smoothing smooths: {smoothed} of {raw}");
    }

    #[test]
    fn a_loss_that_never_fell_gives_no_suggestion_and_one_still_falling_says_so() {
        assert_eq!(test_of(|_| 2.3, RateTestEnd::RangeDone).suggestion, None);
        assert_eq!(test_of(|rate| 2.3 + rate, RateTestEnd::Diverged).suggestion, None);
        assert!(test_of(|rate| 2.3 - rate.log10(), RateTestEnd::RangeDone).range_too_low());
        assert_eq!(RateTest::new(RateRange::default(), Vec::new(), RateTestEnd::Diverged).suggestion, None);
    }
}
