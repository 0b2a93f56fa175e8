//! Models read from files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::foreign_format::{LOOKED_AT, recognise};
use crate::header::announced_length;
use crate::model::Model;
use crate::safetensors::NotAModel;
use crate::state_dict::StateDict;

/// The largest model file that is read, in bytes: above what the largest network takes, running statistics and all.
pub const MAX_MODEL_BYTES: u64 = 1 << 29;

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

/// Reads a model that [`crate::safetensors::write`] wrote: network, normalisation, recipe.
///
/// # Errors
/// When the file cannot be read, is not such a model, or its tensors do not fit the network it names.
pub fn read_model(path: &Path) -> Result<Model, ModelFileError> {
    let not = |source| ModelFileError::NotAModel { path: path.into(), source };
    read_state_dict(path)?.into_model().map_err(not)
}

/// Reads the tensors of a safetensors file, this program's or a state dict that PyTorch saved.
///
/// A file of another kind is known by its beginning, and no more of it is read.
///
/// # Errors
/// When the file cannot be read, or is no state dict of 32-bit floats.
pub fn read_state_dict(path: &Path) -> Result<StateDict, ModelFileError> {
    let io = |source| ModelFileError::Io { path: path.into(), source };
    let not = |source| ModelFileError::NotAModel { path: path.into(), source };
    // A length that the file system claims may be a lie (a pipe has none): what is read is what is bounded.
    let mut file = File::open(path).map_err(io)?.take(MAX_MODEL_BYTES + 1);
    let mut bytes = Vec::new();
    (&mut file).take(LOOKED_AT as u64).read_to_end(&mut bytes).map_err(io)?;
    if let Some(format) = recognise(&bytes) {
        return Err(not(NotAModel::Foreign(format)));
    }
    announced_length(&bytes).map_err(|fault| not(fault.into()))?;
    file.read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_MODEL_BYTES {
        return Err(ModelFileError::TooLarge { path: path.into() });
    }
    StateDict::read(&bytes).map_err(not)
}
