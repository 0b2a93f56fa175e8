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
/// What lies beyond the inputs that outputs inside need.
static NOTHING: [Lanes; COLUMNS] = [Lanes::ZERO; COLUMNS];
/// Rows of a tile's unfinished outputs.
const WAITING: usize = 3;
/// Vectors of transformed inputs of a row of points and an input channel.
const ROW: usize = TILES_AT_ONCE * POINTS;

/// A channel's unfinished outputs: of each tile rows of columns.
type Waiting = [[[Lanes; TILE]; WAITING]; TILES_AT_ONCE];

/// What every block writes to.
struct Outputs<'a> {
    /// One per output channel.
    y: &'a mut [Waiting],
    output: &'a mut [Lanes],
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
    let channels = call.output.channels;
    let waiting = channels * TILES_AT_ONCE * WAITING * TILE;
    let (v, room) = scratch.pieces(call.input.channels * 2 * ROW, waiting);
    let y = room.as_chunks_mut::<TILE>().0.as_chunks_mut::<WAITING>().0.as_chunks_mut::<TILES_AT_ONCE>().0;
    let mut outputs = Outputs { y, output };
    for a in tile_rows {
        for (b, tiles) in tiles(tiles_across(call.output.width), TILES_AT_ONCE) {
            for pair in PAIRS_OF_POINTS {
                let place = Place { a, b, i: pair[0] };
                match tiles {
                    1 => rows_of_points::<S, 1>(simd, &operands, place, pair, v, &mut outputs),
                    _ => rows_of_points::<S, 2>(simd, &operands, place, pair, v, &mut outputs),
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
    outputs: &mut Outputs,
) {
    transform_inputs::<S, TILES>(simd, operands, place, v);
    let rows = if pair[1] < operands.call.rows_of_points(place.a) { 2 } else { 1 };
    for (&i, v) in pair.iter().zip(v.chunks_exact(operands.call.input.channels * ROW)).take(rows) {
        let place = Place { i, ..place };
        for (k, channels) in blocks(operands.call.output.channels) {
            match channels {
                1 => block::<S, 1, TILES>(simd, operands, place, k, v, outputs),
                2 => block::<S, 2, TILES>(simd, operands, place, k, v, outputs),
                3 => block::<S, 3, TILES>(simd, operands, place, k, v, outputs),
                4 => block::<S, 4, TILES>(simd, operands, place, k, v, outputs),
                5 => block::<S, 5, TILES>(simd, operands, place, k, v, outputs),
                _ => block::<S, 6, TILES>(simd, operands, place, k, v, outputs),
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
    // The same in every channel, so that they are worked out and checked once.
    let at = call.input_at(0, place.a, 0, place.b);
    let (stride, channels) = (call.input.row_stride(), input.chunks_exact(call.input.channel_stride()));
    let (first, second) = v.split_at_mut(call.input.channels * ROW);
    let (first, second) = (first.as_chunks_mut::<ROW>().0, second.as_chunks_mut::<ROW>().0);
    for ((first, second), channel) in first.iter_mut().zip(second).zip(channels) {
        let mut d: [&[Lanes]; POINTS] = [&NOTHING[..columns_there]; POINTS];
        for i in 0..POINTS {
            if ROWS >> i & 1 == 1 && i < rows_there {
                d[i] = &channel[at + i * stride..][..columns_there];
            }
        }
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
    outputs: &mut Outputs,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            // Sums that find no register are put aside on the stack, and that begins at a cache line only where a variable
            // has to: without this one, which costs a store, each of them lay in two lines.
            let mut line = Lanes::ZERO;
            std::hint::black_box(&mut line);
            let v = v.as_chunks::<ROW>().0;
            let row = operands.weight.row(k, CHANNELS, place.i);
            macro_rules! products {
                ($channels:expr, $first:expr, $part:expr) => {
                    products::<S, CHANNELS, TILES, { $channels }>(
                        simd, operands, place, k, $first, $part, v, row, outputs,
                    )
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
    v: &[[Lanes; ROW]],
    row: [&[f32]; 3],
    outputs: &mut Outputs,
) {
    let [near, far, ends] = row.map(|step| step.chunks_exact(CHANNELS * 2));
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
    add_row::<S, TILES, AT_ONCE>(simd, operands, place, k + first, part, &m, outputs);
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
    h: &[[[S::f32s; TILE]; TILES]; CHANNELS],
    outputs: &mut Outputs,
) {
    let shape = &operands.call.output;
    let first = shape.index(k, TILE * place.a, TILE * place.b);
    let bias = operands.epilogue.bias.map(|bias| &bias[k..k + CHANNELS]);
    let y = &mut outputs.y[k..k + CHANNELS];
    // One value for each tile and column.
    macro_rules! each {
        (|$t:ident, $s:ident| $value:expr) => {{
            let mut values = [[S::f32s::splat(simd, 0.0); TILE]; TILES];
            for $t in 0..TILES {
                for $s in 0..TILE {
                    values[$t][$s] = $value;
                }
            }
            values
        }};
    }
    macro_rules! kept {
        ($n:ident, $row:expr) => {
            each!(|t, s| load_part(simd, &y[$n][t][$row][s], part))
        };
    }
    macro_rules! keep {
        ($n:ident, $row:expr, $value:expr) => {
            for (y, value) in y[$n].iter_mut().zip($value) {
                for s in 0..TILE {
                    store_part::<S>(&mut y[$row][s], part, value[s]);
                }
            }
        };
    }
    macro_rules! finish {
        ($n:ident, $row:expr, $value:expr) => {{
            let bias = S::f32s::splat(simd, bias.map_or(0.0, |bias| bias[$n]));
            let value = $value;
            let value = each!(|t, s| value[t][s] + bias);
            let at = At { place, n: k + $n, row: $row, first: first + $n * shape.channel_stride(), part };
            finish::<S, TILES>(simd, operands, at, value, &mut y[$n], outputs.output)
        }};
    }
    // Unrolled by hand, so that every index of `h` is a constant and the sums stay in registers.
    macro_rules! for_each_channel {
        (|$n:ident, $h:ident| $body:expr) => {
            for_each_channel!(@ 0 1 2 3 4 5, $n, $h, $body)
        };
        (@ $($i:literal)*, $n:ident, $h:ident, $body:expr) => {{
            $(if $i < CHANNELS {
                let $n = $i;
                let $h = each!(|t, s| h[$i][t][s]);
                $body
            })*
        }};
    }
    // What waits: the sum of rows 1 and 2 of points, then row 0 of outputs; row 3 of points, then where tiles are pooled
    // rows 1 and 2 of outputs; the difference of rows 1 and 2 of points, then row 3 of outputs.
    match place.i {
        1 => for_each_channel!(|n, h| keep!(n, 0, h)),
        2 => for_each_channel!(|n, h| {
            let h1 = kept!(n, 0);
            keep!(n, 0, each!(|t, s| h1[t][s] + h[t][s]));
            keep!(n, 2, each!(|t, s| h1[t][s] - h[t][s]));
        }),
        3 => for_each_channel!(|n, h| keep!(n, 1, h)),
        4 => for_each_channel!(|n, h| {
            let (sum, difference, h3) = (kept!(n, 0), kept!(n, 2), kept!(n, 1));
            let (far_sum, far_difference) = (each!(|t, s| h3[t][s] + h[t][s]), each!(|t, s| h3[t][s] - h[t][s]));
            macro_rules! row {
                ($row:literal) => {
                    each!(|t, s| {
                        let near = [sum[t][s], difference[t][s]];
                        combine::<S, $row>(simd, near, [far_sum[t][s], far_difference[t][s]])
                    })
                };
            }
            keep!(n, 0, row!(0));
            keep!(n, 2, row!(3));
            finish!(n, 1, row!(1));
            finish!(n, 2, row!(2));
        }),
        i => for_each_channel!(|n, h| {
            let (row, waiting) = if i == 0 { (0, 0) } else { (3, 2) };
            let before = kept!(n, waiting);
            finish!(n, row, each!(|t, s| before[t][s] + h[t][s]));
        }),
    }
}

/// Whose outputs they are: row `row` of output channel `n` of the tiles of its place, lanes from `part`; the tiles' row 0
/// begins at `first`.
#[derive(Clone, Copy)]
struct At {
    place: Place,
    n: usize,
    row: usize,
    first: usize,
    part: usize,
}

/// Takes a row of outputs, biased, through the rest of the epilogue and puts it into its place, as far as that is inside; or,
/// where tiles are pooled, keeps the larger of each pair until the other row of the window comes.
#[inline(always)]
fn finish<S: Simd, const TILES: usize>(
    simd: S,
    operands: &Operands,
    at: At,
    mut value: [[S::f32s; TILE]; TILES],
    y: &mut Waiting,
    output: &mut [Lanes],
) {
    let Operands { call, epilogue, .. } = operands;
    let At { place: Place { a, b, .. }, n, row, first, part } = at;
    macro_rules! each {
        (|$value:ident| $new:expr) => {
            for t in 0..TILES {
                for s in 0..TILE {
                    let $value = value[t][s];
                    value[t][s] = $new;
                }
            }
        };
    }
    if epilogue.relu {
        each!(|value| crate::relu::vector_relu(simd, value));
    }
    if let Some(normalisers) = epilogue.normalisers {
        let n = &normalisers[n];
        let (mean, scale) = (S::f32s::splat(simd, n.mean), S::f32s::splat(simd, n.scale));
        let shift = S::f32s::splat(simd, n.shift);
        each!(|value| (value - mean).mul_add_precise(scale, shift));
    }
    let rows = call.rows_inside(a);
    let Some(pooled) = epilogue.pooled else {
        if row < rows {
            let columns = (call.output.width - TILE * b).min(TILES * TILE);
            let to = &mut output[first + row * call.output.row_stride()..][..columns];
            if columns == TILES * TILE {
                for t in 0..TILES {
                    for s in 0..TILE {
                        store_part::<S>(&mut to[TILE * t + s], part, value[t][s]);
                    }
                }
            } else {
                for t in 0..TILES {
                    for s in 0..TILE {
                        if let Some(to) = to.get_mut(TILE * t + s) {
                            store_part::<S>(to, part, value[t][s]);
                        }
                    }
                }
            }
        }
        return;
    };
    for t in 0..TILES {
        let (b, columns) = (b + t, call.columns_inside(b + t));
        let largest = [larger::<S>(value[t][0], value[t][1]), larger::<S>(value[t][2], value[t][3])];
        // Of two rows of a window the inner one, 1 or 2, comes first.
        if row == 1 || row == 2 {
            for s in 0..TILE / 2 {
                store_part::<S>(&mut y[t][1][(row - 1) * 2 + s], part, largest[s]);
            }
        } else if row == 0 && rows >= 2 || row == 3 {
            for s in 0..TILE / 2 {
                if 2 * s + 1 < columns {
                    let best = if row == 0 {
                        larger::<S>(largest[s], load_part(simd, &y[t][1][s], part))
                    } else {
                        larger::<S>(load_part(simd, &y[t][1][2 + s], part), largest[s])
                    };
                    let to = pooled.index(n, (TILE * a + row) / 2, TILE / 2 * b + s);
                    store_part::<S>(&mut output[to], part, best);
                }
            }
        }
    }
}
