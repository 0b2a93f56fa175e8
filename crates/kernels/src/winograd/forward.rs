//! The fast forward form (and so the input gradient's).
//!
//! Two tiles side by side go through all their channels before the next two begin, one pair of rows of points at a time,
//! so that what they need lies in the first-level cache, or nearly: their transformed inputs of those rows (12 vectors a
//! tile and input channel) and their unfinished outputs (12 vectors a tile and output channel). Both rows of a pair are
//! made from the same rows of inputs, which are loaded once for the two.
//!
//! For three output channels, two tiles and the four inner points of a row, 24 sums stay in registers over all input
//! channels: 20 loads for 24 multiply-adds, so the two multiply-add units are what limits. AVX2, with 16 registers, takes two
//! of the points at once. The products never reach memory: they leave the registers already turned into the four columns of
//! outputs that they are for.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::transformed_weight::blocks;
use super::transforms::{combine, transform_ends, transform_far, transform_inner, transform_input, transform_near};
use super::{Call, Epilogue, PAIRS_OF_POINTS, POINTS, SIZE, Scratch, TILE, TransformedWeight, tiles_across};
use crate::lanes::{has_32_registers, load_part, store_part};
use crate::max_pool2d::larger;
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
/// Columns of inputs of so many tiles.
const COLUMNS: usize = TILES_AT_ONCE * TILE + SIZE - 1;
/// Rows of a tile's unfinished outputs.
const WAITING: usize = 3;
/// Vectors of transformed inputs of a row of points and an input channel.
const ROW: usize = TILES_AT_ONCE * POINTS;

/// One value for each of a row's outputs: a macro, because a closure would not always be inlined.
macro_rules! each {
    (|$s:ident| $value:expr) => {{
        macro_rules! at {
            ($index:literal) => {{
                let $s = $index;
                $value
            }};
        }
        [at!(0), at!(1), at!(2), at!(3)]
    }};
}

/// Which tiles are worked on: tile row `a`, tiles from tile column `b`; and which row of points.
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
    let (v, y) = scratch.pieces(call.input.channels * 2 * ROW, call.output.channels * TILES_AT_ONCE * WAITING * TILE);
    for a in tile_rows {
        for (b, tiles) in tiles(tiles_across(call.output.width), TILES_AT_ONCE) {
            for pair in PAIRS_OF_POINTS {
                let place = Place { a, b, i: pair[0] };
                match tiles {
                    1 => rows_of_points::<S, 1>(simd, &operands, place, pair, v, y, output),
                    _ => rows_of_points::<S, 2>(simd, &operands, place, pair, v, y, output),
                }
            }
        }
    }
}

