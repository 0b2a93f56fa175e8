//! Everything that decides a training besides the data.

use longhand_data::{AugmentationSpec, Normalisation};
use longhand_nn::{AveragingSpec, Initialisation, LossSpec, NetworkSpec, OptimiserSpec, Schedule, SpecError};
use serde::{Deserialize, Serialize};

use crate::overrides::Override;
use crate::recipe_error::{RecipeError, Step};

/// A training as data: read from TOML, unknown keys refused, written whole into every record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What the run folder is named after.
    pub name: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// What this recipe changes against the one before it, and why; empty where it follows none.
    #[serde(default)]
    pub reason: String,
    /// Times every training image is seen.
    pub epochs: usize,
    /// Images a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    /// What initial weights, order, augmentation and dropout are drawn from.
    #[serde(default)]
    pub seed: u64,
    /// How weights begin.
    #[serde(default)]
    pub initialisation: Initialisation,
    /// What pixels become before the network sees them.
    #[serde(default)]
    pub normalisation: Normalisation,
    /// Random changes of training images.
    #[serde(default)]
    pub augmentation: AugmentationSpec,
    /// Settings of the loss.
    #[serde(default)]
    pub loss: LossSpec,
    /// Settings of the optimiser.
    #[serde(default)]
    pub optimiser: OptimiserSpec,
    /// The moving average of the weights that is judged and kept in their place.
    #[serde(default)]
    pub averaging: AveragingSpec,
    /// Whether, behind the last step, every batch norm's mean and variance are taken anew from all training images as they
    /// are: [`longhand_nn::Network::take_precise_statistics`].
    #[serde(default)]
    pub precise_batch_norm: bool,
    /// The learning rate over time.
    pub schedule: Schedule,
    /// The network.
    pub network: NetworkSpec,
}

/// Epochs beyond which a recipe is taken for a slip.
pub const MAX_EPOCHS: usize = 10_000;
/// The largest seed: beyond it TOML has no whole numbers, and a recipe could not be written down.
pub const MAX_SEED: u64 = i64::MAX as u64;
/// Characters of the longest name: it names folders, and goes into model files.
const MAX_NAME: usize = 100;
/// The largest batch.
pub const MAX_BATCH_SIZE: usize = 8_192;

impl Recipe {
    /// Reads a recipe from the TOML `text` of `file` (a name for messages), applies `overrides`, and checks it whole.
    ///
    /// # Errors
    /// A slip in the file, shown with its line; an override that does not fit; a value or shape that cannot be.
    pub fn from_toml(file: &str, text: &str, overrides: &[Override]) -> Result<Recipe, RecipeError> {
        let recipe: Recipe = toml::from_str(text).map_err(|e| RecipeError::parse(file, text, &e))?;
        if overrides.is_empty() {
            return recipe
                .check()
                .map(|()| recipe)
                .map_err(|(path, message)| RecipeError::at(file, text, &path, message));
        }
        // Slips of the file itself are shown in the file, with or without overrides.
        let overridden = crate::overrides::apply(text, overrides).map_err(RecipeError::from)?;
        overridden.check().map_err(|(path, message)| match path_is_overridden(&path, overrides) {
            true => RecipeError::after_overrides(&path, message),
            false => RecipeError::at(file, text, &path, message),
        })?;
        Ok(overridden)
    }

    /// Checks every number and shape; a fault is a path of keys into the recipe and a sentence.
    pub(crate) fn check(&self) -> Result<(), (Vec<Step>, String)> {
        let at = |keys: &[&'static str], message: String| (keys.iter().map(|k| Step::Key(k)).collect(), message);
        check_name(&self.name).map_err(|message| at(&["name"], message))?;
        if self.seed > MAX_SEED {
            return Err(at(&["seed"], format!("seed = {} cannot be: it must be from 0 to {MAX_SEED}", self.seed)));
        }
        if !(1..=MAX_EPOCHS).contains(&self.epochs) {
            let message = format!("epochs = {} cannot be: it must be from 1 to {MAX_EPOCHS}", self.epochs);
            return Err(at(&["epochs"], message));
        }
        if !(1..=MAX_BATCH_SIZE).contains(&self.batch_size) {
            let message = format!("batch_size = {} cannot be: it must be from 1 to {MAX_BATCH_SIZE}", self.batch_size);
            return Err(at(&["batch_size"], message));
        }
        if !(self.normalisation.mean.is_finite() && self.normalisation.std.is_finite() && self.normalisation.std > 0.0)
        {
            let message = "mean must be a number and std a number above 0".to_owned();
            return Err(at(&["normalisation"], message));
        }
        if !(0.0..1.0).contains(&self.loss.label_smoothing) {
            let message =
                format!("label_smoothing = {} cannot be: it must be at least 0 and below 1", self.loss.label_smoothing);
            return Err(at(&["loss", "label_smoothing"], message));
        }
        self.augmentation.validate().map_err(|e| at(&["augmentation"], e.to_string()))?;
        self.optimiser.validate().map_err(|e| at(&["optimiser"], e))?;
        self.averaging.validate().map_err(|e| at(&["averaging", "decay"], e))?;
        self.schedule.validate().map_err(|e| at(&["schedule", e.key], e.to_string()))?;
        self.network.shapes().map(drop).map_err(|SpecError { layer, problem }| {
            let mut path = vec![Step::Key("network")];
            path.push(Step::Key(if layer.is_some() { "layers" } else { "input" }));
            path.extend(layer.map(Step::Index));
            (path, problem.to_string())
        })
    }

    /// The recipe as TOML, complete: reading it back gives the same recipe.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a recipe is plain data")
    }

    /// Steps of one epoch over `images` training images.
    pub fn steps_per_epoch(&self, images: usize) -> usize {
        images.div_ceil(self.batch_size)
    }
}

/// Whether `name` can name a folder everywhere.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if name.len() > MAX_NAME {
        return Err(format!("a name of {} characters cannot be: it can have {MAX_NAME}", name.len()));
    }
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        let message =
            format!("name {name:?} cannot be: use letters, digits, `-`, `_` and `.`, so that it can name a folder");
        return Err(message);
    }
    Ok(())
}

/// Whether an override touches what `path` leads to.
fn path_is_overridden(path: &[Step], overrides: &[Override]) -> bool {
    let path: Vec<String> = path.iter().map(Step::to_string).collect();
    overrides.iter().any(|o| o.path.iter().zip(&path).all(|(a, b)| a == b))
}
