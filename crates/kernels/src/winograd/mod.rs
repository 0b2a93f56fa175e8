//! The 3×3 convolution by Winograd's minimal filtering, stride 1: F(4×4, 3×3) forward and for the input gradient, F(2, 3)
//! for the weight gradient.
//!
//! Outputs are made in 4×4 *tiles*, each from 6×6 inputs that overlap their neighbours by two. In the symbols of
//! `docs/gradients.md`, for the tile whose outputs begin at row 4a, column 4b (Lavin and Gray, 2015):
//!
//! ```text
//! V[c] = Bᵀ d[c] B          d[c] the 6×6 inputs from row 4a−p, column 4b−p
//! U[k,c] = G w[k,c] Gᵀ      once a step
//! M[k] = Σ_c U[k,c] ⊙ V[c]  36 multiply-adds for sixteen outputs, where the definition takes 144
//! y[k] = b[k] + Aᵀ M[k] A
//! ```
//!
//! with the points 0, ±a, ±b and ∞, of which a = 5/8 and b = 3/2:
//!
//! ```text
//!      ⎡a²b²   0  −a²−b²    0    1  0⎤        ⎡1/a²b²   0   0 ⎤
//!      ⎢  0  −ab²   −b²     a    1  0⎥        ⎢  u     ua  ua²⎥         ⎡1  1   1   1   1  0⎤
//! Bᵀ = ⎢  0   ab²   −b²    −a    1  0⎥    G = ⎢  u    −ua  ua²⎥    Aᵀ = ⎢0  a  −a   b  −b  0⎥
//!      ⎢  0  −a²b   −a²     b    1  0⎥        ⎢  w     wb  wb²⎥         ⎢0  a²  a²  b²  b² 0⎥
//!      ⎢  0   a²b   −a²    −b    1  0⎥        ⎢  w    −wb  wb²⎥         ⎣0  a³ −a³  b³ −b³ 1⎦
//!      ⎣  0  a²b²    0   −a²−b²  0  1⎦        ⎣  0      0   1 ⎦
//!
//! u = 1/(2a²(a²−b²)), w = 1/(2b²(b²−a²))
//! ```
//!
//! The input gradient is the same with the flipped, transposed weights. Points 1 to 4 of a row are summed over the input
//! channels first; Aᵀ makes four columns of outputs of them, of which the first and the last are where the sums of points 0
//! and 5 go on from. Rows of points are added in the same order: 1 and 2, 3 and 4, then 0 and 5.
//!
//! The weight gradient takes one dimension, for each kernel row i and pair of columns from 2b (the derivative of
//! y = Aᵀ[(G w) ⊙ (Bᵀ d)]; [`grad_weight`]):
//!
//! ```text
//! ∂L/∂w[k,c,i] = Gᵀ Σ_r Σ_b (A ∂L/∂y[k,r,2b…2b+1]) ⊙ (Bᵀ x[c,r+i−p,2b−p…2b−p+3])
//!
//!      ⎡1  0 −1  0⎤        ⎡ 1   0   0 ⎤
//! Bᵀ = ⎢0  1  1  0⎥    G = ⎢ ½   ½   ½ ⎥    Aᵀ = ⎡1 1  1 0⎤
//!      ⎢0 −1  1  0⎥        ⎢ ½  −½   ½ ⎥         ⎣0 1 −1 1⎦
//!      ⎣0 −1  0  1⎦        ⎣ 0   0   1 ⎦
//! ```
//!
//! On lanes of images a transform is a handful of operations on whole vectors. Where a side is no multiple of four the last
//! tile hangs over the edge: inputs beyond those that its outputs inside need count as zero, and what it computes out
//! there is dropped.
//!
//! Every door takes a range of tile rows, so that a caller can walk several layers down an image together while the
//! rows they share stay in cache. How the work is cut changes no bit.

mod forward;
mod grad_weight;
mod plain;
mod transformed_weight;
mod transforms;

use std::ops::Range;

use self::transforms::{FAR, NEAR, PRODUCT};
use crate::batch_norm::Normaliser;
use crate::isa::dispatch;
use crate::max_pool2d::check_pooled;
use crate::{Geometry, Isa, Lanes};

