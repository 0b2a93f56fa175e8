//! The fast forward form (and so the input gradient's).
//!
//! Two tiles side by side go through all their channels before the next two begin, one row i of points at a time, so
//! that everything they need lies in the first-level cache: their transformed inputs of that row (4 vectors a tile and
//! input channel) and their unfinished outputs (4 vectors a tile and output channel). For six output channels, two
//! tiles and two points, 24 sums stay in registers over all input channels: 16 loads for 24 multiply-adds, so the two
//! multiply-add units are what limits. AVX2, with 16 registers, takes three output channels at once. The products
//! never reach memory: they leave the registers already turned into the two columns of outputs that they are for.

use std::ops::Range;

use fearless_simd::{Select, Simd, SimdBase, SimdFloat};

use super::{
    CHANNELS_AT_ONCE, Call, Epilogue, POINTS, STEPS, Scratch, TILE, TransformedWeight, tiles_across, transform_input,
};
use crate::lanes::{load_part, store_part};
use crate::tiling::tiles;
use crate::{LANES, Lanes};

/// What every block of one call shares.
struct Operands<'a> {
    call: &'a Call,
    input: &'a [Lanes],
    weight: &'a TransformedWeight,
    epilogue: Epilogue<'a>,
}

/// Tiles side by side that share a transformation of their inputs.
const TILES_AT_ONCE: usize = 2;

/// Which tiles are worked on: tile row `a`, `TILES` tiles from tile column `b`; and which row of points.
#[derive(Clone, Copy)]
struct Place {
    a: usize,
    b: usize,
    i: usize,
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
pub(super) fn fast<S: Simd>(
    simd: S,
    call: &Call,
    tile_rows: Range<usize>,
    output: &mut [Lanes],
    input: &[Lanes],
    weight: &TransformedWeight,
    epilogue: Epilogue,
    scratch: &mut Scratch,
) {
    let operands = Operands { call, input, weight, epilogue };
    let (v, y) = scratch
        .pieces(call.input.channels * TILES_AT_ONCE * POINTS, call.output.channels * TILES_AT_ONCE * TILE * TILE);
    for a in tile_rows {
        for (b, tiles) in tiles(tiles_across(call.output.width), TILES_AT_ONCE) {
            // Rows 1 and 2 of points are for both rows of outputs, 0 for the first and 3 for the second alone.
            for i in [1, 2, 0, 3].into_iter().take(if call.rows_inside(a) == TILE { 4 } else { 3 }) {
                let place = Place { a, b, i };
                match tiles {
                    1 => row_of_points::<S, 1>(simd, &operands, place, v, y, output),
                    _ => row_of_points::<S, 2>(simd, &operands, place, v, y, output),
                }
            }
        }
    }
}

/// One row of points of `TILES` tiles side by side, for all channels.
#[inline(always)]
fn row_of_points<S: Simd, const TILES: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    v: &mut [Lanes],
    y: &mut [Lanes],
    output: &mut [Lanes],
) {
    transform_inputs::<S, TILES>(simd, operands, place, v);
    for (k, channels) in tiles(operands.call.output.channels, CHANNELS_AT_ONCE) {
        match channels {
            1 => block::<S, 1, TILES>(simd, operands, place, k, v, y, output),
            2 => block::<S, 2, TILES>(simd, operands, place, k, v, y, output),
            3 => block::<S, 3, TILES>(simd, operands, place, k, v, y, output),
            4 => block::<S, 4, TILES>(simd, operands, place, k, v, y, output),
            5 => block::<S, 5, TILES>(simd, operands, place, k, v, y, output),
            _ => block::<S, 6, TILES>(simd, operands, place, k, v, y, output),
        }
    }
}

/// Writes row i of Bᵀ d B of every input channel into `v`, `[input channel][tile][j]`.
#[inline(never)]
fn transform_inputs<S: Simd, const TILES: usize>(simd: S, operands: &Operands, place: Place, v: &mut [Lanes]) {
    simd.vectorize(
        #[inline(always)]
        || match place.i {
            0 => transform_row::<S, TILES>(
                simd,
                operands,
                place,
                v,
                0,
                2,
                #[inline(always)]
                |d0, d2| d0 - d2,
            ),
            1 => transform_row::<S, TILES>(
                simd,
                operands,
                place,
                v,
                1,
                2,
                #[inline(always)]
                |d1, d2| d1 + d2,
            ),
            2 => transform_row::<S, TILES>(
                simd,
                operands,
                place,
                v,
                1,
                2,
                #[inline(always)]
                |d1, d2| d2 - d1,
            ),
            _ => transform_row::<S, TILES>(
                simd,
                operands,
                place,
                v,
                1,
                3,
                #[inline(always)]
                |d1, d3| d3 - d1,
            ),
        },
    );
}

