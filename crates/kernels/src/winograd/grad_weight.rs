//! The fast weight gradient.
//!
//! A tile of `CHANNELS` output channels × 4 points along a kernel row keeps its sums in registers while it runs along
//! image rows: per pair of columns, 5 channels take 20 multiply-adds where the definition takes 30. (Transforming rows as
//! well, in two dimensions, would save more multiply-adds, but its operands no longer fit the registers, and storing them
//! costs more than it saves: see docs/performance.md.)
//!
//! Image rows are taken a few at a time, so that the tile's gradients of those rows stay in the first-level cache while
//! every input channel and kernel row passes over them; between such passes the sums wait in memory.
//!
//! With vectors of sixteen, both transforms are made when the operands are loaded: 12 loads and 14 additions for those 20
//! multiply-adds. Narrower vectors keep the sums of two points at a time, and load everything for either two: 24 loads and
//! 14 additions. There the gradients, which every input channel and kernel row reads again, are transformed before the
//! pass, which takes as many loads and leaves 4 additions.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::{Call, SIZE};
use crate::lanes::{load, load_part, store_part, sum};
use crate::tiling::tiles;
use crate::{LANES, Lanes};

/// Columns of outputs that are taken together.
pub(super) const TILE: usize = 2;
/// Points of a pair of columns of the weight gradient.
pub const POINTS: usize = TILE + SIZE - 1;

/// Output channels whose sums are in registers at once, at most.
const CHANNELS_AT_ONCE: usize = 5;

/// First-level cache given to the gradients of one pass over rows, in vectors of 64 bytes.
const CACHED_VECTORS: usize = 440;
/// The same for transformed gradients, of which a tile of AVX2 reads a quarter: two points of half the lanes.
const CACHED_TRANSFORMED: usize = 900;

/// How many vectors of room [`super::grad_weight`] needs for so many input channels and output columns: for the sums of a
/// block of output channels and the transformed gradients of a pass.
pub const fn grad_weight_room(inputs: usize, width: usize) -> usize {
    let sums = CHANNELS_AT_ONCE * inputs * SIZE * POINTS;
    let row = CHANNELS_AT_ONCE * pairs_across(width) * POINTS;
    sums + if row > CACHED_TRANSFORMED { row } else { CACHED_TRANSFORMED }
}

/// Whether gradients are transformed before a pass, and not whenever they are loaded.
#[inline(always)]
fn transforms_ahead<S: Simd>() -> bool {
    S::f32s::LEN < LANES
}

/// Pairs of columns of the weight gradient for so many output columns.
pub const fn pairs_across(width: usize) -> usize {
    width.div_ceil(TILE)
}

/// Bᵀ times the four inputs of a kernel row and a pair of columns.
#[inline(always)]
pub(super) fn transform_input<V: Copy + std::ops::Add<Output = V> + std::ops::Sub<Output = V>>(
    d: [V; POINTS],
) -> [V; POINTS] {
    [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]]
}

/// A times a column of two output gradients.
#[inline(always)]
pub(super) fn transform_grad_output<V: Copy + std::ops::Add<Output = V> + std::ops::Sub<Output = V>>(
    dy: [V; TILE],
) -> [V; POINTS] {
    [dy[0], dy[0] + dy[1], dy[0] - dy[1], dy[1]]
}

/// Gᵀ times a column of four sums: `[m₀ + ½(m₁+m₂), ½(m₁−m₂), ½(m₁+m₂) + m₃]`.
#[inline(always)]
pub(super) fn transform_grad_weight<
    V: Copy + std::ops::Add<Output = V> + std::ops::Sub<Output = V> + std::ops::Mul<f32, Output = V>,
>(
    m: [V; POINTS],
) -> [V; SIZE] {
    let half_sum = (m[1] + m[2]) * 0.5;
    [m[0] + half_sum, (m[1] - m[2]) * 0.5, half_sum + m[3]]
}

/// What one pass adds up: output channels from `channel`, image rows from `row`, everything of the input.
#[derive(Clone, Copy)]
struct Pass {
    channel: usize,
    row: usize,
    rows: usize,
}

