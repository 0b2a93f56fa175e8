//! The plain form: the formulas of [`crate::winograd`] as nested loops, fused multiply-add.

use super::{Operands, POINTS, Tile};
use crate::one_image::finish::plain_largest;

/// Bᵀ times a column.
#[inline(always)]
fn transform_input(d: [f32; POINTS]) -> [f32; POINTS] {
    [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]]
}

/// Bᵀ d B of input channel `c` of a tile: columns first, then rows.
#[inline(always)]
fn transformed(operands: &Operands, tile: Tile, c: usize) -> [[f32; POINTS]; POINTS] {
    let il = operands.input_layout;
    let d = |i: usize, j: usize| operands.input[tile.input + i * il.row() + j * il.pixel() + c];
    let vertical: [[f32; POINTS]; POINTS] =
        std::array::from_fn(|j| transform_input([d(0, j), d(1, j), d(2, j), d(3, j)]));
    std::array::from_fn(|i| transform_input(vertical.map(|column| column[i])))
}

#[inline(always)]
pub(super) fn forward(operands: &Operands, output: &mut [f32]) {
    let Operands { output_layout: ol, weight, finish, .. } = *operands;
    let (down, across) = operands.tiles();
    for (a, b) in (0..down).flat_map(|a| (0..across).map(move |b| (a, b))) {
        let tile = operands.tile(a, b);
        let v: Vec<_> = (0..weight.inputs).map(|c| transformed(operands, tile, c)).collect();
        for k in 0..weight.outputs {
            let sum_over_channels = |i: usize, j: usize, start: f32| {
                v.iter()
                    .enumerate()
                    .fold(start, |m, (c, v)| weight.values[weight.index(k, c, i, j)].mul_add(v[i][j], m))
            };
            let h: [[f32; 2]; POINTS] = std::array::from_fn(|i| {
                let (m1, m2) = (sum_over_channels(i, 1, 0.0), sum_over_channels(i, 2, 0.0));
                [sum_over_channels(i, 0, m1 + m2), sum_over_channels(i, 3, m1 - m2)]
            });
            let y = |r: usize, s: usize| {
                let y = if r == 0 { (h[1][s] + h[2][s]) + h[0][s] } else { (h[1][s] - h[2][s]) + h[3][s] };
                finish.plain(k, y + weight.bias[k])
            };
            if finish.pools() {
                output[tile.output + k] = plain_largest([y(0, 0), y(0, 1), y(1, 0), y(1, 1)]);
            } else {
                for (r, s) in (0..tile.inside.0).flat_map(|r| (0..tile.inside.1).map(move |s| (r, s))) {
                    output[tile.output + r * ol.row() + s * ol.pixel() + k] = y(r, s);
                }
            }
        }
    }
}
