//! A network with its parameters: built from a spec, run, saved and loaded by name.

use std::sync::Arc;

use longhand_kernels::Isa;
use longhand_kernels::batch_norm::Normaliser;

use crate::convolution_weights::ConvolutionWeights;
use crate::initialisation::Initialisation;
use crate::lane_group::LaneGroup;
use crate::layers::{Layer, Mode, Pass};
use crate::parameters::ParameterLayout;
use crate::plan::{Plan, plan};
use crate::shape::SpecError;
use crate::spec::NetworkSpec;
use crate::stretch::Stretch;
use crate::timing::SharedTimings;
use crate::workspace::Workspaces;

/// A network: its spec, its parameters, and the running statistics of its batch norm layers.
#[derive(Clone, Debug)]
pub struct Network {
    spec: NetworkSpec,
    pub(crate) plan: Arc<Plan>,
    pub(crate) layout: ParameterLayout,
    pub(crate) parameters: Vec<f32>,
    pub(crate) gradient: Vec<f32>,
    pub(crate) running_mean: Vec<f32>,
    pub(crate) running_var: Vec<f32>,
    pub(crate) batches_tracked: u64,
    /// Room for what a training step makes of the convolutions' weights.
    pub(crate) convolutions: Vec<ConvolutionWeights>,
    pub(crate) workspaces: Workspaces,
    pub(crate) shared_timings: SharedTimings,
}

/// A tensor given to [`Network::load_state`] does not belong to the network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotLoaded {
    /// No tensor of that name was given.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// The network has no tensor of that name.
    #[error("tensor `{0}` is not one of this network's")]
    Unknown(String),
    /// The tensor has another shape.
    #[error("tensor `{name}` has shape {found:?} and this network wants {wanted:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape as given.
        found: Vec<usize>,
        /// Its shape in this network.
        wanted: Vec<usize>,
    },
}

impl Network {
    /// Builds the network of `spec` with initial weights from `seed`.
    ///
    /// # Errors
    /// When the spec is impossible.
    pub fn new(spec: &NetworkSpec, initialisation: Initialisation, seed: u64) -> Result<Self, SpecError> {
        let (plan, layout) = plan(spec)?;
        let mut parameters = vec![0.0; layout.len()];
        for (index, entry) in layout.entries.iter().enumerate() {
            initialisation.fill(&mut parameters[entry.range.clone()], entry, index, seed);
        }
        let channels = layout.batch_norm_channels();
        Ok(Network {
            spec: spec.clone(),
            plan: Arc::new(plan),
            gradient: vec![0.0; layout.len()],
            layout,
            parameters,
            running_mean: vec![0.0; channels],
            running_var: vec![1.0; channels],
            batches_tracked: 0,
            convolutions: Vec::new(),
            workspaces: Workspaces::default(),
            shared_timings: SharedTimings::default(),
        })
    }

    /// The spec it was built from.
    pub fn spec(&self) -> &NetworkSpec {
        &self.spec
    }

    /// The planned layers, in order: what [`crate::Timings`] counts.
    pub fn layers(&self) -> &[Layer] {
        &self.plan.layers
    }

