//! The plain form: the formulas of [`crate::winograd`] as nested loops, fused multiply-add.

use super::{Operands, POINTS, TILE, Tile};
use crate::one_image::finish::plain_largest;
use crate::winograd::{plain_outputs, plain_transform_input};

/// Bᵀ d B of input channel `c` of a tile: columns first, then rows.
#[inline(always)]
fn transformed(operands: &Operands, tile: Tile, c: usize) -> [[f32; POINTS]; POINTS] {
    let il = operands.input_layout;
    let d = |i: usize, j: usize| operands.input[tile.input + i * il.row() + j * il.pixel() + c];
    let vertical: [[f32; POINTS]; POINTS] =
        std::array::from_fn(|j| plain_transform_input(std::array::from_fn(|i| d(i, j))));
    std::array::from_fn(|i| plain_transform_input(vertical.map(|column| column[i])))
}

#[inline(always)]
pub(super) fn forward(operands: &Operands, output: &mut [f32]) {
    let Operands { output_layout: ol, weight, finish, .. } = *operands;
    let (down, across) = operands.tiles();
    for (a, b) in (0..down).flat_map(|a| (0..across).map(move |b| (a, b))) {
        let tile = operands.tile(a, b);
        let v: Vec<_> = (0..weight.inputs).map(|c| transformed(operands, tile, c)).collect();
        for k in 0..weight.outputs {
            let y: [[f32; TILE]; TILE] = plain_outputs(|i, j, start| {
                v.iter()
                    .enumerate()
                    .fold(start, |m, (c, v)| weight.values[weight.index(k, c, i, j)].mul_add(v[i][j], m))
            })
            .map(|row| row.map(|y| finish.plain(k, y + weight.bias[k])));
            for (r, s) in (0..tile.inside.0).flat_map(|r| (0..tile.inside.1).map(move |s| (r, s))) {
                output[tile.output + r * ol.row() + s * ol.pixel() + k] = if finish.pools() {
                    let (r, s) = (2 * r, 2 * s);
                    plain_largest([y[r][s], y[r][s + 1], y[r + 1][s], y[r + 1][s + 1]])
                } else {
                    y[r][s]
                };
            }
        }
    }
}
