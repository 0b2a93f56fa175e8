//! The fast weight gradient.
//!
//! A channel's sums for a few kernel rows, all nine of a 3×3 kernel, stay in registers while they run along image rows,
//! four columns at a time, whose inputs overlap. One sum waits for a multiply-add's latency from column to column; nine
//! of them side by side are enough to hide it.
//!
//! Image rows are taken a few at a time, so that they come out of the first-level cache for the other half of the lanes
//! and the other kernel rows; between such passes the sums wait in `sums`. Each sum still sees rows and columns in
//! order, as the plain form does.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use crate::conv2d::Call;
use crate::lanes::{load, load_part, store_part, sum};
use crate::tiling::tiles;
use crate::{LANES, Lanes};

/// First-level cache given to the gradients and inputs of one pass over rows, in vectors of 64 bytes.
const CACHED_VECTORS: usize = 384;

/// Columns written out one after the other.
const COLUMNS: usize = 4;

#[inline(always)]
pub(super) fn fast<S: Simd>(simd: S, call: &Call, grad_weight: &mut [f32], grad_output: &[Lanes], input: &[Lanes]) {
    match call.kernel.size {
        1 => sweep::<S, 1>(simd, call, grad_weight, grad_output, input),
        3 => sweep::<S, 3>(simd, call, grad_weight, grad_output, input),
        _ => sweep::<S, 5>(simd, call, grad_weight, grad_output, input),
    }
}

/// What one pass adds up: of channel `channel`, the kernel rows from `kernel_row`, over `rows` image rows from `row`.
#[derive(Clone, Copy)]
struct Pass {
    channel: usize,
    kernel_row: usize,
    row: usize,
    rows: usize,
}

/// Visits every kernel row of every channel.
#[inline(always)]
fn sweep<S: Simd, const SIZE: usize>(
    simd: S,
    call: &Call,
    grad_weight: &mut [f32],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    // A gradient, an input and so many sums: 15 of a 5×5 kernel in 32 registers, 10 in AVX2's 16.
    let limit = if (SIZE, S::f32s::LEN) == (5, 8) { 2 } else { 3 };
    let rows_at_once = (CACHED_VECTORS / (2 * call.output.width)).max(1);
    for (channel, grad_weight) in grad_weight.chunks_exact_mut(SIZE * SIZE).enumerate() {
        let mut sums = [[Lanes::ZERO; SIZE]; SIZE];
        for (row, rows) in tiles(call.output.height, rows_at_once) {
            for (kernel_row, kernel_rows) in tiles(SIZE, limit) {
                let pass = Pass { channel, kernel_row, row, rows };
                let sums = &mut sums[kernel_row..kernel_row + kernel_rows];
                match kernel_rows {
                    1 => pass_over_rows::<S, SIZE, 1>(simd, call, pass, sums, grad_output, input),
                    2 => pass_over_rows::<S, SIZE, 2>(simd, call, pass, sums, grad_output, input),
                    _ => pass_over_rows::<S, SIZE, 3>(simd, call, pass, sums, grad_output, input),
                }
            }
        }
        for (grad_weight, lanes) in grad_weight.iter_mut().zip(sums.as_flattened()) {
            *grad_weight = sum(simd, load(simd, lanes));
        }
    }
}

/// One pass over a few image rows. Never inlined, so that its sums stay in registers.
#[inline(never)]
fn pass_over_rows<S: Simd, const SIZE: usize, const KERNEL_ROWS: usize>(
    simd: S,
    call: &Call,
    pass: Pass,
    sums: &mut [[Lanes; SIZE]],
    grad_output: &[Lanes],
    input: &[Lanes],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let width = call.output.width;
            for part in (0..LANES).step_by(S::f32s::LEN) {
                let mut dw: [[S::f32s; SIZE]; KERNEL_ROWS] =
                    std::array::from_fn(|i| std::array::from_fn(|j| load_part(simd, &sums[i][j], part)));
                for r in pass.row..pass.row + pass.rows {
                    let dy = &grad_output[call.output.index(pass.channel, r, 0)..][..width];
                    let x: [&[Lanes]; KERNEL_ROWS] = std::array::from_fn(|i| {
                        &input[call.tap(pass.channel, r, pass.kernel_row + i, 0)..][..width + SIZE - 1]
                    });
                    let mut s = 0;
                    while s + COLUMNS <= width {
                        add_columns::<S, SIZE, KERNEL_ROWS, COLUMNS>(simd, &mut dw, dy, x, s, part);
                        s += COLUMNS;
                    }
                    while s < width {
                        add_columns::<S, SIZE, KERNEL_ROWS, 1>(simd, &mut dw, dy, x, s, part);
                        s += 1;
                    }
                }
                for i in 0..KERNEL_ROWS {
                    for j in 0..SIZE {
                        store_part::<S>(&mut sums[i][j], part, dw[i][j]);
                    }
                }
            }
        },
    );
}

/// Adds `COLUMNS` columns of one row, from `column`, to the sums.
#[inline(always)]
fn add_columns<S: Simd, const SIZE: usize, const KERNEL_ROWS: usize, const COLUMNS: usize>(
    simd: S,
    dw: &mut [[S::f32s; SIZE]; KERNEL_ROWS],
    dy: &[Lanes],
    x: [&[Lanes]; KERNEL_ROWS],
    column: usize,
    part: usize,
) {
    let dy = &dy[column..column + COLUMNS];
    let dy: [S::f32s; COLUMNS] = std::array::from_fn(|s| load_part(simd, &dy[s], part));
    let x = x.map(|x| &x[column..column + COLUMNS + SIZE - 1]);
    for s in 0..COLUMNS {
        for i in 0..KERNEL_ROWS {
            for j in 0..SIZE {
                dw[i][j] = dy[s].mul_add_precise(load_part(simd, &x[i][s + j], part), dw[i][j]);
            }
        }
    }
}
