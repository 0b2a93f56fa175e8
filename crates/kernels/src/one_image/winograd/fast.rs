//! The fast form.
//!
//! A few tiles, wherever they lie, go through everything before the next few begin, so that what they put aside stays in
//! the first-level cache. For two vectors of output channels, seven tiles and the two points of a step, 28 sums stay
//! in registers over all input channels: 18 loads for 28 multiply-adds, so the two multiply-add units are what limits.
//! AVX2, with 16 registers, takes three tiles, or six where a single vector of channels is left.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{Operands, POINTS, STEP_OF_POINT, Scratch, Tile};
use crate::one_image::finish::largest;
use crate::one_image::padded;
use crate::tiling::tiles;
use crate::winograd::TILE;

/// Channels of one piece of a tile's transformed inputs.
const TOGETHER: usize = 16;
/// Floats of one piece: so many channels of sixteen points.
const PIECE: usize = POINTS * POINTS * TOGETHER;
/// Tiles worked on at once, at most.
const TILES_AT_ONCE: usize = 7;
/// Vectors of output channels worked on at once, at most.
const VECTORS_AT_ONCE: usize = 2;
/// Columns of sums that make one tile's vector of outputs: two for each row of points.
const COLUMNS: usize = POINTS * TILE;

/// Of how many tiles the sums of so many vectors of output channels fit into the registers, beside the weights and a
/// broadcast input.
#[inline(always)]
fn tiles_of_block<S: Simd>(vectors: usize) -> usize {
    match (vectors, S::f32s::LEN == 8) {
        (1, true) => 6,
        (_, true) => 3,
        _ => 7,
    }
}

#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, operands: &Operands, output: &mut [f32], scratch: &mut Scratch) {
    let (down, across) = operands.tiles();
    let pieces = operands.weight.inputs.div_ceil(TOGETHER);
    let v = scratch.transformed.room(pieces * TILES_AT_ONCE * PIECE);
    let h = scratch.sums.room(TILES_AT_ONCE * VECTORS_AT_ONCE * COLUMNS * S::f32s::LEN);
    let (mut a, mut b) = (0, 0);
    for (_, count) in tiles(down * across, tiles_of_block::<S>(1)) {
        let mut group = [Tile::default(); TILES_AT_ONCE];
        for t in 0..count {
            group[t] = operands.tile(a, b);
            b += 1;
            if b == across {
                (a, b) = (a + 1, 0);
            }
        }
        let group = &group[..count];
        transform_inputs(simd, operands, group, v);
        for (first, vectors) in tiles(operands.weight.outputs.div_ceil(S::f32s::LEN), VECTORS_AT_ONCE) {
            let k = first * S::f32s::LEN;
            for (t, tiles) in tiles(count, tiles_of_block::<S>(vectors)) {
                let block = Block { k, first: t, of: count };
                macro_rules! pick {
                    ($($tiles:literal)*) => {
                        match (vectors, tiles) {
                            $(
                                (1, $tiles) => products::<S, 1, $tiles>(simd, operands, block, v, h),
                                (2, $tiles) => products::<S, 2, $tiles>(simd, operands, block, v, h),
                            )*
                            _ => unreachable!("at most 2 vectors and 7 tiles"),
                        }
                    };
                }
                pick!(1 2 3 4 5 6 7);
                finish(simd, operands, &group[t..t + tiles], k, vectors, h, output);
            }
        }
    }
}

/// What one pass of products works on: vectors of output channels from `k`, and tiles from the `first` of a group `of` so
/// many.
#[derive(Clone, Copy)]
struct Block {
    k: usize,
    first: usize,
    of: usize,
}

/// Writes Bᵀ d B of every input channel of `group` into `v`, `[16 channels][tile][i][step][point of the step][channel]`.
#[inline(never)]
fn transform_inputs<S: Simd>(simd: S, operands: &Operands, group: &[Tile], v: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let inputs = operands.weight.inputs;
            // Everything here begins at whole vectors of so many channels: fewer bounds to check.
            let input = operands.input.as_chunks::<TOGETHER>().0;
            let (row, pixel) = (operands.input_layout.row() / TOGETHER, operands.input_layout.pixel() / TOGETHER);
            let v = v.as_chunks_mut::<PIECE>().0;
            // Iterators over two things at once are at times not inlined here, and then cost more than the transform.
            for c in 0..inputs.div_ceil(TOGETHER) {
                for t in 0..group.len() {
                    let v = &mut v[c * group.len() + t];
                    let d = &input[group[t].input / TOGETHER + c..];
                    for part in (0..TOGETHER).step_by(S::f32s::LEN) {
                        if c * TOGETHER + part >= inputs {
                            break;
                        }
                        let mut column = [[S::f32s::splat(simd, 0.0); POINTS]; POINTS];
                        for j in 0..POINTS {
                            macro_rules! load {
                                ($i:literal) => {
                                    S::f32s::from_slice(simd, &d[$i * row + j * pixel][part..part + S::f32s::LEN])
                                };
                            }
                            let (d0, d1, d2, d3) = (load!(0), load!(1), load!(2), load!(3));
                            column[j] = [d0 - d2, d1 + d2, d2 - d1, d3 - d1];
                        }
                        for i in 0..POINTS {
                            let [d0, d1, d2, d3] = [column[0][i], column[1][i], column[2][i], column[3][i]];
                            let points = [d0 - d2, d1 + d2, d2 - d1, d3 - d1];
                            for j in 0..POINTS {
                                let (step, point) = STEP_OF_POINT[j];
                                let at = ((i * 2 + step) * 2 + point) * TOGETHER + part;
                                points[j].store_slice(&mut v[at..at + S::f32s::LEN]);
                            }
                        }
                    }
                }
            }
        },
    );
}

