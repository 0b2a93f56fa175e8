//! Two-dimensional convolution (cross-correlation, as every framework calls it), stride 1, square kernel 1, 3 or 5.
//!
//! In the symbols of `docs/gradients.md`, with *p* the padding and x zero outside its content:
//!
//! ```text
//! y[k,r,s]      = b[k] + Σ_c Σ_i Σ_j  w[k,c,i,j] · x[c, r+i−p, s+j−p]
//! ∂L/∂w[k,c,i,j] = Σ_n Σ_r Σ_s  ∂L/∂y[n,k,r,s] · x[n, c, r+i−p, s+j−p]
//! ∂L/∂b[k]       = Σ_n Σ_r Σ_s  ∂L/∂y[n,k,r,s]
//! ∂L/∂x[c,r,s]   = Σ_k Σ_i Σ_j  w[k,c,i,j] · ∂L/∂y[k, r−i+p, s−j+p]
//! ```
//!
//! The last line is itself a convolution, of the output gradient with the weights flipped and transposed
//! ([`flip_transpose`]) and padding `size − 1 − p`; so the input gradient is the forward kernel once more.

mod forward;
mod grad_weight;
mod plain;

use std::ops::Range;

use crate::isa::dispatch;
use crate::{Geometry, Isa, Lanes};

/// Side and padding of a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Rows and columns of the kernel: 1, 3 or 5.
    pub size: usize,
    /// Zero rows and columns added on every side of the input, at most `size − 1`.
    pub padding: usize,
}

impl Kernel {
    /// Height and width of the output for an input of `height` × `width`; `None` where the kernel does not fit.
    pub fn output_side(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        let side = |side: usize| (side + 2 * self.padding + 1).checked_sub(self.size).filter(|&s| s > 0);
        Some((side(height)?, side(width)?))
    }

    /// The kernel of the input gradient: same side, padding `size − 1 − padding`.
    pub fn of_input_gradient(&self) -> Kernel {
        Kernel { size: self.size, padding: self.size - 1 - self.padding }
    }
}

/// The two tensors' geometry and the kernel, checked against each other once at the door.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub kernel: Kernel,
    pub input: Geometry,
    pub output: Geometry,
}

impl Call {
    pub fn checked(kernel: Kernel, input: Geometry, output: Geometry) -> Call {
        assert!(matches!(kernel.size, 1 | 3 | 5), "a kernel is 1, 3 or 5 wide, not {}", kernel.size);
        assert!(kernel.padding < kernel.size, "padding {} of a kernel {} wide", kernel.padding, kernel.size);
        assert!(input.border >= kernel.padding, "border {} below padding {}", input.border, kernel.padding);
        assert_eq!(Some((output.height, output.width)), kernel.output_side(input.height, input.width), "output sides");
        Call { kernel, input, output }
    }

    /// Where in the input the tap (`channel`, kernel row `i`, kernel column 0) of output (`row`, `column`) lies.
    #[inline(always)]
    pub fn tap(&self, channel: usize, row: usize, i: usize, column: usize) -> usize {
        let origin = self.input.border - self.kernel.padding;
        channel * self.input.channel_stride() + (row + i + origin) * self.input.row_stride() + column + origin
    }

    /// Weights of one output channel.
    fn weights_per_channel(&self) -> usize {
        self.input.channels * self.kernel.size * self.kernel.size
    }
}

/// Computes `output` (overwritten) as the convolution of `input`, then ReLU where `relu` is set.
///
/// `weight` is `[output channel][input channel][row][column]`, `bias` one value per output channel (zero if absent).
/// To share the work of one lane group among threads, give each a range of output channels: their slices of
/// `output`, `weight` and `bias`, and an `output_geometry` with so many channels.
///
/// # Panics
/// When a length does not fit its geometry, the output's sides are not the convolution's, the padding reaches the
/// kernel's size, or the input's border is narrower than the padding.
#[allow(clippy::too_many_arguments)]
pub fn forward(
    isa: Isa,
    kernel: Kernel,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) {
    let rows = 0..output_geometry.height;
    forward_rows(isa, kernel, rows, output, output_geometry, input, input_geometry, weight, bias, relu);
}

