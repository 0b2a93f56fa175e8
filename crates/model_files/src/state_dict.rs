//! The tensors of a safetensors file, whoever wrote it, and how they become a network.

use std::collections::{HashMap, HashSet};
use std::fmt;

use longhand_nn::{Initialisation, Network, NetworkSpec, ParameterLayout, SpecError};
use safetensors::tensor::{Dtype, TensorView};

use crate::foreign_format::recognise;
use crate::foreign_text::shown;
use crate::header;
use crate::layer_names;
use crate::safetensors::{METADATA_KEY, NotAModel};

/// What batch norm's counters end in, which PyTorch keeps beside its running statistics.
pub(crate) const COUNTER: &str = ".num_batches_tracked";

/// Named tensors of 32-bit floats, every one a number: the state dict of a network not yet named.
#[derive(Clone, Debug)]
pub struct StateDict {
    /// In alphabetical order.
    tensors: Vec<Tensor>,
    batches_tracked: u64,
    /// What this program wrote beside the tensors, if it wrote the file.
    pub(crate) metadata: Option<String>,
}

#[derive(Clone, Debug)]
struct Tensor {
    /// As the file has it.
    name: String,
    /// As a network of ours may have it.
    ours: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// A tensor that keeps a state dict from being a network's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It has another shape.
    #[error("tensor `{name}`{} has shape {found} and this network wants {wanted:?}", also(.name, .ours))]
    Shape {
        /// Its name in the file.
        name: String,
        /// Its name in the network.
        ours: String,
        /// Its shape in the file.
        found: String,
        /// Its shape in the network.
        wanted: Vec<usize>,
    },
    /// The network has it and the file has not.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// The file has it and the network has not.
    #[error("tensor `{0}` is not one of this network's")]
    Unknown(String),
}

fn also(name: &str, ours: &str) -> String {
    if name == ours { String::new() } else { format!(" (`{ours}` here)") }
}

/// Why a state dict is not that of a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DoesNotFit {
    /// There is no such network.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Tensors are of other shapes, missing or unknown, those of other shapes first.
    #[error("{}", Several(.0))]
    Tensors(Vec<Misfit>),
}

/// Misfits as a sentence: the first in full, the others counted, and what there is instead of what is missing.
struct Several<'a>(&'a [Misfit]);

impl fmt::Display for Several<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else { return Ok(()) };
        write!(f, "{first}")?;
        let unknown: Vec<&str> =
            self.0.iter().filter_map(|m| if let Misfit::Unknown(name) = m { Some(&name[..]) } else { None }).collect();
        if let (Misfit::Missing(_), [first, rest @ ..]) = (first, &unknown[..]) {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            write!(f, ", and the network has no place for `{first}`{more}")?;
        } else if self.0.len() > 1 {
            let others = self.0.len() - 1;
            write!(f, ", and {others} more {} not fit", if others == 1 { "does" } else { "do" })?;
        }
        Ok(())
    }
}

impl StateDict {
    /// Reads the safetensors file that `bytes` are: one of this program's, or a state dict that PyTorch saved.
    ///
    /// What it allocates is bounded by the length of `bytes`, whatever they claim.
    ///
    /// # Errors
    /// When they are something else, are damaged, or hold anything but 32-bit floats that are numbers (and batch norm's
    /// counters).
    pub fn read(bytes: &[u8]) -> Result<Self, NotAModel> {
        if let Some(format) = recognise(bytes) {
            return Err(NotAModel::Foreign(format));
        }
        let (file, mut metadata) = header::read(bytes)?;
        let mut views = file.iter().collect::<Vec<_>>();
        views.sort_by_key(|(name, _)| *name);
        let mut batches_tracked = 0;
        let mut tensors = Vec::new();
        for (name, view) in views {
            if name.ends_with(COUNTER) {
                batches_tracked = counter(name, &view)?.max(batches_tracked);
            } else {
                let values = weights(name, &view)?;
                tensors.push((name, view.shape().to_vec(), values));
            }
        }
        let ours = layer_names::ours(&tensors.iter().map(|(name, shape, _)| (*name, shape.len())).collect::<Vec<_>>());
        let tensors = tensors.into_iter().zip(ours).map(|((name, shape, values), ours)| {
            let name = name.to_owned();
            Tensor { name, ours, shape, values }
        });
        Ok(StateDict { tensors: tensors.collect(), batches_tracked, metadata: metadata.remove(METADATA_KEY) })
    }

