//! Stochastic gradient descent with momentum, as PyTorch's `torch.optim.SGD` defines it.

use serde::{Deserialize, Serialize};

use super::{check, decays};
use crate::parameters::ParameterLayout;

/// Settings of [`Sgd`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdSpec {
    /// μ, the share of the velocity kept from step to step.
    pub momentum: f64,
    /// Whether the step looks ahead along the velocity (Nesterov, in PyTorch's form).
    pub nesterov: bool,
    /// λ, added to the gradient as λ·w.
    pub weight_decay: f64,
    /// Whether biases and batch norm's γ and β decay too; by default only convolution and linear weights do.
    pub decay_all: bool,
}

impl SgdSpec {
    /// Checks every number.
    ///
    /// # Errors
    /// A sentence naming the key, what was found and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        check("momentum", self.momentum, 0.0..=1.0)?;
        check("weight_decay", self.weight_decay, 0.0..=10.0)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err("nesterov = true needs a momentum above 0".into());
        }
        Ok(())
    }
}

/// The optimiser with its velocity.
#[derive(Clone, Debug)]
pub struct Sgd {
    spec: SgdSpec,
    pub(super) velocity: Vec<f32>,
    decays: Vec<(std::ops::Range<usize>, bool)>,
}

impl Sgd {
    /// An optimiser at rest for the parameters of `layout`.
    pub fn new(spec: SgdSpec, layout: &ParameterLayout) -> Self {
        let decays = decays(layout, spec.decay_all);
        Sgd { velocity: vec![0.0; layout.len()], decays, spec }
    }

    /// Moves `parameters` one step against `gradient` (the mean over the batch).
    ///
    /// g ← g + λ·w;  v ← μ·v + g (v begins at 0);  w ← w − η·v, or w − η·(g + μ·v) with Nesterov.
    ///
    /// # Panics
    /// When a length is not that of the layout.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], learning_rate: f64) {
        assert_eq!(parameters.len(), self.velocity.len(), "parameters");
        assert_eq!(gradient.len(), self.velocity.len(), "gradient");
        let (momentum, rate) = (self.spec.momentum as f32, learning_rate as f32);
        for (range, decays) in &self.decays {
            let decay = if *decays { self.spec.weight_decay as f32 } else { 0.0 };
            let slices = parameters[range.clone()].iter_mut().zip(&gradient[range.clone()]);
            for ((w, g), v) in slices.zip(&mut self.velocity[range.clone()]) {
                let g = g + decay * *w;
                *v = momentum * *v + g;
                let step = if self.spec.nesterov { g + momentum * *v } else { *v };
                *w -= rate * step;
            }
        }
    }

    /// The velocity of every parameter, in the parameters' order.
    pub fn velocity(&self) -> &[f32] {
        &self.velocity
    }
}
