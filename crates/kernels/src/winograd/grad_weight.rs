//! The fast weight gradient.
//!
//! A tile of `CHANNELS` output channels × 4 points along a kernel row keeps its sums in registers while it runs along
//! image rows: per pair of columns, 5 channels take 20 multiply-adds where the definition takes 30. Both transforms are
//! made when the operands are loaded, by additions that multiply-adds do not wait for: 14 loads and 14 additions for
//! those 20. (Transforming rows as well, in two dimensions, would save more multiply-adds, but its operands no longer fit
//! the registers, and storing them costs more than it saves: see docs/performance.md.)
//!
//! Image rows are taken a few at a time, so that the tile's gradients of those rows stay in the first-level cache while
//! every input channel and kernel row passes over them; between such passes the sums wait in memory.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::{Call, SIZE};
use crate::lanes::{load, load_part, store_part, sum};
use crate::tiling::tiles;
use crate::{LANES, Lanes};

/// Columns of outputs that are taken together.
pub(super) const TILE: usize = 2;
/// Points of a pair of columns.
pub(super) const POINTS: usize = TILE + SIZE - 1;

/// Output channels whose sums are in registers at once, at most.
const CHANNELS_AT_ONCE: usize = 5;

/// First-level cache given to the gradients of one pass over rows, in vectors of 64 bytes.
const CACHED_VECTORS: usize = 440;

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
pub(super) fn fast<S: Simd>(simd: S, call: &Call, sums: &mut [Lanes], grad_output: &[Lanes], input: &[Lanes]) {
    let per_channel = call.input.channels * SIZE * POINTS;
    for (channel, channels) in tiles(call.output.channels, CHANNELS_AT_ONCE) {
        let sums = &mut sums[channel * per_channel..][..channels * per_channel];
        let rows_at_once = (CACHED_VECTORS / (channels * call.output.width)).max(1);
        for (row, rows) in tiles(call.output.height, rows_at_once) {
            let pass = Pass { channel, row, rows };
            match channels {
                1 => pass_over_rows::<S, 1>(simd, call, pass, sums, grad_output, input),
                2 => pass_over_rows::<S, 2>(simd, call, pass, sums, grad_output, input),
                3 => pass_over_rows::<S, 3>(simd, call, pass, sums, grad_output, input),
                4 => pass_over_rows::<S, 4>(simd, call, pass, sums, grad_output, input),
                _ => pass_over_rows::<S, 5>(simd, call, pass, sums, grad_output, input),
            }
        }
    }
}

/// One pass over a few image rows, for every input channel and kernel row.
///
/// Never inlined, so that a tile's sums stay in registers. AVX2, with 16 registers, takes two points at once.
#[inline(never)]
fn pass_over_rows<S: Simd, const CHANNELS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    sums: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (at, sums) in sums.chunks_exact_mut(CHANNELS * POINTS).enumerate() {
                let (c, i) = (at / SIZE, at % SIZE);
                if S::f32s::LEN == LANES {
                    tile::<S, CHANNELS, ALL>(simd, call, pass, c, i, 0, sums, grad_output, input);
                } else {
                    for part in (0..LANES).step_by(S::f32s::LEN) {
                        tile::<S, CHANNELS, INNER>(simd, call, pass, c, i, part, sums, grad_output, input);
                        tile::<S, CHANNELS, OUTER>(simd, call, pass, c, i, part, sums, grad_output, input);
                    }
                }
            }
        },
    );
}

/// Which of the four points [`tile`] works on, a bit each: all, the two in the middle, the two at the ends.
const ALL: usize = 0b1111;
const INNER: usize = 0b0110;
const OUTER: usize = 0b1001;

