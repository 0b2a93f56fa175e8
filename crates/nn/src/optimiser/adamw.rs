//! Adam with decoupled weight decay, as PyTorch's `torch.optim.AdamW` defines it (Kingma and Ba 2015; Loshchilov and
//! Hutter 2019, "Decoupled weight decay regularization").

use serde::{Deserialize, Serialize};

use super::{check, decays};
use crate::parameters::ParameterLayout;

/// Settings of [`AdamW`]; the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWSpec {
    /// β₁ and β₂: the shares of the mean gradient and of the mean squared gradient kept from step to step.
    pub betas: [f64; 2],
    /// ε, added to the root of the mean square.
    pub eps: f64,
    /// λ: each step takes η·λ of a weight away, whatever its gradient.
    pub weight_decay: f64,
    /// Whether biases and batch norm's γ and β decay too; by default only convolution and linear weights do.
    pub decay_all: bool,
}

impl Default for AdamWSpec {
    fn default() -> Self {
        AdamWSpec { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 1e-2, decay_all: false }
    }
}

impl AdamWSpec {
    /// Checks every number.
    ///
    /// # Errors
    /// A sentence naming the key, what was found and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        for beta in self.betas {
            if !(0.0..1.0).contains(&beta) {
                return Err(format!("betas = {:?} cannot be: both must be at least 0 and below 1", self.betas));
            }
        }
        // A smaller ε would be no number at all in single precision.
        check("eps", self.eps, 1e-30..=1.0)?;
        check("weight_decay", self.weight_decay, 0.0..=10.0)
    }
}

/// The optimiser with its moving means.
#[derive(Clone, Debug)]
pub struct AdamW {
    spec: AdamWSpec,
    pub(super) mean: Vec<f32>,
    pub(super) mean_square: Vec<f32>,
    /// β₁ᵗ and β₂ᵗ after t steps, as products: powers differ between platforms.
    pub(super) powers: [f64; 2],
    decays: Vec<(std::ops::Range<usize>, bool)>,
}

impl AdamW {
    /// An optimiser at rest for the parameters of `layout`.
    pub fn new(spec: AdamWSpec, layout: &ParameterLayout) -> Self {
        let (mean, mean_square) = (vec![0.0; layout.len()], vec![0.0; layout.len()]);
        AdamW { mean, mean_square, powers: [1.0; 2], decays: decays(layout, spec.decay_all), spec }
    }

    /// Moves `parameters` one step against `gradient` (the mean over the batch).
    ///
    /// w ← w − η·λ·w;  m ← m + (1 − β₁)·(g − m);  v ← β₂·v + (1 − β₂)·g²;
    /// w ← w − η/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + ε), t counted from 1.
    ///
    /// # Panics
    /// When a length is not that of the layout.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], learning_rate: f64) {
        assert_eq!(parameters.len(), self.mean.len(), "parameters");
        assert_eq!(gradient.len(), self.mean.len(), "gradient");
        let [beta1, beta2] = self.spec.betas;
        self.powers = [self.powers[0] * beta1, self.powers[1] * beta2];
        let step = (learning_rate / (1.0 - self.powers[0])) as f32;
        let root = libm::sqrt(1.0 - self.powers[1]) as f32;
        let (new1, keep2, new2) = ((1.0 - beta1) as f32, beta2 as f32, (1.0 - beta2) as f32);
        let eps = self.spec.eps as f32;
        for (range, decays) in &self.decays {
            let keep = if *decays { (1.0 - learning_rate * self.spec.weight_decay) as f32 } else { 1.0 };
            let slices = parameters[range.clone()].iter_mut().zip(&gradient[range.clone()]);
            let means = self.mean[range.clone()].iter_mut().zip(&mut self.mean_square[range.clone()]);
            for ((w, &g), (m, v)) in slices.zip(means) {
                *m += new1 * (g - *m);
                *v = keep2 * *v + new2 * (g * g);
                *w = keep * *w - step * (*m / (v.sqrt() / root + eps));
            }
        }
    }

    /// The moving mean of the gradient and of its square, of every parameter, in the parameters' order.
    pub fn means(&self) -> (&[f32], &[f32]) {
        (&self.mean, &self.mean_square)
    }
}
