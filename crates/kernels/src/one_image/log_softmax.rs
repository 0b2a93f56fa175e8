//! Log-softmax over classes: `y[k] = (x[k] − max) − ln Σ_j e^(x[j]−max)`.

use fearless_simd::{SimdBase, f32x16};

use super::padded;
use crate::exp_ln::{exp, exp_lanes, ln, ln_lanes};
use crate::isa::dispatch;
use crate::{Isa, LANES};

/// Computes the log-probabilities of the first `classes` logits of `input` into `output`; what lies behind them in
/// `output` is overwritten with anything.
///
/// # Panics
/// When a length is not `classes` filled up to whole vectors, or there are no classes.
pub fn forward(isa: Isa, output: &mut [f32], input: &[f32], classes: usize) {
    assert!(classes > 0, "no classes");
    assert_eq!(output.len(), padded(classes), "output length");
    assert_eq!(input.len(), padded(classes), "input length");
    let mut max = input[0];
    for &x in &input[1..classes] {
        max = if x > max { x } else { max };
    }
    dispatch!(isa,
        plain => {
            let mut sum = 0.0;
            for x in &input[..classes] {
                sum += exp(x - max);
            }
            let ln_sum = ln(sum);
            for (y, x) in output.iter_mut().zip(&input[..classes]) {
                *y = (x - max) - ln_sum;
            }
        },
        simd => {
            for (y, x) in output.chunks_exact_mut(LANES).zip(input.chunks_exact(LANES)) {
                exp_lanes(simd, f32x16::from_slice(simd, x) - max).store_slice(y);
            }
            let mut sum = 0.0;
            for e in &output[..classes] {
                sum += e;
            }
            let ln_sum = ln_lanes(simd, f32x16::splat(simd, sum));
            for (y, x) in output.chunks_exact_mut(LANES).zip(input.chunks_exact(LANES)) {
                ((f32x16::from_slice(simd, x) - max) - ln_sum).store_slice(y);
            }
        },
    );
}
