//! Trained models as files that other programs read.
//!
//! A [`Model`] is a trained network and what one needs to use it. [`safetensors`] writes and reads it under PyTorch's
//! names and in its layouts, [`onnx`] writes it for other runtimes, [`c_header`] for microcontrollers; a [`StateDict`] is
//! such tensors from anywhere, PyTorch's own among them. Formats are made and taken as bytes; only [`read_model`] and
//! [`read_state_dict`] open a file, and they bound what they read.
#![forbid(unsafe_code)]

pub mod c_header;
mod fingerprint;
mod foreign_format;
mod foreign_text;
mod header;
mod inference_steps;
mod layer_names;
mod model;
mod model_file;
pub mod onnx;
mod prediction;
pub mod safetensors;
mod state_dict;

pub use fingerprint::weights_sha256;
pub use foreign_format::ForeignFormat;
pub use header::{HeaderFault, MAX_HEADER_BYTES, read as read_safetensors};
pub use inference_steps::NotFinite;
pub use model::Model;
pub use model_file::{MAX_MODEL_BYTES, ModelFileError, read_model, read_state_dict};
pub use prediction::{Classifier, NotPredicted, Prediction};
pub use state_dict::{DoesNotFit, Misfit, StateDict};
