//! The 3×3 convolution by Winograd's minimal filtering F(2×2, 3×3), stride 1, in all three directions.
//!
//! Outputs are made in 2×2 *tiles*, each from 4×4 inputs that overlap their neighbours by two. In the symbols of
//! `docs/gradients.md`, for the tile whose outputs begin at row 2a, column 2b (Lavin and Gray, 2015):
//!
//! ```text
//! V[c] = Bᵀ d[c] B          d[c] the 4×4 inputs from row 2a−p, column 2b−p
//! U[k,c] = G w[k,c] Gᵀ      once a step
//! M[k] = Σ_c U[k,c] ⊙ V[c]  16 multiply-adds for four outputs, where the definition takes 36
//! y[k] = b[k] + Aᵀ M[k] A
//! ```
//!
//! The input gradient is the same with the flipped, transposed weights. The weight gradient takes one dimension of it,
//! F(2, 3) along columns, for each kernel row i and pair of columns from 2b (the derivative of y = Aᵀ[(G w) ⊙ (Bᵀ d)]):
//!
//! ```text
//! ∂L/∂w[k,c,i] = Gᵀ Σ_r Σ_b (A ∂L/∂y[k,r,2b…2b+1]) ⊙ (Bᵀ x[c,r+i−p,2b−p…2b−p+3])
//! ```
//!
//! ```text
//!      ⎡1  0 −1  0⎤        ⎡ 1   0   0 ⎤
//! Bᵀ = ⎢0  1  1  0⎥    G = ⎢ ½   ½   ½ ⎥    Aᵀ = ⎡1 1  1 0⎤
//!      ⎢0 −1  1  0⎥        ⎢ ½  −½   ½ ⎥         ⎣0 1 −1 1⎦
//!      ⎣0 −1  0  1⎦        ⎣ 0   0   1 ⎦
//! ```
//!
//! Points 1 and 2 of a row are summed over the input channels first; their sum and difference are where the sums of
//! points 0 and 3 go on from. So a row of products becomes two columns of outputs with two additions, and a tile needs
//! two registers where four products would want four.
//!
//! On lanes of images a transform is a handful of whole-vector additions. Where a side is odd the last tile hangs over
//! the edge: inputs out there count as zero, and what it computes out there is dropped.
//!
//! Every door takes a range of tile rows, so that a caller can walk several layers down an image together while the
//! rows they share stay in cache. How the work is cut changes no bit.

mod forward;
mod grad_weight;
mod plain;

use std::ops::Range;

use crate::batch_norm::Normaliser;
use crate::isa::dispatch;
use crate::max_pool2d::check_pooled;
use crate::tiling::tiles;
use crate::{Geometry, Isa, Lanes};

/// Rows and columns of the kernel.
pub const SIZE: usize = 3;
/// Rows and columns of outputs of a tile.
pub const TILE: usize = 2;
/// Rows and columns of a transformed tile: outputs + kernel − 1.
pub const POINTS: usize = TILE + SIZE - 1;

/// Output channels that the fast form works on at once, at most; decides how [`TransformedWeight`] is packed.
const CHANNELS_AT_ONCE: usize = 6;

/// The points of a row in the two steps in which they are summed.
const STEPS: [[usize; 2]; 2] = [[1, 2], [0, 3]];

/// Tile rows or columns for so many output rows or columns.
pub const fn tiles_across(side: usize) -> usize {
    side.div_ceil(TILE)
}

/// G w Gᵀ of one kernel: rows of points.
#[inline(always)]
pub(crate) fn transform_kernel(w: [f32; SIZE * SIZE]) -> [[f32; POINTS]; POINTS] {
    // G times a column: the halves are exact, so only the sums round.
    let transform = |g: [f32; SIZE]| {
        let (ends, middle) = (0.5 * (g[0] + g[2]), 0.5 * g[1]);
        [g[0], ends + middle, ends - middle, g[2]]
    };
    let [upper, middle, lower] =
        [transform([w[0], w[1], w[2]]), transform([w[3], w[4], w[5]]), transform([w[6], w[7], w[8]])];
    let mut u = [[0.0; POINTS]; POINTS];
    for j in 0..POINTS {
        let column = transform([upper[j], middle[j], lower[j]]);
        for i in 0..POINTS {
            u[i][j] = column[i];
        }
    }
    u
}

