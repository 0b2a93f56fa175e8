//! How long a run will take: measured where it can be, else estimated from what was measured before.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use longhand_nn::Summary;
use longhand_training::experiment::{RunTime, time_recipe};
use longhand_training::{EvaluatedOn, Recipe, Split};
use serde_json::{Value, json};

use crate::house::State;

/// How long the training loop is timed.
const TRIAL: Duration = Duration::from_millis(400);
/// Recipes whose times are kept.
const KEPT: usize = 200;

/// What epochs took, or were measured to take.
#[derive(Default)]
pub(crate) struct Times {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_recipe: HashMap<String, RunTime>,
    /// Seconds of training for each multiply-add of a forward pass, of whatever was measured last.
    seconds_per_multiply_add: Option<f64>,
}

impl Times {
    /// Notes what an epoch of `recipe` took.
    pub(crate) fn note(&self, recipe: &Recipe, images: usize, time: RunTime) {
        let mut known = self.known.lock().expect("nobody panicked");
        if let Ok(summary) = Summary::of(&recipe.network) {
            let work = summary.multiply_adds() as f64 * images as f64;
            known.seconds_per_multiply_add = Some(time.train_seconds / work.max(1.0));
        }
        if known.by_recipe.len() >= KEPT {
            known.by_recipe.clear();
        }
        known.by_recipe.insert(key(recipe, images), time);
    }

    /// The time of a run as pages show it; null where nothing is known.
    ///
    /// Times the real loop where the data are there and nothing is being trained, which the trial would disturb.
    pub(super) fn predicted(&self, house: &State, recipe: &Recipe, judged_on: EvaluatedOn) -> Value {
        let shown = |time: RunTime, how: &str| json!({ "seconds_per_epoch": time.of_epoch(), "seconds": time.of_run(recipe.epochs), "how": how });
        let Ok(data) = house.data.get() else { return Value::Null };
        let Ok(split) = Split::new(&data, judged_on) else { return Value::Null };
        let images = split.train.len();
        let known = self.known.lock().expect("nobody panicked").by_recipe.get(&key(recipe, images)).copied();
        if let Some(time) = known {
            return shown(time, "measured");
        }
        if !house.queue.is_training() {
            let stop = AtomicBool::new(false);
            if let Ok(time) = time_recipe(recipe, &split, house.isa, &[house.threads], TRIAL, &stop) {
                self.note(recipe, images, time);
                return shown(time, "measured");
            }
        }
        let seconds = self.known.lock().expect("nobody panicked").seconds_per_multiply_add;
        let (Some(seconds), Ok(summary)) = (seconds, Summary::of(&recipe.network)) else { return Value::Null };
        let of = |images: usize| seconds * summary.multiply_adds() as f64 * images as f64;
        // A judgement is a forward pass: a third of a training step.
        let time = RunTime { train_seconds: of(images), evaluation_seconds: of(split.evaluation.len()) / 3.0 };
        shown(time, "estimated")
    }
}

/// What decides how long an epoch takes.
fn key(recipe: &Recipe, images: usize) -> String {
    serde_json::to_string(&(&recipe.network, recipe.batch_size, &recipe.augmentation, images)).expect("plain data")
}
