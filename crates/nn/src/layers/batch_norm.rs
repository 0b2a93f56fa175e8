//! Batch normalisation, in the pieces between which all lane groups must meet.

use std::ops::Range;

use longhand_kernels::batch_norm::{self, GradientSums, InputGradient, Moments, Normaliser};
use longhand_kernels::dropout::{self, Mask};
use longhand_kernels::{Geometry, batch_norm_dropout, batch_norm_max_pool};

use super::{Dropout, Mode, Pass};
use crate::lane_group::LaneGroup;
use crate::plan::Slot;

/// x̂ = (x−μ)/√(σ²+ε), y = γ·x̂ + β, with μ and σ² of the batch while training, the running ones otherwise.
///
/// `docs/gradients.md` derives, with m elements a channel: ∂L/∂β = Σ ∂L/∂y, ∂L/∂γ = Σ ∂L/∂y·x̂ and
/// ∂L/∂x = γ/√(σ²+ε)·(∂L/∂y − ∂L/∂β/m − x̂·∂L/∂γ/m).
#[derive(Clone, Debug)]
pub struct BatchNorm {
    pub(crate) slot: usize,
    pub(crate) input: Slot,
    pub(crate) output: Slot,
    pub(crate) gamma: Range<usize>,
    pub(crate) beta: Range<usize>,
    /// This layer's channels among those of all batch norm layers.
    pub(crate) channels: Range<usize>,
    pub(crate) momentum: f64,
    pub(crate) eps: f64,
    /// Whether the input is a ReLU's output, and the gradient is to be taken through that ReLU as well.
    pub(crate) through_relu: bool,
    /// Whether inference has the convolution before do this layer's work as well.
    pub(crate) by_convolution: bool,
    /// Whether the 2×2 max pooling that follows is done in the same passes: `output` is then the pooled slot.
    pub(crate) pooled: bool,
    /// The dropout that follows, done in the same passes, in place on `output`.
    pub(crate) dropout: Option<Dropout>,
    /// The bias of the convolution directly before, whose gradient this layer's way back sums.
    pub(crate) bias_before: Option<Range<usize>>,
}

/// ∂L/∂γ and ∂L/∂β of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ParameterGradient {
    pub gamma: f32,
    pub beta: f32,
}

impl BatchNorm {
    pub(super) fn forward(&self, pass: &Pass, group: &mut LaneGroup, rows: Range<usize>) {
        if self.by_convolution && pass.mode == Mode::Inference {
            return;
        }
        if pass.mode == Mode::Training {
            return self.forward_in_training(pass, group, false);
        }
        let (x, y) = group.activation_pair(self.slot);
        let normalisers = &pass.normalisers[self.channels.clone()];
        let forward = if self.pooled { batch_norm_max_pool::forward_rows } else { batch_norm::normalise_rows };
        forward(pass.isa, rows, y, self.output.activation, x, self.input.activation, normalisers);
    }

    /// The forward pass once more, in the stretch on the way back that ends with the sums: of what was pooled, the elements that
    /// won are put aside for these.
    pub(super) fn forward_again(&self, pass: &Pass, group: &mut LaneGroup) {
        if self.pooled {
            group.provide_winners(self.slot + 1, self.winners_geometry());
        }
        self.forward_in_training(pass, group, self.pooled);
    }

    /// How the winners are stored: as the output is, without a border.
    fn winners_geometry(&self) -> Geometry {
        Geometry { border: 0, ..self.output.activation }
    }

    fn forward_in_training(&self, pass: &Pass, group: &mut LaneGroup, keep_winners: bool) {
        let (isa, mask) = (pass.isa, self.mask(group));
        let (x_geometry, y_geometry) = (self.input.activation, self.output.activation);
        let normalisers = &pass.normalisers[self.channels.clone()];
        let LaneGroup { activations, winners, .. } = group;
        let (before, after) = activations.split_at_mut(self.slot + 1);
        let (x, y) = (&before[self.slot], &mut after[0]);
        if self.pooled {
            let winners = keep_winners.then_some(&mut winners[self.slot + 1][..]);
            let mask = mask.as_ref();
            batch_norm_max_pool::forward_in_training(isa, y, y_geometry, x, x_geometry, normalisers, mask, winners);
        } else if let Some(mask) = mask {
            batch_norm_dropout::normalise(isa, y, y_geometry, x, x_geometry, normalisers, &mask);
        } else {
            batch_norm::normalise(isa, y, y_geometry, x, x_geometry, normalisers);
        }
    }

    /// What is dropped behind this layer in training, if anything is.
    fn mask(&self, group: &LaneGroup) -> Option<Mask> {
        self.dropout.as_ref().and_then(|dropout| dropout.mask(group))
    }

    pub(super) fn backward(&self, pass: &Pass, group: &mut LaneGroup) {
        let active = group.active;
        let (dx, dy) = LaneGroup::gradient_pair(&mut group.gradients, self.slot);
        let (x, coefficients) = (&group.activations[self.slot], &pass.input_gradients[self.channels.clone()]);
        let (dx_geometry, dy_geometry, x_geometry) = (self.input.gradient, self.output.gradient, self.input.activation);
        let (dx, dy) = (&mut dx[..dx_geometry.len()], &dy[..dy_geometry.len()]);
        let (isa, through_relu) = (pass.isa, self.through_relu);
        let grad_bias = self.bias_before.clone().map(|bias| &mut group.grad_parameters[bias]);
        if self.pooled {
            let normalisers = &pass.normalisers[self.channels.clone()];
            batch_norm_max_pool::grad_input(
                isa,
                dx,
                dx_geometry,
                dy,
                dy_geometry,
                x,
                x_geometry,
                normalisers,
                coefficients,
                active,
                through_relu,
                grad_bias,
            );
        } else {
            batch_norm::grad_input(
                isa,
                dx,
                dx_geometry,
                dy,
                dy_geometry,
                x,
                x_geometry,
                coefficients,
                active,
                through_relu,
                grad_bias,
            );
        }
    }

