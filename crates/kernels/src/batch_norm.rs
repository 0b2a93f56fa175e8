//! Batch normalisation over images, rows and columns of each channel, in the steps between which threads must meet.
//!
//! In the symbols of `docs/gradients.md`, with m the count of elements of a channel in the batch:
//!
//! ```text
//! μ = (1/m) Σ x          σ² = (1/m) Σ (x−μ)²        x̂ = (x−μ)/√(σ²+ε)        y = γ·x̂ + β
//! ∂L/∂β = Σ ∂L/∂y        ∂L/∂γ = Σ ∂L/∂y · x̂
//! ∂L/∂x = γ/√(σ²+ε) · ( ∂L/∂y − (1/m)·∂L/∂β − x̂ · (1/m)·∂L/∂γ )
//! ```
//!
//! A lane group contributes [`Moments`] per channel, merged over groups in index order; and per channel the two sums
//! Σ ∂L/∂y and Σ ∂L/∂y·(x−μ).

use std::ops::Range;

use fearless_simd::{Select, SimdBase, SimdFloat, f32x16};

use crate::isa::dispatch;
use crate::lanes::{active_mask, load, store, sum};
use crate::relu::plain_relu_gradient;
use crate::{Geometry, Isa, LANES, Lanes};

/// Channels whose sums run side by side, so that one channel's additions need not wait for each other's latency.
const CHANNELS_AT_ONCE: usize = 4;

/// Count, mean and sum of squared deviations from the mean, of the elements of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many elements.
    pub count: f64,
    /// Their mean.
    pub mean: f64,
    /// Σ (x − mean)².
    pub squared_deviations: f64,
}

impl Moments {
    /// From Σ(x−p) and Σ(x−p)² about any pivot p near the mean: mean = p + s₁/m, Σ(x−mean)² = s₂ − s₁²/m.
    fn about_pivot(count: f64, pivot: f64, sum: f64, sum_of_squares: f64) -> Self {
        let squared_deviations = sum_of_squares - sum * sum / count;
        // Rounding may leave a tiny negative number where all elements are equal; NaN must stay NaN.
        let squared_deviations = if squared_deviations < 0.0 { 0.0 } else { squared_deviations };
        Moments { count, mean: pivot + sum / count, squared_deviations }
    }

    /// The moments of both sets of elements together (Chan, Golub and LeVeque, 1979).
    pub fn merged(self, other: Moments) -> Moments {
        if self.count == 0.0 {
            return other;
        }
        if other.count == 0.0 {
            return self;
        }
        let count = self.count + other.count;
        let difference = other.mean - self.mean;
        Moments {
            count,
            mean: self.mean + difference * (other.count / count),
            squared_deviations: self.squared_deviations
                + other.squared_deviations
                + difference * difference * (self.count * other.count / count),
        }
    }

    /// σ², the mean of the squared deviations: what normalises the batch.
    pub fn variance(&self) -> f64 {
        self.squared_deviations / self.count
    }

    /// The unbiased estimate, divided by count − 1 (by 1 for a single element): what the running variance keeps.
    pub fn unbiased_variance(&self) -> f64 {
        self.squared_deviations / (self.count - 1.0).max(1.0)
    }
}

