//! Mean, deviation, and whether two samples differ by more than noise.

use serde::Serialize;
use statrs::function::beta::beta_reg;

/// The moments of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// How many numbers.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n − 1 below the sum; `None` for a single number.
    pub deviation: Option<f64>,
}

impl Sample {
    /// The moments of `values`; `None` where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        let deviation = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Sample { n, mean, deviation })
    }
}

/// Welch's t-test of two samples, two-sided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Welch {
    /// The difference of the means in units of its standard error.
    pub t: f64,
    /// Degrees of freedom by Welch and Satterthwaite.
    pub degrees_of_freedom: f64,
    /// How often samples of one and the same normal distribution would differ so much or more.
    pub p: f64,
}

/// Tests whether `a` and `b` have the same mean, not supposing that they vary alike.
///
/// `None` where a sample is of one number, or neither varies at all: then there is nothing to judge noise by.
///
/// t = (x̄₁−x̄₂)/√(s₁²/n₁ + s₂²/n₂) (B. L. Welch, "The generalization of 'Student's' problem when several different
/// population variances are involved", Biometrika 34, 1947).
pub fn welch(a: &Sample, b: &Sample) -> Option<Welch> {
    let (va, vb) = (a.deviation?.powi(2) / a.n as f64, b.deviation?.powi(2) / b.n as f64);
    let variance = va + vb;
    if variance <= 0.0 {
        return None;
    }
    let t = (a.mean - b.mean) / variance.sqrt();
    let degrees_of_freedom = variance * variance / (va * va / (a.n - 1) as f64 + vb * vb / (b.n - 1) as f64);
    // Both tails of Student's t: I_x(ν/2, 1/2) at x = ν/(ν + t²).
    let p = beta_reg(degrees_of_freedom / 2.0, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t));
    Some(Welch { t, degrees_of_freedom, p })
}

/// The middle of `values`, or the mean of the middle two; `None` where there are none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}