/// Whether a 3×3 convolution takes fewer operations this way than by its definition, forward and, counted on the same
/// sides, backward.
///
/// Counted per tile, in vector operations: 16 multiply-adds a pair of channels instead of 36, but also 32 additions for
/// each channel that is read and 24 for each that is written; tiles that hang over an edge are counted whole. A
/// function of the shape alone, because the two ways round differently.
pub const fn pays(inputs: usize, outputs: usize, output_height: usize, output_width: usize) -> bool {
    let tiles = tiles_across(output_height) * tiles_across(output_width);
    let direct = SIZE * SIZE * inputs * outputs * output_height * output_width;
    let products = POINTS * POINTS * inputs * outputs;
    tiles * (products + 32 * inputs + 24 * outputs) < direct && tiles * (products + 32 * outputs + 24 * inputs) < direct
}

/// Bᵀ times a column: what each row and column of inputs is turned into.
#[inline(always)]
fn transform_input<V: Copy + std::ops::Add<Output = V> + std::ops::Sub<Output = V>>(d: [V; POINTS]) -> [V; POINTS] {
    [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]]
}

/// A times a column of two output gradients.
#[inline(always)]
fn transform_grad_output<V: Copy + std::ops::Add<Output = V> + std::ops::Sub<Output = V>>(
    dy: [V; TILE],
) -> [V; POINTS] {
    [dy[0], dy[0] + dy[1], dy[0] - dy[1], dy[1]]
}

/// Gᵀ times a column of four sums: `[m₀ + ½(m₁+m₂), ½(m₁−m₂), ½(m₁+m₂) + m₃]`.
#[inline(always)]
fn transform_grad_weight<
    V: Copy + std::ops::Add<Output = V> + std::ops::Sub<Output = V> + std::ops::Mul<f32, Output = V>,
>(
    m: [V; POINTS],
) -> [V; SIZE] {
    let half_sum = (m[1] + m[2]) * 0.5;
    [m[0] + half_sum, (m[1] - m[2]) * 0.5, half_sum + m[3]]
}

/// The geometry of one call, checked once at the door.
#[derive(Clone, Copy, Debug)]
struct Call {
    padding: usize,
    input: Geometry,
    output: Geometry,
}

impl Call {
    fn checked(padding: usize, input: Geometry, output: Geometry) -> Call {
        assert!(padding < SIZE, "padding {padding} of a kernel {SIZE} wide");
        assert!(input.border >= padding, "border {} below padding {padding}", input.border);
        let side = |side: usize| (side + 2 * padding + 1).checked_sub(SIZE);
        assert_eq!((Some(output.height), Some(output.width)), (side(input.height), side(input.width)), "output sides");
        Call { padding, input, output }
    }

    /// Where the input row of `channel` begins that kernel row 0 reads for output row `row`.
    #[inline(always)]
    fn input_row(&self, channel: usize, row: usize) -> usize {
        let origin = self.input.border - self.padding;
        channel * self.input.channel_stride() + (row + origin) * self.input.row_stride() + origin
    }

    /// Where the first of a tile's inputs of `channel` lies: tile row `a`, input row `i` of the tile, tile column `b`.
    #[inline(always)]
    fn input_at(&self, channel: usize, a: usize, i: usize, b: usize) -> usize {
        let origin = self.input.border - self.padding;
        channel * self.input.channel_stride() + (TILE * a + i + origin) * self.input.row_stride() + TILE * b + origin
    }

    /// Outputs of tile row `a` that are inside: 2, or 1 where the last tile hangs over the edge.
    #[inline(always)]
    fn rows_inside(&self, a: usize) -> usize {
        (self.output.height - TILE * a).min(TILE)
    }

    /// Outputs of tile column `b` that are inside.
    #[inline(always)]
    fn columns_inside(&self, b: usize) -> usize {
        (self.output.width - TILE * b).min(TILE)
    }
}

/// U = G w Gᵀ of every pair of channels, packed in the order in which the fast form reads it.
///
/// Packed as `[block of output channels][i][step][input channel][output channel in block][point of the step]`.
#[derive(Clone, Debug, Default)]
pub struct TransformedWeight {
    outputs: usize,
    inputs: usize,
    values: Vec<f32>,
}

impl TransformedWeight {
    /// Transforms `weight`, `[output channel][input channel][3][3]`, for [`forward`] (overwrites what was here).
    ///
    /// # Panics
    /// When `weight` is not so long.
    pub fn set(&mut self, weight: &[f32], outputs: usize, inputs: usize) {
        assert_eq!(weight.len(), outputs * inputs * SIZE * SIZE, "weight length");
        let kernels = weight.as_chunks().0;
        self.fill(outputs, inputs, |k, c| kernels[k * inputs + c]);
    }

