//! The plain forms: the formulas of the module page as nested loops, fused multiply-add per lane.

use std::ops::Range;

use super::grad_weight::{self, pairs_across, transform_grad_output, transform_grad_weight};
use super::transforms::{FAR, FAR_2, FAR_POWERS, NEAR, NEAR_2, NEAR_POWERS, PRODUCT, SUM};
use super::{Call, Epilogue, INNER, POINTS, SIZE, TILE, TransformedWeight, tiles_across};
use crate::{LANES, Lanes};

/// Bᵀ times a column: what each row and column of inputs is turned into.
#[inline(always)]
pub(crate) fn transform_input(d: [f32; POINTS]) -> [f32; POINTS] {
    let end = |d: [f32; 3]| PRODUCT.mul_add(d[0], (-SUM).mul_add(d[1], d[2]));
    let pair = |point: f32, other_2: f32| {
        let (even, odd) = ((-other_2).mul_add(d[2], d[4]), (-other_2).mul_add(d[1], d[3]));
        [point.mul_add(odd, even), (-point).mul_add(odd, even)]
    };
    let ([v1, v2], [v3, v4]) = (pair(NEAR, FAR_2), pair(FAR, NEAR_2));
    [end([d[0], d[2], d[4]]), v1, v2, v3, v4, end([d[1], d[3], d[5]])]
}

/// Aᵀ times the four inner points: what points 0 and 5 are added to, the first to the first, the last to the last.
#[inline(always)]
pub(crate) fn transform_inner(m: [f32; INNER]) -> [f32; TILE] {
    let (near, far) = ([m[0] + m[1], m[0] - m[1]], [m[2] + m[3], m[2] - m[3]]);
    let row = |r: usize| FAR_POWERS[r].mul_add(far[r % 2], NEAR_POWERS[r] * near[r % 2]);
    [near[0] + far[0], row(1), row(2), row(3)]
}

/// Bᵀ d B of one lane: rows first, then columns. Inputs beyond what the outputs inside need count as zero.
#[inline(always)]
fn transformed_input(call: &Call, input: &[Lanes], c: usize, a: usize, b: usize, l: usize) -> [[f32; POINTS]; POINTS] {
    let rows = call.rows_inside(a) + POINTS - TILE;
    let columns = call.columns_inside(b) + POINTS - TILE;
    let d = |i: usize, j: usize| if i < rows && j < columns { input[call.input_at(c, a, i, b) + j].0[l] } else { 0.0 };
    let vertical: [[f32; POINTS]; POINTS] = std::array::from_fn(|j| transform_input(std::array::from_fn(|i| d(i, j))));
    std::array::from_fn(|i| transform_input(std::array::from_fn(|j| vertical[j][i])))
}

/// Aᵀ M A, M[i][j] being the sums over the input channels: of each row of points the inner ones first, then the outer ones
/// from what Aᵀ makes of these; then rows 1 to 4, then 0 and 5.
///
/// `sum_over_channels(i, j, start)` adds the products of point (i, j) to `start`, input channels in order.
#[inline(always)]
pub(crate) fn outputs(sum_over_channels: impl Fn(usize, usize, f32) -> f32) -> [[f32; TILE]; TILE] {
    let h: [[f32; TILE]; POINTS] = std::array::from_fn(|i| {
        let mut y = transform_inner(std::array::from_fn(|j| sum_over_channels(i, 1 + j, 0.0)));
        y[0] = sum_over_channels(i, 0, y[0]);
        y[TILE - 1] = sum_over_channels(i, POINTS - 1, y[TILE - 1]);
        y
    });
    let mut y = [[0.0; TILE]; TILE];
    for s in 0..TILE {
        let column = transform_inner(std::array::from_fn(|i| h[1 + i][s]));
        for r in 0..TILE {
            y[r][s] = column[r];
        }
        y[0][s] += h[0][s];
        y[TILE - 1][s] += h[POINTS - 1][s];
    }
    y
}

/// y = Aᵀ (Σ_c U ⊙ V) A + b, then the epilogue.
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
                        let products = transformed.iter().enumerate();
                        products.fold(start, |m, (c, v)| weight.point(k, c, i, j).mul_add(v[i][j], m))
                    };
                    let b_k = epilogue.bias.map_or(0.0, |b| b[k]);
                    let y = outputs(sum_over_channels).map(|row| {
                        row.map(|y| {
                            let y = y + b_k;
                            let y = if epilogue.relu { crate::relu::plain_relu(y) } else { y };
                            epilogue.normalisers.map_or(y, |n| (y - n[k].mean).mul_add(n[k].scale, n[k].shift))
                        })
                    });
                    let (rows, columns) = (call.rows_inside(a), call.columns_inside(b));
                    if let Some(pooled) = epilogue.pooled {
                        for (r, s) in (0..rows / 2).flat_map(|r| (0..columns / 2).map(move |s| (r, s))) {
                            let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| y[2 * r + i][2 * s + j]);
                            let best = window[1..].iter().fold(window[0], |best, &y| {
                                if crate::max_pool2d::plain_beats(y, best) { y } else { best }
                            });
                            output[pooled.index(k, TILE / 2 * a + r, TILE / 2 * b + s)].0[l] = best;
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

/// ∂L/∂w: of each kernel row the four sums Σ (A ∂L/∂y) ⊙ (Bᵀ x), rows then pairs of columns in order, fused multiply-add
/// per lane; Gᵀ of these; then the lane tree.
#[inline(always)]
pub(super) fn grad_weight(call: &Call, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    let width = call.output.width;
    for (at, taps) in grad_weight.as_chunks_mut::<SIZE>().0.iter_mut().enumerate() {
        let (k, c, i) = (at / SIZE / call.input.channels, at / SIZE % call.input.channels, at % SIZE);
        let mut m = [Lanes::ZERO; grad_weight::POINTS];
        for r in 0..call.output.height {
            let dy = &grad_output[call.output.index(k, r, 0)..][..width];
            let x = &input[call.input_row(c, r + i)..][..width + SIZE - 1];
            for b in 0..pairs_across(width) {
                // Beyond the edge the gradient is zero, and point 3 is the right gradient's alone.
                let points = (width - grad_weight::TILE * b).min(grad_weight::TILE) + SIZE - 1;
                for l in 0..LANES {
                    let dy = |s: usize| dy.get(grad_weight::TILE * b + s).map_or(0.0, |dy| dy.0[l]);
                    let x = |j: usize| x.get(grad_weight::TILE * b + j).map_or(0.0, |x| x.0[l]);
                    let w = transform_grad_output([dy(0), dy(1)]);
                    let v = grad_weight::transform_input([x(0), x(1), x(2), x(3)]);
                    for j in 0..points {
                        m[j].0[l] = w[j].mul_add(v[j], m[j].0[l]);
                    }
                }
            }
        }
        let mut row = [Lanes::ZERO; SIZE];
        for l in 0..LANES {
            let of_lane = transform_grad_weight(std::array::from_fn(|j| m[j].0[l]));
            for (row, tap) in row.iter_mut().zip(of_lane) {
                row.0[l] = tap;
            }
        }
        *taps = row.map(|tap| tap.sum());
    }
}
