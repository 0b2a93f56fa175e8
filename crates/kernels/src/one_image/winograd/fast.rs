//! The fast form.
//!
//! A few tiles, wherever they lie, go through everything before the next few begin, so that what they put aside stays in
//! the first-level cache. A row of points is taken through all of them before the next: its weights, which are more than
//! that cache holds of all rows, come from the second-level one once for so many tiles.
//!
//! For two vectors of output channels, three tiles and the four inner points of a row, 24 sums stay in registers over all
//! input channels: 20 loads for 24 multiply-adds, so the two multiply-add units are what limits. AVX2, with 16 registers,
//! takes two of the points at once.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{CHANNELS_TOGETHER, Operands, POINTS, Scratch, TILE, Tile};
use crate::lanes::has_32_registers;
use crate::one_image::finish::largest;
use crate::tiling::{runs_of_tiles, tiles};
use crate::winograd::{
    PAIRS_OF_POINTS, transform_ends, transform_far, transform_inner, transform_input, transform_near,
};

/// Floats of one piece of a tile's transformed inputs: sixteen channels of all points.
const PIECE: usize = POINTS * POINTS * CHANNELS_TOGETHER;
/// Vectors of output channels worked on at once, at most.
const VECTORS_AT_ONCE: usize = 2;
/// Tiles whose sums are in registers at once, at most.
const TILES_AT_ONCE: usize = 3;
/// Blocks of so many tiles that go through everything together, at most.
const BLOCKS_AT_ONCE: usize = 3;
/// Columns of sums that make one tile's vector of outputs: four for each row of points.
const COLUMNS: usize = POINTS * TILE;

/// One value for each point of a row: a macro, because neither a closure nor a loop is always unrolled.
macro_rules! each_point {
    (|$j:ident| $value:expr) => {{
        macro_rules! at {
            ($index:literal) => {{
                let $j = $index;
                $value
            }};
        }
        [at!(0), at!(1), at!(2), at!(3), at!(4), at!(5)]
    }};
}

#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, operands: &Operands, output: &mut [f32], scratch: &mut Scratch) {
    const GROUP: usize = BLOCKS_AT_ONCE * TILES_AT_ONCE;
    let (down, across) = operands.tiles();
    let pieces = operands.weight.inputs.div_ceil(CHANNELS_TOGETHER);
    let v = scratch.transformed.room(pieces * GROUP * PIECE);
    let h = scratch.sums.room(GROUP * VECTORS_AT_ONCE * COLUMNS * S::f32s::LEN);
    let (mut a, mut b) = (0, 0);
    for (_, of_block, blocks) in runs_of_tiles(down * across, TILES_AT_ONCE) {
        for (_, blocks) in tiles(blocks, BLOCKS_AT_ONCE) {
            let mut group = [Tile::default(); GROUP];
            let group = &mut group[..blocks * of_block];
            for tile in &mut *group {
                *tile = operands.tile(a, b);
                b += 1;
                if b == across {
                    (a, b) = (a + 1, 0);
                }
            }
            transform_inputs(simd, operands, group, v);
            for (first, vectors) in tiles(operands.weight.outputs.div_ceil(S::f32s::LEN), VECTORS_AT_ONCE) {
                let k = first * S::f32s::LEN;
                match (vectors, of_block) {
                    (1, 1) => products::<S, 1, 1>(simd, operands, k, blocks, v, h),
                    (1, 2) => products::<S, 1, 2>(simd, operands, k, blocks, v, h),
                    (1, _) => products::<S, 1, 3>(simd, operands, k, blocks, v, h),
                    (_, 1) => products::<S, 2, 1>(simd, operands, k, blocks, v, h),
                    (_, 2) => products::<S, 2, 2>(simd, operands, k, blocks, v, h),
                    _ => products::<S, 2, 3>(simd, operands, k, blocks, v, h),
                }
                finish(simd, operands, group, k, vectors, h, output);
            }
        }
    }
}

/// Writes Bᵀ d B of every input channel of `group` into `v`, `[16 channels][tile][i][j][channel]`.
#[inline(never)]
fn transform_inputs<S: Simd>(simd: S, operands: &Operands, group: &[Tile], v: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || match operands.input_layout.pixel() / CHANNELS_TOGETHER {
            // Known to the compiler, so that the columns' bounds are checked once.
            1 => transform::<S>(simd, operands, 1, group, v),
            2 => transform::<S>(simd, operands, 2, group, v),
            pixel => transform::<S>(simd, operands, pixel, group, v),
        },
    );
}

