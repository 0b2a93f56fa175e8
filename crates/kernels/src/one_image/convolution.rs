//! The convolution by its definition: `y[k,r,s] = b[k] + Σ_c Σ_i Σ_j w[k,c,i,j] · x[c, r+i−p, s+j−p]`, added in this
//! order, with a square kernel 1, 3 or 5 wide and stride 1.
//!
//! The fast form keeps the sums of one or two vectors of output channels at several columns of one row in registers:
//! each weight vector loaded serves every column, each broadcast input every vector.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{AlignedFloats, Finish, Layout, padded};
use crate::Isa;
use crate::conv2d::Kernel;
use crate::isa::dispatch;
use crate::lanes::has_32_registers;
use crate::tiling::{runs_of_tiles, tiles};

/// Weights and bias, packed as `[input channel][kernel row][kernel column][output channel]`, output channels filled up to
/// whole vectors.
#[derive(Clone, Debug)]
pub struct Weight {
    outputs: usize,
    inputs: usize,
    size: usize,
    values: AlignedFloats,
    bias: AlignedFloats,
}

impl Weight {
    /// Packs `weight`, `[output channel][input channel][size][size]`, and `bias`, one value per output channel (zero
    /// if absent).
    ///
    /// # Panics
    /// When the lengths do not belong together.
    pub fn new(weight: &[f32], bias: Option<&[f32]>, outputs: usize, inputs: usize, size: usize) -> Self {
        let taps = inputs * size * size;
        assert_eq!(weight.len(), outputs * taps, "weight length");
        assert!(bias.is_none_or(|b| b.len() == outputs), "bias length");
        let mut values = AlignedFloats::zeros(taps * padded(outputs));
        for k in 0..outputs {
            for tap in 0..taps {
                values[tap * padded(outputs) + k] = weight[k * taps + tap];
            }
        }
        let bias = AlignedFloats::filled_up(bias.unwrap_or(&[]), padded(outputs));
        Weight { outputs, inputs, size, values, bias }
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Rows and columns of the convolution's output for an input of `height` × `width`.
    ///
    /// # Panics
    /// When the kernel does not fit.
    pub fn output_sides(&self, padding: usize, height: usize, width: usize) -> (usize, usize) {
        Kernel { size: self.size, padding }.output_side(height, width).expect("a kernel that fits its input")
    }
}

/// What every tile of one call shares.
struct Operands<'a> {
    input: &'a [f32],
    input_layout: Layout,
    /// Where the first tap of output (0, 0) lies.
    origin: usize,
    output_layout: Layout,
    weight: &'a Weight,
    finish: &'a Finish,
}

/// Computes the content of `output` (overwritten) as the convolution of `input` and what `finish` makes of it.
///
/// `finish` must not pool: this way's tiles are not pooling's windows ([`super::pointwise`] pools afterwards).
///
/// # Panics
/// When a length does not fit its layout, the output is planar, its sides are not the convolution's, the input's border
/// is narrower than the padding, or `finish` pools.
#[allow(clippy::too_many_arguments)]
pub fn forward(
    isa: Isa,
    padding: usize,
    output: &mut [f32],
    output_layout: Layout,
    input: &[f32],
    input_layout: Layout,
    weight: &Weight,
    finish: &Finish,
) {
    let (ol, il) = (output_layout, input_layout);
    assert_eq!(output.len(), ol.len(), "output length");
    assert_eq!(input.len(), il.len(), "input length");
    assert!(!ol.is_planar(), "{ol:?} must not be planar");
    assert!(!finish.pools(), "a convolution by its definition does not pool");
    assert_eq!((ol.channels, il.channels), (weight.outputs, weight.inputs), "channels");
    assert!(padding < weight.size, "padding {padding} of a kernel {} wide", weight.size);
    assert!(il.border >= padding, "border {} below padding {padding}", il.border);
    assert_eq!((ol.height, ol.width), weight.output_sides(padding, il.height, il.width), "output sides");
    finish.check(ol.channels);
    let operands = Operands { input, input_layout: il, origin: il.origin(padding), output_layout: ol, weight, finish };
    dispatch!(isa,
        plain => plain(&operands, output),
        simd => fast(simd, &operands, output),
    );
}

#[inline(always)]
fn plain(operands: &Operands, output: &mut [f32]) {
    let Operands { input, input_layout: il, origin, output_layout: ol, weight, finish } = *operands;
    for r in 0..ol.height {
        for s in 0..ol.width {
            for k in 0..ol.channels {
                let mut y = weight.bias[k];
                let mut tap = k;
                for c in 0..il.channels {
                    for i in 0..weight.size {
                        for j in 0..weight.size {
                            let x = input[origin + (r + i) * il.row() + (s + j) * il.pixel() + c * il.channel()];
                            y = weight.values[tap].mul_add(x, y);
                            tap += padded(weight.outputs);
                        }
                    }
                }
                output[ol.index(r, s) + k] = finish.plain(k, y);
            }
        }
    }
}

