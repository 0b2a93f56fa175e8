//! Whether what a record says can be trained once more, on the data at hand.

use std::path::{Path, PathBuf};

use longhand_nn::Network;

use crate::recipe::Recipe;
use crate::record::{DataRecord, RunRecord};
use crate::split::Split;

/// The layout of `run.json` that is known.
const FORMAT: u32 = 1;

/// Why a run cannot be gone on with, or trained once more, on the data at hand.
#[derive(Debug, thiserror::Error)]
pub enum NotTheSame {
    /// The record has another layout.
    #[error(
        "{} has the layout {found}, and this version of the program knows {FORMAT}: go on with the version that wrote it, \
         {version}",
        path.display()
    )]
    Format {
        /// The folder.
        path: PathBuf,
        /// Its record's layout.
        found: u32,
        /// The version of the program that wrote it.
        version: String,
    },
    /// The record holds a recipe that cannot be.
    #[error("{} holds a recipe that cannot be: {reason}", path.display())]
    Recipe {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The data are not those that it began on.
    #[error(
        "{} was begun on the data {} of fingerprint {}, and these are {} of fingerprint {}: give its own with --data",
        path.display(), .wanted.name, .wanted.fingerprint, .found.name, .found.fingerprint
    )]
    OtherData {
        /// The folder.
        path: PathBuf,
        /// The data of its record.
        wanted: Box<DataRecord>,
        /// The data at hand.
        found: Box<DataRecord>,
    },
    /// The data are split otherwise.
    #[error(
        "{} trains on {} images and is judged on {} {} images, and the split at hand has {}, {} and {}",
        path.display(), .wanted.train_images, .wanted.evaluation_images(), .wanted.evaluated_on.name(),
        .found.train_images, .found.evaluation_images(), .found.evaluated_on.name()
    )]
    OtherSplit {
        /// The folder.
        path: PathBuf,
        /// The data of its record.
        wanted: Box<DataRecord>,
        /// The data at hand.
        found: Box<DataRecord>,
    },
}

/// Checks that the run of `record`, in the folder `path`, is one on `split`; gives its network with random weights.
pub(crate) fn check(path: &Path, record: &RunRecord, split: &Split<'_>) -> Result<Network, NotTheSame> {
    let owned = || path.to_owned();
    if record.format != FORMAT {
        return Err(NotTheSame::Format { path: owned(), found: record.format, version: record.version.clone() });
    }
    let recipe = &record.resolved_recipe;
    let bad_recipe = |reason: String| NotTheSame::Recipe { path: path.join("run.json"), reason };
    Recipe::from_toml("run.json", &recipe.to_toml(), &[]).map_err(|e| bad_recipe(e.to_string()))?;
    let (wanted, found) = (Box::new(record.data.clone()), Box::new(DataRecord::of(split)));
    if wanted.fingerprint != found.fingerprint {
        return Err(NotTheSame::OtherData { path: owned(), wanted, found });
    }
    let images = |d: &DataRecord| (d.evaluated_on, d.train_images, d.evaluation_images());
    if images(&wanted) != images(&found) {
        return Err(NotTheSame::OtherSplit { path: owned(), wanted, found });
    }
    Network::new(&recipe.network, recipe.initialisation, recipe.seed).map_err(|e| bad_recipe(e.to_string()))
}