/// [`transform_inputs`] with `pixel` times sixteen channels in a pixel.
#[inline(always)]
fn transform<S: Simd>(simd: S, operands: &Operands, pixel: usize, group: &[Tile], v: &mut [f32]) {
    let inputs = operands.weight.inputs;
    // Everything here begins at whole vectors of so many channels: fewer bounds to check.
    let input = operands.input.as_chunks::<CHANNELS_TOGETHER>().0;
    let row = operands.input_layout.row() / CHANNELS_TOGETHER;
    let v: &mut [[[[f32; CHANNELS_TOGETHER]; POINTS]; POINTS]] =
        v.as_chunks_mut().0.as_chunks_mut().0.as_chunks_mut().0;
    // Iterators over two things at once are at times not inlined here, and then cost more than the transform.
    for c in 0..inputs.div_ceil(CHANNELS_TOGETHER) {
        for t in 0..group.len() {
            let v = &mut v[c * group.len() + t];
            let at = group[t].input / CHANNELS_TOGETHER + c;
            let d = each_point!(|i| &input[at + i * row..][..(POINTS - 1) * pixel + 1]);
            for part in (0..CHANNELS_TOGETHER).step_by(S::f32s::LEN) {
                if c * CHANNELS_TOGETHER + part >= inputs {
                    break;
                }
                // Two rows of points at a time, so that they stay in registers between their columns and their rows; what
                // both are made of is loaded once.
                macro_rules! rows {
                    ($transform:ident, [$($input_row:literal)*], $pair:literal) => {{
                        let columns = each_point!(|j| {
                            let mut rows = [S::f32s::splat(simd, 0.0); POINTS];
                            $(rows[$input_row] = load(simd, &d[$input_row][j * pixel], part);)*
                            $transform(simd, rows)
                        });
                        let [first, second] = PAIRS_OF_POINTS[$pair];
                        let points = transform_input(simd, each_point!(|j| columns[j][0]));
                        each_point!(|j| store::<S>(&mut v[first][j], part, points[j]));
                        let points = transform_input(simd, each_point!(|j| columns[j][1]));
                        each_point!(|j| store::<S>(&mut v[second][j], part, points[j]));
                    }};
                }
                rows!(transform_near, [1 2 3 4], 0);
                rows!(transform_far, [1 2 3 4], 1);
                rows!(transform_ends, [0 1 2 3 4 5], 2);
            }
        }
    }
}

/// The native-width part of some channels from `part`, a multiple of the width, counted around.
#[inline(always)]
fn load<S: Simd, const CHANNELS: usize>(simd: S, channels: &[f32; CHANNELS], part: usize) -> S::f32s {
    let part = part % CHANNELS / S::f32s::LEN * S::f32s::LEN;
    S::f32s::from_slice(simd, &channels[part..part + S::f32s::LEN])
}

/// Puts a native-width vector into its part of sixteen channels.
#[inline(always)]
fn store<S: Simd>(channels: &mut [f32; CHANNELS_TOGETHER], part: usize, value: S::f32s) {
    let part = part % CHANNELS_TOGETHER / S::f32s::LEN * S::f32s::LEN;
    value.store_slice(&mut channels[part..part + S::f32s::LEN]);
}

