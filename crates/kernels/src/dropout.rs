//! Dropout: y = x · m/(1−p), m = 0 with probability p, else 1; ∂L/∂x = ∂L/∂y · m/(1−p), the same map.
//!
//! The mask is a function of a key per image and the element's number, never stored and never drawn in sequence, so
//! the backward pass calls the same kernel again and finds the same mask, on any thread. Per lane the bits are
//! mix(key ⊕ element·φ), `mix` being a 32-bit finaliser (two multiplications, three shifted exclusive-ors) of which
//! every output bit depends on every input bit.

use fearless_simd::{Select, Simd, SimdBase, f32x16, u32x16};

use crate::isa::dispatch;
use crate::lanes::{load, store};
use crate::{Geometry, Isa, LANES, Lanes};

/// 2³² over the golden ratio, made odd: consecutive elements land far apart.
const SPREAD: u32 = 0x9E37_79B1;
const FIRST: u32 = 0x7FEB_352D;
const SECOND: u32 = 0x846C_A68B;

/// Which elements to drop, and for which images.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    /// A key for each image of the group; different keys give unrelated masks.
    pub keys: [u32; LANES],
    /// The probability p of dropping an element, at least 0 and below 1, to within 2⁻²⁴.
    pub rate: f32,
}

impl Mask {
    /// A mask that drops nothing.
    pub(crate) const NOTHING: Mask = Mask { keys: [0; LANES], rate: 0.0 };

    fn threshold(&self) -> u32 {
        (self.rate * (1 << 24) as f32) as u32
    }

    fn scale(&self) -> f32 {
        1.0 / (1.0 - self.rate)
    }

    /// Whether the element with this number is dropped for the image in `lane`.
    #[inline(always)]
    fn drops(&self, lane: usize, element: u32) -> bool {
        let mut h = self.keys[lane] ^ element.wrapping_mul(SPREAD);
        h = (h ^ (h >> 16)).wrapping_mul(FIRST);
        h = (h ^ (h >> 15)).wrapping_mul(SECOND);
        (h ^ (h >> 16)) >> 8 < self.threshold()
    }

    /// The plain form of one element, that at channel, row and column of a tensor of this shape.
    #[inline(always)]
    pub(crate) fn plain(&self, geometry: Geometry, [c, r, s]: [usize; 3], value: Lanes) -> Lanes {
        let element = ((c * geometry.height + r) * geometry.width + s) as u32;
        let scale = self.scale();
        let mut dropped = value;
        for (l, v) in dropped.0.iter_mut().enumerate() {
            *v = if self.drops(l, element) { 0.0 } else { *v * scale };
        }
        dropped
    }

    /// # Panics
    /// When the rate is not in `0..1`.
    pub(crate) fn check(&self) {
        assert!((0.0..1.0).contains(&self.rate), "dropout rate {}", self.rate);
    }
}

/// A [`Mask`] in every lane, on its way along a row.
#[derive(Clone, Copy)]
pub(crate) struct Dropper<S: Simd> {
    keys: u32x16<S>,
    /// The number of the next element, times φ.
    element: u32x16<S>,
    threshold: u32x16<S>,
    spread: u32x16<S>,
    scale: f32x16<S>,
}

impl<S: Simd> Dropper<S> {
    #[inline(always)]
    pub(crate) fn of(simd: S, mask: &Mask) -> Self {
        Dropper {
            keys: u32x16::load_array(simd, mask.keys),
            element: u32x16::splat(simd, 0),
            // h >> 8 is below the threshold where h is below its 2⁸-fold, which fits: the rate is below 1.
            threshold: u32x16::splat(simd, mask.threshold() << 8),
            spread: u32x16::splat(simd, SPREAD),
            scale: f32x16::splat(simd, mask.scale()),
        }
    }

    /// The same before the element that begins this row of a tensor of that shape.
    #[inline(always)]
    pub(crate) fn at(&self, simd: S, geometry: Geometry, channel: usize, row: usize) -> Self {
        let first = ((channel * geometry.height + row) * geometry.width) as u32;
        Dropper { element: u32x16::splat(simd, first.wrapping_mul(SPREAD)), ..*self }
    }

    /// The next element of the row, which is `value`, multiplied by its mask and 1/(1−p).
    #[inline(always)]
    pub(crate) fn next(&mut self, simd: S, value: f32x16<S>) -> f32x16<S> {
        let mut h = self.keys ^ self.element;
        // element·φ, by addition from element to element.
        self.element += self.spread;
        h = (h ^ (h >> 16)) * u32x16::splat(simd, FIRST);
        h = (h ^ (h >> 15)) * u32x16::splat(simd, SECOND);
        h = h ^ (h >> 16);
        h.simd_lt(self.threshold).select(f32x16::splat(simd, 0.0), value * self.scale)
    }
}

/// Multiplies the content of `values` by the mask and 1/(1−p), in place: forward on activations, backward on gradients.
///
/// # Panics
/// When `values` does not fit `geometry`, or the rate is not in `0..1`.
pub fn apply(isa: Isa, values: &mut [Lanes], geometry: Geometry, mask: &Mask) {
    assert_eq!(values.len(), geometry.len(), "values length");
    mask.check();
    let g = geometry;
    dispatch!(isa,
        plain => for c in 0..g.channels {
            for r in 0..g.height {
                for s in 0..g.width {
                    let v = &mut values[g.index(c, r, s)];
                    *v = mask.plain(g, [c, r, s], *v);
                }
            }
        },
        simd => {
            let dropper = Dropper::of(simd, mask);
            for c in 0..g.channels {
                for r in 0..g.height {
                    let mut dropper = dropper.at(simd, g, c, r);
                    for v in &mut values[g.index(c, r, 0)..][..g.width] {
                        store(v, dropper.next(simd, load(simd, v)));
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_kept_and_images_differ() {
        // Miri watches each operation: fewer for it.
        let geometry = Geometry::new(if cfg!(miri) { 1 } else { 40 }, 28, 28, 1);
        let mask = Mask { keys: std::array::from_fn(|l| l as u32), rate: 0.1 };
        let mut values = vec![Lanes::splat(1.0); geometry.len()];
        apply(Isa::detect(), &mut values, geometry, &mask);
        let dropped: Vec<usize> = (0..LANES).map(|l| values.iter().filter(|v| v.0[l] == 0.0).count()).collect();
        let n = geometry.elements() as f64;
        for &d in &dropped {
            // Five standard deviations of a binomial count.
            assert!((d as f64 - 0.1 * n).abs() < 5.0 * (n * 0.1 * 0.9).sqrt(), "{dropped:?} of {n}");
        }
        let same = values.iter().filter(|v| (v.0[0] == 0.0) && (v.0[1] == 0.0)).count() as f64;
        assert!((same - 0.01 * n).abs() < 5.0 * (n * 0.01).sqrt(), "{same} dropped in both of two images");
        let kept = values[geometry.index(0, 0, 0)].0.iter().find(|v| **v != 0.0).unwrap();
        assert!((kept - 1.0 / 0.9).abs() < 1e-6);
    }
}
