//! Initial weights: a function of the seed and the tensor, the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::parameters::{ParameterEntry, ParameterKind};

/// How weights and biases begin. Batch norm always begins with γ = 1, β = 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// PyTorch's default: weights and biases uniform in ±1/√fan_in.
    #[default]
    Pytorch,
    /// Normal with variance 2/fan_in, biases zero (He et al., "Delving Deep into Rectifiers", 2015).
    He,
}

impl Initialisation {
    /// Fills `values` (overwritten), the `index`-th tensor of the network, from `seed`.
    pub(crate) fn fill(self, values: &mut [f32], entry: &ParameterEntry, index: usize, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // A stream per tensor: adding a layer leaves the weights of the layers before it as they were.
        rng.set_stream(index as u64 + 1);
        let fan_in = entry.fan_in.max(1) as f64;
        match (entry.kind, self) {
            (ParameterKind::Scale, _) => values.fill(1.0),
            (ParameterKind::Shift, _) | (ParameterKind::Bias, Initialisation::He) => values.fill(0.0),
            (ParameterKind::Weight | ParameterKind::Bias, Initialisation::Pytorch) => {
                let bound = 1.0 / fan_in.sqrt();
                for v in values {
                    *v = ((2.0 * unit(&mut rng) - 1.0) * bound) as f32;
                }
            }
            (ParameterKind::Weight, Initialisation::He) => {
                let deviation = (2.0 / fan_in).sqrt();
                for v in values {
                    *v = (normal(&mut rng) * deviation) as f32;
                }
            }
        }
    }
}

/// Uniform in 0..1, 53 bits.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal (Box and Muller, 1958), with `libm`'s functions so that the bits do not depend on the platform.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * libm::log(1.0 - unit(rng))).sqrt();
    radius * libm::cos(2.0 * std::f64::consts::PI * unit(rng))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(initialisation: Initialisation, kind: ParameterKind, index: usize, seed: u64) -> Vec<f32> {
        let entry = ParameterEntry { name: "w".into(), shape: vec![20_000], range: 0..20_000, kind, fan_in: 50 };
        let mut values = vec![9.0; 20_000];
        initialisation.fill(&mut values, &entry, index, seed);
        values
    }

    fn moments(values: &[f32]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| v as f64).sum::<f64>() / n;
        (mean, values.iter().map(|&v| (v as f64 - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn he_has_variance_two_over_fan_in() {
        let (mean, variance) = moments(&filled(Initialisation::He, ParameterKind::Weight, 0, 1));
        assert!(mean.abs() < 0.006 && (variance / (2.0 / 50.0) - 1.0).abs() < 0.04, "{mean} {variance}");
        assert!(filled(Initialisation::He, ParameterKind::Bias, 0, 1).iter().all(|&v| v == 0.0));
    }

    #[test]
    fn pytorch_is_uniform_within_its_bound() {
        let values = filled(Initialisation::Pytorch, ParameterKind::Bias, 0, 1);
        let bound = 1.0 / 50f32.sqrt();
        assert!(values.iter().all(|v| v.abs() <= bound) && values.iter().any(|v| v.abs() > 0.99 * bound));
        let (mean, variance) = moments(&values);
        assert!(mean.abs() < 0.003 && (variance * 3.0 * 50.0 - 1.0).abs() < 0.04, "{mean} {variance}");
    }

    #[test]
    fn seeds_and_tensors_differ() {
        let w = |index, seed| filled(Initialisation::Pytorch, ParameterKind::Weight, index, seed);
        assert_eq!(w(0, 1), w(0, 1));
        assert_ne!(w(0, 1), w(1, 1));
        assert_ne!(w(0, 1), w(0, 2));
    }
}
