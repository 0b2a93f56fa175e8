//! Recipes, the training loop, evaluation, and the records that runs leave behind.
//!
//! A [`Recipe`] is everything that decides a training besides the data: network, initialisation, optimiser, schedule,
//! augmentation, epochs, batch size, seed. [`train`] carries it out on a data set and tells an [`Observer`] how it
//! goes; [`RunFolder`] keeps the record on disk as it grows.
//!
//! Data, recipe and seed decide every bit of every weight and every logged number, on any number of threads and any
//! instruction set. This crate draws nothing and speaks no HTTP.
#![forbid(unsafe_code)]

mod atomic_file;
pub mod bench;
mod builtin;
mod evaluation;
mod examination;
mod machine;
mod model_file;
mod overrides;
mod recipe;
mod recipe_error;
mod record;
mod run_folder;
mod split;
mod train;

pub use builtin::{BUILT_IN, built_in};
pub use evaluation::{Evaluation, Verdict, evaluate, judge};
pub use examination::{AUGMENTED_VERSIONS, AugmentedImage, Examination, Example, Filters, Mistake, examine};
pub use machine::Machine;
pub use model_file::{ModelFileError, read_model, weights_sha256, write_model};
pub use overrides::{Override, OverrideError};
pub use recipe::{Normalisation, Recipe};
pub use recipe_error::RecipeError;
pub use record::{Accuracy, DataRecord, EpochMetrics, ResultRecord, RunRecord, RunStatus, Scores};
pub use run_folder::{RunFolder, RunFolderError};
pub use split::{EvaluatedOn, HELD_OUT, Split};
pub use train::{Ended, Observer, Progress, TrainError, Trained, train};
