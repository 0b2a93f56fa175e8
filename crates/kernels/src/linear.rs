//! Linear layer: `y[f] = b[f] + Σ_e w[f,e]·x[e]`; `∂L/∂w[f,e] = Σ_n ∂L/∂y[n,f]·x[n,e]`;
//! `∂L/∂x[e] = Σ_f w[f,e]·∂L/∂y[f]`.
//!
//! Its input is any tensor without border, read as one vector in the order channel, row, column (PyTorch's `flatten`).

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use crate::isa::dispatch;
use crate::lanes::{load, store, sum};
use crate::{Geometry, Isa, LANES, Lanes};

/// Outputs whose sums run side by side, to hide the latency of a fused multiply-add.
const AT_ONCE: usize = 8;

/// Computes the content of `output` (`[features][1][1]`, overwritten); `weight` is `[feature][input element]`.
///
/// # Panics
/// When the lengths do not belong together, or the output has rows or columns.
pub fn forward(
    isa: Isa,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    weight: &[f32],
    bias: Option<&[f32]>,
) {
    let og = output_geometry;
    assert_eq!(output.len(), og.len(), "output length");
    assert_eq!((og.height, og.width), (1, 1), "a linear layer gives one row and column");
    assert_eq!(weight.len(), og.channels * input.len(), "weight length");
    assert!(bias.is_none_or(|b| b.len() == og.channels), "bias length");
    let start = |f: usize| bias.map_or(0.0, |b| b[f]);
    let elements = input.len();
    dispatch!(isa,
        plain => for f in 0..og.channels {
            let mut sum = [start(f); LANES];
            for (e, x) in input.iter().enumerate() {
                for l in 0..LANES {
                    sum[l] = x.0[l].mul_add(weight[f * elements + e], sum[l]);
                }
            }
            output[og.index(f, 0, 0)] = Lanes(sum);
        },
        simd => for first in (0..og.channels).step_by(AT_ONCE) {
            let features = AT_ONCE.min(og.channels - first);
            let mut sums = [f32x16::splat(simd, 0.0); AT_ONCE];
            for (f, sum) in sums.iter_mut().enumerate().take(features) {
                *sum = f32x16::splat(simd, start(first + f));
            }
            for (e, x) in input.iter().enumerate() {
                let x = load(simd, x);
                for (f, sum) in sums.iter_mut().enumerate().take(features) {
                    *sum = x.mul_add_precise(weight[(first + f) * elements + e], *sum);
                }
            }
            for (f, sum) in sums.into_iter().enumerate().take(features) {
                store(&mut output[og.index(first + f, 0, 0)], sum);
            }
        },
    );
}

/// Computes ∂L/∂x into the content of `grad_input` (overwritten) from ∂L/∂y, one vector per feature.
///
/// # Panics
/// When the lengths do not belong together.
pub fn grad_input(isa: Isa, grad_input: &mut [Lanes], geometry: Geometry, grad_output: &[Lanes], weight: &[f32]) {
    assert_eq!(grad_input.len(), geometry.len(), "grad_input length");
    let elements = geometry.elements();
    assert_eq!(weight.len(), grad_output.len() * elements, "weight length");
    let places = (0..geometry.channels)
        .flat_map(|c| (0..geometry.height).map(move |r| (c, r)))
        .flat_map(|(c, r)| (0..geometry.width).map(move |s| geometry.index(c, r, s)))
        .enumerate();
    dispatch!(isa,
        plain => for (e, place) in places {
            let mut sum = [0.0f32; LANES];
            for (f, dy) in grad_output.iter().enumerate() {
                for l in 0..LANES {
                    sum[l] = dy.0[l].mul_add(weight[f * elements + e], sum[l]);
                }
            }
            grad_input[place] = Lanes(sum);
        },
        simd => for (e, place) in places {
            let mut sum = f32x16::splat(simd, 0.0);
            for (f, dy) in grad_output.iter().enumerate() {
                sum = load(simd, dy).mul_add_precise(weight[f * elements + e], sum);
            }
            store(&mut grad_input[place], sum);
        },
    );
}

/// Computes ∂L/∂b of this lane group (overwritten): the lane tree's sum of each ∂L/∂y.
///
/// # Panics
/// When the lengths differ.
pub fn grad_bias(grad_bias: &mut [f32], grad_output: &[Lanes]) {
    assert_eq!(grad_bias.len(), grad_output.len(), "grad_bias length");
    for (grad_bias, dy) in grad_bias.iter_mut().zip(grad_output) {
        *grad_bias = dy.sum();
    }
}

/// Computes ∂L/∂w of this lane group (overwritten): products per lane, summed in the lane tree.
///
/// Inactive lanes must hold zero in `grad_output`.
///
/// # Panics
/// When the lengths do not belong together.
pub fn grad_weight(isa: Isa, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    assert_eq!(grad_weight.len(), grad_output.len() * input.len(), "grad_weight length");
    dispatch!(isa,
        plain => for (row, dy) in grad_weight.chunks_exact_mut(input.len()).zip(grad_output) {
            for (dw, x) in row.iter_mut().zip(input) {
                *dw = Lanes(std::array::from_fn(|l| dy.0[l] * x.0[l])).sum();
            }
        },
        simd => fast_grad_weight(simd, grad_weight, grad_output, input),
    );
}

#[inline(always)]
fn fast_grad_weight<S: Simd>(simd: S, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    for (row, dy) in grad_weight.chunks_exact_mut(input.len()).zip(grad_output) {
        let dy = load(simd, dy);
        for (dw, x) in row.iter_mut().zip(input) {
            *dw = sum(simd, dy * load(simd, x));
        }
    }
}