    /// Transforms the weights of a convolution from `inputs` to `outputs` channels, flipped and transposed, for the
    /// convolution of its output gradient that is its input gradient, as far as it makes the input channels `wanted`
    /// (overwrites what was here).
    ///
    /// # Panics
    /// As [`TransformedWeight::set`], and when there are no such channels.
    pub fn set_flipped(&mut self, weight: &[f32], outputs: usize, inputs: usize, wanted: Range<usize>) {
        assert!(wanted.end <= inputs, "input channels {wanted:?} of {inputs}");
        assert_eq!(weight.len(), outputs * inputs * SIZE * SIZE, "weight length");
        let kernels = weight.as_chunks().0;
        self.fill(wanted.len(), outputs, |c, k| {
            let mut flipped: [f32; SIZE * SIZE] = kernels[k * inputs + wanted.start + c];
            flipped.reverse();
            flipped
        });
    }

    fn fill(&mut self, outputs: usize, inputs: usize, kernel: impl Fn(usize, usize) -> [f32; SIZE * SIZE]) {
        (self.outputs, self.inputs) = (outputs, inputs);
        self.values.resize(outputs * inputs * POINTS * POINTS, 0.0);
        let mut blocks = &mut self.values[..];
        for (first, channels) in tiles(outputs, CHANNELS_AT_ONCE) {
            let (block, rest) = blocks.split_at_mut(channels * inputs * POINTS * POINTS);
            blocks = rest;
            let (pairs, _) = block.as_chunks_mut::<2>();
            let step = inputs * channels;
            for k in 0..channels {
                for c in 0..inputs {
                    let u = transform_kernel(kernel(first + k, c));
                    for (i, u) in u.iter().enumerate() {
                        let at = i * STEPS.len() * step + c * channels + k;
                        for (n, points) in STEPS.iter().enumerate() {
                            pairs[at + n * step] = [u[points[0]], u[points[1]]];
                        }
                    }
                }
            }
        }
    }

    fn index(&self, k: usize, c: usize, i: usize, j: usize) -> usize {
        let (first, channels) =
            tiles(self.outputs, CHANNELS_AT_ONCE).find(|&(first, n)| k < first + n).expect("an output channel");
        let step = STEPS.iter().position(|points| points.contains(&j)).expect("a point");
        let point = STEPS[step].iter().position(|&p| p == j).expect("a point of the step");
        let row = self.panel_at(first, channels, i);
        row + ((step * self.inputs + c) * channels + k - first) * 2 + point
    }

    /// Where the weights of one block of output channels and one row i of points begin.
    #[inline(always)]
    fn panel_at(&self, first: usize, channels: usize, i: usize) -> usize {
        (first * POINTS + i * channels) * POINTS * self.inputs
    }
}

/// Room for what the fast forms put aside within a call; grows as needed and carries nothing from call to call.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    transformed: Vec<Lanes>,
    sums: Vec<Lanes>,
}

impl Scratch {
    /// Two pieces of at least these lengths, with anything in them.
    fn pieces(&mut self, transformed: usize, sums: usize) -> (&mut [Lanes], &mut [Lanes]) {
        fn grown(room: &mut Vec<Lanes>, wanted: usize) -> &mut [Lanes] {
            if room.len() < wanted {
                room.resize(wanted, Lanes::ZERO);
            }
            &mut room[..wanted]
        }
        (grown(&mut self.transformed, transformed), grown(&mut self.sums, sums))
    }
}

/// What becomes of outputs while they are still in registers.
#[derive(Clone, Copy, Debug)]
struct Epilogue<'a> {
    /// One value per output channel; zero if absent.
    bias: Option<&'a [f32]>,
    relu: bool,
    /// y ← (y − mean)·scale + shift, one per output channel.
    normalisers: Option<&'a [Normaliser]>,
    /// Where the largest of each tile goes, if not every output to its own place: a tile is a pooling window.
    pooled: Option<Geometry>,
}

/// Computes `tile_rows` of `output` (those rows overwritten) as the convolution of `input`, then ReLU if `relu` is set.
///
/// `bias` holds one value per output channel (zero if absent). Rows of `input` from `2·start − padding` to
/// `2·end + 1 − padding` are read, as far as they exist.
///
/// # Panics
/// When a length does not fit its geometry, the output's sides are not the convolution's, the padding is 3 or more,
/// the input's border is narrower than the padding, or there are no such tile rows.
#[allow(clippy::too_many_arguments)]
pub fn forward(
    isa: Isa,
    padding: usize,
    tile_rows: Range<usize>,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    weight: &TransformedWeight,
    bias: Option<&[f32]>,
    relu: bool,
    scratch: &mut Scratch,
) {
    let call = Call::checked(padding, input_geometry, output_geometry);
    assert_eq!(output.len(), output_geometry.len(), "output length");
    let epilogue = Epilogue { bias, relu, normalisers: None, pooled: None };
    run(isa, &call, tile_rows, output, input, weight, epilogue, scratch);
}

