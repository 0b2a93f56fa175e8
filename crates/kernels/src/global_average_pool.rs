//! Global average pooling: `y[c] = (1/(H·W)) Σ_r Σ_s x[c,r,s]`; `∂L/∂x[c,r,s] = ∂L/∂y[c] / (H·W)`.

use fearless_simd::{SimdBase, f32x16};

use crate::isa::dispatch;
use crate::lanes::{load, store};
use crate::{Geometry, Isa, LANES, Lanes};

fn check(pooled: Geometry, input: Geometry) {
    assert_eq!((pooled.channels, pooled.height, pooled.width), (input.channels, 1, 1), "pooled shape");
}

/// Writes the mean of each channel of `input` into the content of `output` (`[channels][1][1]`, overwritten).
///
/// # Panics
/// When a length does not fit, or the output's shape is not the pooled one.
pub fn forward(isa: Isa, output: &mut [Lanes], output_geometry: Geometry, input: &[Lanes], input_geometry: Geometry) {
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    let (og, ig) = (output_geometry, input_geometry);
    check(og, ig);
    let one_over = 1.0 / (ig.height * ig.width) as f32;
    dispatch!(isa,
        plain => for c in 0..ig.channels {
            let mut sum = [0.0f32; LANES];
            for r in 0..ig.height {
                for x in &input[ig.index(c, r, 0)..][..ig.width] {
                    for l in 0..LANES {
                        sum[l] += x.0[l];
                    }
                }
            }
            output[og.index(c, 0, 0)] = Lanes(sum.map(|s| s * one_over));
        },
        simd => for c in 0..ig.channels {
            let mut sum = f32x16::splat(simd, 0.0);
            for r in 0..ig.height {
                for x in &input[ig.index(c, r, 0)..][..ig.width] {
                    sum += load(simd, x);
                }
            }
            store(&mut output[og.index(c, 0, 0)], sum * one_over);
        },
    );
}

/// Writes `∂L/∂x[c,r,s] = ∂L/∂y[c]/(H·W)` into the content of `grad_input` (overwritten).
///
/// # Panics
/// When a length does not fit, or the shapes do not belong together.
pub fn backward(
    grad_input: &mut [Lanes],
    grad_input_geometry: Geometry,
    grad_output: &[Lanes],
    output_geometry: Geometry,
) {
    assert_eq!(grad_input.len(), grad_input_geometry.len(), "grad_input length");
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    let (og, gg) = (output_geometry, grad_input_geometry);
    check(og, gg);
    let one_over = 1.0 / (gg.height * gg.width) as f32;
    for c in 0..gg.channels {
        let share = Lanes(grad_output[og.index(c, 0, 0)].0.map(|g| g * one_over));
        for r in 0..gg.height {
            grad_input[gg.index(c, r, 0)..][..gg.width].fill(share);
        }
    }
}