/// Multiplies, sums over the input channels, and turns each row of six sums into four columns of outputs, put into
/// `h`, `[tile][vector][i][column]`, for `VECTORS` vectors of output channels from `k` and `blocks` times `TILES` tiles.
///
/// Never inlined: a function of its own keeps its sums in registers.
#[inline(never)]
fn products<S: Simd, const VECTORS: usize, const TILES: usize>(
    simd: S,
    operands: &Operands,
    k: usize,
    blocks: usize,
    v: &[f32],
    h: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let inputs = operands.weight.inputs;
            let v: &[[[[f32; CHANNELS_TOGETHER]; POINTS]; POINTS]] = v.as_chunks().0.as_chunks().0.as_chunks().0;
            for i in 0..POINTS {
                let (inner, outer) = operands.weight.row(k, i);
                for first in (0..blocks * TILES).step_by(TILES) {
                    let mut m = [[[S::f32s::splat(simd, 0.0); TILE]; TILES]; VECTORS];
                    // For some points of the row, where their weights and inputs, and in `m` their sums, are.
                    macro_rules! multiply {
                        ($u:ident, [$(($p:literal, $j:expr, $m:literal)),*]) => {
                            for c in (0..inputs).step_by(CHANNELS_TOGETHER) {
                                let v = &v[c / CHANNELS_TOGETHER * blocks * TILES + first..][..TILES];
                                for (l, u) in $u[c..].iter().enumerate().take(CHANNELS_TOGETHER) {
                                    $(
                                        let mut of = [S::f32s::splat(simd, 0.0); VECTORS];
                                        for n in 0..VECTORS {
                                            of[n] = load(simd, &u[$p], k + n * S::f32s::LEN);
                                        }
                                        for t in 0..TILES {
                                            let x = S::f32s::splat(simd, v[t][i][$j][l]);
                                            for n in 0..VECTORS {
                                                m[n][t][$m] = x.mul_add_precise(of[n], m[n][t][$m]);
                                            }
                                        }
                                    )*
                                }
                            }
                        };
                    }
                    if has_32_registers::<S>() {
                        multiply!(inner, [(0, 1, 0), (1, 2, 1), (2, 3, 2), (3, 4, 3)]);
                    } else {
                        // The sums of two points fill the registers.
                        multiply!(inner, [(0, 1, 0), (1, 2, 1)]);
                        multiply!(inner, [(2, 3, 2), (3, 4, 3)]);
                    }
                    for n in 0..VECTORS {
                        for t in 0..TILES {
                            m[n][t] = transform_inner(simd, m[n][t]);
                        }
                    }
                    multiply!(outer, [(0, 0, 0), (1, POINTS - 1, 3)]);
                    let h =
                        &mut h[first * VECTORS * COLUMNS * S::f32s::LEN..][..TILES * VECTORS * COLUMNS * S::f32s::LEN];
                    for t in 0..TILES {
                        for n in 0..VECTORS {
                            for s in 0..TILE {
                                let at = ((t * VECTORS + n) * COLUMNS + i * TILE + s) * S::f32s::LEN;
                                m[n][t][s].store_slice(&mut h[at..at + S::f32s::LEN]);
                            }
                        }
                    }
                }
            }
        },
    );
}

/// Turns the columns in `h` into outputs, adds the bias, applies what follows, and puts what is inside into its place, for
/// `vectors` vectors of output channels from `k`.
#[inline(never)]
fn finish<S: Simd>(
    simd: S,
    operands: &Operands,
    group: &[Tile],
    k: usize,
    vectors: usize,
    h: &[f32],
    output: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (row, pixel) = (operands.output_layout.row(), operands.output_layout.pixel());
            // One addition, ReLU and batch norm for each window then instead of four.
            let largest_first = operands.weight.never_minus_zero && operands.finish.keeps_largest();
            for n in 0..vectors {
                let k = k + n * S::f32s::LEN;
                let at = operands.finish.at(simd, k);
                let bias = S::f32s::from_slice(simd, &operands.weight.bias[k..k + S::f32s::LEN]);
                for t in 0..group.len() {
                    let tile = group[t];
                    let h = &h[(t * vectors + n) * COLUMNS * S::f32s::LEN..][..COLUMNS * S::f32s::LEN];
                    let mut y = [[S::f32s::splat(simd, 0.0); TILE]; TILE];
                    for s in 0..TILE {
                        let mut column = [S::f32s::splat(simd, 0.0); POINTS];
                        for i in 0..POINTS {
                            let at = (i * TILE + s) * S::f32s::LEN;
                            column[i] = S::f32s::from_slice(simd, &h[at..at + S::f32s::LEN]);
                        }
                        let [first, h1, h2, h3, h4, last] = column;
                        let [y0, y1, y2, y3] = transform_inner(simd, [h1, h2, h3, h4]);
                        [y[0][s], y[1][s], y[2][s], y[3][s]] = [y0 + first, y1, y2, y3 + last];
                    }
                    if !(operands.finish.pools() && largest_first) {
                        for r in 0..TILE {
                            for s in 0..TILE {
                                y[r][s] = at.apply(y[r][s] + bias);
                            }
                        }
                    }
                    if operands.finish.pools() {
                        for (r, s) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                            if r < tile.inside.0 && s < tile.inside.1 {
                                let to = tile.output + r * row + s * pixel + k;
                                let (r, s) = (2 * r, 2 * s);
                                let mut largest = largest::<S>([y[r][s], y[r][s + 1], y[r + 1][s], y[r + 1][s + 1]]);
                                if largest_first {
                                    largest = at.apply(largest + bias);
                                }
                                largest.store_slice(&mut output[to..to + S::f32s::LEN]);
                            }
                        }
                    } else {
                        for r in 0..TILE {
                            for s in 0..TILE {
                                if r < tile.inside.0 && s < tile.inside.1 {
                                    let to = tile.output + r * row + s * pixel + k;
                                    y[r][s].store_slice(&mut output[to..to + S::f32s::LEN]);
                                }
                            }
                        }
                    }
                }
            }
        },
    );
}