    /// The network of `spec` with these weights and running statistics.
    ///
    /// # Errors
    /// When a tensor is of another shape, missing or unknown. Nothing is allocated for the network before all fit.
    pub fn network(&self, spec: &NetworkSpec) -> Result<Network, DoesNotFit> {
        let wanted = ParameterLayout::of(spec)?.state_shapes();
        let misfits = self.misfits(&wanted);
        if !misfits.is_empty() {
            return Err(DoesNotFit::Tensors(misfits));
        }
        let mut network = Network::new(spec, Initialisation::He, 0)?;
        let tensors: Vec<_> =
            self.tensors.iter().map(|t| (t.ours.clone(), t.shape.clone(), t.values.clone())).collect();
        network.load_state(&tensors, self.batches_tracked).expect("every name and shape was just checked");
        Ok(network)
    }

    /// Whether [`StateDict::network`] would give the network of `spec`.
    pub fn fits(&self, spec: &NetworkSpec) -> bool {
        ParameterLayout::of(spec).is_ok_and(|layout| self.misfits(&layout.state_shapes()).is_empty())
    }

    fn misfits(&self, wanted: &[(String, Vec<usize>)]) -> Vec<Misfit> {
        let by_name: HashMap<&str, &Tensor> = self.tensors.iter().map(|t| (&t.ours[..], t)).collect();
        let (mut shapes, mut others) = (Vec::new(), Vec::new());
        for (name, shape) in wanted {
            match by_name.get(&name[..]) {
                None => others.push(Misfit::Missing(name.clone())),
                Some(tensor) if tensor.shape != *shape => shapes.push(Misfit::Shape {
                    name: shown(&tensor.name),
                    ours: name.clone(),
                    found: shown(&format!("{:?}", tensor.shape)),
                    wanted: shape.clone(),
                }),
                Some(_) => {}
            }
        }
        let known: HashSet<&str> = wanted.iter().map(|(name, _)| &name[..]).collect();
        let unknown = self.tensors.iter().filter(|t| !known.contains(&t.ours[..]));
        others.extend(unknown.map(|t| Misfit::Unknown(shown(&t.name))));
        shapes.append(&mut others);
        shapes
    }
}

/// The values of a tensor, all of them numbers, variances not below zero.
fn weights(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, NotAModel> {
    if view.dtype() != Dtype::F32 {
        return Err(NotAModel::Dtype { name: shown(name), dtype: format!("{:?}", view.dtype()) });
    }
    let (elements, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = elements.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let at = |index: usize| (shown(name), index, values[index]);
    if let Some(index) = values.iter().position(|v| !v.is_finite()) {
        let (name, index, value) = at(index);
        return Err(NotAModel::NotFinite { name, index, value });
    }
    if name.ends_with(".running_var")
        && let Some(index) = values.iter().position(|v| *v < 0.0)
    {
        let (name, index, value) = at(index);
        return Err(NotAModel::NegativeVariance { name, index, value });
    }
    Ok(values)
}

/// The count that a tensor of one whole number holds.
fn counter(name: &str, view: &TensorView<'_>) -> Result<u64, NotAModel> {
    let bytes: Option<[u8; 8]> = view.data().try_into().ok().filter(|_| view.dtype() == Dtype::I64);
    let count = bytes.and_then(|bytes| u64::try_from(i64::from_le_bytes(bytes)).ok());
    count.ok_or_else(|| NotAModel::Counter(shown(name)))
}