pub use grad_weight::{POINTS as GRAD_WEIGHT_POINTS, grad_weight_room, pairs_across};
pub(crate) use plain::{outputs as plain_outputs, transform_input as plain_transform_input};
pub use transformed_weight::TransformedWeight;
pub(crate) use transforms::{transform_ends, transform_far, transform_inner, transform_input, transform_near};

/// Rows and columns of the kernel.
pub const SIZE: usize = 3;
/// Rows and columns of outputs of a tile.
pub const TILE: usize = 4;
/// Rows and columns of a transformed tile: outputs + kernel − 1.
pub const POINTS: usize = TILE + SIZE - 1;

/// Output channels that the fast form works on at once, at most; decides how [`TransformedWeight`] is packed.
const CHANNELS_AT_ONCE: usize = 6;

/// Points of a row but the first and the last.
pub(crate) const INNER: usize = POINTS - 2;

/// The points of a row or column in the order in which they are added: the last is for the last output alone.
pub(crate) const PAIRS_OF_POINTS: [[usize; 2]; 3] = [[1, 2], [3, 4], [0, 5]];

/// Tile rows or columns for so many output rows or columns.
pub const fn tiles_across(side: usize) -> usize {
    side.div_ceil(TILE)
}

/// G w Gᵀ of one kernel: rows of points.
#[inline(always)]
pub(crate) fn transform_kernel(w: [f32; SIZE * SIZE]) -> [[f32; POINTS]; POINTS] {
    // G times a column: row p of it is [1, p, p²] over the product of p's distances to the other points.
    let transform = |g: [f32; SIZE]| {
        let pair = |point: f32, other: f32| {
            let scale = 1.0 / (2.0 * point * point * (point * point - other * other));
            let (ends, middle) = (g[0] + point * point * g[2], point * g[1]);
            [scale * (ends + middle), scale * (ends - middle)]
        };
        let ([u1, u2], [u3, u4]) = (pair(NEAR, FAR), pair(FAR, NEAR));
        [g[0] * (1.0 / PRODUCT), u1, u2, u3, u4, g[2]]
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
/// Counted per tile, in vector operations: 36 multiply-adds a pair of channels instead of 144, but also 144 operations for
/// each channel that is read and 118 for each that is written; tiles that hang over an edge are counted whole. A
/// function of the shape alone, because the two ways round differently.
pub const fn pays(inputs: usize, outputs: usize, output_height: usize, output_width: usize) -> bool {
    let tiles = tiles_across(output_height) * tiles_across(output_width);
    let direct = SIZE * SIZE * inputs * outputs * output_height * output_width;
    let products = POINTS * POINTS * inputs * outputs;
    tiles * (products + 144 * inputs + 118 * outputs) < direct
        && tiles * (products + 144 * outputs + 118 * inputs) < direct
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

    /// Rows of points that tile row `a` needs.
    #[inline(always)]
    fn rows_of_points(&self, a: usize) -> usize {
        if self.rows_inside(a) == TILE { POINTS } else { POINTS - 1 }
    }

    /// Outputs of tile row `a` that are inside: fewer than 4 where the last tile hangs over the edge.
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
    /// Where the largest of each pooling window goes, if not every output to its own place: a tile is four windows.
    pooled: Option<Geometry>,
}

/// Computes `tile_rows` of `output` (those rows overwritten) as the convolution of `input`, then ReLU if `relu` is set.
///
/// `bias` holds one value per output channel (zero if absent). Rows of `input` from `4·start − padding` to
/// `4·end + 1 − padding` are read, as far as they exist.
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

/// Computes ∂L/∂w of this lane group (`grad_weight`, `[output channel][input channel][3][3]`, overwritten): per lane four
/// sums a kernel row, of which Gᵀ makes the three taps, then the lane tree.
///
/// `room`, [`grad_weight_room`] long, is for those of a few output channels at a time; what it held does not matter.
/// Inactive lanes must hold zero in `grad_output`.
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
    room: &mut [Lanes],
) {
    let call = Call::checked(padding, input_geometry, output_geometry);
    let (outputs, inputs) = (output_geometry.channels, input_geometry.channels);
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(grad_weight.len(), outputs * inputs * SIZE * SIZE, "grad_weight length");
    assert_eq!(room.len(), grad_weight_room(inputs, output_geometry.width), "room length");
    dispatch!(isa,
        plain => plain::grad_weight(&call, grad_weight, grad_output, input),
        simd => grad_weight::fast(simd, &call, grad_weight, room, grad_output, input),
    );
}
