//! ReLU: y = x where x > 0, else 0; ∂L/∂x = ∂L/∂y where y > 0, else 0.
//!
//! The derivative at 0 is taken as 0, as every framework takes it. NaN passes through forward, so that a network that
//! has gone wrong is seen to have gone wrong.

use std::ops::Range;

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, f32x16};

use crate::isa::dispatch;
use crate::lanes::{load, store};
use crate::{Geometry, Isa, Lanes};

/// ReLU of one value; NaN stays NaN.
#[inline(always)]
pub(crate) fn plain_relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// The gradient behind a ReLU whose output was `y`: `gradient` where y > 0, else 0.
#[inline(always)]
pub(crate) fn plain_relu_gradient(gradient: f32, y: f32) -> f32 {
    if y > 0.0 { gradient } else { 0.0 }
}

/// [`plain_relu`] of a vector of any width.
#[inline(always)]
pub(crate) fn vector_relu<S: Simd, V>(simd: S, x: V) -> V
where
    V: SimdFloat<S, Element = f32>,
    V::Mask: Select<V>,
{
    let zero = V::splat(simd, 0.0);
    if cfg!(target_arch = "x86_64") {
        // In one instruction for three: of zeros of both signs, and where x is NaN, the maximum of x86 is its second operand.
        zero.max(x)
    } else {
        x.simd_lt(zero).select(zero, x)
    }
}

/// Replaces every element of `values` by its ReLU, in place.
///
/// # Panics
/// When `values` does not fit `geometry`.
pub fn forward(isa: Isa, values: &mut [Lanes], geometry: Geometry) {
    forward_rows(isa, 0..geometry.height, values, geometry);
}

/// [`forward`] for `rows` alone.
///
/// # Panics
/// As [`forward`], and when there are no such rows.
pub fn forward_rows(isa: Isa, rows: Range<usize>, values: &mut [Lanes], geometry: Geometry) {
    assert_eq!(values.len(), geometry.len(), "values length");
    assert!(rows.end <= geometry.height, "rows {rows:?} of {}", geometry.height);
    let places = (0..geometry.channels)
        .flat_map(|c| rows.clone().map(move |r| geometry.index(c, r, 0)..geometry.index(c, r, 0) + geometry.width));
    dispatch!(isa,
        plain => for place in places {
            for x in values[place].iter_mut().flat_map(|v| &mut v.0) {
                *x = plain_relu(*x);
            }
        },
        simd => for place in places {
            for v in &mut values[place] {
                store(v, vector_relu(simd, load(simd, v)));
            }
        },
    );
}

/// Turns ∂L/∂y in `gradient` into ∂L/∂x, in place: `∂L/∂x = ∂L/∂y · [y > 0]`, `output` being y.
///
/// # Panics
/// When a slice does not fit its geometry, or the shapes differ.
pub fn backward(
    isa: Isa,
    gradient: &mut [Lanes],
    gradient_geometry: Geometry,
    output: &[Lanes],
    output_geometry: Geometry,
) {
    assert_eq!(gradient.len(), gradient_geometry.len(), "gradient length");
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert!(gradient_geometry.same_shape(&output_geometry), "shapes {gradient_geometry:?} and {output_geometry:?}");
    let (gg, og) = (gradient_geometry, output_geometry);
    dispatch!(isa,
        plain => each_pair(gradient, gg, output, og, #[inline(always)] |dx, y| {
            for (dx, y) in dx.0.iter_mut().zip(&y.0) {
                *dx = plain_relu_gradient(*dx, *y);
            }
        }),
        simd => each_pair(gradient, gg, output, og, #[inline(always)] |dx, y| {
            let zero = f32x16::splat(simd, 0.0);
            store(dx, load(simd, y).simd_gt(zero).select(load(simd, dx), zero));
        }),
    );
}

/// Calls `each` for every element of content of two tensors of one shape.
#[inline(always)]
fn each_pair(
    a: &mut [Lanes],
    a_geometry: Geometry,
    b: &[Lanes],
    b_geometry: Geometry,
    each: impl Fn(&mut Lanes, &Lanes),
) {
    for c in 0..a_geometry.channels {
        for r in 0..a_geometry.height {
            let a = &mut a[a_geometry.index(c, r, 0)..][..a_geometry.width];
            let b = &b[b_geometry.index(c, r, 0)..][..b_geometry.width];
            for (a, b) in a.iter_mut().zip(b) {
                each(a, b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_leave_minus_zero_and_nan_as_they_are() {
        let least = f32::from_bits(1);
        let odd = [-0.0, 0.0, least, -least, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        for isa in Isa::available() {
            let mut x: [f32; 16] = std::array::from_fn(|i| odd[i % odd.len()]);
            let bits = |x: f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
            let wanted = x.map(|x| bits(plain_relu(x)));
            dispatch!(isa,
                plain => x.iter_mut().for_each(|x| *x = plain_relu(*x)),
                simd => relu_of_all(simd, &mut x),
            );
            assert_eq!(x.map(bits), wanted, "{isa}");
        }
    }

    #[inline(always)]
    fn relu_of_all<S: Simd>(simd: S, x: &mut [f32]) {
        for x in x.chunks_exact_mut(S::f32s::LEN) {
            vector_relu(simd, S::f32s::from_slice(simd, x)).store_slice(x);
        }
    }
}