/// Writes the moments of each channel of `input` over its first `active` lanes into `moments` (overwritten).
///
/// Σ(x−p) and Σ(x−p)² run per lane over rows then columns, about the mean p of the active lanes of the first row's middle
/// element: that lies among the values, so what cancels is at most the squared range.
///
/// # Panics
/// When a length does not fit, or `active` is 0 or above [`LANES`].
pub fn moments(isa: Isa, moments: &mut [Moments], input: &[Lanes], geometry: Geometry, active: usize) {
    assert_eq!(input.len(), geometry.len(), "input length");
    assert_eq!(moments.len(), geometry.channels, "moments length");
    assert!((1..=LANES).contains(&active), "{active} active lanes");
    let count = (geometry.height * geometry.width * active) as f64;
    let pivot = |channel: usize| {
        let middle = &input[geometry.index(channel, 0, geometry.width / 2)];
        middle.masked(active).sum() / active as f32
    };
    let of_lanes = |pivot: f32, first: Lanes, second: Lanes| {
        let (first, second) = (first.masked(active).sum(), second.masked(active).sum());
        Moments::about_pivot(count, pivot as f64, first as f64, second as f64)
    };
    dispatch!(isa,
        plain => for (c, moments) in moments.iter_mut().enumerate() {
            let (pivot, mut first, mut second) = (pivot(c), Lanes::ZERO, Lanes::ZERO);
            for r in 0..geometry.height {
                for x in &input[geometry.index(c, r, 0)..][..geometry.width] {
                    for l in 0..LANES {
                        let d = x.0[l] - pivot;
                        first.0[l] += d;
                        second.0[l] = d.mul_add(d, second.0[l]);
                    }
                }
            }
            *moments = of_lanes(pivot, first, second);
        },
        simd => for (block, moments) in moments.chunks_mut(CHANNELS_AT_ONCE).enumerate() {
            let channel = block * CHANNELS_AT_ONCE;
            let zero = f32x16::splat(simd, 0.0);
            let mut running = [(zero, zero); CHANNELS_AT_ONCE];
            let mut pivots = [0.0; CHANNELS_AT_ONCE];
            pivots.iter_mut().enumerate().take(moments.len()).for_each(|(k, p)| *p = pivot(channel + k));
            for r in 0..geometry.height {
                for (k, (first, second)) in running.iter_mut().enumerate().take(moments.len()) {
                    let pivot = f32x16::splat(simd, pivots[k]);
                    for x in &input[geometry.index(channel + k, r, 0)..][..geometry.width] {
                        let d = load(simd, x) - pivot;
                        *first += d;
                        *second = d.mul_add_precise(d, *second);
                    }
                }
            }
            for (k, moments) in moments.iter_mut().enumerate() {
                let (mut first, mut second) = (Lanes::ZERO, Lanes::ZERO);
                store(&mut first, running[k].0);
                store(&mut second, running[k].1);
                *moments = of_lanes(pivots[k], first, second);
            }
        },
    );
}

/// What normalises one channel: y = (x − mean) · scale + shift.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Normaliser {
    /// μ, of the batch while training, the running mean afterwards.
    pub mean: f32,
    /// γ/√(σ²+ε).
    pub scale: f32,
    /// β.
    pub shift: f32,
}

/// Writes y = (x − mean)·scale + shift into the content of `output` (overwritten; its border is left alone).
///
/// # Panics
/// When a length does not fit, or the shapes differ.
pub fn normalise(
    isa: Isa,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
) {
    let rows = 0..input_geometry.height;
    normalise_rows(isa, rows, output, output_geometry, input, input_geometry, normalisers);
}

/// [`normalise`] for `rows` alone.
///
/// # Panics
/// As [`normalise`], and when there are no such rows.
pub fn normalise_rows(
    isa: Isa,
    rows: Range<usize>,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
) {
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(output_geometry.same_shape(&input_geometry), "shapes {output_geometry:?} and {input_geometry:?}");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    assert!(rows.end <= input_geometry.height, "rows {rows:?} of {}", input_geometry.height);
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, n) in normalisers.iter().enumerate() {
            for r in rows.clone() {
                for s in 0..ig.width {
                    let x = input[ig.index(c, r, s)].0;
                    let y = &mut output[og.index(c, r, s)].0;
                    for l in 0..LANES {
                        y[l] = (x[l] - n.mean).mul_add(n.scale, n.shift);
                    }
                }
            }
        },
        simd => for (c, n) in normalisers.iter().enumerate() {
            let mean = f32x16::splat(simd, n.mean);
            let (scale, shift) = (f32x16::splat(simd, n.scale), f32x16::splat(simd, n.shift));
            for r in rows.clone() {
                let x = &input[ig.index(c, r, 0)..][..ig.width];
                let y = &mut output[og.index(c, r, 0)..][..ig.width];
                for (y, x) in y.iter_mut().zip(x) {
                    store(y, (load(simd, x) - mean).mul_add_precise(scale, shift));
                }
            }
        },
    );
}

