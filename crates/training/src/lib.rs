//! Recipes, the training loop, evaluation, and the records that runs leave behind.
//!
//! A [`Recipe`] is everything that decides a training besides the data: network, initialisation, optimiser, schedule,
//! augmentation, epochs, batch size, seed. [`train`] carries it out on a data set and tells an [`Observer`] how it
//! goes; [`RunFolder`] keeps the record on disk as it grows.
//!
//! Data, recipe and seed (and the weights begun from, where they are not random) decide every bit of every weight and
//! every logged number, on any number of threads and any instruction set. This crate draws nothing and speaks no HTTP.
#![forbid(unsafe_code)]

mod atomic_file;
pub mod bench;
mod builtin;
mod checkpoint;
mod checkpoint_file;
mod checkpoint_pace;
mod ending;
mod evaluation;
mod examination;
pub mod experiment;
mod files;
mod initial_weights;
mod machine;
mod new_folder;
mod overrides;
mod rate_test;
mod recipe;
mod recipe_difference;
mod recipe_error;
mod record;
mod resume;
mod run_folder;
mod run_lock;
mod same_run;
mod split;
mod stored_run;
mod train;
mod verification;

#[cfg(test)]
mod faults;

pub use atomic_file::write as write_atomically;
pub use builtin::{BUILT_IN, BUILT_IN_SUITES, BuiltInSuite, built_in, built_in_names, built_in_recipes};
pub use checkpoint::{AverageState, BITS, Checkpoint, CheckpointFault, EpochSoFar};
pub use evaluation::{Evaluation, Verdict, evaluate, judge};
pub use examination::{
    AUGMENTED_VERSIONS, AugmentedImage, Examination, Example, Filters, Mistake, examine, surest_mistakes,
};
pub use files::read_at_most;
pub use initial_weights::{InitialWeights, InitialWeightsError, InitialWeightsRecord, recipes_that_fit};
pub use machine::Machine;
pub use overrides::{Override, OverrideError};
pub use rate_test::{RatePoint, RateRange, RateTest, RateTestEnd, find_learning_rate, find_learning_rate_from};
pub use recipe::Recipe;
pub use recipe_difference::{RecipeDifference, differences};
pub use recipe_error::{Place, RecipeError};
pub use record::{Accuracy, DataRecord, EpochMetrics, ResultRecord, RunRecord, RunStatus, Scores};
pub use resume::ResumeError;
pub use run_folder::{Origin, RunFolder, RunFolderError};
pub use run_lock::{LockTaken, RunLock, is_being_written};
pub use same_run::NotTheSame;
pub use split::{EvaluatedOn, HELD_OUT, Split};
pub use stored_run::{MAX_RECORD_BYTES, StoredRun, StoredRunError, find_runs};
pub use train::{
    Ended, EpochDone, Observer, Occasion, Progress, TrainError, Trained, check_split, train, train_from,
    train_from_checkpoint,
};
pub use verification::{Difference, Verification, VerifyError, verify};
