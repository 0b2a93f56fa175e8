//! How long a run will take: measured where it can be, else estimated from what was measured before.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use longhand_nn::Summary;
use longhand_training::experiment::{RunTime, time_recipe};
use longhand_training::{EvaluatedOn, HELD_OUT, Recipe, Split};
use serde_json::{Value, json};

use crate::house::State;
use crate::locked::Locked as _;

/// How long the training loop is timed.
const TRIAL: Duration = Duration::from_millis(400);
/// The most multiply-adds of a trial: a few seconds, since somebody waits for it.
const MOST_TRIED: usize = 100_000_000_000;
/// Recipes whose times are kept.
const KEPT: usize = 200;

/// How long a trial is believed: the machine may have been busy with something else meanwhile.
const BELIEVED: Duration = Duration::from_secs(60);

/// Where a time is from.
#[derive(Clone, Copy)]
enum Source {
    /// A whole epoch of a run.
    Epoch,
    /// A trial, made then.
    Trial(Instant),
}

/// What epochs took, or were measured to take.
#[derive(Default)]
pub(crate) struct Times {
    known: Mutex<Known>,
    /// Held during a trial: two at once would time each other.
    trial: Mutex<()>,
    /// Set to end a trial early.
    end: AtomicBool,
}

#[derive(Default)]
struct Known {
    by_recipe: HashMap<String, (RunTime, Source)>,
    /// Seconds of training for each multiply-add of a forward pass, of whatever was measured last.
    seconds_per_multiply_add: Option<f64>,
}

impl Times {
    /// Notes what an epoch of `recipe` took.
    pub(crate) fn note(&self, recipe: &Recipe, images: usize, time: RunTime) {
        self.keep(recipe, images, time, Source::Epoch);
    }

    fn keep(&self, recipe: &Recipe, images: usize, time: RunTime, source: Source) {
        let mut known = self.known.locked();
        if let Ok(summary) = Summary::of(&recipe.network) {
            let work = summary.multiply_adds() as f64 * images as f64;
            known.seconds_per_multiply_add = Some(time.train_seconds / work.max(1.0));
        }
        if known.by_recipe.len() >= KEPT {
            known.by_recipe.clear();
        }
        known.by_recipe.insert(key(recipe, images), (time, source));
    }

    /// Ends a trial that goes on: the processors are needed.
    pub(super) fn end_trial(&self) {
        self.end.store(true, Ordering::Relaxed);
    }

    /// The time of a run as pages show it; null where nothing is known.
    ///
    /// Times the real loop where the data are there and nothing is being trained, which the trial would disturb.
    pub(super) fn predicted(&self, house: &State, recipe: &Recipe, judged_on: EvaluatedOn) -> Value {
        let shown = |time: RunTime, how: &str| json!({ "seconds_per_epoch": time.of_epoch(), "seconds": time.of_run(recipe.epochs), "how": how });
        let Ok(data) = house.data.get() else { return Value::Null };
        // Counted, not split: a split for validation copies the images.
        let (images, judged) = match judged_on {
            EvaluatedOn::Test => (data.train.len(), data.test.len()),
            EvaluatedOn::Validation => (data.train.len().saturating_sub(HELD_OUT), HELD_OUT.min(data.train.len())),
        };
        let known = self.known.locked().by_recipe.get(&key(recipe, images)).copied();
        let is_believed = |source: Source| match source {
            Source::Epoch => true,
            Source::Trial(then) => then.elapsed() < BELIEVED,
        };
        if let Some((time, _)) = known.filter(|(_, source)| is_believed(*source) || house.queue.is_training()) {
            return shown(time, "measured");
        }
        // A trial is four steps, each forward and twice as much backward, and one judgement.
        let work =
            |summary: Summary| summary.multiply_adds().saturating_mul(judged + 12 * recipe.batch_size.min(images));
        let is_small = Summary::of(&recipe.network).is_ok_and(|summary| work(summary) <= MOST_TRIED);
        let alone = self.trial.try_lock().ok().filter(|_| is_small && !house.queue.is_training());
        if let Some((_alone, split)) = alone.and_then(|alone| Some((alone, Split::new(&data, judged_on).ok()?))) {
            self.end.store(false, Ordering::Relaxed);
            let tried = time_recipe(recipe, &split, house.isa, &[house.threads], TRIAL, &self.end);
            // A run that began meanwhile had the processors.
            if let Some(time) = tried.ok().filter(|_| !self.end.load(Ordering::Relaxed)) {
                self.keep(recipe, images, time, Source::Trial(Instant::now()));
                return shown(time, "measured");
            }
        }
        let seconds = self.known.locked().seconds_per_multiply_add;
        let (Some(seconds), Ok(summary)) = (seconds, Summary::of(&recipe.network)) else { return Value::Null };
        let of = |images: usize| seconds * summary.multiply_adds() as f64 * images as f64;
        // A judgement is a forward pass: a third of a training step.
        let time = RunTime { train_seconds: of(images), evaluation_seconds: of(judged) / 3.0 };
        shown(time, "estimated")
    }
}

/// What decides how long an epoch takes.
fn key(recipe: &Recipe, images: usize) -> String {
    serde_json::to_string(&(&recipe.network, recipe.batch_size, &recipe.augmentation, images)).expect("plain data")
}
