//! How a training ended, in the words that its record keeps.

use crate::recipe::Recipe;
use crate::record::RunStatus;
use crate::train::Ended;

impl Ended {
    /// Status and, where there is more to say, a sentence or two, of a run of `recipe` on `images` training images.
    pub fn in_words(&self, recipe: &Recipe, images: usize) -> (RunStatus, Option<String>) {
        let steps = recipe.steps_per_epoch(images);
        match *self {
            Ended::Finished => (RunStatus::Finished, None),
            Ended::Interrupted { epoch, step } => {
                let words = format!(
                    "Stopped in epoch {epoch} after {step} of {steps} steps; the network as it was then is kept."
                );
                (RunStatus::Interrupted, Some(words))
            }
            Ended::Diverged { epoch, step, loss } => {
                let words = format!(
                    "the loss became {loss} in epoch {epoch} at step {step} of {steps}: the learning rate is probably \
                     too high. Try a lower --learning-rate than {}.",
                    recipe.schedule.learning_rate()
                );
                (RunStatus::Diverged, Some(words))
            }
        }
    }
}
