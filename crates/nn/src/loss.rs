//! Negative log-likelihood with label smoothing.

use longhand_kernels::{LANES, Lanes};
use serde::{Deserialize, Serialize};

/// Settings of the loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossSpec {
    /// ε, the share of the target spread evenly over all classes.
    pub label_smoothing: f64,
}

/// `L = −(1/N) Σ_n Σ_k q[n,k]·y[n,k]` with y the log-probabilities and `q[k] = ε/K + (1−ε)·[k = label]`.
///
/// That is PyTorch's `cross_entropy(label_smoothing=ε)` behind a log-softmax. `∂L/∂y[n,k] = −q[n,k]/N`.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    label_smoothing: f32,
}

/// What one lane group adds to a batch's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct GroupLoss {
    /// Σ over active images of −Σ_k q[k]·y[k].
    pub sum: f64,
    /// Images whose largest log-probability is the label's.
    pub correct: usize,
}

impl Loss {
    /// The loss that `spec` describes.
    pub fn new(spec: &LossSpec) -> Self {
        Loss { label_smoothing: spec.label_smoothing as f32 }
    }

    /// The loss of the first `active` images.
    pub(crate) fn forward(&self, log_probabilities: &[Lanes], labels: &[u8; LANES], active: usize) -> GroupLoss {
        let classes = log_probabilities.len();
        let (spread, own) = self.target(classes);
        let mut total = GroupLoss::default();
        for l in 0..active {
            let mut sum = 0.0f64;
            for y in log_probabilities {
                sum -= (spread * y.0[l]) as f64;
            }
            sum -= (own * log_probabilities[labels[l] as usize].0[l]) as f64;
            total.sum += sum;
            total.correct += usize::from(predicted(log_probabilities, l) == Some(labels[l] as usize));
        }
        total
    }

    /// ∂L/∂y[k] = −q[k]/N for the first `active` images, zero for the rest (`gradient` overwritten); N is `batch`.
    pub(crate) fn backward(&self, gradient: &mut [Lanes], labels: &[u8; LANES], active: usize, batch: usize) {
        let (spread, own) = self.target(gradient.len());
        let one_over_n = 1.0 / batch as f32;
        for (k, dy) in gradient.iter_mut().enumerate() {
            for (l, (dy, &label)) in dy.0.iter_mut().zip(labels).enumerate() {
                let q = spread + if label as usize == k { own } else { 0.0 };
                *dy = if l < active { -q * one_over_n } else { 0.0 };
            }
        }
    }

    /// ε/K, and 1−ε.
    fn target(&self, classes: usize) -> (f32, f32) {
        (self.label_smoothing / classes as f32, 1.0 - self.label_smoothing)
    }
}

/// The class with the largest log-probability of the image in `lane`, the first of equals; `None` if any is NaN.
pub(crate) fn predicted(log_probabilities: &[Lanes], lane: usize) -> Option<usize> {
    let mut best = 0;
    for (k, y) in log_probabilities.iter().enumerate() {
        if y.0[lane].is_nan() {
            return None;
        }
        if y.0[lane] > log_probabilities[best].0[lane] {
            best = k;
        }
    }
    Some(best)
}
