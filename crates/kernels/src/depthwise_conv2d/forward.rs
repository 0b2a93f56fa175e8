//! The fast forward form (and so the input gradient's).
//!
//! A tile of `COLUMNS` outputs of one row lives in registers while the kernel's taps pass over it: each weight is
//! broadcast once for all of them. No other output channel wants the inputs, so there is about one load a multiply-add.
//! Two rows of outputs at once, sharing inputs in registers, were no way out: 30 to 40 GFLOP/s where one row gives 45
//! to 50 (3×3, one thread of an AMD EPYC, AVX2).
//!
//! Ten sums and their weight leave AVX2's 16 registers room for inputs; the others have 32.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat};

use crate::conv2d::Call;
use crate::lanes::{load_part, store_part};
use crate::tiling::runs_of_tiles;
use crate::{LANES, Lanes};

/// What every tile of one call shares.
struct Operands<'a> {
    call: &'a Call,
    input: &'a [Lanes],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    relu: bool,
}

/// Which outputs tiles of one width compute: of channel `channel`, `rows` rows from `row`, in each `tiles` tiles from
/// column `column`.
#[derive(Clone, Copy)]
struct Place {
    channel: usize,
    row: usize,
    rows: usize,
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
    let column_limit = if S::f32s::LEN == 8 { 10 } else { 14 };
    for channel in 0..geometry.channels {
        for (column, columns, tiles) in runs_of_tiles(geometry.width, column_limit) {
            let place = Place { channel, row: rows.start, rows: rows.len(), column, tiles };
            macro_rules! pick {
                ($($n:literal)*) => {
                    match columns {
                        $($n => block_of_tiles::<S, SIZE, $n>(simd, operands, place, output),)*
                        _ => unreachable!("tiles are at most 14 wide"),
                    }
                };
            }
            pick!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
        }
    }
}

/// Tiles of one width, side by side and row by row.
///
/// Never inlined, so that a tile's sums stay in registers (see the forward form of [`crate::conv2d`]).
#[inline(never)]
fn block_of_tiles<S: Simd, const SIZE: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    output: &mut [Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for row in place.row..place.row + place.rows {
                for tile in 0..place.tiles {
                    for part in (0..LANES).step_by(S::f32s::LEN) {
                        let column = place.column + tile * COLUMNS;
                        tile_body::<S, SIZE, COLUMNS>(simd, operands, place.channel, row, column, part, output);
                    }
                }
            }
        },
    );
}

#[inline(always)]
fn tile_body<S: Simd, const SIZE: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    channel: usize,
    row: usize,
    column: usize,
    part: usize,
    output: &mut [Lanes],
) {
    let Operands { call, input, weight, bias, relu } = *operands;
    let weight = &weight[channel * SIZE * SIZE..][..SIZE * SIZE];
    let mut y = [S::f32s::splat(simd, bias.map_or(0.0, |b| b[channel])); COLUMNS];
    for i in 0..SIZE {
        let start = call.tap(channel, row, i, column);
        let x = &input[start..start + COLUMNS + SIZE - 1];
        for j in 0..SIZE {
            let w = S::f32s::splat(simd, weight[i * SIZE + j]);
            for s in 0..COLUMNS {
                y[s] = load_part(simd, &x[s + j], part).mul_add_precise(w, y[s]);
            }
        }
    }
    let start = call.output.index(channel, row, column);
    let out = &mut output[start..start + COLUMNS];
    for s in 0..COLUMNS {
        let value = if relu { crate::relu::vector_relu(simd, y[s]) } else { y[s] };
        store_part::<S>(&mut out[s], part, value);
    }
}
