//! The points of F(4×4, 3×3), and the transforms of inputs and outputs on vectors.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{INNER, POINTS, TILE};

/// Points 1 and 2 are ± this. With ±1 and ±2, which take fewer operations, the rounding error is twice as large
/// (docs/performance.md).
pub(super) const NEAR: f32 = 5.0 / 8.0;
/// Points 3 and 4 are ± this.
pub(super) const FAR: f32 = 3.0 / 2.0;
/// Its square: exact, as are all the products of the two that follow.
pub(super) const NEAR_2: f32 = NEAR * NEAR;
/// Its square.
pub(super) const FAR_2: f32 = FAR * FAR;
/// The powers of the two, which the rows of Aᵀ multiply by: products, because what `powi` rounds to is not promised.
pub(super) const NEAR_POWERS: [f32; TILE] = [1.0, NEAR, NEAR_2, NEAR_2 * NEAR];
/// See [`NEAR_POWERS`].
pub(super) const FAR_POWERS: [f32; TILE] = [1.0, FAR, FAR_2, FAR_2 * FAR];
/// What points 0 and 5 multiply the first or second input by.
pub(super) const PRODUCT: f32 = NEAR_2 * FAR_2;
/// What they multiply the third or fourth by, negative.
pub(super) const SUM: f32 = NEAR_2 + FAR_2;

/// Points 0 and 5 of Bᵀ times a column.
#[inline(always)]
pub(crate) fn transform_ends<S: Simd>(simd: S, d: [S::f32s; POINTS]) -> [S::f32s; 2] {
    let (product, minus_sum) = (S::f32s::splat(simd, PRODUCT), S::f32s::splat(simd, -SUM));
    let end = |d: [S::f32s; 3]| product.mul_add_precise(d[0], minus_sum.mul_add_precise(d[1], d[2]));
    [end([d[0], d[2], d[4]]), end([d[1], d[3], d[5]])]
}

/// Points 1 and 2.
#[inline(always)]
pub(crate) fn transform_near<S: Simd>(simd: S, d: [S::f32s; POINTS]) -> [S::f32s; 2] {
    transform_pair(simd, NEAR, FAR_2, d)
}

/// Points 3 and 4.
#[inline(always)]
pub(crate) fn transform_far<S: Simd>(simd: S, d: [S::f32s; POINTS]) -> [S::f32s; 2] {
    transform_pair(simd, FAR, NEAR_2, d)
}

/// The points ± `point`, `other_2` being the square of the other pair's.
#[inline(always)]
fn transform_pair<S: Simd>(simd: S, point: f32, other_2: f32, d: [S::f32s; POINTS]) -> [S::f32s; 2] {
    let (point, minus_other) = (S::f32s::splat(simd, point), S::f32s::splat(simd, -other_2));
    let (even, odd) = (minus_other.mul_add_precise(d[2], d[4]), minus_other.mul_add_precise(d[1], d[3]));
    [point.mul_add_precise(odd, even), (-point).mul_add_precise(odd, even)]
}

/// Bᵀ times a column.
#[inline(always)]
pub(crate) fn transform_input<S: Simd>(simd: S, d: [S::f32s; POINTS]) -> [S::f32s; POINTS] {
    let ([v0, v5], [v1, v2], [v3, v4]) = (transform_ends(simd, d), transform_near(simd, d), transform_far(simd, d));
    [v0, v1, v2, v3, v4, v5]
}

/// Aᵀ times the four inner points: what the outer two are added to.
#[inline(always)]
pub(crate) fn transform_inner<S: Simd>(simd: S, m: [S::f32s; INNER]) -> [S::f32s; TILE] {
    let (near, far) = ([m[0] + m[1], m[0] - m[1]], [m[2] + m[3], m[2] - m[3]]);
    [
        combine::<S, 0>(simd, near, far),
        combine::<S, 1>(simd, near, far),
        combine::<S, 2>(simd, near, far),
        combine::<S, 3>(simd, near, far),
    ]
}

/// Output `ROW` of Aᵀ times the four inner points, of which sum and difference of the near and of the far ones are given.
#[inline(always)]
pub(super) fn combine<S: Simd, const ROW: usize>(simd: S, near: [S::f32s; 2], far: [S::f32s; 2]) -> S::f32s {
    let (near, far) = (near[ROW % 2], far[ROW % 2]);
    let (of_near, of_far) = (S::f32s::splat(simd, NEAR_POWERS[ROW]), S::f32s::splat(simd, FAR_POWERS[ROW]));
    if ROW == 0 { near + far } else { of_far.mul_add_precise(far, of_near * near) }
}
