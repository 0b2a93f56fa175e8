//! Trained models as files that other programs read.
//!
//! A [`Model`] is a trained network and what one needs to use it. [`safetensors`] writes and reads it under PyTorch's
//! names and in its layouts. Formats are made and taken as bytes; only [`read_model`] opens a file, and it bounds what it
//! reads.
#![forbid(unsafe_code)]

mod fingerprint;
mod model;
mod model_file;
mod prediction;
pub mod safetensors;

pub use fingerprint::weights_sha256;
pub use model::Model;
pub use model_file::{MAX_MODEL_BYTES, ModelFileError, read_model};
pub use prediction::{Classifier, NotPredicted, Prediction};