/// Row i of Bᵀ d is `combine` of two rows of inputs, `upper` and `lower`; neighbouring tiles share its columns.
#[inline(always)]
fn transform_row<S: Simd, const TILES: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    v: &mut [Lanes],
    upper: usize,
    lower: usize,
    combine: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    let Operands { call, input, .. } = *operands;
    // All columns but perhaps the last, which a tile that hangs over the right edge lacks.
    let columns = TILE * TILES + 1;
    let whole = call.columns_inside(place.b + TILES - 1) == TILE;
    let (mut upper_at, mut lower_at) =
        (call.input_at(0, place.a, upper, place.b), call.input_at(0, place.a, lower, place.b));
    for v in v.chunks_exact_mut(TILES * POINTS).take(call.input.channels) {
        let upper = &input[upper_at..][..columns + usize::from(whole)];
        let lower = &input[lower_at..][..columns + usize::from(whole)];
        upper_at += call.input.channel_stride();
        lower_at += call.input.channel_stride();
        for part in (0..LANES).step_by(S::f32s::LEN) {
            let mut column = [S::f32s::splat(simd, 0.0); TILE * TILES_AT_ONCE + 2];
            for s in 0..columns {
                column[s] = combine(load_part(simd, &upper[s], part), load_part(simd, &lower[s], part));
            }
            if whole {
                let s = columns;
                column[s] = combine(load_part(simd, &upper[s], part), load_part(simd, &lower[s], part));
            }
            for t in 0..TILES {
                let points = transform_input([column[2 * t], column[2 * t + 1], column[2 * t + 2], column[2 * t + 3]]);
                for j in 0..POINTS {
                    store_part::<S>(&mut v[t * POINTS + j], part, points[j]);
                }
            }
        }
    }
}

/// Row i of points of `CHANNELS` output channels from `k` and `TILES` tiles: multiplies, sums over the input channels,
/// turns the four sums of a row into two columns, and adds these to the outputs.
///
/// Never inlined: a function of its own keeps its sums in registers.
#[inline(never)]
fn block<S: Simd, const CHANNELS: usize, const TILES: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    k: usize,
    v: &[Lanes],
    y: &mut [Lanes],
    output: &mut [Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let y = &mut y[k * TILES * TILE * TILE..][..CHANNELS * TILES * TILE * TILE];
            if S::f32s::LEN == LANES {
                products::<S, CHANNELS, TILES, CHANNELS>(simd, operands, place, k, 0, 0, v, y, output);
            } else {
                for part in (0..LANES).step_by(S::f32s::LEN) {
                    for (n, channels) in tiles(CHANNELS, 3) {
                        match channels {
                            1 => products::<S, CHANNELS, TILES, 1>(simd, operands, place, k, n, part, v, y, output),
                            2 => products::<S, CHANNELS, TILES, 2>(simd, operands, place, k, n, part, v, y, output),
                            _ => products::<S, CHANNELS, TILES, 3>(simd, operands, place, k, n, part, v, y, output),
                        }
                    }
                }
            }
        },
    );
}

/// The part of [`block`] that its registers hold at once: `AT_ONCE` of its output channels from the `first`, lanes from
/// `part`.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn products<S: Simd, const CHANNELS: usize, const TILES: usize, const AT_ONCE: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    k: usize,
    first: usize,
    part: usize,
    v: &[Lanes],
    y: &mut [Lanes],
    output: &mut [Lanes],
) {
    let inputs = operands.call.input.channels;
    let weight = &operands.weight.values[operands.weight.panel_at(k, CHANNELS, place.i)..];
    let v = &v[..inputs * TILES * POINTS];
    let mut m = [[[S::f32s::splat(simd, 0.0); 2]; TILES]; AT_ONCE];
    for (step, points) in STEPS.into_iter().enumerate() {
        if step == 1 {
            for n in 0..AT_ONCE {
                for t in 0..TILES {
                    m[n][t] = [m[n][t][0] + m[n][t][1], m[n][t][0] - m[n][t][1]];
                }
            }
        }
        let weight = &weight[step * inputs * CHANNELS * 2..][..inputs * CHANNELS * 2];
        for (v, u) in v.chunks_exact(TILES * POINTS).zip(weight.chunks_exact(CHANNELS * 2)) {
            let u = &u[first * 2..][..AT_ONCE * 2];
            for (p, j) in points.into_iter().enumerate() {
                let mut at = [S::f32s::splat(simd, 0.0); TILES];
                for t in 0..TILES {
                    at[t] = load_part(simd, &v[t * POINTS + j], part);
                }
                for n in 0..AT_ONCE {
                    let u = S::f32s::splat(simd, u[n * 2 + p]);
                    for t in 0..TILES {
                        m[n][t][p] = at[t].mul_add_precise(u, m[n][t][p]);
                    }
                }
            }
        }
    }
    add_row::<S, TILES, AT_ONCE>(simd, operands, place, k, first, part, m, y, output);
}

