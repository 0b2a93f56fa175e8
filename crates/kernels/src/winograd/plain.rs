//! The plain forms: the formulas of the module page as nested loops, fused multiply-add per lane.

use std::ops::Range;

use super::{
    Call, Epilogue, POINTS, SIZE, TILE, TransformedWeight, grad_weight::sums_at, tiles_across, transform_grad_output,
    transform_grad_weight, transform_input,
};
use crate::{LANES, Lanes};

/// Bᵀ d B of one lane: rows first, then columns. Inputs beyond what the outputs inside need count as zero.
#[inline(always)]
fn transformed_input(call: &Call, input: &[Lanes], c: usize, a: usize, b: usize, l: usize) -> [[f32; POINTS]; POINTS] {
    let rows = call.rows_inside(a) + POINTS - TILE;
    let columns = call.columns_inside(b) + POINTS - TILE;
    let d = |i: usize, j: usize| if i < rows && j < columns { input[call.input_at(c, a, i, b) + j].0[l] } else { 0.0 };
    let vertical: [[f32; POINTS]; POINTS] = std::array::from_fn(|j| transform_input(std::array::from_fn(|i| d(i, j))));
    std::array::from_fn(|i| transform_input(std::array::from_fn(|j| vertical[j][i])))
}

/// y = Aᵀ (Σ_c U ⊙ V) A + b, then the epilogue: of each row of points, points 1 and 2 over the input channels in order, then 0 and 3 from
/// their sum and difference; then rows 1, 2, then 0 and 3; then the bias.
#[inline(always)]
pub(super) fn forward(
    call: &Call,
    tile_rows: Range<usize>,
    output: &mut [Lanes],
    input: &[Lanes],
    weight: &TransformedWeight,
    epilogue: Epilogue,
) {
    let channels = call.input.channels;
    let mut transformed = vec![[[0.0; POINTS]; POINTS]; channels];
    for a in tile_rows {
        for b in 0..tiles_across(call.output.width) {
            for l in 0..LANES {
                for (c, v) in transformed.iter_mut().enumerate() {
                    *v = transformed_input(call, input, c, a, b, l);
                }
                for k in 0..call.output.channels {
                    let sum_over_channels = |i: usize, j: usize, start: f32| {
                        transformed
                            .iter()
                            .enumerate()
                            .fold(start, |m, (c, v)| weight.values[weight.index(k, c, i, j)].mul_add(v[i][j], m))
                    };
                    let h: [[f32; TILE]; POINTS] = std::array::from_fn(|i| {
                        let (m1, m2) = (sum_over_channels(i, 1, 0.0), sum_over_channels(i, 2, 0.0));
                        [sum_over_channels(i, 0, m1 + m2), sum_over_channels(i, 3, m1 - m2)]
                    });
                    let b_k = epilogue.bias.map_or(0.0, |b| b[k]);
                    let mut y = [[0.0; TILE]; TILE];
                    for s in 0..TILE {
                        let sums = [((h[1][s] + h[2][s]) + h[0][s]) + b_k, ((h[1][s] - h[2][s]) + h[3][s]) + b_k];
                        for (r, y_rs) in sums.into_iter().enumerate() {
                            let y_rs = if epilogue.relu { crate::relu::plain_relu(y_rs) } else { y_rs };
                            y[r][s] = match epilogue.normalisers {
                                Some(n) => (y_rs - n[k].mean).mul_add(n[k].scale, n[k].shift),
                                None => y_rs,
                            };
                        }
                    }
                    let (rows, columns) = (call.rows_inside(a), call.columns_inside(b));
                    if let Some(pooled) = epilogue.pooled {
                        if (rows, columns) == (TILE, TILE) {
                            let largest = |best, y| if crate::max_pool2d::plain_beats(y, best) { y } else { best };
                            let best = [y[0][1], y[1][0], y[1][1]].into_iter().fold(y[0][0], largest);
                            output[pooled.index(k, a, b)].0[l] = best;
                        }
                        continue;
                    }
                    for r in 0..rows {
                        for s in 0..columns {
                            output[call.output.index(k, TILE * a + r, TILE * b + s)].0[l] = y[r][s];
                        }
                    }
                }
            }
        }
    }
}

/// The four sums of each kernel row, Σ (A ∂L/∂y) ⊙ (Bᵀ x), rows then tile columns in order, fused multiply-add per lane;
/// and Σ ∂L/∂y, rows then columns.
#[inline(always)]
pub(super) fn grad_weight(call: &Call, sums: &mut [Lanes], grad_output: &[Lanes], input: &[Lanes]) {
    let (inputs, outputs, width) = (call.input.channels, call.output.channels, call.output.width);
    sums.fill(Lanes::ZERO);
    for r in 0..call.output.height {
        for k in 0..outputs {
            let dy = &grad_output[call.output.index(k, r, 0)..][..width];
            for c in 0..inputs {
                for i in 0..SIZE {
                    let x = &input[call.input_row(c, r + i)..][..width + SIZE - 1];
                    let sums = &mut sums[sums_at(outputs, inputs, k, c, i)..][..POINTS];
                    for b in 0..tiles_across(width) {
                        // Beyond the edge the gradient is zero, and point 3 is the right gradient's alone.
                        let points = call.columns_inside(b) + POINTS - TILE;
                        for l in 0..LANES {
                            let dy = |s: usize| dy.get(TILE * b + s).map_or(0.0, |dy| dy.0[l]);
                            let x = |j: usize| x.get(TILE * b + j).map_or(0.0, |x| x.0[l]);
                            let w = transform_grad_output([dy(0), dy(1)]);
                            let v = transform_input([x(0), x(1), x(2), x(3)]);
                            for j in 0..points {
                                sums[j].0[l] = w[j].mul_add(v[j], sums[j].0[l]);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// ∂L/∂w = Gᵀ of the four sums of a kernel row per lane, then the lane tree.
#[inline(always)]
pub(super) fn finish_grad_weight(grad_weight: &mut [f32], sums: &[Lanes], outputs: usize, inputs: usize) {
    for k in 0..outputs {
        for c in 0..inputs {
            for i in 0..SIZE {
                let m = &sums[sums_at(outputs, inputs, k, c, i)..][..POINTS];
                let mut row = [Lanes::ZERO; SIZE];
                for l in 0..LANES {
                    let taps = transform_grad_weight(std::array::from_fn(|j| m[j].0[l]));
                    for (row, tap) in row.iter_mut().zip(taps) {
                        row.0[l] = tap;
                    }
                }
                let out = &mut grad_weight[((k * inputs + c) * SIZE + i) * SIZE..][..SIZE];
                for (out, row) in out.iter_mut().zip(row) {
                    *out = row.sum();
                }
            }
        }
    }
}
