//! The fast weight gradient of a 1×1 kernel.
//!
//! A tile of `CHANNELS` output channels × `INPUTS` input channels keeps its sums in registers while it runs along image
//! rows: per column, `CHANNELS + INPUTS` vectors are loaded for `CHANNELS · INPUTS` multiply-adds (10 for 24), and there
//! are more sums than a multiply-add's latency needs. A row of taps, as larger kernels have it, would be one tap: 6 sums,
//! 7 loads, and less than half of the speed. Rows are taken a few at a time, so that the tile's gradients stay in the
//! first-level cache while every input channel passes over them; between such passes the sums wait in `sums`. Each sum
//! still sees rows and columns in order, as the plain form does.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::Call;
use super::grad_weight::{CACHED_VECTORS, Pass};
use crate::lanes::{load, load_part, store_part, sum};
use crate::tiling::tiles;
use crate::{LANES, Lanes};

#[inline(always)]
pub(super) fn fast<S: Simd>(simd: S, call: &Call, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    // 24 sums, 4 inputs, 1 gradient of 32 registers; AVX2 has 16: 12 sums, 3 inputs, 1 gradient.
    let (channel_limit, input_limit) = if S::f32s::LEN == 8 { (4, 3) } else { (6, 4) };
    let mut sums = vec![Lanes::ZERO; channel_limit * call.input.channels];
    for (channel, channels) in tiles(call.output.channels, channel_limit) {
        let sums = &mut sums[..channels * call.input.channels];
        sums.fill(Lanes::ZERO);
        let rows_at_once = (CACHED_VECTORS / (channels * call.output.width)).max(1);
        for (row, rows) in tiles(call.output.height, rows_at_once) {
            let pass = Pass { channel, row, rows };
            macro_rules! pick {
                ($($n:literal)*) => {
                    match channels {
                        $($n => pass_over_rows::<S, $n>(simd, call, pass, input_limit, sums, grad_output, input),)*
                        _ => unreachable!("tiles are at most 6 channels"),
                    }
                };
            }
            pick!(1 2 3 4 5 6);
        }
        for c in 0..call.input.channels {
            for k in 0..channels {
                let lanes = &sums[c * channels + k];
                grad_weight[(channel + k) * call.input.channels + c] = sum(simd, load(simd, lanes));
            }
        }
    }
}

/// One pass over a few image rows, for every input channel.
///
/// Never inlined, so that a tile's sums stay in registers (see the forward form).
#[inline(never)]
fn pass_over_rows<S: Simd, const CHANNELS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    input_limit: usize,
    sums: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (c, inputs) in tiles(call.input.channels, input_limit) {
                let sums = &mut sums[c * CHANNELS..][..inputs * CHANNELS];
                macro_rules! pick {
                    ($($n:literal)*) => {
                        match inputs {
                            $($n => tile_body::<S, CHANNELS, $n>(simd, call, pass, c, sums, grad_output, input),)*
                            _ => unreachable!("tiles are at most 4 inputs"),
                        }
                    };
                }
                pick!(1 2 3 4);
            }
        },
    );
}

/// Adds `INPUTS` input channels from `c` to the sums of one tile, `[input][output channel]`.
#[inline(always)]
fn tile_body<S: Simd, const CHANNELS: usize, const INPUTS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    c: usize,
    sums: &mut [Lanes],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    let width = call.output.width;
    for part in (0..LANES).step_by(S::f32s::LEN) {
        let mut dw: [[S::f32s; CHANNELS]; INPUTS] =
            std::array::from_fn(|i| std::array::from_fn(|k| load_part(simd, &sums[i * CHANNELS + k], part)));
        for r in pass.row..pass.row + pass.rows {
            let x: [&[Lanes]; INPUTS] = std::array::from_fn(|i| &input[call.tap(c + i, r, 0, 0)..][..width]);
            let dy: [&[Lanes]; CHANNELS] =
                std::array::from_fn(|k| &grad_output[call.output.index(pass.channel + k, r, 0)..][..width]);
            for s in 0..width {
                let x: [S::f32s; INPUTS] = std::array::from_fn(|i| load_part(simd, &x[i][s], part));
                for k in 0..CHANNELS {
                    let dy = load_part(simd, &dy[k][s], part);
                    for i in 0..INPUTS {
                        dw[i][k] = dy.mul_add_precise(x[i], dw[i][k]);
                    }
                }
            }
        }
        for i in 0..INPUTS {
            for k in 0..CHANNELS {
                store_part::<S>(&mut sums[i * CHANNELS + k], part, dw[i][k]);
            }
        }
    }
}
