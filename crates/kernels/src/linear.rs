//! Linear layer: y[f] = b[f] + Σ_e w[f,e]·x[e]; ∂L/∂w[f,e] = Σ_n ∂L/∂y[n,f]·x[n,e]; ∂L/∂x[e] = Σ_f w[f,e]·∂L/∂y[f].
//!
//! Its input is any tensor without border, read as one vector in the order channel, row, column (PyTorch's `flatten`).

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use crate::isa::dispatch;
use crate::lanes::{load, store, sum};
use crate::{Isa, LANES, Lanes};

/// Outputs whose sums run side by side, to hide the latency of a fused multiply-add.
const AT_ONCE: usize = 8;

/// Computes `output` (one vector per output feature, overwritten); `weight` is `[output feature][input element]`.
///
/// # Panics
/// When the lengths do not belong together.
pub fn forward(isa: Isa, output: &mut [Lanes], input: &[Lanes], weight: &[f32], bias: Option<&[f32]>) {
    assert_eq!(weight.len(), output.len() * input.len(), "weight length");
    assert!(bias.is_none_or(|b| b.len() == output.len()), "bias length");
    let start = |f: usize| bias.map_or(0.0, |b| b[f]);
    let elements = input.len();
    dispatch!(isa,
        plain => for (f, y) in output.iter_mut().enumerate() {
            let mut sum = [start(f); LANES];
            for (e, x) in input.iter().enumerate() {
                for l in 0..LANES {
                    sum[l] = x.0[l].mul_add(weight[f * elements + e], sum[l]);
                }
            }
            *y = Lanes(sum);
        },
        simd => for (block, y) in output.chunks_mut(AT_ONCE).enumerate() {
            let first = block * AT_ONCE;
            let mut sums = [f32x16::splat(simd, 0.0); AT_ONCE];
            for (f, sum) in sums.iter_mut().enumerate().take(y.len()) {
                *sum = f32x16::splat(simd, start(first + f));
            }
            for (e, x) in input.iter().enumerate() {
                let x = load(simd, x);
                for (f, sum) in sums.iter_mut().enumerate().take(y.len()) {
                    *sum = x.mul_add_precise(weight[(first + f) * elements + e], *sum);
                }
            }
            for (y, sum) in y.iter_mut().zip(sums) {
                store(y, sum);
            }
        },
    );
}

/// Computes ∂L/∂x (`grad_input`, overwritten).
///
/// # Panics
/// When the lengths do not belong together.
pub fn grad_input(isa: Isa, grad_input: &mut [Lanes], grad_output: &[Lanes], weight: &[f32]) {
    assert_eq!(weight.len(), grad_output.len() * grad_input.len(), "weight length");
    let elements = grad_input.len();
    dispatch!(isa,
        plain => for (e, dx) in grad_input.iter_mut().enumerate() {
            let mut sum = [0.0f32; LANES];
            for (f, dy) in grad_output.iter().enumerate() {
                for l in 0..LANES {
                    sum[l] = dy.0[l].mul_add(weight[f * elements + e], sum[l]);
                }
            }
            *dx = Lanes(sum);
        },
        simd => for (e, dx) in grad_input.iter_mut().enumerate() {
            let mut sum = f32x16::splat(simd, 0.0);
            for (f, dy) in grad_output.iter().enumerate() {
                sum = load(simd, dy).mul_add_precise(weight[f * elements + e], sum);
            }
            store(dx, sum);
        },
    );
}

/// Computes ∂L/∂w and ∂L/∂b of this lane group (overwritten): products per lane, summed in the lane tree.
///
/// Inactive lanes must hold zero in `grad_output`.
///
/// # Panics
/// When the lengths do not belong together.
pub fn grad_weight(
    isa: Isa,
    grad_weight: &mut [f32],
    grad_bias: Option<&mut [f32]>,
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    assert_eq!(grad_weight.len(), grad_output.len() * input.len(), "grad_weight length");
    if let Some(grad_bias) = grad_bias {
        assert_eq!(grad_bias.len(), grad_output.len(), "grad_bias length");
        for (grad_bias, dy) in grad_bias.iter_mut().zip(grad_output) {
            *grad_bias = dy.sum();
        }
    }
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
