//! Global average pooling: `y[c] = (1/(H·W)) Σ_r Σ_s x[c,r,s]`, rows then columns in order.

use fearless_simd::{Simd, SimdBase};

use super::Layout;
use crate::Isa;
use crate::isa::dispatch;

/// Writes the mean of each channel of `input` into the content of `output` (`[1][1][channels]`, overwritten).
///
/// # Panics
/// When a length does not fit its layout, a layout is planar, or the output's shape is not the pooled one.
pub fn forward(isa: Isa, output: &mut [f32], output_layout: Layout, input: &[f32], input_layout: Layout) {
    let (ol, il) = (output_layout, input_layout);
    assert_eq!(output.len(), ol.len(), "output length");
    assert_eq!(input.len(), il.len(), "input length");
    assert!(!ol.is_planar() && !il.is_planar(), "{ol:?} and {il:?} must not be planar");
    assert_eq!((ol.channels, ol.height, ol.width), (il.channels, 1, 1), "pooled shape");
    let one_over = 1.0 / (il.height * il.width) as f32;
    dispatch!(isa,
        plain => for c in 0..il.channels {
            let mut sum = 0.0f32;
            for r in 0..il.height {
                for s in 0..il.width {
                    sum += input[il.index(r, s) + c];
                }
            }
            output[ol.index(0, 0) + c] = sum * one_over;
        },
        simd => fast(simd, output, ol, input, il, one_over),
    );
}

#[inline(always)]
fn fast<S: Simd>(simd: S, output: &mut [f32], ol: Layout, input: &[f32], il: Layout, one_over: f32) {
    for c in (0..il.channels).step_by(S::f32s::LEN) {
        let mut sum = S::f32s::splat(simd, 0.0);
        for r in 0..il.height {
            let row = &input[il.index(r, 0)..][..il.width * il.pixel()];
            for pixel in row.chunks_exact(il.pixel()) {
                sum += S::f32s::from_slice(simd, &pixel[c..c + S::f32s::LEN]);
            }
        }
        let to = ol.index(0, 0) + c;
        (sum * S::f32s::splat(simd, one_over)).store_slice(&mut output[to..to + S::f32s::LEN]);
    }
}
