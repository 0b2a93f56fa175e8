//! Linear layer: `y[f] = b[f] + Σ_e w[f,e]·x[e]` over all elements e in the order channel, row, column.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{AlignedFloats, Layout, padded};
use crate::Isa;
use crate::isa::dispatch;
use crate::tiling::tiles;

/// Vectors of features whose sums run side by side, to hide the latency of a fused multiply-add.
const VECTORS_AT_ONCE: usize = 8;

/// Weights and bias, packed as `[input element][feature]`, features filled up to whole vectors.
#[derive(Clone, Debug)]
pub struct Weight {
    features: usize,
    elements: usize,
    values: AlignedFloats,
    bias: AlignedFloats,
}

impl Weight {
    /// Packs `weight`, `[feature][input element]`, and `bias`, one value per feature (zero if absent).
    ///
    /// # Panics
    /// When the lengths do not belong together.
    pub fn new(weight: &[f32], bias: Option<&[f32]>, features: usize, elements: usize) -> Self {
        assert_eq!(weight.len(), features * elements, "weight length");
        assert!(bias.is_none_or(|b| b.len() == features), "bias length");
        let mut values = AlignedFloats::zeros(elements * padded(features));
        for f in 0..features {
            for e in 0..elements {
                values[e * padded(features) + f] = weight[f * elements + e];
            }
        }
        Weight { features, elements, values, bias: AlignedFloats::filled_up(bias.unwrap_or(&[]), padded(features)) }
    }

    /// Output features.
    pub fn features(&self) -> usize {
        self.features
    }
}

/// Computes the content of `output` (`[1][1][features]`, overwritten).
///
/// # Panics
/// When a length does not fit its layout, a layout is planar, or the shapes do not belong together.
pub fn forward(
    isa: Isa,
    output: &mut [f32],
    output_layout: Layout,
    input: &[f32],
    input_layout: Layout,
    weight: &Weight,
) {
    let (ol, il) = (output_layout, input_layout);
    assert_eq!(output.len(), ol.len(), "output length");
    assert_eq!(input.len(), il.len(), "input length");
    assert!(!ol.is_planar() && !il.is_planar(), "{ol:?} and {il:?} must not be planar");
    assert_eq!((ol.channels, ol.height, ol.width), (weight.features, 1, 1), "output shape");
    assert_eq!(il.elements(), weight.elements, "input elements");
    let output = &mut output[ol.index(0, 0)..][..ol.pixel()];
    dispatch!(isa,
        plain => for f in 0..weight.features {
            let mut sum = weight.bias[f];
            let mut e = 0;
            for c in 0..il.channels {
                for r in 0..il.height {
                    for s in 0..il.width {
                        sum = input[il.index(r, s) + c].mul_add(weight.values[e * ol.pixel() + f], sum);
                        e += 1;
                    }
                }
            }
            output[f] = sum;
        },
        simd => for (first, vectors) in tiles(weight.features.div_ceil(vector_length(simd)), VECTORS_AT_ONCE) {
            let f = first * vector_length(simd);
            match vectors {
                1 => block::<_, 1>(simd, f, output, input, il, weight),
                2 => block::<_, 2>(simd, f, output, input, il, weight),
                3 => block::<_, 3>(simd, f, output, input, il, weight),
                4 => block::<_, 4>(simd, f, output, input, il, weight),
                5 => block::<_, 5>(simd, f, output, input, il, weight),
                6 => block::<_, 6>(simd, f, output, input, il, weight),
                7 => block::<_, 7>(simd, f, output, input, il, weight),
                _ => block::<_, 8>(simd, f, output, input, il, weight),
            }
        },
    );
}

/// Floats of a vector of the instruction set.
#[inline(always)]
fn vector_length<S: Simd>(_: S) -> usize {
    S::f32s::LEN
}

/// `VECTORS` vectors of features from `f`. Never inlined: a function of its own keeps its sums in registers.
#[inline(never)]
fn block<S: Simd, const VECTORS: usize>(
    simd: S,
    f: usize,
    output: &mut [f32],
    input: &[f32],
    il: Layout,
    weight: &Weight,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut sums = [S::f32s::splat(simd, 0.0); VECTORS];
            for n in 0..VECTORS {
                let at = f + n * S::f32s::LEN;
                sums[n] = S::f32s::from_slice(simd, &weight.bias[at..at + S::f32s::LEN]);
            }
            let mut at = f;
            for c in 0..il.channels {
                for r in 0..il.height {
                    for s in 0..il.width {
                        let x = S::f32s::splat(simd, input[il.index(r, s) + c]);
                        let w = &weight.values[at..at + VECTORS * S::f32s::LEN];
                        for n in 0..VECTORS {
                            let w = S::f32s::from_slice(simd, &w[n * S::f32s::LEN..(n + 1) * S::f32s::LEN]);
                            sums[n] = x.mul_add_precise(w, sums[n]);
                        }
                        at += padded(weight.features);
                    }
                }
            }
            for n in 0..VECTORS {
                let at = f + n * S::f32s::LEN;
                sums[n].store_slice(&mut output[at..at + S::f32s::LEN]);
            }
        },
    );
}