/// Adds one input channel and kernel row to the sums of one tile.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn tile<S: Simd, const CHANNELS: usize, const WHICH: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    c: usize,
    i: usize,
    part: usize,
    sums: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    let zero = S::f32s::splat(simd, 0.0);
    let width = call.output.width;
    let whole = width / TILE;
    macro_rules! for_each_point {
        (|$j:ident| $body:expr) => {
            for $j in 0..POINTS {
                if WHICH >> $j & 1 == 1 {
                    $body
                }
            }
        };
    }
    let mut m = [[zero; POINTS]; CHANNELS];
    // They begin at zero with row 0.
    if pass.row > 0 {
        for k in 0..CHANNELS {
            for_each_point!(|j| m[k][j] = load_part(simd, &sums[k * POINTS + j], part));
        }
    }
    for row in pass.row..pass.row + pass.rows {
        let x = &input[call.input_row(c, row + i)..][..width + SIZE - 1];
        let mut dy: [&[Lanes]; CHANNELS] = [&[]; CHANNELS];
        let mut pairs: [&[[Lanes; TILE]]; CHANNELS] = [&[]; CHANNELS];
        for k in 0..CHANNELS {
            dy[k] = &grad_output[call.output.index(pass.channel + k, row, 0)..][..width];
            pairs[k] = &dy[k].as_chunks().0[..whole];
        }
        // A tile's last two columns of inputs are the next tile's first two.
        let (mut d0, mut d1) = (load_part(simd, &x[0], part), load_part(simd, &x[1], part));
        for (t, next) in x[TILE..].as_chunks::<TILE>().0[..whole].iter().enumerate() {
            let (d2, d3) = (load_part(simd, &next[0], part), load_part(simd, &next[1], part));
            let v = transform_input([d0, d1, d2, d3]);
            for k in 0..CHANNELS {
                let dy = &pairs[k][t];
                let w = transform_grad_output([load_part::<S>(simd, &dy[0], part), load_part(simd, &dy[1], part)]);
                for_each_point!(|j| m[k][j] = w[j].mul_add_precise(v[j], m[k][j]));
            }
            (d0, d1) = (d2, d3);
        }
        if width % TILE == 1 {
            // The last tile hangs over the edge: its right gradient is zero, and point 3 has nothing to add.
            let v = transform_input([d0, d1, load_part(simd, &x[width + 1], part), zero]);
            for k in 0..CHANNELS {
                let w = load_part::<S>(simd, &dy[k][width - 1], part);
                for_each_point!(|j| if j < POINTS - 1 {
                    m[k][j] = w.mul_add_precise(v[j], m[k][j]);
                });
            }
        }
    }
    for k in 0..CHANNELS {
        for_each_point!(|j| store_part::<S>(&mut sums[k * POINTS + j], part, m[k][j]));
    }
}

/// ∂L/∂w = Gᵀ of the four sums of a kernel row per lane, then the lane tree.
#[inline(always)]
pub(super) fn fast_finish<S: Simd>(simd: S, grad_weight: &mut [f32], sums: &[Lanes], outputs: usize, inputs: usize) {
    for (channel, channels) in tiles(outputs, CHANNELS_AT_ONCE) {
        for c in 0..inputs {
            for i in 0..SIZE {
                for k in 0..channels {
                    let at = ((channel * inputs + c * channels) * SIZE + i * channels + k) * POINTS;
                    let mut m = [f32x16::splat(simd, 0.0); POINTS];
                    for j in 0..POINTS {
                        m[j] = load(simd, &sums[at + j]);
                    }
                    let row = transform_grad_weight(m);
                    let out = &mut grad_weight[(((channel + k) * inputs + c) * SIZE + i) * SIZE..][..SIZE];
                    for j in 0..SIZE {
                        out[j] = sum(simd, row[j]);
                    }
                }
            }
        }
    }
}

/// Where the four sums of a kernel row lie: `[block of output channels][input channel][kernel row][output channel]`.
pub(super) fn sums_at(outputs: usize, inputs: usize, k: usize, c: usize, i: usize) -> usize {
    let (channel, channels) =
        tiles(outputs, CHANNELS_AT_ONCE).find(|&(first, n)| k < first + n).expect("an output channel");
    ((channel * inputs + c * channels) * SIZE + i * channels + k - channel) * POINTS
}