#[inline(always)]
pub(super) fn fast<S: Simd>(
    simd: S,
    call: &Call,
    grad_weight: &mut [f32],
    room: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    let rows_of_kernels = call.input.channels * SIZE;
    for (channel, channels) in tiles(call.output.channels, CHANNELS_AT_ONCE) {
        let grad_weight = &mut grad_weight[channel * rows_of_kernels * SIZE..][..channels * rows_of_kernels * SIZE];
        match channels {
            1 => block::<S, 1>(simd, call, channel, grad_weight, room, grad_output, input),
            2 => block::<S, 2>(simd, call, channel, grad_weight, room, grad_output, input),
            3 => block::<S, 3>(simd, call, channel, grad_weight, room, grad_output, input),
            4 => block::<S, 4>(simd, call, channel, grad_weight, room, grad_output, input),
            _ => block::<S, 5>(simd, call, channel, grad_weight, room, grad_output, input),
        }
    }
}

/// ∂L/∂w of `CHANNELS` output channels from `channel`.
#[inline(always)]
fn block<S: Simd, const CHANNELS: usize>(
    simd: S,
    call: &Call,
    channel: usize,
    grad_weight: &mut [f32],
    room: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    let kernel_rows = call.input.channels * SIZE;
    let (sums, transformed) = room.split_at_mut(kernel_rows * CHANNELS * POINTS);
    let sums: &mut [Sums<CHANNELS>] = sums.as_chunks_mut().0.as_chunks_mut().0;
    let rows_at_once = if transforms_ahead::<S>() {
        CACHED_TRANSFORMED / (CHANNELS * pairs_across(call.output.width) * POINTS)
    } else {
        CACHED_VECTORS / (CHANNELS * call.output.width)
    };
    for (row, rows) in tiles(call.output.height, rows_at_once.max(1)) {
        let pass = Pass { channel, row, rows };
        if transforms_ahead::<S>() {
            transform_grad_outputs::<S, CHANNELS>(simd, call, pass, transformed, grad_output);
        }
        pass_over_rows::<S, CHANNELS>(simd, call, pass, sums, grad_output, transformed, input);
    }
    finish(simd, grad_weight, sums);
}

/// Where point `j` of a pair of columns lies among its transformed gradients: which vector of 16, from which lane. The
/// points at the ends are neighbours, and those in the middle.
#[inline(always)]
fn place<S: Simd>(j: usize) -> (usize, usize) {
    let at = [0, 2, 3, 1][j] * S::f32s::LEN;
    (at / LANES, at % LANES)
}

/// Vectors of 16 that the four points of a pair of columns take, each a native-width vector.
#[inline(always)]
fn slot<S: Simd>() -> usize {
    POINTS * S::f32s::LEN / LANES
}

/// Writes A times every pair of columns of a pass's gradients, `[part of the lanes][row][pair][channel][place]`.
#[inline(never)]
fn transform_grad_outputs<S: Simd, const CHANNELS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    transformed: &mut [Lanes],
    grad_output: &[Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let width = call.output.width;
            let mut slots = transformed.chunks_exact_mut(slot::<S>());
            for part in (0..LANES).step_by(S::f32s::LEN) {
                for row in pass.row..pass.row + pass.rows {
                    for s in (0..width).step_by(TILE) {
                        for k in 0..CHANNELS {
                            let dy = &grad_output[call.output.index(pass.channel + k, row, s)..];
                            // A pair that hangs over the edge has nothing on the right.
                            let right = if s + 1 < width { &dy[1] } else { &Lanes::ZERO };
                            let dy = [load_part(simd, &dy[0], part), load_part::<S>(simd, right, part)];
                            let w = transform_grad_output(dy);
                            let slot = slots.next().expect("room for every pair of columns");
                            for j in 0..POINTS {
                                let (at, lane) = place::<S>(j);
                                store_part::<S>(&mut slot[at], lane, w[j]);
                            }
                        }
                    }
                }
            }
        },
    );
}

/// The sums of a tile: of four points for each output channel.
type Sums<const CHANNELS: usize> = [[Lanes; POINTS]; CHANNELS];

