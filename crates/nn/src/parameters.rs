//! All parameters in one flat allocation, with named views, so that updating, saving and counting are one loop each.

use std::ops::Range;

use serde::Serialize;

use crate::plan::plan;
use crate::shape::SpecError;
use crate::spec::NetworkSpec;

/// What a parameter tensor is; weight decay and initialisation depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ParameterKind {
    /// Weight of a convolution or linear layer.
    Weight,
    /// Bias of a convolution or linear layer.
    Bias,
    /// γ of batch norm.
    Scale,
    /// β of batch norm.
    Shift,
}

/// One named tensor of the flat allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterEntry {
    /// PyTorch's name: `conv1.weight`, `batch_norm2.bias`, `linear1.weight`, counted from 1 within each kind of layer.
    pub name: String,
    /// PyTorch's shape: `[out, in, kernel, kernel]` of a convolution, `[out, in]` of a linear layer, else `[n]`.
    pub shape: Vec<usize>,
    /// Where it lies.
    pub range: Range<usize>,
    /// What it is.
    pub kind: ParameterKind,
    /// How many inputs feed one output (kernel taps counted), which initialisation needs.
    pub fan_in: usize,
}

/// The named tensors of a network, in layer order, and the running statistics beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterLayout {
    /// Trained tensors, in the order they lie in the flat allocation, without gaps.
    pub entries: Vec<ParameterEntry>,
    /// Batch norm layers: name (`batch_norm1`) and the range of their channels in the running statistics.
    pub batch_norms: Vec<(String, Range<usize>)>,
}

impl ParameterLayout {
    /// The layout of the network of `spec`, without room for a single parameter.
    ///
    /// # Errors
    /// When the spec is impossible.
    pub fn of(spec: &NetworkSpec) -> Result<Self, SpecError> {
        plan(spec).map(|(_, layout)| layout)
    }

    /// Name and shape of every tensor of [`crate::Network::state`], in its order.
    pub fn state_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let parameters = self.entries.iter().map(|e| (e.name.clone(), e.shape.clone()));
        let running = self.batch_norms.iter().flat_map(|(name, range)| {
            ["running_mean", "running_var"].map(|what| (format!("{name}.{what}"), vec![range.len()]))
        });
        parameters.chain(running).collect()
    }

    /// Trained parameters in all.
    pub fn len(&self) -> usize {
        self.entries.last().map_or(0, |e| e.range.end)
    }

    /// Whether nothing is trained.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels of all batch norm layers together.
    pub fn batch_norm_channels(&self) -> usize {
        self.batch_norms.last().map_or(0, |(_, r)| r.end)
    }

    /// Appends a tensor and returns where it lies.
    pub(crate) fn push(&mut self, name: String, shape: Vec<usize>, kind: ParameterKind, fan_in: usize) -> Range<usize> {
        let start = self.len();
        let range = start..start + shape.iter().product::<usize>();
        self.entries.push(ParameterEntry { name, shape, range: range.clone(), kind, fan_in });
        range
    }

    /// Appends the running statistics of a batch norm layer and returns where they lie.
    pub(crate) fn push_batch_norm(&mut self, name: String, channels: usize) -> Range<usize> {
        let start = self.batch_norm_channels();
        self.batch_norms.push((name, start..start + channels));
        start..start + channels
    }
}