/// Which outputs a run of tiles computes: channels from `k`, row `row`, columns from `column`, `tiles` tiles.
#[derive(Clone, Copy)]
struct Place {
    k: usize,
    row: usize,
    column: usize,
    tiles: usize,
}

#[inline(always)]
fn fast<S: Simd>(simd: S, operands: &Operands, output: &mut [f32]) {
    let ol = operands.output_layout;
    for row in 0..ol.height {
        for (first, vectors) in tiles(ol.channels.div_ceil(S::f32s::LEN), 2) {
            let k = first * S::f32s::LEN;
            // Fewer than eight sums could not hide their own latency.
            let limit = match (vectors, has_32_registers::<S>()) {
                (1, true) => 14,
                (1, false) => 10,
                (_, true) => 7,
                (_, false) => 6,
            };
            for (column, columns, tiles) in runs_of_tiles(ol.width, limit) {
                let place = Place { k, row, column, tiles };
                macro_rules! pick {
                    ($(($vectors:literal $columns:literal))*) => {
                        match (vectors, columns) {
                            $(($vectors, $columns) => if operands.input_layout.is_planar() {
                                run_of_tiles::<S, $vectors, $columns, true>(simd, operands, place, output)
                            } else {
                                run_of_tiles::<S, $vectors, $columns, false>(simd, operands, place, output)
                            })*
                            _ => unreachable!("tiles are at most 1 by 14 or 2 by 7"),
                        }
                    };
                }
                pick!(
                    (1 1) (1 2) (1 3) (1 4) (1 5) (1 6) (1 7) (1 8) (1 9) (1 10) (1 11) (1 12) (1 13) (1 14)
                    (2 1) (2 2) (2 3) (2 4) (2 5) (2 6) (2 7)
                );
            }
        }
    }
}

/// Tiles side by side in one row. Never inlined: a function of its own keeps its sums in registers.
#[inline(never)]
fn run_of_tiles<S: Simd, const VECTORS: usize, const COLUMNS: usize, const PLANAR: bool>(
    simd: S,
    operands: &Operands,
    place: Place,
    output: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for tile in 0..place.tiles {
                tile_body::<S, VECTORS, COLUMNS, PLANAR>(simd, operands, place, place.column + tile * COLUMNS, output);
            }
        },
    );
}

#[inline(always)]
fn tile_body<S: Simd, const VECTORS: usize, const COLUMNS: usize, const PLANAR: bool>(
    simd: S,
    operands: &Operands,
    place: Place,
    column: usize,
    output: &mut [f32],
) {
    let Operands { input, input_layout: il, origin, output_layout: ol, weight, finish } = *operands;
    let Place { k, row, .. } = place;
    // Known to the compiler where it is 1, so that the columns' bounds are checked once.
    let (pixel, stride) = (if PLANAR { 1 } else { il.pixel() }, padded(weight.outputs));
    let mut y = [[S::f32s::splat(simd, 0.0); COLUMNS]; VECTORS];
    for n in 0..VECTORS {
        let at = k + n * S::f32s::LEN;
        y[n] = [S::f32s::from_slice(simd, &weight.bias[at..at + S::f32s::LEN]); COLUMNS];
    }
    // Taken out of its allocation once.
    let (values, size): (&[f32], usize) = (&weight.values, weight.size);
    macro_rules! add_taps {
        ($size:expr) => {
            let mut tap = k;
            for c in 0..weight.inputs {
                for i in 0..$size {
                    let x = origin + (row + i) * il.row() + column * pixel + c * il.channel();
                    let x = &input[x..][..(COLUMNS + $size - 2) * pixel + 1];
                    for j in 0..$size {
                        let x = &x[j * pixel..][..(COLUMNS - 1) * pixel + 1];
                        let w = &values[tap..tap + VECTORS * S::f32s::LEN];
                        tap += stride;
                        for s in 0..COLUMNS {
                            let x = S::f32s::splat(simd, x[s * pixel]);
                            for n in 0..VECTORS {
                                let w = S::f32s::from_slice(simd, &w[n * S::f32s::LEN..(n + 1) * S::f32s::LEN]);
                                y[n][s] = x.mul_add_precise(w, y[n][s]);
                            }
                        }
                    }
                }
            }
        };
    }
    // Known to the compiler where an image is read, in most networks: unrolled. With 16 registers that is slower.
    if PLANAR && size == 3 && has_32_registers::<S>() {
        add_taps!(3);
    } else {
        add_taps!(size);
    }
    // A copy: the loops below may not unroll, and what is indexed by a variable lives in memory throughout.
    let done = y;
    for n in 0..VECTORS {
        let k = k + n * S::f32s::LEN;
        let at = finish.at(simd, k);
        for s in 0..COLUMNS {
            let to = ol.index(row, column + s) + k;
            at.apply(done[n][s]).store_slice(&mut output[to..to + S::f32s::LEN]);
        }
    }
}