/// One pass over a few image rows, for every input channel and kernel row.
///
/// Never inlined, so that a tile's sums stay in registers. AVX2, with 16 registers, takes two points at once.
#[inline(never)]
fn pass_over_rows<S: Simd, const CHANNELS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    sums: &mut [Sums<CHANNELS>],
    grad_output: &[Lanes],
    transformed: &[Lanes],
    input: &[Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            if !transforms_ahead::<S>() {
                for (at, sums) in sums.iter_mut().enumerate() {
                    wide_tile::<S, CHANNELS>(simd, call, pass, at / SIZE, at % SIZE, sums, grad_output, input);
                }
                return;
            }
            let length = pass.rows * pairs_across(call.output.width) * CHANNELS * slot::<S>();
            for (part, w) in (0..LANES).step_by(S::f32s::LEN).zip(transformed.chunks_exact(length)) {
                for (at, sums) in sums.iter_mut().enumerate() {
                    narrow_tile::<S, CHANNELS, INNER>(simd, call, pass, at / SIZE, at % SIZE, part, sums, w, input);
                }
                for (at, sums) in sums.iter_mut().enumerate() {
                    narrow_tile::<S, CHANNELS, OUTER>(simd, call, pass, at / SIZE, at % SIZE, part, sums, w, input);
                }
            }
        },
    );
}

/// ∂L/∂w = Gᵀ of the four sums of a kernel row per lane, then the lane tree.
///
/// Never inlined: between the passes of a tile its chains of dependent additions would hold up the multiply-adds.
#[inline(never)]
fn finish<S: Simd, const CHANNELS: usize>(simd: S, grad_weight: &mut [f32], sums: &[Sums<CHANNELS>]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let rows = sums.len();
            for (at, sums) in sums.iter().enumerate() {
                for k in 0..CHANNELS {
                    let mut m = [f32x16::splat(simd, 0.0); POINTS];
                    for j in 0..POINTS {
                        m[j] = load(simd, &sums[k][j]);
                    }
                    let taps = transform_grad_weight(m);
                    let row = &mut grad_weight[(k * rows + at) * SIZE..][..SIZE];
                    for j in 0..SIZE {
                        row[j] = sum(simd, taps[j]);
                    }
                }
            }
        },
    );
}

/// Adds one input channel and kernel row to the sums of one tile, all lanes and points at once.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn wide_tile<S: Simd, const CHANNELS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    c: usize,
    i: usize,
    sums: &mut Sums<CHANNELS>,
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    let zero = S::f32s::splat(simd, 0.0);
    macro_rules! load {
        ($lanes:expr) => {
            load_part::<S>(simd, $lanes, 0)
        };
    }
    let width = call.output.width;
    let whole = width / TILE;
    let mut m = [[zero; POINTS]; CHANNELS];
    // They begin at zero with row 0.
    if pass.row > 0 {
        for k in 0..CHANNELS {
            for j in 0..POINTS {
                m[k][j] = load!(&sums[k][j]);
            }
        }
    }
    // From the row of each channel's gradients and of the inputs that is worked on: with an index worked out anew for each
    // row, narrow images took a fifth longer.
    let mut dy: [&[Lanes]; CHANNELS] = [&[]; CHANNELS];
    for k in 0..CHANNELS {
        dy[k] = &grad_output[call.output.index(pass.channel + k, pass.row, 0)..];
    }
    let mut x = &input[call.input_row(c, pass.row + i)..];
    for row in 0..pass.rows {
        let mut pairs: [&[[Lanes; TILE]]; CHANNELS] = [&[]; CHANNELS];
        for k in 0..CHANNELS {
            pairs[k] = &dy[k].as_chunks().0[..whole];
        }
        // A tile's last two columns of inputs are the next tile's first two.
        let (mut d0, mut d1) = (load!(&x[0]), load!(&x[1]));
        for (t, next) in x[TILE..].as_chunks::<TILE>().0[..whole].iter().enumerate() {
            let (d2, d3) = (load!(&next[0]), load!(&next[1]));
            let v = transform_input([d0, d1, d2, d3]);
            for k in 0..CHANNELS {
                let dy = &pairs[k][t];
                let w = transform_grad_output([load!(&dy[0]), load!(&dy[1])]);
                for j in 0..POINTS {
                    m[k][j] = w[j].mul_add_precise(v[j], m[k][j]);
                }
            }
            (d0, d1) = (d2, d3);
        }
        if width % TILE == 1 {
            // The last tile hangs over the edge: its right gradient is zero, and point 3 has nothing to add.
            let v = transform_input([d0, d1, load!(&x[width + 1]), zero]);
            for k in 0..CHANNELS {
                let w = load!(&dy[k][width - 1]);
                for j in 0..POINTS - 1 {
                    m[k][j] = w.mul_add_precise(v[j], m[k][j]);
                }
            }
        }
        if row + 1 < pass.rows {
            for k in 0..CHANNELS {
                dy[k] = &dy[k][call.output.row_stride()..];
            }
            x = &x[call.input.row_stride()..];
        }
    }
    for k in 0..CHANNELS {
        for j in 0..POINTS {
            store_part::<S>(&mut sums[k][j], 0, m[k][j]);
        }
    }
}

