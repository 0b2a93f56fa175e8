//! The fast forward form (and so the input gradient's).
//!
//! A channel has few multiply-adds, so what it loads decides. A tile of `ROWS × COLUMNS` outputs lives in registers while
//! the input rows and columns that it needs pass by, each input vector loaded once and multiplied with every weight that
//! some output of the tile wants it for: 2 × 7 outputs of a 3×3 kernel take 36 inputs for 126 multiply-adds. Each output
//! meets its taps in the plain form's order, because the inputs come by in theirs.
//!
//! Fourteen sums and nine weights leave room for inputs in 32 registers; AVX2 has only 16 and takes smaller tiles.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat};

use crate::conv2d::Call;
use crate::lanes::{load_part, store_part};
use crate::tiling::{runs_of_tiles, tiles};
use crate::{LANES, Lanes};

/// What every tile of one call shares.
struct Operands<'a> {
    call: &'a Call,
    input: &'a [Lanes],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    relu: bool,
}

/// Which outputs a run of tiles computes: of channel `channel`, from row `row`, columns from `column`, `tiles` tiles.
#[derive(Clone, Copy)]
struct Place {
    channel: usize,
    row: usize,
    column: usize,
    tiles: usize,
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn fast<S: Simd>(
    simd: S,
    call: &Call,
    rows: Range<usize>,
    output: &mut [Lanes],
    input: &[Lanes],
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) {
    let operands = Operands { call, input, weight, bias, relu };
    match call.kernel.size {
        1 => sweep::<S, 1>(simd, &operands, rows, output),
        3 => sweep::<S, 3>(simd, &operands, rows, output),
        _ => sweep::<S, 5>(simd, &operands, rows, output),
    }
}

/// Visits every tile of the output.
#[inline(always)]
fn sweep<S: Simd, const SIZE: usize>(simd: S, operands: &Operands, rows: Range<usize>, output: &mut [Lanes]) {
    let geometry = operands.call.output;
    let (row_limit, column_limit) = if S::f32s::LEN == 8 { (2, 4) } else { (2, 7) };
    for channel in 0..geometry.channels {
        for (first, height) in tiles(rows.len(), row_limit) {
            for (column, columns, tiles) in runs_of_tiles(geometry.width, column_limit) {
                let place = Place { channel, row: rows.start + first, column, tiles };
                macro_rules! pick {
                    ($($n:literal)*) => {
                        match (height, columns) {
                            $(
                                (1, $n) => run_of_tiles::<S, SIZE, 1, $n>(simd, operands, place, output),
                                (2, $n) => run_of_tiles::<S, SIZE, 2, $n>(simd, operands, place, output),
                            )*
                            _ => unreachable!("tiles are at most 2 by 7"),
                        }
                    };
                }
                pick!(1 2 3 4 5 6 7);
            }
        }
    }
}

/// Tiles side by side. Never inlined, so that a tile's sums stay in registers (see [`crate::conv2d`]'s forward form).
#[inline(never)]
fn run_of_tiles<S: Simd, const SIZE: usize, const ROWS: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    output: &mut [Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for tile in 0..place.tiles {
                for part in (0..LANES).step_by(S::f32s::LEN) {
                    let column = place.column + tile * COLUMNS;
                    tile_body::<S, SIZE, ROWS, COLUMNS>(simd, operands, place, column, part, output);
                }
            }
        },
    );
}

#[inline(always)]
fn tile_body<S: Simd, const SIZE: usize, const ROWS: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    column: usize,
    part: usize,
    output: &mut [Lanes],
) {
    let Operands { call, input, weight, bias, relu } = *operands;
    let Place { channel, row, .. } = place;
    let weight = &weight[channel * SIZE * SIZE..][..SIZE * SIZE];
    let mut y = [[S::f32s::splat(simd, bias.map_or(0.0, |b| b[channel])); COLUMNS]; ROWS];
    // Input row `row + t` is kernel row t − q to the tile's row q, input column u is kernel column u − s to its column s.
    for t in 0..ROWS + SIZE - 1 {
        let start = call.tap(channel, row, t, column);
        let x = &input[start..start + COLUMNS + SIZE - 1];
        for u in 0..COLUMNS + SIZE - 1 {
            let x = load_part(simd, &x[u], part);
            for q in (t + 1).saturating_sub(SIZE)..ROWS.min(t + 1) {
                for s in (u + 1).saturating_sub(SIZE)..COLUMNS.min(u + 1) {
                    let w = weight[(t - q) * SIZE + u - s];
                    y[q][s] = x.mul_add_precise(S::f32s::splat(simd, w), y[q][s]);
                }
            }
        }
    }
    for q in 0..ROWS {
        let start = call.output.index(channel, row + q, column);
        let out = &mut output[start..start + COLUMNS];
        for s in 0..COLUMNS {
            let value = if relu { crate::relu::vector_relu(simd, y[q][s]) } else { y[q][s] };
            store_part::<S>(&mut out[s], part, value);
        }
    }
}
