//! The 3×3 convolution by Winograd's minimal filtering F(4×4, 3×3), as [`crate::winograd`] states it, order included.
//!
//! A transform is a handful of operations on vectors of *input* channels; the products multiply one transformed input,
//! broadcast, by a vector of *output* channels of the transformed weights.

mod fast;
mod plain;

use super::layout::CHANNELS_TOGETHER;
use super::{AlignedFloats, Finish, Layout, padded};
use crate::Isa;
use crate::conv2d::Kernel;
use crate::isa::dispatch;
use crate::winograd::{INNER, POINTS, SIZE, TILE, transform_kernel};

/// Output channels that are packed together: two of the widest vectors.
const BLOCK: usize = 2 * CHANNELS_TOGETHER;

/// The weights of a block of output channels and one input channel for some points of a row.
type Points<const COUNT: usize> = [[f32; BLOCK]; COUNT];

/// U = G w Gᵀ of every pair of channels, and the bias.
///
/// Packed as `[32 output channels][i]`, and each row i of points as `[input channel][j][output channel]` of the four inner
/// points, then of the first and the last: two vectors of output channels are read in one go from end to end, however much
/// they are. Output channels are filled up with zeros.
#[derive(Clone, Debug)]
pub struct Weight {
    outputs: usize,
    inputs: usize,
    values: AlignedFloats,
    bias: AlignedFloats,
    /// Whether a number and its bias are never −0 nor NaN.
    never_minus_zero: bool,
}

impl Weight {
    /// Transforms `weight`, `[output channel][input channel][3][3]`, and keeps `bias`, one value per output channel
    /// (zero if absent).
    ///
    /// # Panics
    /// When the lengths do not belong together.
    pub fn new(weight: &[f32], bias: Option<&[f32]>, outputs: usize, inputs: usize) -> Self {
        assert_eq!(weight.len(), outputs * inputs * SIZE * SIZE, "weight length");
        assert!(bias.is_none_or(|b| b.len() == outputs), "bias length");
        let mut packed = Weight {
            outputs,
            inputs,
            values: AlignedFloats::zeros(POINTS * POINTS * inputs * outputs.next_multiple_of(BLOCK)),
            bias: AlignedFloats::filled_up(bias.unwrap_or(&[]), padded(outputs)),
            never_minus_zero: bias
                .is_none_or(|b| b.iter().all(|b| b.is_finite() && b.to_bits() != (-0.0f32).to_bits())),
        };
        for (k, kernels) in weight.chunks_exact(inputs * SIZE * SIZE).enumerate() {
            for (c, w) in kernels.chunks_exact(SIZE * SIZE).enumerate() {
                let u = transform_kernel(std::array::from_fn(|tap| w[tap]));
                for i in 0..POINTS {
                    for j in 0..POINTS {
                        let at = packed.index(k, c, i, j);
                        packed.values[at] = u[i][j];
                    }
                }
            }
        }
        packed
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
        Kernel { size: SIZE, padding }.output_side(height, width).expect("a kernel that fits its input")
    }

    fn index(&self, k: usize, c: usize, i: usize, j: usize) -> usize {
        let point = match j {
            0 => INNER * self.inputs + 2 * c,
            5 => INNER * self.inputs + 2 * c + 1,
            _ => INNER * c + j - 1,
        };
        ((k / BLOCK * POINTS + i) * POINTS * self.inputs + point) * BLOCK + k % BLOCK
    }

    /// Row `i` of the block of output channels that `k` is of, `[input channel][j][output channel]`: the inner points and
    /// the outer ones.
    #[inline(always)]
    fn row(&self, k: usize, i: usize) -> (&[Points<INNER>], &[Points<{ POINTS - INNER }>]) {
        let values = self.values.as_chunks::<BLOCK>().0;
        let row = &values[(k / BLOCK * POINTS + i) * POINTS * self.inputs..][..POINTS * self.inputs];
        let (inner, outer) = row.split_at(INNER * self.inputs);
        (inner.as_chunks().0, outer.as_chunks().0)
    }
}

/// Room for what the fast form puts aside within a call; grows as needed and carries nothing from call to call.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    transformed: AlignedFloats,
    sums: AlignedFloats,
}

/// What every tile of one call shares.
struct Operands<'a> {
    input: &'a [f32],
    input_layout: Layout,
    /// Where the first input of tile (0, 0) lies.
    origin: usize,
    output_layout: Layout,
    weight: &'a Weight,
    finish: &'a Finish,
}

/// Where one tile reads and writes.
#[derive(Clone, Copy, Default)]
struct Tile {
    /// Where its first input lies.
    input: usize,
    /// Where its first output, or its first pooling window's, lies.
    output: usize,
    /// Rows and columns of outputs, or of windows where they are pooled, that are inside.
    inside: (usize, usize),
}

impl Operands<'_> {
    /// Rows and columns of what a tile is asked for: of outputs, or of pooling windows.
    fn side_of_tile(&self) -> usize {
        if self.finish.pools() { TILE / 2 } else { TILE }
    }

    /// Tile rows and columns.
    fn tiles(&self) -> (usize, usize) {
        let side = self.side_of_tile();
        (self.output_layout.height.div_ceil(side), self.output_layout.width.div_ceil(side))
    }

    /// The tile at tile row `a`, tile column `b`.
    #[inline(always)]
    fn tile(&self, a: usize, b: usize) -> Tile {
        let (to, side) = (self.output_layout, self.side_of_tile());
        Tile {
            input: self.origin + TILE * a * self.input_layout.row() + TILE * b * self.input_layout.pixel(),
            output: to.index(side * a, side * b),
            inside: ((to.height - side * a).min(side), (to.width - side * b).min(side)),
        }
    }
}

/// Computes the content of `output` (overwritten) as the convolution of `input` and what `finish` makes of it.
///
/// # Panics
/// When a length does not fit its layout, a layout is planar, the output's sides are not those of the convolution, pooled
/// if `finish` pools, or the input's border is narrower than the padding.
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
    scratch: &mut Scratch,
) {
    let (ol, il) = (output_layout, input_layout);
    assert_eq!(output.len(), ol.len(), "output length");
    assert_eq!(input.len(), il.len(), "input length");
    assert!(!ol.is_planar() && !il.is_planar(), "{ol:?} and {il:?} must not be planar");
    assert_eq!((ol.channels, il.channels), (weight.outputs, weight.inputs), "channels");
    assert!(padding < SIZE, "padding {padding} of a kernel {SIZE} wide");
    assert!(il.border >= padding, "border {} below padding {padding}", il.border);
    let sides = weight.output_sides(padding, il.height, il.width);
    assert_eq!((ol.height, ol.width), finish.stored_sides(sides.0, sides.1), "output sides");
    finish.check(ol.channels);
    let origin = il.origin(padding);
    let operands = Operands { input, input_layout: il, origin, output_layout: ol, weight, finish };
    dispatch!(isa,
        plain => plain::forward(&operands, output),
        simd => fast::forward(simd, &operands, output, scratch),
    );
}