/// Adds column i of Aᵀ times the two columns of outputs `h` to both rows of outputs; a row that is complete goes to its
/// place.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn add_row<S: Simd, const TILES: usize, const AT_ONCE: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    k: usize,
    first: usize,
    part: usize,
    h: [[[S::f32s; TILE]; TILES]; AT_ONCE],
    y: &mut [Lanes],
    output: &mut [Lanes],
) {
    // Unrolled by hand, so that every index of `h` is a constant and the sums stay in registers.
    macro_rules! for_each {
        (|$n:ident, $t:ident, $h:ident, $upper:ident, $lower:ident| $body:expr) => {
            for_each!(@ (0 0) (0 1) (1 0) (1 1) (2 0) (2 1) (3 0) (3 1) (4 0) (4 1) (5 0) (5 1),
                $n, $t, $h, $upper, $lower, $body)
        };
        (@ $(($i:literal $j:literal))*, $n:ident, $t:ident, $h:ident, $upper:ident, $lower:ident, $body:expr) => {{
            $(if $i < AT_ONCE && $j < TILES {
                let ($n, $t, $h) = (first + $i, $j, h[$i][$j]);
                let ($upper, $lower) = y[($n * TILES + $t) * TILE * TILE..][..TILE * TILE].split_at_mut(TILE);
                $body
            })*
        }};
    }
    match place.i {
        1 => for_each!(|n, t, h, upper, _lower| keep::<S>(upper, part, h)),
        2 => for_each!(|n, t, h, upper, lower| {
            let y = kept(simd, upper, part);
            keep::<S>(upper, part, [y[0] + h[0], y[1] + h[1]]);
            keep::<S>(lower, part, [y[0] - h[0], y[1] - h[1]]);
        }),
        0 => for_each!(|n, t, h, upper, _lower| {
            let y = kept(simd, upper, part);
            finish(simd, operands, place, 0, k + n, t, part, [y[0] + h[0], y[1] + h[1]], upper, output);
        }),
        _ => for_each!(|n, t, h, upper, lower| {
            let y = kept(simd, lower, part);
            finish(simd, operands, place, 1, k + n, t, part, [y[0] + h[0], y[1] + h[1]], upper, output);
        }),
    }
}

/// The two unfinished outputs of one row.
#[inline(always)]
fn kept<S: Simd>(simd: S, y: &[Lanes], part: usize) -> [S::f32s; TILE] {
    [load_part(simd, &y[0], part), load_part(simd, &y[1], part)]
}

/// Puts two unfinished outputs aside.
#[inline(always)]
fn keep<S: Simd>(y: &mut [Lanes], part: usize, value: [S::f32s; TILE]) {
    store_part::<S>(&mut y[0], part, value[0]);
    store_part::<S>(&mut y[1], part, value[1]);
}

/// Takes a row of two outputs through the epilogue and puts it into its place, as far as it is inside; or, where tiles are
/// pooled, keeps the upper row until the lower one comes.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn finish<S: Simd>(
    simd: S,
    operands: &Operands,
    place: Place,
    row: usize,
    k: usize,
    t: usize,
    part: usize,
    value: [S::f32s; TILE],
    upper: &mut [Lanes],
    output: &mut [Lanes],
) {
    let Operands { call, epilogue, .. } = operands;
    let b = place.b + t;
    let bias = S::f32s::splat(simd, epilogue.bias.map_or(0.0, |b| b[k]));
    let mut value = [value[0] + bias, value[1] + bias];
    if epilogue.relu {
        value = [crate::relu::vector_relu(simd, value[0]), crate::relu::vector_relu(simd, value[1])];
    }
    if let Some(normalisers) = epilogue.normalisers {
        let n = &normalisers[k];
        let (mean, scale) = (S::f32s::splat(simd, n.mean), S::f32s::splat(simd, n.scale));
        let shift = S::f32s::splat(simd, n.shift);
        for s in 0..TILE {
            value[s] = (value[s] - mean).mul_add_precise(scale, shift);
        }
    }
    let Some(pooled) = epilogue.pooled else {
        let at = call.output.index(k, TILE * place.a + row, TILE * b);
        store_part::<S>(&mut output[at], part, value[0]);
        if call.columns_inside(b) == TILE {
            store_part::<S>(&mut output[at + 1], part, value[1]);
        }
        return;
    };
    if row == 0 {
        keep::<S>(upper, part, value);
    } else if call.columns_inside(b) == TILE {
        let above = kept(simd, upper, part);
        let mut best = above[0];
        for candidate in [above[1], value[0], value[1]] {
            let wins = candidate.simd_gt(best) | candidate.is_nan();
            best = wins.select(candidate, best);
        }
        store_part::<S>(&mut output[pooled.index(k, place.a, b)], part, best);
    }
}