/// Multiplies, sums over the input channels, and turns each row of four sums into two columns of outputs, put into
/// `h`, `[tile][vector][i][column]`, for `VECTORS` vectors of output channels and `TILES` tiles.
///
/// Never inlined: a function of its own keeps its sums in registers.
#[inline(never)]
fn products<S: Simd, const VECTORS: usize, const TILES: usize>(
    simd: S,
    operands: &Operands,
    block: Block,
    v: &[f32],
    h: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let inputs = operands.weight.inputs;
            let stride = padded(operands.weight.outputs);
            let h = &mut h[..TILES * VECTORS * COLUMNS * S::f32s::LEN];
            let rows = operands.weight.values.chunks_exact(2 * inputs * 2 * stride);
            for (i, u) in rows.enumerate().take(POINTS) {
                let mut m = [[[S::f32s::splat(simd, 0.0); 2]; TILES]; VECTORS];
                for (step, u) in u.chunks_exact(inputs * 2 * stride).enumerate() {
                    if step == 1 {
                        for n in 0..VECTORS {
                            for t in 0..TILES {
                                m[n][t] = [m[n][t][0] + m[n][t][1], m[n][t][0] - m[n][t][1]];
                            }
                        }
                    }
                    let mut at = block.first * PIECE + (i * 2 + step) * 2 * TOGETHER;
                    for u in u.chunks(TOGETHER * 2 * stride) {
                        let v = &v[at..][..(TILES - 1) * PIECE + 2 * TOGETHER];
                        at += block.of * PIECE;
                        for (l, u) in u.chunks_exact(2 * stride).enumerate().take(TOGETHER) {
                            for p in 0..2 {
                                let u = &u[p * stride + block.k..][..VECTORS * S::f32s::LEN];
                                for t in 0..TILES {
                                    let x = S::f32s::splat(simd, v[t * PIECE + p * TOGETHER + l]);
                                    for n in 0..VECTORS {
                                        let u = S::f32s::from_slice(simd, &u[n * S::f32s::LEN..(n + 1) * S::f32s::LEN]);
                                        m[n][t][p] = x.mul_add_precise(u, m[n][t][p]);
                                    }
                                }
                            }
                        }
                    }
                }
                for t in 0..TILES {
                    for n in 0..VECTORS {
                        for s in 0..TILE {
                            let at = ((t * VECTORS + n) * COLUMNS + i * TILE + s) * S::f32s::LEN;
                            m[n][t][s].store_slice(&mut h[at..at + S::f32s::LEN]);
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
            for n in 0..vectors {
                let k = k + n * S::f32s::LEN;
                let at = operands.finish.at(simd, k);
                let bias = S::f32s::from_slice(simd, &operands.weight.bias[k..k + S::f32s::LEN]);
                for t in 0..group.len() {
                    let tile = group[t];
                    let h = &h[(t * vectors + n) * COLUMNS * S::f32s::LEN..][..COLUMNS * S::f32s::LEN];
                    macro_rules! h {
                        ($i:literal, $s:literal) => {{
                            let at = ($i * TILE + $s) * S::f32s::LEN;
                            S::f32s::from_slice(simd, &h[at..at + S::f32s::LEN])
                        }};
                    }
                    let y = [
                        at.apply((h!(1, 0) + h!(2, 0)) + h!(0, 0) + bias),
                        at.apply((h!(1, 1) + h!(2, 1)) + h!(0, 1) + bias),
                        at.apply((h!(1, 0) - h!(2, 0)) + h!(3, 0) + bias),
                        at.apply((h!(1, 1) - h!(2, 1)) + h!(3, 1) + bias),
                    ];
                    if operands.finish.pools() {
                        let to = tile.output + k;
                        largest::<S>(y).store_slice(&mut output[to..to + S::f32s::LEN]);
                    } else {
                        for (r, s) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                            if r < tile.inside.0 && s < tile.inside.1 {
                                let to = tile.output + r * row + s * pixel + k;
                                y[r * TILE + s].store_slice(&mut output[to..to + S::f32s::LEN]);
                            }
                        }
                    }
                }
            }
        },
    );
}
