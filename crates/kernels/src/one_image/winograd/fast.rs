//! The fast form.
//!
//! A few tiles, wherever they lie, go through everything before the next few begin, so that what they put aside stays in
//! the first-level cache. For two vectors of output channels, three tiles and the four inner points of a row, 24 sums stay
//! in registers over all input channels: 20 loads for 24 multiply-adds, so the two multiply-add units are what limits.
//! AVX2, with 16 registers, takes one vector of channels.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{INNER, Operands, POINTS, Scratch, TILE, Tile};
use crate::one_image::finish::largest;
use crate::one_image::padded;
use crate::tiling::tiles;
use crate::winograd::{transform_inner, transform_input};

/// Channels of one piece of a tile's transformed inputs.
const TOGETHER: usize = 16;
/// Floats of one piece: so many channels of all points.
const PIECE: usize = POINTS * POINTS * TOGETHER;
/// Tiles whose inputs are transformed at once, at most.
const TILES_AT_ONCE: usize = 6;
/// Vectors of output channels worked on at once, at most.
const VECTORS_AT_ONCE: usize = 2;
/// Columns of sums that make one tile's vector of outputs: four for each row of points.
const COLUMNS: usize = POINTS * TILE;

/// How many vectors of output channels are worked on at once, at most.
#[inline(always)]
fn vectors_at_once<S: Simd>() -> usize {
    if S::f32s::LEN == 8 { 1 } else { VECTORS_AT_ONCE }
}

/// Of how many tiles the sums of so many vectors of output channels fit into the registers, beside the weights and a
/// broadcast input.
#[inline(always)]
fn tiles_of_block<S: Simd>(vectors: usize) -> usize {
    if vectors == 2 || S::f32s::LEN == 8 { 3 } else { 6 }
}

#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, operands: &Operands, output: &mut [f32], scratch: &mut Scratch) {
    let (down, across) = operands.tiles();
    let pieces = operands.weight.inputs.div_ceil(TOGETHER);
    let v = scratch.transformed.room(pieces * TILES_AT_ONCE * PIECE);
    let h = scratch.sums.room(TILES_AT_ONCE * VECTORS_AT_ONCE * COLUMNS * S::f32s::LEN);
    let (mut a, mut b) = (0, 0);
    for (_, count) in tiles(down * across, TILES_AT_ONCE) {
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
        for (first, vectors) in tiles(operands.weight.outputs.div_ceil(S::f32s::LEN), vectors_at_once::<S>()) {
            let k = first * S::f32s::LEN;
            for (t, tiles) in tiles(count, tiles_of_block::<S>(vectors)) {
                let block = Block { k, first: t, of: count };
                match (vectors, tiles) {
                    (1, 1) => products::<S, 1, 1>(simd, operands, block, v, h),
                    (1, 2) => products::<S, 1, 2>(simd, operands, block, v, h),
                    (1, 3) => products::<S, 1, 3>(simd, operands, block, v, h),
                    (1, 4) => products::<S, 1, 4>(simd, operands, block, v, h),
                    (1, 5) => products::<S, 1, 5>(simd, operands, block, v, h),
                    (1, _) => products::<S, 1, 6>(simd, operands, block, v, h),
                    (_, 1) => products::<S, 2, 1>(simd, operands, block, v, h),
                    (_, 2) => products::<S, 2, 2>(simd, operands, block, v, h),
                    _ => products::<S, 2, 3>(simd, operands, block, v, h),
                }
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

/// Writes Bᵀ d B of every input channel of `group` into `v`, `[16 channels][tile][i][j][channel]`.
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
                            for i in 0..POINTS {
                                let at = &d[i * row + j * pixel][part..part + S::f32s::LEN];
                                column[j][i] = S::f32s::from_slice(simd, at);
                            }
                            column[j] = transform_input(simd, column[j]);
                        }
                        for i in 0..POINTS {
                            let mut d = [S::f32s::splat(simd, 0.0); POINTS];
                            for j in 0..POINTS {
                                d[j] = column[j][i];
                            }
                            let points = transform_input(simd, d);
                            for j in 0..POINTS {
                                let at = (i * POINTS + j) * TOGETHER + part;
                                points[j].store_slice(&mut v[at..at + S::f32s::LEN]);
                            }
                        }
                    }
                }
            }
        },
    );
}

/// Multiplies, sums over the input channels, and turns each row of six sums into four columns of outputs, put into
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
            let rows = operands.weight.values.chunks_exact(inputs * POINTS * stride);
            for (i, u) in rows.enumerate().take(POINTS) {
                let (inner, outer) = u.split_at(inputs * INNER * stride);
                let mut m = [[[S::f32s::splat(simd, 0.0); TILE]; TILES]; VECTORS];
                // For each input channel, its weights for some points of the row, and where in `m` their sums are.
                macro_rules! multiply {
                    ($u:ident, [$(($p:literal, $j:expr, $m:literal)),*]) => {
                        const COUNT: usize = [$($p),*].len();
                        let mut at = block.first * PIECE + i * POINTS * TOGETHER;
                        for u in $u.chunks(TOGETHER * COUNT * stride) {
                            let v = &v[at..][..(TILES - 1) * PIECE + POINTS * TOGETHER];
                            at += block.of * PIECE;
                            for (l, u) in u.chunks_exact(COUNT * stride).enumerate().take(TOGETHER) {
                                $({
                                    let u = &u[$p * stride + block.k..][..VECTORS * S::f32s::LEN];
                                    for t in 0..TILES {
                                        let x = S::f32s::splat(simd, v[t * PIECE + $j * TOGETHER + l]);
                                        for n in 0..VECTORS {
                                            let u = S::f32s::from_slice(simd, &u[n * S::f32s::LEN..(n + 1) * S::f32s::LEN]);
                                            m[n][t][$m] = x.mul_add_precise(u, m[n][t][$m]);
                                        }
                                    }
                                })*
                            }
                        }
                    };
                }
                {
                    multiply!(inner, [(0, 1, 0), (1, 2, 1), (2, 3, 2), (3, 4, 3)]);
                }
                for n in 0..VECTORS {
                    for t in 0..TILES {
                        m[n][t] = transform_inner(simd, m[n][t]);
                    }
                }
                {
                    multiply!(outer, [(0, 0, 0), (1, POINTS - 1, 3)]);
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
                    let mut y = [[S::f32s::splat(simd, 0.0); TILE]; TILE];
                    for s in 0..TILE {
                        let mut column = [S::f32s::splat(simd, 0.0); POINTS];
                        for i in 0..POINTS {
                            let at = (i * TILE + s) * S::f32s::LEN;
                            column[i] = S::f32s::from_slice(simd, &h[at..at + S::f32s::LEN]);
                        }
                        let [first, h1, h2, h3, h4, last] = column;
                        let [y0, y1, y2, y3] = transform_inner(simd, [h1, h2, h3, h4]);
                        let sums = [y0 + first, y1, y2, y3 + last];
                        for r in 0..TILE {
                            y[r][s] = at.apply(sums[r] + bias);
                        }
                    }
                    if operands.finish.pools() {
                        for (r, s) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                            if r < tile.inside.0 && s < tile.inside.1 {
                                let to = tile.output + r * row + s * pixel + k;
                                let (r, s) = (2 * r, 2 * s);
                                let largest = largest::<S>([y[r][s], y[r][s + 1], y[r + 1][s], y[r + 1][s + 1]]);
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