    /// Names and places of all parameters.
    pub fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    /// All parameters, in the order of the layout.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters and, for the optimiser, the gradient that the last [`Network::train_step`] left.
    pub fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]) {
        (&mut self.parameters, &self.gradient)
    }

    /// The gradient that the last [`Network::train_step`] left, in the order of the layout.
    pub fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    /// What the last [`Network::train_step`] spent on what belongs to no lane group.
    pub fn shared_timings(&self) -> &SharedTimings {
        &self.shared_timings
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.plan.slots.last().map_or(0, |s| s.activation.channels)
    }

    /// Takes over the parameters and running statistics of `other`, without allocating.
    ///
    /// # Panics
    /// When the networks have different numbers of them.
    pub fn copy_state_from(&mut self, other: &Network) {
        self.parameters.copy_from_slice(&other.parameters);
        self.running_mean.copy_from_slice(&other.running_mean);
        self.running_var.copy_from_slice(&other.running_var);
        self.batches_tracked = other.batches_tracked;
    }

    /// A group of sixteen images for training.
    pub fn training_group(&self) -> LaneGroup {
        LaneGroup::new(&self.plan, &self.layout, true)
    }

    /// A group of sixteen images for [`Inference::infer`].
    pub fn inference_group(&self) -> LaneGroup {
        LaneGroup::new(&self.plan, &self.layout, false)
    }

    /// The network as it is now, made ready to classify any number of groups.
    pub fn inference(&self) -> Inference<'_> {
        let mut convolutions = Vec::new();
        ConvolutionWeights::set_all(&mut convolutions, &self.plan.layers, &self.parameters, false, 1);
        Inference { network: self, normalisers: self.running_normalisers(), convolutions }
    }

    pub(crate) fn running_normalisers(&self) -> Vec<Normaliser> {
        let mut normalisers = vec![Normaliser::default(); self.layout.batch_norm_channels()];
        for layer in &self.plan.layers {
            if let Layer::BatchNorm(bn) = layer {
                for (k, c) in bn.channels.clone().enumerate() {
                    let (mean, var) = (self.running_mean[c] as f64, self.running_var[c] as f64);
                    normalisers[c] = bn.normaliser(&self.parameters, k, mean, var);
                }
            }
        }
        normalisers
    }

    /// Every tensor by PyTorch's name: parameters in layer order, then each batch norm's `running_mean`, `running_var`.
    ///
    /// What PyTorch's state dict holds beside these, `num_batches_tracked`, is [`Network::batches_tracked`].
    pub fn state(&self) -> Vec<(String, Vec<usize>, &[f32])> {
        let parameters = self.layout.entries.iter().map(|e| &self.parameters[e.range.clone()]);
        let running = self
            .layout
            .batch_norms
            .iter()
            .flat_map(|(_, range)| [&self.running_mean[range.clone()], &self.running_var[range.clone()]]);
        let shapes = self.layout.state_shapes().into_iter();
        shapes.zip(parameters.chain(running)).map(|((name, shape), values)| (name, shape, values)).collect()
    }

    /// How many training batches the running statistics have seen.
    pub fn batches_tracked(&self) -> u64 {
        self.batches_tracked
    }

    /// Replaces every tensor that [`Network::state`] lists by those given, in any order.
    ///
    /// # Errors
    /// When a tensor is missing, unknown or of another shape; the network is then unchanged.
    pub fn load_state(
        &mut self,
        tensors: &[(String, Vec<usize>, Vec<f32>)],
        batches_tracked: u64,
    ) -> Result<(), NotLoaded> {
        let wanted = self.layout.state_shapes();
        for (name, shape) in &wanted {
            let Some((_, found, values)) = tensors.iter().find(|(n, ..)| n == name) else {
                return Err(NotLoaded::Missing(name.clone()));
            };
            if found != shape || values.len() != shape.iter().product::<usize>() {
                let (found, wanted) = (found.clone(), shape.clone());
                return Err(NotLoaded::Shape { name: name.clone(), found, wanted });
            }
        }
        if let Some((name, ..)) = tensors.iter().find(|(n, ..)| !wanted.iter().any(|(w, _)| w == n)) {
            return Err(NotLoaded::Unknown(name.clone()));
        }
        let values = |name: &str| &tensors.iter().find(|(n, ..)| n == name).expect("just checked").2;
        for entry in &self.layout.entries {
            self.parameters[entry.range.clone()].copy_from_slice(values(&entry.name));
        }
        for (name, range) in &self.layout.batch_norms {
            self.running_mean[range.clone()].copy_from_slice(values(&format!("{name}.running_mean")));
            self.running_var[range.clone()].copy_from_slice(values(&format!("{name}.running_var")));
        }
        self.batches_tracked = batches_tracked;
        Ok(())
    }
}

/// A network made ready to classify: its running statistics and weights in the forms that the kernels read.
#[derive(Debug)]
pub struct Inference<'a> {
    network: &'a Network,
    normalisers: Vec<Normaliser>,
    convolutions: Vec<ConvolutionWeights>,
}

impl Inference<'_> {
    /// Computes the log-probabilities of a group's images, with running statistics and without dropout.
    ///
    /// # Panics
    /// When the group is not one of [`Network::inference_group`].
    pub fn infer(&self, isa: Isa, group: &mut LaneGroup) {
        let pass = Pass {
            isa,
            parameters: &self.network.parameters,
            convolutions: &self.convolutions,
            normalisers: &self.normalisers,
            input_gradients: &[],
            mode: Mode::Inference,
            blocks: 1,
        };
        let plan = &self.network.plan;
        Stretch::new(plan, &pass, group, 0).forward(plan.slots.len() - 1, None);
    }
}
