//! Recipes: everything that decides a training besides the data.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use longhand_training::{Override, built_in, built_in_names, built_in_recipes};

use crate::error::{Error, ErrorKind};
use crate::network::Network;

/// The largest recipe file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Network, initialisation, optimiser, schedule, augmentation, epochs, batch size, seed: a training as data.
///
/// ```
/// use longhand::{Network, Recipe};
///
/// let recipe = Recipe::named("sprint")?
///     .set("epochs", 5)?
///     .set("learning_rate", 0.05)?
///     .set("augmentation.rotation", 8)?
///     .with_network(&Network::new(28, 28).conv(12).relu().batch_norm().max_pool().global_average_pool().linear(10))?;
/// assert_eq!((recipe.epochs(), recipe.parameters()), (5, 274));
///
/// let message = Recipe::named("sprint")?.set("epochs", 0).unwrap_err().to_string();
/// assert_eq!(message, "epochs = 0 cannot be: it must be from 1 to 10000 (overridden: epochs)");
/// # Ok::<(), longhand::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe(longhand_training::Recipe);

/// What a field of a recipe is set to: made of integers, floats, booleans and words by `into`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting(toml::Value);

impl Recipe {
    /// The built-in recipe of that name, such as `default`, `sprint` or `twelve/01-naive`.
    ///
    /// # Errors
    /// When there is none of that name; the message lists them.
    pub fn named(name: &str) -> Result<Self, Error> {
        let text = built_in(name).ok_or_else(|| {
            let message = format!("there is no recipe `{name}`: the built-in ones are {}", built_in_names());
            Error::new(ErrorKind::Recipe, message)
        })?;
        Recipe::from_toml_of(name, text)
    }

    /// The names of all built-in recipes, those of suites as `suite/recipe`.
    pub fn names() -> Vec<String> {
        built_in_recipes().map(|(name, _)| name).collect()
    }

    /// The recipe in the TOML file `path`.
    ///
    /// # Errors
    /// When it cannot be read, or as [`Recipe::from_toml`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let wrong = |what: &dyn std::fmt::Display| Error::new(ErrorKind::Recipe, format!("{name}: {what}"));
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
            .map_err(|e| wrong(&format_args!("cannot read the recipe: {e}")))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(wrong(&format_args!("a recipe has at most {MAX_BYTES} bytes; is this one?")));
        }
        Recipe::from_toml_of(&name, &text)
    }

    /// The recipe in `text`, TOML as in the files of `recipes/`; unknown keys are refused.
    ///
    /// # Errors
    /// A slip, shown with its line, or a value or shape that cannot be.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        Recipe::from_toml_of("recipe", text)
    }

    /// The recipe as TOML, complete: reading it back gives the same recipe.
    pub fn to_toml(&self) -> String {
        self.0.to_toml()
    }

    /// This recipe with one field changed: `epochs`, `schedule.learning_rate` (or, for short, `learning_rate`),
    /// `network.layers.0.channels`; what `to_toml` shows can be set.
    ///
    /// # Errors
    /// When there is no such field, or the recipe as changed cannot be.
    pub fn set(self, field: &str, value: impl Into<Setting>) -> Result<Self, Error> {
        self.set_all([(field, value.into())])
    }

    /// This recipe with several fields changed at once, which need to be right only together.
    ///
    /// # Errors
    /// As [`Recipe::set`].
    pub fn set_all<'a>(self, changes: impl IntoIterator<Item = (&'a str, Setting)>) -> Result<Self, Error> {
        let overrides: Vec<Override> = changes
            .into_iter()
            .map(|(field, Setting(value))| {
                let field = if field == "learning_rate" { "schedule.learning_rate" } else { field };
                Override::new(field, value)
            })
            .collect();
        let name = self.0.name.clone();
        longhand_training::Recipe::from_toml(&name, &self.to_toml(), &overrides)
            .map(Recipe)
            .map_err(|e| Error::new(ErrorKind::Recipe, e))
    }

    /// This recipe for another network.
    ///
    /// # Errors
    /// When the network's layers do not fit one another.
    pub fn with_network(self, network: &Network) -> Result<Self, Error> {
        network.check()?;
        Ok(Recipe(longhand_training::Recipe { network: network.spec(), ..self.0 }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// One sentence about it.
    pub fn about(&self) -> &str {
        &self.0.about
    }

    /// Times every training image is seen.
    pub fn epochs(&self) -> usize {
        self.0.epochs
    }

    /// Images of a step.
    pub fn batch_size(&self) -> usize {
        self.0.batch_size
    }

    /// What initial weights, order, augmentation and dropout are drawn from.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// How many parameters its network has.
    pub fn parameters(&self) -> usize {
        crate::network::parameters(&self.0.network)
    }

    fn from_toml_of(name: &str, text: &str) -> Result<Self, Error> {
        longhand_training::Recipe::from_toml(name, text, &[]).map(Recipe).map_err(|e| Error::new(ErrorKind::Recipe, e))
    }

    pub(crate) fn inner(&self) -> &longhand_training::Recipe {
        &self.0
    }
}

macro_rules! setting_from {
    ($($type:ty),*) => {$(
        impl From<$type> for Setting {
            fn from(value: $type) -> Self {
                Setting(value.into())
            }
        }
    )*};
}

setting_from!(i64, i32, u32, f64, bool, &str, String);
