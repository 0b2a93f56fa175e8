//! How long runs will take, by trying.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use longhand_kernels::Isa;
use longhand_nn::Schedule;

use crate::evaluation::evaluate;
use crate::recipe::Recipe;
use crate::split::Split;
use crate::train::{EpochDone, Observer, Progress, TrainError, thread_pool, train};

/// Steps that are not counted, before those that are.
const WARM_UP: usize = 3;

/// What an epoch of a recipe takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunTime {
    /// Seconds of training an epoch.
    pub train_seconds: f64,
    /// Seconds of evaluation after it.
    pub evaluation_seconds: f64,
}

impl RunTime {
    /// Seconds of an epoch and its evaluation.
    pub fn of_epoch(&self) -> f64 {
        self.train_seconds + self.evaluation_seconds
    }

    /// Seconds of a run of so many epochs, and of the closer look at what came of it, which is one evaluation more.
    pub fn of_run(&self, epochs: usize) -> f64 {
        self.of_epoch() * epochs as f64 + self.evaluation_seconds
    }
}

/// Times the real training loop of `recipe` on `split` for about `duration`, as many copies at once as `threads` has
/// numbers, each on so many threads, or for a whole run where that is shorter; and one evaluation.
///
/// The learning rate is zero meanwhile: the work is the same, and no recipe can diverge. Ends early once `stop` is set.
///
/// # Errors
/// As [`train`].
pub fn time_recipe(
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: &[usize],
    duration: Duration,
    stop: &AtomicBool,
) -> Result<RunTime, TrainError> {
    let still = Recipe { schedule: Schedule::Constant { learning_rate: 0.0 }, ..recipe.clone() };
    let times: Vec<RunTime> = thread::scope(|scope| {
        let still = &still;
        let copies: Vec<_> =
            threads.iter().map(|&n| scope.spawn(move || time_one(still, split, isa, n, duration, stop))).collect();
        copies.into_iter().map(|copy| copy.join().expect("timing does not panic")).collect::<Result<_, _>>()
    })?;
    let mean = |part: fn(&RunTime) -> f64| times.iter().map(part).sum::<f64>() / times.len() as f64;
    Ok(RunTime { train_seconds: mean(|t| t.train_seconds), evaluation_seconds: mean(|t| t.evaluation_seconds) })
}

fn time_one(
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    duration: Duration,
    stop: &AtomicBool,
) -> Result<RunTime, TrainError> {
    let mut watch = Stopwatch::new(duration, stop);
    let trained = train(recipe, split, isa, threads, &mut watch)?;
    let evaluation_seconds = match watch.evaluations {
        0 => {
            let pool = thread_pool(threads)?;
            let started = Instant::now();
            pool.install(|| evaluate(&trained.network, isa, &split.evaluation, &recipe.normalisation));
            started.elapsed().as_secs_f64()
        }
        n => watch.evaluation_seconds / n as f64,
    };
    let train_seconds = match watch.images {
        // So few steps that all of them were warming up.
        0 => watch.begun.elapsed().as_secs_f64(),
        n => watch.seconds / n as f64 * split.train.len() as f64,
    };
    Ok(RunTime { train_seconds, evaluation_seconds })
}

/// Adds up the time of steps, and stops the training once there is enough of it.
struct Stopwatch<'a> {
    begun: Instant,
    duration: Duration,
    stop: &'a AtomicBool,
    /// When the last step ended, or the epoch's evaluation.
    last: Option<Instant>,
    /// Images of this epoch done by then.
    done: usize,
    steps: usize,
    seconds: f64,
    images: usize,
    evaluation_seconds: f64,
    evaluations: usize,
}

impl<'a> Stopwatch<'a> {
    fn new(duration: Duration, stop: &'a AtomicBool) -> Self {
        Stopwatch {
            begun: Instant::now(),
            duration,
            stop,
            last: None,
            done: 0,
            steps: 0,
            seconds: 0.0,
            images: 0,
            evaluation_seconds: 0.0,
            evaluations: 0,
        }
    }
}

impl Observer for Stopwatch<'_> {
    fn step(&mut self, progress: Progress) -> ControlFlow<()> {
        let now = Instant::now();
        self.steps += 1;
        if self.steps == WARM_UP {
            self.begun = now;
        }
        if let Some(last) = self.last.filter(|_| self.steps > WARM_UP) {
            self.seconds += (now - last).as_secs_f64();
            self.images += progress.images - self.done;
        }
        (self.last, self.done) = (Some(now), progress.images);
        let enough = self.steps > WARM_UP && self.begun.elapsed() >= self.duration;
        if enough || self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.evaluation_seconds += done.metrics.evaluation_seconds;
        self.evaluations += 1;
        (self.last, self.done) = (Some(Instant::now()), 0);
        Ok(())
    }
}

/// Seconds until runs of these many seconds, begun in this order, are all done where `at_once` go on side by side.
pub fn finish_in(seconds: &[f64], at_once: usize) -> f64 {
    let mut slots = vec![0.0_f64; at_once.max(1)];
    for run in seconds {
        let free = slots.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("at least one slot");
        *free += run;
    }
    slots.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_side_by_side_end_with_the_last_of_them() {
        assert_eq!(finish_in(&[], 2), 0.0);
        assert_eq!(finish_in(&[3.0, 1.0, 1.0], 1), 5.0);
        assert_eq!(finish_in(&[3.0, 1.0, 1.0, 2.0], 2), 4.0);
    }
}