/// A pair of rows of points of `TILES` tiles side by side, for all channels.
#[inline(always)]
fn rows_of_points<S: Simd, const TILES: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    pair: [usize; 2],
    v: &mut [Lanes],
    y: &mut [Lanes],
    output: &mut [Lanes],
) {
    transform_inputs::<S, TILES>(simd, operands, place, v);
    let rows = if pair[1] < operands.call.rows_of_points(place.a) { 2 } else { 1 };
    for (&i, v) in pair.iter().zip(v.chunks_exact(operands.call.input.channels * ROW)).take(rows) {
        let place = Place { i, ..place };
        for (k, channels) in blocks(operands.call.output.channels) {
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
}

/// Writes rows 1 and 2, 3 and 4, or 0 and 5 of Bᵀ d B of every input channel into `v`, `[row][input channel][tile][j]`.
#[inline(never)]
fn transform_inputs<S: Simd, const TILES: usize>(simd: S, operands: &Operands, place: Place, v: &mut [Lanes]) {
    simd.vectorize(
        #[inline(always)]
        || {
            macro_rules! rows {
                ($rows:literal, |$d:ident| $combine:expr) => {
                    transform_rows::<S, TILES, $rows>(
                        simd,
                        operands,
                        place,
                        v,
                        #[inline(always)]
                        |$d| $combine,
                    )
                };
            }
            match place.i {
                1 => rows!(0b011110, |d| transform_near(simd, d)),
                3 => rows!(0b011110, |d| transform_far(simd, d)),
                _ => rows!(0b111111, |d| transform_ends(simd, d)),
            }
        },
    );
}

/// Two rows of Bᵀ d are `combine` of those rows of inputs whose bits are set in `ROWS`; neighbouring tiles share its
/// columns.
#[inline(always)]
fn transform_rows<S: Simd, const TILES: usize, const ROWS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    v: &mut [Lanes],
    combine: impl Fn([S::f32s; POINTS]) -> [S::f32s; 2],
) {
    let Operands { call, input, .. } = *operands;
    let columns = TILES * TILE + SIZE - 1;
    // Those that the outputs inside need; the others count as zero.
    let rows_there = call.rows_inside(place.a) + SIZE - 1;
    let columns_there = columns - TILE + call.columns_inside(place.b + TILES - 1);
    let nothing = [Lanes::ZERO; COLUMNS];
    let mut at = call.input_at(0, place.a, 0, place.b);
    let (first, second) = v.split_at_mut(call.input.channels * ROW);
    let (first, second) = (first.as_chunks_mut::<ROW>().0, second.as_chunks_mut::<ROW>().0);
    for (first, second) in first.iter_mut().zip(second) {
        let mut d: [&[Lanes]; POINTS] = [&nothing[..columns_there]; POINTS];
        for i in 0..POINTS {
            if ROWS >> i & 1 == 1 && i < rows_there {
                d[i] = &input[at + i * call.input.row_stride()..][..columns_there];
            }
        }
        at += call.input.channel_stride();
        for part in (0..LANES).step_by(S::f32s::LEN) {
            macro_rules! combined {
                ($s:expr) => {{
                    let mut rows = [S::f32s::splat(simd, 0.0); POINTS];
                    for i in 0..POINTS {
                        if ROWS >> i & 1 == 1 {
                            rows[i] = load_part(simd, &d[i][$s], part);
                        }
                    }
                    combine(rows)
                }};
            }
            // Two arrays, so that the one whose length is known stays in registers.
            if columns_there == columns {
                let mut column = [[S::f32s::splat(simd, 0.0); 2]; COLUMNS];
                for s in 0..columns {
                    column[s] = combined!(s);
                }
                transform_columns::<S, TILES>(simd, &column, part, first, second);
            } else {
                let mut column = [[S::f32s::splat(simd, 0.0); 2]; COLUMNS];
                for s in 0..columns_there {
                    column[s] = combined!(s);
                }
                transform_columns::<S, TILES>(simd, &column, part, first, second);
            }
        }
    }
}

/// Columns of Bᵀ d times B, of `TILES` tiles and two rows.
#[inline(always)]
fn transform_columns<S: Simd, const TILES: usize>(
    simd: S,
    column: &[[S::f32s; 2]; COLUMNS],
    part: usize,
    first: &mut [Lanes; ROW],
    second: &mut [Lanes; ROW],
) {
    for (row, v) in [first, second].into_iter().enumerate() {
        for t in 0..TILES {
            let mut d = [S::f32s::splat(simd, 0.0); POINTS];
            for j in 0..POINTS {
                d[j] = column[TILE * t + j][row];
            }
            let points = transform_input(simd, d);
            for j in 0..POINTS {
                store_part::<S>(&mut v[t * POINTS + j], part, points[j]);
            }
        }
    }
}

/// Row i of points of `CHANNELS` output channels from `k` and `TILES` tiles: multiplies, sums over the input channels,
/// turns the six sums of a row into four columns, and adds these to the outputs.
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
            macro_rules! products {
                ($channels:expr, $first:expr, $part:expr) => {
                    products::<S, CHANNELS, TILES, { $channels }>(simd, operands, place, k, $first, $part, v, y, output)
                };
            }
            for part in (0..LANES).step_by(S::f32s::LEN) {
                // Room for the sums of six channels of one tile, or of three of two.
                if has_32_registers::<S>() && TILES == 1 {
                    products!(CHANNELS, 0, part);
                    continue;
                }
                for (first, channels) in tiles(CHANNELS, 3) {
                    match channels {
                        1 => products!(1, first, part),
                        2 => products!(2, first, part),
                        _ => products!(3, first, part),
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
    let v = v.as_chunks::<ROW>().0;
    let [near, far, ends] = operands.weight.row(k, CHANNELS, place.i).map(|step| step.chunks_exact(CHANNELS * 2));
    let mut m = [[[S::f32s::splat(simd, 0.0); TILE]; TILES]; AT_ONCE];
    macro_rules! multiply {
        ($v:ident, $u:ident, $points:expr, $to:expr) => {
            multiply::<S, TILES, AT_ONCE>(simd, $v, &$u[first * 2..][..AT_ONCE * 2], $points, $to, part, &mut m)
        };
    }
    let [near_points, far_points, end_points] = PAIRS_OF_POINTS;
    if has_32_registers::<S>() {
        for ((v, near), far) in v.iter().zip(near).zip(far) {
            multiply!(v, near, near_points, [0, 1]);
            multiply!(v, far, far_points, [2, 3]);
        }
    } else {
        // The sums of two points fill the registers.
        for (v, near) in v.iter().zip(near) {
            multiply!(v, near, near_points, [0, 1]);
        }
        for (v, far) in v.iter().zip(far) {
            multiply!(v, far, far_points, [2, 3]);
        }
    }
    for n in 0..AT_ONCE {
        for t in 0..TILES {
            m[n][t] = transform_inner(simd, m[n][t]);
        }
    }
    for (v, ends) in v.iter().zip(ends) {
        multiply!(v, ends, end_points, [0, TILE - 1]);
    }
    add_row::<S, TILES, AT_ONCE>(simd, operands, place, k + first, part, m, y, output);
}

/// Adds the products of two points of a row and one input channel to the sums that `to` names.
#[inline(always)]
fn multiply<S: Simd, const TILES: usize, const AT_ONCE: usize>(
    simd: S,
    v: &[Lanes; ROW],
    u: &[f32],
    points: [usize; 2],
    to: [usize; 2],
    part: usize,
    m: &mut [[[S::f32s; TILE]; TILES]; AT_ONCE],
) {
    for p in 0..2 {
        let mut at = [S::f32s::splat(simd, 0.0); TILES];
        for t in 0..TILES {
            at[t] = load_part(simd, &v[t * POINTS + points[p]], part);
        }
        for n in 0..AT_ONCE {
            let u = S::f32s::splat(simd, u[n * 2 + p]);
            for t in 0..TILES {
                m[n][t][to[p]] = at[t].mul_add_precise(u, m[n][t][to[p]]);
            }
        }
    }
}

/// Adds column i of Aᵀ times the four columns of outputs `h` to the rows of outputs; a row that is complete goes to its
/// place.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn add_row<S: Simd, const TILES: usize, const CHANNELS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    k: usize,
    part: usize,
    h: [[[S::f32s; TILE]; TILES]; CHANNELS],
    y: &mut [Lanes],
    output: &mut [Lanes],
) {
    // Unrolled by hand, so that every index of `h` is a constant and the sums stay in registers.
    macro_rules! for_each {
        (|$n:ident, $t:ident, $h:ident, $y:ident| $body:expr) => {
            for_each!(@ (0 0) (0 1) (1 0) (1 1) (2 0) (2 1) (3 0) (3 1) (4 0) (4 1) (5 0) (5 1), $n, $t, $h, $y, $body)
        };
        (@ $(($i:literal $j:literal))*, $n:ident, $t:ident, $h:ident, $y:ident, $body:expr) => {{
            $(if $i < CHANNELS && $j < TILES {
                let ($n, $t, $h) = (k + $i, $j, h[$i][$j]);
                let $y: &mut [[Lanes; TILE]; WAITING] = &mut y.as_chunks_mut().0.as_chunks_mut().0[$n * TILES_AT_ONCE + $t];
                $body
            })*
        }};
    }
    // What waits: the sum of rows 1 and 2 of points, then row 0 of outputs; row 3 of points, then where tiles are pooled
    // rows 1 and 2 of outputs; the difference of rows 1 and 2 of points, then row 3 of outputs.
    match place.i {
        1 => for_each!(|n, t, h, y| keep::<S>(&mut y[0], part, h)),
        2 => for_each!(|n, t, h, y| {
            let h1 = kept(simd, &y[0], part);
            keep::<S>(&mut y[0], part, each!(|s| h1[s] + h[s]));
            keep::<S>(&mut y[2], part, each!(|s| h1[s] - h[s]));
        }),
        3 => for_each!(|n, t, h, y| keep::<S>(&mut y[1], part, h)),
        4 => for_each!(|n, t, h, y| {
            let h3 = kept(simd, &y[1], part);
            let (sum, difference) = (kept(simd, &y[0], part), kept(simd, &y[2], part));
            let near = each!(|s| [sum[s], difference[s]]);
            let far = each!(|s| [h3[s] + h[s], h3[s] - h[s]]);
            keep::<S>(&mut y[0], part, each!(|s| combine::<S, 0>(simd, near[s], far[s])));
            keep::<S>(&mut y[2], part, each!(|s| combine::<S, 3>(simd, near[s], far[s])));
            let at = At { place, n, t, part };
            finish(simd, operands, at, 1, each!(|s| combine::<S, 1>(simd, near[s], far[s])), y, output);
            finish(simd, operands, at, 2, each!(|s| combine::<S, 2>(simd, near[s], far[s])), y, output);
        }),
        i => for_each!(|n, t, h, y| {
            let (row, waiting) = if i == 0 { (0, 0) } else { (3, 2) };
            let before = kept(simd, &y[waiting], part);
            let at = At { place, n, t, part };
            finish(simd, operands, at, row, each!(|s| before[s] + h[s]), y, output);
        }),
    }
}

/// The unfinished outputs of one row.
#[inline(always)]
fn kept<S: Simd>(simd: S, y: &[Lanes; TILE], part: usize) -> [S::f32s; TILE] {
    [
        load_part(simd, &y[0], part),
        load_part(simd, &y[1], part),
        load_part(simd, &y[2], part),
        load_part(simd, &y[3], part),
    ]
}

/// Puts a row of unfinished outputs aside.
#[inline(always)]
fn keep<S: Simd>(y: &mut [Lanes; TILE], part: usize, value: [S::f32s; TILE]) {
    for s in 0..TILE {
        store_part::<S>(&mut y[s], part, value[s]);
    }
}

/// Whose outputs they are: output channel `n`, the `t`th tile of its place, lanes from `part`.
#[derive(Clone, Copy)]
struct At {
    place: Place,
    n: usize,
    t: usize,
    part: usize,
}

/// Takes row `row` of a tile's outputs through the epilogue and puts it into its place, as far as it is inside; or, where
/// tiles are pooled, keeps the larger of each pair until the other row of the window comes.
#[inline(always)]
fn finish<S: Simd>(
    simd: S,
    operands: &Operands,
    at: At,
    row: usize,
    mut value: [S::f32s; TILE],
    y: &mut [[Lanes; TILE]; WAITING],
    output: &mut [Lanes],
) {
    let Operands { call, epilogue, .. } = operands;
    let At { place: Place { a, b, .. }, n, t, part } = at;
    let b = b + t;
    let bias = S::f32s::splat(simd, epilogue.bias.map_or(0.0, |b| b[n]));
    value = each!(|s| value[s] + bias);
    if epilogue.relu {
        value = each!(|s| crate::relu::vector_relu(simd, value[s]));
    }
    if let Some(normalisers) = epilogue.normalisers {
        let n = &normalisers[n];
        let (mean, scale) = (S::f32s::splat(simd, n.mean), S::f32s::splat(simd, n.scale));
        let shift = S::f32s::splat(simd, n.shift);
        value = each!(|s| (value[s] - mean).mul_add_precise(scale, shift));
    }
    let (rows, columns) = (call.rows_inside(a), call.columns_inside(b));
    let Some(pooled) = epilogue.pooled else {
        if row < rows {
            let to = &mut output[call.output.index(n, TILE * a + row, TILE * b)..][..columns];
            if columns == TILE {
                for s in 0..TILE {
                    store_part::<S>(&mut to[s], part, value[s]);
                }
            } else {
                for s in 0..TILE {
                    if s < columns {
                        store_part::<S>(&mut to[s], part, value[s]);
                    }
                }
            }
        }
        return;
    };
    let largest = [larger::<S>(value[0], value[1]), larger::<S>(value[2], value[3])];
    // Of two rows of a window the inner one, 1 or 2, comes first.
    if row == 1 || row == 2 {
        for s in 0..TILE / 2 {
            store_part::<S>(&mut y[1][(row - 1) * 2 + s], part, largest[s]);
        }
    } else if row == 0 && rows >= 2 || row == 3 {
        for s in 0..TILE / 2 {
            if 2 * s + 1 < columns {
                let best = if row == 0 {
                    larger::<S>(largest[s], load_part(simd, &y[1][s], part))
                } else {
                    larger::<S>(load_part(simd, &y[1][2 + s], part), largest[s])
                };
                let to = pooled.index(n, (TILE * a + row) / 2, TILE / 2 * b + s);
                store_part::<S>(&mut output[to], part, best);
            }
        }
    }
}
