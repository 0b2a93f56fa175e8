//! What a network costs and sees, before any training: parameters, receptive field, multiply-adds.

use crate::shape::{Shape, SpecError, parameters_of};
use crate::spec::{LayerSpec, NetworkSpec};

/// One line of a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSummary {
    /// The layer as a person would write it.
    pub description: String,
    /// What comes out.
    pub output: Shape,
    /// Trained parameters.
    pub parameters: usize,
    /// Rows and columns of the input image that one output element depends on (`None` where it sees all of it).
    pub receptive_field: Option<usize>,
    /// Input pixels from one output element to the next (the product of the strides so far).
    pub jump: usize,
    /// Multiply-adds of the forward pass for one image; convolution and linear layers only, edges counted as full.
    pub multiply_adds: usize,
}

/// A network's layers with their costs, and totals.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The shape of the input.
    pub input: Shape,
    /// A line per layer.
    pub layers: Vec<LayerSummary>,
}

impl Summary {
    /// Works out the summary of `spec`.
    ///
    /// # Errors
    /// When the spec is impossible.
    pub fn of(spec: &NetworkSpec) -> Result<Self, SpecError> {
        let shapes = spec.shapes()?;
        let mut input = spec.input_shape();
        // r ← r + (k−1)·j; j ← j·stride (Araujo, Norris and Sim, "Computing Receptive Fields", 2019).
        let (mut receptive_field, mut jump) = (Some(1usize), 1usize);
        let mut layers = Vec::with_capacity(shapes.len());
        for (layer, output) in spec.layers.iter().zip(shapes) {
            let mut multiply_adds = 0;
            match *layer {
                LayerSpec::Conv { kernel, .. } => {
                    receptive_field = receptive_field.map(|r| r + (kernel - 1) * jump);
                    multiply_adds = output.elements() * input.channels * kernel * kernel;
                }
                LayerSpec::DepthwiseConv { kernel, .. } => {
                    receptive_field = receptive_field.map(|r| r + (kernel - 1) * jump);
                    multiply_adds = output.elements() * kernel * kernel;
                }
                LayerSpec::MaxPool {} => {
                    receptive_field = receptive_field.map(|r| r + jump);
                    jump *= 2;
                }
                LayerSpec::GlobalAveragePool {} => receptive_field = None,
                LayerSpec::Linear { .. } => {
                    receptive_field = None;
                    multiply_adds = output.elements() * input.elements();
                }
                _ => {}
            }
            layers.push(LayerSummary {
                description: layer.describe(),
                output,
                parameters: parameters_of(layer, input),
                receptive_field,
                jump,
                multiply_adds,
            });
            input = output;
        }
        Ok(Summary { input: spec.input_shape(), layers })
    }

    /// Trained parameters of the whole network.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|l| l.parameters).sum()
    }

    /// Multiply-adds of one image's forward pass.
    pub fn multiply_adds(&self) -> usize {
        self.layers.iter().map(|l| l.multiply_adds).sum()
    }
}
