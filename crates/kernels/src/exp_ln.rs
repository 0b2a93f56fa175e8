//! exp and ln with the same bits on every instruction set: the platform's own differ from machine to machine.
//!
//! **exp**: x = n·ln 2 + r with n the nearest integer, so |r| ≤ ½ ln 2; eʳ by its Taylor polynomial of degree 7 (the
//! next term is below 6·10⁻⁹); then two multiplications by powers of two, so that results down to the smallest
//! denormal and up to infinity come out right.
//!
//! **ln**: x = 2ᵏ·m with m between √½ and √2, and ln m = 2·atanh s = 2s·(1 + s²/3 + s⁴/5 + s⁶/7 + s⁸/9), s =
//! (m−1)/(m+1), |s| < 0.1716 (the next term is below 2·10⁻⁹).
//!
//! Largest error measured against double precision, over every float of the range (`LONGHAND_EVERY_FLOAT=1 cargo test
//! --release -p longhand-kernels within_their_stated_error`): exp 0.94 units in the last place on −87 … 88; ln 1.97 on
//! every positive normal number.

use fearless_simd::{Bytes, Select, Simd, SimdBase, SimdFloat, SimdInt, f32x16, i32x16};

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts; the high part has its last twelve bits zero, so that n times it is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1/k! for k = 7 … 0.
const EXP: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
/// Below this exp is zero, above its negative it is infinite, to single precision.
const EXP_LIMIT: f32 = 104.0;
/// 2/(2k+1) for k = 4 … 1.
const ATANH: [f32; 4] = [2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0];
/// The bits of √½: subtracting them before taking the exponent puts m between √½ and √2.
const SQRT_HALF_BITS: i32 = 0x3F35_04F3;

/// eˣ; NaN stays NaN.
pub fn exp(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    let x = x.clamp(-EXP_LIMIT, EXP_LIMIT);
    let n = (x * LOG2_E).round_ties_even();
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut y = EXP[0];
    for c in &EXP[1..] {
        y = y.mul_add(r, *c);
    }
    let n = n as i32;
    let half = n >> 1;
    let power = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    y * power(half) * power(n - half)
}

/// ln x for positive normal x; infinity and NaN stay as they are; the rest of the line gives NaN or a wrong number.
pub fn ln(x: f32) -> f32 {
    if x.is_nan() || x == f32::INFINITY {
        return x;
    }
    let bits = (x.to_bits() as i32).wrapping_sub(SQRT_HALF_BITS);
    let k = (bits >> 23) as f32;
    let m = f32::from_bits(((bits & 0x007F_FFFF) + SQRT_HALF_BITS) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut tail = ATANH[0];
    for c in &ATANH[1..] {
        tail = tail.mul_add(z, *c);
    }
    let ln_m = (s * z).mul_add(tail, s + s);
    k.mul_add(LN_2_HIGH, k.mul_add(LN_2_LOW, ln_m))
}

/// [`exp`] of each lane.
#[inline(always)]
pub(crate) fn exp_lanes<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let splat = |v: f32| f32x16::splat(simd, v);
    let nan = x.is_nan();
    let clamped = x.simd_lt(splat(-EXP_LIMIT)).select(splat(-EXP_LIMIT), x);
    let clamped = clamped.simd_gt(splat(EXP_LIMIT)).select(splat(EXP_LIMIT), clamped);
    let clamped = nan.select(splat(0.0), clamped);
    let n = (clamped * LOG2_E).round_ties_even();
    let r = n.mul_add_precise(-LN_2_LOW, n.mul_add_precise(-LN_2_HIGH, clamped));
    let mut y = splat(EXP[0]);
    for c in &EXP[1..] {
        y = y.mul_add_precise(r, *c);
    }
    let n: i32x16<S> = n.to_int();
    let half = n >> 1;
    let power = |n: i32x16<S>| -> f32x16<S> { ((n + 127) << 23).bitcast() };
    nan.select(x, y * power(half) * power(n - half))
}

