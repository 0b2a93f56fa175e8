//! Batch normalisation and the dropout behind it, in one pass each way.
//!
//! What [`crate::batch_norm`] and [`crate::dropout`] compute one after the other, bit for bit. The mask takes so much
//! arithmetic that a pass of batch norm, which waits for memory, is over by the time the mask is made.

use fearless_simd::{SimdBase, SimdFloat, f32x16};

use crate::batch_norm::{GradientSums, Normaliser};
use crate::dropout::{Dropper, Mask};
use crate::isa::dispatch;
use crate::lanes::{load, store, sum};
use crate::{Geometry, Isa, LANES, Lanes};

/// Channels whose sums run side by side.
const CHANNELS_AT_ONCE: usize = 4;

/// Writes y = ((x − mean)·scale + shift) · m/(1−p) into the content of `output` (overwritten; its border is left alone).
///
/// # Panics
/// When a length does not fit, the shapes differ, or the mask's rate is not in `0..1`.
pub fn normalise(
    isa: Isa,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
    mask: &Mask,
) {
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(output_geometry.same_shape(&input_geometry), "shapes {output_geometry:?} and {input_geometry:?}");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    mask.check();
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, n) in normalisers.iter().enumerate() {
            for r in 0..ig.height {
                for s in 0..ig.width {
                    let mut y = input[ig.index(c, r, s)];
                    for l in 0..LANES {
                        y.0[l] = (y.0[l] - n.mean).mul_add(n.scale, n.shift);
                    }
                    output[og.index(c, r, s)] = mask.plain(og, [c, r, s], y);
                }
            }
        },
        simd => {
            let dropper = Dropper::of(simd, mask);
            for (c, n) in normalisers.iter().enumerate() {
                let mean = f32x16::splat(simd, n.mean);
                let (scale, shift) = (f32x16::splat(simd, n.scale), f32x16::splat(simd, n.shift));
                for r in 0..ig.height {
                    let mut dropper = dropper.at(simd, og, c, r);
                    let x = &input[ig.index(c, r, 0)..][..ig.width];
                    let y = &mut output[og.index(c, r, 0)..][..ig.width];
                    for (y, x) in y.iter_mut().zip(x) {
                        let normalised = (load(simd, x) - mean).mul_add_precise(scale, shift);
                        store(y, dropper.next(simd, normalised));
                    }
                }
            }
        },
    );
}

/// Turns ∂L/∂(behind dropout) in `gradient` into ∂L/∂y, y being what is normalised, in place: multiplies its content by
/// m/(1−p); and writes Σ ∂L/∂y and Σ ∂L/∂y·(x−μ) of each channel of this lane group into `sums` (overwritten).
///
/// They run per lane over rows then columns. Inactive lanes must hold zero in `gradient`.
///
/// # Panics
/// When a length does not fit, the shapes differ, or the mask's rate is not in `0..1`.
#[allow(clippy::too_many_arguments)]
pub fn gradient_sums(
    isa: Isa,
    sums: &mut [GradientSums],
    gradient: &mut [Lanes],
    gradient_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
    mask: &Mask,
) {
    assert_eq!(gradient.len(), gradient_geometry.len(), "gradient length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(gradient_geometry.same_shape(&input_geometry), "shapes {gradient_geometry:?} and {input_geometry:?}");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    assert_eq!(sums.len(), input_geometry.channels, "sums length");
    mask.check();
    let (gg, ig) = (gradient_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, (sums, n)) in sums.iter_mut().zip(normalisers).enumerate() {
            let (mut first, mut second) = (Lanes::ZERO, Lanes::ZERO);
            for r in 0..ig.height {
                for s in 0..ig.width {
                    let (dy, x) = (&mut gradient[gg.index(c, r, s)], input[ig.index(c, r, s)].0);
                    *dy = mask.plain(gg, [c, r, s], *dy);
                    for l in 0..LANES {
                        first.0[l] += dy.0[l];
                        second.0[l] = dy.0[l].mul_add(x[l] - n.mean, second.0[l]);
                    }
                }
            }
            *sums = GradientSums { gradient: first.sum(), gradient_times_deviation: second.sum() };
        },
        simd => {
            let dropper = Dropper::of(simd, mask);
            for (block, sums) in sums.chunks_mut(CHANNELS_AT_ONCE).enumerate() {
                let channel = block * CHANNELS_AT_ONCE;
                let zero = f32x16::splat(simd, 0.0);
                let mut running = [(zero, zero); CHANNELS_AT_ONCE];
                for r in 0..ig.height {
                    for (k, (first, second)) in running.iter_mut().enumerate().take(sums.len()) {
                        let mean = f32x16::splat(simd, normalisers[channel + k].mean);
                        let mut dropper = dropper.at(simd, gg, channel + k, r);
                        let dy = &mut gradient[gg.index(channel + k, r, 0)..][..gg.width];
                        let x = &input[ig.index(channel + k, r, 0)..][..ig.width];
                        for (dy, x) in dy.iter_mut().zip(x) {
                            let dropped = dropper.next(simd, load(simd, dy));
                            store(dy, dropped);
                            *first += dropped;
                            *second = dropped.mul_add_precise(load(simd, x) - mean, *second);
                        }
                    }
                }
                for (sums, (first, second)) in sums.iter_mut().zip(running) {
                    *sums = GradientSums { gradient: sum(simd, first), gradient_times_deviation: sum(simd, second) };
                }
            }
        },
    );
}