/// The two sums that the backward pass needs of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GradientSums {
    /// Σ ∂L/∂y, which is ∂L/∂β.
    pub gradient: f32,
    /// Σ ∂L/∂y · (x − μ), which is ∂L/∂γ · √(σ²+ε).
    pub gradient_times_deviation: f32,
}

/// Writes both sums of each channel of this lane group into `sums` (overwritten).
///
/// They run per lane over rows then columns. Inactive lanes must hold zero in `grad_output`.
///
/// # Panics
/// When a length does not fit, or the shapes differ.
pub fn gradient_sums(
    isa: Isa,
    sums: &mut [GradientSums],
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
) {
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(output_geometry.same_shape(&input_geometry), "shapes {output_geometry:?} and {input_geometry:?}");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    assert_eq!(sums.len(), input_geometry.channels, "sums length");
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, (sums, n)) in sums.iter_mut().zip(normalisers).enumerate() {
            let (mut first, mut second) = (Lanes::ZERO, Lanes::ZERO);
            for r in 0..ig.height {
                for s in 0..ig.width {
                    let (dy, x) = (grad_output[og.index(c, r, s)].0, input[ig.index(c, r, s)].0);
                    for l in 0..LANES {
                        first.0[l] += dy[l];
                        second.0[l] = dy[l].mul_add(x[l] - n.mean, second.0[l]);
                    }
                }
            }
            *sums = GradientSums { gradient: first.sum(), gradient_times_deviation: second.sum() };
        },
        simd => for (block, sums) in sums.chunks_mut(CHANNELS_AT_ONCE).enumerate() {
            let channel = block * CHANNELS_AT_ONCE;
            let zero = f32x16::splat(simd, 0.0);
            let mut running = [(zero, zero); CHANNELS_AT_ONCE];
            for r in 0..ig.height {
                for (k, (first, second)) in running.iter_mut().enumerate().take(sums.len()) {
                    let mean = f32x16::splat(simd, normalisers[channel + k].mean);
                    let dy = &grad_output[og.index(channel + k, r, 0)..][..og.width];
                    let x = &input[ig.index(channel + k, r, 0)..][..ig.width];
                    for (dy, x) in dy.iter().zip(x) {
                        let dy = load(simd, dy);
                        *first += dy;
                        *second = dy.mul_add_precise(load(simd, x) - mean, *second);
                    }
                }
            }
            for (sums, (first, second)) in sums.iter_mut().zip(running) {
                *sums = GradientSums { gradient: sum(simd, first), gradient_times_deviation: sum(simd, second) };
            }
        },
    );
}

/// ∂L/∂x of one channel as ∂L/∂x = ∂L/∂y·of_gradient + ((x − mean)·of_deviation + constant).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InputGradient {
    /// μ of the batch.
    pub mean: f32,
    /// γ/√(σ²+ε).
    pub of_gradient: f32,
    /// −γ/√(σ²+ε) · Σ(∂L/∂y·(x−μ)) / (m·(σ²+ε)).
    pub of_deviation: f32,
    /// −γ/√(σ²+ε) · Σ(∂L/∂y) / m.
    pub constant: f32,
}

