//! What happens to a value before it is stored: ReLU, batch norm, 2×2 max pooling, each or none, in this order.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{AlignedFloats, padded};
use crate::batch_norm::Normaliser;
use crate::max_pool2d::{larger, plain_beats};
use crate::relu::{plain_relu, vector_relu};

/// ReLU, then (x − mean)·scale + shift, then the maximum of 2×2 pixels: those that were asked for.
///
/// Each of the `then_…` methods adds what follows and says whether it could: it cannot where something that comes
/// later in that order is there already.
#[derive(Clone, Debug, Default)]
pub struct Finish {
    relu: bool,
    /// Means, scales and shifts of all channels, filled up with zeros.
    normalisers: Option<[AlignedFloats; 3]>,
    pool: bool,
    /// Whether the largest of some results may have other bits than the result of the largest.
    loses_largest: bool,
}

impl Finish {
    /// Adds a ReLU.
    #[must_use]
    pub fn then_relu(&mut self) -> bool {
        let possible = self.normalisers.is_none() && !self.pool;
        self.relu |= possible;
        possible
    }

    /// Adds a batch norm with known statistics, a [`Normaliser`] per channel.
    #[must_use]
    pub fn then_normalise(&mut self, normalisers: &[Normaliser]) -> bool {
        let possible = self.normalisers.is_none() && !self.pool;
        if possible {
            let of = |part: fn(&Normaliser) -> f32| {
                let values: Vec<f32> = normalisers.iter().map(part).collect();
                AlignedFloats::filled_up(&values, padded(values.len()))
            };
            self.normalisers = Some([of(|n| n.mean), of(|n| n.scale), of(|n| n.shift)]);
            self.loses_largest = !normalisers.iter().all(keeps_largest);
        }
        possible
    }

    /// Adds a 2×2 max pooling.
    #[must_use]
    pub fn then_pool(&mut self) -> bool {
        let possible = !self.pool;
        self.pool = true;
        possible
    }

    /// Whether it pools.
    pub fn pools(&self) -> bool {
        self.pool
    }

    /// The sides of what is stored of a tensor of these sides: halved, rounded down, where it pools.
    pub fn stored_sides(&self, height: usize, width: usize) -> (usize, usize) {
        if self.pool { (height / 2, width / 2) } else { (height, width) }
    }

    /// Whether what pooling takes of values that are never −0 may as well be taken before ReLU and batch norm.
    pub(super) fn keeps_largest(&self) -> bool {
        !self.loses_largest
    }

    pub(super) fn check(&self, channels: usize) {
        let normalised = self.normalisers.as_ref().map_or(padded(channels), |[mean, ..]| mean.len());
        assert_eq!(normalised, padded(channels), "normalisers of {channels} channels");
    }

    /// ReLU and batch norm of one value of channel `k`.
    #[inline(always)]
    pub(super) fn plain(&self, k: usize, x: f32) -> f32 {
        let x = if self.relu { plain_relu(x) } else { x };
        match &self.normalisers {
            Some([mean, scale, shift]) => (x - mean[k]).mul_add(scale[k], shift[k]),
            None => x,
        }
    }

    /// The vector of channels from `k`, ready to be applied.
    #[inline(always)]
    pub(super) fn at<S: Simd>(&self, simd: S, k: usize) -> FinishAt<S> {
        let load = |values: &[f32]| S::f32s::from_slice(simd, &values[k..k + S::f32s::LEN]);
        let zero = S::f32s::splat(simd, 0.0);
        let (normalise, mean, scale, shift) = match &self.normalisers {
            Some([mean, scale, shift]) => (true, load(mean), load(scale), load(shift)),
            None => (false, zero, zero, zero),
        };
        FinishAt { simd, relu: self.relu, normalise, mean, scale, shift }
    }
}

/// Whether the largest of several values through this batch norm is, to the bit, the largest of them through it, given that
/// none is −0.
///
/// Rounding keeps the order where the scale is positive. What is left are numbers that become NaN, which only infinities
/// bring about, and results that are zeros of both signs, of which pooling takes the first. (x − mean)·scale + shift is
/// never −0 where the shift is large enough: the product, if it is near −shift, and the shift are multiples of 2⁻¹⁴⁹, so
/// their sum is exactly zero, which is +0, or does not vanish. Nor is it where the shift is zero, as in a batch norm before
/// its training, and the scale above a half: the least difference there is, 2⁻¹⁴⁹, does not vanish, and none is +0.
fn keeps_largest(n: &Normaliser) -> bool {
    let never_minus_zero = n.shift.abs() >= 1e-15 || n.shift == 0.0 && n.scale > 0.5;
    n.scale > 0.0 && never_minus_zero && [n.mean, n.scale, n.shift].iter().all(|x| x.is_finite())
}

/// The first of the largest of four values in reading order, NaN counting as larger than any number.
#[inline(always)]
pub(super) fn plain_largest(x: [f32; 4]) -> f32 {
    let mut best = x[0];
    for x in [x[1], x[2], x[3]] {
        if plain_beats(x, best) {
            best = x;
        }
    }
    best
}

/// A [`Finish`] of one vector of channels, in registers.
#[derive(Clone, Copy)]
pub(super) struct FinishAt<S: Simd> {
    simd: S,
    relu: bool,
    normalise: bool,
    mean: S::f32s,
    scale: S::f32s,
    shift: S::f32s,
}

impl<S: Simd> FinishAt<S> {
    /// [`Finish::plain`] of a vector of channels.
    #[inline(always)]
    pub fn apply(&self, x: S::f32s) -> S::f32s {
        let x = if self.relu { vector_relu(self.simd, x) } else { x };
        if self.normalise { (x - self.mean).mul_add_precise(self.scale, self.shift) } else { x }
    }
}

/// [`plain_largest`] of vectors of channels. Taken in pairs, for a shorter chain: the first of equals, or the last of
/// several NaN, is the same either way.
#[inline(always)]
pub(super) fn largest<S: Simd>(x: [S::f32s; 4]) -> S::f32s {
    let (upper, lower) = (larger::<S>(x[0], x[1]), larger::<S>(x[2], x[3]));
    larger::<S>(upper, lower)
}
