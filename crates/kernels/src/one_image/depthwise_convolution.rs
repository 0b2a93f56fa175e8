//! The depthwise convolution: `y[c,r,s] = b[c] + Σ_i Σ_j w[c,i,j] · x[c, r+i−p, s+j−p]`, added in this order, with a
//! square kernel 1, 3 or 5 wide and stride 1.
//!
//! Channels lie side by side and do not meet, so a vector of inputs times a vector of weights is a vector of channels.
//! The fast form keeps the sums of one such vector at several columns of one row in registers; each weight vector
//! loaded serves every column.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{AlignedFloats, Finish, Layout, padded};
use crate::Isa;
use crate::conv2d::Kernel;
use crate::isa::dispatch;
use crate::tiling::runs_of_tiles;

/// Weights and bias, packed as `[kernel row][kernel column][channel]`, channels filled up to whole vectors.
#[derive(Clone, Debug)]
pub struct Weight {
    channels: usize,
    size: usize,
    values: AlignedFloats,
    bias: AlignedFloats,
}

impl Weight {
    /// Packs `weight`, `[channel][size][size]`, and `bias`, one value per channel (zero if absent).
    ///
    /// # Panics
    /// When the lengths do not belong together, or `size` is not 1, 3 or 5.
    pub fn new(weight: &[f32], bias: Option<&[f32]>, channels: usize, size: usize) -> Self {
        assert!(matches!(size, 1 | 3 | 5), "a kernel is 1, 3 or 5 wide, not {size}");
        let taps = size * size;
        assert_eq!(weight.len(), channels * taps, "weight length");
        assert!(bias.is_none_or(|b| b.len() == channels), "bias length");
        let mut values = AlignedFloats::zeros(taps * padded(channels));
        for c in 0..channels {
            for tap in 0..taps {
                values[tap * padded(channels) + c] = weight[c * taps + tap];
            }
        }
        let bias = AlignedFloats::filled_up(bias.unwrap_or(&[]), padded(channels));
        Weight { channels, size, values, bias }
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.channels
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

/// Computes the content of `output` (overwritten) as the depthwise convolution of `input` and what `finish` makes of
/// it.
///
/// `finish` must not pool: this way's tiles are not pooling's windows ([`super::pointwise`] pools afterwards).
///
/// # Panics
/// When a length does not fit its layout, a layout is planar, the channels are not the weights', the output's sides are
/// not the convolution's, the padding reaches the kernel's size, the input's border is narrower than the padding, or
/// `finish` pools.
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
    assert!(!ol.is_planar() && !il.is_planar(), "{ol:?} and {il:?} must not be planar");
    assert!(!finish.pools(), "a depthwise convolution does not pool");
    assert_eq!((ol.channels, il.channels), (weight.channels, weight.channels), "channels");
    assert!(padding < weight.size, "padding {padding} of a kernel {} wide", weight.size);
    assert!(il.border >= padding, "border {} below padding {padding}", il.border);
    assert_eq!((ol.height, ol.width), weight.output_sides(padding, il.height, il.width), "output sides");
    finish.check(ol.channels);
    let operands = Operands { input, input_layout: il, origin: il.origin(padding), output_layout: ol, weight, finish };
    dispatch!(isa,
        plain => plain(&operands, output),
        simd => match weight.size {
            1 => fast::<_, 1>(simd, &operands, output),
            3 => fast::<_, 3>(simd, &operands, output),
            _ => fast::<_, 5>(simd, &operands, output),
        },
    );
}

#[inline(always)]
fn plain(operands: &Operands, output: &mut [f32]) {
    let Operands { input, input_layout: il, origin, output_layout: ol, weight, finish } = *operands;
    for r in 0..ol.height {
        for s in 0..ol.width {
            for c in 0..ol.channels {
                let mut y = weight.bias[c];
                for i in 0..weight.size {
                    for j in 0..weight.size {
                        let x = input[origin + (r + i) * il.row() + (s + j) * il.pixel() + c];
                        let w = weight.values[(i * weight.size + j) * il.pixel() + c];
                        y = w.mul_add(x, y);
                    }
                }
                output[ol.index(r, s) + c] = finish.plain(c, y);
            }
        }
    }
}

/// Which outputs a run of tiles computes: a vector of channels from `c`, row `row`, columns from `column`, `tiles`
/// tiles.
#[derive(Clone, Copy)]
struct Place {
    c: usize,
    row: usize,
    column: usize,
    tiles: usize,
}

#[inline(always)]
fn fast<S: Simd, const SIZE: usize>(simd: S, operands: &Operands, output: &mut [f32]) {
    let ol = operands.output_layout;
    // As in the form for lane groups: AVX2 has 16 registers, the others 32.
    let limit = if S::f32s::LEN == 8 { 10 } else { 14 };
    for row in 0..ol.height {
        for c in (0..ol.channels).step_by(S::f32s::LEN) {
            for (column, columns, tiles) in runs_of_tiles(ol.width, limit) {
                let place = Place { c, row, column, tiles };
                macro_rules! pick {
                    ($($n:literal)*) => {
                        match columns {
                            $($n => run_of_tiles::<S, SIZE, $n>(simd, operands, place, output),)*
                            _ => unreachable!("tiles are at most 14 wide"),
                        }
                    };
                }
                pick!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
            }
        }
    }
}

/// Tiles side by side in one row. Never inlined: a function of its own keeps its sums in registers.
#[inline(never)]
fn run_of_tiles<S: Simd, const SIZE: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    output: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for tile in 0..place.tiles {
                tile_body::<S, SIZE, COLUMNS>(simd, operands, place, place.column + tile * COLUMNS, output);
            }
        },
    );
}

#[inline(always)]
fn tile_body<S: Simd, const SIZE: usize, const COLUMNS: usize>(
    simd: S,
    operands: &Operands,
    place: Place,
    column: usize,
    output: &mut [f32],
) {
    let Operands { input, input_layout: il, origin, output_layout: ol, weight, finish } = *operands;
    let Place { c, row, .. } = place;
    let pixel = il.pixel();
    // Taken out of its allocation once.
    let values: &[f32] = &weight.values;
    let mut y = [S::f32s::from_slice(simd, &weight.bias[c..c + S::f32s::LEN]); COLUMNS];
    for i in 0..SIZE {
        let start = origin + (row + i) * il.row() + column * pixel + c;
        for j in 0..SIZE {
            let x = &input[start + j * pixel..][..(COLUMNS - 1) * pixel + S::f32s::LEN];
            let w = S::f32s::from_slice(simd, &values[(i * SIZE + j) * pixel + c..][..S::f32s::LEN]);
            for s in 0..COLUMNS {
                let x = S::f32s::from_slice(simd, &x[s * pixel..s * pixel + S::f32s::LEN]);
                y[s] = x.mul_add_precise(w, y[s]);
            }
        }
    }
    // A copy: the loop below may not unroll, and what is indexed by a variable lives in memory throughout.
    let done = y;
    let at = finish.at(simd, c);
    for s in 0..COLUMNS {
        let to = ol.index(row, column + s) + c;
        at.apply(done[s]).store_slice(&mut output[to..to + S::f32s::LEN]);
    }
}
