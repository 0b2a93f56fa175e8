//! Runs as event files that TensorBoard reads.
//!
//! An [`EventFile`] lies in a run's folder, where `tensorboard --logdir runs` finds it, and grows by an event an epoch:
//! each is on disk as soon as it is written, so that TensorBoard follows the run, and a run that is killed leaves a file
//! that can be read up to there. [`run_events`] decides what is written; [`proto`] has the messages, [`Histogram`] the
//! buckets.
//!
//! Nothing here takes part in training: it is told what an observer of the training is told.
#![forbid(unsafe_code)]

mod event_file;
mod histogram;
mod hparams;
mod mistake_image;
pub mod proto;
pub mod run_events;

pub use event_file::{EVENT_FILE_MARK, EventFile, EventFileError, EventWriter, event_files, masked_crc};
pub use histogram::Histogram;
