//! From a path that was typed to a model, or to the weights of a recipe's network.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use longhand_model_files::safetensors::NotAModel;
use longhand_model_files::{Model, ModelFileError, read_model, read_state_dict};
use longhand_training::{InitialWeights, Recipe, recipes_that_fit};

use crate::printer;

/// The file that `path` means: of a run folder, the model in it.
pub fn file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() }
}

/// The model in the file at `path`; where it is a state dict without a network, says which recipes it would fit.
pub fn model(path: &Path) -> anyhow::Result<Model> {
    if let Some(folder) =
        path.parent().filter(|folder| path.ends_with("model.safetensors") && !path.exists() && folder.is_dir())
    {
        bail!(
            "{} holds no model.safetensors: it is no run folder, or its training has not finished an epoch",
            folder.display()
        );
    }
    read_model(path).map_err(|error| match &error {
        ModelFileError::NotAModel { source: NotAModel::NoNetwork, .. } => {
            let fits = read_state_dict(path).map(|state| recipes_that_fit(&state)).unwrap_or_default();
            match &fits[..] {
                [] => anyhow!("{error}\nIts tensors fit no built-in recipe: write one with its network"),
                fits => anyhow!("{error}\nIts tensors fit the built-in recipes {}", fits.join(", ")),
            }
        }
        _ => error.into(),
    })
}

/// The weights at `path` in the network of `recipe`; warns where they were trained on pixels normalised otherwise.
pub fn of_recipe(path: &Path, recipe: &Recipe) -> anyhow::Result<InitialWeights> {
    let weights = InitialWeights::read(&file(path), recipe)?;
    let wanted = &recipe.normalisation;
    if let Some(found) = weights.normalisation.as_ref().filter(|found| *found != wanted) {
        printer::warning(&format!(
            "{} were trained on pixels normalised by mean {} and std {}, and the recipe {} normalises by mean {} and std \
             {}, which is what is done; --set normalisation.mean=… and normalisation.std=… change it",
            weights.record.file, found.mean, found.std, recipe.name, wanted.mean, wanted.std
        ));
    }
    Ok(weights)
}
