//! Models read from files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::model::Model;
use crate::safetensors::{self, NotAModel};

/// The largest model file that is read, in bytes.
pub const MAX_MODEL_BYTES: u64 = 1 << 30;

/// Why a file could not be read as a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file has more bytes than a model may have.
    #[error("{} is no model: it has more than the {MAX_MODEL_BYTES} bytes that models here may have", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// What is in it is not a model.
    #[error("{}: {source}", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: NotAModel,
    },
}

/// Reads a model that [`safetensors::write`] wrote: network, normalisation, recipe.
///
/// # Errors
/// When the file cannot be read, is not such a model, or its tensors do not fit the network it names.
pub fn read_model(path: &Path) -> Result<Model, ModelFileError> {
    let io = |source| ModelFileError::Io { path: path.into(), source };
    let mut bytes = Vec::new();
    // A length that the file system claims may be a lie (a pipe has none): what is read is what is bounded.
    File::open(path).map_err(io)?.take(MAX_MODEL_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_MODEL_BYTES {
        return Err(ModelFileError::TooLarge { path: path.into() });
    }
    safetensors::read(&bytes).map_err(|source| ModelFileError::NotAModel { path: path.into(), source })
}
