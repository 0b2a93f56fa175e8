//! The fast weight gradient.
//!
//! A tile of `CHANNELS` output channels × `INPUTS` input channels × `SIZE` taps along a kernel row keeps its sums in
//! registers while it runs along image rows: per column, `CHANNELS` gradients and `INPUTS · SIZE` inputs are loaded for
//! `CHANNELS · INPUTS · SIZE` multiply-adds (8 loads for 15 with a 3×3 kernel). A row of one tap takes several input
//! channels (10 loads for 24): one would leave 6 sums, too few to hide a multiply-add's latency, and 7 loads for 6. Image
//! rows are taken a few at a time, so that the tile's gradients of those rows stay in the first-level cache while every
//! input channel and kernel row passes over them; between such passes the sums wait in `sums`. Each sum still sees rows
//! and columns in order, as the plain form does.
//!
//! No layer takes the instance for 3×3 kernels: Winograd's way in one dimension (`winograd::grad_weight`) is faster with any
//! number of channels. It is what that is held against in the benches.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::Call;
use crate::lanes::{load, load_part, store_part, sum};
use crate::tiling::tiles;
use crate::{Geometry, LANES, Lanes};

/// First-level cache given to the gradients of one pass over rows, in vectors of 64 bytes.
const CACHED_VECTORS: usize = 384;

#[inline(always)]
pub(super) fn fast<S: Simd>(simd: S, call: &Call, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    match call.kernel.size {
        1 => sweep::<S, 1>(simd, call, grad_weight, grad_output, input),
        3 => sweep::<S, 3>(simd, call, grad_weight, grad_output, input),
        _ => sweep::<S, 5>(simd, call, grad_weight, grad_output, input),
    }
}

/// Visits every tile of the weights.
#[inline(always)]
fn sweep<S: Simd, const SIZE: usize>(
    simd: S,
    call: &Call,
    grad_weight: &mut [f32],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    // 15 sums, 3 inputs, 5 gradients of 32 registers, or 24 sums, 4 inputs, 1 gradient; AVX2 has 16: 12 sums, 3 inputs,
    // 1 gradient.
    let limit = match (SIZE, S::f32s::LEN == 8) {
        (1, false) => 6,
        (1, true) => 4,
        (3, false) => 5,
        (3, true) => 4,
        (_, false) => 4,
        (_, true) => 2,
    };
    let mut sums = vec![Lanes::ZERO; limit * call.weights_per_channel()];
    for (channel, channels) in tiles(call.output.channels, limit) {
        let sums = &mut sums[..channels * call.weights_per_channel()];
        sums.fill(Lanes::ZERO);
        let rows_at_once = (CACHED_VECTORS / (channels * call.output.width)).max(1);
        for (row, rows) in tiles(call.output.height, rows_at_once) {
            let pass = Pass { channel, row, rows };
            macro_rules! pick {
                ($($n:literal)*) => {
                    match channels {
                        $($n => pass_over_rows::<S, SIZE, $n>(simd, call, pass, sums, grad_output, input),)*
                        _ => unreachable!("tiles are at most 6 channels"),
                    }
                };
            }
            pick!(1 2 3 4 5 6);
        }
        for c in 0..call.input.channels {
            for i in 0..SIZE {
                for k in 0..channels {
                    for j in 0..SIZE {
                        let lanes = &sums[((c * SIZE + i) * channels + k) * SIZE + j];
                        let at = (((channel + k) * call.input.channels + c) * SIZE + i) * SIZE + j;
                        grad_weight[at] = sum(simd, load(simd, lanes));
                    }
                }
            }
        }
    }
}

/// What one pass adds up: output channels from `channel`, `rows` image rows from `row`, everything of the input.
#[derive(Clone, Copy)]
struct Pass {
    channel: usize,
    row: usize,
    rows: usize,
}

/// One pass over a few image rows, for every input channel and kernel row.
///
/// Never inlined, so that a tile's sums stay in registers (see the forward form).
#[inline(never)]
fn pass_over_rows<S: Simd, const SIZE: usize, const CHANNELS: usize>(
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
            let input_limit = match (SIZE, S::f32s::LEN == 8) {
                (1, false) => 4,
                (1, true) => 3,
                _ => 1,
            };
            for (c, inputs) in tiles(call.input.channels, input_limit) {
                for i in 0..SIZE {
                    let sums = &mut sums[(c * SIZE + i) * SIZE * CHANNELS..][..inputs * SIZE * CHANNELS];
                    macro_rules! pick {
                        ($($n:literal)*) => {
                            match inputs {
                                $($n if SIZE == 1 || $n == 1 => {
                                    tile_body::<S, SIZE, CHANNELS, $n>(simd, call, pass, c, i, sums, grad_output, input);
                                })*
                                _ => unreachable!("tiles are at most 4 inputs, of one tap"),
                            }
                        };
                    }
                    pick!(1 2 3 4);
                }
            }
        },
    );
}

/// Adds one kernel row of `INPUTS` input channels from `c` to the sums of one tile, `[input][output channel][tap]`.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn tile_body<S: Simd, const SIZE: usize, const CHANNELS: usize, const INPUTS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    c: usize,
    i: usize,
    sums: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    let width = call.output.width;
    let at = |n: usize, k: usize, j: usize| (n * CHANNELS + k) * SIZE + j;
    for part in (0..LANES).step_by(S::f32s::LEN) {
        let mut dw: [[[S::f32s; SIZE]; CHANNELS]; INPUTS] = std::array::from_fn(|n| {
            std::array::from_fn(|k| std::array::from_fn(|j| load_part(simd, &sums[at(n, k, j)], part)))
        });
        for r in pass.row..pass.row + pass.rows {
            let x: [&[Lanes]; INPUTS] = std::array::from_fn(|n| &input[call.tap(c + n, r, i, 0)..][..width + SIZE - 1]);
            let dy: [&[Lanes]; CHANNELS] =
                std::array::from_fn(|k| &grad_output[call.output.index(pass.channel + k, r, 0)..][..width]);
            for s in 0..width {
                let x: [[S::f32s; SIZE]; INPUTS] =
                    std::array::from_fn(|n| std::array::from_fn(|j| load_part(simd, &x[n][s + j], part)));
                for k in 0..CHANNELS {
                    let dy = load_part(simd, &dy[k][s], part);
                    for n in 0..INPUTS {
                        for j in 0..SIZE {
                            dw[n][k][j] = dy.mul_add_precise(x[n][j], dw[n][k][j]);
                        }
                    }
                }
            }
        }
        for n in 0..INPUTS {
            for k in 0..CHANNELS {
                for j in 0..SIZE {
                    store_part::<S>(&mut sums[at(n, k, j)], part, dw[n][k][j]);
                }
            }
        }
    }
}

/// ∂L/∂b: four channels at a time, so that the additions of one channel need not wait for each other's latency.
#[inline(always)]
pub(super) fn fast_bias<S: Simd>(simd: S, grad_bias: &mut [f32], grad_output: &[Lanes], geometry: Geometry) {
    const AT_ONCE: usize = 4;
    for (channel, channels) in tiles(geometry.channels, AT_ONCE) {
        let mut sums = [fearless_simd::f32x16::splat(simd, 0.0); AT_ONCE];
        for r in 0..geometry.height {
            for (k, total) in sums.iter_mut().enumerate().take(channels) {
                let row = &grad_output[geometry.index(channel + k, r, 0)..][..geometry.width];
                for dy in row {
                    *total += load(simd, dy);
                }
            }
        }
        for k in 0..channels {
            grad_bias[channel + k] = sum(simd, sums[k]);
        }
    }
}
