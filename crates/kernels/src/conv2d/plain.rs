//! The plain forms: the formulas of the module page as nested loops, fused multiply-add per lane.

use std::ops::Range;

use super::Call;
use crate::{Geometry, LANES, Lanes};

/// y[k,r,s] = b[k] + Σ_c Σ_i Σ_j w[k,c,i,j] · x[c, r+i−p, s+j−p], added in this order.
#[inline(always)]
pub(super) fn forward(
    call: &Call,
    rows: Range<usize>,
    output: &mut [Lanes],
    input: &[Lanes],
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) {
    let size = call.kernel.size;
    for k in 0..call.output.channels {
        for r in rows.clone() {
            for s in 0..call.output.width {
                let mut y = [bias.map_or(0.0, |b| b[k]); LANES];
                for c in 0..call.input.channels {
                    for i in 0..size {
                        for j in 0..size {
                            let w = weight[((k * call.input.channels + c) * size + i) * size + j];
                            let x = &input[call.tap(c, r, i, s) + j].0;
                            for l in 0..LANES {
                                y[l] = w.mul_add(x[l], y[l]);
                            }
                        }
                    }
                }
                if relu {
                    for y in &mut y {
                        *y = crate::relu::plain_relu(*y);
                    }
                }
                output[call.output.index(k, r, s)] = Lanes(y);
            }
        }
    }
}

/// ∂L/∂w[k,c,i,j] = Σ_r Σ_s ∂L/∂y[k,r,s] · x[c, r+i−p, s+j−p] per lane in this order, then the lane tree.
#[inline(always)]
pub(super) fn grad_weight(call: &Call, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    let size = call.kernel.size;
    for k in 0..call.output.channels {
        for c in 0..call.input.channels {
            for i in 0..size {
                for j in 0..size {
                    let mut sum = [0.0f32; LANES];
                    for r in 0..call.output.height {
                        for s in 0..call.output.width {
                            let dy = &grad_output[call.output.index(k, r, s)].0;
                            let x = &input[call.tap(c, r, i, s) + j].0;
                            for l in 0..LANES {
                                sum[l] = dy[l].mul_add(x[l], sum[l]);
                            }
                        }
                    }
                    grad_weight[((k * call.input.channels + c) * size + i) * size + j] = Lanes(sum).sum();
                }
            }
        }
    }
}

/// ∂L/∂b[k] = Σ_r Σ_s ∂L/∂y[k,r,s], rows then columns in order, then the lane tree.
#[inline(always)]
pub(super) fn grad_bias(grad_bias: &mut [f32], grad_output: &[Lanes], geometry: Geometry) {
    for (k, grad_bias) in grad_bias.iter_mut().enumerate() {
        let mut sum = [0.0f32; LANES];
        for r in 0..geometry.height {
            for s in 0..geometry.width {
                let dy = &grad_output[geometry.index(k, r, s)].0;
                for l in 0..LANES {
                    sum[l] += dy[l];
                }
            }
        }
        *grad_bias = Lanes(sum).sum();
    }
}
