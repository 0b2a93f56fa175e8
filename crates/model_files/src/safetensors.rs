//! `model.safetensors`: weights under PyTorch's names and in its layouts, the network's spec in the metadata.

use std::collections::HashMap;

use longhand_data::Normalisation;
use longhand_nn::{Network, NetworkSpec};
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use crate::fingerprint::little_endian;
use crate::foreign_format::ForeignFormat;
use crate::foreign_text::shown;
use crate::header::HeaderFault;
use crate::model::Model;
use crate::state_dict::{COUNTER, DoesNotFit, StateDict};

/// The metadata key under which [`Metadata`] is kept as JSON; one key, so that the file's bytes do not depend on order.
pub(crate) const METADATA_KEY: &str = "longhand";

/// What a model file says beside its tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    recipe: String,
    network: NetworkSpec,
    normalisation: Normalisation,
}

/// Why bytes are not a model, or not the weights of one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotAModel {
    /// They are another program's format.
    #[error("{0}")]
    Foreign(ForeignFormat),
    /// They are damaged, or no safetensors file at all.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// A tensor is not of 32-bit floats.
    #[error(
        "tensor `{name}` is of {dtype}, and weights here are F32: in PyTorch, save \
         {{k: v.float() if v.is_floating_point() else v for k, v in model.state_dict().items()}}"
    )]
    Dtype {
        /// The tensor.
        name: String,
        /// The type of its elements.
        dtype: String,
    },
    /// A weight or a running statistic is NaN or infinite.
    #[error("tensor `{name}` holds {value} at element {index}: a network with that in it recognises nothing")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Which element, counted from 0 in the order of the file.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// A running variance is below zero.
    #[error("tensor `{name}` holds {value} at element {index}, and a variance cannot be below 0")]
    NegativeVariance {
        /// The tensor.
        name: String,
        /// Which element, counted from 0.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// Batch norm's counter is not one.
    #[error("tensor `{0}` must be one whole number from 0 up, as I64")]
    Counter(String),
    /// The tensors are there and nothing says whose they are.
    #[error(
        "it holds tensors and not the network they belong to (its metadata have no `{METADATA_KEY}`), as a state dict \
         saved by PyTorch does: name a recipe with that network, as in longhand evaluate --recipe seed --weights FILE, or put the network into its \
         metadata, and every command takes it (docs/pytorch.md)"
    )]
    NoNetwork,
    /// What the metadata say cannot be read.
    #[error("its metadata are not this program's: {0}")]
    Metadata(String),
    /// The normalisation would make no numbers of pixels.
    #[error("its normalisation by mean {mean} and std {std} cannot be: both must be numbers, and std above 0")]
    Normalisation {
        /// The mean.
        mean: f32,
        /// The standard deviation.
        std: f32,
    },
    /// The tensors do not fit the network that the metadata name, or that cannot be.
    #[error(transparent)]
    DoesNotFit(#[from] DoesNotFit),
}

/// The model file of `network`, which `recipe` (a name) trained on pixels that `normalisation` had changed.
pub fn write(network: &Network, recipe: &str, normalisation: &Normalisation) -> Vec<u8> {
    let state: Vec<(String, Vec<usize>, Vec<u8>)> =
        network.state().into_iter().map(|(name, shape, values)| (name, shape, little_endian(values))).collect();
    let tracked = network.batches_tracked().to_le_bytes();
    let counters: Vec<String> =
        network.layout().batch_norms.iter().map(|(name, _)| format!("{name}{COUNTER}")).collect();
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

/// The model that [`write()`] made `bytes` of, or whoever else put the same into the metadata.
///
/// # Errors
/// When they are not such a model, or its tensors do not fit the network it names.
pub fn read(bytes: &[u8]) -> Result<Model, NotAModel> {
    StateDict::read(bytes)?.into_model()
}

impl StateDict {
    /// The model that the file's own metadata make of it.
    ///
    /// # Errors
    /// When there are none, they name an impossible network, or the tensors do not fit it.
    pub fn into_model(self) -> Result<Model, NotAModel> {
        let Metadata { recipe, network, normalisation } = self.described()?.ok_or(NotAModel::NoNetwork)?;
        let network = self.network(&network)?;
        Ok(Model { network, normalisation, recipe })
    }

    /// The normalisation that the file's own metadata name, where it has any.
    ///
    /// # Errors
    /// When they are there and cannot be read.
    pub fn normalisation(&self) -> Result<Option<Normalisation>, NotAModel> {
        Ok(self.described()?.map(|metadata| metadata.normalisation))
    }

    fn described(&self) -> Result<Option<Metadata>, NotAModel> {
        let Some(text) = &self.metadata else { return Ok(None) };
        let metadata: Metadata = serde_json::from_str(text).map_err(|e| NotAModel::Metadata(shown(&e.to_string())))?;
        let Normalisation { mean, std } = metadata.normalisation;
        if !(mean.is_finite() && std.is_finite() && std > 0.0) {
            return Err(NotAModel::Normalisation { mean, std });
        }
        if metadata.recipe != shown(&metadata.recipe) {
            let message =
                format!("its recipe's name, {:?}, is too long or holds control characters", shown(&metadata.recipe));
            return Err(NotAModel::Metadata(message));
        }
        Ok(Some(metadata))
    }
}
