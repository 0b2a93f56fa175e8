//! The vector of sixteen images, and the one order in which lanes are summed.

use fearless_simd::{Simd, SimdBase, f32x16};

/// How many images stand side by side in a [`Lanes`].
pub const LANES: usize = 16;

/// One element of sixteen images: a cache line of `f32`, lane *l* belonging to image *l* of the group.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; LANES]);

impl Lanes {
    /// Zero in every lane.
    pub const ZERO: Lanes = Lanes([0.0; LANES]);

    /// `value` in every lane.
    pub const fn splat(value: f32) -> Self {
        Lanes([value; LANES])
    }

    /// The sum over lanes in the one fixed tree: halves are added (l with l+8, then l+4, l+2, l+1).
    pub fn sum(&self) -> f32 {
        let mut v = self.0;
        for width in [8, 4, 2, 1] {
            for l in 0..width {
                v[l] += v[l + width];
            }
        }
        v[0]
    }

    /// These lanes with every lane from `active` on set to zero.
    pub fn masked(&self, active: usize) -> Self {
        Lanes(std::array::from_fn(|l| if l < active { self.0[l] } else { 0.0 }))
    }
}

/// Whether there are twice the 16 vector registers of AVX2, whose vectors alone are eight wide.
#[inline(always)]
pub(crate) fn has_32_registers<S: Simd>() -> bool {
    S::f32s::LEN != 8
}

/// Loads the whole of `lanes` as one 16-wide vector.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, lanes: &Lanes) -> f32x16<S> {
    f32x16::load_array_ref(simd, &lanes.0)
}

/// Stores a 16-wide vector over the whole of `lanes`.
#[inline(always)]
pub(crate) fn store<S: Simd>(lanes: &mut Lanes, value: f32x16<S>) {
    value.store_array(&mut lanes.0);
}

/// Loads the native-width part of `lanes` that begins at lane `part`.
#[inline(always)]
pub(crate) fn load_part<S: Simd>(simd: S, lanes: &Lanes, part: usize) -> S::f32s {
    S::f32s::from_slice(simd, &lanes.0[part..part + S::f32s::LEN])
}

/// Stores a native-width vector over the part of `lanes` that begins at lane `part`.
#[inline(always)]
pub(crate) fn store_part<S: Simd>(lanes: &mut Lanes, part: usize, value: S::f32s) {
    value.store_slice(&mut lanes.0[part..part + S::f32s::LEN]);
}

/// [`Lanes::sum`] on a vector in registers: the same tree.
#[inline(always)]
pub(crate) fn sum<S: Simd>(simd: S, value: f32x16<S>) -> f32 {
    let (low, high) = simd.split_f32x16(value);
    let (low, high) = simd.split_f32x8(low + high);
    let four = (low + high).to_array();
    (four[0] + four[2]) + (four[1] + four[3])
}

/// A mask vector: one in the lanes below `active`, zero in the others.
#[inline(always)]
pub(crate) fn active_mask<S: Simd>(simd: S, active: usize) -> fearless_simd::mask32x16<S> {
    use fearless_simd::SimdMask;
    fearless_simd::mask32x16::from_bitmask(simd, (1u64 << active) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_tree_adds_halves() {
        // 1e8 and -1e8 meet in the first level (lanes 0 and 8), so the small lanes survive.
        let mut lanes = Lanes::splat(0.25);
        lanes.0[0] = 1e8;
        lanes.0[8] = -1e8;
        assert_eq!(lanes.sum(), 3.5);
    }

    #[test]
    fn masked_keeps_the_first_lanes() {
        let lanes = Lanes(std::array::from_fn(|l| l as f32 + 1.0));
        assert_eq!(lanes.masked(3).sum(), 6.0);
        assert_eq!(lanes.masked(0), Lanes::ZERO);
        assert_eq!(lanes.masked(LANES), lanes);
    }
}
