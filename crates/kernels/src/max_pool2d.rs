//! 2×2 max pooling with stride 2; an odd last row or column is dropped (7 → 3).
//!
//! `y[c,r,s] = max of x[c, 2r+{0,1}, 2s+{0,1}]`; ∂L/∂x is ∂L/∂y at the element that was the maximum and 0 elsewhere.
//! Of equal maxima the first in reading order takes the gradient, as in PyTorch; NaN counts as larger than any number.
//! Which element it was is found again from x in the backward pass: comparing anew costs less than storing it.

use std::ops::Range;

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, f32x16, mask32x16};

use crate::isa::dispatch;
use crate::lanes::{load, store};
use crate::{Geometry, Isa, LANES, Lanes};

/// The shape of the pooled tensor: sides halved, rounded down.
pub fn output_side(side: usize) -> usize {
    side / 2
}

/// Checks that `output` has the shape of `input` pooled.
pub(crate) fn check_pooled(input: Geometry, output: Geometry) {
    assert_eq!(
        (output.channels, output.height, output.width),
        (input.channels, output_side(input.height), output_side(input.width)),
        "pooled shape"
    );
}

/// Whether `candidate` takes the place of `best`.
#[inline(always)]
pub(crate) fn plain_beats(candidate: f32, best: f32) -> bool {
    candidate > best || candidate.is_nan()
}

/// [`plain_beats`] in every lane.
#[inline(always)]
pub(crate) fn beats<S: Simd>(candidate: f32x16<S>, best: f32x16<S>) -> mask32x16<S> {
    candidate.simd_gt(best) | candidate.is_nan()
}

/// The one of two vectors' values, lane by lane, that wins: the larger, the first of equals, NaN before any number.
#[inline(always)]
pub(crate) fn larger<S: Simd>(best: S::f32s, candidate: S::f32s) -> S::f32s {
    (candidate.simd_gt(best) | candidate.is_nan()).select(candidate, best)
}

/// Writes the pooled content of `input` into the content of `output` (overwritten).
///
/// # Panics
/// When a length does not fit, or the output's shape is not the pooled one.
pub fn forward(isa: Isa, output: &mut [Lanes], output_geometry: Geometry, input: &[Lanes], input_geometry: Geometry) {
    forward_rows(isa, 0..output_geometry.height, output, output_geometry, input, input_geometry);
}

/// [`forward`] for `rows` of the output alone.
///
/// # Panics
/// As [`forward`], and when there are no such rows.
pub fn forward_rows(
    isa: Isa,
    rows: Range<usize>,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
) {
    assert!(rows.end <= output_geometry.height, "rows {rows:?} of {}", output_geometry.height);
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    check_pooled(input_geometry, output_geometry);
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => for c in 0..og.channels {
            for r in rows.clone() {
                for s in 0..og.width {
                    let mut best = input[ig.index(c, 2 * r, 2 * s)].0;
                    for (i, j) in [(0, 1), (1, 0), (1, 1)] {
                        let x = &input[ig.index(c, 2 * r + i, 2 * s + j)].0;
                        for l in 0..LANES {
                            if plain_beats(x[l], best[l]) {
                                best[l] = x[l];
                            }
                        }
                    }
                    output[og.index(c, r, s)] = Lanes(best);
                }
            }
        },
        simd => for c in 0..og.channels {
            for r in rows.clone() {
                let upper = &input[ig.index(c, 2 * r, 0)..][..2 * og.width];
                let lower = &input[ig.index(c, 2 * r + 1, 0)..][..2 * og.width];
                let y = &mut output[og.index(c, r, 0)..][..og.width];
                for ((y, upper), lower) in y.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                    let mut best = load(simd, &upper[0]);
                    for x in [&upper[1], &lower[0], &lower[1]] {
                        let x = load(simd, x);
                        best = beats(x, best).select(x, best);
                    }
                    store(y, best);
                }
            }
        },
    );
}

/// Writes ∂L/∂x into the content of `grad_input` (overwritten, elements that lost or were dropped become zero).
///
/// # Panics
/// When a length does not fit, or the shapes do not belong together.
pub fn backward(
    isa: Isa,
    grad_input: &mut [Lanes],
    grad_input_geometry: Geometry,
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
) {
    assert_eq!(grad_input.len(), grad_input_geometry.len(), "grad_input length");
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(grad_input_geometry.same_shape(&input_geometry), "shapes {grad_input_geometry:?}, {input_geometry:?}");
    check_pooled(input_geometry, output_geometry);
    let (gg, og, ig) = (grad_input_geometry, output_geometry, input_geometry);
    clear_dropped(grad_input, gg, og);
    dispatch!(isa,
        plain => for c in 0..og.channels {
            for r in 0..og.height {
                for s in 0..og.width {
                    let dy = grad_output[og.index(c, r, s)].0;
                    let places = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| (2 * r + i, 2 * s + j));
                    for l in 0..LANES {
                        let mut winner = places[0];
                        for &(row, column) in &places {
                            let best = input[ig.index(c, winner.0, winner.1)].0[l];
                            if plain_beats(input[ig.index(c, row, column)].0[l], best) {
                                winner = (row, column);
                            }
                        }
                        for &(row, column) in &places {
                            let gradient = if (row, column) == winner { dy[l] } else { 0.0 };
                            grad_input[gg.index(c, row, column)].0[l] = gradient;
                        }
                    }
                }
            }
        },
        simd => for c in 0..og.channels {
            let zero = f32x16::splat(simd, 0.0);
            for r in 0..og.height {
                let upper = &input[ig.index(c, 2 * r, 0)..][..2 * og.width];
                let lower = &input[ig.index(c, 2 * r + 1, 0)..][..2 * og.width];
                let dy = &grad_output[og.index(c, r, 0)..][..og.width];
                let (above, below) = grad_input.split_at_mut(gg.index(c, 2 * r + 1, 0));
                let above = &mut above[gg.index(c, 2 * r, 0)..][..2 * og.width];
                let below = &mut below[..2 * og.width];
                for s in 0..og.width {
                    let x00 = load(simd, &upper[2 * s]);
                    let (x01, x10) = (load(simd, &upper[2 * s + 1]), load(simd, &lower[2 * s]));
                    let x11 = load(simd, &lower[2 * s + 1]);
                    let take01 = beats(x01, x00);
                    let best = take01.select(x01, x00);
                    let take10 = beats(x10, best);
                    let best = take10.select(x10, best);
                    let take11 = beats(x11, best);
                    // What the last winner does not take is left to the winner before it.
                    let left = load(simd, &dy[s]);
                    store(&mut below[2 * s + 1], take11.select(left, zero));
                    let left = take11.select(zero, left);
                    store(&mut below[2 * s], take10.select(left, zero));
                    let left = take10.select(zero, left);
                    store(&mut above[2 * s + 1], take01.select(left, zero));
                    store(&mut above[2 * s], take01.select(zero, left));
                }
            }
        },
    );
}

/// Zeroes the gradient of an odd last column and of an odd last row: no output saw them.
fn clear_dropped(grad_input: &mut [Lanes], gg: Geometry, og: Geometry) {
    for c in 0..gg.channels {
        for r in 0..gg.height {
            let from = if r < 2 * og.height { 2 * og.width } else { 0 };
            grad_input[gg.index(c, r, 0)..][from..gg.width].fill(Lanes::ZERO);
        }
    }
}
