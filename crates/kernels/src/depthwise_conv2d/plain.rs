//! The plain forms: the formulas of the module page as nested loops, fused multiply-add per lane.

use std::ops::Range;

use crate::conv2d::Call;
use crate::{LANES, Lanes};

/// y[c,r,s] = b[c] + Σ_i Σ_j w[c,i,j] · x[c, r+i−p, s+j−p], added in this order.
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
    for c in 0..call.output.channels {
        for r in rows.clone() {
            for s in 0..call.output.width {
                let mut y = [bias.map_or(0.0, |b| b[c]); LANES];
                for i in 0..size {
                    for j in 0..size {
                        let w = weight[(c * size + i) * size + j];
                        let x = &input[call.tap(c, r, i, s) + j].0;
                        for l in 0..LANES {
                            y[l] = w.mul_add(x[l], y[l]);
                        }
                    }
                }
                if relu {
                    for y in &mut y {
                        *y = crate::relu::plain_relu(*y);
                    }
                }
                output[call.output.index(c, r, s)] = Lanes(y);
            }
        }
    }
}

/// ∂L/∂w[c,i,j] = Σ_r Σ_s ∂L/∂y[c,r,s] · x[c, r+i−p, s+j−p] per lane in this order, then the lane tree.
#[inline(always)]
pub(super) fn grad_weight(call: &Call, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    let size = call.kernel.size;
    for c in 0..call.output.channels {
        for i in 0..size {
            for j in 0..size {
                let mut sum = [0.0f32; LANES];
                for r in 0..call.output.height {
                    for s in 0..call.output.width {
                        let dy = &grad_output[call.output.index(c, r, s)].0;
                        let x = &input[call.tap(c, r, i, s) + j].0;
                        for l in 0..LANES {
                            sum[l] = dy[l].mul_add(x[l], sum[l]);
                        }
                    }
                }
                grad_weight[(c * size + i) * size + j] = Lanes(sum).sum();
            }
        }
    }
}