/// [`forward`] for `rows` of the output alone.
///
/// # Panics
/// As [`forward`], and when there are no such rows.
#[allow(clippy::too_many_arguments)]
pub fn forward_rows(
    isa: Isa,
    kernel: Kernel,
    rows: Range<usize>,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) {
    let call = Call::checked(kernel, input_geometry, output_geometry);
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(weight.len(), output_geometry.channels * call.weights_per_channel(), "weight length");
    assert!(bias.is_none_or(|b| b.len() == output_geometry.channels), "bias length");
    assert!(rows.end <= output_geometry.height, "rows {rows:?} of {}", output_geometry.height);
    dispatch!(isa,
        plain => plain::forward(&call, rows, output, input, weight, bias, relu),
        simd => forward::fast(simd, &call, rows, output, input, weight, bias, relu),
    );
}

/// Computes ∂L/∂x (`grad_input`, overwritten) from ∂L/∂y and the weights that [`flip_transpose`] made.
///
/// # Panics
/// As [`forward`]; the border of `grad_output` must be at least `size − 1 − padding` wide.
pub fn grad_input(
    isa: Isa,
    kernel: Kernel,
    grad_input: &mut [Lanes],
    input_geometry: Geometry,
    grad_output: &[Lanes],
    output_geometry: Geometry,
    flipped_weight: &[f32],
) {
    let kernel = kernel.of_input_gradient();
    forward(isa, kernel, grad_input, input_geometry, grad_output, output_geometry, flipped_weight, None, false);
}

/// Writes the weights `[k][c][i][j]` into `flipped` as `[c][k][size−1−i][size−1−j]`, for [`grad_input`].
///
/// # Panics
/// When either slice is not `output_channels · input_channels · size²` long.
pub fn flip_transpose(weight: &[f32], output_channels: usize, input_channels: usize, size: usize, flipped: &mut [f32]) {
    let taps = size * size;
    assert_eq!(weight.len(), output_channels * input_channels * taps, "weight length");
    assert_eq!(flipped.len(), weight.len(), "flipped length");
    for k in 0..output_channels {
        for c in 0..input_channels {
            let from = &weight[(k * input_channels + c) * taps..][..taps];
            let to = &mut flipped[(c * output_channels + k) * taps..][..taps];
            for (t, &w) in from.iter().enumerate() {
                to[taps - 1 - t] = w;
            }
        }
    }
}

/// Computes ∂L/∂w of this lane group (`grad_weight`, overwritten, laid out as the weights).
///
/// Each element is summed per lane over rows then columns, and over lanes in the fixed tree; inactive lanes must hold
/// zero in `grad_output`. As in [`forward`], a range of output channels may be computed alone.
///
/// # Panics
/// As [`forward`].
pub fn grad_weight(
    isa: Isa,
    kernel: Kernel,
    grad_weight: &mut [f32],
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
) {
    let call = Call::checked(kernel, input_geometry, output_geometry);
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(grad_weight.len(), output_geometry.channels * call.weights_per_channel(), "grad_weight length");
    dispatch!(isa,
        plain => plain::grad_weight(&call, grad_weight, grad_output, input),
        simd => grad_weight::fast(simd, &call, grad_weight, grad_output, input),
    );
}

/// Computes ∂L/∂b of this lane group (`grad_bias`, overwritten): the sum of ∂L/∂y over rows, columns and lanes.
///
/// # Panics
/// When a length does not fit the geometry.
pub fn grad_bias(isa: Isa, grad_bias: &mut [f32], grad_output: &[Lanes], output_geometry: Geometry) {
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(grad_bias.len(), output_geometry.channels, "grad_bias length");
    dispatch!(isa,
        plain => plain::grad_bias(grad_bias, grad_output, output_geometry),
        simd => grad_weight::fast_bias(simd, grad_bias, grad_output, output_geometry),
    );
}