/// [`ln`] of each lane.
#[inline(always)]
pub(crate) fn ln_lanes<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let splat = |v: f32| f32x16::splat(simd, v);
    let bits: i32x16<S> = x.bitcast::<i32x16<S>>() - SQRT_HALF_BITS;
    let k: f32x16<S> = (bits >> 23).to_float();
    let m: f32x16<S> = ((bits & 0x007F_FFFF) + SQRT_HALF_BITS).bitcast();
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut tail = splat(ATANH[0]);
    for c in &ATANH[1..] {
        tail = tail.mul_add_precise(z, *c);
    }
    let ln_m = (s * z).mul_add_precise(tail, s + s);
    let result = k.mul_add_precise(LN_2_HIGH, k.mul_add_precise(LN_2_LOW, ln_m));
    x.simd_lt(splat(f32::INFINITY)).select(result, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::dispatch;
    use crate::lanes::{load, store};
    use crate::{Isa, Lanes};

    /// How many times as far apart the numbers tried are where Miri watches each operation.
    const MIRI_STEPS: usize = if cfg!(miri) { 1009 } else { 1 };

    /// Distance of `got` from the true value, in units of the last place of the true value.
    fn ulps(got: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        let unit = (nearest.abs().next_up() - nearest.abs()) as f64;
        (got as f64 - exact).abs() / unit
    }

    fn worst(values: impl Iterator<Item = f32>, f: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        values.map(|x| ulps(f(x), exact(x as f64))).fold(0.0, f64::max)
    }

    fn floats(low: f32, high: f32, step: usize) -> impl Iterator<Item = f32> {
        (low.to_bits()..high.to_bits()).step_by(step).map(f32::from_bits)
    }

    /// Of every 997th float; of all there are, minutes in a release build, where `LONGHAND_EVERY_FLOAT` is set.
    #[test]
    fn exp_and_ln_are_within_their_stated_error() {
        let step = if std::env::var_os("LONGHAND_EVERY_FLOAT").is_some() { 1 } else { 997 * MIRI_STEPS };
        let (exp, ln) = std::thread::scope(|scope| {
            let exp_positive = scope.spawn(|| worst(floats(1e-30, 88.0, step), exp, f64::exp));
            let exp_negative = scope.spawn(|| worst(floats(1e-30, 87.0, step).map(|x| -x), exp, f64::exp));
            let ln = worst(floats(f32::MIN_POSITIVE, f32::MAX, step), ln, f64::ln);
            (exp_positive.join().unwrap().max(exp_negative.join().unwrap()), ln)
        });
        println!("exp {exp:.4} ulp, ln {ln:.4} ulp");
        assert!(exp <= 0.94 && ln <= 1.97, "exp {exp}, ln {ln}");
    }

    #[test]
    fn the_edges_are_right() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
    }

    #[test]
    fn every_isa_gives_the_plain_bits() {
        let special = [0.0, -0.0, 1.0, 88.8, -88.8, -103.9, -104.1, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let values: Vec<f32> = special
            .into_iter()
            .chain(floats(1e-30, 1e30, 65_537 * MIRI_STEPS))
            .chain(floats(1e-30, 110.0, 65_537 * MIRI_STEPS).map(|x| -x))
            .collect();
        for isa in Isa::available() {
            for chunk in values.chunks_exact(crate::LANES) {
                let x = Lanes(chunk.try_into().unwrap());
                let (mut e, mut l) = (Lanes::ZERO, Lanes::ZERO);
                dispatch!(isa,
                    plain => (e, l) = (Lanes(x.0.map(exp)), Lanes(x.0.map(ln))),
                    simd => {
                        store(&mut e, exp_lanes(simd, load(simd, &x)));
                        store(&mut l, ln_lanes(simd, load(simd, &x)));
                    },
                );
                for i in 0..crate::LANES {
                    let x = x.0[i];
                    let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                    assert!(same(e.0[i], exp(x)), "{isa}: exp({x}) {} and {}", e.0[i], exp(x));
                    assert!(x <= 0.0 || same(l.0[i], ln(x)), "{isa}: ln({x}) {} and {}", l.0[i], ln(x));
                }
            }
        }
    }
}
