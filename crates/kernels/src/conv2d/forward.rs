//! The fast forward form (and so the input gradient's).
//!
//! A tile of `CHANNELS × COLUMNS` outputs of one row lives in registers while the sum over input channels and kernel
//! taps runs. Each input vector loaded serves `CHANNELS` multiply-adds and each broadcast weight `COLUMNS` of them, so
//! the two multiply-add units, not the load units, are what limits: 2 × 7 tiles need 9 vectors and 6 weights for 42
//! multiply-adds. Fourteen sums are enough to hide a latency of four at two a cycle, and leave the rest of the 32
//! registers to inputs and weights; AVX2 has only 16 registers and takes smaller tiles.
//!
//! Rows run outermost, then columns: what the tiles of a few columns read of all input channels stays in the first-level
//! cache while all output channels pass over it. A whole row of 24 channels is as large as that cache.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::Call;
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

/// Which outputs a run of tiles computes: columns from `column` of row `row`, in `tiles` tiles from channel `channel`.
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
    let (channel_limit, column_limit) = if S::f32s::LEN == 8 { (2, 5) } else { (2, 7) };
    for row in rows {
        for (column, columns) in tiles(geometry.width, column_limit) {
            for (channel, channels, tiles) in runs_of_tiles(geometry.channels, channel_limit) {
                let place = Place { channel, row, column, tiles };
                macro_rules! pick {
                    ($($n:literal)*) => {
                        match (channels, columns) {
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

/// Tiles of the same columns, from channel to channel.
///
/// Never inlined: a function of its own keeps its sums in registers. Inlined beside its siblings into one huge body, as
/// the compiler is free to do and once did, the same tile ran at 65 to 75 % of the speed.
#[inline(never)]
fn run_of_tiles<S: Simd, const SIZE: usize, const CHANNELS: usize, const COLUMNS: usize>(
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
                    let channel = place.channel + tile * CHANNELS;
                    tile_body::<S, SIZE, CHANNELS, COLUMNS>(simd, operands, place, channel, part, output);
                }
            }
        },
    );
}

#[inline(always)]
fn tile_body<S: Simd, const SIZE: usize, const CHANNELS: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    channel: usize,
    part: usize,
    output: &mut [Lanes],
) {
    let Operands { call, input, weight, bias, relu } = *operands;
    let Place { row, column, .. } = place;
    let per_channel = call.weights_per_channel();
    let mut y: [[S::f32s; COLUMNS]; CHANNELS] = std::array::from_fn(|k| {
        let start = S::f32s::splat(simd, bias.map_or(0.0, |b| b[channel + k]));
        [start; COLUMNS]
    });
    let weight: [&[f32]; CHANNELS] = std::array::from_fn(|k| &weight[(channel + k) * per_channel..][..per_channel]);
    let mut taps = 0;
    for c in 0..call.input.channels {
        for i in 0..SIZE {
            let start = call.tap(c, row, i, column);
            let x = &input[start..start + COLUMNS + SIZE - 1];
            let w: [&[f32]; CHANNELS] = std::array::from_fn(|k| &weight[k][taps..taps + SIZE]);
            taps += SIZE;
            for j in 0..SIZE {
                for s in 0..COLUMNS {
                    let x = load_part(simd, &x[s + j], part);
                    for k in 0..CHANNELS {
                        y[k][s] = x.mul_add_precise(S::f32s::splat(simd, w[k][j]), y[k][s]);
                    }
                }
            }
        }
    }
    for k in 0..CHANNELS {
        let start = call.output.index(channel + k, row, column);
        let out = &mut output[start..start + COLUMNS];
        for s in 0..COLUMNS {
            let value = if relu { crate::relu::vector_relu(simd, y[k][s]) } else { y[k][s] };
            store_part::<S>(&mut out[s], part, value);
        }
    }
}
