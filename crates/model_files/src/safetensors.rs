//! `model.safetensors`: weights under PyTorch's names and in its layouts, the network's spec in the metadata.

use std::collections::HashMap;

use longhand_data::Normalisation;
use longhand_nn::{Initialisation, Network, NetworkSpec, NotLoaded};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::fingerprint::little_endian;
use crate::model::Model;

/// The metadata key under which [`Metadata`] is kept as JSON; one key, so that the file's bytes do not depend on order.
const METADATA_KEY: &str = "longhand";

/// What a model file says beside its tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    recipe: String,
    network: NetworkSpec,
    normalisation: Normalisation,
}

/// Why bytes are not a model.
#[derive(Debug, thiserror::Error)]
pub enum NotAModel {
    /// They are no safetensors file, or not one of this program's.
    #[error("not a model of this program: {0}")]
    Format(String),
    /// The tensors do not fit the network that the metadata names.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
}

/// The model file of `network`, which `recipe` (a name) trained on pixels that `normalisation` had changed.
pub fn write(network: &Network, recipe: &str, normalisation: &Normalisation) -> Vec<u8> {
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
    let metadata =
        Metadata { recipe: recipe.to_owned(), network: network.spec().clone(), normalisation: normalisation.clone() };
    let metadata = serde_json::to_string(&metadata).expect("plain data");
    safetensors::serialize(views, Some(HashMap::from([(METADATA_KEY.to_owned(), metadata)])))
        .expect("names are unique and lengths right")
}

/// The model that [`write`] made `bytes` of.
///
/// # Errors
/// When they are not such a model, or its tensors do not fit the network it names.
pub fn read(bytes: &[u8]) -> Result<Model, NotAModel> {
    let not = NotAModel::Format;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| not(e.to_string()))?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| not(e.to_string()))?;
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
    network.load_state(&tensors, batches_tracked)?;
    Ok(Model { network, normalisation: metadata.normalisation, recipe: metadata.recipe })
}
