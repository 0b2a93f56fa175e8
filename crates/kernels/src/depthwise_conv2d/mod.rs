//! Depthwise convolution: every channel by a kernel of its own, stride 1, square kernel 1, 3 or 5.
//!
//! In the symbols of `docs/gradients.md`, with *p* the padding and x zero outside its content:
//!
//! ```text
//! y[c,r,s]      = b[c] + Σ_i Σ_j  w[c,i,j] · x[c, r+i−p, s+j−p]
//! ∂L/∂w[c,i,j]  = Σ_n Σ_r Σ_s  ∂L/∂y[n,c,r,s] · x[n, c, r+i−p, s+j−p]
//! ∂L/∂b[c]      = Σ_n Σ_r Σ_s  ∂L/∂y[n,c,r,s]
//! ∂L/∂x[c,r,s]  = Σ_i Σ_j  w[c,i,j] · ∂L/∂y[c, r−i+p, s−j+p]
//! ```
//!
//! The last line is a depthwise convolution again, of the output gradient with the kernels turned by half a turn
//! ([`flip`]) and padding `size − 1 − p` ([`Kernel::of_input_gradient`]); so the input gradient is the forward kernel
//! once more, without bias. ∂L/∂b is [`crate::conv2d::grad_bias`].

mod forward;
mod grad_weight;
mod plain;

use std::ops::Range;

use crate::conv2d::{Call, Kernel};
use crate::isa::dispatch;
use crate::{Geometry, Isa, Lanes};

/// The call, once its channels were found to be as many on both sides.
fn checked(kernel: Kernel, input: Geometry, output: Geometry) -> Call {
    assert_eq!(output.channels, input.channels, "channels of output and input");
    Call::checked(kernel, input, output)
}

/// Computes `output` (overwritten) as the depthwise convolution of `input`, then ReLU where `relu` is set.
///
/// `weight` is `[channel][row][column]`, `bias` one value per channel (zero if absent).
///
/// # Panics
/// When a length does not fit its geometry, the channels of input and output differ, the output's sides are not the
/// convolution's, the padding reaches the kernel's size, or the input's border is narrower than the padding.
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
    let call = checked(kernel, input_geometry, output_geometry);
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(weight.len(), output_geometry.channels * kernel.size * kernel.size, "weight length");
    assert!(bias.is_none_or(|b| b.len() == output_geometry.channels), "bias length");
    assert!(rows.end <= output_geometry.height, "rows {rows:?} of {}", output_geometry.height);
    dispatch!(isa,
        plain => plain::forward(&call, rows, output, input, weight, bias, relu),
        simd => forward::fast(simd, &call, rows, output, input, weight, bias, relu),
    );
}

/// Writes the weights `[c][i][j]` into `flipped` (overwritten) as `[c][size−1−i][size−1−j]`: every channel's kernel
/// turned by half a turn, for the input gradient.
///
/// # Panics
/// When the slices differ in length, or are no whole number of kernels long.
pub fn flip(weight: &[f32], size: usize, flipped: &mut [f32]) {
    let taps = size * size;
    assert!(weight.len().is_multiple_of(taps), "{} weights are no kernels of {taps}", weight.len());
    assert_eq!(flipped.len(), weight.len(), "flipped length");
    for (from, to) in weight.chunks_exact(taps).zip(flipped.chunks_exact_mut(taps)) {
        for (w, flipped) in from.iter().rev().zip(to) {
            *flipped = *w;
        }
    }
}

/// Computes ∂L/∂w of this lane group (`grad_weight`, overwritten, laid out as the weights).
///
/// Each element is summed per lane over rows then columns, and over lanes in the fixed tree; inactive lanes must hold
/// zero in `grad_output`.
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
    let call = checked(kernel, input_geometry, output_geometry);
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(grad_weight.len(), output_geometry.channels * kernel.size * kernel.size, "grad_weight length");
    dispatch!(isa,
        plain => plain::grad_weight(&call, grad_weight, grad_output, input),
        simd => grad_weight::fast(simd, &call, grad_weight, grad_output, input),
    );
}
