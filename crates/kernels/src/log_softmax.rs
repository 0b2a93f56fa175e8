//! Log-softmax over classes: `y[k] = x[k] − max − ln Σ_j e^(x[j]−max)`;
//! `∂L/∂x[k] = ∂L/∂y[k] − e^y[k] · Σ_j ∂L/∂y[j]`.

use fearless_simd::{Select, SimdBase, SimdFloat, f32x16};

use crate::exp_ln::{exp, exp_lanes, ln, ln_lanes};
use crate::isa::dispatch;
use crate::lanes::{load, store};
use crate::{Geometry, Isa, LANES, Lanes};

/// Computes the log-probabilities `output` (one vector per class, overwritten) of the logits `input`.
///
/// # Panics
/// When the lengths differ or are zero.
pub fn forward(isa: Isa, output: &mut [Lanes], input: &[Lanes]) {
    assert_eq!(output.len(), input.len(), "classes");
    assert!(!input.is_empty(), "no classes");
    dispatch!(isa,
        plain => for l in 0..LANES {
            let mut max = input[0].0[l];
            for x in &input[1..] {
                max = if x.0[l] > max { x.0[l] } else { max };
            }
            let mut sum = 0.0;
            for x in input {
                sum += exp(x.0[l] - max);
            }
            let ln_sum = ln(sum);
            for (y, x) in output.iter_mut().zip(input) {
                y.0[l] = (x.0[l] - max) - ln_sum;
            }
        },
        simd => {
            let mut max = load(simd, &input[0]);
            for x in &input[1..] {
                let x = load(simd, x);
                max = x.simd_gt(max).select(x, max);
            }
            let mut sum = f32x16::splat(simd, 0.0);
            for x in input {
                sum += exp_lanes(simd, load(simd, x) - max);
            }
            let ln_sum = ln_lanes(simd, sum);
            for (y, x) in output.iter_mut().zip(input) {
                store(y, (load(simd, x) - max) - ln_sum);
            }
        },
    );
}

/// Computes ∂L/∂x into the content of `grad_input` (`[classes][1][1]`, overwritten) from ∂L/∂y and the forward
/// pass's `output`.
///
/// # Panics
/// When the lengths do not belong together.
pub fn backward(isa: Isa, grad_input: &mut [Lanes], geometry: Geometry, grad_output: &[Lanes], output: &[Lanes]) {
    assert_eq!(grad_input.len(), geometry.len(), "grad_input length");
    assert_eq!((geometry.channels, geometry.height, geometry.width), (output.len(), 1, 1), "classes");
    assert_eq!(grad_output.len(), output.len(), "classes");
    dispatch!(isa,
        plain => for l in 0..LANES {
            let mut sum = 0.0f32;
            for dy in grad_output {
                sum += dy.0[l];
            }
            for (k, (dy, y)) in grad_output.iter().zip(output).enumerate() {
                grad_input[geometry.index(k, 0, 0)].0[l] = exp(y.0[l]).mul_add(-sum, dy.0[l]);
            }
        },
        simd => {
            let mut sum = f32x16::splat(simd, 0.0);
            for dy in grad_output {
                sum += load(simd, dy);
            }
            let minus_sum = -sum;
            for (k, (dy, y)) in grad_output.iter().zip(output).enumerate() {
                let dx = exp_lanes(simd, load(simd, y)).mul_add_precise(minus_sum, load(simd, dy));
                store(&mut grad_input[geometry.index(k, 0, 0)], dx);
            }
        },
    );
}