/// [`forward`] followed by batch norm with known statistics and, where `pool` is set, by 2×2 max pooling, bit for bit as
/// [`crate::batch_norm::normalise`] and [`crate::batch_norm_max_pool::forward`] would; `output` is what they would write.
///
/// The convolution's own output is never stored: that is what inference can do and training cannot.
///
/// # Panics
/// As [`forward`], and when there is not one normaliser per output channel.
#[allow(clippy::too_many_arguments)]
pub fn forward_normalised(
    isa: Isa,
    padding: usize,
    tile_rows: Range<usize>,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    weight: &TransformedWeight,
    bias: Option<&[f32]>,
    relu: bool,
    normalisers: &[Normaliser],
    pool: bool,
    scratch: &mut Scratch,
) {
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(normalisers.len(), output_geometry.channels, "normalisers length");
    let (height, width) = (input_geometry.height + 2 * padding, input_geometry.width + 2 * padding);
    assert!(height >= SIZE && width >= SIZE, "a kernel {SIZE} wide on {height} by {width}");
    let whole = Geometry::new(output_geometry.channels, height + 1 - SIZE, width + 1 - SIZE, output_geometry.border);
    let call = Call::checked(padding, input_geometry, whole);
    if pool {
        check_pooled(whole, output_geometry);
    } else {
        assert!(whole.same_shape(&output_geometry), "output sides");
    }
    let normalisers = Some(normalisers);
    let epilogue = Epilogue { bias, relu, normalisers, pooled: pool.then_some(output_geometry) };
    run(isa, &call, tile_rows, output, input, weight, epilogue, scratch);
}

#[allow(clippy::too_many_arguments)]
fn run(
    isa: Isa,
    call: &Call,
    tile_rows: Range<usize>,
    output: &mut [Lanes],
    input: &[Lanes],
    weight: &TransformedWeight,
    epilogue: Epilogue,
    scratch: &mut Scratch,
) {
    let down = tiles_across(call.output.height);
    assert!(tile_rows.end <= down, "tile rows {tile_rows:?} of {down}");
    assert_eq!(input.len(), call.input.len(), "input length");
    assert_eq!((weight.outputs, weight.inputs), (call.output.channels, call.input.channels), "weight channels");
    assert!(epilogue.bias.is_none_or(|b| b.len() == call.output.channels), "bias length");
    dispatch!(isa,
        plain => plain::forward(call, tile_rows, output, input, weight, epilogue),
        simd => forward::fast(simd, call, tile_rows, output, input, weight, epilogue, scratch),
    );
}

/// How many vectors the sums of [`grad_weight`] are.
pub const fn grad_weight_sums(outputs: usize, inputs: usize) -> usize {
    outputs * inputs * SIZE * POINTS
}

/// Computes ∂L/∂w of this lane group (`grad_weight`, `[output channel][input channel][3][3]`, overwritten): per lane four
/// sums a kernel row, of which Gᵀ makes the three taps, then the lane tree.
///
/// `sums`, [`grad_weight_sums`] long, is room for them; what it held does not matter. Inactive lanes must hold zero in
/// `grad_output`.
///
/// # Panics
/// When a length does not fit, or the geometries do not as in [`forward`].
#[allow(clippy::too_many_arguments)]
pub fn grad_weight(
    isa: Isa,
    padding: usize,
    grad_weight: &mut [f32],
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    sums: &mut [Lanes],
) {
    let call = Call::checked(padding, input_geometry, output_geometry);
    let (outputs, inputs) = (output_geometry.channels, input_geometry.channels);
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(grad_weight.len(), outputs * inputs * SIZE * SIZE, "grad_weight length");
    assert_eq!(sums.len(), grad_weight_sums(outputs, inputs), "sums length");
    dispatch!(isa,
        plain => {
            plain::grad_weight(&call, sums, grad_output, input);
            plain::finish_grad_weight(grad_weight, sums, outputs, inputs);
        },
        simd => {
            grad_weight::fast(simd, &call, sums, grad_output, input);
            grad_weight::fast_finish(simd, grad_weight, sums, outputs, inputs);
        },
    );
}