/// Which two of the four points [`narrow_tile`] works on, a bit each: those in the middle, or those at the ends.
const INNER: usize = 0b0110;
const OUTER: usize = 0b1001;

/// [`wide_tile`] for the lanes from `part` and two points; `transformed` are the gradients of this part and pass.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn narrow_tile<S: Simd, const CHANNELS: usize, const WHICH: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    c: usize,
    i: usize,
    part: usize,
    sums: &mut Sums<CHANNELS>,
    transformed: &[Lanes],
    input: &[Lanes],
) {
    let zero = S::f32s::splat(simd, 0.0);
    let width = call.output.width;
    let whole = width / TILE;
    macro_rules! for_each_point {
        (|$k:ident, $j:ident| $body:expr) => {
            for $k in 0..CHANNELS {
                for $j in 0..POINTS {
                    if WHICH >> $j & 1 == 1 {
                        $body
                    }
                }
            }
        };
    }
    let mut m = [[zero; POINTS]; CHANNELS];
    // They begin at zero with row 0.
    if pass.row > 0 {
        for_each_point!(|k, j| m[k][j] = load_part(simd, &sums[k][j], part));
    }
    macro_rules! multiply {
        ($v:ident, $w:ident, $k:ident, $j:ident) => {{
            let (at, lane) = place::<S>($j);
            let w = load_part::<S>(simd, &$w[$k * slot::<S>() + at], lane);
            m[$k][$j] = w.mul_add_precise($v[$j], m[$k][$j]);
        }};
    }
    let mut x = &input[call.input_row(c, pass.row + i)..];
    let mut rest = transformed;
    for row in 0..pass.rows {
        let w;
        (w, rest) = rest.split_at(pairs_across(width) * CHANNELS * slot::<S>());
        let mut w = w.chunks_exact(CHANNELS * slot::<S>());
        // A tile's last two columns of inputs are the next tile's first two.
        let (mut d0, mut d1) = (load_part(simd, &x[0], part), load_part(simd, &x[1], part));
        for (next, w) in x[TILE..].as_chunks::<TILE>().0[..whole].iter().zip(&mut w) {
            let (d2, d3) = (load_part(simd, &next[0], part), load_part(simd, &next[1], part));
            let v = transform_input([d0, d1, d2, d3]);
            for_each_point!(|k, j| multiply!(v, w, k, j));
            (d0, d1) = (d2, d3);
        }
        if let Some(w) = w.next() {
            // The last tile hangs over the edge: its right gradient is zero, and point 3 has nothing to add.
            let v = transform_input([d0, d1, load_part(simd, &x[width + 1], part), zero]);
            for_each_point!(|k, j| if j < POINTS - 1 {
                multiply!(v, w, k, j);
            });
        }
        if row + 1 < pass.rows {
            x = &x[call.input.row_stride()..];
        }
    }
    for_each_point!(|k, j| store_part::<S>(&mut sums[k][j], part, m[k][j]));
}