    /// This group's part of μ and σ²; before the forward pass.
    pub(crate) fn moments(&self, pass: &Pass, group: &mut LaneGroup) {
        let LaneGroup { activations, moments, active, .. } = group;
        let moments = &mut moments[self.channels.clone()];
        batch_norm::moments(pass.isa, moments, &activations[self.slot], self.input.activation, *active);
    }

    /// This group's part of ∂L/∂β and ∂L/∂γ; before the backward pass. If dropout follows, the gradient of the output is taken
    /// back through it first, in place.
    pub(crate) fn gradient_sums(&self, pass: &Pass, group: &mut LaneGroup) {
        let (isa, mask) = (pass.isa, self.mask(group));
        let LaneGroup { activations, winners, gradients, gradient_sums, .. } = group;
        let sums = &mut gradient_sums[self.channels.clone()];
        let dy_geometry = self.output.gradient;
        let dy = &mut gradients[self.slot + 1][..dy_geometry.len()];
        let normalisers = &pass.normalisers[self.channels.clone()];
        let winners = &winners[self.slot + 1];
        if self.pooled && winners.is_empty() {
            if let Some(mask) = mask {
                dropout::apply(isa, dy, dy_geometry, &mask);
            }
            let (x, x_geometry) = (&activations[self.slot], self.input.activation);
            batch_norm_max_pool::gradient_sums(isa, sums, dy, dy_geometry, x, x_geometry, normalisers);
            return;
        }
        let (x, x_geometry) = if self.pooled {
            (winners, self.winners_geometry())
        } else {
            (&activations[self.slot], self.input.activation)
        };
        if let Some(mask) = mask {
            batch_norm_dropout::gradient_sums(isa, sums, dy, dy_geometry, x, x_geometry, normalisers, &mask);
        } else {
            batch_norm::gradient_sums(isa, sums, dy, dy_geometry, x, x_geometry, normalisers);
        }
    }

    /// Whether [`BatchNorm::gradient_sums`] needs the activation that this layer reads.
    pub(crate) fn sums_read_input(&self, group: &LaneGroup) -> bool {
        !self.pooled || group.winners[self.slot + 1].is_empty()
    }

    /// Merges the groups' moments in index order: what normalises each channel of this batch.
    ///
    /// Also moves the running statistics: r ← (1−momentum)·r + momentum·batch, with the unbiased variance.
    pub(crate) fn meet_forward(
        &self,
        groups: &[&LaneGroup],
        parameters: &[f32],
        moments: &mut [Moments],
        normalisers: &mut [Normaliser],
        running_mean: &mut [f32],
        running_var: &mut [f32],
    ) {
        for (k, c) in self.channels.clone().enumerate() {
            let merged = groups.iter().fold(Moments::default(), |merged, group| merged.merged(group.moments[c]));
            moments[c] = merged;
            normalisers[c] = self.normaliser(parameters, k, merged.mean, merged.variance());
            let blend =
                |running: f32, batch: f64| ((1.0 - self.momentum) * running as f64 + self.momentum * batch) as f32;
            running_mean[c] = blend(running_mean[c], merged.mean);
            running_var[c] = blend(running_var[c], merged.unbiased_variance());
        }
    }

    /// Adds the groups' sums in index order: ∂L/∂γ and ∂L/∂β by channel, and the coefficients of ∂L/∂x (overwrites both).
    pub(crate) fn meet_backward(
        &self,
        groups: &[&LaneGroup],
        parameters: &[f32],
        moments: &[Moments],
        input_gradients: &mut [InputGradient],
        gradients: &mut [ParameterGradient],
    ) {
        for (k, c) in self.channels.clone().enumerate() {
            let (mut sum, mut sum_deviation) = (0.0f64, 0.0f64);
            for group in groups {
                let GradientSums { gradient, gradient_times_deviation } = group.gradient_sums[c];
                sum += gradient as f64;
                sum_deviation += gradient_times_deviation as f64;
            }
            let Moments { count, mean, .. } = moments[c];
            let one_over_variance = 1.0 / (moments[c].variance() + self.eps);
            let one_over_deviation = one_over_variance.sqrt();
            gradients[c] = ParameterGradient { gamma: (sum_deviation * one_over_deviation) as f32, beta: sum as f32 };
            let scale = parameters[self.gamma.start + k] as f64 * one_over_deviation;
            input_gradients[c] = InputGradient {
                mean: mean as f32,
                of_gradient: scale as f32,
                of_deviation: (-scale * sum_deviation * one_over_variance / count) as f32,
                constant: (-scale * sum / count) as f32,
            };
        }
    }

    /// Puts ∂L/∂γ and ∂L/∂β of this layer's channels into the gradient of all parameters (overwrites).
    pub(crate) fn put_gradient(&self, gradients: &[ParameterGradient], gradient: &mut [f32]) {
        for (k, of_channel) in gradients[self.channels.clone()].iter().enumerate() {
            gradient[self.gamma.start + k] = of_channel.gamma;
            gradient[self.beta.start + k] = of_channel.beta;
        }
    }

    /// What normalises the `k`-th channel of this layer with the given statistics.
    pub(crate) fn normaliser(&self, parameters: &[f32], k: usize, mean: f64, variance: f64) -> Normaliser {
        Normaliser {
            mean: mean as f32,
            scale: (parameters[self.gamma.start + k] as f64 / (variance + self.eps).sqrt()) as f32,
            shift: parameters[self.beta.start + k],
        }
    }
}