/// Writes ∂L/∂x into the content of `grad_input` (overwritten), zero in lanes from `active` on.
///
/// With `through_relu`, `input` is the output of a ReLU, and what is written is the gradient before that ReLU: zero
/// where x is not positive. That saves a pass over memory in the usual order convolution, ReLU, batch norm. So does
/// `totals`: for each channel the sum of what is written, as [`crate::conv2d::grad_bias`] would find it (overwritten), which is
/// the gradient of the bias of a convolution before this.
///
/// # Panics
/// When a length does not fit, the shapes differ, or `active` is above [`LANES`].
#[allow(clippy::too_many_arguments)]
pub fn grad_input(
    isa: Isa,
    grad_input: &mut [Lanes],
    grad_input_geometry: Geometry,
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    coefficients: &[InputGradient],
    active: usize,
    through_relu: bool,
    mut totals: Option<&mut [f32]>,
) {
    assert!(totals.as_ref().is_none_or(|totals| totals.len() == input_geometry.channels), "totals length");
    assert_eq!(grad_input.len(), grad_input_geometry.len(), "grad_input length");
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(output_geometry.same_shape(&input_geometry), "shapes {output_geometry:?} and {input_geometry:?}");
    assert!(grad_input_geometry.same_shape(&input_geometry), "shapes {grad_input_geometry:?}, {input_geometry:?}");
    assert_eq!(coefficients.len(), input_geometry.channels, "coefficients length");
    assert!(active <= LANES, "{active} active lanes");
    let (gg, og, ig) = (grad_input_geometry, output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, k) in coefficients.iter().enumerate() {
            let mut total = Lanes::ZERO;
            for r in 0..ig.height {
                for s in 0..ig.width {
                    let (dy, x) = (grad_output[og.index(c, r, s)].0, input[ig.index(c, r, s)].0);
                    let dx = &mut grad_input[gg.index(c, r, s)].0;
                    for l in 0..LANES {
                        let inner = (x[l] - k.mean).mul_add(k.of_deviation, k.constant);
                        let value = dy[l].mul_add(k.of_gradient, inner);
                        let value = if through_relu { plain_relu_gradient(value, x[l]) } else { value };
                        dx[l] = if l < active { value } else { 0.0 };
                        total.0[l] += dx[l];
                    }
                }
            }
            if let Some(totals) = &mut totals {
                totals[c] = total.sum();
            }
        },
        simd => {
            let mask = active_mask(simd, active);
            let zero = f32x16::splat(simd, 0.0);
            for (c, k) in coefficients.iter().enumerate() {
                let (mean, of_gradient) = (f32x16::splat(simd, k.mean), f32x16::splat(simd, k.of_gradient));
                let of_deviation = f32x16::splat(simd, k.of_deviation);
                let constant = f32x16::splat(simd, k.constant);
                let mut total = zero;
                for r in 0..ig.height {
                    let dy = &grad_output[og.index(c, r, 0)..][..ig.width];
                    let x = &input[ig.index(c, r, 0)..][..ig.width];
                    let dx = &mut grad_input[gg.index(c, r, 0)..][..ig.width];
                    for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                        let x = load(simd, x);
                        let inner = (x - mean).mul_add_precise(of_deviation, constant);
                        let value = load(simd, dy).mul_add_precise(of_gradient, inner);
                        let keep = if through_relu { mask & x.simd_gt(zero) } else { mask };
                        let value = keep.select(value, zero);
                        store(dx, value);
                        total += value;
                    }
                }
                if let Some(totals) = &mut totals {
                    totals[c] = sum(simd, total);
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn merged_moments_are_those_of_the_union() {
        let of = |values: &[f64]| {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            Moments { count, mean, squared_deviations: values.iter().map(|v| (v - mean).powi(2)).sum() }
        };
        let (a, b) = (of(&[1.0, 2.0, 4.0]), of(&[-3.0, 7.0]));
        let both = of(&[1.0, 2.0, 4.0, -3.0, 7.0]);
        let merged = a.merged(b);
        assert!((merged.mean - both.mean).abs() < 1e-12);
        assert!((merged.squared_deviations - both.squared_deviations).abs() < 1e-12);
        assert_eq!(Moments::default().merged(a), a);
        assert_eq!(both.unbiased_variance(), both.squared_deviations / 4.0);
    }

    #[test]
    fn one_element_has_no_variance_and_no_division_by_zero() {
        let one = Moments { count: 1.0, mean: 3.0, squared_deviations: 0.0 };
        assert_eq!((one.variance(), one.unbiased_variance()), (0.0, 0.0));
    }
}
