//! Weights from a file, for a recipe's network: to begin a training from, or to be judged as they are.

use std::path::{Path, PathBuf};

use longhand_data::Normalisation;
use longhand_model_files::{DoesNotFit, ModelFileError, StateDict, read_state_dict, weights_sha256};
use longhand_nn::Network;
use serde::{Deserialize, Serialize};

use crate::builtin::built_in_recipes;
use crate::recipe::Recipe;

/// The most recipes that a message lists.
const MOST_LISTED: usize = 4;

/// Weights that a run began from instead of random ones: with data, recipe and seed they decide every bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialWeightsRecord {
    /// The file they were read from, as it was named.
    pub file: String,
    /// SHA-256 over all parameters and running statistics, as in [`crate::ResultRecord`].
    pub weights_sha256: String,
}

/// A recipe's network with weights from a file.
#[derive(Clone, Debug)]
pub struct InitialWeights {
    /// The network.
    pub network: Network,
    /// Whence its weights came.
    pub record: InitialWeightsRecord,
    /// The normalisation that the file itself names, where it has one; the recipe's is what counts.
    pub normalisation: Option<Normalisation>,
}

/// Why a file's weights cannot be a recipe's.
#[derive(Debug, thiserror::Error)]
pub enum InitialWeightsError {
    /// It is no state dict.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// It is the state dict of another network.
    #[error("{} does not fit the network of the recipe {recipe}: {source}{}", path.display(), would_fit(.fits))]
    DoesNotFit {
        /// The file.
        path: PathBuf,
        /// The recipe's name.
        recipe: String,
        /// The tensor at fault.
        source: Box<DoesNotFit>,
        /// The built-in recipes whose networks it fits.
        fits: Vec<String>,
    },
}

fn would_fit(fits: &[String]) -> String {
    match fits {
        [] => String::new(),
        fits => format!("; it would fit {}", listed(fits)),
    }
}

/// `the built-in seed, seed-tuned and 3 more`.
fn listed(recipes: &[String]) -> String {
    let (named, more) = recipes.split_at(recipes.len().min(MOST_LISTED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("the built-in {}{more}", named.join(", "))
}

impl InitialWeightsRecord {
    /// The network that the run began from, read once more from `file`; the SHA-256 of the weights that are in it where
    /// they are others.
    ///
    /// # Errors
    /// As [`InitialWeights::read`].
    pub(crate) fn read_again(
        &self,
        file: &Path,
        recipe: &Recipe,
    ) -> Result<Result<Network, String>, InitialWeightsError> {
        let InitialWeights { network, record: found, .. } = InitialWeights::read(file, recipe)?;
        Ok(if found.weights_sha256 == self.weights_sha256 { Ok(network) } else { Err(found.weights_sha256) })
    }
}

impl InitialWeights {
    /// Reads the weights of the recipe's network from the safetensors file at `path`, this program's or PyTorch's.
    ///
    /// # Errors
    /// When the file cannot be read, is no state dict of 32-bit floats, or does not fit the network: then the tensor at
    /// fault is named, and the built-in recipes whose network it does fit.
    pub fn read(path: &Path, recipe: &Recipe) -> Result<Self, InitialWeightsError> {
        let state = read_state_dict(path)?;
        // Only for a warning: tensors are no worse for metadata of a later version.
        let normalisation = state.normalisation().unwrap_or(None);
        let network = state.network(&recipe.network).map_err(|source| InitialWeightsError::DoesNotFit {
            path: path.to_owned(),
            recipe: recipe.name.clone(),
            source: Box::new(source),
            fits: recipes_that_fit(&state),
        })?;
        let record =
            InitialWeightsRecord { file: path.display().to_string(), weights_sha256: weights_sha256(&network) };
        Ok(InitialWeights { network, record, normalisation })
    }
}

/// The built-in recipes into whose networks `state` fits: by names and shapes, which do not tell the order of ReLU and
/// batch norm, nor pooling.
pub fn recipes_that_fit(state: &StateDict) -> Vec<String> {
    built_in_recipes()
        .filter(|(name, text)| {
            let recipe = Recipe::from_toml(name, text, &[]).expect("built-in recipes are sound");
            state.fits(&recipe.network)
        })
        .map(|(name, _)| name)
        .collect()
}
