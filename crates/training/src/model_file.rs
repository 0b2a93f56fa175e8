//! `model.safetensors`: weights under PyTorch's names and in its layouts, the network's spec in the metadata.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use longhand_nn::{Initialisation, Network, NetworkSpec, NotLoaded};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::atomic_file;
use crate::recipe::{Normalisation, Recipe};

/// The largest model file that is read.
const MAX_BYTES: u64 = 1 << 30;
/// The metadata key under which [`Metadata`] is kept as JSON; one key, so that the file's bytes do not depend on order.
const METADATA_KEY: &str = "longhand";

/// What a model file says beside its tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    recipe: String,
    network: NetworkSpec,
    normalisation: Normalisation,
}

/// Why a model could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no safetensors file, or not one of this program's.
    #[error("{} is not a model of this program: {reason}", path.display())]
    NotAModel {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Its tensors do not fit the network it names.
    #[error("{}: {source}", path.display())]
    NotLoaded {
        /// The file.
        path: std::path::PathBuf,
        /// Which tensor.
        source: NotLoaded,
    },
}

/// Writes `network`, trained by `recipe`, to `path`, atomically.
///
/// # Errors
/// When the file cannot be written; an older file of that name is then untouched.
pub fn write_model(path: &Path, network: &Network, recipe: &Recipe) -> Result<(), ModelFileError> {
    let state: Vec<(String, Vec<usize>, Vec<u8>)> =
        network.state().into_iter().map(|(name, shape, values)| (name, shape, little_endian(values))).collect();
    let tracked = network.batches_tracked().to_le_bytes();
    let counters: Vec<String> =
        network.layout().batch_norms.iter().map(|(name, _)| format!("{name}.num_batches_tracked")).collect();
    let floats = state.iter().map(|(name, shape, bytes)| (name.as_str(), Dtype::F32, shape.clone(), &bytes[..]));
    let counters = counters.iter().map(|name| (name.as_str(), Dtype::I64, vec![], &tracked[..]));
    let views = floats.chain(counters).map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(dtype, shape, bytes).expect("lengths are those of the shapes"))
    });
    let metadata = Metadata {
        recipe: recipe.name.clone(),
        network: network.spec().clone(),
        normalisation: recipe.normalisation.clone(),
    };
    let metadata = serde_json::to_string(&metadata).expect("plain data");
    let bytes = safetensors::serialize(views, Some(HashMap::from([(METADATA_KEY.to_owned(), metadata)])))
        .expect("names are unique and lengths right");
    atomic_file::write(path, &bytes).map_err(|source| ModelFileError::Io { action: "write", path: path.into(), source })
}

/// Reads a model that [`write_model`] wrote, and how it wants its pixels normalised.
///
/// # Errors
/// When the file cannot be read, is not such a model, or its tensors do not fit the network it names.
pub fn read_model(path: &Path) -> Result<(Network, Normalisation), ModelFileError> {
    let io = |source| ModelFileError::Io { action: "read", path: path.into(), source };
    let not = |reason: String| ModelFileError::NotAModel { path: path.into(), reason };
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > MAX_BYTES {
        return Err(not(format!("it has {size} bytes, and models here have at most {MAX_BYTES}")));
    }
    let bytes = std::fs::read(path).map_err(io)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| not(e.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| not(e.to_string()))?;
    let metadata = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get(METADATA_KEY))
        .ok_or_else(|| not(format!("its metadata has no `{METADATA_KEY}`, which names the network")))?;
    let metadata: Metadata = serde_json::from_str(metadata).map_err(|e| not(format!("its metadata: {e}")))?;
    let mut network =
        Network::new(&metadata.network, Initialisation::He, 0).map_err(|e| not(format!("its network: {e}")))?;
    let mut tensors = Vec::new();
    let mut batches_tracked = 0;
    for (name, view) in file.tensors() {
        if name.ends_with(".num_batches_tracked") {
            let value: [u8; 8] = view.data().try_into().map_err(|_| not(format!("`{name}` is not one number")))?;
            batches_tracked = u64::from_le_bytes(value);
            continue;
        }
        if view.dtype() != Dtype::F32 {
            return Err(not(format!("`{name}` is {:?}, and weights are F32", view.dtype())));
        }
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes")));
        tensors.push((name, view.shape().to_vec(), values.collect()));
    }
    network
        .load_state(&tensors, batches_tracked)
        .map_err(|source| ModelFileError::NotLoaded { path: path.into(), source })?;
    Ok((network, metadata.normalisation))
}

/// SHA-256, in hexadecimal, over all parameters and running statistics, little-endian, in the order of the state.
pub fn weights_sha256(network: &Network) -> String {
    let mut hash = Sha256::new();
    for (_, _, values) in network.state() {
        hash.update(little_endian(values));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
